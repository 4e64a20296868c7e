"""Plant losses, gains, and trades in a candidate that is as good as the live model.

Losses and gains in the right first candidate, and in decisions: of how many questions a visitor is
answered, asked back, or handed over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from chatbot.domain.accuracy import Outcome
from chatbot.domain.matching import Candidate, Decision
from chatbot.domain.utility import IN_SCOPE_ONLY, End

Model = list[Outcome]
Plant = Callable[[Model, Random], Model]

_NAMES, _ASKED = 6, 29  # README: 96 verdicts on six names, of which three in ten measure
_KNOWN = 0.9  # of a name's questions, what a model that learnt it answers
_ROWS = 1734  # a helpdesk's evidence as README's loop had it
_SILENT = (End.HANDED_OVER, End.ASKED_IN_VAIN)


@dataclass(frozen=True)
class Named:
    """The outcomes of two models on the same questions, and which of these have a name in them."""

    live: Model
    candidate: Model
    texts: frozenset[str]


def ask_for_names(live: Model, candidate: Model, random: Random) -> Named:
    """Return outcomes as in README: the live model hands over every name, and the candidate answers
    most of them.

    On all other questions neither is better.
    """
    rows = random.sample(range(len(live)), min(_ROWS, len(live)))
    intents = random.sample(sorted({outcome.label for outcome in live}), _NAMES)
    unknown = [_ask(intents[number % _NAMES], number) for number in range(_ASKED)]
    known = [_ended(o, End.ANSWERED_RIGHTLY) if random.random() < _KNOWN else o for o in unknown]
    return Named(
        [live[row] for row in rows] + unknown,
        [candidate[row] for row in rows] + known,
        frozenset(outcome.text for outcome in unknown),
    )


def _ask(intent: str, number: int) -> Outcome:
    return Outcome(f"name of {intent}, {number}", intent, Decision.HANDOFF, ())


def _worsen(candidate: Model, random: Random) -> Model:
    return _flip(candidate, random, len(candidate) // 100, was_right=True)


def _improve(candidate: Model, random: Random) -> Model:
    return _flip(candidate, random, len(candidate) // 50, was_right=False)


def _trade(candidate: Model, random: Random, share: float) -> Model:
    """Better overall, at the cost of one intent."""
    return _spoil(_improve(candidate, random), random, share)


def _spoil(candidate: Model, random: Random, share: float = 0.05) -> Model:
    """A share of one intent's questions."""
    intent = random.choice(candidate).label
    own = [row for row, outcome in enumerate(candidate) if outcome.label == intent]
    right = [row for row in own if candidate[row].is_top1]
    spoilt = random.sample(right, min(len(right), round(len(own) * share)))
    return [_wrong(o) if row in spoilt else o for row, o in enumerate(candidate)]


def _flip(candidate: Model, random: Random, count: int, was_right: bool) -> Model:
    """A question that becomes right is decided as others are that are right."""
    eligible = [row for row, outcome in enumerate(candidate) if outcome.is_top1 is was_right]
    right = [outcome for outcome in candidate if outcome.is_top1]
    chosen = set(random.sample(eligible, count))
    return [
        o if row not in chosen else _wrong(o) if was_right else _right(o, random.choice(right))
        for row, o in enumerate(candidate)
    ]


def _wrong(outcome: Outcome) -> Outcome:
    return replace(outcome, candidates=outcome.candidates[1:])


def _right(outcome: Outcome, model: Outcome) -> Outcome:
    assert outcome.expected is not None
    best = replace(model.candidates[0], intent=outcome.expected)
    candidates = (best, *(c for c in outcome.candidates if c.intent != outcome.expected))
    return replace(outcome, decision=model.decision, candidates=candidates, offered=model.offered)


def _turn(
    candidate: Model, random: Random, changes: Sequence[tuple[Sequence[End], End, float]]
) -> Model:
    """Let a share of all questions end otherwise, drawn from those that end in one of some ways."""
    changed = list(candidate)
    untouched = set(range(len(candidate)))
    for before, after, share in changes:
        eligible = [row for row in sorted(untouched) if candidate[row].end in before]
        count = round(share * len(candidate))
        for row in random.sample(eligible, min(count, len(eligible))):
            changed[row] = _ended(candidate[row], after)
            untouched.discard(row)
    return changed


def _ended(outcome: Outcome, end: End) -> Outcome:
    """The same question, with another end."""
    others = tuple(c for c in outcome.candidates if c.intent != outcome.expected)
    first = Candidate(outcome.expected or "", 0.9)
    decision = {End.HANDED_OVER: Decision.HANDOFF, End.OFFERED: Decision.CLARIFY}
    right = end in IN_SCOPE_ONLY
    candidates = (first, *others) if right else others or (Candidate("another intent", 0.9),)
    return replace(
        outcome, decision=decision.get(end, Decision.ANSWER), candidates=candidates, offered=3
    )


RIGHT, OFFERED, WRONG, HANDED = (
    End.ANSWERED_RIGHTLY,
    End.OFFERED,
    End.ANSWERED_WRONGLY,
    End.HANDED_OVER,
)

RIGHT_FIRST: Mapping[str, Plant] = {
    "minus_1_point": _worsen,
    "minus_5_points_in_one_intent": _spoil,
    "plus_2_points": _improve,
    "plus_2_points_for_a_quarter_of_one_intent": partial(_trade, share=0.25),
    "plus_2_points_for_half_of_one_intent": partial(_trade, share=0.5),
}
"""By name, changes of the right first candidate."""

DECISIONS: Mapping[str, Plant] = {
    "equal": partial(_turn, changes=()),
    "2_points_fewer_answered_rightly": partial(_turn, changes=[((RIGHT,), HANDED, 0.02)]),
    "2_points_asked_back_instead": partial(_turn, changes=[((RIGHT,), OFFERED, 0.02)]),
    "2_points_more_wrong": partial(_turn, changes=[(_SILENT, WRONG, 0.02)]),
    "2_points_wrong_instead_of_right": partial(_turn, changes=[((RIGHT,), WRONG, 0.02)]),
    "2_points_fewer_rightly_but_6_offered": partial(
        _turn, changes=[((RIGHT,), HANDED, 0.02), (_SILENT, OFFERED, 0.06)]
    ),
    "2_points_more_wrong_but_6_rightly": partial(
        _turn, changes=[(_SILENT, WRONG, 0.02), ((*_SILENT, OFFERED), RIGHT, 0.06)]
    ),
    "2_points_more_rightly": partial(_turn, changes=[(_SILENT, RIGHT, 0.02)]),
}
"""By name, changes of how questions end."""

NAMES: Mapping[str, Plant] = {
    "six_names": DECISIONS["equal"],
    "six_names_but_2_points_fewer_rightly": DECISIONS["2_points_fewer_answered_rightly"],
    "six_names_but_2_points_more_wrong": DECISIONS["2_points_more_wrong"],
}
"""By name, changes elsewhere in a candidate that learnt six names."""
