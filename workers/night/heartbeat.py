"""A worker at a long job shows that it lives, or another takes the job over.

It also watches the live model meanwhile: a bad promotion must not wait for the end of a training.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from chatbot.bootstrap import Parts
from chatbot.errors import ChatbotError, LeaseLost
from chatbot.services.monitoring import watch
from chatbot.services.releases import jobs, processes

log = logging.getLogger(__name__)


@contextmanager
def heartbeats(
    parts: Parts, lease: jobs.Lease, who: processes.Identity
) -> Iterator[threading.Event]:
    """Prolong the lease while the block runs; the event tells that it is lost or over."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(parts.settings.lease_seconds / 4):
            try:
                jobs.heartbeat(parts.database, lease, parts.settings.lease_seconds)
                with parts.database.write() as session:
                    processes.beat(session, who)
                _watch(parts)
            except LeaseLost:
                stop.set()
            except ChatbotError:
                log.warning("the database does not answer; the lease may run out")

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()


def _watch(parts: Parts) -> None:
    """A fault of the watch must not cost the job its lease."""
    try:
        if watch.compare_live(parts.database, parts.models, parts.settings):
            parts.nudge.send()
    except Exception:
        log.exception("the live model could not be watched")
