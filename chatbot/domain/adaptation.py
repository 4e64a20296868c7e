"""Let probabilities and the threshold follow what visitors really ask, without any training.

A calibration assumes how much of the traffic the FAQ does not cover. How much it is, is estimated
from the probabilities themselves (label shift, Saerens, Latinne & Decaestecker 2002), then from
what agents say of the random sample. See docs/decisions/0031.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chatbot.domain.matching import MOST_SCORED, NEVER, Calibration, Scored
from chatbot.domain.proportion import Share

ASSUMED_SHARE = 0.5  # of the questions is not covered, as calibrations are fitted
SHARE_BOUNDS = (0.05, 0.9)
LEAST_QUESTIONS = 50
LEAST_JUDGED = 20
LEAST_THRESHOLD = 0.5
MOST_STEP = 0.1
_PSEUDO_COUNTS = 20.0
_EM_STEPS = 200
_EM_CLOSE = 1e-6
_SHIFT_SPREAD = 0.5
_SLOPE_SPREAD = 0.3  # of its logarithm
_SHIFTS = np.linspace(-1.5, 1.5, 61)
_SLOPES = np.exp(np.linspace(-0.8, 0.8, 17))
_EXPECTED_WORTH = 30.0  # answers that the expectation counts as, beside judged ones
_FEWER = 0.9
_ENOUGH = 0.01  # of the questions treated otherwise is worth a change
_UNJUDGED = -1  # no verdict

Array = NDArray[np.float64]


class Promise(StrEnum):
    """What is known of "at most so many automatic answers are wrong"."""

    ASSUMED = "assumed"  # from other FAQs, and the traffic's own probabilities
    MEASURED = "measured"  # the random sample's interval contains the promise
    PROVEN = "proven"  # all of the interval is within the promise
    BROKEN = "broken"  # all of it is beyond

    @classmethod
    def judge(cls, wrong: Share, promise: float) -> Self:
        """Return the state by the share of the judged answers that were `wrong`."""
        if wrong.of < LEAST_JUDGED:
            return cls.ASSUMED
        if wrong.low > promise:
            return cls.BROKEN
        return cls.PROVEN if wrong.high <= promise else cls.MEASURED


@dataclass(frozen=True)
class Asked:
    """The evidence of one question; a verdict (`meant`, None for "none of these") where
    `is_judged`.

    `weight` is how many questions a judged one stands for: one by its probability of being drawn.
    """

    scored: Sequence[Scored]
    is_judged: bool = False
    meant: str | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class Traffic:
    """The questions of visitors as arrays, by one calibration.

    `logits` (questions, candidates) against "none of these", -inf where there is no candidate;
    `right` the column of the right candidate, the last one more for none, -1 without a verdict;
    `weight` of the verdicts, which sum to the effective number of them (Kish 1965).
    """

    logits: Array
    right: NDArray[np.int64]
    weight: Array

    @classmethod
    def of(cls, asked: Sequence[Asked], calibration: Calibration) -> Self:
        logits = np.full((len(asked), MOST_SCORED), -np.inf)
        right = np.full(len(asked), _UNJUDGED)
        weight = np.array([each.weight if each.is_judged else 0.0 for each in asked])
        for row, each in enumerate(asked):
            if each.is_judged:
                right[row] = MOST_SCORED
            for column, scored in enumerate(each.scored):
                weighed = np.dot(calibration.weights, scored.features)
                logits[row, column] = weighed + calibration.bias
                if each.is_judged and scored.intent == each.meant:
                    right[row] = column
        if weight.any():
            weight *= weight.sum() / (weight @ weight)
        return cls(logits, right, weight)

    def __len__(self) -> int:
        return len(self.right)

    @property
    def judged(self) -> NDArray[np.bool_]:
        judged: NDArray[np.bool_] = self.right != _UNJUDGED
        return judged

    def probabilities(self, shift: float = 0.0, slope: float = 1.0) -> Array:
        """Return (questions, candidates + 1), the last for "none of these"."""
        logits = np.column_stack([self.logits * slope + shift, np.zeros(len(self))])
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: Array = odds / odds.sum(axis=1, keepdims=True)
        return probabilities


@dataclass(frozen=True)
class Answers:
    """The first candidate's probability for each question, and what is known of it."""

    probability: Array
    wrong: NDArray[np.bool_]
    weight: Array

    @classmethod
    def of(cls, traffic: Traffic, shift: float = 0.0, slope: float = 1.0) -> Self:
        candidates = traffic.probabilities(shift, slope)[:, :-1]
        return cls(
            candidates.max(axis=1),
            traffic.judged & (candidates.argmax(axis=1) != traffic.right),
            traffic.weight,
        )

    def count_from(self, threshold: float) -> int:
        return int((self.probability >= threshold).sum())

    def wrong_from(self, threshold: float) -> Share:
        """Return the share of wrong ones among judged answers from `threshold` on."""
        heard = (self.probability >= threshold) & (self.weight > 0)
        return Share.weighted(
            list(zip(self.wrong[heard].tolist(), self.weight[heard].tolist(), strict=True))
        )

    def expected_from(self, threshold: float) -> float:
        """Return the share of answers from `threshold` on that is expected to be wrong.

        What the probabilities say counts as some answers do; judged ones are added to that.
        """
        answered = self.probability >= threshold
        if not answered.any():
            return 0.0
        usual = float((1 - self.probability[answered]).mean())
        judged = float(self.weight[answered].sum())
        wrong = float(self.weight[answered & self.wrong].sum())
        return (usual * _EXPECTED_WORTH + wrong) / (_EXPECTED_WORTH + judged)

    def lowest_threshold(self, promise: float) -> float:
        """Return from where `promise` is expected to hold, not below LEAST_THRESHOLD.

        NEVER if it is not expected from anywhere where something would be answered.
        """
        for threshold in np.arange(round(LEAST_THRESHOLD * 100), 100) / 100:
            if self.count_from(threshold) and self.expected_from(threshold) <= promise:
                return float(threshold)
        return NEVER


