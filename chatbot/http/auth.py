"""Access rules: one on every view, checked before the request is read."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, request

from chatbot.http import site_access
from chatbot.http.context import parts
from chatbot.services.access.keys import Caller, Scope
from chatbot.services.asking.sites import PREFIX as SITE_PREFIX

PUBLIC = "public"
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer cb_…`"},
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "site_key": {
        "type": "http",
        "scheme": "bearer",
        "description": "`Authorization: Bearer site_…`, from an allowed origin",
    },
}

View = TypeVar("View", bound=Callable[..., Any])


def requires(scope: Scope, *, or_site: bool = False) -> Callable[[View], View]:
    """Let only keys with `scope` in, and with `or_site` the visitors of a site with its key.

    Goes directly under the route, above input and output. The rule stays readable on the view, so
    that a test finds every route without one.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            key = _presented_key()
            if or_site and key is not None and key.startswith(SITE_PREFIX):
                g.caller = site_access.admit(key)
            else:
                g.caller = parts().keys.authenticate(key, scope)
            return view(*args, **kwargs)

        _record_rule(checked, scope)
        schemes = [name for name in SECURITY_SCHEMES if name != "site_key" or or_site]
        _describe(checked, security=schemes, extensions={"x-scope": scope.value})
        if or_site:
            _answer_no_preflight(checked)
        return checked  # type: ignore[return-value]

    return decorate


def public(view: View) -> View:
    """Let everyone in; said out loud, because a view without a rule is a mistake."""
    _record_rule(view, PUBLIC)
    return view


def rule_of(view: Callable[..., Any]) -> str | None:
    """Return the scope that `view` needs, `public`, or None where nobody decided."""
    return getattr(view, "access_rule", None)


def caller() -> Caller:
    """Return who makes this request; only in views that require a scope."""
    known: Caller = g.caller
    return known


def _presented_key() -> str | None:
    authorization = request.authorization
    if authorization is not None and authorization.type == "bearer":
        return authorization.token
    return request.headers.get("X-API-Key")


def _answer_no_preflight(view: Callable[..., Any]) -> None:
    """`site_access` does, for such views; Flask would allow every origin to ask."""
    view.takes_site_keys = True  # type: ignore[attr-defined]
    view.provide_automatic_options = False  # type: ignore[attr-defined]


def _record_rule(view: Callable[..., Any], rule: str) -> None:
    view.access_rule = rule  # type: ignore[attr-defined]


def _describe(view: Callable[..., Any], **spec: Any) -> None:
    """Tell APIFlask, which keeps what it will document in this attribute of a view."""
    view._spec = {**getattr(view, "_spec", {}), **spec}  # type: ignore[attr-defined]  # noqa: SLF001
