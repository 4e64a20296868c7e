"""Agent bots of Chatwoot accounts: list them, check who speaks as Chatwoot, and address replies."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain import signing
from chatbot.errors import Conflict, NotAuthenticated, NotFound
from chatbot.outbound import check_url
from chatbot.services.access import audit
from chatbot.storage.database import now
from chatbot.storage.tables import ChatwootBot, Delivery

SAY, OPEN = "chatwoot.message", "chatwoot.open"  # kinds of deliveries: a message, the hand-over
_PLACES = {SAY: "messages", OPEN: "toggle_status"}
_OLDEST_SECONDS = 300


@dataclass(frozen=True)
class Texts:
    """The sentences that the bot says of its own accord."""

    clarify: str = "Did you mean one of these?"
    person: str = "None of these, I need a person"
    handoff: str = "I hand you over to a colleague, who will answer here."


DEFAULT_TEXTS = Texts()


def create_bot(
    session: Session,
    by: str,
    name: str,
    url: str,
    account_id: int,
    token: str,
    signing_secret: str | None = None,
    texts: Texts = DEFAULT_TEXTS,
    private_networks: bool = False,
) -> tuple[ChatwootBot, str]:
    """Create a bot, and return it with the secret of its path, which cannot be shown again.

    Raises AddressRefused.

    `url` is that of the Chatwoot installation, `token` the access token of the agent bot there.
    """
    target = check_url(url, private_networks)
    if "?" in target.path:
        raise Conflict(
            "Give the URL of the Chatwoot installation, such as https://app.chatwoot.com."
        )
    if not token.isascii() or not token.isprintable():
        raise Conflict("That is no access token: it has characters that none has.")
    path_secret = secrets.token_urlsafe(32)
    bot = ChatwootBot(
        name=name,
        url=url.rstrip("/"),
        account_id=account_id,
        token=token,
        path_sha256=_hash(path_secret),
        signing_secret=signing_secret,
        clarify_text=texts.clarify,
        person_text=texts.person,
        handoff_text=texts.handoff,
    )
    session.add(bot)
    session.flush()
    audit.record(session, by, "chatwoot.create", bot.id, url=url, account=account_id)
    return bot, path_secret


def list_bots(session: Session) -> Sequence[ChatwootBot]:
    return session.scalars(select(ChatwootBot).order_by(ChatwootBot.id)).all()


def delete_bot(session: Session, by: str, bot_id: int) -> None:
    """Delete a bot with its deliveries; its path is not found any more. Raises NotFound."""
    bot = session.get(ChatwootBot, bot_id)
    if bot is None:
        raise NotFound(f"There is no Chatwoot bot {bot_id}.")
    audit.record(session, by, "chatwoot.delete", bot_id, url=bot.url, account=bot.account_id)
    session.delete(bot)


def find_bot(session: Session, path_secret: str) -> ChatwootBot:
    """Return the bot whose path this is. Raises NotFound."""
    bot = session.scalar(select(ChatwootBot).where(ChatwootBot.path_sha256 == _hash(path_secret)))
    if bot is None:
        raise NotFound("No Chatwoot bot has this path.")
    return bot


def check_signature(bot: ChatwootBot, timestamp: str, signature: str, body: bytes) -> None:
    """Check the signature of a request to a bot whose Chatwoot signs (4.13 and newer).

    Raises NotAuthenticated.
    """
    if bot.signing_secret is None:
        return
    age = now().timestamp() - int(timestamp) if timestamp.isdecimal() else None
    if age is None or abs(age) > _OLDEST_SECONDS:
        raise NotAuthenticated("X-Chatwoot-Timestamp is missing or more than five minutes off.")
    if not signing.is_chatwoots(bot.signing_secret, timestamp, body, signature):
        raise NotAuthenticated("X-Chatwoot-Signature does not fit this body.")


def make_url(bot: ChatwootBot, delivery: Delivery) -> str:
    """Return the URL in Chatwoot's API that a reply goes to."""
    conversation = f"accounts/{bot.account_id}/conversations/{delivery.conversation}"
    return f"{bot.url}/api/v1/{conversation}/{_PLACES[delivery.kind]}"


def _hash(path_secret: str) -> str:
    return hashlib.sha256(path_secret.encode()).hexdigest()
