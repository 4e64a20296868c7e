"""Decide from neighbours: vote, calibrated probability, answer / clarify / hand off."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Self

from chatbot.domain.utility import USUAL_COSTS, Costs

MOST_CANDIDATES = 5
MOST_SCORED = 8  # by votes, and by what their answers say
LEAST_OFFERED = 2  # a single option is no choice
MOST_OFFERED = 3
NEVER = 1.01
THUMB_DOWN = 1.0  # the usefulness of a question whose answer did not help
DISPUTED = 0.9  # from here on: a candidate would do otherwise than the live version
UNKNOWN_SHARE = 0.001
_LEAST_LENGTH = 1e-9
_MOST_LOGIT = 700.0
_WORTH_READING = 0.05
_NOTHING: Mapping[str, float] = MappingProxyType({})


class Decision(StrEnum):
    ANSWER = "answer"
    CLARIFY = "clarify"
    HANDOFF = "handoff"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A known utterance near the question, or a question whose intent is only guessed.

    `similarity` is a cosine, -1 to 1; `weight` is that of its vote, 1 for what is known. Without an
    intent it speaks for "none of these".
    """

    intent: str | None
    similarity: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Scored:
    """The evidence of one intent, before calibration; similarities are cosines, -1 to 1."""

    intent: str
    share: float  # of the votes, 0 to 1
    similarity: float  # to the centre of its utterances near the question
    answer: float = 0.0  # to all that is answered
    passage: float = 0.0  # to the title with the sentence of the answer that is nearest

    @property
    def features(self) -> tuple[float, float, float, float]:
        """The features that calibration weighs, in the order of its weights."""
        votes = math.log(max(self.share, UNKNOWN_SHARE))
        return self.similarity, votes, self.answer, self.passage


@dataclass(frozen=True, slots=True)
class Candidate:
    intent: str
    probability: float


def vote(
    neighbours: Sequence[Neighbour], between: Sequence[Sequence[float]], temperature: float
) -> list[Scored]:
    """Return the intents of `neighbours`, most votes first; each has weight × exp(similarity /
    temperature).

    `between[i][j]` is the similarity of two neighbours. Where an intent has several, the question
    is compared with the weighted mean of their vectors: what its utterances have in common, without
    what each says besides. What speaks for "none of these" takes its share and is not returned.
    """
    if not neighbours:
        return []
    nearest = max(n.similarity for n in neighbours)
    weights = [n.weight * math.exp((n.similarity - nearest) / temperature) for n in neighbours]
    places: dict[str | None, list[int]] = {}
    for place, neighbour in enumerate(neighbours):
        places.setdefault(neighbour.intent, []).append(place)
    votes = {intent: sum(weights[i] for i in own) for intent, own in places.items()}
    total = sum(votes.values())
    real = [intent for intent in votes if intent is not None]
    ranked = sorted(real, key=lambda intent: (-votes[intent], intent))[:MOST_CANDIDATES]
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
    """A calibration, which turns evidence into the probability that an intent is right, and that
    into a decision.

    A conditional logit (McFadden 1974): the intents and "none of these" compete for one question.
    The first four weigh `Scored.features`, `bias` speaks against "none of these". Fitted for each
    model version on rows that it was not trained on, `rows` of them; what so few cannot say comes
    from other FAQs (docs/decisions/0030).

    A question is answered from the probability `answer_at` on, unless a hand-off is expected to
    cost less; above 1 means never. It is asked back if the intents that may be
    offered reach `clarify_at` together.
    """

    similarity: float
    votes: float
    bias: float
    answer_at: float
    clarify_at: float
    rows: int
    answer: float = 0.0
    passage: float = 0.0
    costs: Costs = USUAL_COSTS

    @classmethod
    def unfitted(cls, clarify_at: float) -> Self:
        """Return a calibration for votes that nothing is known of: only known utterances are
        answered.
        """
        return cls(16.0, 0.9, -10.0, answer_at=NEVER, clarify_at=clarify_at, rows=0)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Read a stored calibration; one of an earlier kind, with other features, counts as
        unfitted.
        """
        if "weights" in stored:
            return cls.unfitted(stored["clarify_at"])
        return cls(**stored | {"costs": Costs(**stored.get("costs", {}))})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @cached_property
    def id(self) -> str:
        """The twelve hex digits that name exactly these numbers."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:12]

    @property
    def weights(self) -> tuple[float, float, float, float]:
        """The weights that the features of `Scored` are multiplied with."""
        return self.similarity, self.votes, self.answer, self.passage

    def candidates(
        self, scored: Sequence[Scored], named: Mapping[str, float] = _NOTHING
    ) -> list[Candidate]:
        """Return at most MOST_CANDIDATES candidates, the most probable first.

        What they and the others lack of 1 is the probability of "none of these". `named` has what
        names in the question add to the logits of intents (`domain.names`).
        """
        logits = {s.intent: self._logit(s) + named.get(s.intent, 0.0) for s in scored}
        highest = max(logits.values(), default=0.0)
        odds = {intent: math.exp(logit - highest) for intent, logit in logits.items()}
        total = sum(odds.values()) + math.exp(min(-highest, _MOST_LOGIT))
        ranked = sorted(odds.items(), key=lambda item: (-item[1], item[0]))[:MOST_CANDIDATES]
        return [Candidate(intent, value / total) for intent, value in ranked]

    def decide(self, candidates: Sequence[Candidate]) -> Decision:
        """Decide on what is expected to cost least, of what the promise allows.

        Beside an answer the other readings are shown, so it costs no more than to ask which is it.
        """
        best = candidates[0].probability if candidates else 0.0
        is_worth_it = (1 - best) * self.costs.wrong_answer <= self.costs.handoff
        if best >= self.answer_at and is_worth_it:
            return Decision.ANSWER
        return Decision.CLARIFY if self.offered(candidates) else Decision.HANDOFF

    def offered(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return what a visitor who must choose is shown: two or three that reach `clarify_at`,
        else none.

        A third is worth reading only if it is likely enough.
        """
        choice = list(candidates[:MOST_OFFERED])
        if len(choice) > LEAST_OFFERED and choice[-1].probability < _WORTH_READING:
            choice.pop()
        return choice if sum(c.probability for c in choice) >= self.clarify_at else []

    def _logit(self, scored: Scored) -> float:
        weighed = zip(self.weights, scored.features, strict=True)
        return sum(weight * feature for weight, feature in weighed) + self.bias


def usefulness(decision: Decision, candidates: Sequence[Candidate], exact: bool) -> float:
    """Return how soon an agent should see a question, 0 to `DISPUTED`, if nothing else is known of
    it.
    """
    return round(DISPUTED * uncertainty(decision, candidates, exact), 6)


def uncertainty(decision: Decision, candidates: Sequence[Candidate], exact: bool) -> float:
    """Return how much the bot has to learn about a question, 0 to 1: most where the
    odds are even.
    """
    if exact:
        return 0.0
    top = candidates[0].probability if candidates else 0.0
    undecided = 1 - abs(2 * top - 1)
    return min(1.0, undecided + (0.0 if decision is Decision.ANSWER else 0.2))
