"""Who may call which route: a rule on every view, checked before the request is read."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, request

from chatbot.api.context import parts
from chatbot.services.keys import Caller, Scope

PUBLIC = "public"
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer cb_…`"},
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}

View = TypeVar("View", bound=Callable[..., Any])


def requires(scope: Scope) -> Callable[[View], View]:
    """Let only keys with `scope` in. Goes directly under the route, above input and output.

    The rule stays readable on the view, so that a test finds every route without one.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            g.caller = parts().keys.authenticate(_presented_key(), scope)
            return view(*args, **kwargs)

        _record_rule(checked, scope)
        _describe(checked, security=list(SECURITY_SCHEMES), extensions={"x-scope": scope.value})
        return checked  # type: ignore[return-value]

    return decorate


def public(view: View) -> View:
    """Let everyone in; said out loud, because a view without a rule is a mistake."""
    _record_rule(view, PUBLIC)
    return view


def rule_of(view: Callable[..., Any]) -> str | None:
    """The scope that `view` needs, `public`, or None where nobody decided."""
    return getattr(view, "access_rule", None)


def caller() -> Caller:
    """Who makes this request; only in views that require a scope."""
    known: Caller = g.caller
    return known


def _presented_key() -> str | None:
    authorization = request.authorization
    if authorization is not None and authorization.type == "bearer":
        return authorization.token
    return request.headers.get("X-API-Key")


def _record_rule(view: Callable[..., Any], rule: str) -> None:
    view.access_rule = rule  # type: ignore[attr-defined]


def _describe(view: Callable[..., Any], **spec: Any) -> None:
    """Tell APIFlask, which keeps what it will document in this attribute of a view."""
    view._spec = {**getattr(view, "_spec", {}), **spec}  # type: ignore[attr-defined]  # noqa: SLF001
