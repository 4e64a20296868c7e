"""From neighbours to a decision: vote, calibrated probability, answer / clarify / hand off."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

MOST_CANDIDATES = 5
MOST_OFFERED = 3
LEAST_OFFERED_PROBABILITY = 0.05
_LEAST_SHARE = 0.001


class Decision(StrEnum):
    ANSWER = "answer"
    CLARIFY = "clarify"
    HANDOFF = "handoff"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A known utterance near the question; `similarity` is a cosine, -1 to 1."""

    intent: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Scored:
    """One intent's evidence, before calibration."""

    intent: str
    share: float  # of the votes, 0 to 1
    similarity: float  # of its nearest utterance

    @property
    def features(self) -> tuple[float, float]:
        """What calibration weighs: cosine and log odds of the votes."""
        share = min(max(self.share, _LEAST_SHARE), 1 - _LEAST_SHARE)
        return self.similarity, math.log(share / (1 - share))


@dataclass(frozen=True, slots=True)
class Candidate:
    intent: str
    probability: float


def vote(neighbours: Sequence[Neighbour], temperature: float) -> list[Scored]:
    """Intents of `neighbours`, most votes first; a vote weighs exp(similarity / temperature)."""
    if not neighbours:
        return []
    nearest = max(n.similarity for n in neighbours)
    votes: dict[str, float] = {}
    best: dict[str, float] = {}
    for neighbour in neighbours:
        weight = math.exp((neighbour.similarity - nearest) / temperature)
        votes[neighbour.intent] = votes.get(neighbour.intent, 0.0) + weight
        best[neighbour.intent] = max(best.get(neighbour.intent, -1.0), neighbour.similarity)
    total = sum(votes.values())
    ranked = sorted(votes, key=lambda intent: (-votes[intent], intent))[:MOST_CANDIDATES]
    return [Scored(i, votes[i] / total, best[i]) for i in ranked]


@dataclass(frozen=True)
class Calibration:
    """Turns votes into the probability that an intent is the right one, and that into a decision.

    Logistic regression (Platt 1999) on `Scored.features`, fitted for each model version on rows
    that it was not trained on. `answer_at` is the probability from which a question is answered
    without a person; above 1 means never. `rows` says how many questions it was fitted on.
    """

    weights: tuple[float, float]
    bias: float
    answer_at: float
    clarify_at: float
    rows: int

    @classmethod
    def unfitted(cls, clarify_at: float) -> Self:
        """For an FAQ that is too small to learn from: only known utterances are answered."""
        return cls((3.0, 1.0), -2.0, answer_at=1.01, clarify_at=clarify_at, rows=0)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        weights = stored["weights"]
        return cls(**stored | {"weights": (weights[0], weights[1])})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @cached_property
    def id(self) -> str:
        """Twelve hex digits that name exactly these numbers."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:12]

    def candidates(self, scored: Sequence[Scored]) -> list[Candidate]:
        """Most probable first; the sum is at most 1, the rest being "none of these"."""
        probabilities = {s.intent: self._probability(s) for s in scored}
        total = max(1.0, sum(probabilities.values()))
        ranked = sorted(probabilities.items(), key=lambda item: (-item[1], item[0]))
        return [Candidate(intent, probability / total) for intent, probability in ranked]

    def decide(self, candidates: Sequence[Candidate]) -> Decision:
        if candidates and candidates[0].probability >= self.answer_at:
            return Decision.ANSWER
        if sum(c.probability for c in offered(candidates)) >= self.clarify_at:
            return Decision.CLARIFY
        return Decision.HANDOFF

    def _probability(self, scored: Scored) -> float:
        logit = self.bias + sum(w * f for w, f in zip(self.weights, scored.features, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def offered(candidates: Sequence[Candidate]) -> list[Candidate]:
    """What a visitor who must choose is shown."""
    return [c for c in candidates[:MOST_OFFERED] if c.probability >= LEAST_OFFERED_PROBABILITY]


def usefulness(decision: Decision, candidates: Sequence[Candidate], exact: bool) -> float:
    """How much an agent's verdict would teach, 0 to 1: most where the odds are even."""
    if exact:
        return 0.0
    top = candidates[0].probability if candidates else 0.0
    undecided = 1 - abs(2 * top - 1)
    return round(min(1.0, undecided + (0.0 if decision is Decision.ANSWER else 0.2)), 6)
