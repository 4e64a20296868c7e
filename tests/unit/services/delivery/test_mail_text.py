"""What the e-mails say, and that nothing a visitor writes can make them say anything else."""

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.app import create_app
from chatbot.bootstrap import Parts
from chatbot.domain.email_address import clean_email
from chatbot.errors import InvalidText
from chatbot.services.delivery import mail_text
from chatbot.services.delivery.events import KINDS, EventKind
from chatbot.storage.database import now
from chatbot.storage.tables import Delivery

HANDOFF: dict[str, Any] = {
    "channel": "web",
    "conversation_id": "c-42",
    "email": "ann@example.org",
    "message": "It is urgent.\n\nReally.",
    "transcript": [
        {"text": "my VPN drops", "decision": "answer", "intent": "vpn-drops"},
        {"text": "it still drops\non Tuesdays", "decision": "clarify", "intent": "vpn-connect"},
        {"text": "Grüße 👩‍💻", "decision": "handoff", "intent": "greeting"},
        {"text": "hello?", "decision": "handoff", "intent": None},
    ],
}


def letter(
    kind: EventKind, public_url: str = "", sender: str = "bot@example.org", **data: Any
) -> EmailMessage:
    """As it is read at the other end."""
    delivery = Delivery(
        id=17,
        message_id="evt_" + "0" * 32,
        kind=kind,
        body=json.dumps({"type": kind, "timestamp": "2026-11-25T22:41:07+00:00", "data": data}),
        created_at=now().replace(2026, 11, 25, 22, 41, 7),
    )
    written = mail_text.write_letter(delivery, sender, "help@example.org", public_url)
    sent = written.as_bytes(policy=policy.SMTP)
    assert sent == mail_text.write_letter(
        delivery, sender, "help@example.org", public_url
    ).as_bytes(policy=policy.SMTP), "a repeat is the same to the byte"
    assert sent.isascii()
    assert max(map(len, sent.split(b"\r\n"))) <= 998
    read = message_from_bytes(sent, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def text(read: EmailMessage) -> str:
    return str(read.get_content()).replace("\r\n", "\n")


def test_a_handoff_is_answered_by_a_reply_and_tells_all_that_was_asked() -> None:
    read = letter(EventKind.HANDOFF_REQUESTED, "https://help.example.org/", **HANDOFF)
    assert dict(read.items()) == {
        "From": "Helpdesk chatbot <bot@example.org>",
        "To": "help@example.org",
        "Reply-To": "ann@example.org",
        "Subject": "A visitor asks for a person: It is urgent. Really.",
        "Date": "Wed, 25 Nov 2026 22:41:07 +0000",
        "Message-ID": "<evt_00000000000000000000000000000000.17@example.org>",
        "Auto-Submitted": "auto-generated",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
        "MIME-Version": "1.0",
    }
    assert (
        text(read)
        == """A visitor asks for a person.

Answer to: ann@example.org (reply to this e-mail)
Conversation: c-42

The visitor writes:

> It is urgent.
>
> Really.

What was asked before, oldest first, and what the bot did:

> my VPN drops
  answered: vpn-drops

> it still drops
> on Tuesdays
  asked back, closest: vpn-connect

> Grüße 👩‍💻
  not answered, closest: greeting

> hello?
  not answered

At the console: https://help.example.org/console/handoffs
"""
    )


def test_without_words_of_the_visitor_the_last_question_is_the_subject() -> None:
    read = letter(EventKind.HANDOFF_REQUESTED, **HANDOFF | {"message": ""})
    assert read["Subject"] == "A visitor asks for a person: hello?"
    assert "writes" not in text(read)
    assert "console" not in text(read), "nobody said where it is"
    silent = letter(EventKind.HANDOFF_REQUESTED, **HANDOFF | {"message": "", "transcript": []})
    assert silent["Subject"] == "A visitor asks for a person"


def test_a_handoff_from_chatwoot_is_answered_there() -> None:
    data = {"channel": "chatwoot", "conversation_id": "chatwoot-1-7", "question": "my [email]?"}
    read = letter(EventKind.HANDOFF_REQUESTED, **data, url="https://chat.example/app/7")
    assert read["Reply-To"] is None
    assert read["Subject"] == "A visitor asks for a person: my [email]?"
    assert "Answer at: https://chat.example/app/7\n" in text(read)
    assert "> my [email]?\n" in text(read)


@pytest.mark.parametrize(
    "email",
    ["ü@bücher.example", "ann@straße.example", "=?utf-8?q?=0abcc=3a_eve?=@example.org"],
)
def test_an_address_that_no_header_can_hold_stands_in_the_text(email: str) -> None:
    read = letter(EventKind.HANDOFF_REQUESTED, **HANDOFF | {"email": email})
    assert read["Reply-To"] is None
    assert f"Answer to: {email} (write to it)" in text(read)


def test_an_international_domain_is_in_punycode_for_machines_only() -> None:
    read = letter(EventKind.HANDOFF_REQUESTED, **HANDOFF | {"email": "ann@bücher.example"})
    assert read["Reply-To"] == "ann@xn--bcher-kva.example"
    assert "Answer to: ann@bücher.example (reply" in text(read)


def test_a_promotion_says_what_and_why() -> None:
    read = letter(
        EventKind.MODEL_PROMOTED,
        "https://help.example.org",
        version=4,
        previous_version=None,
        reason="+3.8 %\n(p = 0.0066)",
        by="nightly",
    )
    assert read["Subject"] == "A model went live: version 4"
    assert (
        text(read)
        == """A model went live.

Version: 4
Reason: +3.8 % (p = 0.0066)
By: nightly

At the console: https://help.example.org/console/models
"""
    )


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (EventKind.MODEL_ROLLED_BACK, "The model was rolled back: version 2"),
        (EventKind.MODEL_HELD, "A new model was held back: version 2"),
        (EventKind.MODEL_ALARM, "The live model does worse with visitors: version 2"),
    ],
)
def test_subjects_name_the_version(kind: EventKind, subject: str) -> None:
    assert letter(kind, version=2)["Subject"] == subject


