"""The bodies of how the live bot does."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import Field

from chatbot.api.schemas.base import Body, Out, Reason
from chatbot.domain.drift import ALARM, LEAST
from chatbot.domain.proportion import Share
from chatbot.services.monitoring.checks.quality import LiveState
from chatbot.services.monitoring.watch import interim_tests_of
from chatbot.storage import tables


class ShareOut(Out):
    """A share of questions and its 95 % interval."""

    value: float
    low: float
    high: float
    of: int

    @classmethod
    def known(cls, share: Share) -> Self | None:
        return cls.model_validate(share) if share.of else None


class SampleOut(Out):
    """The random sample of 30 days; shares are null while nothing of it was judged."""

    drawn: int
    judged: int
    right: ShareOut | None = Field(
        description="Answered rightly, offered what was meant, or rightly handed over."
    )
    wrong_answers: ShareOut | None = Field(description="Of the automatic answers.")
    promise: float
    breaks_promise: bool = Field(description="More answers are wrong than promised, not by chance.")

    @classmethod
    def of(cls, state: LiveState, promise: float) -> Self:
        accuracy = state.accuracy
        return cls(
            drawn=accuracy.drawn,
            judged=accuracy.judged,
            right=ShareOut.known(accuracy.right),
            wrong_answers=ShareOut.known(accuracy.wrong_answers),
            promise=promise,
            breaks_promise=accuracy.breaks(promise),
        )


class ShiftOut(Out):
    """A figure of the questions; `before` and `after` are means, or shares of questions."""

    figure: str
    index: float = Field(description=f"Population stability index; above {ALARM} is an alarm.")
    alarm: bool = Field(validation_alias="is_alarm")
    before: float
    after: float


class DriftOut(Out):
    """The live model's first questions beside those of the last days."""

    version: int | None
    reference: int = Field(description=f"How many; {LEAST} are needed on either side.")
    recent: int
    shifts: list[ShiftOut]


class CountedOut(Out):
    """How many of a version's questions were bad."""

    bad: int
    of: int


class LookOut(Out):
    """One figure of a watched version and of the one before it."""

    figure: str
    before: CountedOut
    after: CountedOut
    tests: int
    p_value: float | None
    needed: float | None
    is_worse: bool


class WatchOut(Out):
    """How a promoted version did with visitors."""

    version: int
    previous: int
    state: str
    since: datetime
    until: datetime
    message: str
    cleared_by: str | None
    figures: list[LookOut]

    @classmethod
    def of(cls, row: tables.Watch) -> Self:
        return cls(
            version=row.version_id,
            previous=row.previous_id,
            state=row.state,
            since=row.since,
            until=row.until,
            message=row.message,
            cleared_by=row.cleared_by,
            figures=[LookOut.model_validate(look) for look in interim_tests_of(row)],
        )


class MonitoringOut(Out):
    """All of it; `hold` is the rollback after which no night promotes anything."""

    sample: SampleOut
    drift: DriftOut
    hold: WatchOut | None
    watches: list[WatchOut] = Field(description="The latest, newest first.")

    @classmethod
    def of(cls, state: LiveState, watches: Sequence[tables.Watch], promise: float) -> Self:
        return cls(
            sample=SampleOut.of(state, promise),
            drift=DriftOut.model_validate(state.drift),
            hold=WatchOut.of(state.stop) if state.stop else None,
            watches=[WatchOut.of(row) for row in watches],
        )


class ClearHoldIn(Body):
    """Why nights may promote again."""

    reason: Reason
