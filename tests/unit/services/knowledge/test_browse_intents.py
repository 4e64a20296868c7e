from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from chatbot.domain.matching import Decision
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.browse_intents import PAGE, Order, Wanted, browse, list_topics
from chatbot.services.knowledge.intent_health import PERIOD
from chatbot.storage.database import Database, now
from factories import add_confirmed, add_intent, add_query


def first(*intents: str) -> dict[str, Any]:
    """A question of today that was answered with the first of these candidates."""
    candidates = [{"intent": intent, "probability": 0.5} for intent in intents]
    return {"candidates": candidates, "asked_at": now(), "decision": Decision.ANSWER.value}


def names(session: Session, **wanted: Any) -> list[str]:
    return [row.intent.name for row in browse(session, Wanted(**wanted)).rows]


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["fax", "vpn", "wifi"]),
        ({"text": "TITLE vpn"}, ["vpn"]),
        ({"text": "tunnel  BROKEN"}, ["vpn"]),
        ({"text": "100%"}, ["wifi"]),
        ({"text": "%"}, ["wifi"]),
        ({"text": "network"}, ["wifi"]),
        ({"text": "nothing has this"}, []),
        ({"text": " \x00 "}, ["fax", "vpn", "wifi"]),
        ({"topic": "Network"}, ["wifi"]),
        ({"topic": "Netw"}, []),
        ({"enabled": False}, ["fax"]),
        ({"enabled": True, "text": "title"}, ["vpn", "wifi"]),
    ],
)
def test_intents_are_found_by_words_topic_and_state(
    database: Database, wanted: dict[str, object], found: list[str]
) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "my tunnel broken again", "VPN down")
        add_intent(session, "wifi", "wifi at 100% loss")
        add_intent(session, "fax", enabled=False)
        edit_faq.change_intent(session, "ann", "wifi", {"topic": "Network"})
        session.flush()
        assert names(session, **wanted) == found
        assert list_topics(session) == ["Network"]


def test_intents_come_in_the_order_asked_for(database: Database) -> None:
    with database.write() as session:
        for name in ("a", "b", "c", "d"):
            add_intent(session, name)
        add_query(session, "1", **first("b"))
        add_query(session, "2", **first("b"))
        add_query(session, "3", **first("a") | {"asked_at": now() - PERIOD * 2})
        add_confirmed(session, "4", "a", **first("c"))
        assert names(session) == ["a", "b", "c", "d"]
        assert names(session, order=Order.ASKED) == ["b", "c", "a", "d"]
        assert names(session, order=Order.WRONG) == ["c", "a", "b", "d"]
        assert names(session, order=Order.UNUSED)[:2] == ["d", "a"]


def test_pages_hold_everything_once_and_the_last_one_stands_for_those_behind_it(
    database: Database,
) -> None:
    with database.write() as session:
        for number in range(PAGE + 3):
            add_intent(session, f"i{number:03}")
        one, two = (browse(session, Wanted(page=number)) for number in (1, 2))
        beyond, before = browse(session, Wanted(page=999)), browse(session, Wanted(page=-1))
    assert (one.total, one.pages, len(one.rows), len(two.rows)) == (PAGE + 3, 2, PAGE, 3)
    seen = [row.intent.name for row in (*one.rows, *two.rows)]
    assert len(set(seen)) == PAGE + 3
    assert (beyond.number, before.number) == (2, 1)


def test_a_page_costs_as_many_statements_for_one_intent_as_for_many(database: Database) -> None:
    costs = []
    for number in range(3):
        with database.write() as session:
            for each in range(number * 10 + 1):
                add_intent(session, f"i{number}-{each}", f"text {number} {each}")
                add_confirmed(session, f"q {number} {each}", None, **first(f"i{number}-{each}"))
        with database.read() as session, counted(database) as statements:
            assert browse(session, Wanted(order=Order.WRONG)).rows[0].utterances == 1
        costs.append(len(statements))
    assert costs[0] == costs[1] == costs[2] <= 6


def test_an_empty_faq_has_one_empty_page(database: Database) -> None:
    with database.read() as session:
        page = browse(session, Wanted())
    assert (page.rows, page.total, page.number, page.pages) == ([], 0, 1, 1)
