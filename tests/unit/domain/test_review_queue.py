from dataclasses import replace

import numpy as np
import pytest

from chatbot.domain.holdout import is_held_out, is_validation, measuring_order
from chatbot.domain.matching import DISPUTED, THUMB_DOWN
from chatbot.domain.ranking import BEHIND, Floats
from chatbot.domain.review_queue import (
    Open,
    Rules,
    Waiting,
    choose_disputed,
    list_open,
    may_measure,
    rank_questions,
)

SHARE = 0.3
RULES = Rules(SHARE, 0.1, full=frozenset(), disputed=frozenset(), has_shadow=False)
NOTHING = np.empty((0, 8), np.float32)
TEXTS = [f"question {n}" for n in range(400)]
MEASURING = [text for text in TEXTS if is_held_out(text, SHARE)]
OTHERS = [text for text in TEXTS if not is_held_out(text, SHARE)]
CALIBRATING = [text for text in OTHERS if is_validation(text, 0.1)]
TEACHING = [text for text in OTHERS if not is_validation(text, 0.1)]


def waits(text: str, number: int, is_settled: bool = False) -> Waiting:
    return Waiting(str(number), text, text.casefold(), 0.5, is_settled)


def make_open(*texts: str, uncertainty: float = 0.5, first: str | None = "vpn") -> list[Open]:
    """Each is named by its text."""
    return [Open(text, text, 1, False, uncertainty, first) for text in texts]


def rank(questions: list[Open], rules: Rules = RULES) -> dict[str, float]:
    """All point elsewhere, as far as eight axes go."""
    vectors: Floats = np.eye(8, dtype=np.float32)[[n % 8 for n in range(len(questions))]]
    return rank_questions(questions, vectors, NOTHING, rules)


def by_usefulness(found: dict[str, float]) -> list[str]:
    return sorted(found, key=lambda each: -found[each])


def test_each_wording_is_open_once_by_its_oldest_question() -> None:
    newest_first = [waits("VPN again", 3), waits("a new one", 2), waits("vpn AGAIN", 1)]
    assert [each.id for each in list_open(newest_first, set())] == ["1", "2"]


def test_what_is_settled_or_measured_is_not_open() -> None:
    waiting = [waits("judged", 1, is_settled=True), waits("Measured!", 2), waits("left", 3)]
    assert [each.id for each in list_open(waiting, {"measured!"})] == ["3"]


def test_a_known_phrasing_measures_nothing() -> None:
    [question] = make_open(MEASURING[0])
    assert may_measure(question, SHARE)
    assert not may_measure(replace(question, is_known=True), SHARE)
    assert not may_measure(make_open(OTHERS[0])[0], SHARE)


def test_the_disputed_are_drawn_by_chance_as_far_as_there_is_room() -> None:
    drawn = choose_disputed(make_open(*MEASURING[:9]), room=4)
    assert drawn == set(sorted(MEASURING[:9], key=measuring_order)[:4])


@pytest.mark.parametrize("by_chance", [MEASURING[:20], CALIBRATING[:20]])
def test_what_measures_or_calibrates_comes_in_an_order_that_says_nothing_of_it(
    by_chance: list[str],
) -> None:
    questions = [q for n, t in enumerate(by_chance) for q in make_open(t, uncertainty=n / 20)]
    assert by_usefulness(rank(questions)) == sorted(by_chance, key=measuring_order)


def test_what_teaches_comes_by_what_it_teaches_and_what_teaches_nothing_is_left_out() -> None:
    certain, unsure, lost = TEACHING[:3]
    questions = [
        *make_open(certain, uncertainty=0.0),
        *make_open(unsure, uncertainty=0.4),
        *make_open(lost, uncertainty=0.9),
    ]
    assert by_usefulness(rank(questions)) == [lost, unsure]


def test_what_is_disputed_comes_before_all_others_and_half_of_what_measures_gives_way() -> None:
    questions = make_open(*MEASURING[:12], *TEACHING[:5])
    rules = replace(RULES, disputed=frozenset(MEASURING[:2]), has_shadow=True)
    found = rank(questions, rules)
    assert all(DISPUTED < found[text] < THUMB_DOWN for text in MEASURING[:2])
    assert all(found[text] < DISPUTED for text in [*MEASURING[2:12], *TEACHING[:5]])
    assert sum(found[text] < BEHIND for text in MEASURING[2:12]) == 5


def test_a_verdict_on_a_full_intent_trains_so_it_is_ranked_by_what_it_teaches() -> None:
    low, high = sorted(MEASURING[:2], key=measuring_order, reverse=True)
    questions = [*make_open(low, uncertainty=0.9), *make_open(high, uncertainty=0.2)]
    assert by_usefulness(rank(questions)) == [high, low]
    full = replace(RULES, full=frozenset({"vpn"}), validation_share=0.0)
    assert by_usefulness(rank(questions, full)) == [low, high]


def test_what_is_disputed_measures_though_its_intent_is_full() -> None:
    [text] = MEASURING[:1]
    rules = replace(RULES, full=frozenset({"vpn"}), disputed=frozenset({text}), has_shadow=True)
    assert rank(make_open(text), rules)[text] > DISPUTED


def test_nothing_gives_nothing() -> None:
    assert rank([]) == {}
