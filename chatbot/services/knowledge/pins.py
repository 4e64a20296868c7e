"""Pins: questions that must keep being answered with their intent, whatever a model learns.

A pinned question never trains, so that it tells how a model does on words that it was not given.
A candidate that breaks a pin which the live model keeps is held; see decision 0016.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.domain.matching import Decision
from chatbot.domain.text import clean, normalise
from chatbot.errors import Conflict, NotFound
from chatbot.formats.limits import MAX_UTTERANCE_CHARS
from chatbot.matching.matcher import Matcher
from chatbot.matching.reading import Match
from chatbot.services.access import audit
from chatbot.services.knowledge.edit_faq import get_intent
from chatbot.storage.tables import Intent, Pin

MOST_PINS = 500
_INSTEAD = {Decision.CLARIFY: "the bot asks back", Decision.HANDOFF: "the bot hands over"}


@dataclass(frozen=True)
class Checked:
    """A pin, and what is wrong with it; None if it is kept, or if no model is there to ask."""

    pin: Pin
    fault: str | None


def add_pin(session: Session, by: str, text: str, intent: str) -> Pin:
    """Pin a question to an intent; pinning it to the same intent again changes nothing.

    Raises NotFound for an unknown intent, InvalidText, and Conflict for a draft, for a question
    that is pinned to another intent, and beyond MOST_PINS.
    """
    text = clean(text, MAX_UTTERANCE_CHARS)
    if not get_intent(session, intent).enabled:
        raise Conflict(f"Intent “{intent}” is a draft, which answers nothing. Enable it first.")
    there = session.scalar(select(Pin).where(Pin.normalised == normalise(text)))
    if there is not None and there.intent != intent:
        raise Conflict(f"“{text}” is pinned to “{there.intent}”. Remove that pin first.")
    if there is not None:
        return there
    if (session.scalar(select(func.count(Pin.id))) or 0) >= MOST_PINS:
        raise Conflict(f"There are {MOST_PINS} pins already. Remove some that matter less.")
    pin = Pin(intent=intent, text=text, normalised=normalise(text), pinned_by=by)
    session.add(pin)
    session.flush()
    audit.record(session, by, "pin.add", intent, text=text)
    return pin


def remove_pin(session: Session, by: str, pin_id: int) -> None:
    """Remove a pin. Raises NotFound."""
    pin = session.get(Pin, pin_id)
    if pin is None:
        raise NotFound(f"There is no pin {pin_id}.")
    audit.record(session, by, "pin.remove", pin.intent, text=pin.text)
    session.delete(pin)


def list_pins(session: Session, intent: str | None = None) -> Sequence[Pin]:
    """List all pins, or those of one intent, also of one that is gone; oldest first."""
    pins = select(Pin).order_by(Pin.id)
    return session.scalars(pins if intent is None else pins.where(Pin.intent == intent)).all()


def check(session: Session, matcher: Matcher | None, pins: Sequence[Pin]) -> list[Checked]:
    """Return what `matcher`, and the FAQ itself, make of each of `pins`."""
    enabled = dict(
        session.execute(
            select(Intent.name, Intent.enabled).where(Intent.name.in_({pin.intent for pin in pins}))
        ).all()
    )
    matches: Iterable[Match | None] = (
        matcher.match_all([pin.text for pin in pins]) if matcher else [None] * len(pins)
    )
    return [
        Checked(pin, _fault(pin, enabled.get(pin.intent), match))
        for pin, match in zip(pins, matches, strict=True)
    ]


def list_broken(session: Session, matcher: Matcher | None) -> list[Checked]:
    return [c for c in check(session, matcher, list_pins(session)) if c.fault is not None]


def _fault(pin: Pin, enabled: bool | None, match: Match | None) -> str | None:
    if enabled is None:
        return "its intent is gone"
    if not enabled:
        return "its intent is a draft"
    if match is None:
        return None
    if match.decision is not Decision.ANSWER:
        return _INSTEAD[match.decision]
    best = match.candidates[0].intent
    return None if best == pin.intent else f"the bot answers “{best}” instead"
