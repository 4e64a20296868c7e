"""The helpers that the pages of this area share."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import Response, g, make_response, redirect, request, url_for

from chatbot.errors import NotReady
from chatbot.http.context import parts
from chatbot.http.errors import explain
from chatbot.http.markdown import render_in_console
from chatbot.matching.matcher import Matcher
from chatbot.services.access.keys import Scope

MOST_FORM_BYTES = 512 * 1024

blueprint = APIBlueprint("knowledge", __name__, url_prefix="/knowledge", enable_openapi=False)

_DONE = {
    "saved": "Saved. Visitors get it within seconds.",
    "added": "Added.",
    "moved": "Moved here. Visitors get it within seconds.",
    "reworded": "Reworded.",
    "removed": "Removed.",
    "created": "In the FAQ. Visitors get it within seconds.",
    "drafted": "Kept as a draft. Visitors do not get it before you enable it.",
    "undone": "Undone.",
    "import-undone": "Undone. The whole import is taken back: the FAQ is as it was before it.",
    "left": "Left. The file is forgotten, and nothing was imported.",
    "demo-removed": "The demo is removed, all of it.",
    "questions-added": "Added. They measure from the next model on.",
    "saved-question": "Saved. It measures so from the next model on.",
    "questions-removed": "Removed. They measure nothing from the next model on.",
    "bulk": "Done. Visitors get it within seconds.",
    "pinned": "Pinned. A model that no longer answers it so is not promoted by itself.",
    "unpinned": "The pin is removed.",
}


@blueprint.before_request
def _take_long_answers() -> None:
    """A form writes a letter beyond ASCII with up to twelve characters."""
    request.max_content_length = MOST_FORM_BYTES


@blueprint.context_processor
def _helpers() -> dict[str, Any]:
    caller = g.get("caller")
    return {
        "may_edit": caller is not None and caller.scope.includes(Scope.EDITOR),
        "done": _DONE.get(request.args.get("done", "")),
        "markdown": render_in_console,
        "page_link": _page_link,
    }


def to_intent(name: str, done: str) -> Response:
    """Redirect to the intent after a change, so that loading the page again repeats nothing."""
    address = url_for("console.knowledge.show_intent", name=name, done=done)
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


def field(name: str) -> str:
    """Return a field as typed, but for the line ends that browsers make."""
    return request.form.get(name, "").replace("\r\n", "\n")


def page_number() -> int:
    """Return the number of the page; the first for anything but a number."""
    wanted = request.args.get("page", "1")
    return int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 9 else 1


def _page_link(number: int) -> str:
    """The same page with the same filters, at another place in its list."""
    kept = {name: value for name, value in request.args.items() if name != "done"}
    return f"{request.path}?{urlencode(kept | {'page': number})}"


def matcher() -> Matcher | None:
    try:
        return parts().live.current()
    except NotReady:
        return None


def explained(error: Exception) -> tuple[int, str]:
    """Return status and text of an error that a page shows beside what was typed."""
    status, _, detail = explain(error)
    return status, detail
