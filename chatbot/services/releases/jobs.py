"""Training jobs as rows: ask for one, claim it by lease, report on it, finish it.

A web request only writes a row; workers look for rows. Losing a message loses no work, and
delivering one ten times trains once.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from chatbot.errors import LeaseLost, NotFound
from chatbot.services.access import audit
from chatbot.services.delivery import events
from chatbot.services.releases.release import NIGHTLY, read_pointer
from chatbot.storage.database import Database, changes_a_row, now
from chatbot.storage.tables import ModelVersion, TrainingJob

MOST_ATTEMPTS = 3
FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=6)
"""Between attempts at a first model: each pause is twice the one before, up to this."""


class JobKind(StrEnum):
    UNTRAINED = "untrained"  # the base model as it is, calibrated on the FAQ
    TRAIN = "train"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


OPEN = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True)
class Lease:
    """The right to work on a job until it expires; `token` tells a stale owner from the new one."""

    job_id: int
    token: int
    owner: str


def request(
    session: Session, kind: JobKind, by: str, key: str | None = None, force: bool = False
) -> TrainingJob:
    """Ask for a job. The one with the same key, or one like it that waits, is returned instead.

    What a night asked for and a person asks for too is the person's: it is not put off.
    """
    if key is not None:
        same = session.scalar(select(TrainingJob).where(TrainingJob.key == key))
        if same is not None:
            return same
    waiting = session.scalar(
        select(TrainingJob)
        .where(
            TrainingJob.state == JobState.QUEUED,
            TrainingJob.kind == kind,
            TrainingJob.force == force,
        )
        .limit(1)
    )
    if waiting is not None and _joins(session, waiting, by):
        return waiting
    job = TrainingJob(
        key=key or f"manual:{uuid.uuid4().hex}", kind=kind, force=force, requested_by=by
    )
    session.add(job)
    session.flush()
    audit.record(session, by, "job.request", job.id, kind=kind, key=job.key)
    return job


def _joins(session: Session, job: TrainingJob, by: str) -> bool:
    """Return whether the waiting job will do for `by`; not if it began meanwhile as the night's."""
    if by == NIGHTLY or job.requested_by != NIGHTLY:
        return True
    take = (
        update(TrainingJob)
        .where(TrainingJob.id == job.id, TrainingJob.state == JobState.QUEUED)
        .values(requested_by=by)
    )
    if not changes_a_row(session, take):
        return False
    session.refresh(job)
    audit.record(session, by, "job.take_over", job.id, kind=job.kind, key=job.key)
    return True


def request_nightly(session: Session, retrain_at: str, moment: datetime) -> TrainingJob:
    """Request the job of the night that `moment` falls in, once, however many schedulers ask."""
    night = _last_due(retrain_at, moment)
    return request(session, JobKind.TRAIN, NIGHTLY, key=f"nightly:{night:%Y-%m-%d}")


def request_missed_nightly(
    session: Session, retrain_at: str, moment: datetime
) -> TrainingJob | None:
    """Request the last night's job if the scheduler slept through its time; not before the first
    model.
    """
    due = _last_due(retrain_at, moment)
    installed = session.scalar(select(ModelVersion.created_at).order_by(ModelVersion.id).limit(1))
    if installed is None or installed > due or moment < due + timedelta(minutes=10):
        return None
    return request_nightly(session, retrain_at, moment)


def request_first_again(session: Session, moment: datetime) -> TrainingJob | None:
    """Request the first model's job again after it failed and a pause (exponential backoff); None
    where none is due.
    """
    last = find_failed_first(session)
    if last is None or last.finished_at is None:
        return None
    failed = select(func.count()).where(
        TrainingJob.kind == JobKind.UNTRAINED, TrainingJob.state == JobState.FAILED
    )
    doublings = min((session.scalar(failed) or 1) - 1, 10)
    if moment < last.finished_at + min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE):
        return None
    return request(session, JobKind.UNTRAINED, "system")


def say_where_first_is(session: Session) -> str | None:
    """Say what has become of the first model, for those who wait for it; None if nobody asked for
    it.

    Without the reason of a failure, which may quote what is not for visitors.
    """
    last = _first_job(session)
    if last is None:
        return None
    if last.state in OPEN:
        return "The first model is being made. Try again in a minute."
    return (
        f"There is no model yet: job {last.id}, which should have made it, {last.state}. The "
        "models page and `chatbot doctor` say why; it is tried again from time to time."
    )


def find_failed_first(session: Session) -> TrainingJob | None:
    """Return the job that failed to make the first model; None if there is one, or it is being
    made.
    """
    last = _first_job(session)
    return last if last is not None and last.state == JobState.FAILED else None


