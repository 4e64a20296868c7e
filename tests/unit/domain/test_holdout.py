from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.domain.holdout import is_held_out, is_left_out, is_validation, measuring_order

HELD_OUT = [True, False, False, True, True, True, True, True]
VALIDATION = [False, True, False, True, True, False, False, True]
TEXTS = [f"question number {i}" for i in range(20_000)]


@pytest.mark.parametrize("choose", [is_held_out, is_validation, is_left_out])
@pytest.mark.parametrize("share", [0.0, 0.15, 0.3, 0.5, 1.0])
def test_the_share_is_respected(choose: Callable[[str, float], bool], share: float) -> None:
    chosen = sum(choose(text, share) for text in TEXTS) / len(TEXTS)
    assert chosen == pytest.approx(share, abs=0.0 if share in (0.0, 1.0) else 0.012)


def test_the_parts_are_independent() -> None:
    both = sum(is_held_out(text, 0.3) and is_validation(text, 0.5) for text in TEXTS) / len(TEXTS)
    assert both == pytest.approx(0.15, abs=0.01)


def test_a_choice_never_changes_between_releases() -> None:
    assert [is_held_out(t, 0.5) for t in TEXTS[:8]] == HELD_OUT
    assert [is_validation(t, 0.5) for t in TEXTS[:8]] == VALIDATION


@given(st.text(max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_keeps_what_a_smaller_one_chose(text: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert is_held_out(text, large) or not is_held_out(text, small)


def test_another_spelling_of_the_same_phrasing_lands_in_the_same_part() -> None:
    for text in TEXTS[:200]:
        assert is_held_out(text, 0.5) == is_held_out(f"  {text.upper()} ", 0.5)


def test_what_measures_comes_in_an_order_that_is_neither_choice() -> None:
    places = [measuring_order(text) for text in TEXTS]
    assert all(0 <= place < 1 for place in places)
    chosen = [place for place, text in zip(places, TEXTS, strict=True) if is_held_out(text, 0.3)]
    assert sum(chosen) / len(chosen) == pytest.approx(0.5, abs=0.02)
    assert [round(place, 3) for place in places[:3]] == [0.609, 0.577, 0.728]
