"""Fit, for one model version, what its votes mean as probabilities and when it may answer."""

from bisect import bisect_right
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import beta

from chatbot.domain.matching import (
    MOST_SCORED,
    NEVER,
    Calibration,
    Candidate,
    Scored,
)
from chatbot.domain.text import normalise
from chatbot.domain.utility import Costs
from chatbot.settings import Settings
from workers.fitting.prior import Prior
from workers.fitting.unseen import Unseen

GENERIC = Path(__file__).parent / "generic_out_of_scope.txt"
LEAST_ROWS = 50
UNCOVERED_SHARE = 0.5
NEAR_SHARE = 0.7
OTHER_PROMISES = tuple(percent / 100 for percent in range(1, 21))
LEAST_PROBABILITY = 0.5
_ENOUGH_FOREIGN = 50
_AUTHORED_HALF = 2000  # phrasings an intent of which each is worth half a question
_MOST_STAND_INS = 400
_COVERED_QUANTILE = 0.1
_CROSS_FITS = 5
_STEPS = 50
_FEATURES = len(Scored("", 0, 0).features)

T = TypeVar("T")
Answer = tuple[float, bool, float]
"""Probability of the first candidate, whether it is right, and as how many questions it counts."""

Array = NDArray[np.float64]


class Vote(NamedTuple):
    """A question's evidence, the intent that it asks for, and how many questions it stands for.

    Without an intent, the FAQ has no answer to it.
    """

    scored: list[Scored]
    truth: str | None
    weight: float = 1.0


