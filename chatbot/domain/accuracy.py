"""Measure how well a matcher did on labelled questions, in the terms of the field."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chatbot.domain.matching import MOST_OFFERED, Candidate, Decision
from chatbot.domain.utility import IN_SCOPE_ONLY, End

OUT_OF_SCOPE = "out_of_scope"
_BINS = 15
_CURVE_POINTS = 50


Reply = tuple[Decision, str | None]


@dataclass(frozen=True)
class Outcome:
    """The outcome of one labelled question with a matcher; `expected` None means out of scope.

    `offered` is how many of the candidates a visitor who is asked back may choose from.
    """

    text: str
    expected: str | None
    decision: Decision
    candidates: tuple[Candidate, ...]
    offered: int = MOST_OFFERED

    @property
    def best(self) -> str | None:
        return self.candidates[0].intent if self.candidates else None

    @property
    def probability(self) -> float:
        return self.candidates[0].probability if self.candidates else 0.0

    @property
    def is_top1(self) -> bool:
        return self.expected is not None and self.best == self.expected

    @property
    def is_answered(self) -> bool:
        return self.decision is Decision.ANSWER

    @property
    def is_right_answer(self) -> bool:
        return self.is_answered and self.is_top1

    @property
    def is_wrong_answer(self) -> bool:
        return self.is_answered and self.best != self.expected

    @cached_property
    def end(self) -> End:
        if self.is_answered:
            return End.ANSWERED_RIGHTLY if self.is_top1 else End.ANSWERED_WRONGLY
        if self.decision is Decision.HANDOFF:
            return End.HANDED_OVER
        choice = [candidate.intent for candidate in self.candidates[: self.offered]]
        return End.OFFERED if self.expected in choice else End.ASKED_IN_VAIN

    @property
    def reply(self) -> Reply:
        return reply_of(self.decision, self.candidates)

    @property
    def label(self) -> str:
        return self.expected or OUT_OF_SCOPE

    @property
    def predicted(self) -> str:
        """The label after the decision: a question that is not answered is out of scope."""
        return self.best or OUT_OF_SCOPE if self.is_answered else OUT_OF_SCOPE


def summarise(outcomes: Sequence[Outcome]) -> dict[str, float | int | None]:
    """Return every headline figure; None where there are no rows to compute it from.

    `top1`, `top3`: right intent first / among three, in-scope rows, decision ignored.
    `in_scope_accuracy`: in-scope rows answered rightly. `oos_recall`: out-of-scope rows not
    answered. `mcc`: multi-class Matthews correlation (Gorodkin 2004) over intents + out of scope.
    `coverage`: rows answered. `wrong_answer_rate`: of the answered. `ece`: expected calibration
    error of the first candidate, 15 equal bins (Guo et al. 2017). `auroc_oos`: how well
    1 - probability separates out-of-scope rows.
    """
    in_scope = [o for o in outcomes if o.expected is not None]
    out_of_scope = [o for o in outcomes if o.expected is None]
    answered = [o for o in outcomes if o.is_answered]
    return {
        "n": len(outcomes),
        "n_in_scope": len(in_scope),
        "n_out_of_scope": len(out_of_scope),
        "top1": _share(o.is_top1 for o in in_scope),
        "top3": _share(o.expected in [c.intent for c in o.candidates[:3]] for o in in_scope),
        "in_scope_accuracy": _share(o.is_right_answer for o in in_scope),
        "oos_recall": _share(not o.is_answered for o in out_of_scope),
        "mcc": matthews([o.label for o in outcomes], [o.predicted for o in outcomes]),
        "coverage": _share(o.is_answered for o in outcomes),
        "wrong_answer_rate": _share(o.is_wrong_answer for o in answered),
        "ece": calibration_error([(o.probability, o.is_top1) for o in outcomes]),
        "auroc_oos": auroc(
            [1 - o.probability for o in out_of_scope], [1 - o.probability for o in in_scope]
        ),
    }


def reply_of(decision: Decision, candidates: Sequence[Candidate]) -> Reply:
    """Return what a visitor notices: the decision and, unless handed over, the first candidate."""
    seen = candidates[0].intent if candidates and decision is not Decision.HANDOFF else None
    return decision, seen


def count_ends(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Count how many questions ended how, for those in scope and those out of scope."""
    in_scope = Counter(o.end for o in outcomes if o.expected is not None)
    foreign = Counter(o.end for o in outcomes if o.expected is None)
    return {
        "in_scope": {end.value: in_scope[end] for end in End},
        "out_of_scope": {end.value: foreign[end] for end in End if end not in IN_SCOPE_ONLY},
    }


