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
NEVER = 1.01
THUMB_DOWN = 1.0  # the usefulness of a question whose answer did not help
DISPUTED = 0.9  # from here on: a candidate would do otherwise than the live version
USUAL = (16.0, 0.9, -10.0)  # about what is fitted to most FAQs with the packaged base model
_LEAST_SHARE = 0.001
_LEAST_LENGTH = 1e-9
_MOST_LOGIT = 700.0


class Decision(StrEnum):
    ANSWER = "answer"
    CLARIFY = "clarify"
    HANDOFF = "handoff"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A known utterance near the question, or a question whose intent is only guessed.

    `similarity` is a cosine, -1 to 1; `weight` is that of its vote, 1 for what is known.
    """

    intent: str
    similarity: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Scored:
    """One intent's evidence, before calibration."""

    intent: str
    share: float  # of the votes, 0 to 1
    similarity: float  # to the centre of its utterances near the question

    @property
    def features(self) -> tuple[float, float]:
        """What calibration weighs."""
        return self.similarity, math.log(max(self.share, _LEAST_SHARE))


@dataclass(frozen=True, slots=True)
class Candidate:
    intent: str
    probability: float


def vote(
    neighbours: Sequence[Neighbour], between: Sequence[Sequence[float]], temperature: float
) -> list[Scored]:
    """Intents of `neighbours`, most votes first; each has weight × exp(similarity / temperature).

    `between[i][j]` is the similarity of two neighbours. Where an intent has several, the question
    is compared with the weighted mean of their vectors: what its utterances have in common, without
    what each says besides.
    """
    if not neighbours:
        return []
    nearest = max(n.similarity for n in neighbours)
    weights = [n.weight * math.exp((n.similarity - nearest) / temperature) for n in neighbours]
    places: dict[str, list[int]] = {}
    for place, neighbour in enumerate(neighbours):
        places.setdefault(neighbour.intent, []).append(place)
    votes = {intent: sum(weights[i] for i in own) for intent, own in places.items()}
    total = sum(votes.values())
    ranked = sorted(votes, key=lambda intent: (-votes[intent], intent))[:MOST_CANDIDATES]
    return [
        Scored(intent, votes[intent] / total, _to_centre(neighbours, between, places[intent]))
        for intent in ranked
    ]


def _to_centre(
    neighbours: Sequence[Neighbour], between: Sequence[Sequence[float]], own: Sequence[int]
) -> float:
    """Cosine to the weighted mean vector of the neighbours at the places `own`."""
    weights = {i: neighbours[i].weight for i in own}
    square = sum(weights[i] * weights[j] * between[i][j] for i in own for j in own)
    along = sum(weights[i] * neighbours[i].similarity for i in own)
    return max(-1.0, min(1.0, along / math.sqrt(max(square, _LEAST_LENGTH))))


@dataclass(frozen=True)
class Calibration:
    """Turns votes into the probability that an intent is the right one, and that into a decision.

    A conditional logit (McFadden 1974): the intents and "none of these" compete for one question.
    `similarity` and `votes` weigh `Scored.features`, `bias` speaks against "none of these". Fitted
    for each model version on rows that it was not trained on; `rows` says how many.

    A question is answered from the probability `answer_at` on, and asked back if so few intents as
    may be offered reach `clarify_at` together; above 1 means never.
    """

    similarity: float
    votes: float
    bias: float
    answer_at: float
    clarify_at: float
    rows: int

    @classmethod
    def unfitted(cls, clarify_at: float) -> Self:
        """For an FAQ that is too small to learn from: only known utterances are answered."""
        return cls(*USUAL, answer_at=NEVER, clarify_at=clarify_at, rows=0)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """A record of an earlier kind, which has other features, counts as unfitted."""
        if "weights" in stored:
            return cls.unfitted(stored["clarify_at"])
        return cls(**stored)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @cached_property
    def id(self) -> str:
        """Twelve hex digits that name exactly these numbers."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:12]

    def candidates(self, scored: Sequence[Scored]) -> list[Candidate]:
        """Most probable first; what is missing to 1 is the probability of "none of these"."""
        logits = {s.intent: self._logit(*s.features) for s in scored}
        highest = max(logits.values(), default=0.0)
        odds = {intent: math.exp(logit - highest) for intent, logit in logits.items()}
        total = sum(odds.values()) + math.exp(min(-highest, _MOST_LOGIT))
        ranked = sorted(odds.items(), key=lambda item: (-item[1], item[0]))
        return [Candidate(intent, value / total) for intent, value in ranked]

    def decide(self, candidates: Sequence[Candidate]) -> Decision:
        if candidates and candidates[0].probability >= self.answer_at:
            return Decision.ANSWER
        return Decision.CLARIFY if self.offered(candidates) else Decision.HANDOFF

    def offered(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """What a visitor who must choose is shown: as few as reach `clarify_at`, else none."""
        together = 0.0
        for number, candidate in enumerate(candidates[:MOST_OFFERED], start=1):
            together += candidate.probability
            if together >= self.clarify_at:
                return list(candidates[:number])
        return []

    def _logit(self, similarity: float, votes: float) -> float:
        return self.similarity * similarity + self.votes * votes + self.bias


def usefulness(decision: Decision, candidates: Sequence[Candidate], exact: bool) -> float:
    """How soon an agent should see a question of which nothing else is known, 0 to `DISPUTED`."""
    return round(DISPUTED * uncertainty(decision, candidates, exact), 6)


def uncertainty(decision: Decision, candidates: Sequence[Candidate], exact: bool) -> float:
    """How much the bot has to learn about a question, 0 to 1: most where the odds are even."""
    if exact:
        return 0.0
    top = candidates[0].probability if candidates else 0.0
    undecided = 1 - abs(2 * top - 1)
    return min(1.0, undecided + (0.0 if decision is Decision.ANSWER else 0.2))
