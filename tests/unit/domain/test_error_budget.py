import pytest

from chatbot.domain.error_budget import significance

LOOKS = range(1, 3651)


def test_however_many_looks_spend_no_more_than_the_budget() -> None:
    spent = sum(significance(0.05, look) for look in LOOKS)
    assert spent < 0.05
    assert spent == pytest.approx(0.05, rel=1e-3)


def test_the_first_look_may_spend_most() -> None:
    spent = [significance(0.05, look) for look in LOOKS]
    assert spent == sorted(spent, reverse=True)
    assert spent[:2] == pytest.approx([0.05 / 3, 0.05 / 6])
