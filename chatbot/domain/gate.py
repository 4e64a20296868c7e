"""Decide whether a candidate may replace the live model: a paired comparison on the same held-out
rows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from chatbot.domain.accuracy import Outcome
from chatbot.domain.change import say_change
from chatbot.domain.guards import (
    Guard,
    Margins,
    Row,
    are_more_wrong,
    guard_right_answers,
    guard_wrong_answers,
    lose_right_answers,
    set_guards,
)
from chatbot.domain.paired import estimate_gain, fewest_that_decide, mcnemar_exact
from chatbot.domain.utility import Costs
from chatbot.domain.weighed import Weighed

_FEW = 0.25  # of all intents: where more were taught about, what was taught is about all
_NAMED = 6
_FEWER_RIGHT = (
    "But it answers fewer of all questions rightly. That can be chance, and keeps it out."
)


class Verdict(StrEnum):
    PROMOTE = "promote"
    HOLD = "hold"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"


@dataclass(frozen=True)
class Rules:
    """The significance level of a gain, and how much worse each guarded figure may get.

    `differing` is the share of visitors' questions on which the two differ, where some rows were
    asked for because they do; None where none was. `taught` are the rows, by their text, that
    agents judged since the live version was made, about what the candidate was newly taught.
    """

    alpha: float = 0.05
    margins: Margins = field(default_factory=Margins)
    seed: int = 13
    differing: float | None = None
    costs: Costs = field(default_factory=Costs)
    taught: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Comparison:
    """The verdict with its reasons, what decides it, and what explains it.

    `whole` weighs all rows. Where the candidate was `taught` something new about few intents, what
    agents judged about these is weighed by itself, and so is all that is `elsewhere`. The counts
    and figures after these are of the right intent as first candidate: they explain and decide
    nothing. `differing_weight` is what a held-out row on which the two differ counts for in gains
    and guards.
    """

    verdict: Verdict
    reasons: list[str]
    whole: Weighed
    taught: Weighed | None
    elsewhere: Weighed | None
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

    @property
    def could_decide(self) -> bool:
        """True if the comparison could have promoted a candidate, whoever was right; else it fools
        nobody.
        """
        return any(each.could_decide for each in (self.whole, self.taught) if each is not None)

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
    What counts is how each question ends, by what that costs. `promote` needs a significant gain
    (exact signed-rank test of the paired differences, two-sided) on more questions than are lost
    and by what they cost together, no fewer right answers, and no broken guard. Where the candidate
    was taught something new about few intents, the gain may be there alone, for half of `alpha`, if
    nothing is lost elsewhere beyond chance or beyond a margin. A broken guard or a significant loss
    is `hold`. Anything else is `insufficient_evidence`: the live model stays. `pins` are (live,
    candidate) on pinned questions: chosen by hand, so they guard and are no evidence of a gain.
    """
    both = list(zip(live, candidate, strict=True))
    first = len(both) - cross_fitted
    less = _weight_of_differing(both[:first], rules.differing)
    held_out = [(a, b, less if _differ(a, b) else 1.0) for a, b in both[:first]]
    every = held_out + [(a, b, 1.0) for a, b in both[first:]]
    evidence = _Evidence.of(every, rules)
    guards = set_guards(every, held_out, pins, rules.margins)
    verdict, why = _decide(evidence, guards, rules)
    rows = [row for row in every if row[0].expected is not None]
    pairs = Counter((a.is_top1, b.is_top1) for a, b, _ in rows)
    gained, lost = pairs[False, True], pairs[True, False]
    gain, interval = estimate_gain([(b.is_top1 - a.is_top1, w) for a, b, w in rows], rules.seed)
    return Comparison(
        verdict=verdict,
        reasons=[say_change(every), *why],
        whole=evidence.whole,
        taught=evidence.taught,
        elsewhere=evidence.elsewhere,
        both_right=pairs[True, True],
        only_candidate=gained,
        only_live=lost,
        both_wrong=pairs[False, False],
        p_value=mcnemar_exact(gained, lost),
        needed_p_value=rules.alpha,
        gain=gain,
        gain_interval=interval,
        guards=guards,
        differing_weight=less,
    )


