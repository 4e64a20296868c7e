import pytest

from chatbot.domain.error_budget import significance

LOOKS = range(1, 3651)


def test_however_many_looks_spend_no_more_than_the_budget() -> None:
    promoted = sum(significance(0.05, look) / 2 for look in LOOKS)
    assert promoted < 0.05
    assert promoted == pytest.approx(0.05, rel=2e-3)


def test_the_first_look_may_spend_most() -> None:
    spent = [significance(0.05, look) for look in LOOKS]
    assert spent == sorted(spent, reverse=True)
    assert spent[:2] == pytest.approx([0.02, 0.04 / 3])
