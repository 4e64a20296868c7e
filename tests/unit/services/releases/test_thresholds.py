"""Changes of thresholds as rows; services/monitoring/test_adapt.py finds them in traffic."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.adaptation import Adapted, Promise
from chatbot.domain.proportion import Share
from chatbot.errors import Conflict
from chatbot.services.knowledge.edit_faq import current_revision
from chatbot.services.releases import thresholds
from chatbot.storage.database import Database
from chatbot.storage.tables import AuditEvent
from factories import add_live_version
from fakes import CALIBRATION

CAREFUL = replace(CALIBRATION, answer_at=0.9)
ADAPTED = Adapted(
    calibration=CAREFUL,
    before=CALIBRATION,
    uncovered=0.6,
    questions=120,
    verdicts=0,
    wrong=Share.counted(0, 0),
    state=Promise.ASSUMED,
    answered=0.2,
    answered_before=0.4,
    changed=0.2,
)


@pytest.fixture
def version(database: Database) -> int:
    with database.write() as session:
        return add_live_version(session).id


def take_up(session: Session, version: int, adapted: Adapted = ADAPTED) -> bool:
    return thresholds.take_up(session, version, adapted, promise=0.1) is not None


def test_a_version_decides_by_its_own_until_a_change(database: Database, version: int) -> None:
    with database.write() as session:
        assert thresholds.read_in_force(session, version) is None
        before = current_revision(session)
        assert take_up(session, version)
        assert thresholds.read_in_force(session, version) == CAREFUL
        assert current_revision(session) == before + 1


def test_what_follows_from_other_thresholds_than_are_in_force_is_dropped(
    database: Database, version: int
) -> None:
    with database.write() as session:
        assert take_up(session, version)
        assert not take_up(session, version)
        assert take_up(session, version, replace(ADAPTED, before=CAREFUL, calibration=CALIBRATION))
        assert thresholds.read_in_force(session, version) == CALIBRATION


def test_a_version_that_is_not_live_any_more_gets_none(database: Database, version: int) -> None:
    with database.write() as session:
        other = add_live_version(session).id
        assert not take_up(session, version)
        assert take_up(session, other)
        assert thresholds.read_in_force(session, version) is None


def test_an_undo_goes_back_one_change_and_holds_there(database: Database, version: int) -> None:
    with database.write() as session:
        take_up(session, version)
        take_up(session, version, replace(ADAPTED, before=CAREFUL, calibration=CALIBRATION))
        before = current_revision(session)
        thresholds.act(session, "revert", "ann", "too bold")
        assert thresholds.read_in_force(session, version) == CAREFUL
        assert thresholds.is_held(session, version)
        assert current_revision(session) == before + 1
        assert not take_up(session, version, replace(ADAPTED, before=CAREFUL))


def test_a_hold_leaves_what_is_and_ends_once(database: Database, version: int) -> None:
    with database.write() as session:
        take_up(session, version)
        thresholds.act(session, "hold", "ann", "a fair is on")
        assert thresholds.read_in_force(session, version) == CAREFUL
        with pytest.raises(Conflict, match="on hold already"):
            thresholds.act(session, "hold", "ann", "again")
        thresholds.act(session, "release", "ann", "it is over")
        assert take_up(session, version, replace(ADAPTED, before=CAREFUL, calibration=CALIBRATION))
        with pytest.raises(Conflict, match="not on hold"):
            thresholds.act(session, "release", "ann", "again")


def test_another_version_is_not_held(database: Database, version: int) -> None:
    with database.write() as session:
        thresholds.act(session, "hold", "ann", "a fair is on")
        other = add_live_version(session).id
        assert not thresholds.is_held(session, other)
        assert take_up(session, other)


@pytest.mark.parametrize("action", ["revert", "hold", "release"])
def test_without_a_model_there_is_nothing_to_act_on(
    database: Database, action: thresholds.Action
) -> None:
    with database.write() as session, pytest.raises(Conflict, match="no model yet"):
        thresholds.act(session, action, "ann", "why not")


def test_the_trail_says_who_did_what_and_the_newest_change_comes_first(
    database: Database, version: int
) -> None:
    with database.write() as session:
        take_up(session, version)
        thresholds.act(session, "revert", "ann", "too careful")
        reasons = [row.reason for row in thresholds.list_changes(session, 10)]
        assert reasons == ["Reverted: too careful", ADAPTED.explain(0.1)]
        trail = select(AuditEvent.actor, AuditEvent.action).where(
            AuditEvent.action.startswith("thresholds.")
        )
        assert [tuple(row) for row in session.execute(trail.order_by(AuditEvent.id))] == [
            ("system", "thresholds.adapt"),
            ("ann", "thresholds.revert"),
        ]
