"""Fit, for one model version, what its votes mean as probabilities and when it may answer."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import binom

from chatbot.domain.matching import (
    MOST_CANDIDATES,
    NEVER,
    USUAL,
    Calibration,
    Candidate,
    Scored,
)
from chatbot.settings import Settings
from workers.unseen import Unseen

GENERIC = Path(__file__).parent / "generic_out_of_scope.txt"
LEAST_ROWS = 50
OUT_OF_SCOPE_SHARE = 0.2
OTHER_PROMISES = tuple(percent / 100 for percent in range(1, 21))
LEAST_PROBABILITY = 0.5
_MOST_STAND_INS = 400
_HIDDEN_SHARE = 0.1
_COVERED_QUANTILE = 0.1
_CROSS_FITS = 5
_STEPS = 50
_CLARIFY_STEPS = 5
_LOOSE = np.array([10.0, 1.0, 10.0])  # how far from the usual weights is no surprise

T = TypeVar("T")
Vote = tuple[list[Scored], str | None]
Judged = tuple[list[Candidate], str | None]
Array = NDArray[np.float64]


def gather_votes(unseen: Sequence[Unseen], out_of_scope: Sequence[str]) -> list[Vote]:
    """For catalogue entries that the encoder was not trained on, each hidden from the index.

    A fifth of the rows is out of scope, as visitors' questions are. Until as many `out_of_scope`
    questions are known, stand-ins take their place: what people ask any chatbot, and a few entries
    whose whole intent is hidden, foreign to the FAQ but near.
    """
    rows = sum(len(part.rows) for part in unseen)
    wanted = round(rows * OUT_OF_SCOPE_SHARE / (1 - OUT_OF_SCOPE_SHARE))
    known = _spread(out_of_scope, wanted)
    missing = max(0, min(wanted, _MOST_STAND_INS) - len(known))
    hidden = round(missing * _HIDDEN_SHARE)
    generic = _spread(GENERIC.read_text(encoding="utf-8").splitlines(), missing - hidden)
    votes: list[Vote] = []
    for number, part in enumerate(unseen):
        every = slice(number, None, len(unseen))
        votes += _votes_of(part, known[every], generic[every], len(range(hidden)[every]))
    return votes


def _votes_of(
    part: Unseen, known: Sequence[str], generic: Sequence[str], hidden: int
) -> list[Vote]:
    """Of one part, with as many of its rows as leave the foreign questions their share."""
    matcher = part.matcher
    familiar = matcher.score_known(part.rows)
    foreign = matcher.score(known)
    foreign += _not_covered(matcher.score(generic), familiar)
    foreign += matcher.score_as_unknown(_spread(part.rows, hidden))
    votes: list[Vote] = list(zip(familiar, part.intents, strict=True))
    if foreign:
        share = (1 - OUT_OF_SCOPE_SHARE) / OUT_OF_SCOPE_SHARE
        votes = list(_spread(votes, round(len(foreign) * share)))
    return votes + [(scored, None) for scored in foreign]


def _not_covered(
    generic: Sequence[list[Scored]], familiar: Sequence[list[Scored]]
) -> list[list[Scored]]:
    """Without those that are as near to the FAQ as its own phrasings: an FAQ may cover small talk.

    Nine tenths of its phrasings are nearer to the others than a question that is kept.
    """
    near = [scored[0].similarity for scored in familiar if scored]
    limit = float(np.quantile(near, _COVERED_QUANTILE)) if near else 0.0
    return [scored for scored in generic if not scored or scored[0].similarity < limit]


@dataclass(frozen=True)
class Table:
    """Votes as arrays: features (rows, candidates, 2), which are real, and the right one's place.

    The place behind the last candidate means "none of these".
    """

    features: Array
    real: NDArray[np.bool_]
    right: NDArray[np.int64]

    @classmethod
    def of(cls, votes: Sequence[Vote]) -> Self:
        shape = (len(votes), MOST_CANDIDATES)
        features, real = np.zeros((*shape, 2)), np.zeros(shape, bool)
        right = np.full(len(votes), MOST_CANDIDATES)
        for row, (scored, truth) in enumerate(votes):
            for place, candidate in enumerate(scored):
                features[row, place] = candidate.features
                real[row, place] = True
                if candidate.intent == truth:
                    right[row] = place
        return cls(features, real, right)

    @property
    def teaches(self) -> bool:
        """Whether it has both right and wrong candidates."""
        right = int((self.right < MOST_CANDIDATES).sum())
        return 0 < right < int(self.real.sum())

    def surprise(self, weights: Array) -> tuple[float, Array]:
        """Negative log likelihood of `weights`, and its gradient."""
        logits = np.where(self.real, self.features @ weights[:2] + weights[2], -np.inf)
        logits = np.column_stack([logits, np.zeros(len(logits))])
        logits -= logits.max(axis=1, keepdims=True)
        log_total = np.log(np.exp(logits).sum(axis=1))
        rows = np.arange(len(logits))
        error = np.exp(logits - log_total[:, None])
        error[rows, self.right] -= 1
        error = error[:, :-1]
        gradient = np.append((error[..., None] * self.features).sum(axis=(0, 1)), error.sum())
        return float((log_total - logits[rows, self.right]).sum()), gradient


def fit(votes: Sequence[Vote], settings: Settings) -> Calibration:
    """What votes mean, then from which probability on questions are answered and asked back.

    Both thresholds are set on probabilities by calibrations that did not see the question.
    """
    table = Table.of(votes)
    if len(votes) < LEAST_ROWS or not table.teaches:
        return Calibration.unfitted(settings.clarify_probability)
    judged = cross_fit(votes)
    answers = [_first(*row) for row in judged]
    answer_at = answering_threshold(answers, settings.promise, settings.promise_confidence)
    draft = replace(_fit_weights(table), answer_at=answer_at)
    return replace(draft, clarify_at=clarifying_threshold(judged, draft, settings))


def thresholds_of_other_promises(
    calibration: Calibration, votes: Sequence[Vote], confidence: float
) -> list[tuple[float, float]]:
    """(promise, where this version would answer if that were the promise); none if unfitted."""
    if calibration.rows == 0:
        return []
    answers = [_first(*row) for row in cross_fit(votes)]
    return [(p, answering_threshold(answers, p, confidence)) for p in OTHER_PROMISES]


def cross_fit(votes: Sequence[Vote]) -> list[Judged]:
    """Candidates of each question, by a calibration that was fitted without it, and the truth."""
    judged: list[Judged] = []
    for part in range(_CROSS_FITS):
        others = [vote for place, vote in enumerate(votes) if place % _CROSS_FITS != part]
        calibration = _fit_weights(Table.of(others))
        judged += [(calibration.candidates(s), truth) for s, truth in votes[part::_CROSS_FITS]]
    return judged


def answering_threshold(
    answers: Sequence[tuple[float, bool]], promise: float, confidence: float
) -> float:
    """The lowest probability from which at most `promise` of the answers are wrong.

    `answers` are (probability of the first candidate, whether it is right). Thresholds are tested
    one after the other, each lower than the one before, with an exact binomial test until one
    fails: with probability `confidence` the promise holds on questions like these (fixed-sequence
    testing in Learn then Test, Angelopoulos et al. 2021). The first is where the probabilities,
    without a look at what is right, expect the clearest evidence.

    NEVER if that fails already or there is too little data. What is more likely wrong than right is
    not answered, whatever the promise.
    """
    if not 0 < promise < 1:
        return NEVER
    ranked = sorted(answers, key=lambda answer: -answer[0])
    falling = [-probability for probability, _ in ranked]
    step = max(1, len(ranked) // _STEPS)
    most = bisect_right(falling, -LEAST_PROBABILITY)
    answered = [bisect_right(falling, falling[n - 1]) for n in range(step, most + 1, step)]
    answered = [n for n in answered if (1 - promise) ** n <= 1 - confidence]
    wrong = np.cumsum([not is_right for _, is_right in ranked])
    threshold = NEVER
    for n in answered[_clearest(answered, np.cumsum([1 + p for p in falling]), promise) :]:
        if binom.cdf(wrong[n - 1], n, promise) > 1 - confidence:
            break
        threshold = ranked[n - 1][0]
    return threshold


def _clearest(answered: Sequence[int], expected_wrong: Array, promise: float) -> int:
    """Place of the `answered` with most standard deviations between promise and expectation."""
    margins = [(promise * n - expected_wrong[n - 1]) / np.sqrt(n) for n in answered]
    return int(np.argmax(margins)) if margins else 0


def clarifying_threshold(
    judged: Sequence[Judged], calibration: Calibration, settings: Settings
) -> float:
    """Where sets of intents that reach it together hold the right one as often as promised.

    Among questions that are not answered; the first value from the promised probability on whose
    misses, and one more, stay within it (conformal risk control, Angelopoulos et al. 2022).
    """
    promised = settings.clarify_probability
    for step in range(_CLARIFY_STEPS):
        clarify_at = promised + (1 - promised) * step / _CLARIFY_STEPS
        asking = replace(calibration, clarify_at=clarify_at)
        offers = [
            (asking.offered(candidates), truth)
            for candidates, truth in judged
            if not candidates or candidates[0].probability < calibration.answer_at
        ]
        held = [truth in [c.intent for c in offer] for offer, truth in offers if offer]
        if held.count(False) + 1 <= (1 - promised) * (len(held) + 1):
            return clarify_at
    return NEVER


def _fit_weights(table: Table) -> Calibration:
    """Most probable weights, where the usual ones are probable before any question is seen."""

    def objective(weights: Array) -> tuple[float, Array]:
        surprise, gradient = table.surprise(weights)
        away = (weights - USUAL) / _LOOSE
        return surprise + float(away @ away) / 2, gradient + away / _LOOSE

    found = minimize(objective, np.array(USUAL), jac=True, method="L-BFGS-B")
    similarity, votes, bias = (float(weight) for weight in found.x)
    return Calibration(similarity, votes, bias, NEVER, NEVER, len(table.right))


def _spread(items: Sequence[T], most: int) -> Sequence[T]:
    """Up to `most` of `items`, evenly spread."""
    if most <= 0:
        return []
    return [items[i * len(items) // most] for i in range(most)] if len(items) > most else items


def _first(candidates: Sequence[Candidate], truth: str | None) -> tuple[float, bool]:
    """Probability of the first candidate, and whether it is right."""
    if not candidates:
        return 0.0, False
    return candidates[0].probability, candidates[0].intent == truth
