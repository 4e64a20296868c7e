"""Real small trainings in which texts without an intent teach too."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chatbot.domain.example import Example
from workers.contrastive import TrainingResult, fit
from workers.spec import TrainingSpec

LABELLED = (
    Example("Where is my parcel right now?", "parcel"),
    Example("My delivery has not arrived", "parcel"),
    Example("I want my money back for the shoes", "refund"),
    Example("When will the refund reach my account?", "refund"),
)
ASKED = (
    *(f"the courier has not brought parcel {number}" for number in range(8)),
    *(f"please pay me back order {number}" for number in range(8)),
    *(f"sing me song number {number} about the sea" for number in range(6)),
)
SPEC = TrainingSpec(examples=LABELLED, unlabelled=ASKED, epochs=6, batch_size=8)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingResult, Path]:
    out = tmp_path_factory.mktemp("guessing") / "torch"
    return fit(SPEC, out, lambda *_: None), out


def test_those_that_resemble_the_faq_teach_in_a_training_twice_as_long(
    trained: tuple[TrainingResult, Path],
) -> None:
    result, _ = trained
    assert 8 <= result.guessed <= 16
    assert [epoch.epoch for epoch in result.history] == list(range(1, 13))


def test_the_progress_says_how_many_teach_by_a_guess(tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    result = fit(SPEC, tmp_path / "torch", lambda _step, done, words: told.append((done, words)))
    words = f"{result.guessed} of {len(ASKED)} questions without a verdict"
    assert [done for done, said in told if said.startswith(words)] == [4 / 12]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_what_visitors_ask_of_one_intent_moves_together(
    trained: tuple[TrainingResult, Path], tmp_path: Path
) -> None:
    """New questions in visitors' words come nearer to the right intent than from labels alone."""
    alone = fit(replace(SPEC, unlabelled=(), epochs=12), tmp_path / "torch", lambda *_: None)
    assert alone.guessed == 0
    assert margin(trained[0]) > margin(alone)


def margin(result: TrainingResult) -> float:
    """How much nearer new phrasings are to their own intent's labelled texts than to others'."""
    new = ["the courier has not brought my things", "please pay me back soon"]
    embed = result.model.encode
    cosines = np.asarray(
        embed(new, normalize_embeddings=True)
        @ embed([example.text for example in LABELLED], normalize_embeddings=True).T
    )
    parcel, refund = cosines[:, :2].mean(axis=1), cosines[:, 2:].mean(axis=1)
    return float((parcel - refund)[0] + (refund - parcel)[1])


def test_none_of_them_is_in_any_file_that_is_written(
    trained: tuple[TrainingResult, Path],
) -> None:
    files = [path for path in trained[1].rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert not any(text.encode() in content for text in ASKED), path


def test_the_same_texts_give_the_same_model(
    trained: tuple[TrainingResult, Path], tmp_path: Path
) -> None:
    fit(SPEC, tmp_path / "torch", lambda *_: None)
    again = (tmp_path / "torch" / "model.safetensors").read_bytes()
    assert again == (trained[1] / "model.safetensors").read_bytes()


def test_with_validation_rows_the_best_epoch_is_kept_whether_it_guessed_or_not(
    tmp_path: Path,
) -> None:
    validation = (Example("my parcel is late", "parcel"), Example("repay me", "refund"))
    result = fit(replace(SPEC, validation=validation), tmp_path / "torch", lambda *_: None)
    scores = [epoch.validation_score for epoch in result.history]
    assert scores[result.best_epoch] == max(score for score in scores if score is not None)
