import threading
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.bootstrap import Parts
from chatbot.services.releases import jobs
from chatbot.services.releases.jobs import JobKind
from workers.night import train
from workers.night.start import Start, read_start
from workers.training.spec import TrainingSpec


def start(parts: Parts, kind: JobKind = JobKind.TRAIN) -> Start:
    with parts.database.write() as session:
        job_id = jobs.request(session, kind, "ann").id
    with parts.database.read() as session:
        return read_start(session, job_id, parts.settings)


def plan(parts: Parts, started: Start, start_from: str = "live") -> TrainingSpec:
    settings = parts.settings.model_copy(update={"start_from": start_from})
    return train.plan(started, settings, parts.artefacts)


def publish(parts: Parts, with_weights: bool) -> str:
    with parts.artefacts.stage() as folder:
        (folder / "anything").write_text("so that it is not empty")
        if with_weights:
            (folder / "torch").mkdir()
            (folder / "torch" / "weights").write_text("w")
        return parts.artefacts.publish(folder, {})


def from_digest(started: Start, digest: str | None) -> Start:
    return replace(started, live=replace(started.live, digest=digest))


def test_a_training_goes_on_from_the_live_weights_if_it_is_to(parts: Parts) -> None:
    started = from_digest(start(parts), publish(parts, with_weights=True))
    found = plan(parts, started).start_from
    assert found is not None
    assert (Path(found) / "weights").read_text() == "w"
    assert plan(parts, started, start_from="base").start_from is None


def test_without_live_weights_it_starts_from_the_base_model(parts: Parts) -> None:
    started = start(parts)
    assert plan(parts, from_digest(started, None)).start_from is None
    bare = from_digest(started, publish(parts, with_weights=False))
    assert plan(parts, bare).start_from is None


def test_the_base_model_as_it_is_learns_nothing_and_starts_from_nothing(parts: Parts) -> None:
    started = from_digest(start(parts, JobKind.UNTRAINED), publish(parts, with_weights=True))
    spec = plan(parts, started)
    assert (spec.epochs, spec.start_from) == (0, None)
    assert len(spec.examples) == 16


def test_the_trainer_finds_what_is_asked_of_it(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = plan(parts, start(parts), start_from="base")

    def trainer(folder: Path, *_: object) -> dict[str, object]:
        assert TrainingSpec.load(folder / "spec.json") == spec
        return {"seconds": 1.0}

    monkeypatch.setattr(train, "run_trainer", trainer)
    done = train.train(tmp_path, spec, 1, lambda *_: None, threading.Event())
    assert done == {"seconds": 1.0}
