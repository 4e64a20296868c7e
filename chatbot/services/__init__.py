"""One use case per file, named by its verb; knows neither HTTP nor Celery.

The caller opens the transaction and hands in the session, except where a story must not hold one
open while it works: `ask` matches before it writes.
"""
