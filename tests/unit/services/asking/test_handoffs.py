import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from chatbot.errors import NotFound
from chatbot.services.access import audit
from chatbot.services.asking import handoffs, sites
from chatbot.services.delivery import events, webhooks
from chatbot.settings import Settings
from chatbot.storage.database import Database
from chatbot.storage.tables import Delivery, Handoff
from factories import add_query

TALK = "talk-1"


def request(
    database: Database, message: str = "", email: str = "ann@example.org", talk: str = TALK
) -> int:
    with database.write() as session:
        return handoffs.request_handoff(session, talk, email, message, None).id


def read(database: Database, handoff_id: int) -> Handoff:
    with database.read() as session:
        return handoffs.get_handoff(session, handoff_id)


def count_events(database: Database) -> int:
    with database.read() as session:
        events = audit.list_events(session, None, 100)
    return len([event for event in events if event.action == "handoff.request"])


def test_repeating_it_changes_nothing_and_tells_nobody_twice(database: Database) -> None:
    first = request(database, "hello")
    before = read(database, first).requested_at
    assert request(database, "hello") == first
    assert request(database, "") == first
    after = read(database, first)
    assert (after.message, after.requested_at) == ("hello", before)
    assert count_events(database) == 1


def test_another_message_is_added(database: Database) -> None:
    first = request(database, "hello")
    assert request(database, "hell") == first
    assert read(database, first).message == "hello\n\nhell"
    assert count_events(database) == 2


def test_messages_do_not_grow_without_end(database: Database) -> None:
    for number in range(20):
        first = request(database, f"{number}" * handoffs.MAX_MESSAGE_CHARS)
    assert len(read(database, first).message) == 5 * handoffs.MAX_MESSAGE_CHARS


def test_another_address_never_replaces_the_first(database: Database) -> None:
    first = request(database)
    other = request(database, email="eve@example.org")
    assert other != first
    assert read(database, first).email == "ann@example.org"


def test_those_that_come_at_once_are_one(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: request(database, "hello"), range(16)))
    assert len(set(ids)) == 1


def test_the_transcript_is_what_was_asked_in_the_conversation(database: Database) -> None:
    with database.write() as session:
        add_query(session, "first", conversation_id=TALK)
        add_query(session, "noise", conversation_id="another")
        add_query(session, "noise")
        add_query(session, "second", conversation_id=TALK)
    with database.read() as session:
        lines = handoffs.read_transcript(session, TALK)
    assert [line.text for line in lines] == ["first", "second"]


def test_webhooks_are_told_whom_to_answer_and_what_was_asked(database: Database) -> None:
    with database.write() as session:
        kinds = [events.EventKind.HANDOFF_REQUESTED]
        webhooks.create_webhook(session, "ann", "https://example.org/hook", kinds, Settings())
        add_query(session, "where is my invoice", conversation_id=TALK)

    request(database, "it is urgent")
    request(database, "it is urgent")

    with database.read() as session:
        [delivery] = session.scalars(select(Delivery))
    assert json.loads(delivery.body)["data"] == {
        "channel": "web",
        "conversation_id": TALK,
        "email": "ann@example.org",
        "message": "it is urgent",
        "transcript": [{"text": "where is my invoice", "decision": "handoff", "intent": None}],
    }


def test_a_closed_one_opens_again_when_the_visitor_asks_again(database: Database) -> None:
    first = request(database)
    with database.write() as session:
        handoffs.close_handoff(session, "agent", first)
        handoffs.close_handoff(session, "another agent", first)
    assert read(database, first).closed_by == "agent"
    assert request(database) == first
    assert read(database, first).closed_at is None
    assert count_events(database) == 2


def test_they_are_listed_by_state_newest_first_in_pages(database: Database) -> None:
    ids = [request(database, talk=f"talk-{number}") for number in range(5)]
    with database.write() as session:
        handoffs.close_handoff(session, "agent", ids[2])
    with database.read() as session:
        page = handoffs.list_handoffs(session, is_open=True, before=None, limit=2)
        rest = handoffs.list_handoffs(session, is_open=True, before=page[-1].id, limit=9)
        closed = handoffs.list_handoffs(session, is_open=False, before=None, limit=9)
    assert [row.id for row in page] == [ids[4], ids[3]]
    assert [row.id for row in rest] == [ids[1], ids[0]]
    assert [row.id for row in closed] == [ids[2]]
    with database.write() as session:
        assert handoffs.reopen_handoff(session, "agent", ids[2]).closed_by is None


def test_erasing_leaves_no_address_anywhere(database: Database) -> None:
    with database.write() as session:
        key = sites.create_site(session, "admin", "Shop", ["self"]).key
        add_query(session, "asked", conversation_id=TALK)
    with database.write() as session:
        made = handoffs.request_handoff(session, TALK, "ann@example.org", "hello", key).id
    with database.write() as session:
        handoffs.delete_handoff(session, "admin", made)
    with database.read() as session, pytest.raises(NotFound):
        handoffs.get_handoff(session, made)
    with database.read() as session:
        assert [line.text for line in handoffs.read_transcript(session, TALK)] == ["asked"]
        trail = audit.list_events(session, None, 100)
        assert "ann@example.org" not in repr([(e.actor, e.subject, e.detail) for e in trail])
    with database.write() as session, pytest.raises(NotFound):
        handoffs.delete_handoff(session, "admin", made)
