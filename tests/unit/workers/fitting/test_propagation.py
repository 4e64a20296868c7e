"""Labels spread along neighbours: to what is like them, through others too, and to nothing else."""

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.fitting.propagation import Propagated, propagate

DIMENSION = 16


def around(
    centre: NDArray[np.float64], count: int, spread: float, seed: int
) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(scale=spread, size=(count, DIMENSION))
    points = centre + noise
    scaled: NDArray[np.float32] = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(
        np.float32
    )
    return scaled


def axis(number: int) -> NDArray[np.float64]:
    row: NDArray[np.float64] = np.eye(DIMENSION)[number]
    return row


def test_what_lies_together_gets_the_label_of_its_one_labelled_text() -> None:
    labelled = np.concatenate([around(axis(0), 1, 0.05, 1), around(axis(1), 1, 0.05, 2)])
    unlabelled = np.concatenate([around(axis(0), 20, 0.05, 3), around(axis(1), 30, 0.05, 4)])
    guesses = propagate(labelled, np.array([0, 1]), unlabelled)
    assert guesses.intents.tolist() == [0] * 20 + [1] * 30


def test_a_label_reaches_through_others_what_looks_nearer_to_another_intent() -> None:
    """A long cluster: its far end is nearer to the other intent's text than to its own."""
    angles = np.linspace(0, np.pi / 3, 60)
    chain = np.zeros((60, DIMENSION), np.float32)
    chain[:, 0], chain[:, 1] = np.cos(angles), np.sin(angles)
    other = np.zeros((1, DIMENSION), np.float32)
    other[0, 1], other[0, 2] = np.cos(0.3), np.sin(0.3)
    assert chain[-1] @ other[0] > chain[-1] @ chain[0]
    beside_other = around(other[0].astype(float), 15, 0.02, 5)
    labelled = np.concatenate([chain[:1], other])
    guesses = propagate(labelled, np.array([0, 1]), np.concatenate([chain[1:], beside_other]))
    assert guesses.intents[58] == 0
    assert set(guesses.intents[59:]) == {1}


def test_what_resembles_nothing_labelled_gets_least() -> None:
    labelled = np.concatenate([around(axis(0), 3, 0.05, 1), around(axis(1), 3, 0.05, 2)])
    familiar = np.concatenate([around(axis(0), 20, 0.05, 3), around(axis(1), 20, 0.05, 4)])
    foreign = around(axis(2), 20, 0.05, 5)
    guesses = propagate(labelled, np.repeat([0, 1], 3), np.concatenate([familiar, foreign]))
    assert guesses.masses[:40].min() > 10 * guesses.masses[40:].max()


def test_an_intent_with_many_texts_does_not_swallow_one_with_few() -> None:
    labelled = np.concatenate([around(axis(0), 30, 0.05, 1), around(axis(1), 1, 0.05, 2)])
    between = around(axis(0) + 1.3 * axis(1), 10, 0.02, 3)
    beside = around(axis(1), 10, 0.05, 4)
    intents = np.array([0] * 30 + [1])
    guesses = propagate(labelled, intents, np.concatenate([between, beside]))
    assert set(guesses.intents) == {1}


@pytest.mark.parametrize("count", [1, 3])
def test_fewer_texts_than_neighbours_are_no_problem(count: int) -> None:
    labelled = np.concatenate([around(axis(0), 1, 0.05, 1), around(axis(1), 1, 0.05, 2)])
    guesses = propagate(labelled, np.array([0, 1]), around(axis(1), count, 0.05, 3))
    assert guesses.intents.tolist() == [1] * count


def test_blocks_of_rows_give_what_all_at_once_would(monkeypatch: pytest.MonkeyPatch) -> None:
    labelled = np.concatenate([around(axis(0), 5, 0.3, 1), around(axis(1), 5, 0.3, 2)])
    asked = np.concatenate([around(axis(0), 20, 0.3, 3), around(axis(1), 20, 0.3, 4)])
    whole = propagate(labelled, np.repeat([0, 1], 5), asked)
    monkeypatch.setattr("workers.fitting.propagation._ROWS_AT_ONCE", 7)
    parts = propagate(labelled, np.repeat([0, 1], 5), asked)
    assert parts.intents.tolist() == whole.intents.tolist()
    assert parts.masses == pytest.approx(whole.masses, rel=1e-3)


def test_the_surest_share_is_kept() -> None:
    guesses = Propagated(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.3, 0.2]))
    assert guesses.surest(0.5, 3.0).tolist() == [1, 2]


def test_a_flood_of_one_intent_gets_no_more_than_its_part() -> None:
    """Sixty sure texts of intent 0 and two of each of five others: at most three equal parts."""
    intents = np.array([0] * 60 + [1, 2, 3, 4, 5] * 2)
    masses = np.concatenate([np.linspace(2, 1, 60), np.full(10, 0.5)])
    kept = Propagated(intents, masses).surest(1.0, 3.0)
    assert kept.tolist() == [*range(35), *range(60, 70)]


def test_nothing_unlabelled_leaves_nothing_to_keep() -> None:
    assert Propagated(np.empty(0, np.int64), np.empty(0)).surest(1.0, 3.0).tolist() == []
