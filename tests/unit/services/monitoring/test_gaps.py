from datetime import timedelta

import pytest

from chatbot.errors import NotFound
from chatbot.services.monitoring.gaps import find_gaps, list_alike
from chatbot.services.review.questions import get_query
from chatbot.storage.database import Database, now
from factories import add_confirmed, add_intent, add_query, make_matcher

MATCHER = make_matcher({"vpn": ["the VPN drops"]})
SHED = (
    "where is the bike shed of this building",
    "where is the bike shed of this building?",
    "Where is the bike shed of this building, please",
)


def test_a_gap_is_a_group_of_unanswered_questions(database: Database) -> None:
    recently = now() - timedelta(days=1)
    with database.write() as session:
        for text in (*SHED, SHED[0].upper()):
            add_query(session, text, asked_at=recently)
        add_query(session, "purple elephants", asked_at=recently)
        (gap,) = find_gaps(session, MATCHER)
        assert gap.size == 4
        assert {text.casefold() for text in gap.examples} == {text.casefold() for text in SHED}
        alike = list_alike(session, MATCHER, gap.centre)
        texts = {get_query(session, each).text for each in alike}
    assert texts == {*SHED, SHED[0].upper()}


def test_what_was_answered_judged_tried_or_is_old_is_no_gap(database: Database) -> None:
    recently = now() - timedelta(days=1)
    with database.write() as session:
        add_intent(session, "vpn")
        add_query(session, SHED[0], asked_at=recently)
        add_query(session, SHED[1], asked_at=recently, decision="answer")
        add_query(session, SHED[1], asked_at=recently, test=True)
        add_query(session, SHED[1], asked_at=recently - timedelta(days=30))
        add_confirmed(session, SHED[2], "vpn", asked_at=recently)
        assert find_gaps(session, MATCHER) == []


def test_without_questions_there_is_no_gap(database: Database) -> None:
    with database.read() as session:
        assert find_gaps(session, MATCHER) == []
        with pytest.raises(NotFound):
            list_alike(session, MATCHER, "f" * 32)
