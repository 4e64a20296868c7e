"""Doorbells: each task rings, a plain function does the work."""

import logging
from functools import cache

from celery import shared_task

from chatbot.bootstrap import Parts, build
from chatbot.services.delivery.deliver import deliver_due
from chatbot.services.monitoring import watch
from chatbot.services.monitoring.adapt import Adapter
from chatbot.services.privacy.retain import forget_what_is_old
from chatbot.services.releases import jobs, processes
from chatbot.services.releases.processes import ProcessKind
from chatbot.services.review import rank_queue as rank
from chatbot.settings import Settings
from chatbot.storage.database import now
from workers.night.settle import settle_verdicts

log = logging.getLogger(__name__)


@shared_task(name="workers.tasks.request_nightly")
def request_nightly() -> None:
    """Ask for tonight's training; asking twice makes one job."""
    parts = _parts()
    with parts.database.write() as session:
        jobs.request_nightly(session, parts.settings.retrain_at, now())


@shared_task(name="workers.tasks.run_due_jobs")
def run_due_jobs() -> None:
    """Say that a worker lives, ask for what was missed or failed, and run all jobs."""
    from workers.night.run_jobs import (
        run_waiting_jobs,  # heavy: beat and the pool's parent do without
    )

    parts = _parts()
    with parts.database.write() as session:
        processes.beat(session, _identity())
        jobs.request_missed_nightly(session, parts.settings.retrain_at, now())
        jobs.request_first_again(session, now())
    run_waiting_jobs(parts, _identity())


@shared_task(name="workers.tasks.deliver")
def deliver() -> None:
    """Send what is due to webhooks, mailboxes and Chatwoot; several of these run side by side."""
    parts = _parts()
    deliver_due(parts.database, parts.settings)


@shared_task(name="workers.tasks.forget")
def forget() -> None:
    """Delete what the inventory keeps for a time only."""
    with _parts().database.write() as session:
        forget_what_is_old(session)


@shared_task(name="workers.tasks.watch_live")
def watch_live() -> None:
    """Compare a promoted version with the one before it, and roll it back if it does worse."""
    parts = _parts()
    if watch.compare_live(parts.database, parts.models, parts.settings):
        parts.nudge.send()


@shared_task(name="workers.tasks.rank_queue")
def rank_queue() -> None:
    """Put in front what teaches most; an unchanged queue is left alone."""
    parts = _parts()
    settle_verdicts(parts)
    rank.rank_queue(parts.database, parts.models, parts.settings)


@shared_task(name="workers.tasks.adapt_thresholds")
def adapt_thresholds() -> None:
    """Let the live version's thresholds follow what visitors ask; nothing new is left alone."""
    parts = _parts()
    if _adapter().run():
        parts.nudge.send()


@cache
def _adapter() -> Adapter:
    parts = _parts()
    return Adapter(parts.database, parts.models, parts.settings)


@cache
def _parts() -> Parts:
    """Made in the pool's child, after the fork: connections must not be shared."""
    return build(Settings.from_env())


@cache
def _identity() -> processes.Identity:
    return processes.Identity(ProcessKind.WORKER)
