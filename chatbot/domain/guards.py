"""Guard what a candidate must not lose, whatever it gains.

A guard breaks where its figure is worse by more than a margin, and by more than chance explains: a
helpdesk has a dozen questions about an intent, and of a hundred intents one always loses two.
Where chance may explain it, the guard is open: it does not stop the candidate, and it does not
claim that all is well.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import count
from typing import Self

from chatbot.domain.accuracy import Outcome
from chatbot.domain.paired import sign_test
from chatbot.domain.proportion import Share
from chatbot.domain.utility import IN_SCOPE_ONLY

CHANCE = 0.05
"""How often chance alone may break a guard."""

_LEAST_INTENT_ROWS = 10
_MAY_BE_CHANCE = " With so few questions that can be chance."

Row = tuple[Outcome, Outcome, float]
"""What the live version and the candidate make of one question, and what it weighs."""


@dataclass(frozen=True)
class Margins:
    """The margins by which each guarded figure may get worse, as shares; `promise` is that on wrong
    answers.

    `elsewhere` is what a question may cost more, in wrong answers, where a gain is proved on the
    few intents alone that something new was taught about.
    """

    intent: float = 0.1
    out_of_scope: float = 0.05
    coverage: float = 0.0
    promise: float = 0.05
    wrong_answer: float = 0.02
    elsewhere: float = 0.02


class GuardState(StrEnum):
    """`open`: too few questions to tell."""

    HOLDS = "holds"
    OPEN = "open"
    BROKEN = "broken"


@dataclass(frozen=True)
class Guard:
    """The loss of one figure, how much was allowed, and what that means, in words.

    `broken` are the reasons not to promote the candidate; a promise that the live version breaks
    as well may be broken without one.
    """

    name: str
    measured: float
    allowed: float
    state: GuardState
    words: str
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Loss:
    """The number of paired questions that turned good and bad, and the net loss as a weighted
    share.
    """

    gained: int
    lost: int
    share: float
    questions: int

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool, float]]) -> Self:
        """Count the loss over `pairs` (good with the live version, good with the candidate,
        weight).
        """
        rows = list(pairs)
        total = sum(weight for _, _, weight in rows)
        net = sum(weight * (before - after) for before, after, weight in rows)
        return cls(
            gained=sum(after and not before for before, after, _ in rows),
            lost=sum(before and not after for before, after, _ in rows),
            share=net / total if total else 0.0,
            questions=len(rows),
        )

    def is_beyond(self, margin: float) -> bool:
        return self.share > margin + 1e-9

    def is_real(self, margin: float, level: float = CHANCE) -> bool:
        """Return whether the loss is beyond `margin` and, by an exact one-sided sign test, beyond
        chance.
        """
        return self.is_beyond(margin) and sign_test(self.gained, self.lost) <= level

    def paid_for(self, margin: float) -> Self:
        """Return the same loss, with what `margin` allows counted as gained."""
        return replace(self, gained=self.gained + round(margin * self.questions))

    def state(self, margin: float) -> GuardState:
        if self.is_real(margin):
            return GuardState.BROKEN
        return GuardState.OPEN if self.is_beyond(margin) or not self.questions else GuardState.HOLDS


def set_guards(
    rows: Sequence[Row],
    held_out: Sequence[Row],
    pins: Sequence[tuple[Outcome, Outcome]],
    margins: Margins,
) -> list[Guard]:
    """Return all guards, broken or not; `pins` are (live, candidate) on pinned questions.

    Of `rows` only those `held_out` tell whether the promise is kept: the others set the threshold.
    """
    return [
        _guard_intents([row for row in rows if row[0].expected is not None], margins.intent),
        _guard_out_of_scope(rows, margins.out_of_scope),
        guard_right_answers(rows, margins.coverage),
        guard_wrong_answers(rows, margins.promise),
        _guard_promise(held_out, margins),
        _guard_pins(pins),
    ]


def lose_right_answers(rows: Sequence[Row]) -> Loss:
    """Return the loss of in-scope questions that are not answered rightly any more."""
    in_scope = [row for row in rows if row[0].expected is not None]
    return Loss.of((a.is_right_answer, b.is_right_answer, w) for a, b, w in in_scope)


def are_more_wrong(rows: Sequence[Row]) -> bool:
    """Return whether a larger share of the automatic answers was wrong, chance or not."""
    return _wrong_of_answered((b, w) for _, b, w in rows).value > (
        _wrong_of_answered((a, w) for a, _, w in rows).value + 1e-9
    )


def tarone_level(discordant: Sequence[int], level: float) -> float:
    """Return the level at which to run each of many sign tests, for `level` in all (Tarone 1990).

    `discordant` are their numbers of pairs. Bonferroni's inequality, where a test counts only if
    its pairs suffice to be significant.
    """
    share = next(k for k in count(1) if sum(k * 0.5**n <= level for n in discordant) <= k)
    return level / share


def _guard_intents(rows: Sequence[Row], margin: float) -> Guard:
    """Good is an answer, or a choice, that holds what was meant."""
    of_intent: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of_intent[row[0].label].append(row)
    losses = {
        intent: Loss.of((a.end in IN_SCOPE_ONLY, b.end in IN_SCOPE_ONLY, w) for a, b, w in own)
        for intent, own in sorted(of_intent.items())
        if len(own) >= _LEAST_INTENT_ROWS
    }
    level = tarone_level([loss.gained + loss.lost for loss in losses.values()], CHANCE)
    broken = [
        f"Intent “{intent}” gets worse by {loss.share:.0%}."
        for intent, loss in losses.items()
        if loss.is_real(margin, level)
    ]
    most = max((loss.share for loss in losses.values()), default=0.0)
    beyond = most > margin + 1e-9
    if broken:
        state, words = GuardState.BROKEN, " ".join(broken)
    elif not losses:
        state, words = GuardState.OPEN, "No intent has ten questions or more, too few to tell by."
    elif most <= 0:
        state, words = GuardState.HOLDS, "No intent with ten or more questions gets worse."
    else:
        state = GuardState.OPEN if beyond else GuardState.HOLDS
        words = (
            f"The worst intent with ten or more questions loses {most:.0%} of them; {margin:.0%} "
            "is allowed." + (_MAY_BE_CHANCE if beyond else "")
        )
    return Guard("intents", max(0.0, most), margin, state, words, broken)


def _guard_out_of_scope(rows: Sequence[Row], margin: float) -> Guard:
    foreign = [row for row in rows if row[0].expected is None]
    loss = Loss.of((not a.is_answered, not b.is_answered, w) for a, b, w in foreign)
    state = loss.state(margin)
    if not foreign:
        words = "There was no out-of-scope question to tell by."
    elif loss.share <= 0:
        words = f"It answers no more of the {loss.questions} out-of-scope questions."
    else:
        words = f"It answers {loss.share:.1%} more of the {loss.questions} out-of-scope questions."
        if state is not GuardState.BROKEN:
            words += f" {margin:.0%} is allowed."
    return _guard("out_of_scope", loss, margin, state, words)


def guard_right_answers(rows: Sequence[Row], margin: float) -> Guard:
    loss = lose_right_answers(rows)
    state = loss.state(margin)
    if not loss.questions:
        words = "There was no in-scope question to tell by."
    elif loss.share <= 0:
        words = f"It answers no fewer of the {loss.questions} in-scope questions rightly."
    else:
        words = (
            f"It answers {loss.share:.1%} fewer of the {loss.questions} in-scope questions rightly:"
            f" {loss.lost} no longer, {loss.gained} only now."
        )
    return _guard("rightly_answered", loss, margin, state, words)


def guard_wrong_answers(rows: Sequence[Row], promise: float) -> Guard:
    """Guard against wrong answers; a candidate that answers more may give as many as is promised of
    these.
    """
    loss = Loss.of((not a.is_wrong_answer, not b.is_wrong_answer, w) for a, b, w in rows)
    further = -Loss.of((a.is_answered, b.is_answered, w) for a, b, w in rows).share
    margin = promise * max(0.0, further)
    state = loss.paid_for(margin).state(margin)
    if not rows:
        words = "There was no question to tell by."
    elif loss.share <= 0:
        words = f"It answers no more of the {loss.questions} questions wrongly."
    else:
        words = (
            f"It answers {loss.share:.1%} more of the {loss.questions} questions wrongly: "
            f"{loss.lost} only now, {loss.gained} no longer."
        )
        if further > 0:
            words += f" It answers {further:.1%} more in all, which would allow for {margin:.1%}."
    return _guard("wrongly_answered", loss, margin, state, words)


def _guard(name: str, loss: Loss, margin: float, state: GuardState, words: str) -> Guard:
    if state is GuardState.BROKEN:
        return Guard(name, loss.share, margin, state, words, [words])
    if loss.is_beyond(margin):
        words += _MAY_BE_CHANCE
    return Guard(name, loss.share, margin, state, words)


def _guard_promise(rows: Sequence[Row], margins: Margins) -> Guard:
    """Guard the promise: it holds where even the greatest share of wrong answers that chance
    explains keeps it.

    Where even the least is too much it is broken. That stops a candidate unless it is within the
    margin, or the live version is as bad.
    """
    live = _wrong_of_answered((a, w) for a, _, w in rows)
    share = _wrong_of_answered((b, w) for _, b, w in rows)
    promise, allowed = margins.promise, max(live.value, margins.promise) + margins.wrong_answer
    if not share.of:
        words = "It answered none of these questions by itself."
        return Guard("wrong_answers", 0.0, allowed, GuardState.OPEN, words)
    measured = f"{share.value:.1%} of its {share.of} automatic answers are wrong"
    if share.high <= promise:
        words = (
            f"{measured}, hardly more than {share.high:.1%} in truth; {promise:.0%} is promised."
        )
        return Guard("wrong_answers", share.value, allowed, GuardState.HOLDS, words)
    if share.low <= promise:
        words = (
            f"{measured}. With so few the true share may be anything from {share.low:.1%} to "
            f"{share.high:.1%}: whether the promise of {promise:.0%} is kept cannot be told."
        )
        return Guard("wrong_answers", share.value, allowed, GuardState.OPEN, words)
    words = f"{measured}; the promise is {promise:.0%}."
    if share.low > promise + margins.wrong_answer and share.value > allowed:
        return Guard("wrong_answers", share.value, allowed, GuardState.BROKEN, words, [words])
    words += (
        f" The gate lets {margins.wrong_answer:.0%} more pass."
        if share.low <= promise + margins.wrong_answer
        else f" Of the live version's {live.value:.1%} are, so this alone does not keep it out."
    )
    return Guard("wrong_answers", share.value, allowed, GuardState.BROKEN, words)


def _wrong_of_answered(outcomes: Iterable[tuple[Outcome, float]]) -> Share:
    """Share of the automatic answers that are wrong; its interval has `CHANCE` at either side."""
    answers = [(o.is_wrong_answer, w) for o, w in outcomes if o.is_answered]
    return Share.weighted(answers, 1 - 2 * CHANCE, is_cautious=True)


def _guard_pins(pins: Sequence[tuple[Outcome, Outcome]]) -> Guard:
    """A pin that the live model breaks too is no reason to keep that model."""
    lost = [b for a, b in pins if a.is_right_answer and not b.is_right_answer]
    broken = [f"It no longer answers the pinned “{o.text}” with “{o.expected}”." for o in lost]
    words = " ".join(broken) or "It breaks no pinned question that the live version keeps."
    state = GuardState.BROKEN if broken else GuardState.HOLDS
    return Guard("pins", len(broken), 0, state, words, broken)
