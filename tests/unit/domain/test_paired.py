from collections import Counter
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from chatbot.domain.paired import (
    can_decide,
    estimate_gain,
    fewest_that_decide,
    mcnemar_exact,
    more_needed,
    permutation_test,
    sign_test,
    signed_rank_test,
)

SAVED = [-100, -95, -70, -30, -25, -5, 0, 5, 25, 30, 70, 100]


def count_signs(differences: list[int]) -> float:
    """The p-value by trying all choices of signs."""
    sums = [
        abs(sum(sign * value for sign, value in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    return sum(each >= abs(sum(differences)) for each in sums) / len(sums)


@given(st.lists(st.sampled_from(SAVED), max_size=10))
def test_the_permutation_test_counts_all_choices_of_signs(differences: list[int]) -> None:
    assert permutation_test(Counter(differences)) == pytest.approx(count_signs(differences))


@given(st.integers(0, 80), st.integers(0, 80), st.sampled_from([1, 5, 30, 97]))
def test_with_differences_of_one_size_it_is_mcnemars(gained: int, lost: int, size: int) -> None:
    found = permutation_test({size: gained, -size: lost})
    assert found == pytest.approx(mcnemar_exact(gained, lost), abs=1e-12)


def test_it_takes_thousands_of_differences() -> None:
    many = {30: 1500, -30: 1400, 100: 300, -100: 330, 5: 900, -5: 800}
    random = Random(2026)
    sizes = list(Counter({abs(value): 0 for value in many}))
    net = abs(sum(value * times for value, times in many.items()))
    drawn = [
        abs(sum(size * _flip(random, many[size] + many[-size]) for size in sizes))
        for _ in range(4000)
    ]
    expected = sum(each >= net for each in drawn) / len(drawn)
    assert permutation_test(many) == pytest.approx(expected, abs=0.03)


def _flip(random: Random, times: int) -> int:
    return 2 * random.getrandbits(times).bit_count() - times


def test_under_the_null_it_is_significant_no_oftener_than_its_level() -> None:
    random = Random(2026)
    significant = 0
    for _ in range(2000):
        sizes = random.choices([0, 5, 30, 100], [70, 10, 14, 6], k=120)
        drawn = Counter(size * random.choice((1, -1)) for size in sizes)
        significant += permutation_test(drawn) < 0.05
    assert 0.03 < significant / 2000 < 0.06


@pytest.mark.parametrize("differences", [{}, {0: 40}, {30: 0}, {30: 2, -30: 2}, {100: 3, -30: 10}])
def test_what_adds_up_to_nothing_proves_nothing(differences: dict[int, int]) -> None:
    assert permutation_test(differences) == 1.0


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_test_equals_scipys_binomial_test(gained: int, lost: int) -> None:
    n = gained + lost
    expected = binomtest(gained, n, 0.5).pvalue if n else 1.0
    assert mcnemar_exact(gained, lost) == pytest.approx(expected)


def test_mcnemars_test_takes_thousands_of_pairs() -> None:
    assert mcnemar_exact(3000, 2000) == pytest.approx(binomtest(3000, 5000, 0.5).pvalue)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_equals_scipys_binomial_test(gained: int, lost: int) -> None:
    n = gained + lost
    expected = binomtest(lost, n, 0.5, alternative="greater").pvalue if n else 1.0
    assert sign_test(gained, lost) == pytest.approx(expected)


def test_the_bootstrap_interval_is_that_of_resampled_rows() -> None:
    random = Random(1)
    rows = [(0.3, 0.5)] * 60 + [(-1.0, 1.0)] * 10 + [(0.0, 1.0)] * 130
    gains = []
    for _ in range(4000):
        drawn = random.choices(rows, k=200)
        gains.append(sum(change * w for change, w in drawn) / sum(w for _, w in drawn))
    gains.sort()
    gain, (low, high) = estimate_gain(rows, seed=13)
    assert gain == pytest.approx((0.3 * 30 - 10) / 170)
    assert low == pytest.approx(gains[100], abs=0.011)
    assert high == pytest.approx(gains[3900], abs=0.011)
    assert estimate_gain([], seed=13) == (0.0, (0.0, 0.0))


def test_a_comparison_can_decide_once_all_differing_pairs_in_one_favour_would() -> None:
    assert not can_decide(7, 0.013)
    assert can_decide(8, 0.013)
    assert fewest_that_decide(0.013) == 8
    assert permutation_test({100: 1, 30: 3, 5: 4}) < 0.013


@given(st.dictionaries(st.sampled_from(SAVED), st.integers(0, 12)), st.sampled_from([0.05, 0.004]))
def test_the_number_that_is_still_needed_decides_and_one_fewer_does_not(
    seen: dict[int, int], alpha: float
) -> None:
    more = more_needed(seen, alpha, most=500)
    sizes = sorted(abs(v) for v, times in seen.items() if v for _ in range(times))
    size = sizes[len(sizes) // 2] if sizes else 1

    def is_proved(further: int) -> bool:
        then = Counter(seen)
        then[size] += further
        return sum(v * n for v, n in then.items()) > 0 and signed_rank_test(then) < alpha

    assert is_proved(more)
    assert not more or not is_proved(more - 1)


def test_fewer_in_favour_means_that_more_are_needed() -> None:
    seen = {30: 35, -30: 17}
    assert more_needed(seen, 0.004, 200, in_favour=0.75) > more_needed(seen, 0.004, 200)


def test_no_more_are_asked_for_than_the_most() -> None:
    assert more_needed({30: 2, -100: 40}, 0.004, most=40) == 40


def test_a_few_large_differences_do_not_drown_many_small_ones() -> None:
    differences = {5: 68, -5: 22, -100: 3}
    assert signed_rank_test(differences) < 0.001
    assert permutation_test(differences) > 0.1


@pytest.mark.parametrize(("gained", "lost"), [(8, 0), (9, 2), (0, 6), (30, 30)])
def test_ranks_of_differences_of_one_size_are_the_exact_mcnemar_test(
    gained: int, lost: int
) -> None:
    expected = mcnemar_exact(gained, lost)
    assert signed_rank_test({30: gained, -30: lost}) == pytest.approx(expected)


def test_ranks_of_no_better_candidate_are_significant_no_oftener_than_alpha() -> None:
    random = Random(7)
    sizes = [5] * 40 + [30] * 10 + [100] * 6
    significant = 0
    for _ in range(400):
        drawn = Counter(size * random.choice((1, -1)) for size in sizes)
        significant += signed_rank_test(drawn) < 0.05
    assert significant <= 0.05 * 400 + 3 * (0.05 * 0.95 * 400) ** 0.5
