"""Whether a candidate may replace the live model: a paired comparison on the same held-out rows."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import count
from typing import Any

import numpy as np

from chatbot.domain.metrics import Outcome

_RESAMPLES = 10_000
_LEAST_INTENT_ROWS = 10


class Verdict(StrEnum):
    PROMOTE = "promote"
    HOLD = "hold"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"


@dataclass(frozen=True)
class Rules:
    """Significance level, and how much worse each guarded figure may get, as shares.

    `differing` is the share of visitors' questions on which the two differ, where some rows were
    asked for because they do; None where none was.
    """

    alpha: float = 0.05
    intent_margin: float = 0.1
    out_of_scope_margin: float = 0.05
    coverage_margin: float = 0.05
    promise: float = 0.05
    wrong_answer_margin: float = 0.02
    seed: int = 13
    differing: float | None = None


@dataclass(frozen=True)
class Guard:
    """How much worse one figure got, how much was allowed, and what is said where it is broken."""

    name: str
    measured: float
    allowed: float
    broken: list[str]


@dataclass(frozen=True)
class Comparison:
    """Paired counts of in-scope rows, their statistics, and the verdict with its reasons.

    `differing_weight` is what a row on which the two differ counts for in gain and guards.
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
    intents_worse: dict[str, float]
    out_of_scope_change: float
    rightly_answered_change: float
    wrong_answer_rates: tuple[float, float]
    guards: list[Guard]
    differing_weight: float = 1.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    live: Sequence[Outcome],
    candidate: Sequence[Outcome],
    rules: Rules,
    pins: Sequence[tuple[Outcome, Outcome]] = (),
) -> Comparison:
    """Judge `candidate` against `live`; row i of both is the same question.

    `promote` needs a significant gain in top-1 (exact McNemar, two-sided) whose 95 % bootstrap
    interval excludes 0, and no broken guard. A broken guard or a significant loss is `hold`.
    Anything else is `insufficient_evidence`: the live model stays. `pins` are (live, candidate) on
    pinned questions: chosen by hand, so they guard and are no evidence of a gain.
    """
    both = list(zip(live, candidate, strict=True))
    less = _weight_of_differing(both, rules.differing)
    weights = [less if _differ(a, b) else 1.0 for a, b in both]
    rows = [(a, b, w) for (a, b), w in zip(both, weights, strict=True) if a.expected is not None]
    pairs = Counter((a.is_top1, b.is_top1) for a, b, _ in rows)
    gained, lost = pairs[False, True], pairs[True, False]
    p_value = mcnemar_exact(gained, lost)
    natural = less * len(rows) / sum(w for _, _, w in rows) if rows else 1.0
    gain = natural * (gained - lost) / len(rows) if rows else 0.0
    low, high = bootstrap_interval(gained, lost, len(rows), rules.seed)
    interval = natural * low, natural * high
    intents = _intent_changes(rows)
    out_of_scope = _answered_share(candidate, weights) - _answered_share(live, weights)
    rightly = _rightly_answered(candidate, weights) - _rightly_answered(live, weights)
    wrong = _wrong_answer_rate(live, weights), _wrong_answer_rate(candidate, weights)

    guards = [*_guards(intents, out_of_scope, rightly, wrong, rules), _guard_pins(pins)]
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
        intents_worse=_worse(intents, rules.intent_margin),
        out_of_scope_change=out_of_scope,
        rightly_answered_change=rightly,
        wrong_answer_rates=wrong,
        guards=guards,
        differing_weight=less,
    )


def mcnemar_exact(gained: int, lost: int) -> float:
    """Two-sided exact p-value that `gained` and `lost` discordant pairs are equally likely.

    McNemar (1947) with the exact binomial distribution; 1.0 when nothing changed.
    """
    n = gained + lost
    tail = sum(math.comb(n, i) for i in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / (1 << n))


def can_decide(differing: int, alpha: float) -> bool:
    """Whether so many discordant pairs, all in favour of one, would be significant."""
    return mcnemar_exact(differing, 0) < alpha


def more_needed(gained: int, lost: int, alpha: float) -> int:
    """How many more differing questions, all in the candidate's favour, would be significant."""
    return next(m for m in count() if gained + m > lost and mcnemar_exact(gained + m, lost) < alpha)


