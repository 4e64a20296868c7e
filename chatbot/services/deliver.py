"""Send what is due to foreign servers. For workers and the shell only: web requests never wait."""

import logging
from http import HTTPStatus

from chatbot import outbound
from chatbot.errors import AddressRefused, Unreachable
from chatbot.failpoints import failpoint
from chatbot.services import chatwoot, deliveries, webhooks
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Delivery, Webhook

log = logging.getLogger(__name__)

_HEADERS = {"Content-Type": "application/json", "User-Agent": "helpdesk-chatbot"}


def deliver_due(database: Database, private_networks: bool) -> int:
    """Send until nothing is due; returns how many attempts that took."""
    attempts = 0
    while delivery := deliveries.claim(database):
        failpoint("delivery.after_claim")
        _attempt(database, delivery, private_networks)
        attempts += 1
    return attempts


def _attempt(database: Database, delivery: Delivery, private_networks: bool) -> None:
    url, headers = _address(delivery)
    try:
        status = outbound.post(url, _HEADERS | headers, delivery.body.encode(), private_networks)
    except (AddressRefused, Unreachable) as error:
        log.info("delivery %s, attempt %s: %s", delivery.id, delivery.attempt, error)
        with database.write() as session:
            moment = database.clock(session)
            deliveries.fail(session, delivery, moment, None, str(error))
        return
    failpoint("delivery.after_send")
    log.info("delivery %s, attempt %s: %s", delivery.id, delivery.attempt, status)
    _conclude(database, delivery, status)


def _conclude(database: Database, delivery: Delivery, status: int) -> None:
    with database.write() as session:
        moment = database.clock(session)
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            deliveries.succeed(session, delivery, status)
        elif status == HTTPStatus.GONE and delivery.webhook_id is not None:
            deliveries.fail(session, delivery, moment, status, _explain(status), for_good=True)
            if (webhook := session.get(Webhook, delivery.webhook_id)) is not None:
                webhooks.disable(session, webhook, "It answered 410 Gone.")
        else:
            deliveries.fail(session, delivery, moment, status, _explain(status))


def _address(delivery: Delivery) -> tuple[str, dict[str, str]]:
    """Where to, and with which headers of the recipient's own."""
    if delivery.webhook is not None:
        return delivery.webhook.url, webhooks.make_headers(delivery.webhook, delivery, now())
    assert delivery.bot is not None  # the table holds it
    return chatwoot.make_url(delivery.bot, delivery), {"api_access_token": delivery.bot.token}


def _explain(status: int) -> str:
    try:
        words = f"It answered {status} {HTTPStatus(status).phrase}."
    except ValueError:
        words = f"It answered {status}."
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        words += " Redirects are not followed: give the final URL."
    return words
