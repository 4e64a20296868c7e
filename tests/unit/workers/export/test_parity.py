"""What tells a rounded encoder from a broken one, whatever the size of the FAQ."""

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.export.parity import Parity, compare

Rows = NDArray[np.float32]


def unit(rows: NDArray[np.floating]) -> Rows:
    scaled: Rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def faq(intents: int, of_each: int, seed: int = 1) -> tuple[Rows, list[str]]:
    """Vectors of 384 numbers that lie around their intent's, as loosely as phrasings do."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(intents, 384)).repeat(of_each, axis=0)
    rows = centres + 1.3 * random.normal(size=centres.shape)
    return unit(rows), [str(row // of_each) for row in range(len(rows))]


def shaken(rows: Rows, noise: float, seed: int = 2) -> Rows:
    """Each row moved in a direction of its own, to a cosine of 1 - `noise`."""
    moves = unit(np.random.default_rng(seed).normal(size=rows.shape))
    return unit(rows + (2 * noise) ** 0.5 * moves)


@pytest.mark.parametrize("of_each", [1, 2, 4, 15])
@pytest.mark.parametrize("intents", [1, 3, 20, 60])
def test_what_rounding_costs_is_never_objected_to(intents: int, of_each: int) -> None:
    rows, names = faq(intents, of_each)
    if len(rows) > 1:
        assert compare(rows, shaken(rows, 0.0012), names).objection() is None


def test_toss_ups_that_fall_the_other_way_are_no_objection() -> None:
    """An FAQ of few phrasings an intent consists of them."""
    rows, _ = faq(20, 1)
    three = np.concatenate([shaken(rows, 0.05, seed) for seed in range(3)])
    names = [f"{row // 20} {row % 20}" for row in range(60)]

    parity = compare(three, shaken(three, 0.0012), names)

    assert parity.agreement < 0.97
    assert parity.objection() is None


@pytest.mark.parametrize("rows", [10, 80, 1000])
def test_another_text_s_vectors_are_objected_to(rows: int) -> None:
    vectors, names = faq(rows // 2, 2)

    assert "of the texts' spread" in (compare(vectors, vectors[::-1], names).objection() or "")


def test_the_same_rounding_is_as_bad_in_a_narrow_cone() -> None:
    """All cosines of such a model are above 0.8, so that 0.999 says little."""
    rows, names = faq(30, 4)
    axis = np.eye(1, 384, dtype=np.float32)
    cone = unit(0.3 * rows + axis)

    wide = compare(rows, shaken(rows, 0.002), names)
    narrow = compare(cone, shaken(cone, 0.002 * 0.09), names)
    too_much = compare(cone, shaken(cone, 0.002), names)

    assert narrow.noise == pytest.approx(wide.noise, rel=0.2)
    assert (wide.objection(), narrow.objection()) == (None, None)
    assert too_much.mean_cosine > 0.997
    assert too_much.objection() is not None


def test_a_part_of_the_texts_that_is_far_off_is_objected_to() -> None:
    """A twelfth of them, by 0.03: the mean alone would allow it."""
    rows, names = faq(30, 4)
    served = shaken(rows, 0.0005)
    served[::12] = shaken(rows[::12], 0.03)

    parity = compare(rows, served, names)

    assert parity.noise < 0.004
    assert "one text in twenty" in (parity.objection() or "")


def test_clear_answers_that_change_are_objected_to_though_no_vector_moves_far() -> None:
    """Rounding moves each text its own way; this moves each towards what it must not be taken for."""
    asked, _ = faq(40, 1)
    own, rival = shaken(asked, 0.10, 3), shaken(asked, 0.145, 4)
    trained = np.concatenate([asked, own, rival])
    names = [f"{kind} {n}" for kind in ("own", "own", "rival") for n in range(40)]
    served = trained.copy()
    served[:40] = unit(asked + 0.075 * unit(rival - own))

    parity = compare(trained, served, names)

    assert parity.noise < 0.002
    assert parity.noise_of_worst < 0.004
    assert "whose intent is no toss-up" in (parity.objection() or "")


@pytest.mark.parametrize(
    ("clear", "flips", "objects"), [(5, 1, False), (80, 2, False), (80, 3, True), (1200, 5, False)]
)
def test_a_few_clear_answers_may_change_by_chance(clear: int, flips: int, objects: bool) -> None:
    parity = Parity(0.001, 0.002, 0.999, 0.99, 0.99, clear, flips, rows=clear)

    assert (parity.objection() is not None) == objects


def test_the_same_vectors_agree_entirely() -> None:
    rows, names = faq(10, 5)

    parity = compare(rows, rows, names)

    assert (parity.agreement, parity.clear_flips, parity.rows) == (1, 0, 50)
    assert parity.noise == pytest.approx(0, abs=1e-6)
    assert 25 < parity.clear <= 50


def test_vectors_that_are_not_finite_are_objected_to() -> None:
    rows, names = faq(3, 3)

    assert compare(rows, rows * np.nan, names).objection() == "its vectors are not finite"
