"""Measure what a model makes of phrasings that it does not know, though its catalogue has them.

Each is hidden from the index while it is asked, and the encoder was not trained on it. So an FAQ's
own utterances show what new questions would meet, long before agents confirmed enough of those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, cast

from chatbot.domain.accuracy import Outcome
from chatbot.domain.example import Example
from chatbot.domain.matching import Calibration
from chatbot.matching.matcher import Matcher


@dataclass(frozen=True)
class Fold:
    """A matcher, the examples that its encoder was taught, and others that it was not."""

    matcher: Matcher
    taught: Sequence[Example]
    unseen: Sequence[Example]


@dataclass(frozen=True)
class Unseen:
    """The rows of a matcher's phrasings that its encoder was not trained on, and their texts."""

    matcher: Matcher
    rows: list[int]
    texts: list[str]

    @classmethod
    def of(cls, matcher: Matcher, examples: Sequence[Example]) -> Self:
        """Select those of `examples` that the matcher knows, by the same intent."""
        known = known_rows(matcher, examples)
        return cls(matcher, [row for row, _ in known], [example.text for _, example in known])

    @property
    def intents(self) -> list[str]:
        known = [self.matcher.phrasings.intent_at(row) for row in self.rows]
        return cast(list[str], known)

    def outcomes(self, calibration: Calibration) -> dict[str, Outcome]:
        """Return what visitors who ask each text would get, by text."""
        found = {}
        votes = self.matcher.score_known(self.rows)
        for text, intent, scored in zip(self.texts, self.intents, votes, strict=True):
            candidates = calibration.candidates(scored)
            decision = calibration.decide(candidates)
            offered = len(calibration.offered(candidates))
            found[text] = Outcome(text, intent, decision, tuple(candidates), offered)
        return found


def known_rows(matcher: Matcher, examples: Sequence[Example]) -> list[tuple[int, Example]]:
    """Return those of `examples` that the matcher knows, by the same intent, each with its row."""
    phrasings = matcher.phrasings
    rows = [(phrasings.row_of(example.text), example) for example in examples]
    return [
        (row, example)
        for row, example in rows
        if row is not None and phrasings.intent_at(row) == example.intent
    ]
