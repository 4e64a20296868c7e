"""What a training is asked to do, and what its folds leave out."""

import json
from pathlib import Path

import pytest

from chatbot.domain.example import Example, PairExample
from chatbot.errors import TrainingFailed
from workers.training.spec import TrainingSpec

EXAMPLES = tuple(
    Example(f"{intent} {number}", intent)
    for number in range(6)
    for intent in ("parcel", "refund", "sign in")
)
PAIRS = (
    PairExample("parcel 0", "something else", 1.0),
    PairExample("refund 0", "Sign In  1", 0.0),
    PairExample("nobody", "asked", 0.5),
)
SPEC = TrainingSpec(
    examples=EXAMPLES,
    folds=((0, 5), (1, 7)),
    epochs=1,
    pairs=PAIRS,
    left_out_pairs=(PairExample("this", "measures", 1.0),),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    SPEC.dump(tmp_path / "spec.json")
    assert TrainingSpec.load(tmp_path / "spec.json") == SPEC


def test_the_training_of_a_fold_has_all_the_rest() -> None:
    without = SPEC.without(1)
    assert set(without.examples) == set(SPEC.examples) - set(SPEC.left_out(1))
    assert (without.folds, without.epochs, without.seed) == ((), SPEC.epochs, SPEC.seed)


def test_the_training_of_a_fold_sees_what_it_leaves_out_in_no_pair_either() -> None:
    assert SPEC.left_out(0) == [EXAMPLES[0], EXAMPLES[5]]
    assert SPEC.without(0).pairs == PAIRS[2:]
    assert SPEC.without(1).pairs == (PAIRS[0], PAIRS[2])
    assert SPEC.without(0).left_out_pairs == ()


def test_the_settings_that_are_kept_count_texts_and_hold_none() -> None:
    settings = SPEC.settings()
    assert settings["examples"] == len(SPEC.examples)
    assert (settings["pairs"], settings["left_out_pairs"]) == (3, 1)
    assert not any(example.text in str(settings) for example in SPEC.examples)
    assert not any(pair.text_b in str(settings) for pair in PAIRS)


def test_a_fold_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(TrainingFailed, match="use 0 to 17"):
        TrainingSpec(examples=EXAMPLES, folds=((18,),))


@pytest.mark.parametrize("folds", [3, [3], [["0"]], [[True]]])
def test_what_are_no_folds_is_refused(folds: object, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps({"examples": [], "folds": folds}))
    with pytest.raises(TrainingFailed, match="folds must be"):
        TrainingSpec.load(tmp_path / "spec.json")


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        (3, "pairs must be a list"),
        ([3], r"pairs\[0\] must be an object"),
        ([{"text_a": "one", "score": 1}], r"pairs\[0\].text_b must be a text"),
        ([{"text_a": "one", "text_b": "two"}], r"pairs\[0\].score must be a number"),
        ([{"text_a": "one", "text_b": "two", "score": True}], "must be a number"),
        ([{"text_a": "one", "text_b": "two", "score": 1.5}], "from 0 to 1"),
    ],
)
def test_what_are_no_pairs_is_refused(pairs: object, reason: str, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps({"examples": [], "epochs": 0, "pairs": pairs}))
    with pytest.raises(TrainingFailed, match=reason):
        TrainingSpec.load(tmp_path / "spec.json")


def test_a_negative_weight_of_pairs_is_refused() -> None:
    with pytest.raises(TrainingFailed, match="pair_weight is -1; use 0 or more"):
        TrainingSpec(examples=EXAMPLES, pair_weight=-1)
