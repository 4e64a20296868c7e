"""The helpers that every template may use."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from flask import Response, g, json, request

from chatbot.console.assets import asset
from chatbot.console.uploads import UPLOADS
from chatbot.services.access.keys import Scope


class Place(NamedTuple):
    """An entry of the navigation; shown to `role` and those that include it."""

    label: str
    icon: str
    endpoint: str
    role: Scope


PLACES = (
    Place("Overview", "overview", "console.overview.show", Scope.AGENT),
    Place("Review", "review", "console.review.show", Scope.AGENT),
    Place("Hand-offs", "handoffs", "console.handoffs.show", Scope.AGENT),
    Place("Knowledge", "knowledge", "console.knowledge.show", Scope.AGENT),
    Place("Models", "models", "console.models.show", Scope.AGENT),
    Place("Sites", "connect", "console.sites.show", Scope.ADMIN),
    Place("Webhooks", "connect", "console.webhooks.show", Scope.ADMIN),
    Place("People", "people", "console.people.show", Scope.ADMIN),
)


def helpers() -> dict[str, Any]:
    caller = g.get("caller")
    return {
        "asset": asset,
        "caller": caller,
        "places": [p for p in PLACES if caller and caller.scope.includes(p.role)],
        "here": (request.blueprint or "").split(".")[-1],
        "percent": percent,
        "uploads": UPLOADS,
        "ago": ago,
    }


def say(response: Response, text: str) -> Response:
    """Let the page show `text` for a moment."""
    response.headers["HX-Trigger"] = json.dumps({"said": text}, ensure_ascii=True)
    return response


def percent(share: float, digits: int = 0) -> str:
    return f"{share:.{digits}%}"


def ago(moment: datetime) -> str:
    """Say for people how long ago a moment was, in short: “3 minutes ago”."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if (count := int(seconds // size)) > 0:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
