"""Real rows, a real matcher with the encoder of `fakes`, and its calibration."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from chatbot.bootstrap import Parts
from chatbot.domain.adaptation import Adapted, Promise
from chatbot.domain.matching import Calibration
from chatbot.domain.proportion import Share
from chatbot.domain.quarantine import Standing
from chatbot.errors import Conflict
from chatbot.services.monitoring.adapt import Adapter
from chatbot.services.releases import release, thresholds
from chatbot.storage.database import now
from chatbot.storage.tables import AuditEvent, CalibrationChange
from factories import add_confirmed, add_query, add_version
from fakes import ANSWERED, CALIBRATION

NEAR = "please reset my password number {}"
FAR = "purple elephants over the hill {}"


def ask(parts: Parts, pattern: str, count: int, **changes: object) -> None:
    with parts.database.write() as session:
        for number in range(count):
            add_query(session, pattern.format(number), asked_at=now(), **changes)


def judge(parts: Parts, pattern: str, count: int, meant: str | None, share: float | None) -> None:
    with parts.database.write() as session:
        for number in range(count):
            text = pattern.format(f"{number} judged")
            asked: dict[str, Any] = {"asked_at": now(), "sample_share": share}
            # Verdicts that do not vote: otherwise the bot had learnt from them what they judge.
            add_confirmed(session, text, meant, standing=Standing.TURN, **asked)


def adapter(parts: Parts) -> Adapter:
    return Adapter(parts.database, parts.models, parts.settings)


def in_force(parts: Parts) -> Calibration | None:
    with parts.database.read() as session:
        return thresholds.read_in_force(session, 1)


def count(parts: Parts) -> int:
    with parts.database.read() as session:
        return session.scalar(select(func.count()).select_from(CalibrationChange)) or 0


@pytest.fixture
def adapted(parts: Parts) -> Calibration:
    ask(parts, FAR, 120)
    ask(parts, NEAR, 10)
    assert adapter(parts).run()
    found = in_force(parts)
    assert found is not None
    return found


def test_where_much_is_not_covered_the_bot_is_more_careful(
    parts: Parts, adapted: Calibration
) -> None:
    assert adapted.bias < CALIBRATION.bias
    with parts.database.read() as session:
        row = session.scalars(select(CalibrationChange)).one()
        event = session.scalars(select(AuditEvent).where(AuditEvent.subject == "1")).all()[-1]
    assert row.uncovered is not None
    assert row.uncovered > 0.6
    assert (row.questions, row.verdicts, row.state) == (130, 0, Promise.ASSUMED)
    assert "assumed" in row.reason
    assert (event.actor, event.action) == ("system", "thresholds.adapt")


def test_a_web_process_takes_it_up_and_gives_it_back(parts: Parts, adapted: Calibration) -> None:
    before = parts.live.current()
    assert before.calibration == CALIBRATION
    parts.live.refresh()
    assert parts.live.current().calibration == adapted
    assert parts.live.current().version == before.version
    with parts.database.write() as session:
        thresholds.revert(session, "ann", "it hands over too much")
    parts.live.refresh()
    assert parts.live.current().calibration == CALIBRATION


def test_a_process_that_starts_later_has_it_as_well(parts: Parts, adapted: Calibration) -> None:
    assert parts.models.open_version().calibration == adapted


def test_after_an_undo_nothing_changes_until_released(parts: Parts, adapted: Calibration) -> None:
    with parts.database.write() as session:
        thresholds.revert(session, "ann", "a test")
    ask(parts, FAR, 60)
    assert not adapter(parts).run()
    assert in_force(parts) is None
    with parts.database.write() as session:
        thresholds.resume(session, "ann", "a test")
    assert adapter(parts).run()
    assert in_force(parts) is not None


def test_on_hold_what_is_in_force_stays(parts: Parts, adapted: Calibration) -> None:
    with parts.database.write() as session:
        thresholds.hold(session, "ann", "a fair is on")
    with parts.database.write() as session, pytest.raises(Conflict):
        thresholds.hold(session, "ann", "again")
    assert in_force(parts) == adapted
    assert not adapter(parts).run()


def test_another_version_begins_with_its_own(parts: Parts, adapted: Calibration) -> None:
    with parts.database.write() as session:
        thresholds.hold(session, "ann", "a test")
        version = add_version(session)
        release.promote(session, version.id, "ann", "for a test")
        assert thresholds.read_in_force(session, version.id) is None
        assert not thresholds.is_held(session, version.id)


def test_what_is_settled_is_left_alone(parts: Parts, adapted: Calibration) -> None:
    runs = adapter(parts)
    while runs.run():
        assert count(parts) < 20
    rows = count(parts)
    assert not runs.run()
    assert not adapter(parts).run()
    assert count(parts) == rows


@pytest.mark.parametrize("changes", [{"test": True}, {"exact": True}])
def test_trials_and_known_words_say_nothing(parts: Parts, changes: dict[str, object]) -> None:
    ask(parts, FAR, 120, **changes)
    assert not adapter(parts).run()


def test_a_few_questions_change_nothing(parts: Parts) -> None:
    ask(parts, FAR, 20)
    assert not adapter(parts).run()


def test_a_broken_promise_is_answered_at_once(parts: Parts) -> None:
    judge(parts, NEAR, 60, None, share=0.02)
    assert adapter(parts).run()
    with parts.database.read() as session:
        row = session.scalars(select(CalibrationChange)).one()
    assert row.state == Promise.BROKEN
    assert "answers less" in row.reason
    parts.live.refresh()
    asked = [NEAR.format(number) for number in range(500, 540)]
    answered = [match.decision == "answer" for match in parts.live.current().match_all(asked)]
    assert not np.mean(answered)


def test_verdicts_that_agents_chose_prove_nothing(parts: Parts) -> None:
    judge(parts, NEAR, 60, None, share=None)
    adapter(parts).run()
    with parts.database.read() as session:
        row = session.scalars(select(CalibrationChange)).first()
    assert row is None or (row.state, row.verdicts) == (Promise.ASSUMED, 0)


def test_what_was_changed_meanwhile_is_not_overwritten(parts: Parts, adapted: Calibration) -> None:
    ask(parts, ANSWERED + " {}", 200)
    with parts.database.write() as session:
        row = thresholds.find_in_force(session, 1)
        assert row is not None
        other = replace(adapted, answer_at=0.97).to_json()
        session.add(
            CalibrationChange(
                version_id=1, calibration=other, state="assumed", reason="-", changed_by="bob"
            )
        )
    with parts.database.write() as session:
        stale = Adapted(
            adapted, adapted, 0.5, 100, 0, Share.counted(0, 0), Promise.ASSUMED, 0.5, 0.4, 0.1
        )
        assert thresholds.take_up(session, 1, stale, 0.1) is None
