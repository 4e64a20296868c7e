"""The nightly story: freeze the rows, train, build, publish, measure, judge, release.

Any step may die. The next run starts over from the rows and comes to the same artefact. Run as
`python -m workers.night.retrain`, it works off every waiting job and exits.
"""

import logging
import shutil
import threading
import time
from collections import ChainMap
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.bootstrap import Parts, build
from chatbot.domain.example import Example
from chatbot.domain.matching import NEVER, Calibration
from chatbot.domain.report.training import TrainingRun
from chatbot.errors import (
    ArtefactRefused,
    ChatbotError,
    LeaseLost,
    ServiceUnavailable,
    TrainingFailed,
)
from chatbot.failpoints import failpoint
from chatbot.matching.bundle import Bundle, Rule, write_bundle
from chatbot.matching.encoder import OnnxEncoder
from chatbot.matching.index import HnswIndex, Vectors
from chatbot.matching.matcher import Matcher
from chatbot.matching.recall import LEAST_RECALL, measure_recall
from chatbot.services.learning.examples import freeze
from chatbot.services.learning.shadow import own_evidence
from chatbot.services.releases import jobs, processes, release
from chatbot.services.releases.reports import get_report
from chatbot.services.review.rank_queue import rank_queue
from chatbot.services.review.waiting import list_chosen
from chatbot.settings import Settings
from chatbot.storage.tables import ModelVersion
from workers.fitting import novelty, out_of_fold
from workers.fitting.calibrate import LEAST_ROWS, fit, gather_votes, thresholds_of_other_promises
from workers.fitting.guess import guess_all
from workers.fitting.prior import Prior
from workers.fitting.unseen import Fold, Unseen
from workers.night.child import run_trainer
from workers.night.heartbeat import heartbeats
from workers.night.judge import Case, conclude, judge
from workers.night.second_look import look_again
from workers.night.settle import settle_verdicts
from workers.training.recipe import make_spec, say_what_lacks
from workers.training.spec import TrainingSpec

log = logging.getLogger(__name__)

_ORPHAN_SECONDS = 24 * 3600


def run_waiting_jobs(parts: Parts, who: processes.Identity) -> int:
    """Run jobs until none waits; returns how many."""
    count = 0
    while lease := jobs.claim(
        parts.database, f"{who.host}:{who.pid}", parts.settings.lease_seconds
    ):
        failpoint("job.after_claim")
        _remove_orphans(parts.settings.data_dir / "staging")
        _run(parts, lease, who)
        _rank(parts)
        count += 1
    return count


def _run(parts: Parts, lease: jobs.Lease, who: processes.Identity) -> None:
    try:
        _run_or_record_failure(parts, lease, who)
    except LeaseLost as error:
        log.warning("%s", error)


def _run_or_record_failure(parts: Parts, lease: jobs.Lease, who: processes.Identity) -> None:
    """Raises LeaseLost, also where losing the lease ended the trainer: that is no failure."""
    try:
        with heartbeats(parts, lease, who) as lost:
            settle_verdicts(parts)
            look_again(parts, lease)
            _Retraining(parts, lease, lost).run()
    except LeaseLost:
        raise
    except Exception as error:
        log.exception("job %s failed", lease.job_id)
        words = (
            str(error) if isinstance(error, ChatbotError) else f"{type(error).__name__}: {error}"
        )
        with parts.database.write() as session:
            jobs.finish(session, lease, jobs.State.FAILED, words)


def _rank(parts: Parts) -> None:
    """What agents should see first may be another question now; no fault of it fails the job."""
    try:
        rank_queue(parts.database, parts.models, parts.settings)
    except Exception:
        log.exception("the queue could not be ranked")


