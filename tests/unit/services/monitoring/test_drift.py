from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from chatbot.domain.drift import LEAST
from chatbot.domain.matching import Decision
from chatbot.services.monitoring.drift import measure_drift
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Release
from factories import add_live_version, add_query, add_version

Rows = list[dict[str, object]]


def questions(score: float = 0.9, handed_over: float = 0.1, text: str = "how do I do it") -> Rows:
    """LEAST of them; scores vary a little around `score`."""
    return [
        {
            "text": text,
            "decision": Decision.HANDOFF if place < handed_over * LEAST else Decision.ANSWER,
            "candidates": [{"intent": "vpn", "probability": score + place % 10 / 100}],
        }
        for place in range(LEAST)
    ]


class Life:
    """A version that has been live for 30 days."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.version = add_live_version(session).id
            session.execute(update(Release).values(released_at=now() - timedelta(days=30)))

    def ask(self, rows: Rows, days_ago: float, **changes: Any) -> None:
        with self.database.write() as session:
            for place, row in enumerate(rows):
                moment = now() - timedelta(days=days_ago) + timedelta(seconds=place)
                values: dict[str, Any] = (
                    {"model_version": self.version, "asked_at": moment} | row | changes
                )
                add_query(session, **values)

    def alarms(self) -> set[str]:
        with self.database.read() as session:
            return {shift.figure for shift in measure_drift(session).alarms}


@pytest.fixture
def life(database: Database, monkeypatch: pytest.MonkeyPatch) -> Life:
    monkeypatch.setattr("chatbot.services.monitoring.drift.MOST", LEAST)
    life = Life(database)
    life.ask(questions(), days_ago=29)
    return life


def test_the_same_questions_are_no_drift(life: Life) -> None:
    life.ask(questions(), days_ago=2)
    assert life.alarms() == set()
    with life.database.read() as session:
        drift = measure_drift(session)
    assert (drift.version, drift.reference, drift.recent) == (life.version, LEAST, LEAST)
    figures = {shift.figure: (shift.before, shift.after) for shift in drift.shifts}
    assert figures["handed_over"] == pytest.approx((0.1, 0.1))
    assert figures["length"] == pytest.approx((14, 14))
    assert figures["language"] == (1.0, 1.0)


@pytest.mark.parametrize(
    ("changed", "figures"),
    [
        (questions(score=0.5), {"score"}),
        (questions(handed_over=0.5), {"handed_over"}),
        (questions(text="how do I " + "really " * 30), {"length"}),
        (questions(text="wie mach ich das"), {"language", "length"}),
    ],
    ids=["score", "handed over", "length", "language"],
)
def test_each_shift_is_named(life: Life, changed: Rows, figures: set[str]) -> None:
    life.ask(changed, days_ago=2)
    assert life.alarms() == figures


def test_only_the_last_days_and_this_version_and_no_trials_count(life: Life) -> None:
    odd = questions(score=0.2, handed_over=1.0)
    life.ask(questions(), days_ago=3)
    life.ask(odd, days_ago=12)
    life.ask(odd, days_ago=1, test=True)
    with life.database.write() as session:
        other = add_version(session).id
    life.ask(odd, days_ago=1, model_version=other)
    assert life.alarms() == set()


def test_too_few_questions_are_not_compared(life: Life) -> None:
    life.ask(questions(score=0.1)[:-1], days_ago=2)
    with life.database.read() as session:
        drift = measure_drift(session)
    assert (drift.reference, drift.recent, list(drift.shifts)) == (LEAST, LEAST - 1, [])


def test_before_the_first_model_there_is_nothing_to_measure(database: Database) -> None:
    with database.read() as session:
        drift = measure_drift(session)
    assert (drift.version, drift.reference, list(drift.shifts)) == (None, 0, [])