@dataclass(frozen=True)
class _Evidence:
    """All rows; those that show what was newly taught and all others, if any were."""

    rows: Sequence[Row]
    taught_rows: Sequence[Row]
    other_rows: Sequence[Row]
    whole: Weighed
    taught: Weighed | None
    elsewhere: Weighed | None

    @classmethod
    def of(cls, rows: Sequence[Row], rules: Rules) -> Self:
        """Two tests share the significance level by Bonferroni's inequality."""
        own = [row for row in rows if row[0].expected is not None and row[0].text in rules.taught]
        known = {row[0].expected for row in rows if row[0].expected is not None}
        if len({row[0].expected for row in own}) > _FEW * len(known):
            own = []
        chosen = set(map(id, own))
        others = [row for row in rows if id(row) not in chosen]
        alpha = rules.alpha / 2 if own else rules.alpha

        def weigh(some: Sequence[Row]) -> Weighed:
            return Weighed.of(some, rules.costs, rules.seed, alpha)

        whole = weigh(rows)
        return cls(rows, own, others, whole, *(map(weigh, (own, others)) if own else (None, None)))

    def find_losses_elsewhere(self, margins: Margins) -> list[str]:
        """Return why all other questions would pay for a gain where something was taught; empty if
        not.
        """
        guards = (
            guard_right_answers(self.other_rows, margins.coverage),
            guard_wrong_answers(self.other_rows, margins.promise),
        )
        losses = [reason for guard in guards for reason in guard.broken]
        if self.elsewhere and (most := -self.elsewhere.gain_interval[0]) > margins.elsewhere:
            losses.append(
                f"They may cost {most:.3f} of a wrong answer more, each; {margins.elsewhere:.3f} "
                "is allowed."
            )
        return losses

    @property
    def about_what_was_taught(self) -> str:
        names = sorted({str(row[0].expected) for row in self.taught_rows})
        named = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
        return f"On what agents newly taught it ({named}), {self.taught}."

    @property
    def about_all_else(self) -> str:
        assert self.elsewhere is not None
        return (
            f"On the {self.elsewhere.questions} other questions it does better on "
            f"{self.elsewhere.better} and worse on {self.elsewhere.worse}."
        )


def _decide(
    evidence: _Evidence, guards: Sequence[Guard], rules: Rules
) -> tuple[Verdict, list[str]]:
    """The verdict, and why."""
    whole, taught, margins = evidence.whole, evidence.taught, rules.margins
    if broken := [reason for guard in guards for reason in guard.broken]:
        return Verdict.HOLD, broken
    if whole.proves_a_loss:
        return Verdict.HOLD, [f"It does worse: {whole}."]
    if whole.proves_a_gain:
        why = [f"{_capitalised(str(whole))}."]
    elif taught is not None and taught.proves_a_gain:
        why = [evidence.about_what_was_taught, evidence.about_all_else]
        if losses := evidence.find_losses_elsewhere(margins):
            return Verdict.INSUFFICIENT_EVIDENCE, [*why, *losses]
    else:
        return Verdict.INSUFFICIENT_EVIDENCE, [_what_is_missing(whole)]
    loss = lose_right_answers(evidence.rows)
    is_worse_twice = loss.is_beyond(0) and are_more_wrong(evidence.rows)
    if is_worse_twice or loss.is_beyond(margins.coverage):
        return Verdict.INSUFFICIENT_EVIDENCE, [*why, _FEWER_RIGHT]
    return Verdict.PROMOTE, why


def _what_is_missing(whole: Weighed) -> str:
    fewest = fewest_that_decide(whole.needed_p_value)
    needed = f"At least {fewest} differing questions, all in its favour, are needed."
    if not whole.differences:
        return f"No question tells which of the two does better. {needed}"
    if whole.p_value >= whole.needed_p_value:
        return f"{_capitalised(str(whole))}: that could be chance. {needed}"
    if whole.better > whole.worse:
        return f"{_capitalised(str(whole))}, but its mistakes cost as much as it saves."
    return f"{_capitalised(str(whole))}: what that saves together is no reason to do worse on more."


def _capitalised(words: str) -> str:
    return words[0].upper() + words[1:]


def _differ(live: Outcome, candidate: Outcome) -> bool:
    return live.reply != candidate.reply


def _weight_of_differing(both: Sequence[tuple[Outcome, Outcome]], natural: float | None) -> float:
    """Return the weight of rows that differ, so that they weigh no more among all than with
    visitors.

    This is post-stratification (Holt and Smith 1979). 1 where they are no more than that, or where
    all rows differ.
    """
    differing = sum(_differ(a, b) for a, b in both)
    same = len(both) - differing
    if natural is None or natural >= 1 or not differing or not same:
        return 1.0
    return min(1.0, natural / (1 - natural) * same / differing)
