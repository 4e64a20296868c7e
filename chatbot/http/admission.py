"""Admission control: a process works on so many questions at once, and refuses others without
delay.

This stands before Flask, because a refusal has to cost next to nothing: what is saved is spent on
the questions that were let in, whose waiting time is bounded by the limit.
"""

import json
import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from chatbot import telemetry

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = frozenset({"/ask", "/v1/ask"})
CHATWOOT = "/v1/chatwoot/"
RETRY_SECONDS = 1


class Admission:
    """A WSGI middleware that admits at most `most` questions at once, then answers 503 with
    `Retry-After`.
    """

    def __init__(self, application: "WSGIApplication", most: int) -> None:
        self._application = application
        self._places = threading.Semaphore(most)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path not in PATHS and not path.startswith(CHATWOOT):
            return self._application(environ, start_response)
        if not self._places.acquire(blocking=False):
            telemetry.REFUSED.inc()
            return _refuse(path, start_response)
        try:
            return self._application(environ, start_response)
        finally:
            self._places.release()


def _refuse(path: str, start_response: "StartResponse") -> Iterable[bytes]:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    body = json.dumps(
        {
            "type": "urn:chatbot:problem:overloaded",
            "title": "Too many questions at once",
            "status": status,
            "detail": f"Try again in {RETRY_SECONDS} second.",
            "instance": path,
            "request_id": "",
        }
    ).encode()
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Retry-After", str(RETRY_SECONDS)),
        # It says nothing private, and a widget on another origin has to read when to try again.
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", "Retry-After"),
    ]
    start_response(f"{status} {status.phrase}", headers)
    return [body]
