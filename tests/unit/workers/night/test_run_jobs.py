from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from chatbot.bootstrap import Parts
from chatbot.errors import ArtefactRefused, TrainingFailed
from chatbot.services.delivery import events, webhooks
from chatbot.services.knowledge.edit_faq import get_intent
from chatbot.services.releases import jobs, processes
from chatbot.storage.tables import Delivery, Query, TrainingJob
from factories import add_query
from workers.night import run_jobs


def take_over(parts: Parts) -> None:
    """Another worker claims the job, because its lease ran out."""
    with parts.database.write() as session:
        past = parts.database.clock(session) - timedelta(seconds=1)
        session.execute(update(TrainingJob).values(lease_until=past))
    assert jobs.claim(parts.database, "other", 60) is not None


def run_one(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, story: Callable[[], None]
) -> TrainingJob:
    monkeypatch.setattr(run_jobs, "retrain", lambda *_: story())
    with parts.database.write() as session:
        job_id = jobs.request(session, jobs.JobKind.TRAIN, "ann").id
    run_jobs.run_waiting_jobs(parts, processes.Identity(processes.ProcessKind.WORKER))
    with parts.database.read() as session:
        return jobs.get_job(session, job_id)


def test_a_training_that_fails_is_recorded_in_its_own_words(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise TrainingFailed("The trainer was ended by SIGKILL: out of memory, or too slow.")

    job = run_one(parts, monkeypatch, fail)
    assert job.state == "failed"
    assert "SIGKILL" in job.message


def test_a_training_that_fails_after_its_job_was_taken_over_leaves_the_job_alone(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Losing the lease ends the trainer, which then looks like a failed training."""

    def lose_and_fail() -> None:
        take_over(parts)
        raise TrainingFailed("The trainer was ended by SIGKILL: out of memory, or too slow.")

    job = run_one(parts, monkeypatch, lose_and_fail)
    assert (job.state, job.lease_owner) == ("running", "other")


def test_after_a_job_the_queue_is_ranked_anew(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    with parts.database.write() as session:
        query = add_query(session, "purple elephants", usefulness=0.123).id
    run_one(parts, monkeypatch, lambda: None)
    with parts.database.read() as session:
        assert session.get_one(Query, query).usefulness != 0.123


def test_a_queue_that_cannot_be_ranked_fails_no_job(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ArtefactRefused("it is damaged")

    def finish() -> None:
        with parts.database.write() as session:
            session.execute(update(TrainingJob).values(state=jobs.JobState.DONE))

    monkeypatch.setattr(run_jobs, "rank_queue", refuse)
    assert run_one(parts, monkeypatch, finish).state == "done"


@pytest.mark.parametrize("left", [["leave"], []])
def test_an_faq_with_nothing_to_tell_apart_is_skipped_with_what_to_do(
    parts: Parts, left: list[str]
) -> None:
    """No training.failed goes out: nobody has anything to repair."""
    with parts.database.write() as session:
        for intent in {"invoice", "leave", "reset-password", "vpn"} - set(left):
            session.delete(get_intent(session, intent))
        kinds = [events.EventKind.TRAINING_FAILED]
        webhooks.create_webhook(session, "ann", "https://example.org/hook", kinds, parts.settings)
        job_id = jobs.request(session, jobs.JobKind.TRAIN, "ann", force=True).id
    run_jobs.run_waiting_jobs(parts, processes.Identity(processes.ProcessKind.WORKER))
    with parts.database.read() as session:
        job = jobs.get_job(session, job_id)
        assert job.state == "skipped"
        assert "Add utterances of a second intent" in job.message
        assert ("“leave”" in job.message) == bool(left)
        assert not session.scalars(select(Delivery)).all()
