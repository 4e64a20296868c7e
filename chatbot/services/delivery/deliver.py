"""Send what is due to foreign servers. For workers and the shell only: web requests never wait."""

import logging
from dataclasses import dataclass
from http import HTTPStatus

from chatbot import outbound, smtp
from chatbot.errors import AddressRefused, Unreachable
from chatbot.failpoints import failpoint
from chatbot.services.delivery import (
    chatwoot,
    deliveries,
    mailboxes,
    webhooks,
)
from chatbot.services.delivery.events import Style
from chatbot.settings import Settings
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Delivery, Webhook

log = logging.getLogger(__name__)

_HEADERS = {"Content-Type": "application/json", "User-Agent": "helpdesk-chatbot"}


@dataclass(frozen=True)
class _Answer:
    """The outcome of an attempt; with nothing in `why`, it was taken."""

    status: int | None
    why: str = ""
    for_good: bool = False  # trying again is of no use
    is_gone: bool = False  # and never will be


def deliver_due(database: Database, settings: Settings) -> int:
    """Send until nothing is due, and return how many attempts that took."""
    attempts = 0
    while delivery := deliveries.claim(database):
        failpoint("delivery.after_claim")
        answer = _attempt(delivery, settings)
        outcome = answer.status or answer.why
        log.info("delivery %s, attempt %s: %s", delivery.id, delivery.attempt, outcome)
        _conclude(database, delivery, answer)
        attempts += 1
    return attempts


def _attempt(delivery: Delivery, settings: Settings) -> _Answer:
    try:
        if delivery.webhook is not None and delivery.webhook.style == Style.EMAIL:
            answer = _read_reply(mailboxes.send_letter(delivery, delivery.webhook, settings))
        else:
            answer = _read_status(delivery, _post(delivery, settings.private_networks))
    except (AddressRefused, Unreachable) as error:
        return _Answer(None, str(error))
    failpoint("delivery.after_send")
    return answer


def _post(delivery: Delivery, private_networks: bool) -> int:
    url, headers = _address(delivery)
    return outbound.post(url, _HEADERS | headers, delivery.body.encode(), private_networks)


def _address(delivery: Delivery) -> tuple[str, dict[str, str]]:
    """Return the URL to send to, and the headers of the recipient's own."""
    if delivery.webhook is not None:
        return delivery.webhook.url, webhooks.make_headers(delivery.webhook, delivery, now())
    assert delivery.bot is not None  # the table holds it
    return chatwoot.make_url(delivery.bot, delivery), {"api_access_token": delivery.bot.token}


def _read_status(delivery: Delivery, status: int) -> _Answer:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return _Answer(status)
    is_gone = status == HTTPStatus.GONE and delivery.webhook is not None
    return _Answer(status, _explain(status), is_gone, is_gone)


def _read_reply(reply: smtp.Reply) -> _Answer:
    """The words may name an address, so they are shown to admins but not logged."""
    if reply.is_good:
        return _Answer(reply.code)
    return _Answer(reply.code, f"The mail relay answered {reply}", reply.is_final)


def _conclude(database: Database, delivery: Delivery, answer: _Answer) -> None:
    with database.write() as session:
        if not answer.why:
            deliveries.succeed(session, delivery, answer.status)
            return
        moment = database.clock(session)
        deliveries.fail(session, delivery, moment, answer.status, answer.why, answer.for_good)
        if answer.is_gone and (webhook := session.get(Webhook, delivery.webhook_id)) is not None:
            webhooks.disable(session, webhook, answer.why)


def _explain(status: int) -> str:
    try:
        words = f"It answered {status} {HTTPStatus(status).phrase}."
    except ValueError:
        words = f"It answered {status}."
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        words += " Redirects are not followed: give the final URL."
    return words
