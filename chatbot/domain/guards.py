"""What a candidate must not lose, whatever it gains.

A guard breaks where its figure is worse by more than a margin, and by more than chance explains: a
helpdesk has a dozen questions about an intent, and of a hundred intents one always loses two.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Self

from chatbot.domain.metrics import Outcome
from chatbot.domain.share import Share

CHANCE = 0.05
"""How often chance alone may break a guard."""

_LEAST_INTENT_ROWS = 10

Row = tuple[Outcome, Outcome, float]
"""What the live version and the candidate make of one question, and what it weighs."""


@dataclass(frozen=True)
class Margins:
    """How much worse each guarded figure may get, as shares; `promise` is that on wrong answers."""

    intent: float = 0.1
    out_of_scope: float = 0.05
    coverage: float = 0.05
    promise: float = 0.05
    wrong_answer: float = 0.02


@dataclass(frozen=True)
class Guard:
    """How much worse one figure got, how much was allowed, and what is said where it is broken."""

    name: str
    measured: float
    allowed: float
    broken: list[str]


@dataclass(frozen=True)
class Loss:
    """Of paired questions, how many turned good and bad, and the net loss as a weighted share."""

    gained: int
    lost: int
    share: float

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool, float]]) -> Self:
        """`pairs` are (good with the live version, good with the candidate, weight)."""
        rows = list(pairs)
        total = sum(weight for _, _, weight in rows)
        net = sum(weight * (before - after) for before, after, weight in rows)
        return cls(
            gained=sum(after and not before for before, after, _ in rows),
            lost=sum(before and not after for before, after, _ in rows),
            share=net / total if total else 0.0,
        )

    def is_real(self, margin: float, level: float = CHANCE) -> bool:
        """Whether it is beyond `margin` and, by an exact one-sided sign test, beyond chance."""
        return self.share > margin + 1e-9 and sign_test(self.gained, self.lost) <= level


def set_guards(
    rows: Sequence[Row],
    held_out: Sequence[Row],
    pins: Sequence[tuple[Outcome, Outcome]],
    margins: Margins,
) -> list[Guard]:
    """All of them, broken or not; `pins` are (live, candidate) on pinned questions.

    Of `rows` only those `held_out` tell whether the promise is kept: the others set the threshold.
    """
    in_scope = [row for row in rows if row[0].expected is not None]
    foreign = [row for row in rows if row[0].expected is None]
    return [
        _guard_intents(in_scope, margins.intent),
        _guard(
            "out_of_scope",
            Loss.of((not a.is_answered, not b.is_answered, w) for a, b, w in foreign),
            margins.out_of_scope,
            "It answers {:.1%} more of the out-of-scope questions.",
        ),
        _guard(
            "rightly_answered",
            Loss.of((a.is_right_answer, b.is_right_answer, w) for a, b, w in in_scope),
            margins.coverage,
            "It answers {:.1%} fewer of the in-scope questions rightly.",
        ),
        _guard_promise(held_out, margins),
        _guard_pins(pins),
    ]


def sign_test(gained: int, lost: int) -> float:
    """One-sided exact p-value of `lost` or more of these discordant pairs, were both as likely."""
    n = gained + lost
    return sum(math.comb(n, i) for i in range(gained + 1)) / (1 << n)


def tarone_level(discordant: Sequence[int], level: float) -> float:
    """What each of many sign tests may use up, for `level` in all (Tarone 1990).

    `discordant` are their numbers of pairs. Bonferroni's inequality, where a test counts only if
    its pairs suffice to be significant.
    """
    share = next(k for k in count(1) if sum(k * 0.5**n <= level for n in discordant) <= k)
    return level / share


def _guard_intents(rows: Sequence[Row], margin: float) -> Guard:
    of_intent: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of_intent[row[0].label].append(row)
    losses = {
        intent: Loss.of((a.is_top1, b.is_top1, w) for a, b, w in own)
        for intent, own in sorted(of_intent.items())
        if len(own) >= _LEAST_INTENT_ROWS
    }
    level = tarone_level([loss.gained + loss.lost for loss in losses.values()], CHANCE)
    worse = {i: loss.share for i, loss in losses.items() if loss.is_real(margin, level)}
    most = max((loss.share for loss in losses.values()), default=0.0)
    reasons = [f"Intent “{intent}” gets worse by {share:.0%}." for intent, share in worse.items()]
    return Guard("intents", max(0.0, most), margin, reasons)


def _guard(name: str, loss: Loss, margin: float, if_broken: str) -> Guard:
    return Guard(
        name, loss.share, margin, [if_broken.format(loss.share)] if loss.is_real(margin) else []
    )


def _guard_promise(rows: Sequence[Row], margins: Margins) -> Guard:
    """Broken where even the least share of wrong answers that chance explains is not allowed."""
    live = _wrong_answers([(a, w) for a, _, w in rows])
    candidate = _wrong_answers([(b, w) for _, b, w in rows])
    allowed = max(live.value, margins.promise) + margins.wrong_answer
    broken = (
        f"{candidate.value:.1%} of its automatic answers are wrong; "
        f"the promise is {margins.promise:.0%}."
    )
    is_broken = candidate.low > allowed
    return Guard("wrong_answers", candidate.value, allowed, [broken] if is_broken else [])


def _wrong_answers(outcomes: Iterable[tuple[Outcome, float]]) -> Share:
    """Share of the automatic answers that are wrong; its interval has `CHANCE` at either side."""
    answers = [(o.is_wrong_answer, w) for o, w in outcomes if o.is_answered]
    return Share.weighted(answers, 1 - 2 * CHANCE)


def _guard_pins(pins: Sequence[tuple[Outcome, Outcome]]) -> Guard:
    """A pin that the live model breaks too is no reason to keep that model."""
    broken = [b for a, b in pins if a.is_right_answer and not b.is_right_answer]
    reasons = [f"It no longer answers the pinned “{o.text}” with “{o.expected}”." for o in broken]
    return Guard("pins", len(broken), 0, reasons)
