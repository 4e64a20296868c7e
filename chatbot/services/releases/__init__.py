"""Releases: which model version answers, which answered before, and which processes run it."""
