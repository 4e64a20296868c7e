from typing import Any

import pytest

from chatbot.domain.holdout import Purpose
from chatbot.errors import NotFound
from chatbot.services.review.questions import Filters, get_query, give_feedback, list_queries
from chatbot.storage.database import Database
from factories import add_confirmed, add_intent, add_query

ANY = Filters(reviewed=None, test=None)


def all_pages(database: Database, filters: Filters, limit: int) -> list[str]:
    seen: list[str] = []
    after = None
    while True:
        with database.read() as session:
            page, after = list_queries(session, filters, after, limit)
        assert len(page) <= limit
        seen += [query.id for query in page]
        if after is None:
            return seen


@pytest.mark.parametrize("limit", [1, 2, 5, 20, 100])
def test_pages_leave_no_query_out_and_show_none_twice(database: Database, limit: int) -> None:
    with database.write() as session:
        for i in range(20):
            add_query(session, f"question {i}", usefulness=[0.1, 0.3, 0.1 + 0.2][i % 3])
    ids = all_pages(database, Filters(), limit)
    assert len(ids) == len(set(ids)) == 20
    assert ids == all_pages(database, Filters(), 1000)


def test_the_most_useful_come_first(database: Database) -> None:
    with database.write() as session:
        for usefulness in (0.2, 1.0, 0.0, 0.7):
            add_query(session, usefulness=usefulness)
        page, _ = list_queries(session, Filters(), None, 3)
    assert [query.usefulness for query in page] == [1.0, 0.7, 0.2]


def test_a_query_that_is_reviewed_between_two_pages_disturbs_neither(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
        ids = [add_query(session, usefulness=0.5).id for _ in range(6)]
        first, after = list_queries(session, Filters(), None, 3)
        seen = [query.id for query in first]
        add_confirmed(session, "noise", "vpn", usefulness=0.5)
        session.delete(first[1])
        session.flush()
        second, after = list_queries(session, Filters(), after, 3)
    assert after is None
    assert sorted(seen + [query.id for query in second]) == sorted(ids)


def test_there_is_no_page_without_queries(database: Database) -> None:
    with database.read() as session:
        assert list_queries(session, Filters(), None, 10) == ([], None)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        pytest.param(
            Filters(), {"plain", "answered", "down", "up", "talk", "100%"}, id="by-default"
        ),
        pytest.param(Filters(reviewed=True), {"vpn", "none"}, id="reviewed"),
        pytest.param(Filters(reviewed=None, test=True), {"test"}, id="tests"),
        pytest.param(Filters(decision="answer"), {"answered"}, id="decision"),
        pytest.param(Filters(helpful=False), {"down"}, id="thumbs-down"),
        pytest.param(Filters(helpful=True), {"up"}, id="thumbs-up"),
        pytest.param(Filters(reviewed=None, intent="vpn"), {"vpn"}, id="confirmed-intent"),
        pytest.param(Filters(reviewed=None, intent="pizza"), set(), id="unknown-intent"),
        pytest.param(Filters(conversation_id="c-1"), {"talk"}, id="conversation"),
        pytest.param(Filters(text="PLAI"), {"plain"}, id="text-in-any-case"),
        pytest.param(Filters(text="0%"), {"100%"}, id="text-with-a-wildcard"),
        pytest.param(Filters(text="_"), set(), id="text-with-another-wildcard"),
        pytest.param(Filters(text="dow", helpful=True), set(), id="all-must-hold"),
        pytest.param(
            ANY,
            {"plain", "answered", "down", "up", "talk", "100%", "vpn", "none", "test"},
            id="any",
        ),
    ],
)
def test_filters_leave_only_what_they_name(
    database: Database, filters: Filters, found: set[str]
) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
        add_query(session, "plain")
        add_query(session, "answered", decision="answer")
        add_query(session, "down", helpful=False)
        add_query(session, "up", helpful=True)
        add_query(session, "talk", conversation_id="c-1")
        add_query(session, "100%", conversation_id="c-2")
        add_query(session, "test", test=True)
        add_confirmed(session, "vpn", "vpn", Purpose.HELD_OUT)
        add_confirmed(session, "none", None)
        page, _ = list_queries(session, filters, None, 100)
        assert {query.text for query in page} == found


def test_text_is_found_in_any_case_of_any_language(database: Database) -> None:
    with database.write() as session:
        add_query(session, "\u00c4RGER mit dem VPN")
        page, _ = list_queries(session, Filters(text="\u00e4rger"), None, 10)
        assert len(page) == 1


def test_an_unknown_query_is_named(database: Database) -> None:
    with database.read() as session, pytest.raises(NotFound, match="no query nothing"):
        get_query(session, "nothing")


def test_thumbs_down_brings_a_query_up(database: Database) -> None:
    with database.write() as session:
        query = add_query(session, usefulness=0.1)
        other = add_query(session, usefulness=0.9)
        give_feedback(session, query.id, helpful=False)
        page, _ = list_queries(session, Filters(), None, 1)
        assert page[0].id == query.id
        assert query.feedback_at is not None
        assert (other.helpful, other.usefulness) == (None, 0.9)


def test_a_later_thumb_replaces_the_first_and_what_it_did_to_the_order(database: Database) -> None:
    with database.write() as session:
        uncertain: dict[str, Any] = {
            "candidates": [{"intent": "vpn", "probability": 0.9}],
            "usefulness": 0.4,
        }
        query = add_query(session, decision="handoff", **uncertain)
        assert give_feedback(session, query.id, helpful=True).usefulness == pytest.approx(0.36)
        first = query.feedback_at
        give_feedback(session, query.id, helpful=True)
        assert query.feedback_at == first
        assert give_feedback(session, query.id, helpful=False).usefulness == 1.0
        assert query.feedback_at != first
        assert give_feedback(session, query.id, helpful=True).usefulness == pytest.approx(0.36)


def test_a_test_query_is_not_brought_up(database: Database) -> None:
    with database.write() as session:
        query = add_query(session, test=True, usefulness=0.0)
        assert give_feedback(session, query.id, helpful=False).usefulness == 0.0


def test_a_thumb_for_an_unknown_query_is_refused(database: Database) -> None:
    with database.write() as session, pytest.raises(NotFound):
        give_feedback(session, "nothing", helpful=True)
