"""The thread of one job: start, decide, train, build, judge, release.

Any step may die. The next run starts over from the rows and comes to the same artefact.
"""

import logging
import threading
from contextlib import suppress
from functools import partial

from chatbot.bootstrap import Parts
from chatbot.domain.accuracy import Outcome
from chatbot.domain.report.training import TrainingRun
from chatbot.errors import ArtefactRefused, ServiceUnavailable
from chatbot.failpoints import failpoint
from chatbot.services.releases import jobs, release
from workers.fitting import novelty
from workers.night.build import Built, build_artefact
from workers.night.conclude import conclude
from workers.night.decide_to_train import Reconsider, Skip, decide
from workers.night.judge import Case, judge
from workers.night.own_rows import ask_own_rows
from workers.night.start import Start, read_start
from workers.night.train import plan, train

log = logging.getLogger(__name__)


def retrain(parts: Parts, lease: jobs.Lease, lost: threading.Event) -> None:
    """Finish the claimed job: skipped, or with a version that is judged and perhaps released.

    Setting `lost` ends the trainer. Raises LeaseLost, and TrainingFailed or another ChatbotError
    if a step fails; the job is left open then.
    """
    with parts.database.read() as session:
        start = read_start(session, lease.job_id, parts.settings)
    failpoint("job.after_freeze")
    enough = parts.settings.retrain_growth
    step = decide(start.situation, partial(_measure_new, parts, start), enough)
    if isinstance(step, Skip):
        _skip(parts, lease, step.why)
    elif isinstance(step, Reconsider):
        assert start.earlier_training is not None
        _judge_and_release(parts, lease, start, step.version_id, start.earlier_training)
        parts.nudge.send()
    else:
        _make_and_release(parts, lease, lost, start)


def _make_and_release(parts: Parts, lease: jobs.Lease, lost: threading.Event, start: Start) -> None:
    version_id, training = _make(parts, lease, lost, start)
    if version_id == start.live.version_id:
        why = f"The training gave exactly version {version_id} again, which is live."
        _skip(parts, lease, why)
        return
    _judge_and_release(parts, lease, start, version_id, training)
    failpoint("release.after_commit")
    parts.nudge.send()


def _make(
    parts: Parts, lease: jobs.Lease, lost: threading.Event, start: Start
) -> tuple[int, TrainingRun]:
    """Train, build, publish and register; return the version and how it was made."""
    settings, tell = parts.settings, partial(jobs.report, parts.database, lease, "build")
    with parts.artefacts.stage() as folder:
        spec = plan(start, settings, parts.artefacts)
        progress = partial(_tell_if_heard, parts, lease)
        training = train(folder, spec, settings.training_minutes, progress, lost)
        live = _ask_live(parts, start)
        built = build_artefact(folder, start.frozen, spec, settings, start.chosen, live, tell)
        digest = parts.artefacts.publish(built.folder, built.meaning.to_json())
    with parts.database.write() as session:
        jobs.check(session, lease)
        version_id = release.register(session, _describe(start, built, digest)).id
        failpoint("register.before_commit")
    failpoint("register.after_commit")
    return version_id, TrainingRun.model_validate(training | built.report)


def _ask_live(parts: Parts, start: Start) -> dict[str, Outcome]:
    """Return what the live version makes of the rows; of a first or untrained model nothing."""
    if start.live.version_id is None or start.kind is not jobs.JobKind.TRAIN:
        return {}
    matcher = parts.models.open_version(start.live.version_id, to_judge=True)
    return ask_own_rows(parts, matcher, start.frozen)


def _describe(start: Start, built: Built, digest: str) -> release.NewVersion:
    frozen = start.frozen
    return release.NewVersion(
        digest=digest,
        kind=start.kind,
        parent_id=start.live.version_id,
        calibration=built.calibration.id,
        knowledge_revision=frozen.catalogue.revision,
        fingerprint=frozen.fingerprint,
        training_rows=len(frozen.training) + len(frozen.validation),
        learnt_queries=frozen.learnt_queries,
    )


def _measure_new(parts: Parts, start: Start) -> float | None:
    """Return what is new beside the newest version, as a share of what that learnt."""
    assert start.newest_digest is not None
    try:
        artefact = parts.artefacts.fetch(start.newest_digest)
    except ArtefactRefused:
        log.exception("what version %s learnt is not known", start.situation.newest)
        return None
    return novelty.measure(artefact, start.frozen)


def _judge_and_release(
    parts: Parts, lease: jobs.Lease, start: Start, version_id: int, training: TrainingRun
) -> None:
    held_out = len(start.frozen.held_out)
    jobs.report(parts.database, lease, "evaluate", 0.0, f"{held_out} held-out questions")
    failpoint("evaluate.before")
    case = Case(version_id, start.live.version_id, start.kind, start.frozen, training)
    judgement = judge(parts, case)
    with parts.database.write() as session:
        jobs.check(session, lease)
        message = conclude(session, case, judgement, start.live.generation)
        jobs.finish(session, lease, jobs.JobState.DONE, message, version_id)
        failpoint("release.before_commit")


def _skip(parts: Parts, lease: jobs.Lease, why: str) -> None:
    with parts.database.write() as session:
        jobs.finish(session, lease, jobs.JobState.SKIPPED, why)


def _tell_if_heard(
    parts: Parts, lease: jobs.Lease, step: str, progress: float, message: str
) -> None:
    """A database that is silent for a moment must not end hours of training."""
    log.info("job %s: %s %.0f %% %s", lease.job_id, step, progress * 100, message)
    with suppress(ServiceUnavailable):
        jobs.report(parts.database, lease, step, progress, message)