def gather_votes(
    unseen: Sequence[Unseen], out_of_scope: Sequence[str], confirmed: Container[str] = ()
) -> list[Vote]:
    """Return the votes on catalogue entries that the encoder was not trained on, each hidden from
    the index.

    What visitors asked, and agents `confirmed` (normalised), counts in full. An author writes a few
    phrasings so that they differ, and they are harder than questions: they count the less the fewer
    an intent has.
    Half of what visitors ask has no answer in the FAQ, as far as nothing else is known: mostly they
    ask in its own words for what it lacks, sometimes for something else altogether. For the one
    stand entries whose whole intent is hidden, for the other what people ask any chatbot. The more
    `out_of_scope` questions are known, the more of that half is theirs.
    """
    weights = [_weights(part, confirmed) for part in unseen]
    foreign = sum(map(sum, weights)) * UNCOVERED_SHARE / (1 - UNCOVERED_SHARE)
    known_share = len(out_of_scope) / (len(out_of_scope) + _ENOUGH_FOREIGN)
    stand_ins = (1 - known_share) * foreign
    generic = GENERIC.read_text(encoding="utf-8").splitlines()
    votes: list[Vote] = []
    known, near, far = [], [], []
    for number, part in enumerate(unseen):
        every = slice(number, None, len(unseen))
        familiar = part.matcher.score_known(part.rows)
        votes += map(Vote, familiar, part.intents, weights[number])
        known += part.matcher.score(out_of_scope[every])
        near += part.matcher.score_as_unknown(_spread(part.rows, _MOST_STAND_INS // len(unseen)))
        far += _not_covered(part.matcher.score(generic[every]), familiar)
    votes += _weighing(known, known_share * foreign)
    votes += _weighing(near, NEAR_SHARE * stand_ins)
    return votes + _weighing(far, (1 - NEAR_SHARE) * stand_ins)


def _weights(part: Unseen, confirmed: Container[str]) -> list[float]:
    """Return as how many questions each row counts."""
    size = part.matcher.phrasings.size / max(1, len(part.matcher.intents))
    authored = size / (size + _AUTHORED_HALF)
    return [1.0 if normalise(text) in confirmed else authored for text in part.texts]


def _weighing(scored: Sequence[list[Scored]], weight: float) -> list[Vote]:
    """Out of scope, and together as much as `weight` questions."""
    return [Vote(one, None, weight / len(scored)) for one in scored]


def _not_covered(
    generic: Sequence[list[Scored]], familiar: Sequence[list[Scored]]
) -> list[list[Scored]]:
    """Drop questions as near to the FAQ as its own phrasings: an FAQ may cover small talk.

    Nine tenths of its phrasings are nearer to the others than a question that is kept.
    """
    near = [scored[0].similarity for scored in familiar if scored]
    limit = float(np.quantile(near, _COVERED_QUANTILE)) if near else 0.0
    return [scored for scored in generic if not scored or scored[0].similarity < limit]


@dataclass(frozen=True)
class Table:
    """The votes as arrays: features (rows, candidates, 4), which are real, the right place,
    weights.

    The place behind the last candidate means "none of these".
    """

    features: Array
    real: NDArray[np.bool_]
    right: NDArray[np.int64]
    weight: Array

    @classmethod
    def of(cls, votes: Sequence[Vote]) -> Self:
        shape = (len(votes), MOST_SCORED)
        features, real = np.zeros((*shape, _FEATURES)), np.zeros(shape, bool)
        right = np.full(len(votes), MOST_SCORED)
        for row, vote in enumerate(votes):
            for place, candidate in enumerate(vote.scored):
                features[row, place] = candidate.features
                real[row, place] = True
                if candidate.intent == vote.truth:
                    right[row] = place
        return cls(features, real, right, np.array([vote.weight for vote in votes]))

    def surprise(self, weights: Array) -> tuple[float, Array]:
        """Return the negative log likelihood of `weights`, the bias being the last, and its
        gradient.
        """
        logits = np.where(self.real, self.features @ weights[:-1] + weights[-1], -np.inf)
        logits = np.column_stack([logits, np.zeros(len(logits))])
        logits -= logits.max(axis=1, keepdims=True)
        log_total = np.log(np.exp(logits).sum(axis=1))
        rows = np.arange(len(logits))
        error = np.exp(logits - log_total[:, None])
        error[rows, self.right] -= 1
        error = error[:, :-1] * self.weight[:, None]
        gradient = np.append((error[..., None] * self.features).sum(axis=(0, 1)), error.sum())
        return float(self.weight @ (log_total - logits[rows, self.right])), gradient


def fit(
    votes: Sequence[Vote], answers: Sequence[Answer], prior: Prior, settings: Settings
) -> Calibration:
    """Return the calibration: what votes mean, and from which probability on questions are answered
    or asked back.

    What `prior` says of FAQs like this one counts as much as its uncertainty lets it. The threshold
    is set on `answers`, which `cross_fit` gives for the same votes: their probabilities come from
    calibrations that did not see the question.
    """
    costs = Costs(settings.cost_wrong_answer, settings.cost_handoff, settings.cost_click)
    return replace(
        _fit_weights(votes, prior),
        answer_at=answering_threshold(
            answers, prior, settings.promise, settings.promise_confidence
        ),
        clarify_at=clarifying_threshold(settings, costs),
        rows=sum(vote.truth is not None for vote in votes),
        costs=costs,
    )


def usual_threshold(answers: Sequence[Answer], prior: Prior, promise: float) -> float:
    """Return the lowest probability from which at most `promise` of the answers are wrong as likely
    as not.
    """
    return answering_threshold(answers, prior, promise, 0.5)


def thresholds_of_other_promises(
    answers: Sequence[Answer], prior: Prior, confidence: float
) -> list[tuple[float, float]]:
    """Return (promise, where a version with these cross-fitted `answers` would answer under it)."""
    return [(p, answering_threshold(answers, prior, p, confidence)) for p in OTHER_PROMISES]


def cross_fit(votes: Sequence[Vote], prior: Prior) -> list[Answer]:
    """Return an answer for each vote, by a calibration fitted without it; part by part.

    Each part takes a fit of its own, so whoever needs the answers twice passes them on.
    """
    answers: list[Answer] = []
    for part in range(_CROSS_FITS):
        others = [vote for place, vote in enumerate(votes) if place % _CROSS_FITS != part]
        calibration = _fit_weights(others, prior)
        answers += [
            _first(calibration.candidates(vote.scored), vote) for vote in votes[part::_CROSS_FITS]
        ]
    return answers


def answering_threshold(
    answers: Sequence[Answer], prior: Prior, promise: float, confidence: float
) -> float:
    """Return the lowest probability from which at most `promise` of the answers are wrong.

    The share of wrong answers from a threshold on has a beta distribution: `prior` says what it was
    in other FAQs, which counts as some answers do, and `answers` are added to that (beta-binomial
    model, Gelman et al. 2013, 5.3). Thresholds are tested one after the other, each lower than the
    one before, until the promise no longer holds with enough probability (fixed-sequence testing in
    Learn then Test, Angelopoulos et al. 2021). The first is where the probabilities, without a look
    at what is right, expect the clearest evidence. Enough is `confidence` where `answers` speak,
    and a half where only `prior` does: that the promise holds is an assumption then, and an
    assumption is what is usual, not what is usual at worst.

    NEVER if that fails already. What is more likely wrong than right is not answered, whatever the
    promise.
    """
    if not 0 < promise < 1:
        return NEVER
    counted = _Counted.of(answers)
    tested = [t for t in counted.thresholds(prior) if t >= LEAST_PROBABILITY]
    threshold = NEVER
    for candidate in tested[counted.clearest(tested, promise) :]:
        if not counted.keeps(promise, candidate, prior, confidence):
            break
        threshold = candidate
    return threshold


@dataclass(frozen=True)
class _Counted:
    """Answers by falling probability: running sums of weight, its square, what was wrong of it, and
    what the probabilities expected to be wrong.
    """

    falling: list[float]
    weight: Array
    square: Array
    wrong: Array
    expected: Array

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Self:
        ranked = sorted(answers, key=lambda answer: -answer[0])
        weight = np.array([w for _, _, w in ranked])
        return cls(
            [-p for p, _, _ in ranked],
            np.cumsum(weight),
            np.cumsum(weight**2),
            np.cumsum([w * (not is_right) for _, is_right, w in ranked]),
            np.cumsum([w * (1 - p) for p, _, w in ranked]),
        )

    def thresholds(self, prior: Prior) -> list[float]:
        """Falling, spread over these answers; those of the prior where there are few."""
        step = max(1, len(self.falling) // _STEPS)
        own = [-p for p in self.falling[step - 1 :: step]]
        return sorted({*own, *(t for t, _ in prior.wrong_from)}, reverse=True)

    def clearest(self, thresholds: Sequence[float], promise: float) -> int:
        """Place of the threshold with most standard deviations between promise and expectation."""
        margins = []
        for threshold in thresholds:
            n = bisect_right(self.falling, -threshold)
            weight, square = (self.weight[n - 1], self.square[n - 1]) if n else (0.0, 1.0)
            expected = self.expected[n - 1] if n else 0.0
            margins.append((promise * weight - expected) / np.sqrt(square))
        return int(np.argmax(margins)) if margins else 0

    def keeps(self, promise: float, threshold: float, prior: Prior, confidence: float) -> bool:
        """Return whether at most `promise` of the answers from `threshold` on are likely enough
        wrong.
        """
        n = bisect_right(self.falling, -threshold)
        weight, square = (self.weight[n - 1], self.square[n - 1]) if n else (0.0, 1.0)
        effective = min(weight, weight**2 / square)
        wrong = effective * self.wrong[n - 1] / self.weight[n - 1] if n else 0.0
        usual, worth = prior.wrong_at(threshold), prior.worth
        likely = beta.cdf(promise, usual * worth + wrong, (1 - usual) * worth + effective - wrong)
        enough = 0.5 + (confidence - 0.5) * effective / (effective + worth)
        return bool(likely >= enough)


def clarifying_threshold(settings: Settings, costs: Costs) -> float:
    """Return the least joint probability of the offered intents, from which the bot asks back. It
    is the admin's, or where a click with the hand-offs that it spares costs less than a hand-off.
    """
    if settings.clarify_probability is not None:
        return settings.clarify_probability
    return min(NEVER, costs.click / costs.handoff) if costs.handoff else NEVER


def _fit_weights(votes: Sequence[Vote], prior: Prior) -> Calibration:
    """Most probable weights, where those of `prior` are probable before any question is seen."""
    table, precision = Table.of(votes), np.linalg.inv(prior.covariance)

    def objective(weights: Array) -> tuple[float, Array]:
        surprise, gradient = table.surprise(weights)
        away = weights - prior.weights
        pull = precision @ away
        return surprise + float(away @ pull) / 2, gradient + pull

    found = minimize(objective, prior.weights, jac=True, method="L-BFGS-B")
    similarity, votes_, answer, passage, bias = (float(weight) for weight in found.x)
    return Calibration(
        similarity, votes_, bias, NEVER, NEVER, len(votes), answer=answer, passage=passage
    )


def _spread(items: Sequence[T], most: int) -> Sequence[T]:
    """Up to `most` of `items`, evenly spread."""
    if most <= 0:
        return []
    return [items[i * len(items) // most] for i in range(most)] if len(items) > most else items


def _first(candidates: Sequence[Candidate], vote: Vote) -> Answer:
    if not candidates:
        return 0.0, False, vote.weight
    return candidates[0].probability, candidates[0].intent == vote.truth, vote.weight
