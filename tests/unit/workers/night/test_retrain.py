"""The thread of a job, with a trainer that leaves folders for encoders and nothing else."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from chatbot.bootstrap import Parts
from chatbot.domain.report.training import TrainingRun
from chatbot.errors import LeaseLost
from chatbot.matching.encoder import HashingEncoder
from chatbot.services.learning.training_set import freeze
from chatbot.services.releases import jobs, release
from chatbot.services.releases.reports import get_report
from chatbot.storage.tables import ModelVersion, TrainingJob
from factories import add_evaluation, add_version, make_small_report
from workers.night import build, retrain, train
from workers.training.spec import TrainingSpec

TRAINING = {"seconds": 1.0, "history": [], "thresholds": []}


class Trainer:
    """Counts its trainings."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, folder: Path, *_: object) -> dict[str, Any]:
        self.runs += 1
        spec = TrainingSpec.load(folder / "spec.json")
        for place in ("encoder", *(f"folds/{fold}" for fold in range(len(spec.folds)))):
            (folder / "out" / place).mkdir(parents=True)
        return TRAINING


class OpenedEncoder:
    @staticmethod
    def open(folder: Path, threads: int = 1) -> HashingEncoder:
        return HashingEncoder()


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    trainer = Trainer()
    monkeypatch.setattr(train, "run_trainer", trainer)
    monkeypatch.setattr(build, "OnnxEncoder", OpenedEncoder)
    return trainer


def run(parts: Parts, by: str = "ann") -> TrainingJob:
    with parts.database.write() as session:
        job_id = jobs.request(session, jobs.JobKind.TRAIN, by).id
    lease = jobs.claim(parts.database, "here", 60)
    assert lease is not None
    retrain.retrain(parts, lease, threading.Event())
    with parts.database.read() as session:
        return jobs.get_job(session, job_id)


def add_judged(parts: Parts, evidence: str) -> int:
    """A version of the rows of now, which were not enough to promote it."""
    report = make_small_report(data={"evidence": evidence}, training=TRAINING).to_json()
    with parts.database.write() as session:
        fingerprint = freeze(session, parts.settings).fingerprint
        return add_version(
            session, fingerprint=fingerprint, verdict="insufficient_evidence", report=report
        ).id


def evidence_of_now(parts: Parts) -> str:
    with parts.database.read() as session:
        return freeze(session, parts.settings).evidence


def test_a_training_ends_as_a_version_that_was_judged(parts: Parts, trainer: Trainer) -> None:
    job = run(parts)
    assert (job.state, job.version_id) == ("done", 2)
    with parts.database.read() as session:
        version = release.get_version(session, 2)
    assert version.verdict is not None
    assert (version.kind, version.parent_id, version.training_rows) == ("train", 1, 16)
    training = get_report(version).training
    assert training.index is not None
    assert training.thresholds
    assert parts.artefacts.fetch(version.digest).is_dir()


def test_the_same_rows_are_not_trained_twice(parts: Parts, trainer: Trainer) -> None:
    run(parts)
    job = run(parts)
    assert (job.state, job.message) == ("skipped", "Nothing changed since version 2 was made.")
    assert trainer.runs == 1


def test_new_evidence_on_the_same_rows_is_weighed_without_a_training(
    parts: Parts, trainer: Trainer
) -> None:
    version = add_judged(parts, "earlier")
    with parts.database.write() as session:
        add_evaluation(session, "please reset my password", "reset-password")
    job = run(parts)
    assert (job.state, job.version_id) == ("done", version)
    assert trainer.runs == 0
    with parts.database.read() as session:
        report = get_report(release.get_version(session, version))
    assert report.data.evidence == evidence_of_now(parts)
    assert report.training == TrainingRun.model_validate(TRAINING)


def test_what_was_withdrawn_is_not_judged_again(parts: Parts, trainer: Trainer) -> None:
    version = add_judged(parts, "earlier")
    with parts.database.write() as session:
        session.execute(
            update(ModelVersion).where(ModelVersion.id == version).values(withdrawn=True)
        )
    assert run(parts).state == "skipped"
    assert trainer.runs == 0


def test_a_night_waits_for_more_and_trains_where_what_was_learnt_is_not_known(
    parts: Parts, trainer: Trainer
) -> None:
    run(parts)
    lenient = parts.settings.model_copy(update={"seed": 14, "retrain_growth": 3.0})
    parts = replace(parts, settings=lenient)
    job = run(parts, by=release.NIGHTLY)
    assert job.state == "skipped"
    assert "is new beside what version 2 learnt. The night trains from 300% on" in job.message

    with parts.database.write() as session:
        session.execute(update(ModelVersion).where(ModelVersion.id == 2).values(digest="gone" * 16))
    assert run(parts, by=release.NIGHTLY).state == "done"
    assert trainer.runs == 2


def test_a_training_that_gives_what_is_live_already_is_skipped(
    parts: Parts, trainer: Trainer
) -> None:
    run(parts)
    with parts.database.write() as session:
        release.promote(session, 2, "ann", "for a test")
        session.execute(update(ModelVersion).where(ModelVersion.id == 2).values(fingerprint=""))
    job = run(parts)
    assert job.state == "skipped"
    assert job.message == "The training gave exactly version 2 again, which is live."


def test_a_worker_that_lost_its_job_registers_nothing(parts: Parts, trainer: Trainer) -> None:
    with parts.database.write() as session:
        jobs.request(session, jobs.JobKind.TRAIN, "ann")
    lease = jobs.claim(parts.database, "here", 60)
    assert lease is not None
    with parts.database.write() as session:
        session.execute(update(TrainingJob).values(fencing_token=7))
    with pytest.raises(LeaseLost):
        retrain.retrain(parts, lease, threading.Event())
    with parts.database.read() as session:
        assert session.get(ModelVersion, 2) is None
