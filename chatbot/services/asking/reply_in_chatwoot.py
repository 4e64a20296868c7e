"""Answer what a visitor wrote to Chatwoot: match now, and let a worker send the reply.

Matching takes milliseconds and needs the loaded model, so the request that brings the message does
it and stores the reply as rows. Only sending waits for a foreign server, and that is a worker's.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.matching import Decision
from chatbot.domain.redaction import redact
from chatbot.errors import Conflict, InvalidText
from chatbot.matching.live import LiveMatcher
from chatbot.services.asking.ask import Answered, Answerer
from chatbot.services.delivery import events
from chatbot.services.delivery.chatwoot import OPEN, SAY
from chatbot.storage.database import Database
from chatbot.storage.tables import ChatwootBot, Delivery

_PERSON = "*person"  # no intent's name begins with an asterisk


@dataclass(frozen=True)
class Incoming:
    """A visitor's message, or the option that they chose from an earlier one of ours."""

    id: str
    account_id: int
    conversation_id: int
    text: str
    chosen: str | None = None


@dataclass(frozen=True)
class _Step:
    """One call of Chatwoot's API."""

    kind: str
    body: dict[str, object]


def reply(
    database: Database, live: LiveMatcher, answerer: Answerer, bot: ChatwootBot, incoming: Incoming
) -> bool:
    """Queue the reply, once however often the message comes, and return whether this call did it.

    Raises Conflict if the message is of another account, NotReady and ServiceUnavailable.
    """
    if incoming.account_id != bot.account_id:
        raise Conflict(
            f"This bot is of account {bot.account_id}, the message of {incoming.account_id}."
        )
    with database.read() as session:
        if _is_known(session, bot, incoming):
            return False
        chosen = incoming.chosen or _named_option(session, bot, incoming)
    steps = list(_follow(live, bot, chosen) if chosen else _answer(answerer, bot, incoming))
    try:
        with database.write() as session:
            session.add_all(_row(bot, incoming, step) for step in steps)
            if any(step.kind == OPEN for step in steps):
                events.record(session, events.EventKind.HANDOFF_REQUESTED, _describe(bot, incoming))
    except Conflict:  # the same message came twice at the same moment
        return False
    return True


def _answer(answerer: Answerer, bot: ChatwootBot, incoming: Incoming) -> Iterator[_Step]:
    try:
        answered = answerer.ask(incoming.text, _conversation_id(bot, incoming))
    except InvalidText:  # a picture without words, or pages of text: a person will know
        yield from _hand_over(bot)
        return
    if answered.answer is not None:
        yield _say(answered.answer.answer)
    elif answered.decision is Decision.CLARIFY:
        yield _offer(bot, answered)
    else:
        yield from _hand_over(bot)


def _follow(live: LiveMatcher, bot: ChatwootBot, chosen: str) -> Iterator[_Step]:
    card = live.current().intents.get(chosen)
    if card is None:
        yield from _hand_over(bot)
    else:
        yield _say(card.answer)


def _say(text: str) -> _Step:
    return _Step(SAY, {"content": text, "message_type": "outgoing", "private": False})


def _offer(bot: ChatwootBot, answered: Answered) -> _Step:
    items = [
        {"title": answered.intents[candidate.intent].title, "value": candidate.intent}
        for candidate in answered.candidates
    ]
    items.append({"title": bot.person_text, "value": _PERSON})
    options = {"content_type": "input_select", "content_attributes": {"items": items}}
    return _Step(SAY, _say(bot.clarify_text).body | options)


def _hand_over(bot: ChatwootBot) -> Iterator[_Step]:
    yield _say(bot.handoff_text)
    yield _Step(OPEN, {"status": "open"})


def _describe(bot: ChatwootBot, incoming: Incoming) -> dict[str, str]:
    """Describe a hand-over, for whoever wants to be told of it."""
    place = f"accounts/{bot.account_id}/conversations/{incoming.conversation_id}"
    return {
        "channel": "chatwoot",
        "conversation_id": _conversation_id(bot, incoming),
        "question": redact(incoming.text),
        "url": f"{bot.url}/app/{place}",
    }


def _conversation_id(bot: ChatwootBot, incoming: Incoming) -> str:
    return f"chatwoot-{bot.id}-{incoming.conversation_id}"


def _row(bot: ChatwootBot, incoming: Incoming, step: _Step) -> Delivery:
    return Delivery(
        bot_id=bot.id,
        conversation=incoming.conversation_id,
        message_id=_message_id(incoming, step.kind),
        kind=step.kind,
        body=json.dumps(step.body, ensure_ascii=False),
    )


def _message_id(incoming: Incoming, kind: str) -> str:
    return f"{incoming.id}:{kind}"


def _is_known(session: Session, bot: ChatwootBot, incoming: Incoming) -> bool:
    """Every reply begins with a message."""
    first = select(Delivery.id).where(
        Delivery.bot_id == bot.id, Delivery.message_id == _message_id(incoming, SAY)
    )
    return session.scalar(first) is not None


def _named_option(session: Session, bot: ChatwootBot, incoming: Incoming) -> str | None:
    """WhatsApp, Telegram and others send the chosen option back as a message with its title."""
    last = session.scalar(
        select(Delivery.body)
        .where(
            Delivery.bot_id == bot.id,
            Delivery.conversation == incoming.conversation_id,
            Delivery.kind == SAY,
        )
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    said = incoming.text.strip().casefold()
    for item in json.loads(last or "{}").get("content_attributes", {}).get("items", ()):
        if said in (item["title"].casefold(), item["value"]):
            return str(item["value"])
    return None