class _Retraining:
    """One claimed job, from its rows to a judged and perhaps released version."""

    def __init__(self, parts: Parts, lease: jobs.Lease, lost: threading.Event) -> None:
        self.parts, self.lease, self.lost = parts, lease, lost
        self.settings = parts.settings
        with parts.database.read() as session:
            job = jobs.get_job(session, lease.job_id)
            self.kind, self.force = jobs.Kind(job.kind), job.force
            self.frozen = freeze(session, self.settings, trains=self.kind is jobs.Kind.TRAIN)
            self.chosen = list_chosen(session, self.frozen.learnt_queries, self.settings)
            self.judged_before = release.find_judged(session, fingerprint=self.frozen.fingerprint)
            is_nightly = job.requested_by == release.NIGHTLY
            self.newest = release.find_judged(session, kind=self.kind) if is_nightly else None
            pointer = release.read_pointer(session)
            self.generation = pointer.generation if pointer else 0
            self.live_id = pointer.version_id if pointer else None
        self.rule = Rule(self.settings.neighbours, self.settings.vote_temperature)
        failpoint("job.after_freeze")

    @cached_property
    def spec(self) -> TrainingSpec:
        return make_spec(
            self.frozen,
            self._as_they_came(self.frozen.training),
            self.settings,
            trains=self.kind is jobs.Kind.TRAIN,
            start_from=self._live_weights(),
        )

    def run(self) -> None:
        if self.kind is jobs.Kind.TRAIN and (why := say_what_lacks(self.frozen, self.settings)):
            self._skip(why)
            return
        if self.kind is jobs.Kind.TRAIN and self.judged_before is not None and not self.force:
            self._reconsider(self.judged_before)
            return
        if self.newest is not None and self._knows_most(self.newest):
            return
        with self.parts.artefacts.stage() as folder:
            training = self._train(folder)
            candidate, built = self._build_and_publish(folder)
        with self.parts.database.write() as session:
            jobs.check(session, self.lease)
            version_id = release.register(session, candidate).id
            failpoint("register.before_commit")
        failpoint("register.after_commit")
        if version_id == self.live_id:
            self._skip(f"The training gave exactly version {version_id} again, which is live.")
            return
        self._judge_and_release(version_id, TrainingRun.model_validate(training | built))
        failpoint("release.after_commit")
        self.parts.nudge.send()

    def _reconsider(self, version: ModelVersion) -> None:
        """The same rows would give the same model; only new held-out questions change a verdict."""
        is_settled = version.withdrawn or version.id == self.live_id
        with self.parts.database.read() as session:
            own, _ = own_evidence(session, self.frozen, version.id, self.live_id)
        if is_settled or get_report(version).data.evidence == own.evidence:
            self._skip(f"Nothing changed since version {version.id} was made.")
            return
        self._judge_and_release(version.id, get_report(version).training)
        self.parts.nudge.send()

    def _knows_most(self, version: ModelVersion) -> bool:
        """Whether another model would have learnt too little more to prove itself better.

        Each comparison makes the next one stricter; see decision 0022.
        """
        try:
            artefact = self.parts.artefacts.fetch(version.digest)
        except ArtefactRefused:
            log.exception("what version %s learnt is not known", version.id)
            return False
        new, enough = novelty.measure(artefact, self.frozen), self.settings.retrain_growth
        if new >= enough:
            return False
        self._skip(
            f"{new:.0%} is new beside what version {version.id} learnt. The night trains from "
            f"{enough:.0%} on; ask for a training to have one now."
        )
        return True

    def _train(self, folder: Path) -> dict[str, Any]:
        self.spec.dump(folder / "spec.json")
        training = run_trainer(folder, self.settings.training_minutes, self._progress, self.lost)
        failpoint("train.after_child")
        return training

    def _live_weights(self) -> str | None:
        """To go on from; None for the base model, or where the live version has no weights."""
        trains = self.kind is jobs.Kind.TRAIN
        if self.live_id is None or not trains or self.settings.start_from != "live":
            return None
        with self.parts.database.read() as session:
            digest = release.get_version(session, self.live_id).digest
        weights = self.parts.artefacts.fetch(digest) / "torch"
        return str(weights) if weights.is_dir() else None

    def _build_and_publish(self, folder: Path) -> tuple[release.Candidate, dict[str, Any]]:
        """The version, how well its index finds, and when it would answer under other promises."""
        self._report("build", 0.0, f"index of {len(self.frozen.catalogue.entries)} utterances")
        artefact = folder / "artefact"
        artefact.mkdir()
        (folder / "out" / "encoder").rename(artefact / "encoder")
        if self.settings.start_from == "live":
            (folder / "out" / "torch").rename(artefact / "torch")
        catalogue, matcher = self.frozen.catalogue, self._matcher(artefact / "encoder")
        index, vectors = matcher.phrasings.indexed.index, matcher.phrasings.rows.all_vectors()
        recall = _check_recall(index, vectors)
        matcher, parts = self._with_guesses(matcher, self._parts(matcher, folder / "out" / "folds"))
        unseen = [Unseen.of(part.matcher, self._as_they_came(part.unseen)) for part in parts]
        votes = gather_votes(unseen, self.frozen.out_of_scope, self.frozen.teachers)
        prior = Prior.of(matcher, trained=self.spec.epochs > 0)
        calibration = fit(votes, prior, self.settings)
        if self.spec.epochs and not self.spec.start_from:
            out_of_fold.write(artefact, ChainMap(*(part.outcomes(calibration) for part in unseen)))
        novelty.write(artefact, self.frozen)
        failpoint("build.after_index")
        meaning = write_bundle(
            artefact,
            matcher.bundle.encoder,
            calibration,
            catalogue.keys,
            vectors,
            index,
            matcher.bundle.guessed,
            self.rule,
            matcher.passages.rows,
        )
        digest = self.parts.artefacts.publish(artefact, meaning.to_json())
        candidate = release.Candidate(
            digest=digest,
            kind=self.kind,
            parent_id=self.live_id,
            calibration=calibration.id,
            knowledge_revision=catalogue.revision,
            fingerprint=self.frozen.fingerprint,
            training_rows=len(self.frozen.training) + len(self.frozen.validation),
            learnt_queries=self.frozen.learnt_queries,
        )
        return candidate, {
            "index": {"ef": meaning.ef, "recall_at_10": round(recall, 4)},
            "guessed": meaning.guessed,
            "thresholds": thresholds_of_other_promises(
                votes, prior, self.settings.promise_confidence
            ),
        }

    def _matcher(self, encoder: Path) -> Matcher:
        """Over the whole catalogue, not calibrated yet."""
        opened = OnnxEncoder.open(encoder, self.settings.training_threads or 1)
        blank = Bundle.blank(opened, Calibration.unfitted(NEVER))
        return Matcher.build(0, blank, self.frozen.catalogue, self.rule)

    def _parts(self, matcher: Matcher, folds: Path) -> list[Fold]:
        """What the encoder, or that of each fold, was trained on, and what not."""
        if self.spec.epochs == 0:
            return [Fold(matcher, [], [*self.frozen.training, *self.frozen.validation])]
        if not self.spec.folds:
            return [Fold(matcher, self.frozen.training, self.frozen.validation)]
        return [
            Fold(
                self._matcher(folds / str(fold)),
                self.spec.without(fold).examples,
                self.spec.left_out(fold),
            )
            for fold in range(len(self.spec.folds))
        ]

    def _with_guesses(
        self, matcher: Matcher, parts: Sequence[Fold]
    ) -> tuple[Matcher, Sequence[Fold]]:
        """The same, with questions that nobody judged among the neighbours, if there are any."""
        asked = self.frozen.unlabelled
        if not asked or not self.spec.epochs:
            return matcher, parts
        self._report("build", 0.5, f"guessing what {len(asked)} questions without a verdict mean")
        return guess_all(matcher, self.frozen.training, parts, asked)

    def _as_they_came(self, examples: Sequence[Example]) -> list[Example]:
        """Without what agents were asked because it is hard: the promise is about all questions.

        A tiny FAQ has nothing else to calibrate on.
        """
        everything = [*self.frozen.training, *self.frozen.validation]
        left = sum(example.text not in self.chosen for example in everything)
        if left < LEAST_ROWS:
            return list(examples)
        return [example for example in examples if example.text not in self.chosen]

    def _judge_and_release(self, version_id: int, training: TrainingRun) -> None:
        self._report("evaluate", 0.0, f"{len(self.frozen.held_out)} held-out questions")
        failpoint("evaluate.before")
        case = Case(version_id, self.live_id, self.kind, self.frozen, training)
        judgement = judge(self.parts, case)
        with self.parts.database.write() as session:
            jobs.check(session, self.lease)
            message = conclude(session, case, judgement, self.generation)
            jobs.finish(session, self.lease, jobs.State.DONE, message, version_id)
            failpoint("release.before_commit")

    def _skip(self, why: str) -> None:
        with self.parts.database.write() as session:
            jobs.finish(session, self.lease, jobs.State.SKIPPED, why)

    def _progress(self, step: str, progress: float, message: str) -> None:
        """A database that is silent for a moment must not end hours of training."""
        log.info("job %s: %s %.0f %% %s", self.lease.job_id, step, progress * 100, message)
        with suppress(ServiceUnavailable):
            self._report(step, progress, message)

    def _report(self, step: str, progress: float, message: str) -> None:
        jobs.report(self.parts.database, self.lease, step, progress, message)


def _check_recall(index: HnswIndex, vectors: Vectors) -> float:
    """The approximate index must find what exact search finds. Raises TrainingFailed."""
    recall = measure_recall(index, vectors.__getitem__, np.arange(len(vectors)))
    if recall < LEAST_RECALL:
        raise TrainingFailed(f"The index finds only {recall:.1%} of the nearest utterances.")
    return recall


def _remove_orphans(staging: Path) -> None:
    """Delete what trainings that were killed left behind a day ago or earlier."""
    for folder in staging.iterdir() if staging.is_dir() else ():
        if time.time() - folder.stat().st_mtime > _ORPHAN_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    settings = Settings.from_env()
    logging.basicConfig(level=settings.log_level)
    parts = build(settings)
    who = processes.Identity("worker")
    run_waiting_jobs(parts, who)
    with parts.database.write() as session:
        processes.leave(session, who)


if __name__ == "__main__":
    main()
