"""Tell others of events: each becomes a row for each webhook or mailbox that wants its kind.

The rows are written in the transaction of what happened, so an event is neither lost nor told of
something that was rolled back. Workers send them.
"""

import json
import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.storage.database import now
from chatbot.storage.tables import Delivery, Webhook

_MOST_SLACK_CHARS = 300


class EventKind(StrEnum):
    HANDOFF_REQUESTED = "handoff.requested"
    MODEL_PROMOTED = "model.promoted"
    MODEL_ROLLED_BACK = "model.rolled_back"
    MODEL_HELD = "model.held"
    MODEL_ALARM = "model.alarm"
    TRAINING_FAILED = "training.failed"
    TEST = "webhook.test"  # sent to one webhook, whatever kinds it wants


class Style(StrEnum):
    STANDARD = "standard"
    SLACK = "slack"
    EMAIL = "email"


KINDS = tuple(kind for kind in EventKind if kind is not EventKind.TEST)
HEADLINES = {
    EventKind.HANDOFF_REQUESTED: "A visitor asks for a person",
    EventKind.MODEL_PROMOTED: "A model went live",
    EventKind.MODEL_ROLLED_BACK: "The model was rolled back",
    EventKind.MODEL_HELD: "A new model was held back",
    EventKind.MODEL_ALARM: "The live model does worse with visitors",
    EventKind.TRAINING_FAILED: "A training failed",
    EventKind.TEST: "A test from the helpdesk chatbot",
}


def record(session: Session, kind: str, data: Mapping[str, Any]) -> None:
    """Tell every webhook that wants an event. `data` must be JSON; an unknown kind is
    a ValueError.
    """
    known, event_id = EventKind(kind), new_id()
    for webhook in session.scalars(select(Webhook).where(Webhook.enabled)):
        if known in webhook.kinds:
            queue(session, webhook, known, event_id, data)


def queue(
    session: Session, webhook: Webhook, kind: EventKind, event_id: str, data: Mapping[str, Any]
) -> Delivery:
    """Queue an event for this webhook; the body is settled here, so that every attempt says the
    same.
    """
    delivery = Delivery(
        webhook_id=webhook.id,
        message_id=event_id,
        kind=kind,
        body=_render(Style(webhook.style), kind, data),
    )
    session.add(delivery)
    session.flush()
    return delivery


def new_id() -> str:
    return f"evt_{uuid.uuid4().hex}"


def _render(style: Style, kind: EventKind, data: Mapping[str, Any]) -> str:
    if style is Style.SLACK:
        return json.dumps({"text": _words(kind, data)}, ensure_ascii=False)
    event = {"type": kind, "timestamp": now().isoformat(), "data": data}
    return json.dumps(event, ensure_ascii=False)


def _words(kind: EventKind, data: Mapping[str, Any]) -> str:
    """A headline and a line for each plain value, as Slack and those like it show text."""
    lines = [
        f"• {name.replace('_', ' ')}: {_escape(str(value))}"
        for name, value in data.items()
        if value not in (None, "") and not isinstance(value, dict | list)
    ]
    return "\n".join([f"*{HEADLINES[kind]}*", *lines])


def _escape(text: str) -> str:
    """Slack reads `<…>` as a link or a call to everybody."""
    short = text if len(text) <= _MOST_SLACK_CHARS else text[: _MOST_SLACK_CHARS - 1] + "…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
