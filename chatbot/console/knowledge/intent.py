"""One intent: what it answers, how it fares, and what was done to it."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Self

from flask import Response, make_response, render_template, request
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from chatbot.api.schemas.intents import IntentChange
from chatbot.console.access import allows, who
from chatbot.console.knowledge.area import (
    blueprint,
    explained,
    field,
    matcher,
    page_number,
    to_intent,
)
from chatbot.errors import NotFound, Outdated
from chatbot.http.context import parts
from chatbot.http.markdown import render_in_console
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import edit_faq, pins, undo_edit
from chatbot.services.knowledge.browse_intents import list_topics
from chatbot.services.knowledge.intent_health import read_health
from chatbot.storage.tables import Intent

MOST_EVENTS = 20
UTTERANCES_PER_PAGE = 50


@dataclass(frozen=True)
class Typed:
    """The form of an intent as typed; `seen` is the version that it was opened with."""

    title: str
    topic: str
    answer: str
    enabled: bool
    seen: str

    @classmethod
    def stored(cls, intent: Intent) -> Self:
        seen = intent.updated_at.isoformat()
        return cls(intent.title, intent.topic, intent.answer, intent.enabled, seen)

    @classmethod
    def sent(cls) -> Self:
        return cls(
            title=field("title"),
            topic=field("topic").strip(),
            answer=field("answer"),
            enabled="enabled" in request.form,
            seen=field("seen"),
        )


@blueprint.get("/intents/<word:name>")
@allows(Scope.AGENT)
def show_intent(name: str) -> Response:
    return intent_page(name)


@blueprint.post("/intents/<word:name>")
@allows(Scope.EDITOR)
def change_intent(name: str) -> Response:
    """Save an intent, or with `preview`, only show it."""
    typed = Typed.sent()
    if "preview" in request.form:
        return intent_page(name, typed=typed)
    try:
        change = IntentChange(
            title=typed.title, topic=typed.topic, answer=typed.answer, enabled=typed.enabled
        )
        with parts().database.write() as session:
            edit_faq.change_intent(session, who().name, name, change.changes(), seen())
    except Outdated:
        return _both_texts(name, typed)
    except ValidationError as error:
        status, mistake = explained(error)
        return intent_page(name, status, typed=typed, mistake=mistake)
    parts().nudge.send()
    return to_intent(name, "saved" if typed.enabled else "drafted")


@blueprint.post("/intents/<word:name>/delete")
@allows(Scope.EDITOR)
def delete_intent(name: str) -> Response:
    try:
        with parts().database.write() as session:
            edit_faq.delete_intent(session, who().name, name, seen())
    except Outdated as error:
        return intent_page(name, HTTPStatus.CONFLICT, mistake=f"{error} Nothing was deleted.")
    parts().nudge.send()
    return to_intent(name, "removed")


@blueprint.post("/intents/<word:name>/undo")
@allows(Scope.EDITOR)
def undo(name: str) -> Response:
    event = request.form.get("event", "")
    if not (event.isascii() and event.isdigit() and len(event) < 10):
        raise BadRequest("Say which edit to undo.")
    with parts().database.write() as session:
        undo_edit.undo(session, who().name, name, int(event))
    parts().nudge.send()
    return to_intent(name, "undone")


@blueprint.post("/preview")
@allows(Scope.AGENT)
def preview() -> str:
    """Show the answer as visitors see it, for the page that is being typed in."""
    return render_in_console(field("answer"))


def intent_page(
    name: str,
    status: int = HTTPStatus.OK,
    typed: Typed | None = None,
    **more: Any,
) -> Response:
    """Return the page of an intent, or of what is left of a deleted one; `typed` was not saved."""
    with parts().database.read() as session:
        history = undo_edit.list_history(session, name, MOST_EVENTS)
        pinned = pins.check(session, matcher(), pins.list_pins(session, name))
        try:
            intent = edit_faq.get_intent(session, name)
        except NotFound:
            if not history:
                raise
            gone = render_template(
                "console/knowledge_gone.html", name=name, history=history, pinned=pinned
            )
            return make_response(gone, HTTPStatus.GONE)
        page = render_template(
            "console/knowledge_intent.html",
            intent=intent,
            typed=typed or Typed.stored(intent),
            unsaved=typed is not None,
            topics=list_topics(session),
            history=history,
            undoable={event.id for event in history if undo_edit.can_undo(intent, event)},
            pinned=pinned,
            **_utterances(intent),
            **_health(session, name),
            **more,
        )
    return make_response(page, status)


def seen() -> datetime:
    """Return the version of the intent that the form was opened with."""
    try:
        return datetime.fromisoformat(field("seen"))
    except ValueError:
        raise BadRequest("Open the page again; this form does not say what it changes.") from None


def _both_texts(name: str, typed: Typed) -> Response:
    """Show what somebody else wrote beside the editor's own text; nothing is saved."""
    with parts().database.read() as session:
        intent = edit_faq.get_intent(session, name)
        page = render_template(
            "console/knowledge_stale.html",
            intent=intent,
            typed=typed,
            stored=Typed.stored(intent),
            last=next(iter(undo_edit.list_history(session, name, 1)), None),
        )
    return make_response(page, HTTPStatus.CONFLICT)


def _utterances(intent: Intent) -> dict[str, Any]:
    """A page of them, the newest first."""
    newest_first = intent.utterances[::-1]
    pages = max(1, -(-len(newest_first) // UTTERANCES_PER_PAGE))
    number = min(max(1, page_number()), pages)
    start = (number - 1) * UTTERANCES_PER_PAGE
    return {
        "utterances": newest_first[start : start + UTTERANCES_PER_PAGE],
        "number": number,
        "pages": pages,
    }


def _health(session: Session, name: str) -> dict[str, Any]:
    health = read_health(session, [name])[name]
    confused = [other for other in health.confused if other]
    return {"health": health, "titles": edit_faq.titles(session, confused)}
