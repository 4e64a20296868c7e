"""The web application: assembled parts in, a WSGI application out."""

import atexit

from apiflask import APIFlask
from flask import Response, current_app
from flask.json.provider import DefaultJSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix

from chatbot import console, widget
from chatbot.api import (
    access,
    ask,
    chatwoot,
    evaluation_questions,
    faq,
    handoffs,
    health,
    intents,
    monitoring,
    pairs,
    pins,
    quarantine,
    queries,
    readiness,
    releases,
    sites,
    thresholds,
    training,
    webhooks,
)
from chatbot.api.docs import set_up_openapi
from chatbot.bootstrap import Parts, build
from chatbot.http import site_access
from chatbot.http.admission import Admission
from chatbot.http.context import EXTENSION
from chatbot.http.errors import register_errors
from chatbot.http.logs import configure_logging, register_logs
from chatbot.http.requests import Identifier, RowId, StrictRequest, Word
from chatbot.settings import Settings

MAX_BODY_BYTES = 64 * 1024
_API = (
    ask,
    site_access,
    handoffs,
    queries,
    intents,
    faq,
    evaluation_questions,
    pins,
    pairs,
    monitoring,
    thresholds,
    quarantine,
    readiness,
    releases,
    training,
    webhooks,
    chatwoot,
    access,
    sites,
    health,
)
_POLICY = (
    "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'"
)
_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
]


class ChatbotApp(APIFlask):
    request_class = StrictRequest


def create_app(
    settings: Settings | None = None, parts: Parts | None = None, follow: bool = True
) -> APIFlask:
    """Create a WSGI application over `parts`, by default those that `settings` or the environment
    give.

    With `follow`, threads of this process keep its matcher up to date: call this after a fork.
    """
    parts = parts or build(settings or Settings.from_env())
    configure_logging(parts.settings)
    app = ChatbotApp(
        "chatbot",
        title="Helpdesk chatbot",
        version="1",
        spec_path=None,
        docs_path=None,
        json_errors=False,
        static_folder=None,  # type: ignore[arg-type]  # Flask takes None for no folder
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    if isinstance(app.json, DefaultJSONProvider):
        app.json.sort_keys, app.json.ensure_ascii = False, False
    app.extensions[EXTENSION] = parts
    app.url_map.converters |= {"int": RowId, "id": Identifier, "word": Word}
    app.wsgi_app = Admission(app.wsgi_app, parts.settings.max_questions)  # type: ignore[method-assign]
    if proxies := parts.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    register_logs(app)
    app.after_request(_secure)
    register_errors(app)
    set_up_openapi(app)
    for area in (*_API, widget):
        app.register_blueprint(area.blueprint)
    console.register(app)
    if follow:
        parts.live.follow(parts.nudge.listen)
        atexit.register(stop_following, app)
    return app


def stop_following(app: APIFlask) -> None:
    """Stop following when the process ends: no more swaps, and its row leaves the running
    processes.
    """
    parts: Parts = app.extensions[EXTENSION]
    parts.live.stop()
    parts.models.leave()


def _secure(response: Response) -> Response:
    """Headers that hold unless a view says otherwise."""
    given = {name.lower() for name, _ in response.headers}
    wanted = [*_HEADERS, ("Content-Security-Policy", _policy())]
    response.headers.extend([h for h in wanted if h[0].lower() not in given])
    return response


def _policy() -> str:
    """Answers are previewed here too, so pictures may come from where visitors' come from."""
    parts: Parts = current_app.extensions[EXTENSION]
    origins = sorted(parts.settings.picture_origins)
    return f"{_POLICY}; img-src 'self' {' '.join(origins)}" if origins else _POLICY
