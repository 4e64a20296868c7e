"""Read or write a large file in a process of its own, beside the one that answers visitors.

A file takes seconds and hundreds of MiB; a visitor's answer must wait for neither. Whatever happens
to that process, the one that started it lives to say so, and the FAQ is as it was.
"""

import gc
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from chatbot.domain.answer_links import NOWHERE, Surroundings
from chatbot.errors import ChatbotError, LeaseLost, ServiceUnavailable
from chatbot.services.beginning.imports import fail, run, say_alive
from chatbot.storage.database import Database

MOST_AT_ONCE = 2
LONGEST_SECONDS = 600.0
_LOOK_SECONDS = 5.0
_MOST_TRIES = 6
_NOTHING_WRITTEN = "Nothing was imported."

logger = logging.getLogger(__name__)
_slots = threading.BoundedSemaphore(MOST_AT_ONCE)


def start(
    database: Database,
    import_id: int,
    token: int,
    tell: Callable[[], object],
    surroundings: Surroundings = NOWHERE,
) -> threading.Thread:
    """Start a process that reads or writes an import, and return at once; `tell` is called when it
    has ended. With MOST_AT_ONCE of them at work, the next one waits.
    """
    watch = threading.Thread(
        target=_watch,
        args=(database, import_id, token, tell, surroundings),
        name="import",
        daemon=True,
    )
    watch.start()
    return watch


def _watch(
    database: Database,
    import_id: int,
    token: int,
    tell: Callable[[], object],
    surroundings: Surroundings,
) -> None:
    try:
        while not _slots.acquire(timeout=_LOOK_SECONDS):
            say_alive(database, import_id, token)
        try:
            reason = _run_child(database, import_id, token, surroundings)
        finally:
            _slots.release()
        if reason:
            fail(database, import_id, token, f"{reason} {_NOTHING_WRITTEN}")
    except ChatbotError:
        logger.exception("import %s is no longer watched", import_id)
    tell()


def _run_child(database: Database, import_id: int, token: int, surroundings: Surroundings) -> str:
    """Return why nothing came of it; "" if something did."""
    url = database.url.render_as_string(hide_password=False)
    order = json.dumps(
        {
            "database": url,
            "import": import_id,
            "token": token,
            "site": surroundings.site,
            "image_origins": sorted(surroundings.image_origins),
        }
    )
    with subprocess.Popen(
        [sys.executable, "-m", "chatbot.services.beginning.import_process"],
        stdin=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        with suppress(BrokenPipeError):  # it died before it could read
            child.stdin.write(order)
            child.stdin.close()
        deadline = time.monotonic() + LONGEST_SECONDS
        while child.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                child.wait(_LOOK_SECONDS)
                break
            if time.monotonic() > deadline:
                child.kill()
                return f"It took longer than {LONGEST_SECONDS / 60:.0f} minutes."
            with suppress(ServiceUnavailable):  # the child itself may hold the lock
                say_alive(database, import_id, token)
    return _explain(child.wait())


def _explain(code: int) -> str:
    if code < 0:
        return f"The process that worked on it was ended ({signal.Signals(-code).name})."
    return "Something went wrong." if code else ""


def main() -> None:
    """Do what the order on standard input says; the exit code tells how that went."""
    order = json.load(sys.stdin)
    if sys.platform == "linux":
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # its parent may stay on one core
    gc.disable()  # it lives for seconds, and makes millions of objects that stay
    database = Database(order["database"])
    surroundings = Surroundings(order["site"], frozenset(order["image_origins"]))
    for tried in range(_MOST_TRIES):
        try:
            run(database, order["import"], order["token"], surroundings)
            return
        except LeaseLost:
            return
        except ServiceUnavailable:  # another import is being written
            if tried + 1 == _MOST_TRIES:
                raise


if __name__ == "__main__":
    main()
