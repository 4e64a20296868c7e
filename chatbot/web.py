"""The web server: `python -m chatbot.web` serves `wsgi.py` as the settings say.

Granian reads and writes HTTP outside Python. What is imported here, before the processes are
forked, is in memory once for all of them.
"""

import ctypes
import fcntl
import gc
import os
import signal
import sys
from multiprocessing.util import Finalize
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from chatbot.programs import ROOT
from chatbot.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_PR_SET_PDEATHSIG = 1
SPARE_THREADS = 8
"""For everything but questions, which `max_questions` limits, and for refusing questions."""


def main() -> None:
    settings = Settings.from_env()
    with TemporaryDirectory(prefix="chatbot-web-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        _serve(settings, Path(folder))


def _serve(settings: Settings, folder: Path) -> None:
    sys.path.insert(0, str(ROOT))
    import chatbot.app  # noqa: F401  in memory before the fork, see above

    server = os.getpid()

    def load(_target: str) -> "WSGIApplication":
        _end_with(server)
        application = _load()
        _stay_on_one_core(settings.web_processes, folder)
        return application

    gc.freeze()
    Granian(
        "wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=settings.web_processes,
        blocking_threads=settings.max_questions + SPARE_THREADS,
        backlog=2048,
        backpressure=1024,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_access=False,
        log_level=LogLevels.error,
    ).serve(target_loader=load)


def _end_with(server: int) -> None:
    """A web process ends when its server does, also while it loads: until Granian serves, the
    server's own handling of SIGTERM, which a fork inherits, would swallow the signal.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != server:
        raise SystemExit


def _load() -> "WSGIApplication":
    """Load the application in each web process, with an orderly end whichever way it comes."""
    from chatbot.app import stop_following
    from wsgi import app

    # A process that was forked runs no `atexit`.
    Finalize(None, stop_following, (app,), exitpriority=1)
    application: WSGIApplication = app
    return application


def _stay_on_one_core(web_processes: int, folder: Path) -> None:
    """Keep this process on a core where no other is until it ends, if there is a process for each
    core.

    Its threads hand work on to each other all the time, which costs much less on the same core.
    Threads that run already, those that load models, stay free.
    """
    if sys.platform != "linux" or web_processes < len(os.sched_getaffinity(0)):
        return
    for core in sorted(os.sched_getaffinity(0)):
        claim = os.open(folder / f"core-{core}", os.O_CREAT)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(claim)
            continue
        os.sched_setaffinity(0, {core})
        return  # the claim stays open, and so locked, as long as the process lives


if __name__ == "__main__":
    main()
