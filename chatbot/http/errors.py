"""Every error as `application/problem+json` (RFC 9457): one table, one shape.

Messages of the client's own mistakes are shown. Those of ours are not: they may quote a question or
name a host, so the log gets where it happened, and the client a request id.
"""

import re
import traceback
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from apiflask import APIFlask, HTTPError
from flask import Response, g, json, request
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException, InternalServerError

from chatbot import errors

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5

TABLE: dict[type[Exception], tuple[int, str]] = {
    errors.InvalidText: (422, "The text cannot be used"),
    errors.AddressRefused: (422, "That address may not be called"),
    errors.InvalidCatalogue: (422, "The FAQ has mistakes"),
    ValidationError: (422, "The request has mistakes"),
    errors.NotFound: (404, "There is no such thing"),
    errors.Conflict: (409, "That contradicts what is stored"),
    errors.UtteranceTaken: (409, "Another intent has this utterance"),
    errors.NotAuthenticated: (401, "An API key is needed"),
    errors.AccessDenied: (403, "That is not allowed"),
    errors.NotAuthorised: (403, "This API key may not do that"),
    errors.TooManyAttempts: (429, "Too many attempts"),
    errors.RateLimited: (429, "Too many requests"),
    errors.NotReady: (503, "No model is loaded yet"),
    errors.ServiceUnavailable: (503, "The database does not answer"),
    errors.ArtefactRefused: (503, "A stored model cannot be loaded"),
    errors.ChatbotError: (500, "Something went wrong here"),
    Exception: (500, "Something went wrong here"),
}

_OUR_FAULT = {
    500: "The error is logged under the request id. Report it if it happens again.",
    503: f"Try again in {RETRY_SECONDS} seconds.",
}
_EXTRA_HEADERS = {
    401: {"WWW-Authenticate": 'Bearer realm="chatbot"'},
    503: {"Retry-After": str(RETRY_SECONDS)},
}

_log = structlog.get_logger("chatbot.errors")


def register_errors(app: APIFlask) -> None:
    app.register_error_handler(Exception, _from_exception)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(HTTPError, _from_apiflask)


def status_of(error: Exception) -> tuple[int, str]:
    """Return status and title of an error; the nearest class in the table decides."""
    return next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)


def problem(
    status: int, title: str, detail: str, kind: str, mistakes: Sequence[dict[str, str]] = ()
) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:chatbot:problem:{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": g.get("request_id", ""),
    }
    if mistakes:
        body["errors"] = list(mistakes)
    response = Response(json.dumps(body), status, mimetype=MEDIA_TYPE)
    response.headers.update(_EXTRA_HEADERS.get(status, {}))
    return response


def explain(error: Exception) -> tuple[int, str, str]:
    """Return status, title and what the client may know; what is our fault is logged."""
    if isinstance(error, HTTPException) and not isinstance(error, InternalServerError):
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        name = HTTPStatus(status).phrase
        return status, name, error.description or name
    status, title = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log_ours(error, status)
        is_for_all = isinstance(error, errors.NotReady)  # `live.describe` saw to it
        return status, title, str(error) if is_for_all else _OUR_FAULT[status]
    if isinstance(error, ValidationError):
        return status, title, _summary([_mistake(found, in_body=True) for found in error.errors()])
    return status, title, str(error)


def _from_exception(error: Exception) -> Response:
    status, title, detail = explain(error)
    return problem(status, title, detail, _kind(error, status), _mistakes(error))


def _from_http(error: HTTPException) -> Response | HTTPException:
    """Errors of Flask and Werkzeug themselves; a redirect is one too, and passes."""
    status = error.code
    if status is None or status < HTTPStatus.BAD_REQUEST or error.response is not None:
        return error
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, Exception):
        return _from_exception(error.original_exception)
    _, name, detail = explain(error)
    response = problem(status, name, detail, _slug(name))
    for header, value in error.get_headers():
        if header not in ("Content-Type", "Content-Length"):
            response.headers[header] = value
    return response


def _from_apiflask(error: HTTPError) -> Response:
    """APIFlask wraps what pydantic found; the wrapping loses where it was."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        name = HTTPStatus(error.status_code).phrase
        return problem(error.status_code, name, error.message or name, _slug(name))
    in_body = "json" in error.detail
    mistakes = [_mistake(found, in_body) for found in cause.errors(include_url=False)]
    status, title = status_of(cause)
    return problem(status, title, _summary(mistakes), "validation", mistakes)


def _mistake(found: ErrorDetails, in_body: bool) -> dict[str, str]:
    detail = found["msg"].removeprefix("Value error, ")
    if in_body:
        return {"pointer": _pointer(found["loc"]), "detail": detail}
    return {"parameter": ".".join(map(str, found["loc"])), "detail": detail}


def _mistakes(error: Exception) -> list[dict[str, str]]:
    """Models check every other text; only a route's own `text` gets as far as a use case."""
    if isinstance(error, errors.InvalidText):
        return [{"pointer": "/text", "detail": str(error)}]
    return []


def _pointer(location: Sequence[str | int]) -> str:
    """A JSON pointer, RFC 6901; "" is the whole document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _summary(mistakes: Sequence[dict[str, str]]) -> str:
    first = mistakes[0]
    where = first.get("pointer") or first.get("parameter") or "the body"
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return f"{where}: {first['detail']}{more}"


def _log_ours(error: Exception, status: int) -> None:
    """Log where an error happened and what kind it was, never the message: that may quote a
    question.
    """
    kinds: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(kinds) < 10:
        kinds.append(type(cause).__qualname__)
        cause = cause.__cause__ or cause.__context__
    _log.error(
        "error",
        status=status,
        kinds=kinds,
        traceback="".join(traceback.format_tb(error.__traceback__)) if status == 500 else None,
        request_id=g.get("request_id", ""),
    )


def _kind(error: Exception, status: int) -> str:
    if not isinstance(error, errors.ChatbotError) or status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return "internal-error"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
