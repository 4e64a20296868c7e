"""Thresholds that no longer fit, without a demo; services/beginning/test_demo.py has it gone."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.services.learning.stale_calibration import (
    Outgrown,
    find_outgrown,
    has_intents,
    has_model,
    request_what_is_needed,
)
from chatbot.storage.database import Database
from chatbot.storage.tables import TrainingJob
from factories import add_intent, add_live_version


def fill(session: Session, count: int, name: str = "vpn", enabled: bool = True) -> None:
    add_intent(session, name, *[f"{name} case {n}" for n in range(count)], enabled=enabled)


def requested(session: Session) -> list[str]:
    return list(session.scalars(select(TrainingJob.kind).order_by(TrainingJob.id)))


@pytest.mark.parametrize(("utterances", "fits"), [(8, True), (12, True), (7, False), (13, False)])
def test_a_fifth_more_or_less_still_fits(database: Database, utterances: int, fits: bool) -> None:
    with database.write() as session:
        fill(session, utterances)
        add_live_version(session, kind="untrained", training_rows=10)
        expected = None if fits else Outgrown(10, utterances)
        assert find_outgrown(session) == expected
        assert request_what_is_needed(session, "ann") is not fits
        assert requested(session) == ([] if fits else ["untrained"])


def test_a_trained_version_is_the_nights_business(database: Database) -> None:
    with database.write() as session:
        fill(session, 100)
        add_live_version(session, kind="train", training_rows=10)
        assert find_outgrown(session) is None
        assert not request_what_is_needed(session, "ann")


def test_drafts_do_not_count(database: Database) -> None:
    with database.write() as session:
        fill(session, 10)
        fill(session, 100, "draft", enabled=False)
        add_live_version(session, kind="untrained", training_rows=10)
        assert find_outgrown(session) is None


def test_a_first_model_is_trained_after_it_is_made(database: Database) -> None:
    with database.write() as session:
        fill(session, 3)
        assert not has_model(session)
        assert find_outgrown(session) is None
        assert request_what_is_needed(session, "ann")
        assert requested(session) == ["untrained", "train"]


def test_with_nothing_to_answer_nothing_is_needed(database: Database) -> None:
    with database.write() as session:
        assert not has_intents(session)
        fill(session, 3, enabled=False)
        assert has_intents(session)
        assert not has_intents(session, enabled_only=True)
        assert not request_what_is_needed(session, "ann")
        assert requested(session) == []
