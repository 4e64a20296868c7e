"""Rank how soon agents should see each question that waits, by what a verdict on it would do.

A verdict teaches, calibrates, measures, settles what two versions dispute, or does nothing.
"""

from collections.abc import Container, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from chatbot.domain.holdout import is_held_out, is_validation, measuring_order
from chatbot.domain.ranking import Floats, rank_by_coverage, spread, spread_disputed
from chatbot.domain.text import normalise


class Waiting(NamedTuple):
    """A question that waits; `is_settled` if the same words were judged already."""

    id: str
    text: str
    text_key: str
    usefulness: float
    is_settled: bool


@dataclass(frozen=True)
class Open:
    """A wording that a verdict may say something new of, and what the live version makes of it.

    It was asked so many `times`. It `is_known` if it is a known phrasing word for word;
    `uncertainty` is from 0 to 1; `first` is the likeliest intent, if there is any.
    """

    id: str
    text: str
    times: int
    is_known: bool
    uncertainty: float
    first: str | None


@dataclass(frozen=True)
class Rules:
    """The rules that questions are ranked by.

    Of all texts, `held_out_share` may measure, and `validation_share` may calibrate if it trains.
    `full` intents have all held-out questions that they may have. `disputed` has the ids of those
    that two versions end otherwise; while one of the two `has_shadow`, half of the others that
    measure give way to these.
    """

    held_out_share: float
    validation_share: float
    full: AbstractSet[str]
    disputed: AbstractSet[str]
    has_shadow: bool


def list_open(waiting: Sequence[Waiting], measured: Container[str]) -> list[Waiting]:
    """Return each wording once, by its oldest question, without what nothing is to be learnt from.

    `waiting` begins with the newest. Left out is what is settled, and what is among the `measured`
    texts (normalised).
    """
    oldest = {each.text_key: each for each in waiting}.values()
    return [each for each in oldest if not each.is_settled and normalise(each.text) not in measured]


def may_measure(question: Open, share: float) -> bool:
    """Return whether a verdict on a question would be held out: one on a known phrasing proves
    nothing.
    """
    return not question.is_known and is_held_out(question.text, share)


def choose_disputed(questions: Sequence[Open], room: int) -> frozenset[str]:
    """Return the ids of those for which there is `room`, drawn by chance."""
    return frozenset(each.id for each in _by_chance(questions)[:room])


def rank_questions(
    questions: Sequence[Open], vectors: Floats, known: Floats, rules: Rules
) -> dict[str, float]:
    """Return the usefulness of each question by its id, 0 to `THUMB_DOWN`; what is missing has 0.

    `vectors` is (n, d), one for each question; `known` is (m, d), what was judged already and the
    live version does not know yet; all of length one.

    Those that would measure or calibrate come in an order that says nothing of them. Chosen by
    what the live version is unsure of, they would flatter any other one, and make each too modest.
    While a candidate is in the shadow, half of those that measure give way to what it disputes; the
    other half still tells the nights' new candidates from the live version.
    """
    measuring = [each for each in questions if _would_measure(each, rules)]
    others = [each for each in questions if not _would_measure(each, rules)]
    calibrating = [each for each in others if _may_calibrate(each, rules)]
    disputed = [each.id for each in _by_chance(measuring) if each.id in rules.disputed]
    by_chance = [each.id for each in _by_chance(measuring) if each.id not in rules.disputed]
    teaching = _rank_teaching(questions, vectors, known, {e.id for e in measuring + calibrating})
    share = 0.5 if rules.has_shadow else 1.0
    return {
        **dict(zip(disputed, spread_disputed(len(disputed)), strict=True)),
        **dict(zip(teaching, spread(len(teaching)), strict=True)),
        **dict(zip(by_chance, spread(len(by_chance), share), strict=True)),
        **_spread_by_chance(calibrating),
    }


def _rank_teaching(
    questions: Sequence[Open], vectors: Floats, known: Floats, apart: Container[str]
) -> list[str]:
    """Return the ids of those that teach, the most instructive first, without those set `apart`."""
    places = rank_by_coverage(
        vectors,
        np.array([each.uncertainty for each in questions], np.float32),
        np.array([each.times for each in questions], np.float32),
        np.array([each.id not in apart for each in questions], bool),
        known,
    )
    return [questions[place].id for place in places]


def _would_measure(question: Open, rules: Rules) -> bool:
    """Return whether a verdict would measure; it trains where its intent has all held-out questions
    it may have.
    """
    has_room = question.id in rules.disputed or question.first not in rules.full
    return has_room and may_measure(question, rules.held_out_share)


def _may_calibrate(question: Open, rules: Rules) -> bool:
    return not question.is_known and is_validation(question.text, rules.validation_share)


def _spread_by_chance(questions: Sequence[Open]) -> dict[str, float]:
    ids = [each.id for each in _by_chance(questions)]
    return dict(zip(ids, spread(len(ids)), strict=True))


def _by_chance(questions: Sequence[Open]) -> list[Open]:
    return sorted(questions, key=lambda each: measuring_order(each.text))
