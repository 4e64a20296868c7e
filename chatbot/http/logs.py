"""One log line for each request, and an id to find it by. Never a question, never a key."""

import logging
import re
import sys
import time
import uuid

import structlog
from flask import Flask, Response, g, request

from chatbot import telemetry
from chatbot.settings import Settings

_VALID_ID = re.compile(r"[\w.\-]{1,100}", re.ASCII)
_QUIET = ("health.healthz", "health.readyz", "health.show_metrics")

_log = structlog.get_logger("chatbot.access")


def configure_logging(settings: Settings) -> None:
    """Write log lines for people or for machines, as the settings say, to standard error."""
    structlog.configure(
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False)
            if settings.log_format == "json"
            else structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level]
        ),
    )


def register_logs(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    presented = request.headers.get("X-Request-ID", "")
    g.request_id = presented if _VALID_ID.fullmatch(presented) else uuid.uuid4().hex
    g.started = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    route = request.url_rule.rule if request.url_rule else None
    seconds = time.perf_counter() - g.started
    telemetry.REQUESTS.labels(route or "none", response.status_code).observe(seconds)
    write = _log.debug if request.endpoint in _QUIET else _log.info
    write(
        "request",
        method=request.method,
        route=route,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        request_id=g.request_id,
    )
    return response
