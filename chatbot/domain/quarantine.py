"""Select the confirmations that may teach tonight: one hijacked or careless account must not steer
a model.

A cap delays: what exceeds a night's share of a source or an intent waits for the nights after.
Quarantine stops, until an admin releases it, what one source said of an intent on a day: far more
confirmations than that intent usually gets; or once more that the bot's answer was wrong, in the
same way as many times before, while nobody else says so. See decision 0017.

What overrules a sure answer, or an intent of few phrasings, obeys for its own words and teaches
nothing more until a second person says it too. See decision 0024.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

FACTOR = 5
FEW_PHRASINGS = 20  # an intent with fewer can lose its questions to a handful of verdicts
_USUAL_DAYS = 28
_DAY = timedelta(days=1)
WINDOW = _USUAL_DAYS * _DAY


class Standing(StrEnum):
    """How far a verdict is in effect. All but `APART` decide on their own words."""

    VOTES = "votes"  # counts for similar questions, and teaches or measures
    TURN = "turn"  # its night has not come
    SECOND = "second"  # waits for somebody else to say it too
    APART = "apart"  # in quarantine: no effect at all


class Verdict(NamedTuple):
    """A confirmation; `says` is its intent, or for “none of these” what the bot had said first.

    `overrules` is what the bot had answered with, if that was another intent, and `instead_of` the
    same also where it had only asked back. `free` is how many that say so instead its source may
    give in four weeks before somebody else has to; None for any number. `seconded`: somebody has.
    `words` names the text.
    """

    id: str
    source: str
    says: str
    at: datetime
    released: bool
    overrules: str | None = None
    instead_of: str | None = None
    free: int | None = None
    seconded: bool = False
    words: str = ""


class Group(NamedTuple):
    """The verdicts of one source on one intent on one day."""

    source: str
    says: str
    day: date


@dataclass(frozen=True)
class Limits:
    """The limits of a night: the most of one source and of one intent; how many of a day are never
    sudden; and how often one source may overrule an answer in the same way before somebody else has
    to.
    """

    source: int
    intent: int
    sudden: int
    alone: int


@dataclass(frozen=True)
class Selection:
    """The ids that may teach and measure, that wait for a later night, and that are quarantined.

    `unseconded` wait for a second person. Groups that are `alone` overrule an answer as hardly
    anybody else does; the others came in a flood.
    """

    admitted: frozenset[str]
    waiting: frozenset[str]
    quarantined: dict[Group, list[str]]
    alone: frozenset[Group] = frozenset()
    unseconded: frozenset[str] = frozenset()

    def standings(self) -> dict[str, Standing]:
        """Return the standing of all verdicts, by id."""
        standings = dict.fromkeys(self.admitted, Standing.VOTES)
        standings |= dict.fromkeys(self.waiting, Standing.TURN)
        standings |= dict.fromkeys(self.unseconded, Standing.SECOND)
        for ids in self.quarantined.values():
            standings |= dict.fromkeys(ids, Standing.APART)
        return standings


def select(verdicts: Iterable[Verdict], limits: Limits, today: date) -> Selection:
    """Select which verdicts count; the same rows on the same day give the same selection."""
    rows = sorted(verdicts, key=lambda row: (row.at, row.id))
    alone = _find_alone(rows, limits.alone)
    quarantined = _find_suspect(rows, alone, limits.sudden)
    apart = {row_id for ids in quarantined.values() for row_id in ids}
    heard = [row for row in rows if row.id not in apart]
    unseconded = _find_unseconded(heard)
    rest = [row for row in heard if row.id not in unseconded]
    waiting = _exceeding(rest, lambda row: row.source, limits.source, today)
    waiting |= _exceeding(rest, lambda row: row.says, limits.intent, today)
    admitted = frozenset(row.id for row in rest) - waiting
    return Selection(admitted, frozenset(waiting), quarantined, alone, unseconded)


def _find_suspect(
    rows: Sequence[Verdict], alone: frozenset[Group], least: int
) -> dict[Group, list[str]]:
    """Find suspect groups; what is apart itself does not count as usual, or a flood today would
    excuse one tomorrow.
    """
    groups: dict[Group, list[str]] = {}
    released: Counter[tuple[str, date]] = Counter()
    for row in rows:
        if row.released:
            released[row.says, row.at.date()] += 1
        else:
            groups.setdefault(_group(row), []).append(row.id)
    accepted, apart = released, {}
    for group, ids in sorted(groups.items(), key=lambda item: item[0].day):
        before = [group.day - n * _DAY for n in range(1, _USUAL_DAYS + 1)]
        usual = sum(accepted[group.says, day] for day in before) / _USUAL_DAYS
        if group in alone or len(ids) > max(least, FACTOR * usual):
            apart[group] = ids
        else:
            accepted[group.says, group.day] += len(ids)
    return apart


def _find_alone(rows: Sequence[Verdict], most: int) -> frozenset[Group]:
    """Groups that overrule an answer more than `most` times in four weeks, as hardly anybody else.

    What others say later counts too, as does what an admin released.
    """
    same: dict[tuple[str, str], list[Verdict]] = {}
    for row in rows:
        if row.overrules is not None:
            same.setdefault((row.overrules, row.says), []).append(row)
    return frozenset(
        _group(row)
        for agreeing in same.values()
        for source in {row.source for row in agreeing}
        for row in _unsupported(agreeing, source, most)
    )


def _unsupported(agreeing: Sequence[Verdict], source: str, most: int) -> Iterator[Verdict]:
    """Rows of `source` that say what it said more than `most` times, and others hardly did."""
    for row, count, support in _counted(agreeing, source):
        if count > most and count > FACTOR * support:
            yield row


def _counted(agreeing: Sequence[Verdict], source: str) -> Iterator[tuple[Verdict, int, int]]:
    """Rows that `source` alone stands for, how many it had given in the four weeks up to each, and
    how many others did since.
    """
    own = [row for row in agreeing if row.source == source and not _is_shared(row)]
    others = [row.at for row in agreeing if row.source != source or _is_shared(row)]
    times = [row.at for row in own]
    for number, row in enumerate(own, 1):
        since = row.at - WINDOW
        yield row, number - bisect_left(times, since), len(others) - bisect_left(others, since)


def _is_shared(row: Verdict) -> bool:
    return row.released or row.seconded


def _find_unseconded(rows: Sequence[Verdict]) -> frozenset[str]:
    """Find verdicts beyond what their source may say alone, where each verdict of others backs one
    more.

    Who says the same of the same words backs it in any case.
    """
    same: dict[tuple[str, str], list[Verdict]] = {}
    who: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        who.setdefault((row.words, row.says), set()).add(row.source)
        if row.instead_of is not None:
            same.setdefault((row.instead_of, row.says), []).append(row)
    return frozenset(
        row.id
        for agreeing in same.values()
        for source in {row.source for row in agreeing}
        for row, count, support in _counted(agreeing, source)
        if row.free is not None
        and count > row.free + support
        and (not row.words or who[row.words, row.says] == {source})
    )


def _group(row: Verdict) -> Group:
    return Group(row.source, row.says, row.at.date())


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
