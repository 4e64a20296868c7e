import pytest
from scipy.stats import binomtest

from chatbot.domain.share import Share, wilson_interval


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (3, 10), (99, 100), (500, 1000), (7, 7)])
def test_wilsons_interval_equals_scipys(successes: int, n: int) -> None:
    expected = binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson_interval(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_without_rows_a_share_may_be_anything() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_a_share_knows_its_interval_and_of_how_many_it_is() -> None:
    assert Share.counted(3, 4) == Share(0.75, *wilson_interval(3, 4), 4)
    assert Share.counted(0, 0) == Share(0.0, 0.0, 1.0, 0)
