"""The folds of a training: each example is left out once."""

from collections import Counter

import pytest

from chatbot.domain.example import Example
from chatbot.errors import TrainingFailed
from workers.spec import TrainingSpec

EXAMPLES = tuple(
    Example(f"{intent} {number}", intent)
    for number in range(6)
    for intent in ("parcel", "refund", "sign in")
)
LONELY = Example("one of a kind", "lonely")
SPEC = TrainingSpec(examples=(*EXAMPLES, LONELY), folds=3, epochs=1)


def test_each_example_is_left_out_once_except_an_intents_only_one() -> None:
    left_out = [example for fold in range(3) for example in SPEC.left_out(fold)]
    assert sorted(left_out, key=str) == sorted(EXAMPLES, key=str)


def test_a_fold_leaves_out_the_same_share_of_each_intent() -> None:
    for fold in range(3):
        assert set(Counter(e.intent for e in SPEC.left_out(fold)).values()) == {2}


def test_the_training_of_a_fold_has_all_the_rest() -> None:
    without = SPEC.without(1)
    assert set(without.examples) == set(SPEC.examples) - set(SPEC.left_out(1))
    assert (without.folds, without.epochs, without.seed) == (0, SPEC.epochs, SPEC.seed)


def test_the_settings_that_are_kept_count_texts_and_hold_none() -> None:
    settings = SPEC.settings()
    assert settings["examples"] == len(SPEC.examples)
    assert not any(example.text in str(settings) for example in SPEC.examples)


@pytest.mark.parametrize("folds", [1, -1])
def test_one_fold_would_leave_nothing(folds: int) -> None:
    with pytest.raises(TrainingFailed, match="use 0, 2 or more"):
        TrainingSpec(examples=EXAMPLES, folds=folds)
