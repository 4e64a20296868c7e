"""Which confirmations may teach tonight: one hijacked or careless account must not steer a model.

A cap delays: what exceeds a night's share of a source or an intent waits for the nights after. A
sudden shift stops: far more confirmations of one intent by one source on one day than that intent
usually gets are kept apart, all of them, until an admin releases them. See decision 0017.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

FACTOR = 5
_USUAL_DAYS = 28
_DAY = timedelta(days=1)


class Verdict(NamedTuple):
    """A confirmation; `says` is its intent, or for “none of these” what the bot had said first."""

    id: str
    source: str
    says: str
    at: datetime
    released: bool


class Group(NamedTuple):
    """What one source said of one intent on one day."""

    source: str
    says: str
    day: date


@dataclass(frozen=True)
class Limits:
    """A night's most of one source and of one intent; and how many of a day are never sudden."""

    source: int
    intent: int
    sudden: int


@dataclass(frozen=True)
class Selection:
    """Ids that may teach and measure, that wait for a later night, and that are quarantined."""

    admitted: frozenset[str]
    waiting: frozenset[str]
    quarantined: dict[Group, list[str]]


def select(verdicts: Iterable[Verdict], limits: Limits, today: date) -> Selection:
    """The same rows on the same day give the same selection."""
    rows = sorted(verdicts, key=lambda row: (row.at, row.id))
    quarantined = _find_sudden(rows, limits.sudden)
    apart = {row_id for ids in quarantined.values() for row_id in ids}
    rest = [row for row in rows if row.id not in apart]
    waiting = _exceeding(rest, lambda row: row.source, limits.source, today)
    waiting |= _exceeding(rest, lambda row: row.says, limits.intent, today)
    admitted = frozenset(row.id for row in rest) - waiting
    return Selection(admitted, frozenset(waiting), quarantined)


def _find_sudden(rows: Sequence[Verdict], least: int) -> dict[Group, list[str]]:
    """What is apart itself does not count as usual, or a flood today would excuse one tomorrow."""
    groups: dict[Group, list[str]] = {}
    released: Counter[tuple[str, date]] = Counter()
    for row in rows:
        if row.released:
            released[row.says, row.at.date()] += 1
        else:
            groups.setdefault(Group(row.source, row.says, row.at.date()), []).append(row.id)
    accepted, apart = released, {}
    for group, ids in sorted(groups.items(), key=lambda item: item[0].day):
        before = [group.day - n * _DAY for n in range(1, _USUAL_DAYS + 1)]
        usual = sum(accepted[group.says, day] for day in before) / _USUAL_DAYS
        if len(ids) > max(least, FACTOR * usual):
            apart[group] = ids
        else:
            accepted[group.says, group.day] += len(ids)
    return apart


def _exceeding(
    rows: Sequence[Verdict], kind: Callable[[Verdict], str], most: int, today: date
) -> set[str]:
    """Ids whose turn has not come: each night takes the next `most` of a kind, oldest first."""
    nights: dict[str, tuple[date, int]] = {}
    waiting = set()
    for row in rows:
        if row.released:
            continue
        own = row.at.date()
        night, used = nights.get(kind(row), (own, 0))
        if night < own:
            night, used = own, 0
        elif used >= most:
            night, used = night + _DAY, 0
        nights[kind(row)] = night, used + 1
        if night > own and night >= today:
            waiting.add(row.id)
    return waiting
