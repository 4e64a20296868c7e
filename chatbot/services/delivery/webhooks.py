"""Webhooks: URLs that are told of events, signed after Standard Webhooks, and mailboxes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.domain import signing
from chatbot.errors import Conflict, NotFound
from chatbot.outbound import check_url
from chatbot.services.access import audit
from chatbot.services.delivery import deliveries, events, mailboxes
from chatbot.settings import Settings
from chatbot.storage.database import now
from chatbot.storage.tables import Delivery, Webhook

MOST_WEBHOOKS = 50
BOTH_SECRETS_FOR = timedelta(hours=24)


def create_webhook(
    session: Session,
    by: str,
    url: str,
    kinds: Sequence[events.EventKind],
    settings: Settings,
    style: events.Style | None = None,
) -> Webhook:
    """Create a webhook or mailbox; its `secret`, empty for a mailbox, is to be shown once.

    Without a style, a `mailto:` URL is told by e-mail, any other by signed JSON.
    Raises AddressRefused, InvalidText for what is no e-mail address, and Conflict for no kind, too
    many webhooks, or no mail relay.
    """
    if style is None:
        is_mailbox = url.startswith(mailboxes.MAILTO)
        style = events.Style.EMAIL if is_mailbox else events.Style.STANDARD
    if style is events.Style.EMAIL:
        url, secret = mailboxes.check_mailbox(url, settings), ""
    else:
        check_url(url, settings.private_networks)
        secret = signing.new_secret()
    if (session.scalar(select(func.count(Webhook.id))) or 0) >= MOST_WEBHOOKS:
        raise Conflict(f"There are {MOST_WEBHOOKS} webhooks already. Delete one first.")
    webhook = Webhook(url=url, kinds=_distinct(kinds), style=style, secret=secret, enabled=True)
    session.add(webhook)
    session.flush()
    audit.record(session, by, "webhook.create", webhook.id, url=url, kinds=webhook.kinds)
    return webhook


def list_webhooks(session: Session) -> Sequence[Webhook]:
    return session.scalars(select(Webhook).order_by(Webhook.id)).all()


def get_webhook(session: Session, webhook_id: int) -> Webhook:
    """Return a webhook by its id. Raises NotFound."""
    webhook = session.get(Webhook, webhook_id)
    if webhook is None:
        raise NotFound(f"There is no webhook {webhook_id}.")
    return webhook


def change_webhook(
    session: Session,
    by: str,
    webhook_id: int,
    kinds: Sequence[events.EventKind] | None = None,
    enabled: bool | None = None,
) -> Webhook:
    """Change a webhook where a value is not None; disabling it gives up what waits for it.

    Raises NotFound, Conflict.
    """
    webhook = get_webhook(session, webhook_id)
    if kinds is not None:
        webhook.kinds = _distinct(kinds)
    if enabled is True:
        webhook.enabled, webhook.remark = True, ""
    if enabled is False:
        disable(session, webhook, f"Disabled by {by}.")
    audit.record(session, by, "webhook.change", webhook_id, kinds=kinds, enabled=enabled)
    return webhook


def disable(session: Session, webhook: Webhook, why: str) -> None:
    webhook.enabled, webhook.remark = False, why
    deliveries.give_up(session, webhook.id, why)


def rotate_secret(session: Session, by: str, webhook_id: int) -> Webhook:
    """Make a new secret, to be shown once; for a day, the old one signs too.

    Raises NotFound, Conflict for a mailbox.
    """
    webhook = get_webhook(session, webhook_id)
    if webhook.style == events.Style.EMAIL:
        raise Conflict("An e-mail is not signed, so there is no secret to change.")
    webhook.previous_secret, webhook.previous_until = webhook.secret, now() + BOTH_SECRETS_FOR
    webhook.secret = signing.new_secret()
    audit.record(session, by, "webhook.rotate", webhook_id)
    return webhook


def delete_webhook(session: Session, by: str, webhook_id: int) -> None:
    """Delete a webhook with its deliveries. Raises NotFound."""
    webhook = get_webhook(session, webhook_id)
    audit.record(session, by, "webhook.delete", webhook_id, url=webhook.url)
    session.delete(webhook)


def send_test(session: Session, by: str, webhook_id: int) -> Delivery:
    """Queue a test event for this webhook alone. Raises NotFound, Conflict if it is disabled."""
    webhook = get_webhook(session, webhook_id)
    if not webhook.enabled:
        raise Conflict(f"Webhook {webhook_id} is disabled. Enable it first.")
    return events.queue(session, webhook, events.EventKind.TEST, events.new_id(), {"asked_by": by})


def make_headers(webhook: Webhook, delivery: Delivery, moment: datetime) -> dict[str, str]:
    """Return the headers that this attempt is sent with: id, time and signatures."""
    timestamp = int(moment.timestamp())
    previous = webhook.previous_secret
    keys = [webhook.secret]
    if previous and webhook.previous_until and moment < webhook.previous_until:
        keys.append(previous)
    return {
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signing.sign(
            keys, delivery.message_id, timestamp, delivery.body.encode()
        ),
    }


def _distinct(kinds: Sequence[events.EventKind]) -> list[str]:
    if not kinds or events.EventKind.TEST in kinds:
        raise Conflict(f"Name the kinds of events that it wants: {', '.join(events.KINDS)}.")
    return sorted({str(kind) for kind in kinds})
