"""Rows of phrasings, guesses and titles stand behind each other, and none is taken for another."""

import numpy as np
import pytest

from chatbot.matching.encoder import HashingEncoder
from chatbot.matching.guessed import Guessed
from chatbot.matching.neighbourhood import Neighbourhood
from factories import make_matcher

FAQ = {"vpn": ["the tunnel is down", "no connection"], "invoice": ["send me the bill"]}
ASKED = ["my tunnel broke", "a bill for march"]
WEIGHT = 0.25


@pytest.fixture
def neighbourhood() -> Neighbourhood:
    guessed = Guessed.of(HashingEncoder().encode(ASKED), ["vpn", "invoice"], WEIGHT)
    return make_matcher(FAQ).guessing(guessed)._neighbourhood


def nearest_of(neighbourhood: Neighbourhood, text: str) -> tuple[int, float]:
    rows, similarities = neighbourhood.search(HashingEncoder().encode([text]), 1)
    return int(rows[0, 0]), float(similarities[0, 0])


def test_a_guess_is_found_like_a_phrasing_and_votes_with_its_weight(
    neighbourhood: Neighbourhood,
) -> None:
    row, similarity = nearest_of(neighbourhood, ASKED[1])
    found = neighbourhood.neighbour(row, similarity)
    assert similarity == pytest.approx(1, abs=1e-5)
    assert (found.intent, found.weight) == ("invoice", WEIGHT)


def test_a_phrasing_votes_in_full(neighbourhood: Neighbourhood) -> None:
    row, similarity = nearest_of(neighbourhood, FAQ["vpn"][1])
    found = neighbourhood.neighbour(row, similarity)
    assert (found.intent, found.weight) == ("vpn", 1.0)
    assert row < len(neighbourhood.phrasings.rows)


def test_every_row_has_the_vector_that_it_is_found_by(neighbourhood: Neighbourhood) -> None:
    texts = [*FAQ["vpn"], *FAQ["invoice"], *ASKED]
    wanted = HashingEncoder().encode(texts)
    rows, _ = neighbourhood.search(wanted, 1)
    assert np.allclose(neighbourhood.vectors(rows[:, 0]), wanted, atol=1e-6)


def test_more_neighbours_than_there_are_rows_are_all_of_them_nearest_first(
    neighbourhood: Neighbourhood,
) -> None:
    rows, similarities = neighbourhood.search(HashingEncoder().encode(["the tunnel"]), 99)
    count = 3 + len(ASKED) + len(neighbourhood.titles)
    assert len(set(rows[0].tolist())) == rows.shape[1] == count
    assert similarities[0].tolist() == sorted(similarities[0].tolist(), reverse=True)
