"""What is usual: read from the file that comes with the program, for an FAQ of this size."""

import numpy as np
import pytest

from factories import make_matcher
from workers.fitting.prior import Prior, size_of

FAQ = {"vpn": ["the tunnel is down", "VPN off"], "leave": ["a day off", "book leave"]}
STORED = {
    "weights": [1.0, 2.0, 3.0, 4.0, 5.0],
    "by_size": [0.5, 0.0, 0.0, 0.0, -1.0],
    "density": 0.0,
    "covariance": np.eye(5).tolist(),
    "wrong_from": [[0.5, 0.3], [0.9, 0.1]],
    "worth": 40.0,
}


@pytest.mark.parametrize("trained", [True, False])
def test_what_comes_with_the_program_fits_any_faq(trained: bool) -> None:
    prior = Prior.of(make_matcher(FAQ), trained)
    assert prior.weights.shape == (5,)
    assert np.linalg.eigvalsh(prior.covariance).min() > 0
    probabilities, shares = zip(*prior.wrong_from, strict=True)
    assert list(probabilities) == sorted(probabilities)
    assert all(0 <= share <= 1 for share in shares)
    assert prior.worth > 0


def test_the_size_is_the_logarithm_of_phrasings_an_intent() -> None:
    assert size_of(make_matcher(FAQ)) == pytest.approx(np.log(3))
    assert size_of(make_matcher({})) == 0


def test_weights_grow_with_the_size_and_the_bias_with_the_density() -> None:
    matcher = make_matcher(FAQ)
    size, density = size_of(matcher), matcher.density()
    plain = Prior.read(STORED, matcher)
    assert plain.weights == pytest.approx([1 + 0.5 * size, 2, 3, 4, 5 - size])
    dense = Prior.read(STORED | {"density": 2.0}, matcher)
    assert dense.weights == pytest.approx([1 + 0.5 * size, 2, 3, 4, 5 - size + 2 * density])


def test_between_two_probabilities_the_share_of_wrong_answers_is_between_theirs() -> None:
    prior = Prior.read(STORED, make_matcher(FAQ))
    shares = [prior.wrong_at(threshold) for threshold in (0.1, 0.5, 0.7, 0.9, 1.0)]
    assert shares == pytest.approx([0.3, 0.3, 0.2, 0.1, 0.1])


def test_reading_it_for_one_faq_changes_nothing_for_the_next() -> None:
    first = Prior.of(make_matcher(FAQ), True).weights
    Prior.of(make_matcher({"vpn": ["x"] * 1}), True)
    assert Prior.of(make_matcher(FAQ), True).weights == pytest.approx(first)
