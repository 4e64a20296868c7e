"""Serve HTTP the same way everywhere: who may call, what came in, what went wrong, pages, logs.

The API, the console and the widget stand on it; it has no route of its own but the preflight of
`site_access`.
"""
