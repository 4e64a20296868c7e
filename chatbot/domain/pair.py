"""Two texts and how alike they are, 0 to 1: what a person says of them, and what of it may teach.

Scores are targets for the cosine of the two texts. Training by intents alone drives it towards 1
within an intent and towards 0 between two, so “same” and “different” say those. “Related” lies
midway: near enough to be offered together, too far to vote for one another.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

LEFT_OUT_SHARE = 0.2
SURE = 0.25
"""A score so near to 0 or 1 says “different” or “same”; what lies between contradicts nothing."""


class Likeness(StrEnum):
    SAME = "same"
    RELATED = "related"
    DIFFERENT = "different"


SCORES = {Likeness.SAME: 1.0, Likeness.RELATED: 0.5, Likeness.DIFFERENT: 0.0}


class Judged(NamedTuple):
    """A pair's id and who scored it; `contradicts` the intents that its texts have in the FAQ."""

    id: int
    by: str
    contradicts: bool


def contradicts(score: float, one: str | None, other: str | None) -> bool:
    """Return whether `score` denies that texts of intents `one` and `other` belong as the FAQ says.

    A text of no intent, None, contradicts nothing.
    """
    if one is None or other is None:
        return False
    return score < SURE if one == other else score > 1 - SURE


def admit(judged: Iterable[Judged], most: int, alone: int) -> frozenset[int]:
    """Return the ids that may teach: of each account the first `most`, `judged` being in order.

    Of those that contradict the FAQ only the first `alone` of an account, which its editors can
    settle by moving a text or merging intents: one account must not bend a model against them.
    """
    admitted: set[int] = set()
    scored: Counter[str] = Counter()
    denied: Counter[str] = Counter()
    for pair in judged:
        if scored[pair.by] >= most or (pair.contradicts and denied[pair.by] >= alone):
            continue
        scored[pair.by] += 1
        denied[pair.by] += pair.contradicts
        admitted.add(pair.id)
    return frozenset(admitted)
