"""A prior from other FAQs, for one that has little to learn from.

A small FAQ cannot know how similar a question must be to be meant. `prior.json` has what was learnt
from several hundred FAQs, cut from public data by bench/prior.py: the usual weights of a
calibration, how far they differ from FAQ to FAQ, and how many answers were wrong from a probability
on. One's own data takes over as it grows (hierarchical Bayes, Gelman et al. 2013, chapter 5).
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from chatbot.matching.matcher import Matcher

_FILE = Path(__file__).parent / "prior.json"

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """The `weights` of similarity, votes, answer, passage and bias, and their `covariance`, (5, 5).
    The covariance says how FAQs differ, where one weight is larger because another is smaller.

    `wrong_from` has rising (probability, share of the answers from it on that were wrong), which
    counts as much as `worth` answers.
    """

    weights: Array
    covariance: Array
    wrong_from: tuple[tuple[float, float], ...]
    worth: float

    @classmethod
    def of(cls, matcher: Matcher, trained: bool) -> Self:
        """Return what is usual for FAQs with as many phrasings an intent, as near to each other."""
        answers = "answers" if matcher.passages.says_much else "phrasings"
        return cls.read(_stored()[f"{'trained' if trained else 'untrained'}-{answers}"], matcher)

    @classmethod
    def read(cls, stored: dict[str, Any], matcher: Matcher) -> Self:
        """Return a record of bench/prior.py, for the FAQ of `matcher`."""
        weights = np.array(stored["weights"]) + np.array(stored["by_size"]) * size_of(matcher)
        weights[-1] += stored["density"] * matcher.density()
        wrong_from = tuple((p, share) for p, share in stored["wrong_from"])
        return cls(weights, np.array(stored["covariance"]), wrong_from, stored["worth"])

    def wrong_at(self, threshold: float) -> float:
        """Return the usual share of wrong answers from `threshold` on."""
        probabilities, shares = zip(*self.wrong_from, strict=True)
        return float(np.interp(threshold, probabilities, shares))


def size_of(matcher: Matcher) -> float:
    """Return the logarithm of how many phrasings an intent has, and one more."""
    return float(np.log1p(matcher.phrasings.size / max(1, len(matcher.intents))))


@cache
def _stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return stored
