"""Whether a candidate may replace the live model: a paired comparison on the same held-out rows."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

import numpy as np

from chatbot.domain.guards import Guard, Margins, set_guards, sign_test
from chatbot.domain.metrics import Outcome

_RESAMPLES = 10_000


class Verdict(StrEnum):
    PROMOTE = "promote"
    HOLD = "hold"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"


@dataclass(frozen=True)
class Rules:
    """Significance level of a gain, and how much worse each guarded figure may get.

    `differing` is the share of visitors' questions on which the two differ, where some rows were
    asked for because they do; None where none was.
    """

    alpha: float = 0.05
    margins: Margins = field(default_factory=Margins)
    seed: int = 13
    differing: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Paired counts of in-scope rows, their statistics, and the verdict with its reasons.

    `differing_weight` is what a held-out row on which the two differ counts for in gain and guards.
    """

    verdict: Verdict
    reasons: list[str]
    both_right: int
    only_candidate: int
    only_live: int
    both_wrong: int
    p_value: float
    needed_p_value: float
    gain: float
    gain_interval: tuple[float, float]
    guards: list[Guard]
    differing_weight: float = 1.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    live: Sequence[Outcome],
    candidate: Sequence[Outcome],
    rules: Rules,
    pins: Sequence[tuple[Outcome, Outcome]] = (),
    cross_fitted: int = 0,
) -> Comparison:
    """Judge `candidate` against `live`; row i of both is the same question.

    The last `cross_fitted` rows are no held-out ones: each was put to a model of the same recipe
    that was not trained on it.
    `promote` needs a significant gain in top-1 (exact McNemar, two-sided) whose 95 % bootstrap
    interval excludes 0, and no broken guard. A broken guard or a significant loss is `hold`.
    Anything else is `insufficient_evidence`: the live model stays. `pins` are (live, candidate) on
    pinned questions: chosen by hand, so they guard and are no evidence of a gain.
    """
    both = list(zip(live, candidate, strict=True))
    first = len(both) - cross_fitted
    less = _weight_of_differing(both[:first], rules.differing)
    held_out = [(a, b, less if _differ(a, b) else 1.0) for a, b in both[:first]]
    every = held_out + [(a, b, 1.0) for a, b in both[first:]]
    rows = [row for row in every if row[0].expected is not None]
    pairs = Counter((a.is_top1, b.is_top1) for a, b, _ in rows)
    gained, lost = pairs[False, True], pairs[True, False]
    p_value = mcnemar_exact(gained, lost)
    changes = [(b.is_top1 - a.is_top1, weight) for a, b, weight in rows]
    gain, interval = estimate_gain(changes, rules.seed)

    guards = set_guards(every, held_out, pins, rules.margins)
    broken = [reason for guard in guards for reason in guard.broken]
    significant = p_value < rules.alpha
    if broken or (significant and lost > gained):
        verdict = Verdict.HOLD
        reasons = broken or [f"It is worse on held-out questions: {gain:+.1%}, p = {p_value:.3g}."]
    elif significant and interval[0] > 0:
        verdict = Verdict.PROMOTE
        reasons = [
            f"It is right on {gained} held-out questions that the live model gets wrong, and wrong "
            f"on {lost} that the live model gets right "
            f"({gain:+.1%} of {len(rows)}, p = {p_value:.3g})."
        ]
    else:
        verdict = Verdict.INSUFFICIENT_EVIDENCE
        reasons = [_what_is_missing(gained, lost, p_value, len(rows), rules.alpha)]
    return Comparison(
        verdict=verdict,
        reasons=reasons,
        both_right=pairs[True, True],
        only_candidate=gained,
        only_live=lost,
        both_wrong=pairs[False, False],
        p_value=p_value,
        needed_p_value=rules.alpha,
        gain=gain,
        gain_interval=interval,
        guards=guards,
        differing_weight=less,
    )


def mcnemar_exact(gained: int, lost: int) -> float:
    """Two-sided exact p-value that `gained` and `lost` discordant pairs are equally likely.

    McNemar (1947) with the exact binomial distribution; 1.0 when nothing changed.
    """
    return min(1.0, 2 * sign_test(min(gained, lost), max(gained, lost)))


def can_decide(differing: int, alpha: float) -> bool:
    """Whether so many discordant pairs, all in favour of one, would be significant."""
    return mcnemar_exact(differing, 0) < alpha


def more_needed(gained: int, lost: int, alpha: float, in_favour: float = 1.0) -> int:
    """How many more differing questions would be significant.

    `in_favour` is the share of them, more than half, that the candidate has right.
    """

    def decides(more: int) -> bool:
        won = math.floor(in_favour * more)
        ahead = gained + won > lost + more - won
        return ahead and mcnemar_exact(gained + won, lost + more - won) < alpha

    return next(filter(decides, count()))


def estimate_gain(
    changes: Sequence[tuple[int, float]], seed: int
) -> tuple[float, tuple[float, float]]:
    """The paired gain in accuracy, as a share, and its 95 % percentile interval (Efron 1979).

    Of each row its change, -1, 0 or 1, and its weight.
    """
    if not changes:
        return 0.0, (0.0, 0.0)
    kinds = Counter(changes)
    counts = np.array(list(kinds.values()))
    change, weight = np.array(list(kinds)).T
    random = np.random.default_rng(seed)
    draws = random.multinomial(len(changes), counts / len(changes), size=_RESAMPLES)
    low, high = np.percentile(draws @ (change * weight) / (draws @ weight), [2.5, 97.5])
    return float(counts @ (change * weight) / (counts @ weight)), (float(low), float(high))


def _differ(live: Outcome, candidate: Outcome) -> bool:
    return (live.best, live.is_answered) != (candidate.best, candidate.is_answered)


def _weight_of_differing(both: Sequence[tuple[Outcome, Outcome]], natural: float | None) -> float:
    """So that rows which differ weigh no more among all than with visitors: post-stratification
    (Holt and Smith 1979). 1 where they are no more than that, or where all rows differ.
    """
    differing = sum(_differ(a, b) for a, b in both)
    same = len(both) - differing
    if natural is None or natural >= 1 or not differing or not same:
        return 1.0
    return min(1.0, natural / (1 - natural) * same / differing)


def _what_is_missing(gained: int, lost: int, p_value: float, n: int, alpha: float) -> str:
    if gained + lost == 0:
        return f"It gives the same first candidate on all {n} held-out questions."
    needed = more_needed(0, 0, alpha)
    return (
        f"Better on {gained}, worse on {lost} of {n} held-out questions (p = {p_value:.3g}; less "
        f"than {alpha:.2g} is needed): that could be chance. At least {needed} differing "
        "questions, all in its favour, are needed."
    )