@dataclass(frozen=True)
class Adapted:
    """A calibration that follows the traffic, and what it rests on.

    `wrong` is of the judged answers by the calibration in force before, and `state` what they say;
    `answered` and `answered_before` are shares of the questions.
    """

    calibration: Calibration
    before: Calibration
    uncovered: float
    questions: int
    verdicts: int
    wrong: Share
    state: Promise
    answered: float
    answered_before: float
    changed: float

    @property
    def is_worth_it(self) -> bool:
        """True if enough questions would be treated otherwise."""
        return self.changed >= _ENOUGH

    def explain(self, promise: float) -> str:
        """Return one or two sentences for people who run the bot."""
        return f"{self._say_state(promise)} {self._say_change()}"

    def _say_state(self, promise: float) -> str:
        of = f"about {self.wrong.value:.0%} of {self.wrong.of} judged answers were wrong"
        between = f"({self.wrong.low:.0%} to {self.wrong.high:.0%}; promised: {promise:.0%})"
        if self.state is Promise.ASSUMED:
            return f"The promise of {promise:.0%} is assumed: too few answers were judged yet."
        if self.state is Promise.BROKEN:
            return f"The promise is broken: {of} {between}. So the bot answers less."
        word = "kept" if self.state is Promise.PROVEN else "measured, not yet sure"
        return f"The promise is {word}: {of} {between}."

    def _say_change(self) -> str:
        return (
            f"By {self.questions} questions and {self.verdicts} verdicts, about "
            f"{self.uncovered:.0%} of what visitors ask is not covered; {self.answered:.0%} of it "
            f"is answered now, {self.answered_before:.0%} before."
        )


