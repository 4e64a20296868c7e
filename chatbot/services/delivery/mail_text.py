"""An event as an e-mail that people read: plain text, and a reply goes to the visitor.

What visitors wrote stands behind `>`, so that none of it can pass for what this program says. The
message is made of the delivery's row and two settings alone, so a repeat is the same to the byte.
"""

import json
import re
from collections.abc import Iterator, Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from chatbot.domain.email_address import ENCODED_WORD, to_ascii
from chatbot.domain.matching import Decision
from chatbot.services.delivery.events import HEADLINES, EventKind
from chatbot.storage.tables import Delivery

_FROM = "Helpdesk chatbot"
_MOST_SUBJECT_CHARS = 120
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_DECIDED = {
    Decision.ANSWER: "answered",
    Decision.CLARIFY: "asked back",
    Decision.HANDOFF: "not answered",
}
_PLACES = {
    EventKind.HANDOFF_REQUESTED: "/console/handoffs",
    EventKind.MODEL_PROMOTED: "/console/models",
    EventKind.MODEL_ROLLED_BACK: "/console/models",
    EventKind.MODEL_HELD: "/console/models",
    EventKind.MODEL_ALARM: "/console/models",
    EventKind.TRAINING_FAILED: "/console/models",
    EventKind.TEST: "/console/webhooks",
}


def write_letter(delivery: Delivery, sender: str, recipient: str, public_url: str) -> EmailMessage:
    """Write the e-mail that tells of an event; with an empty `public_url` it has no link.

    `sender` and `recipient` are ASCII addresses.
    """
    event = json.loads(delivery.body)
    kind, data = EventKind(event["type"]), event["data"]
    letter = EmailMessage()
    letter["From"] = _address(sender, _FROM)
    letter["To"] = _address(recipient)
    if reply_to := to_ascii(data.get("email", "")):
        letter["Reply-To"] = _address(reply_to)
    letter["Subject"] = _subject(kind, data)
    letter["Date"] = format_datetime(delivery.created_at)
    letter["Message-ID"] = f"<{delivery.message_id}.{delivery.id}@{sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    lines = [f"{HEADLINES[kind]}.", "", *_tell(kind, data)]
    if public_url:
        lines += ["", f"At the console: {public_url.rstrip('/')}{_PLACES[kind]}"]
    letter.set_content("\n".join(lines) + "\n", cte="quoted-printable")
    return letter


def _address(written: str, name: str = "") -> Address:
    username, _, domain = written.rpartition("@")
    return Address(name, username, domain)


def _subject(kind: EventKind, data: Mapping[str, Any]) -> str:
    """EmailMessage decodes the words that it is given, and a decoded line break begins a header."""
    plain = f"{HEADLINES[kind]}{_about(data)}".replace(ENCODED_WORD, "= ?")
    return _one_line(plain, _MOST_SUBJECT_CHARS)


def _about(data: Mapping[str, Any]) -> str:
    """Return what tells this subject from others of its kind."""
    for name in ("version", "job"):
        if name in data:
            return f": {name} {data[name]}"
    asked = [line["text"] for line in data.get("transcript", ())]
    said = data.get("message") or data.get("question") or (asked[-1] if asked else "")
    return f": {said}" if said else ""


def _tell(kind: EventKind, data: Mapping[str, Any]) -> Iterator[str]:
    if kind is EventKind.HANDOFF_REQUESTED:
        yield from _tell_of_visitor(data)
        return
    for name, value in data.items():
        if value not in (None, ""):
            yield f"{name.replace('_', ' ').capitalize()}: {_one_line(str(value))}"


def _tell_of_visitor(data: Mapping[str, Any]) -> Iterator[str]:
    if address := data.get("email"):
        how = "reply to this e-mail" if to_ascii(address) else "write to it"
        yield f"Answer to: {address} ({how})"
    if url := data.get("url"):
        yield f"Answer at: {_one_line(url)}"
    yield f"Conversation: {_one_line(data['conversation_id'])}"
    if said := data.get("message") or data.get("question"):
        yield from ("", "The visitor writes:", "", *_quote(said))
    if transcript := data.get("transcript"):
        yield from ("", "What was asked before, oldest first, and what the bot did:")
        for line in transcript:
            yield from ("", *_quote(line["text"]), f"  {_say_what_was_done(line)}")


def _say_what_was_done(line: Mapping[str, Any]) -> str:
    decision, intent = Decision(line["decision"]), line["intent"]
    if intent is None:
        return _DECIDED[decision]
    return f"{_DECIDED[decision]}{': ' if decision is Decision.ANSWER else ', closest: '}{intent}"


def _quote(text: str) -> list[str]:
    return [f"> {_CONTROL.sub('�', line)}".rstrip() for line in text.splitlines()]


def _one_line(text: str, most: int = 1000) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
