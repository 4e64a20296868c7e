"""When questions without a verdict are given to the trainer."""

from pathlib import Path

import pytest

from chatbot.domain.example import Example
from chatbot.services.examples import FEW_UNLABELLED, Frozen
from chatbot.settings import Settings
from factories import make_catalogue
from workers import recipe
from workers.recipe import make_spec
from workers.spec import TrainingSpec

ENOUGH = [f"question {number}" for number in range(FEW_UNLABELLED)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def spec_of(settings: Settings, unlabelled: list[str]) -> TrainingSpec:
    training = [Example(f"{intent} {n}", intent) for n in range(30) for intent in ("a", "b")]
    frozen = Frozen(training, [], [], [], make_catalogue({}), unlabelled=unlabelled)
    return make_spec(frozen, settings, trains=True, start_from=None)


def test_questions_without_a_verdict_teach_where_there_are_enough(settings: Settings) -> None:
    assert spec_of(settings, ENOUGH).unlabelled == tuple(ENOUGH)
    assert spec_of(settings, ENOUGH[1:]).unlabelled == ()


def test_a_large_faq_learns_from_its_rows_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "MOST_LABELLED", 59)
    assert spec_of(settings, ENOUGH).unlabelled == ()
