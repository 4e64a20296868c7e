"""LiveMatcher: holds the matcher that answers now, and replaces it when the pointer moves.

Polling is the mechanism; a nudge only makes it sooner. A replacement is loaded, verified and warmed
up in a background thread; then one reference is assigned. A load that fails keeps the old matcher.
When edits have outgrown the index of a matcher, another thread builds a new one meanwhile.
"""

import logging
import os
import random
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chatbot import telemetry
from chatbot.errors import ChatbotError, NotReady
from chatbot.matching.matcher import Matcher

log = logging.getLogger(__name__)

_JITTER = 0.2
_NICENESS = 3
"""Not more: what loads a model holds Python's lock now and then, and the lower its priority, the
longer all questions wait for that (the slowest of bench/swap.py: 384 ms at 10, 115 ms at 3)."""

_WARM_UP = ("hello", "how do I restet my pasword?", "a longer question " * 12)


_LOADING = "The first model is being loaded. Try again in a few seconds."
_NONE_YET = (
    "There is no model yet: it is made from the FAQ, within minutes after one is brought in."
)


@dataclass(frozen=True)
class Target:
    """The target that should be live: a generation of the pointer, its version, and the FAQ's
    revision.
    """

    generation: int
    version: int
    digest: str
    revision: int


class Source(Protocol):
    """A source of matchers; `bootstrap` joins it to the database and the artefact store."""

    def read_target(self) -> Target | None:
        """Return what should be live now; None, or NotReady with the reason, before the first
        model.
        """

    def open_matcher(self, target: Target, previous: Matcher | None) -> Matcher:
        """Load and verify; raises anything on failure."""

    def report(self, adopted: Target | None, error: str | None) -> None:
        """Tell the others what this process runs; must not raise."""


class LiveMatcher:
    """A holder of the live matcher: `current()` is one attribute read, all else happens in its own
    thread.
    """

    def __init__(self, source: Source, poll_seconds: float) -> None:
        self._source = source
        self._poll_seconds = poll_seconds
        self._current: Matcher | None = None
        self._adopted: Target | None = None
        self._error: str | None = None
        self._is_wanted = True  # until the first look says otherwise
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._refreshing = threading.Lock()
        self._indexing: threading.Thread | None = None

    def current(self) -> Matcher:
        """Return the matcher to answer one request with. Raises NotReady before the first is
        loaded.
        """
        if self._current is None:
            raise NotReady(self.error or _LOADING)
        return self._current

    @property
    def adopted(self) -> Target | None:
        return self._adopted

    @property
    def error(self) -> str | None:
        """The reason why the newest target is not loaded, or that there is none; None when it is
        loaded.
        """
        return self._error or (None if self._current or self._is_wanted else _NONE_YET)

    def follow(
        self, listen: Callable[[Callable[[], object], threading.Event], None] | None = None
    ) -> None:
        """Load what is live now, then follow in background threads; `listen` delivers nudges."""
        self.refresh()
        threading.Thread(target=self._poll, name="follow-live", daemon=True).start()
        if listen is not None:
            threading.Thread(
                target=listen, args=(self._wake.set, self._stop), name="nudges", daemon=True
            ).start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def refresh(self) -> None:
        """Look once, and swap if something changed. Never raises: the old one keeps answering."""
        with self._refreshing:
            try:
                target = self._source.read_target()
                self._is_wanted = target is not None
                if target is not None and target != self._adopted:
                    self._swap_in(target)
                self._error = None
            except NotReady as error:
                self._error = str(error)
            except Exception as error:  # noqa: BLE001 the old matcher must go on, whatever it is
                self._error = describe(error)
                telemetry.SWAPS.labels("failed").inc()
                log.warning("still on %s: %s", self._adopted, self._error)
            self._source.report(self._adopted, self._error)
            self._index_aside()

    def _swap_in(self, target: Target) -> None:
        adopted = self._adopted
        kind = "faq" if adopted is not None and adopted.version == target.version else "model"
        with telemetry.SWAP_SECONDS.labels(kind).time():
            matcher = self._source.open_matcher(target, self._current)
            _warm_up(matcher)
        self._current, self._adopted = matcher, target
        telemetry.SWAPS.labels(kind).inc()
        telemetry.MODEL_VERSION.set(target.version)
        telemetry.KNOWLEDGE_REVISION.set(target.revision)

    def _index_aside(self) -> None:
        """Start to build an index of all phrasings, if edits have outgrown the one in use."""
        is_busy = self._indexing is not None and self._indexing.is_alive()
        if self._current is not None and self._current.phrasings.is_outgrown and not is_busy:
            self._indexing = threading.Thread(
                target=self._index, args=(self._current,), name="index", daemon=True
            )
            self._indexing.start()

    def _index(self, matcher: Matcher) -> None:
        """Edits go on meanwhile; a model that went on needs no index any more."""
        _yield_to_others()
        indexed = matcher.phrasings.build_index()
        with self._refreshing:
            if self._current is not None and self._current.bundle is matcher.bundle:
                reindexed = self._current.reindexed(indexed)
                _warm_up(reindexed)
                self._current = reindexed

    def _poll(self) -> None:
        _yield_to_others()
        while not self._stop.is_set():
            self._wake.wait(self._poll_seconds * random.uniform(1 - _JITTER, 1 + _JITTER))
            self._wake.clear()
            self.refresh()


def _warm_up(matcher: Matcher) -> None:
    for text in _WARM_UP:
        matcher.match(text)


def _yield_to_others() -> None:
    """Questions come first; on Linux a thread has a niceness of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def describe(error: Exception) -> str:
    """Describe an error for everyone's eyes: texts of foreign errors may quote a path, a row or a
    question.
    """
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, ChatbotError) else name
