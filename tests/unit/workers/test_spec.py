"""What a training is asked to do, and what its folds leave out."""

import json
from pathlib import Path

import pytest

from chatbot.domain.example import Example
from chatbot.errors import TrainingFailed
from workers.spec import TrainingSpec

EXAMPLES = tuple(
    Example(f"{intent} {number}", intent)
    for number in range(6)
    for intent in ("parcel", "refund", "sign in")
)
SPEC = TrainingSpec(examples=EXAMPLES, folds=((0, 5), (1, 7)), epochs=1)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    SPEC.dump(tmp_path / "spec.json")
    assert TrainingSpec.load(tmp_path / "spec.json") == SPEC


def test_the_training_of_a_fold_has_all_the_rest() -> None:
    without = SPEC.without(1)
    assert set(without.examples) == set(SPEC.examples) - set(SPEC.left_out(1))
    assert (without.folds, without.epochs, without.seed) == ((), SPEC.epochs, SPEC.seed)


def test_the_settings_that_are_kept_count_texts_and_hold_none() -> None:
    settings = SPEC.settings()
    assert settings["examples"] == len(SPEC.examples)
    assert not any(example.text in str(settings) for example in SPEC.examples)


def test_a_fold_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(TrainingFailed, match="use 0 to 17"):
        TrainingSpec(examples=EXAMPLES, folds=((18,),))


@pytest.mark.parametrize("folds", [3, [3], [["0"]], [[True]]])
def test_what_are_no_folds_is_refused(folds: object, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps({"examples": [], "folds": folds}))
    with pytest.raises(TrainingFailed, match="folds must be"):
        TrainingSpec.load(tmp_path / "spec.json")
