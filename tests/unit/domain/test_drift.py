from random import Random

import pytest

from chatbot.domain.drift import ALARM, LEAST, stability_index, stability_index_of_numbers


def test_the_same_frequencies_are_no_shift() -> None:
    assert stability_index("aab" * 100, "aab" * 50) == pytest.approx(0)


def test_it_is_the_sum_over_categories() -> None:
    """(0.3 - 0.1) ln 3 + (0.7 - 0.9) ln (7/9), by hand."""
    before, after = [True] * 10 + [False] * 90, [True] * 30 + [False] * 70
    assert stability_index(before, after) == pytest.approx(0.26998, abs=1e-5)
    assert stability_index(after, before) == pytest.approx(stability_index(before, after))


def test_a_category_that_is_new_counts_and_is_finite() -> None:
    assert 0 < stability_index("a" * 100, "a" * 99 + "b") < 0.1
    assert stability_index("a" * 100, "b" * 100) > 5


def test_numbers_of_which_most_are_the_same_are_compared_too() -> None:
    exact = [1.0] * 900 + [0.5] * 100
    assert stability_index_of_numbers(exact, exact) == pytest.approx(0)
    assert stability_index_of_numbers([1.0] * 100, [1.0] * 100) == pytest.approx(0)
    assert stability_index_of_numbers([1.0] * 300, [0.2] * 300) > ALARM
    assert stability_index_of_numbers([0.2] * 300, [1.0] * 300) > ALARM


def test_chance_alone_hardly_ever_raises_an_alarm() -> None:
    random = Random(5)
    indices = [
        stability_index_of_numbers(
            [random.random() for _ in range(LEAST)], [random.random() for _ in range(LEAST)]
        )
        for _ in range(1_000)
    ]
    assert sum(index > ALARM for index in indices) <= 1
    assert sum(index > 0.19 for index in indices) <= 5


def test_a_shift_by_a_standard_deviation_is_an_alarm() -> None:
    random = Random(6)
    before = [random.gauss(0, 1) for _ in range(LEAST)]
    assert stability_index_of_numbers(before, [random.gauss(1, 1) for _ in range(LEAST)]) > ALARM
