"""Access to the pages: a role on every view, a cookie that says who asks, and nothing from afar.

A request that changes something must come from a page of this site. Browsers say so themselves
(Fetch Metadata, or `Origin` in older ones), so no form carries a token; see decision 0013.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Response, g, request

from chatbot.errors import NotAuthorised
from chatbot.http.context import parts
from chatbot.services.access import users
from chatbot.services.access.keys import Caller, Scope

EVERYONE = "everyone"
_COOKIE = "chatbot_sign_in"
_SECURE_COOKIE = "__Host-chatbot_sign_in"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

View = TypeVar("View", bound=Callable[..., Any])


def allows(role: Scope) -> Callable[[View], View]:
    """Let in those who are signed in with `role` or one that includes it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            g.caller = signed_in()
            if not g.caller.scope.includes(role):
                raise NotAuthorised(
                    f"This page is for {role}s. You are signed in as {who().scope}."
                )
            return view(*args, **kwargs)

        checked.console_rule = role.value  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return decorate


def everyone(view: View) -> View:
    """Let in also those who are not signed in; said out loud, as a view without a rule is wrong."""
    view.console_rule = EVERYONE  # type: ignore[attr-defined]
    return view


def console_rule_of(view: Callable[..., Any]) -> str | None:
    return getattr(view, "console_rule", None)


def who() -> Caller:
    """Return who looks at this page; only in views that need a role."""
    known: Caller = g.caller
    return known


def signed_in() -> Caller:
    """Return the person who is signed in. Raises NotAuthenticated."""
    with parts().database.read() as session:
        return users.who_is_signed_in(session, token())


def token() -> str:
    return request.cookies.get(_cookie(), "")


def keep_token(response: Response, value: str) -> Response:
    """Keep the token in a cookie that scripts cannot read and other sites cannot send along with a
    change.
    """
    response.set_cookie(
        _cookie(),
        value,
        max_age=int(users.SIGNED_IN_FOR.total_seconds()),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def drop_token(response: Response) -> Response:
    response.delete_cookie(_cookie(), secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def refuse_other_sites() -> None:
    """Refuse a change that another site sends, before every request. Raises NotAuthorised."""
    if request.method in _SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:
        origin = urlsplit(request.headers.get("Origin", ""))
        site = "same-origin" if origin.netloc == request.host else "unknown"
    if site != "same-origin":
        raise NotAuthorised("This change did not come from a page of the console.")


def _cookie() -> str:
    return _SECURE_COOKIE if request.is_secure else _COOKIE
