import pytest

from chatbot.domain.error_budget import NIGHTS, significance


def test_a_year_of_looks_spends_no_more_than_the_budget() -> None:
    assert sum(significance(0.05, look) for look in range(1, NIGHTS + 1)) == pytest.approx(0.05)


def test_the_first_look_may_spend_most_and_the_last_still_something() -> None:
    spent = [significance(0.05, look) for look in range(1, NIGHTS + 1)]
    assert spent == sorted(spent, reverse=True)
    assert spent[0] > 0.01
    assert spent[-1] > 0.05 / 2 / NIGHTS * 0.99
