"""Monitoring: how the bot does with visitors: traffic, drift, gaps, and whether the
promise holds.
"""
