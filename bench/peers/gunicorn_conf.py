"""The settings of gunicorn for the Flask peers. Addresses and numbers of workers come by the
command line.

The application is loaded before the workers are forked (`preload_app`): the catalogue is embedded
once, and the port opens when everything is ready. Torch must not have started its threads by then,
because they do not survive a fork; so it loads on one thread, and each worker then takes its share
of the cores.
"""

import os

import torch
from gunicorn.workers.base import Worker

worker_class = "gthread"
threads = 16
keepalive = 60
preload_app = True
loglevel = "warning"

torch.set_num_threads(1)


def post_fork(server: object, worker: Worker) -> None:  # noqa: ARG001 gunicorn's signature
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // worker.cfg.workers))
