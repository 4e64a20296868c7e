"""The bodies of thresholds that follow the traffic."""

from datetime import datetime
from typing import Self

from pydantic import Field
from sqlalchemy.orm import Session

from chatbot.api.schemas.base import Body, Out, Reason
from chatbot.domain.adaptation import Promise
from chatbot.services.releases import thresholds
from chatbot.services.releases.release import read_pointer
from chatbot.storage.tables import CalibrationChange

_MOST_CHANGES = 20


class ThresholdChangeOut(Out):
    """One change of a version's thresholds, or a person's hold."""

    id: int
    version: int
    at: datetime
    by: str
    state: Promise
    answer_at: float | None = Field(description="Null: the version's own.")
    uncovered: float | None = Field(description="Share of the questions that is not covered.")
    questions: int
    verdicts: int
    reason: str
    reverted_at: datetime | None
    reverted_by: str | None

    @classmethod
    def of(cls, row: CalibrationChange) -> Self:
        return cls(
            id=row.id,
            version=row.version_id,
            at=row.created_at,
            by=row.changed_by,
            state=Promise(row.state),
            answer_at=row.calibration["answer_at"] if row.calibration else None,
            uncovered=row.uncovered,
            questions=row.questions,
            verdicts=row.verdicts,
            reason=row.reason,
            reverted_at=row.reverted_at,
            reverted_by=row.reverted_by,
        )


class ThresholdsOut(Out):
    """What is known of the promise, in words, and the latest changes."""

    promise: float
    state: Promise = Field(
        description="assumed: too few judged answers; measured: not yet sure; proven; broken."
    )
    words: str
    held: bool = Field(description="Nothing is changed until a person releases it.")
    in_force: ThresholdChangeOut | None = Field(description="Null: the live version's own.")
    changes: list[ThresholdChangeOut] = Field(description="The latest, newest first.")

    @classmethod
    def read(cls, session: Session, promise: float) -> Self:
        """Read it for the live version; before there is one, everything is assumed."""
        pointer = read_pointer(session)
        version_id = pointer.version_id if pointer else 0
        in_force = thresholds.find_in_force(session, version_id)
        words = f"The promise of {promise:.0%} is assumed: nothing was learnt from traffic yet."
        return cls(
            promise=promise,
            state=Promise(in_force.state) if in_force else Promise.ASSUMED,
            words=in_force.reason if in_force else words,
            held=thresholds.is_held(session, version_id),
            in_force=ThresholdChangeOut.of(in_force) if in_force else None,
            changes=[
                ThresholdChangeOut.of(row)
                for row in thresholds.list_changes(session, _MOST_CHANGES)
            ],
        )


class ChangeThresholdsIn(Body):
    """What a person wants of them, and why."""

    action: thresholds.Action
    reason: Reason
