"""Count what happens in a minute, shared by all web processes through Redis."""

import threading
import time
from collections.abc import Callable

import redis

_TIMEOUT_SECONDS = 0.25
_LEAVE_ALONE_SECONDS = 5.0


class Counters:
    """The counts of something in this window of time; never raise, never wait long.

    While Redis does not answer, each process counts for itself, and asks it again seconds later.
    Windows are those of `clock`, which all processes have to agree on.
    """

    def __init__(
        self, url: str, window_seconds: int = 60, clock: Callable[[], float] = time.time
    ) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
        )
        self.window_seconds = window_seconds
        self._clock = clock
        self._alone_until = 0.0
        self._own: dict[str, int] = {}
        self._own_window = 0
        self._counting = threading.Lock()

    def add(self, name: str) -> int:
        """Count one more of `name`, and return how many there were in this window,
        with this one.
        """
        window = int(self._clock() // self.window_seconds)
        if time.monotonic() >= self._alone_until:
            try:
                return self._add_shared(f"chatbot:count:{window}:{name}")
            except (redis.RedisError, OSError):
                self._alone_until = time.monotonic() + _LEAVE_ALONE_SECONDS
        return self._add_own(window, name)

    def seconds_left(self) -> int:
        """Return the seconds until the window ends, rounded up."""
        return self.window_seconds - int(self._clock() % self.window_seconds)

    def _add_shared(self, name: str) -> int:
        with self._redis.pipeline() as together:
            together.incr(name)
            together.expire(name, self.window_seconds)
            return int(together.execute()[0])

    def _add_own(self, window: int, name: str) -> int:
        with self._counting:
            if window != self._own_window:
                self._own, self._own_window = {}, window
            self._own[name] = self._own.get(name, 0) + 1
            return self._own[name]
