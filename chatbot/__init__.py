"""The part that answers: HTTP API, use cases, matching engine and storage.

Imports point down only::

    app | cli  →  api | console | bootstrap  →  services  →  matching | storage  →  domain
               →  settings | errors

Nothing here imports torch, Celery or ``workers``: a web process stays small, and a broken trainer
cannot break answers. ``setup.cfg`` holds the contracts that keep it so.
"""
