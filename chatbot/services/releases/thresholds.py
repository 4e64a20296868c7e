"""Record calibrations that follow the traffic: which is in force, its history, and its undo."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from chatbot.domain.adaptation import Adapted, Promise
from chatbot.domain.matching import Calibration
from chatbot.errors import Conflict
from chatbot.services.access import audit
from chatbot.services.knowledge.edit_faq import raise_revision
from chatbot.services.releases.release import read_pointer
from chatbot.storage.database import now
from chatbot.storage.tables import CalibrationChange

SYSTEM = "system"
Action = Literal["revert", "hold", "release"]


def read_in_force(session: Session, version_id: int) -> Calibration | None:
    """Return the calibration that `version_id` decides by; None for the one it was
    published with.
    """
    row = find_in_force(session, version_id)
    return Calibration.from_json(row.calibration) if row and row.calibration else None


def find_in_force(session: Session, version_id: int) -> CalibrationChange | None:
    rows = _of_version(version_id).where(CalibrationChange.reverted_at.is_(None))
    return session.scalar(rows.limit(1))


def is_held(session: Session, version_id: int) -> bool:
    """Return whether a person wants thresholds left as they are."""
    newest = session.scalar(_of_version(version_id).limit(1))
    return newest is not None and newest.holds


def list_changes(session: Session, limit: int) -> Sequence[CalibrationChange]:
    """Return changes of all versions, the newest first."""
    newest_first = select(CalibrationChange).order_by(CalibrationChange.id.desc())
    return session.scalars(newest_first.limit(limit)).all()


def take_up(
    session: Session, version_id: int, adapted: Adapted, promise: float
) -> CalibrationChange | None:
    """Let `adapted` decide, in every process within its polling time.

    None, and nothing changes, if meanwhile another version went live, a person put it on hold, or
    somebody else changed what was in force.
    """
    pointer = read_pointer(session)
    if pointer is None or pointer.version_id != version_id or is_held(session, version_id):
        return None
    in_force = read_in_force(session, version_id)
    if in_force is not None and in_force != adapted.before:
        return None
    row = CalibrationChange(
        version_id=version_id,
        calibration=adapted.calibration.to_json(),
        uncovered=adapted.uncovered,
        questions=adapted.questions,
        verdicts=adapted.verdicts,
        state=adapted.state,
        reason=adapted.explain(promise),
        changed_by=SYSTEM,
    )
    session.add(row)
    raise_revision(session)
    audit.record(
        session, SYSTEM, "thresholds.adapt", version_id, state=adapted.state, reason=row.reason
    )
    return row


def act(session: Session, action: Action, by: str, reason: str) -> None:
    """Undo the newest change and hold, hold what is, or let thresholds follow again.

    Raises Conflict where there is nothing to undo, hold or release.
    """
    {"revert": revert, "hold": hold, "release": resume}[action](session, by, reason)


def revert(session: Session, by: str, reason: str) -> CalibrationChange:
    """Take the newest change of the live version back, and hold what was before it.

    Raises Conflict if there is none.
    """
    version_id = _live(session)
    row = find_in_force(session, version_id)
    if row is None:
        raise Conflict("The live version decides by its own thresholds: there is nothing to undo.")
    row.reverted_at, row.reverted_by = now(), by
    session.flush()
    _put_on_hold(session, by, version_id, f"Reverted: {reason}")
    raise_revision(session)
    audit.record(session, by, "thresholds.revert", version_id, change=row.id, reason=reason)
    return row


def hold(session: Session, by: str, reason: str) -> CalibrationChange:
    """Leave the live version's thresholds as they are, until released or the next version.

    Raises Conflict if that is so already.
    """
    version_id = _live(session)
    if is_held(session, version_id):
        raise Conflict("The thresholds are on hold already.")
    row = _put_on_hold(session, by, version_id, f"On hold: {reason}")
    audit.record(session, by, "thresholds.hold", version_id, reason=reason)
    return row


def resume(session: Session, by: str, reason: str) -> None:
    """Let thresholds follow the traffic again. Raises Conflict if nothing holds them."""
    version_id = _live(session)
    newest = session.scalar(_of_version(version_id).limit(1))
    if newest is None or not newest.holds:
        raise Conflict("The thresholds are not on hold.")
    newest.holds = False
    audit.record(session, by, "thresholds.release", version_id, reason=reason)


def _put_on_hold(session: Session, by: str, version_id: int, reason: str) -> CalibrationChange:
    """A row that says what is in force already."""
    before = find_in_force(session, version_id)
    row = CalibrationChange(
        version_id=version_id,
        calibration=before.calibration if before else None,
        uncovered=before.uncovered if before else None,
        state=before.state if before else Promise.ASSUMED,
        reason=reason,
        changed_by=by,
        holds=True,
    )
    session.add(row)
    session.flush()
    return row


def _live(session: Session) -> int:
    """Return the live version's id. Raises Conflict while there is no model."""
    pointer = read_pointer(session)
    if pointer is None:
        raise Conflict("There is no model yet.")
    return pointer.version_id


def _of_version(version_id: int) -> Select[CalibrationChange]:
    rows = select(CalibrationChange).where(CalibrationChange.version_id == version_id)
    return rows.order_by(CalibrationChange.id.desc())
