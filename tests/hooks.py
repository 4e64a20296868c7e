"""Webhooks, events for them, and workers that deliver these."""

import base64
import hashlib
import hmac
import threading
from datetime import timedelta

from sqlalchemy import select, update

from chatbot.services.delivery import events, webhooks
from chatbot.services.delivery.deliver import deliver_due
from chatbot.services.delivery.events import EventKind, Style
from chatbot.settings import Settings
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Delivery, Webhook
from receiver import Received

INSIDE = Settings(private_networks=True)


def add_hook(
    database: Database, url: str, *kinds: EventKind, style: Style = Style.STANDARD
) -> Webhook:
    with database.write() as session:
        return webhooks.create_webhook(
            session, "ann", url, kinds or (EventKind.MODEL_HELD,), INSIDE, style
        )


def tell(database: Database, kind: EventKind = EventKind.MODEL_HELD, **data: object) -> None:
    with database.write() as session:
        events.record(session, kind, data)


def deliver(database: Database) -> int:
    return deliver_due(database, INSIDE)


def rows(database: Database) -> list[Delivery]:
    with database.read() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def assert_set(event: threading.Event) -> None:
    assert event.wait(20)


def make_due(database: Database) -> None:
    with database.write() as session:
        session.execute(update(Delivery).values(due_at=now() - timedelta(seconds=1)))


def is_signed_with(secret: str, received: Received) -> bool:
    """After the text of the specification, not after our code."""
    key = base64.b64decode(secret.split("whsec_")[1])
    content = b".".join(
        [
            received.headers["webhook-id"].encode(),
            received.headers["webhook-timestamp"].encode(),
            received.body,
        ]
    )
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = [s.split(",") for s in received.headers["webhook-signature"].split(" ")]
    return ["v1", expected] in given
