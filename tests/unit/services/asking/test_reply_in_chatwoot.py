"""What is queued for Chatwoot; tests/unit/api/test_chatwoot.py has its events and calls."""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.errors import Conflict
from chatbot.services.asking.reply_in_chatwoot import Incoming, reply
from chatbot.services.delivery.chatwoot import OPEN, SAY, create_bot
from chatbot.storage.tables import ChatwootBot, Delivery
from fakes import ANSWERED, UNCLEAR, UNKNOWN

MESSAGE = Incoming("77", account_id=3, conversation_id=1308, text=ANSWERED)


@pytest.fixture
def bot(parts: Parts) -> ChatwootBot:
    with parts.database.write() as session:
        made, _ = create_bot(
            session, "ann", "website", "http://127.0.0.1", 3, "t", private_networks=True
        )
    return made


def send(parts: Parts, bot: ChatwootBot, incoming: Incoming) -> bool:
    return reply(parts.database, parts.live, parts.answerer, bot, incoming)


def queued(parts: Parts) -> list[tuple[str, dict[str, Any]]]:
    with parts.database.read() as session:
        rows = session.scalars(select(Delivery).order_by(Delivery.id))
        return [(row.kind, json.loads(row.body)) for row in rows]


def test_an_answer_is_queued_once_however_often_the_message_comes(
    parts: Parts, bot: ChatwootBot
) -> None:
    assert send(parts, bot, MESSAGE)
    assert not send(parts, bot, MESSAGE)
    [(kind, body)] = queued(parts)
    assert (kind, body["content"]) == (SAY, "Open https://id.example/reset.")


def test_a_message_of_another_account_is_refused_and_leaves_nothing(
    parts: Parts, bot: ChatwootBot
) -> None:
    with pytest.raises(Conflict, match="account 3"):
        send(parts, bot, replace(MESSAGE, account_id=4))
    assert queued(parts) == []


def test_the_last_option_is_a_person_and_its_title_may_come_back_as_text(
    parts: Parts, bot: ChatwootBot
) -> None:
    send(parts, bot, replace(MESSAGE, text=UNCLEAR))
    [(_, offered)] = queued(parts)
    items = offered["content_attributes"]["items"]
    assert items[-1]["title"] == bot.person_text
    send(parts, bot, replace(MESSAGE, id="78", text=f" {bot.person_text.upper()} "))
    assert [kind for kind, _ in queued(parts)] == [SAY, SAY, OPEN]


def test_an_option_of_another_conversation_is_an_ordinary_message(
    parts: Parts, bot: ChatwootBot
) -> None:
    send(parts, bot, replace(MESSAGE, text=UNCLEAR))
    send(parts, bot, replace(MESSAGE, id="78", conversation_id=9, text=bot.person_text))
    last_kind, last = queued(parts)[-1]
    assert (last_kind, last) == (OPEN, {"status": "open"})
    assert queued(parts)[1][1]["content"] == bot.handoff_text


def test_what_nothing_answers_is_handed_over_after_saying_so(
    parts: Parts, bot: ChatwootBot
) -> None:
    send(parts, bot, replace(MESSAGE, text=UNKNOWN))
    assert [kind for kind, _ in queued(parts)] == [SAY, OPEN]
    assert queued(parts)[0][1]["content"] == bot.handoff_text
