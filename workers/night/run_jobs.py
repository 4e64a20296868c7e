"""Work off every waiting job; run as `python -m workers.night.run_jobs`, exit then."""

import logging
import shutil
import time
from pathlib import Path

from chatbot.bootstrap import Parts, build
from chatbot.errors import ChatbotError, LeaseLost
from chatbot.failpoints import failpoint
from chatbot.services.releases import jobs, processes
from chatbot.services.releases.processes import ProcessKind
from chatbot.services.review.rank_queue import rank_queue
from chatbot.settings import Settings
from workers.night.heartbeat import heartbeats
from workers.night.judge_again import judge_again
from workers.night.retrain import retrain
from workers.night.settle import settle_verdicts

log = logging.getLogger(__name__)

_ORPHAN_SECONDS = 24 * 3600


def run_waiting_jobs(parts: Parts, who: processes.Identity) -> int:
    """Run jobs until none waits, and return how many; one that fails is recorded as failed."""
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
    """Run a job, or record why it failed.

    Raises LeaseLost, also where losing the lease ended the trainer: that is no failure.
    """
    try:
        with heartbeats(parts, lease, who) as lost:
            settle_verdicts(parts)
            judge_again(parts, lease)
            retrain(parts, lease, lost)
    except LeaseLost:
        raise
    except Exception as error:
        log.exception("job %s failed", lease.job_id)
        words = (
            str(error) if isinstance(error, ChatbotError) else f"{type(error).__name__}: {error}"
        )
        with parts.database.write() as session:
            jobs.finish(session, lease, jobs.JobState.FAILED, words)


def _rank(parts: Parts) -> None:
    """Rank the queue, as another question may be the most useful now; no fault of it
    fails the job.
    """
    try:
        rank_queue(parts.database, parts.models, parts.settings)
    except Exception:
        log.exception("the queue could not be ranked")


def _remove_orphans(staging: Path) -> None:
    """Delete what trainings that were killed left behind a day ago or earlier."""
    for folder in staging.iterdir() if staging.is_dir() else ():
        if time.time() - folder.stat().st_mtime > _ORPHAN_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    settings = Settings.from_env()
    logging.basicConfig(level=settings.log_level)
    parts = build(settings)
    who = processes.Identity(ProcessKind.WORKER)
    run_waiting_jobs(parts, who)
    with parts.database.write() as session:
        processes.leave(session, who)


if __name__ == "__main__":
    main()
