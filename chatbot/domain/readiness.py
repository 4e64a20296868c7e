"""Estimate how many of a hundred questions a bot would treat how, from phrasings it
was tried with.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from chatbot.domain.matching import Candidate, Decision

LEAST_UTTERANCES = 5
GOOD_UTTERANCES = 15
UNCOVERED_SHARE = 0.5
MUTE_BELOW = 5  # answers to a hundred questions that the FAQ covers


class Fate(StrEnum):
    """The fate of a question; WRONG is answered with an intent that is not its own."""

    RIGHT = "right"
    WRONG = "wrong"
    ASKED_BACK = "asked_back"
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True)
class Trial:
    """A phrasing that was tried: its intent, what became of it, and whom it was taken for.

    `first` is the likeliest intent, None where nothing is near. `found` is whether the visitor got
    the right answer, or a choice that holds it.
    """

    intent: str
    fate: Fate
    first: str | None
    found: bool

    @classmethod
    def of(
        cls,
        intent: str,
        decision: Decision,
        candidates: Sequence[Candidate],
        offered: Sequence[Candidate],
        is_covered: bool = True,
    ) -> Self:
        """Return the trial of a phrasing of `intent`, which the FAQ holds only if `is_covered`."""
        first = candidates[0].intent if candidates else None
        is_right = is_covered and first == intent
        if decision is Decision.ANSWER:
            return cls(intent, Fate.RIGHT if is_right else Fate.WRONG, first, is_right)
        if decision is Decision.CLARIFY:
            is_offered = is_covered and intent in {candidate.intent for candidate in offered}
            return cls(intent, Fate.ASKED_BACK, first, is_offered)
        return cls(intent, Fate.HANDED_OVER, first, found=False)


@dataclass(frozen=True, slots=True)
class OfHundred:
    """The fates of a hundred questions; the four sum to 100, or to 0 where nothing was tried."""

    right: int
    wrong: int
    asked_back: int
    handed_over: int

    @classmethod
    def of(cls, trials: Iterable[Trial]) -> Self:
        counts = Counter(trial.fate for trial in trials)
        return cls.of_weights([float(counts[fate]) for fate in Fate])

    @classmethod
    def of_weights(cls, weights: Sequence[float]) -> Self:
        """Round shares of the four fates, in their order, so that they sum to 100."""
        total = sum(weights)
        if total == 0:
            return cls(0, 0, 0, 0)
        exact = [100 * weight / total for weight in weights]
        whole = [int(share) for share in exact]
        by_rest = sorted(range(len(exact)), key=lambda place: whole[place] - exact[place])
        for place in by_rest[: 100 - sum(whole)]:
            whole[place] += 1
        return cls(*whole)

    @property
    def answered(self) -> int:
        return self.right + self.wrong


def mix(covered: OfHundred, uncovered: OfHundred, uncovered_share: float) -> OfHundred:
    """Return the fates of a hundred questions, of which `uncovered_share`, 0 to 1, are not in the
    FAQ.
    """
    both = (
        (1 - uncovered_share) * getattr(covered, fate) + uncovered_share * getattr(uncovered, fate)
        for fate in Fate
    )
    return OfHundred.of_weights(list(both))
