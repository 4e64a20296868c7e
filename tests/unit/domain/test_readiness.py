import pytest

from chatbot.domain.matching import Candidate, Decision
from chatbot.domain.readiness import Fate, OfHundred, Trial, mix

CHOICE = [Candidate("vpn", 0.5), Candidate("leave", 0.3)]


@pytest.mark.parametrize(
    ("intent", "decision", "fate", "found"),
    [
        ("vpn", Decision.ANSWER, Fate.RIGHT, True),
        ("leave", Decision.ANSWER, Fate.WRONG, False),
        ("leave", Decision.CLARIFY, Fate.ASKED_BACK, True),
        ("invoice", Decision.CLARIFY, Fate.ASKED_BACK, False),
        ("vpn", Decision.HANDOFF, Fate.HANDED_OVER, False),
    ],
)
def test_what_becomes_of_a_question(
    intent: str, decision: Decision, fate: Fate, found: bool
) -> None:
    trial = Trial.of(intent, decision, CHOICE, CHOICE)
    assert (trial.fate, trial.found, trial.first) == (fate, found, "vpn")
    uncovered = Trial.of(intent, decision, CHOICE, CHOICE, is_covered=False)
    assert uncovered.fate is (Fate.WRONG if decision is Decision.ANSWER else fate)
    assert not uncovered.found


def test_parts_of_a_hundred_sum_to_a_hundred() -> None:
    assert OfHundred.of_weights([1, 1, 1, 0]) == OfHundred(34, 33, 33, 0)
    assert OfHundred.of([]) == OfHundred(0, 0, 0, 0)
    assert OfHundred(30, 5, 40, 25).answered == 35


def test_half_of_each_is_the_mean() -> None:
    both = mix(OfHundred(80, 4, 10, 6), OfHundred(0, 20, 20, 60), 0.5)
    assert both == OfHundred(40, 12, 15, 33)
