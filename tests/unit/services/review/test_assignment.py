import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from chatbot.errors import NotFound
from chatbot.services.review import assignment, confirm
from chatbot.services.review.questions import Filters
from chatbot.settings import Settings
from chatbot.storage.database import Database, now
from chatbot.storage.tables import ReviewTurn
from factories import add_confirmed, add_intent, add_query, make_matcher


def take(database: Database, agent: str, filters: Filters | None = None) -> str | None:
    with database.write() as session:
        taken = assignment.take(session, agent, filters or Filters())
        return taken.text if taken else None


def skip(database: Database, agent: str, text: str) -> None:
    with database.write() as session:
        found = assignment.take(session, agent, Filters(text=text))
        assert found is not None
        assignment.skip(session, agent, found.id)


@pytest.fixture
def three(database: Database) -> Database:
    """“first” is the most useful, then “second”, “third”."""
    with database.write() as session:
        for text, usefulness in (("third", 0.1), ("first", 0.9), ("second", 0.5)):
            add_query(session, text, usefulness=usefulness)
    return database


def test_the_most_useful_comes_first_and_stays_until_it_is_judged(three: Database) -> None:
    assert take(three, "ann") == take(three, "ann") == "first"


def test_no_two_agents_get_the_same_question(three: Database) -> None:
    assert [take(three, agent) for agent in ("ann", "bob", "eve")] == ["first", "second", "third"]
    assert take(three, "zoe") is None
    assert take(three, "ann") == "first"


def test_agents_who_ask_at_the_same_moment_get_different_questions(database: Database) -> None:
    with database.write() as session:
        for number in range(8):
            add_query(session, f"question {number}")
    taken: list[str | None] = []
    start = threading.Barrier(8)

    def work(agent: str) -> None:
        start.wait()
        taken.append(take(database, agent))

    threads = [threading.Thread(target=work, args=(f"agent {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == 8
    assert None not in taken


def test_what_somebody_leaves_open_comes_back(three: Database) -> None:
    take(three, "ann")
    with three.write() as session:
        session.execute(update(ReviewTurn).values(until=now() - timedelta(seconds=1)))
    assert take(three, "bob") == "first"
    assert take(three, "ann") == "second"


def test_a_skipped_question_is_left_to_others(three: Database) -> None:
    skip(three, "ann", "first")
    assert take(three, "ann") == "second"
    assert take(three, "bob") == "first"


def test_filters_hold(three: Database) -> None:
    assert take(three, "ann", Filters(text="third")) == "third"
    assert take(three, "ann", Filters(text="nothing")) is None


def test_tests_and_judged_questions_are_never_given(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
        add_query(session, "a test", test=True)
        add_confirmed(session, "judged", "vpn")
    assert take(database, "ann") is None


def test_an_unknown_question_cannot_be_taken_or_skipped(database: Database) -> None:
    with database.write() as session:
        for what in (assignment.reserve, assignment.skip):
            with pytest.raises(NotFound):
                what(session, "ann", "f" * 32)


def test_those_alike_are_waiting_nobody_elses_and_the_likest_first(database: Database) -> None:
    matcher = make_matcher({"vpn": ["the VPN drops"]})
    with database.write() as session:
        add_intent(session, "vpn")
        asked = add_query(session, "my printer prints blank pages")
        add_query(session, "My  printer prints blank pages")
        add_query(session, "the printer prints blank pages")
        add_query(session, "purple elephants")
        add_confirmed(session, "my printer prints blank pages again", "vpn")
        other = add_query(session, "my printer prints two blank pages")
        assignment.reserve(session, "bob", other.id)
        add_query(session, "my printer prints blank pages", sample_share=0.02)
        alike = assignment.list_alike(session, matcher, asked, "ann")
    assert [(a.query.text, a.same) for a in alike] == [
        ("My  printer prints blank pages", True),
        ("the printer prints blank pages", False),
    ]


def test_a_conversation_is_shown_as_it_came(database: Database) -> None:
    with database.write() as session:
        texts = ("hello", "my invoice", "from last month")
        queries = [add_query(session, text, conversation_id="c") for text in texts]
        alone = add_query(session, "alone")
        for number in range(9):
            queries.append(add_query(session, f"more {number}", conversation_id="c"))
        before, after = assignment.list_conversation(session, queries[1])
        assert [q.text for q in before] == ["hello"]
        assert [q.text for q in after] == ["from last month", "more 0"]
        assert [len(part) for part in assignment.list_conversation(session, queries[-1])] == [5, 0]
        assert assignment.list_conversation(session, alone) == ([], [])


def test_progress_counts_ones_own_verdicts_of_today(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
        ids = [add_query(session, f"question {n}").id for n in range(4)]
        for query_id, agent in zip(ids, ("ann", "ann", "bob"), strict=False):
            confirm.confirm(session, query_id, "vpn", agent, Settings())
        assert assignment.count_judged_today(session, "ann") == 2
        assert assignment.count_waiting(session, Filters()) == 1
        assert [q.id for q in assignment.list_judged(session, "ann", 5)] == [ids[1], ids[0]]