def per_intent(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """Return precision, recall, F1 of the first candidate per intent, and what it is
    confused with.
    """
    in_scope = [o for o in outcomes if o.expected is not None]
    expected = Counter(o.label for o in in_scope)
    predicted = Counter(o.best for o in in_scope)
    right = Counter(o.label for o in in_scope if o.is_top1)
    report: dict[str, dict[str, Any]] = {}
    for intent, support in sorted(expected.items()):
        precision = right[intent] / predicted[intent] if predicted[intent] else 0.0
        recall = right[intent] / support
        wrong = Counter(o.best for o in in_scope if o.expected == intent and not o.is_top1)
        report[intent] = {
            "support": support,
            "precision": precision,
            "recall": recall,
            "f1": 2 * precision * recall / (precision + recall) if right[intent] else 0.0,
            "confused_with": {other or "nothing": n for other, n in wrong.most_common(5)},
        }
    return report


def matthews(expected: Sequence[str], predicted: Sequence[str]) -> float | None:
    """Return the multi-class Matthews correlation, -1 to 1; 0 when either side has a
    single class.
    """
    if not expected:
        return None
    n = len(expected)
    truth, guess = Counter(expected), Counter(predicted)
    correct = sum(e == p for e, p in zip(expected, predicted, strict=True))
    covariance = correct * n - sum(truth[label] * guess[label] for label in truth)
    spread = math.sqrt(n**2 - sum(v**2 for v in guess.values())) * math.sqrt(
        n**2 - sum(v**2 for v in truth.values())
    )
    return covariance / spread if spread else 0.0


def calibration_error(rows: Sequence[tuple[float, bool]]) -> float | None:
    """Return the expected calibration error, 0 to 1: the mean gap between probability and how often
    it was right, weighted by bin size.
    """
    if not rows:
        return None
    return sum(abs(p - right) * n for p, right, n in reliability(rows)) / len(rows)


def reliability(rows: Sequence[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """Return (mean probability, share right, rows) for each of 15 equal bins that holds rows."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for probability, right in rows:
        bins.setdefault(min(int(probability * _BINS), _BINS - 1), []).append((probability, right))
    return [
        (sum(p for p, _ in b) / len(b), sum(r for _, r in b) / len(b), len(b))
        for _, b in sorted(bins.items())
    ]


def risk_coverage(outcomes: Sequence[Outcome]) -> list[tuple[float, int, int]]:
    """Return (least probability, questions answered from it on, how many of those wrongly), rising.

    This risk-coverage curve shows what answering more would cost (El-Yaniv and Wiener 2010); at
    most 51 points. Answers that tie are given together.
    """
    ranked = sorted(outcomes, key=lambda o: -o.probability)
    step = max(1, len(ranked) // _CURVE_POINTS)
    curve: list[tuple[float, int, int]] = []
    wrong = 0
    for answered, outcome in enumerate(ranked, start=1):
        wrong += not outcome.is_top1
        is_last = answered == len(ranked)
        if not is_last and ranked[answered].probability == outcome.probability:
            continue
        if is_last or answered - (curve[-1][1] if curve else 0) >= step:
            curve.append((round(outcome.probability, 6), answered, wrong))
    return curve


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """Return the probability that a positive scores above a negative, ties counting half."""
    if not positives or not negatives:
        return None
    scores = sorted([(s, True) for s in positives] + [(s, False) for s in negatives])
    ranks, start = 0.0, 0
    while start < len(scores):
        end = start
        while end < len(scores) and scores[end][0] == scores[start][0]:
            end += 1
        mean_rank = (start + 1 + end) / 2
        ranks += mean_rank * sum(is_positive for _, is_positive in scores[start:end])
        start = end
    p = len(positives)
    return (ranks - p * (p + 1) / 2) / (p * len(negatives))


def _share(flags: Any) -> float | None:
    values = list(flags)
    return sum(values) / len(values) if values else None