def bootstrap_interval(gained: int, lost: int, n: int, seed: int) -> tuple[float, float]:
    """95 % percentile interval of the paired gain in accuracy (Efron 1979), as shares of `n`."""
    if n == 0:
        return 0.0, 0.0
    shares = [gained / n, lost / n, (n - gained - lost) / n]
    draws = np.random.default_rng(seed).multinomial(n, shares, size=_RESAMPLES)
    low, high = np.percentile((draws[:, 0] - draws[:, 1]) / n, [2.5, 97.5])
    return float(low), float(high)


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


def _intent_changes(rows: Sequence[tuple[Outcome, Outcome, float]]) -> dict[str, float]:
    """By how much each intent with enough questions gained, as a share of them."""
    support: Counter[str] = Counter(a.label for a, _, _ in rows)
    net: dict[str, float] = defaultdict(float)
    of: dict[str, float] = defaultdict(float)
    for live, candidate, weight in rows:
        net[live.label] += weight * (candidate.is_top1 - live.is_top1)
        of[live.label] += weight
    return {i: net[i] / of[i] for i, n in sorted(support.items()) if n >= _LEAST_INTENT_ROWS}


def _worse(intents: dict[str, float], margin: float) -> dict[str, float]:
    return {intent: change for intent, change in intents.items() if change < -margin - 1e-9}


def _answered_share(outcomes: Sequence[Outcome], weights: Sequence[float]) -> float:
    """Share of the out-of-scope questions that get an automatic, hence wrong, answer."""
    return _share(
        (o.is_answered, w) for o, w in zip(outcomes, weights, strict=True) if o.expected is None
    )


def _rightly_answered(outcomes: Sequence[Outcome], weights: Sequence[float]) -> float:
    """Share of the in-scope questions that get the right automatic answer."""
    return _share(
        (o.is_right_answer, w)
        for o, w in zip(outcomes, weights, strict=True)
        if o.expected is not None
    )


def _wrong_answer_rate(outcomes: Sequence[Outcome], weights: Sequence[float]) -> float:
    """Share of the automatic answers that are wrong."""
    return _share(
        (o.is_wrong_answer, w) for o, w in zip(outcomes, weights, strict=True) if o.is_answered
    )


def _share(flags: Iterable[tuple[bool, float]]) -> float:
    rows = list(flags)
    total = sum(weight for _, weight in rows)
    return sum(weight for flag, weight in rows if flag) / total if total else 0.0


def _guards(
    intents: dict[str, float],
    out_of_scope: float,
    rightly: float,
    wrong: tuple[float, float],
    rules: Rules,
) -> list[Guard]:
    worse = _worse(intents, rules.intent_margin).items()
    allowed_wrong = max(wrong[0], rules.promise) + rules.wrong_answer_margin
    return [
        Guard(
            "intents",
            max(0.0, -min(intents.values(), default=0.0)),
            rules.intent_margin,
            [f"Intent “{intent}” gets worse by {-change:.0%}." for intent, change in worse],
        ),
        _guard(
            "out_of_scope",
            out_of_scope,
            rules.out_of_scope_margin,
            f"It answers {out_of_scope:.1%} more of the out-of-scope questions.",
        ),
        _guard(
            "rightly_answered",
            -rightly,
            rules.coverage_margin,
            f"It answers {-rightly:.1%} fewer of the in-scope questions rightly.",
        ),
        _guard(
            "wrong_answers",
            wrong[1],
            allowed_wrong,
            f"{wrong[1]:.1%} of its automatic answers are wrong; "
            f"the promise is {rules.promise:.0%}.",
        ),
    ]


def _guard_pins(pins: Sequence[tuple[Outcome, Outcome]]) -> Guard:
    """A pin that the live model breaks too is no reason to keep that model."""
    broken = [b for a, b in pins if a.is_right_answer and not b.is_right_answer]
    reasons = [f"It no longer answers the pinned “{o.text}” with “{o.expected}”." for o in broken]
    return Guard("pins", len(broken), 0, reasons)


def _guard(name: str, measured: float, allowed: float, if_broken: str) -> Guard:
    return Guard(name, measured, allowed, [if_broken] if measured > allowed else [])


def _what_is_missing(gained: int, lost: int, p_value: float, n: int, alpha: float) -> str:
    if gained + lost == 0:
        return f"It gives the same first candidate on all {n} held-out questions."
    needed = more_needed(0, 0, alpha)
    return (
        f"Better on {gained}, worse on {lost} of {n} held-out questions (p = {p_value:.3g}; less "
        f"than {alpha:.2g} is needed): that could be chance. At least {needed} differing "
        "questions, all in its favour, are needed."
    )