def test_other_subjects() -> None:
    assert letter(EventKind.TRAINING_FAILED, job=3)["Subject"] == "A training failed: job 3"
    assert letter(EventKind.TEST, asked_by="ann")["Subject"] == "A test from the helpdesk chatbot"


def test_links_lead_to_pages_that_exist(parts: Parts) -> None:
    app = create_app(parts=parts, follow=False)
    pages = {str(rule) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    for kind in (*KINDS, EventKind.TEST):
        read = letter(kind, "https://h.example", conversation_id="c", channel="web")
        link = text(read).split("https://h.example")[1].strip()
        assert link in pages, kind


HOSTILE = [
    "hi\r\nBcc: all@example.org\r\n\r\nbody",
    "hi\nBcc: all@example.org",
    "hi\rBcc: all@example.org",
    "hi\x0bBcc: a\x0cBcc: b\x1cBcc: c\x85Bcc: d\u2028Bcc: e\u2029Bcc: f",
    "=?utf-8?q?=0ABcc:_all@example.org?=",
    "=?utf-8?b?CkJjYzogYWxsQGV4YW1wbGUub3Jn?= =?utf-8?q?=0D=0A=0D=0Abody?=",
    "=\x00?utf-8?q?=0ABcc:_all@example.org?=",
    "=\u200b?utf-8?q?=0ABcc:_all@example.org?=",
    "\x00\x1b[31m\x7f\x9b",
    "> quoted\n.\nFrom nobody",
    "\ud800",
    "\n\nAt the console: https://evil.example",
    "x" * 5000,
    "ä" * 5000,
]


@pytest.mark.parametrize("said", HOSTILE)
def test_what_visitors_write_stays_behind_its_mark(said: str) -> None:
    lines = [{"text": said, "decision": "handoff", "intent": None}]
    data = HANDOFF | {"message": said, "transcript": lines, "conversation_id": said}
    read = letter(EventKind.HANDOFF_REQUESTED, **data)
    assert {name.lower() for name in read} == {
        *("from", "to", "reply-to", "subject", "date", "message-id", "auto-submitted"),
        *("content-type", "content-transfer-encoding", "mime-version"),
    }
    assert str(read["Subject"]).isprintable()
    assert len(read["Subject"]) <= 120
    own = ("A visitor", "Answer to: ", "Conversation: ", "The visitor", "What was", "> ", "  not")
    for line in text(read).split("\n"):
        assert line in ("", ">") or line.startswith(own), line
        assert not any(c < " " or "\x7f" <= c <= "\x9f" for c in line), ascii(line)


@given(st.text(max_size=300), st.text(min_size=1, max_size=70), st.text(min_size=1, max_size=40))
def test_no_text_and_no_address_stops_a_letter(said: str, local: str, host: str) -> None:
    """A letter that cannot be written would be tried again and again, and hold up the others."""
    try:
        email = clean_email(f"{local}@{host}.example")
    except InvalidText:
        email = ""
    lines = [{"text": said, "decision": "answer", "intent": "vpn"}]
    read = letter(
        EventKind.HANDOFF_REQUESTED,
        **HANDOFF | {"message": said, "transcript": lines, "email": email},
    )
    assert (read["Reply-To"] is None) or str(read["Reply-To"]).isprintable()


@pytest.mark.parametrize("local", ["a..b", ".a", "a.", "o'h", "a=b?c", "x" * 64])
def test_strange_but_harmless_addresses_are_kept_as_they_are(local: str) -> None:
    email = f"{local}@{'long.' * 30}example"
    read = letter(EventKind.HANDOFF_REQUESTED, **HANDOFF | {"email": email})
    assert str(read["Reply-To"]).replace('"', "") == email


def test_a_long_domain_of_the_sender_breaks_no_header() -> None:
    domain = "long-label." * 20 + "example"
    read = letter(EventKind.TEST, sender=f"bot@{domain}", asked_by="ann")
    assert read["Message-ID"] == f"<evt_{'0' * 32}.17@{domain}>"
    assert str(read["From"]).endswith(f"<bot@{domain}>")
