import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from chatbot.domain.accuracy import Outcome
from chatbot.domain.example import Example
from chatbot.domain.matching import Decision
from chatbot.domain.text import key, normalise
from chatbot.errors import TrainingFailed
from chatbot.matching import bundle
from chatbot.matching.bundle import Bundle
from chatbot.matching.encoder import HashingEncoder
from chatbot.services.learning.training_set import Frozen
from chatbot.services.privacy.inventory import FILES
from chatbot.settings import Settings
from chatbot.storage.artefacts import MANIFEST
from factories import make_catalogue
from fakes import FAQ
from workers.fitting import novelty, out_of_fold
from workers.fitting.calibrate import OTHER_PROMISES
from workers.night import build
from workers.night.build import Built, build_artefact
from workers.training.recipe import make_spec
from workers.training.spec import TrainingSpec

UTTERANCES = {
    name: [*texts, *(f"{t} please" for t in texts)] for name, (_, _, texts) in FAQ.items()
}
ROWS = [Example(text, name) for name, texts in UTTERANCES.items() for text in texts]
FROZEN = Frozen(ROWS, [], ["purple elephants"], [], make_catalogue(UTTERANCES))


class OpenedEncoder:
    """Every folder that a trainer left holds the hashing encoder."""

    @staticmethod
    def open(folder: Path, threads: int = 1) -> HashingEncoder:
        assert folder.is_dir(), folder
        return HashingEncoder()


@pytest.fixture(autouse=True)
def hashing_encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "OnnxEncoder", OpenedEncoder)
    monkeypatch.setattr(bundle, "OnnxEncoder", OpenedEncoder)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def leave_encoders(folder: Path, spec: TrainingSpec) -> Path:
    """What a trainer leaves in its folder."""
    for place in ("encoder", "torch", *(f"folds/{fold}" for fold in range(len(spec.folds)))):
        (folder / "out" / place).mkdir(parents=True)
    return folder


def spec_of(settings: Settings, trains: bool, start_from: str | None = None) -> TrainingSpec:
    worth_leaving_out = ROWS if trains else []
    return make_spec(FROZEN, worth_leaving_out, settings, trains=trains, start_from=start_from)


def build_in(
    folder: Path,
    settings: Settings,
    spec: TrainingSpec,
    chosen: frozenset[str] = frozenset(),
    frozen: Frozen = FROZEN,
    live: Mapping[str, Outcome] | None = None,
) -> Built:
    leave_encoders(folder, spec)
    return build_artefact(folder, frozen, spec, settings, chosen, live or {}, say_nothing)


def say_nothing(_done: float, _message: str) -> None:
    """Hear how far a build is."""


def test_the_folder_opens_as_what_was_built(tmp_path: Path, settings: Settings) -> None:
    built = build_in(tmp_path, settings, spec_of(settings, trains=False))
    opened = Bundle.open(built.folder, built.meaning.to_json())
    assert opened.calibration == built.calibration
    assert opened.keys.tolist() == [key(row.text).encode() for row in ROWS]
    assert (opened.rule.neighbours, opened.rule.temperature) == (
        settings.neighbours,
        settings.vote_temperature,
    )
    assert novelty.measure(built.folder, FROZEN) == 0


def test_the_report_says_how_well_it_finds_and_when_it_would_answer(
    tmp_path: Path, settings: Settings
) -> None:
    built = build_in(tmp_path, settings, spec_of(settings, trains=False))
    thresholds = dict(built.report["thresholds"])
    assert tuple(thresholds) == OTHER_PROMISES
    assert thresholds[settings.promise] == built.calibration.answer_at
    assert built.report["index"] == {"ef": built.meaning.ef, "recall_at_10": 1.0}
    assert built.report["guessed"] == 0


def test_the_same_training_gives_the_same_bytes(tmp_path: Path, settings: Settings) -> None:
    spec = spec_of(settings, trains=True)
    first, second = (build_in(tmp_path / name, settings, spec).folder for name in "ab")
    names = sorted(path.name for path in first.iterdir() if path.is_file())
    assert names == sorted(path.name for path in second.iterdir() if path.is_file())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_each_fold_says_what_it_makes_of_what_it_was_not_taught(
    tmp_path: Path, settings: Settings
) -> None:
    """Thirty-two rows are too few for folds of their own accord."""
    spec = TrainingSpec(examples=tuple(ROWS), folds=((0, 9), (18, 27)), epochs=1)
    built = build_in(tmp_path, settings, spec)
    kept = out_of_fold.read(built.folder, ROWS)
    assert set(kept) == {ROWS[number].text for number in (0, 9, 18, 27)}
    assert built.calibration.rows == 4


