import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from chatbot.domain import ranking
from chatbot.domain.matching import DISPUTED, THUMB_DOWN
from chatbot.domain.ranking import Floats, rank_by_coverage, spread, spread_disputed

NOTHING = np.empty((0, 8), np.float32)


def directions(*axes: int, blur: float = 0.3) -> Floats:
    """Unit vectors along `axes` of eight, each blurred by noise of its own."""
    rng = np.random.default_rng(1)
    vectors = np.eye(8)[list(axes)] + blur * rng.normal(size=(len(axes), 8)) / 8**0.5
    normalised: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("f4")
    return normalised


def rank(
    vectors: Floats,
    uncertainty: list[float] | None = None,
    asked: list[float] | None = None,
    teaches: list[bool] | None = None,
    known: Floats = NOTHING,
) -> list[int]:
    n = len(vectors)
    return rank_by_coverage(
        vectors,
        np.array(uncertainty or [0.5] * n, np.float32),
        np.array(asked or [1.0] * n, np.float32),
        np.array(teaches or [True] * n, bool),
        known,
    )


def test_the_largest_group_comes_first_then_one_of_each_other() -> None:
    axes = [0, 1, 1, 1, 1, 2, 2, 3]
    assert [axes[place] for place in rank(directions(*axes, blur=0.1))[:4]] == [1, 2, 0, 3]


def test_of_two_alike_the_more_uncertain_comes_first() -> None:
    assert rank(directions(0, 0, 1), uncertainty=[0.3, 0.8, 0.1])[:1] == [1]


def test_a_question_that_comes_again_and_again_counts_each_time() -> None:
    assert rank(directions(0, 1, 2), asked=[1, 1, 5])[0] == 2


def test_what_was_judged_covers_what_is_like_it() -> None:
    vectors = directions(0, 0, 0, 1, blur=0.1)
    assert rank(vectors)[0] in (0, 1, 2)
    assert rank(vectors, known=vectors[:1])[0] == 3


def test_what_is_certain_teaches_nothing_and_is_left_out() -> None:
    assert rank(directions(0, 1, 2), uncertainty=[0.0, 0.4, 0.0]) == [1]


def test_what_would_not_train_lends_its_weight_to_what_would() -> None:
    vectors = directions(0, 0, 0, 1, 1, blur=0.1)
    ranked = rank(vectors, teaches=[True, False, False, True, True])
    assert sorted(ranked) == [0, 3, 4]
    assert ranked[0] == 0


def test_nothing_gives_nothing() -> None:
    assert rank(NOTHING) == []


def by_trying_all(vectors: Floats, uncertainty: NDArray[np.float32]) -> list[int]:
    similarities = vectors @ vectors.T
    likeness = np.maximum((similarities - 0.5) / 0.5, 0)
    covered = np.zeros(len(vectors))
    taken: list[int] = []
    for _ in range(len(vectors)):
        worth = uncertainty * (uncertainty @ np.maximum(likeness - covered[:, None], 0))
        worth[taken] = -1
        taken.append(int(worth.argmax()))
        covered = np.maximum(covered, likeness[:, taken[-1]])
    return taken


def test_being_lazy_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    vectors = directions(*rng.integers(0, 8, 60).tolist(), blur=0.8)
    uncertainty = rng.random(60).astype(np.float32)
    monkeypatch.setattr(ranking, "_BLOCK", 7)
    found = rank(vectors, uncertainty.tolist())
    assert found[:40] == by_trying_all(vectors, uncertainty)[:40]


def test_only_the_first_are_spread_the_rest_follows_by_its_worth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ranking, "MOST_SPREAD", 2)
    vectors = directions(0, 0, 0, 1, 2, blur=0.1)
    ranked = rank(vectors, uncertainty=[0.9, 0.9, 0.9, 0.3, 0.6])
    assert ranked[1] == 4
    assert sorted(ranked) == [0, 1, 2, 3, 4]


@given(st.integers(0, 300))
def test_what_is_spread_falls_evenly_within_its_range(count: int) -> None:
    for values, low, high in (
        (spread(count), 0, DISPUTED),
        (spread(count, 0.5), 0, DISPUTED),
        (spread_disputed(count), DISPUTED, THUMB_DOWN),
    ):
        assert values == sorted(values, reverse=True)
        assert len(set(values)) == count
        assert all(low < value < high for value in values)


def test_two_lists_mix_in_proportion() -> None:
    many, few = spread(90), spread(10)
    assert sum(value > many[44] for value in few) == 5


def test_half_of_a_list_mixes_half_as_densely_and_the_rest_comes_last() -> None:
    many, half = spread(90), spread(20, 0.5)
    assert sum(value > many[44] for value in half) == 5
    assert sum(value < many[-1] for value in half) == 10
