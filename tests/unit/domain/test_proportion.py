from random import Random

import pytest
from scipy.stats import binomtest

from chatbot.domain.proportion import Share, cautious_interval, wilson_interval


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (3, 10), (99, 100), (500, 1000), (7, 7)])
def test_wilsons_interval_equals_scipys(successes: int, n: int) -> None:
    for level in (0.95, 0.9):
        expected = binomtest(successes, n).proportion_ci(level, method="wilson")
        found = wilson_interval(successes, n, level)
        assert found == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_without_rows_a_share_may_be_anything() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_a_share_knows_its_interval_and_of_how_many_it_is() -> None:
    assert Share.counted(3, 4) == Share(0.75, *wilson_interval(3, 4), 4)
    assert Share.counted(0, 0) == Share(0.0, 0.0, 1.0, 0)


def test_rows_that_weigh_the_same_are_counted() -> None:
    rows = [(True, 50.0)] * 30 + [(False, 50.0)] * 10
    weighted, counted = Share.weighted(rows), Share.counted(30, 40)
    assert weighted.of == counted.of
    assert weighted.value == pytest.approx(counted.value)
    assert (weighted.low, weighted.high) == pytest.approx((counted.low, counted.high))


def test_a_row_counts_for_as_many_as_it_stands_for() -> None:
    rows = [(True, 100.0)] * 10 + [(False, 10.0)] * 100
    share = Share.weighted(rows)
    assert share.value == pytest.approx(0.5)
    assert share.of == 110
    assert share.high - share.low > Share.counted(55, 110).high - Share.counted(55, 110).low


def test_without_rows_everything_is_possible() -> None:
    assert Share.weighted([]) == Share(0.0, 0.0, 1.0, 0)


def test_the_weighted_interval_covers_the_truth_as_often_as_it_says() -> None:
    random = Random(3)
    covered = 0
    for _ in range(500):
        rows = [(random.random() < 0.8, 1 / share) for share in (0.02, 0.1) for _ in range(60)]
        share = Share.weighted(rows)
        covered += share.low <= 0.8 <= share.high
    assert 0.92 <= covered / 500 <= 0.99


@pytest.mark.parametrize(("count", "of"), [(0, 3), (1, 2), (1, 4), (8, 18), (14, 100), (30, 30)])
def test_the_cautious_interval_is_nearly_the_exact_one(count: int, of: int) -> None:
    exact = binomtest(count, of).proportion_ci(0.9, method="exact")
    low, high = cautious_interval(count, of, 0.9)
    assert low == pytest.approx(exact.low, abs=0.02)
    assert high == pytest.approx(exact.high, abs=0.02)


def test_the_cautious_interval_of_nothing_is_everything() -> None:
    assert cautious_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("is_cautious", [True, False])
def test_a_weighted_share_has_the_interval_that_is_asked_for(is_cautious: bool) -> None:
    rows = [(True, 2.0)] * 3 + [(False, 2.0)] * 7
    find = cautious_interval if is_cautious else wilson_interval
    share = Share.weighted(rows, 0.8, is_cautious)
    assert (share.low, share.high) == pytest.approx(find(3, 10, 0.8))


def test_the_cautious_interval_of_all_or_nothing_ends_there() -> None:
    low, high = cautious_interval(1, 1)
    assert (low, high) == pytest.approx((0.05462, 1.0), abs=1e-5)
    assert cautious_interval(0, 1) == pytest.approx((0.0, 1 - low))
