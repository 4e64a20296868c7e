"""A hint through Redis that something changed, so that pollers look sooner. It may be lost."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis

_CHANNEL = "chatbot:changed"
_RECONNECT_SECONDS = 5.0


class Nudge:
    """A messenger of "look at the database now"; it carries no data and never raises."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=2, socket_connect_timeout=2, health_check_interval=25
        )

    def send(self) -> None:
        with suppress(redis.RedisError, OSError):
            self._redis.publish(_CHANNEL, b"")

    def is_reachable(self) -> bool:
        try:
            return bool(self._redis.ping())
        except (redis.RedisError, OSError):
            return False

    def listen(self, heard: Callable[[], object], stop: threading.Event) -> None:
        """Call `heard` for each hint until `stop` is set; reconnects by itself."""
        while not stop.is_set():
            try:
                pubsub: Any = self._redis.pubsub
                with pubsub(ignore_subscribe_messages=True) as subscription:
                    subscription.subscribe(_CHANNEL)
                    while not stop.is_set():
                        if subscription.get_message(timeout=1.0):
                            heard()
            except (redis.RedisError, OSError):
                stop.wait(_RECONNECT_SECONDS)
