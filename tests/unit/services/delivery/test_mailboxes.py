"""From an event to a mailbox through a real relay on loopback, on SQLite and on PostgreSQL."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from chatbot.errors import AddressRefused, Conflict, InvalidText
from chatbot.services.asking import handoffs
from chatbot.services.delivery import deliveries, events, webhooks
from chatbot.services.delivery.deliver import deliver_due
from chatbot.services.delivery.events import EventKind, Style
from chatbot.settings import Settings
from chatbot.storage.database import Database, now
from chatbot.storage.tables import AuditEvent, Delivery, Webhook
from factories import add_query
from fakes import Clock
from mail_relay import MailRelay, running

MAILBOX = "mailto:help@example.org"


@pytest.fixture
def relay() -> Iterator[MailRelay]:
    with running() as started:
        yield started


@pytest.fixture
def settings(relay: MailRelay) -> Settings:
    return through(relay)


def through(relay: MailRelay, **others: object) -> Settings:
    given = {
        "smtp_host": "127.0.0.1",
        "smtp_port": relay.port,
        "smtp_security": "none",
        "smtp_sender": "bot@example.org",
    }
    return Settings.model_validate(given | others)


@pytest.fixture
def mailbox(database: Database, settings: Settings) -> Webhook:
    return add_mailbox(database, settings)


def add_mailbox(
    database: Database,
    settings: Settings,
    url: str = MAILBOX,
    *kinds: EventKind,
    style: Style | None = None,
) -> Webhook:
    with database.write() as session:
        return webhooks.create_webhook(
            session,
            "ann",
            url,
            kinds or (EventKind.MODEL_HELD, EventKind.HANDOFF_REQUESTED),
            settings,
            style,
        )


def tell(database: Database, **data: object) -> None:
    with database.write() as session:
        events.record(session, EventKind.MODEL_HELD, data)


def rows(database: Database) -> list[Delivery]:
    with database.read() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def make_due(database: Database) -> None:
    with database.write() as session:
        session.execute(update(Delivery).values(due_at=now() - timedelta(seconds=1)))


def test_a_visitor_is_answered_by_a_reply(
    database: Database, settings: Settings, mailbox: Webhook, relay: MailRelay
) -> None:
    with database.write() as session:
        add_query(session, "wo ist meine Rechnung für März?", conversation_id="talk-1")
        handoffs.request_handoff(session, "talk-1", "ann@example.net", "Bitte schnell!", None)
    assert deliver_due(database, settings) == 1
    [handed] = relay.handed
    assert (handed.sender, handed.recipient) == ("bot@example.org", "help@example.org")
    message = handed.message
    assert message["To"] == "help@example.org"
    assert message["Reply-To"] == "ann@example.net"
    assert message["Subject"] == "A visitor asks for a person: Bitte schnell!"
    assert "> Bitte schnell!\n" in handed.text
    assert "> wo ist meine Rechnung für März?\n  not answered\n" in handed.text
    [row] = rows(database)
    assert (row.state, row.status, row.attempt, row.error) == ("delivered", 250, 1, "")
    assert message["Message-ID"] == f"<{row.message_id}.{row.id}@example.org>"


def test_it_is_sent_once_however_often_couriers_run(
    database: Database, settings: Settings, mailbox: Webhook, relay: MailRelay
) -> None:
    for number in range(6):
        tell(database, version=number)
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: deliver_due(database, settings), range(4)))
    while attempts := deliver_due(database, settings):
        counts.append(attempts)
    assert sum(counts) == 6
    assert len({handed.message["Message-ID"] for handed in relay.handed}) == len(relay.handed) == 6
    assert deliver_due(database, settings) == 0


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "CONTENT"])
def test_what_is_refused_for_now_comes_later_and_is_the_same(
    database: Database,
    settings: Settings,
    mailbox: Webhook,
    relay: MailRelay,
    clock: Clock,
    step: str,
) -> None:
    relay.replies[step] = ["451 4.7.1 come back later", "250 ok" if step != "DATA" else "354 go on"]
    tell(database, version=2)
    assert deliver_due(database, settings) == 1
    [row] = rows(database)
    assert (row.state, row.status, row.attempt) == ("waiting", 451, 1)
    assert row.error == "The mail relay answered 451 4.7.1 come back later"
    assert row.due_at is not None
    clock.stands_at = row.due_at - timedelta(seconds=1)
    assert deliver_due(database, settings) == 0, "it is not due yet"
    clock.stands_at = row.due_at
    assert deliver_due(database, settings) == 1
    [row] = rows(database)
    assert (row.state, row.status, row.attempt) == ("delivered", 250, 2)
    assert len(relay.handed) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "CONTENT"])
def test_what_is_refused_for_good_is_given_up_with_the_reason(
    database: Database, settings: Settings, mailbox: Webhook, relay: MailRelay, step: str
) -> None:
    relay.replies[step] = ["550 5.1.1 no such mailbox"]
    tell(database, version=2)
    assert deliver_due(database, settings) == 1
    [row] = rows(database)
    assert (row.state, row.status, row.attempt) == ("failed", 550, 1)
    assert row.error == "The mail relay answered 550 5.1.1 no such mailbox"
    with database.read() as session:
        assert webhooks.get_webhook(session, mailbox.id).enabled
    del relay.replies[step]
    with database.write() as session:
        deliveries.redeliver(session, "ann", row.id)
    assert deliver_due(database, settings) == 1
    assert rows(database)[0].state == "delivered"


def test_while_the_relay_is_down_letters_wait(
    database: Database, settings: Settings, mailbox: Webhook
) -> None:
    with running() as gone:
        down = through(gone)
    tell(database, version=2)
    assert deliver_due(database, down) == 1
    [row] = rows(database)
    assert (row.state, row.status) == ("waiting", None)
    assert row.error == "The mail relay cannot be used: Connection refused"
    make_due(database)
    assert deliver_due(database, settings) == 1
    assert rows(database)[0].state == "delivered"


def test_what_the_operator_can_mend_does_not_cost_a_letter(
    database: Database, settings: Settings, mailbox: Webhook, relay: MailRelay
) -> None:
    """A wrong password, TLS that is not offered, a relay that takes nobody, none set at all."""
    tell(database, version=2)
    secured = through(relay, smtp_security="starttls", smtp_user="bot", smtp_password="geheim")
    relay.replies["CONNECT"] = ["220 hello", "554 5.3.2 no service", "220 hello"]
    for broken, words in (
        (secured, "STARTTLS extension not supported"),
        (settings, "takes nothing: 554 5.3.2 no service"),
        (Settings(), "set CHATBOT_SMTP_HOST"),
    ):
        assert deliver_due(database, broken) == 1
        [row] = rows(database)
        assert (row.state, row.status) == ("waiting", None)
        assert words in row.error
        make_due(database)
    assert deliver_due(database, settings) == 1
    assert len(relay.handed) == 1


def test_each_address_gets_its_own_and_webhooks_theirs(
    database: Database, settings: Settings, mailbox: Webhook, relay: MailRelay
) -> None:
    add_mailbox(database, settings, "mailto:chef@bücher.example")
    add_mailbox(database, settings, "mailto:other@example.org", EventKind.TRAINING_FAILED)
    tell(database, version=2)
    with database.write() as session:
        webhooks.send_test(session, "ann", mailbox.id)
    deliver_due(database, settings)
    assert sorted((handed.recipient, handed.message["Subject"]) for handed in relay.handed) == [
        ("chef@xn--bcher-kva.example", "A new model was held back: version 2"),
        ("help@example.org", "A new model was held back: version 2"),
        ("help@example.org", "A test from the helpdesk chatbot"),
    ]
    assert len({handed.message["Message-ID"] for handed in relay.handed}) == 3


def test_a_reply_that_no_database_takes_is_kept_readable(
    database: Database, settings: Settings, mailbox: Webhook, relay: MailRelay
) -> None:
    relay.replies["RCPT"] = ["550 \x00 \x1b[31m for <help@example.org>"]
    tell(database, version=2)
    deliver_due(database, settings)
    assert rows(database)[0].error == "The mail relay answered 550 [31m for <help@example.org>"


def test_logs_name_neither_addresses_nor_the_password(
    database: Database, relay: MailRelay, mailbox: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    relay.replies["RCPT"] = ["550 not for <help@example.org>"]
    tell(database, version=2)
    with caplog.at_level(logging.DEBUG):
        deliver_due(database, through(relay, smtp_password="geheim"))
    assert "attempt 1: 550" in caplog.text
    assert "@" not in caplog.text
    assert "geheim" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "mailto:",
        "mailto:help",
        "mailto:a@example.org,b@example.org",
        "mailto:help@example.org\nBcc: all@example.org",
        "mailto:help@example.org\r\nRCPT TO:<all@example.org>",
        "mailto:help@example.org>",
        "mailto:Help <help@example.org>",
        "mailto:" + "a" * 250 + "@example.org",
        "mailto://help@example.org",
    ],
)
def test_what_is_not_one_address_is_refused(
    database: Database, settings: Settings, url: str
) -> None:
    with pytest.raises((InvalidText, AddressRefused)):
        add_mailbox(database, settings, url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mailto:help@example.org?bcc=all@example.org", "only one address"),
        ("mailto:help%0aBcc:x@example.org", "only one address"),
        ("mailto:hilfe@straße.example", "punycode"),
        ("mailto:ü@example.org", "punycode"),
        ("MAILTO:help@example.org", "begins with https"),
    ],
)
def test_what_could_mean_another_address_is_refused(
    database: Database, settings: Settings, url: str, words: str
) -> None:
    with pytest.raises(AddressRefused, match=words):
        add_mailbox(database, settings, url)


def test_an_address_is_no_webhook_and_a_webhook_no_address(
    database: Database, settings: Settings
) -> None:
    with pytest.raises(AddressRefused, match="mailto:name@example.org"):
        add_mailbox(database, settings, "https://example.org/", style=Style.EMAIL)
    with pytest.raises(AddressRefused, match="begins with https"):
        add_mailbox(database, settings, style=Style.SLACK)
    with pytest.raises(Conflict, match="handoff.requested"), database.write() as session:
        webhooks.create_webhook(session, "ann", MAILBOX, [], settings)


def test_without_a_relay_it_is_said_what_to_set(database: Database) -> None:
    with pytest.raises(Conflict, match="set CHATBOT_SMTP_HOST .* and CHATBOT_SMTP_SENDER"):
        add_mailbox(database, Settings())


def test_it_is_kept_clean_has_no_secret_and_is_in_the_trail(
    database: Database, settings: Settings
) -> None:
    kept = add_mailbox(database, settings, "mailto: Help@Example.org ")
    assert (kept.url, kept.style, kept.secret) == (MAILBOX, "email", "")
    with pytest.raises(Conflict, match="not signed"), database.write() as session:
        webhooks.rotate_secret(session, "ann", kept.id)
    with database.read() as session:
        event = session.scalars(select(AuditEvent)).one()
    assert (event.action, event.detail["url"]) == ("webhook.create", MAILBOX)


def test_a_disabled_address_gets_nothing(
    database: Database, settings: Settings, mailbox: Webhook, relay: MailRelay
) -> None:
    tell(database, version=2)
    with database.write() as session:
        webhooks.change_webhook(session, "ann", mailbox.id, enabled=False)
    tell(database, version=3)
    assert deliver_due(database, settings) == 0
    assert relay.handed == []