def adapt(
    asked: Sequence[Asked], own: Calibration, in_force: Calibration | None, promise: float
) -> Adapted | None:
    """Return how to treat questions like `asked`, none of which is known word for word.

    `own` is the version's calibration, as it was published, and `in_force` what was made of it
    since. A step moves the threshold by at most MOST_STEP, upwards by any amount where the promise
    is broken. None if there are fewer than LEAST_QUESTIONS.
    """
    if len(asked) < LEAST_QUESTIONS:
        return None
    before = in_force or own
    treated = Answers.of(Traffic.of(asked, before))
    wrong = treated.wrong_from(before.answer_at)
    state = Promise.judge(wrong, promise)
    traffic = Traffic.of(asked, own)
    shift, slope = estimate_shift(traffic)
    answers = Answers.of(traffic, shift, slope)
    wanted = answers.lowest_threshold(promise)
    threshold = _bounded(wanted, before.answer_at, state)
    if state is Promise.BROKEN:
        threshold = max(threshold, _fewer(answers, treated.count_from(before.answer_at)))
    now, then = answers.probability >= threshold, treated.probability >= before.answer_at
    return Adapted(
        calibration=rescale(own, shift, slope, threshold),
        before=before,
        uncovered=float(traffic.probabilities(shift, slope)[:, -1].mean()),
        questions=len(traffic),
        verdicts=int(traffic.judged.sum()),
        wrong=wrong,
        state=state,
        answered=float(now.mean()),
        answered_before=float(then.mean()),
        changed=float((now != then).mean()),
    )


def estimate_uncovered(none: Array) -> float:
    """Return the share of questions that the FAQ does not cover, within SHARE_BOUNDS.

    `none` are the probabilities of "none of these" by a calibration that assumes ASSUMED_SHARE.
    Expectation maximisation; the assumption counts as some questions do (a beta prior), so that a
    few say little.
    """
    share = ASSUMED_SHARE
    for _ in range(_EM_STEPS):
        uncovered = none * share / ASSUMED_SHARE
        covered = (1 - none) * (1 - share) / (1 - ASSUMED_SHARE)
        posterior = uncovered / (uncovered + covered)
        found = (posterior.sum() + _PSEUDO_COUNTS * ASSUMED_SHARE) / (len(none) + _PSEUDO_COUNTS)
        found = float(np.clip(found, *SHARE_BOUNDS))
        if abs(found - share) < _EM_CLOSE:
            return found
        share = found
    return share


def estimate_shift(traffic: Traffic) -> tuple[float, float]:
    """Return what is added to every intent's logit, and what that is multiplied with before.

    From questions without verdicts follows the shift, by how much of them is not covered. Verdicts
    then say how far it is off, and whether the probabilities are too bold or too modest: the most
    probable of both, where the slope is near 1.
    """
    share = estimate_uncovered(traffic.probabilities()[:, -1])
    usual = float(np.log((1 - share) / share) - np.log((1 - ASSUMED_SHARE) / ASSUMED_SHARE))
    judged = traffic.judged
    if not judged.any():
        return usual, 1.0
    heard = Traffic(traffic.logits[judged], traffic.right[judged], traffic.weight[judged])
    rows = np.arange(len(heard))
    best, found = -np.inf, (usual, 1.0)
    for slope in _SLOPES.tolist():
        for off in _SHIFTS.tolist():
            right = heard.probabilities(usual + off, slope)[rows, heard.right]
            likelihood = float(heard.weight @ np.log(np.maximum(right, 1e-12)))
            unusual = (off / _SHIFT_SPREAD) ** 2 + (np.log(slope) / _SLOPE_SPREAD) ** 2
            if likelihood - unusual / 2 > best:
                best, found = likelihood - unusual / 2, (usual + off, slope)
    return found


def rescale(own: Calibration, shift: float, slope: float, answer_at: float) -> Calibration:
    """Return `own` with every intent's logit multiplied with `slope`, then `shift` added."""
    return replace(
        own,
        similarity=own.similarity * slope,
        votes=own.votes * slope,
        answer=own.answer * slope,
        passage=own.passage * slope,
        bias=own.bias * slope + shift,
        answer_at=answer_at,
    )


def _bounded(wanted: float, before: float, state: Promise) -> float:
    """Never below what it was where the promise is broken."""
    if state is Promise.BROKEN:
        return max(wanted, before)
    return float(np.clip(wanted, before - MOST_STEP, before + MOST_STEP))


def _fewer(answers: Answers, before: int) -> float:
    """The threshold from which clearly fewer than `before` questions are answered."""
    kept = int(_FEWER * before)
    ranked = np.sort(answers.probability)[::-1]
    return float(ranked[kept - 1]) if 0 < kept <= len(ranked) else NEVER
