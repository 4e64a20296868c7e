from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from chatbot.domain.matching import Decision
from chatbot.services.monitoring.daily_counts import WINDOW
from chatbot.services.monitoring.live_accuracy import LiveAccuracy, read_live_accuracy
from chatbot.services.review.questions import give_feedback
from chatbot.storage.database import Database, now
from factories import add_confirmed, add_intent, add_query

VPN = [{"intent": "vpn", "probability": 0.9}]


def add(
    session: Session,
    meant: str | None,
    decision: Decision = Decision.ANSWER,
    share: float | None = 0.02,
    **changes: Any,
) -> None:
    add_confirmed(
        session,
        "a question",
        meant,
        decision=decision.value,
        candidates=VPN,
        sample_share=share,
        **{"asked_at": now(), **changes},
    )


def read(database: Database) -> LiveAccuracy:
    with database.read() as session:
        return read_live_accuracy(session)


@pytest.fixture(autouse=True)
def faq(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "the VPN is down")
        add_intent(session, "leave", "a day off")


def test_only_what_was_drawn_and_judged_lately_counts(database: Database) -> None:
    with database.write() as session:
        add(session, "vpn")
        add(session, "leave")
        add(session, "leave", share=None)
        add(session, "leave", test=True)
        add(session, "leave", asked_at=now() - WINDOW - timedelta(hours=1))
        add_query(session, asked_at=now(), sample_share=0.02)
    found = read(database)
    assert (found.drawn, found.judged) == (3, 2)
    assert found.right.value == pytest.approx(0.5)
    assert (found.wrong_answers.value, found.wrong_answers.of) == pytest.approx((0.5, 2))


def test_a_handover_counts_for_accuracy_but_not_among_the_answers(database: Database) -> None:
    with database.write() as session:
        add(session, None, Decision.HANDOFF)
        add(session, "vpn", Decision.HANDOFF)
    found = read(database)
    assert found.right.value == pytest.approx(0.5)
    assert found.wrong_answers.of == 0


def test_rows_of_another_share_weigh_what_they_stand_for(database: Database) -> None:
    with database.write() as session:
        add(session, "vpn", share=0.01)
        add(session, "leave", share=0.1)
    assert read(database).right.value == pytest.approx(100 / 110)


def test_nothing_drawn_says_nothing(database: Database) -> None:
    found = read(database)
    assert (found.drawn, found.judged, found.right.low, found.right.high) == (0, 0, 0.0, 1.0)
    assert not found.breaks(0.1)


def test_the_promise_is_broken_only_beyond_chance(database: Database) -> None:
    with database.write() as session:
        for place in range(40):
            add(session, "leave" if place < 20 else "vpn")
    assert read(database).breaks(0.1)
    assert not read(database).breaks(0.45)


def test_a_thumb_does_not_move_what_was_drawn_at_random(database: Database) -> None:
    """Or what visitors dislike would be judged first, and the sample were none any more."""
    with database.write() as session:
        drawn = add_query(session, sample_share=0.02, usefulness=0.61)
        other = add_query(session, usefulness=0.3)
        for query in (drawn, other):
            give_feedback(session, query.id, helpful=False)
        assert (drawn.usefulness, other.usefulness) == (0.61, 1.0)
