import math

import pytest

from chatbot.domain.names import weight_of_name


@pytest.mark.parametrize(("own", "others"), [(0, 0), (1, 0), (2, 2), (2, 5)])
def test_too_few_or_divided_texts_say_nothing(own: int, others: int) -> None:
    assert weight_of_name(own, others, 50) == 0.0


def test_a_name_says_more_the_more_texts_of_one_intent_have_it() -> None:
    weights = [weight_of_name(own, 0, 50) for own in range(2, 20)]
    assert weights == sorted(weights)
    assert weights[0] > 0


def test_texts_of_other_intents_speak_against_it() -> None:
    assert weight_of_name(3, 1, 50) == pytest.approx(weight_of_name(3, 0, 50) - math.log(2))


def test_odds_of_a_single_intent_are_no_surprise() -> None:
    assert weight_of_name(3, 0, 1) == pytest.approx(math.log(4))
