"""Detect whether visitors ask other things, or otherwise, than when the live model was calibrated.

Calibrated probabilities, and with them the promise, hold for questions like those of then. The
reference is what was asked first after the model went live: what calibrated it was of that time,
and the same model's scores are comparable.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from chatbot.domain.drift import ALARM, LEAST, stability_index, stability_index_of_numbers
from chatbot.domain.language import guess_language
from chatbot.domain.matching import Decision
from chatbot.services.releases.release import read_pointer
from chatbot.storage.database import now
from chatbot.storage.tables import Query, Release

RECENT = timedelta(days=7)
MOST = 1_000


@dataclass(frozen=True)
class Shift:
    """The shift of one figure: its stability index, and its mean before and after.

    Of `handed_over`, and of the language that was usual before, it is their share.
    """

    figure: str
    index: float
    before: float
    after: float

    @property
    def is_alarm(self) -> bool:
        return self.index > ALARM


@dataclass(frozen=True)
class Drift:
    """The drift of the live version; no shifts where there are fewer than LEAST questions on either
    side.
    """

    version: int | None
    reference: int
    recent: int
    shifts: Sequence[Shift]

    @property
    def alarms(self) -> list[Shift]:
        return [shift for shift in self.shifts if shift.is_alarm]


class _Asked(NamedTuple):
    score: float
    away: bool  # handed over
    length: int
    language: str


_Window = tuple[list[_Asked], datetime | None]


def measure_drift(session: Session) -> Drift:
    """Compare the first MOST questions of the live version with the newest MOST of RECENT."""
    pointer = read_pointer(session)
    if pointer is None:
        return Drift(None, 0, 0, ())
    live_since = select(func.max(Release.released_at)).where(
        Release.to_version == pointer.version_id
    )
    asked = (
        select(Query.candidates, Query.decision, Query.text, Query.asked_at)
        .where(Query.model_version == pointer.version_id, Query.test.is_(False))
        .limit(MOST)
    )
    since = session.scalar(live_since) or now()
    first = asked.where(Query.asked_at >= since).order_by(Query.asked_at)
    reference, until = _read(session, first)
    newest = asked.where(Query.asked_at > max(until or since, now() - RECENT))
    recent, _ = _read(session, newest.order_by(Query.asked_at.desc()))
    enough = min(len(reference), len(recent)) >= LEAST
    shifts = _compare(reference, recent) if enough else []
    return Drift(pointer.version_id, len(reference), len(recent), shifts)


def _read(session: Session, query: Select[Any, Any, Any, Any]) -> _Window:
    """Return what was asked, and when the last of it was."""
    rows = session.execute(query).all()
    asked = [
        _Asked(
            candidates[0]["probability"] if candidates else 0.0,
            decision == Decision.HANDOFF,
            len(text),
            guess_language(text),
        )
        for candidates, decision, text, _ in rows
    ]
    return asked, rows[-1].asked_at if rows else None


def _compare(reference: Sequence[_Asked], recent: Sequence[_Asked]) -> list[Shift]:
    usual, _ = Counter(question.language for question in reference).most_common(1)[0]
    return [
        _shift_of_numbers("score", [q.score for q in reference], [q.score for q in recent]),
        _shift("handed_over", [q.away for q in reference], [q.away for q in recent], True),
        _shift_of_numbers("length", [q.length for q in reference], [q.length for q in recent]),
        _shift("language", [q.language for q in reference], [q.language for q in recent], usual),
    ]


def _shift_of_numbers(figure: str, before: Sequence[float], after: Sequence[float]) -> Shift:
    return Shift(figure, stability_index_of_numbers(before, after), fmean(before), fmean(after))


def _shift(
    figure: str, before: Sequence[Hashable], after: Sequence[Hashable], counted: Hashable
) -> Shift:
    shares = [list(values).count(counted) / len(values) for values in (before, after)]
    return Shift(figure, stability_index(before, after), *shares)