def test_it_answers_as_many_as_the_live_version_if_the_promise_lets_it(
    tmp_path: Path, settings: Settings
) -> None:
    halves = tuple(range(0, len(ROWS), 2)), tuple(range(1, len(ROWS), 2))
    spec = TrainingSpec(examples=tuple(ROWS), folds=halves, epochs=1)
    strict = settings.model_copy(update={"promise": 0.05, "promise_confidence": 0.99})
    confirmed = replace(FROZEN, teachers={normalise(row.text): "agent" for row in ROWS})
    alone = build_in(tmp_path / "alone", strict, spec, frozen=confirmed)
    kept = out_of_fold.read(alone.folder, ROWS)
    live = {text: replace(outcome, decision=Decision.ANSWER) for text, outcome in kept.items()}
    beside = build_in(tmp_path / "beside", strict, spec, frozen=confirmed, live=live)
    least = min(outcome.candidates[0].probability for outcome in kept.values())
    lowered = beside.calibration.answer_at
    assert least <= lowered < alone.calibration.answer_at
    assert out_of_fold.read(beside.folder, ROWS).keys() == kept.keys()
    assert beside.calibration == replace(alone.calibration, answer_at=lowered)


def test_a_training_that_went_on_from_another_keeps_no_such_outcomes(
    tmp_path: Path, settings: Settings
) -> None:
    """The weights that it began with had seen every row."""
    spec = TrainingSpec(
        examples=tuple(ROWS), folds=((0, 9), (18, 27)), epochs=1, start_from="torch"
    )
    built = build_in(tmp_path, settings, spec)
    assert out_of_fold.read(built.folder, ROWS) == {}


def test_what_was_chosen_because_it_is_hard_does_not_calibrate(
    tmp_path: Path, settings: Settings
) -> None:
    more = [Example(f"my parcel number {n} is late", "leave") for n in range(50)]
    utterances = UTTERANCES | {"leave": [*UTTERANCES["leave"], *(row.text for row in more)]}
    frozen = Frozen([*ROWS, *more], [], [], [], make_catalogue(utterances))
    spec = make_spec(frozen, [], settings, trains=False, start_from=None)
    chosen = frozenset(row.text for row in more[:10])
    all_of_them = build_in(tmp_path / "all", settings, spec, frozen=frozen)
    without = build_in(tmp_path / "without", settings, spec, chosen, frozen)
    assert all_of_them.calibration.rows - without.calibration.rows == len(chosen)


@pytest.mark.parametrize(("start_from", "keeps"), [("base", False), ("live", True)])
def test_weights_are_kept_where_the_next_training_goes_on_from_them(
    tmp_path: Path, settings: Settings, start_from: str, keeps: bool
) -> None:
    going_on = settings.model_copy(update={"start_from": start_from})
    built = build_in(tmp_path, going_on, spec_of(going_on, trains=False))
    assert (built.folder / "torch").is_dir() == keeps
    assert (built.folder / "encoder").is_dir()


def test_unjudged_questions_are_guessed_only_with_a_trained_encoder(
    tmp_path: Path, settings: Settings
) -> None:
    asked = [f"{text}, number {n}" for n, text in enumerate(UTTERANCES["vpn"])]
    frozen = Frozen(ROWS, [], [], [], make_catalogue(UTTERANCES), unlabelled=asked)
    tell = Mock()
    for name, trains in (("base", False), ("trained", True)):
        spec = TrainingSpec(examples=tuple(ROWS), folds=((0, 9),), epochs=int(trains))
        folder = leave_encoders(tmp_path / name, spec)
        built = build_artefact(folder, frozen, spec, settings, frozenset(), {}, tell)
        assert (built.meaning.guessed > 0) == trains
        assert len(json.loads((built.folder / "calibration.json").read_text()))
    told = [call.args for call in tell.call_args_list]
    beginning = (0.0, "index of 32 utterances")
    guessing = (0.5, "guessing what 8 questions without a verdict mean")
    assert told == [beginning, beginning, guessing]


def test_an_index_that_finds_too_little_is_refused(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "measure_recall", lambda *_: np.float64(0.5))
    with pytest.raises(TrainingFailed, match="finds only 50.0%"):
        build_in(tmp_path, settings, spec_of(settings, trains=False))


def test_the_inventory_lists_every_file(tmp_path: Path) -> None:
    """But for the manifest, which the store writes when it seals the folder."""
    settings = Settings(data_dir=tmp_path / "data", start_from="live")
    asked = replace(FROZEN, unlabelled=[f"{row.text} now" for row in ROWS])
    spec = TrainingSpec(examples=tuple(ROWS), folds=((0, 9), (18, 27)), epochs=1)
    folder = build_in(tmp_path, settings, spec, frozen=asked).folder
    found = {f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir()}
    assert found | {MANIFEST} == {kept.name for kept in FILES}