def _first_job(session: Session) -> TrainingJob | None:
    """The newest job that makes a first model, if there is none yet."""
    if read_pointer(session) is not None:
        return None
    jobs = select(TrainingJob).where(TrainingJob.kind == JobKind.UNTRAINED)
    return session.scalar(jobs.order_by(TrainingJob.id.desc()).limit(1))


def _last_due(retrain_at: str, moment: datetime) -> datetime:
    """Return when the nightly training was last to begin; a message that comes late means that
    night.
    """
    hour, minute = map(int, retrain_at.split(":"))
    due = moment.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return due if due <= moment else due - timedelta(days=1)


def get_job(session: Session, job_id: int) -> TrainingJob:
    """Return a training job by its id. Raises NotFound."""
    job = session.get(TrainingJob, job_id)
    if job is None:
        raise NotFound(f"There is no training job {job_id}.")
    return job


def list_jobs(session: Session, before: int | None, limit: int) -> Sequence[TrainingJob]:
    """List training jobs, newest first; `before` is the id to go on from."""
    query = select(TrainingJob).order_by(TrainingJob.id.desc()).limit(limit)
    if before is not None:
        query = query.where(TrainingJob.id < before)
    return session.scalars(query).all()


def find_newest(session: Session, kind: JobKind, is_open: bool) -> TrainingJob | None:
    """Return the newest job of a kind that waits or runs, or else the newest that is over."""
    is_of_that = TrainingJob.state.in_(OPEN) if is_open else TrainingJob.state.not_in(OPEN)
    newest = select(TrainingJob).where(TrainingJob.kind == kind, is_of_that)
    return session.scalar(newest.order_by(TrainingJob.id.desc()).limit(1))


def claim(database: Database, owner: str, lease_seconds: float) -> Lease | None:
    """Claim the oldest job that waits or whose worker died; None if there is none.

    A job that killed its worker three times is marked failed instead of being tried again.
    """
    with database.write() as session:
        moment = database.clock(session)
        claimable = or_(
            TrainingJob.state == JobState.QUEUED,
            (TrainingJob.state == JobState.RUNNING) & (TrainingJob.lease_until < moment),
        )
        for job in session.scalars(select(TrainingJob).where(claimable).order_by(TrainingJob.id)):
            if job.attempt >= MOST_ATTEMPTS:
                job.state, job.finished_at = JobState.FAILED, moment
                job.message = f"Its worker died {job.attempt} times, last at step “{job.step}”."
                _tell_of_failure(session, job.id, job.message)
                continue
            token = job.fencing_token + 1
            take = (
                update(TrainingJob)
                .where(TrainingJob.id == job.id, TrainingJob.fencing_token == token - 1)
                .values(
                    state=JobState.RUNNING,
                    attempt=job.attempt + 1,
                    fencing_token=token,
                    lease_owner=owner,
                    lease_until=moment + timedelta(seconds=lease_seconds),
                    started_at=job.started_at or moment,
                    step="claimed",
                    progress=0.0,
                    message="",
                )
            )
            if changes_a_row(session, take):
                return Lease(job.id, token, owner)
        return None


def heartbeat(database: Database, lease: Lease, lease_seconds: float) -> None:
    """Prolong the lease. Raises LeaseLost if another worker has taken the job over."""
    with database.write() as session:
        until = database.clock(session) + timedelta(seconds=lease_seconds)
        _change(session, lease, lease_until=until)


def report(database: Database, lease: Lease, step: str, progress: float, message: str) -> None:
    """Report how far the job is, 0 to 1 within `step`. Raises LeaseLost."""
    with database.write() as session:
        _change(session, lease, step=step, progress=progress, message=message)


def check(session: Session, lease: Lease) -> None:
    """Raise LeaseLost unless this lease owns the job; to be called in the releasing transaction."""
    _change(session, lease)


def finish(
    session: Session, lease: Lease, state: JobState, message: str, version_id: int | None = None
) -> None:
    """Close the job. Raises LeaseLost."""
    _change(
        session,
        lease,
        state=state,
        message=message,
        version_id=version_id,
        finished_at=now(),
        progress=1.0,
    )
    if state is JobState.FAILED:
        _tell_of_failure(session, lease.job_id, message)


def _tell_of_failure(session: Session, job_id: int, message: str) -> None:
    events.record(session, events.EventKind.TRAINING_FAILED, {"job": job_id, "message": message})


def _change(session: Session, lease: Lease, **values: object) -> None:
    change = (
        update(TrainingJob)
        .where(
            TrainingJob.id == lease.job_id,
            TrainingJob.fencing_token == lease.token,
            TrainingJob.state == JobState.RUNNING,
        )
        .values(values or {"fencing_token": lease.token})
    )
    if not changes_a_row(session, change):
        raise LeaseLost(f"Job {lease.job_id} was taken over by another worker; this one stops.")
