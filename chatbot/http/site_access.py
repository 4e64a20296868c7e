"""The visitors' door: a site's key, the origin of its page, its limits, and CORS.

Nothing here is on the way of an ordinary key: headers are added only to answers for a site key.
"""

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from apiflask import APIBlueprint
from flask import Response, after_this_request, request

from chatbot.errors import NotAuthorised
from chatbot.http.context import parts
from chatbot.services.access.keys import Caller, Scope
from chatbot.services.asking.rate_limits import Quota
from chatbot.services.asking.sites import SiteCard

_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key"
_EXPOSED_HEADERS = "RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
_PREFLIGHT_SECONDS = 7200

blueprint = APIBlueprint("site_access", __name__, enable_openapi=False)


@dataclass(frozen=True)
class Visitor(Caller):
    """A visitor on a page of a site."""

    site: SiteCard


def admit(key: str) -> Visitor:
    """Return the visitor whose page asks with the site key, and count the request.

    Raises NotAuthenticated, NotAuthorised for another origin, RateLimited.
    """
    origin = request.headers.get("Origin")
    site = parts().sites.admit(key, origin, _is_own(origin))
    if origin is not None:
        after_this_request(partial(_let_read, origin))
    quotas = parts().limits.spend(site, request.remote_addr or "")
    after_this_request(partial(_tell_limits, quotas))
    quotas[-1].check()
    return Visitor(f"visitor of {site.key}", Scope.ASK, site)


@blueprint.route("/ask", methods=["OPTIONS"])
@blueprint.route("/v1/ask", methods=["OPTIONS"])
@blueprint.route("/v1/popular-questions", methods=["OPTIONS"])
@blueprint.route("/v1/queries/<id:query_id>/choice", methods=["OPTIONS"])
@blueprint.route("/v1/queries/<id:query_id>/feedback", methods=["OPTIONS"])
@blueprint.route("/v1/handoffs", methods=["OPTIONS"])
def preflight(**_path: str) -> Response:
    """Tell a browser whether pages of an origin may ask. Raises NotAuthorised."""
    origin = request.headers.get("Origin", "")
    if not parts().sites.any_allows(origin):
        raise NotAuthorised("No site of this instance has this origin.")
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = "GET, POST"
    response.headers["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
    response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)
    return _let_read(origin, response)


def _is_own(origin: str | None) -> bool:
    """Return whether the page is one of this instance; a GET from such a page has no `Origin`."""
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") == "same-origin"
    return urlsplit(origin).netloc == request.host


def _let_read(origin: str, response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
    response.vary.add("Origin")
    return response


def _tell_limits(quotas: list[Quota], response: Response) -> Response:
    """Tell the limits as draft-ietf-httpapi-ratelimit-headers has it."""
    policies = (f'"{quota.name}";q={quota.limit};w={quota.window_seconds}' for quota in quotas)
    states = (f'"{quota.name}";r={quota.remaining};t={quota.resets_in}' for quota in quotas)
    response.headers["RateLimit-Policy"] = ", ".join(policies)
    response.headers["RateLimit"] = ", ".join(states)
    if quotas[-1].spent > quotas[-1].limit:
        response.headers["Retry-After"] = str(quotas[-1].resets_in)
    return response
