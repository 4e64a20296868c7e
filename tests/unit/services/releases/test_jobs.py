from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from chatbot.errors import LeaseLost, NotFound
from chatbot.services.releases import jobs, release
from chatbot.services.releases.jobs import JobKind, JobState, Lease
from chatbot.storage.database import Database, now
from chatbot.storage.tables import AuditEvent, TrainingJob
from factories import add_version


def request(database: Database, kind: JobKind = JobKind.TRAIN, **options: Any) -> int:
    with database.write() as session:
        return jobs.request(session, kind, "ann", **options).id


def claim(database: Database, owner: str = "worker") -> Lease:
    lease = jobs.claim(database, owner, lease_seconds=60)
    assert lease is not None
    return lease


def job(database: Database, job_id: int) -> TrainingJob:
    with database.read() as session:
        return jobs.get_job(session, job_id)


def expire(database: Database, job_id: int) -> None:
    """Let the lease of one job run out, by the clock of the database."""
    with database.write() as session:
        past = database.clock(session) - timedelta(seconds=1)
        session.execute(
            update(TrainingJob).where(TrainingJob.id == job_id).values(lease_until=past)
        )


def finish(database: Database, lease: Lease, state: JobState = JobState.DONE) -> None:
    with database.write() as session:
        jobs.finish(session, lease, state, "done")


def test_a_request_waits_as_a_row(database: Database) -> None:
    job_id = request(database)
    row = job(database, job_id)
    assert (row.state, row.kind, row.force, row.attempt) == ("queued", "train", False, 0)
    assert row.requested_by == "ann"
    with database.read() as session:
        assert session.scalars(select(AuditEvent.action)).all() == ["job.request"]


def test_asking_again_while_one_waits_gives_that_one(database: Database) -> None:
    first = request(database)
    assert request(database) == first
    assert request(database, force=True) != first
    assert request(database, JobKind.UNTRAINED) != first


def test_asking_again_while_one_runs_makes_another_because_it_saw_older_rows(
    database: Database,
) -> None:
    first = request(database)
    claim(database)
    assert request(database) != first


def test_the_same_key_gives_the_same_job_whatever_became_of_it(database: Database) -> None:
    first = request(database, key="import-7")
    finish(database, claim(database))
    assert request(database, key="import-7") == first
    assert request(database, key="import-8") != first


def test_a_night_has_one_job_however_many_schedulers_ask(database: Database) -> None:
    night = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
    ids = []
    for moment in (night, night + timedelta(seconds=3), night + timedelta(hours=5)):
        with database.write() as session:
            ids.append(jobs.request_nightly(session, "02:00", moment).id)
        if len(ids) == 1:
            finish(database, claim(database))
    with database.write() as session:
        next_night = jobs.request_nightly(session, "02:00", night + timedelta(days=1)).id
    assert len(set(ids)) == 1
    assert next_night not in ids


def test_what_a_person_asks_for_too_is_no_longer_the_nights_to_put_off(database: Database) -> None:
    night = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
    with database.write() as session:
        nightly = jobs.request_nightly(session, "02:00", night).id
    assert request(database) == nightly
    assert job(database, nightly).requested_by == "ann"
    with database.read() as session:
        trail = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert trail == ["job.request", "job.take_over"]
    request(database)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 2


@pytest.mark.parametrize(
    ("retrain_at", "installed", "moment", "night"),
    [
        pytest.param("02:00", "01 12:00", "05 09:00", "05", id="slept-until-morning"),
        pytest.param("02:00", "01 12:00", "05 02:11", "05", id="eleven-minutes-late"),
        pytest.param("02:00", "01 12:00", "05 02:09", None, id="may-still-come"),
        pytest.param("02:00", "05 08:00", "05 09:00", None, id="installed-afterwards"),
        pytest.param("02:00", None, "05 09:00", None, id="no-model-yet"),
        pytest.param("23:30", "01 12:00", "05 08:00", "04", id="slept-over-midnight"),
        pytest.param("23:55", "01 12:00", "05 00:06", "04", id="late-over-midnight"),
        pytest.param("23:55", "01 12:00", "05 00:04", None, id="may-still-come-over-midnight"),
        pytest.param("02:00", "01 12:00", "05 01:00", "04", id="slept-through-all-of-yesterday"),
    ],
)
def test_a_missed_night_is_made_up_for(
    database: Database, retrain_at: str, installed: str | None, moment: str, night: str | None
) -> None:
    def at(day_and_time: str) -> datetime:
        return datetime.strptime(f"2026-03-{day_and_time}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)

    with database.write() as session:
        if installed is not None:
            add_version(session, created_at=at(installed))
        job = jobs.request_missed_nightly(session, retrain_at, at(moment))
        again = jobs.request_missed_nightly(session, retrain_at, at(moment))
        assert again is job
        assert (job.key if job else None) == (f"nightly:2026-03-{night}" if night else None)


def test_a_night_that_was_not_missed_is_not_repeated(database: Database) -> None:
    due = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
    with database.write() as session:
        add_version(session, created_at=due - timedelta(days=3))
        nightly = jobs.request_nightly(session, "02:00", due).id
    finish(database, claim(database))
    with database.write() as session:
        job = jobs.request_missed_nightly(session, "02:00", due + timedelta(hours=1))
        assert job is not None
        assert (job.id, job.state) == (nightly, JobState.DONE)
        assert session.scalar(select(func.count(TrainingJob.id))) == 1


def test_a_first_model_that_failed_is_asked_for_again_after_ever_longer_pauses(
    database: Database,
) -> None:
    for failures in range(1, 5):
        request(database, JobKind.UNTRAINED)
        finish(database, claim(database), JobState.FAILED)
        pause = jobs.FIRST_PAUSE * 2 ** (failures - 1)
        with database.write() as session:
            early, due = now() + pause * 0.9, now() + pause
            assert jobs.request_first_again(session, early) is None
        with database.write() as session:
            again = jobs.request_first_again(session, due)
            assert again is not None
            assert (again.kind, again.state, again.requested_by) == (
                *(JobKind.UNTRAINED, JobState.QUEUED),
                "system",
            )
            assert jobs.request_first_again(session, due) is None, "one that waits is enough"


def test_a_first_model_is_not_asked_for_where_there_is_one_or_nobody_wanted_one(
    database: Database,
) -> None:
    with database.write() as session:
        assert jobs.request_first_again(session, now()) is None
        assert jobs.say_where_first_is(session) is None
    request(database, JobKind.UNTRAINED)
    finish(database, claim(database), JobState.FAILED)
    with database.write() as session:
        release.install_untrained(session, add_version(session).id, "first", 0)
        assert jobs.request_first_again(session, now() + timedelta(days=1)) is None
        assert jobs.say_where_first_is(session) is None
        assert jobs.find_failed_first(session) is None


def test_those_who_wait_hear_what_becomes_of_the_first_model(database: Database) -> None:
    job_id = request(database, JobKind.UNTRAINED)
    with database.read() as session:
        assert "is being made" in (jobs.say_where_first_is(session) or "")
    lease = claim(database)
    with database.write() as session:
        jobs.finish(session, lease, JobState.FAILED, "no such folder: /srv/models/ann")
        words = jobs.say_where_first_is(session) or ""
        failed = jobs.find_failed_first(session)
    assert f"job {job_id}, which should have made it, failed" in words
    assert "/srv/models" not in words, "visitors read it"
    assert failed is not None
    assert failed.message == "no such folder: /srv/models/ann"


def test_the_oldest_waiting_job_is_claimed_first_and_only_once(database: Database) -> None:
    first, second = request(database), request(database, JobKind.UNTRAINED)
    assert [claim(database).job_id, claim(database).job_id] == [first, second]
    assert jobs.claim(database, "worker", 60) is None
    row = job(database, first)
    assert (row.state, row.attempt, row.fencing_token) == ("running", 1, 1)
    assert row.started_at is not None


def test_of_many_workers_one_gets_the_job(database: Database) -> None:
    job_id = request(database)
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda i: jobs.claim(database, f"worker-{i}", 60), range(8)))
    won = [lease for lease in leases if lease is not None]
    assert [(lease.job_id, lease.token) for lease in won] == [(job_id, 1)]
    assert job(database, job_id).lease_owner == won[0].owner


def test_many_workers_share_out_many_jobs(database: Database) -> None:
    with database.write() as session:
        for i in range(8):
            session.add(TrainingJob(key=f"m{i}", kind="train", requested_by="ann"))
        session.flush()
        ids = set(session.scalars(select(TrainingJob.id)))
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda i: jobs.claim(database, f"worker-{i}", 60), range(8)))
    claimed = [lease.job_id for lease in leases if lease is not None]
    assert len(claimed) == len(set(claimed))
    while lease := jobs.claim(database, "last", 60):
        claimed.append(lease.job_id)
    assert sorted(claimed) == sorted(ids)


def test_a_job_whose_worker_died_is_taken_over_when_its_lease_runs_out(database: Database) -> None:
    job_id = request(database)
    first = claim(database, "dies")
    assert jobs.claim(database, "waits", 60) is None
    expire(database, job_id)
    second = claim(database, "takes over")
    assert (second.job_id, second.token) == (job_id, first.token + 1)
    assert job(database, job_id).attempt == 2


def test_a_lease_ends_by_the_clock_of_the_database_not_of_the_host(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = request(database)
    wrong = datetime(2099, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(jobs, "now", lambda: wrong)
    claim(database)
    assert jobs.claim(database, "host with a wrong clock", 60) is None
    until = job(database, job_id).lease_until
    assert until is not None
    assert until < wrong


def test_a_heartbeat_prolongs_the_lease(database: Database) -> None:
    job_id, other = request(database), request(database, JobKind.UNTRAINED)
    lease = claim(database)
    claim(database)
    before = job(database, other).lease_until
    expire(database, job_id)
    jobs.heartbeat(database, lease, 60)
    assert jobs.claim(database, "waits", 60) is None
    assert job(database, other).lease_until == before


def test_a_worker_that_lost_its_lease_can_do_nothing(database: Database) -> None:
    job_id = request(database)
    stale = claim(database, "sleeps")
    expire(database, job_id)
    fresh = claim(database, "takes over")
    with pytest.raises(LeaseLost, match="taken over"):
        jobs.heartbeat(database, stale, 60)
    with pytest.raises(LeaseLost):
        jobs.report(database, stale, "train", 0.5, "late")
    with pytest.raises(LeaseLost), database.write() as session:
        jobs.check(session, stale)
    with pytest.raises(LeaseLost):
        finish(database, stale)
    row = job(database, job_id)
    assert (row.state, row.step, row.lease_owner) == ("running", "claimed", "takes over")
    with database.write() as session:
        jobs.check(session, fresh)
    finish(database, fresh)
    assert job(database, job_id).state == "done"


def test_a_finished_job_cannot_be_finished_again(database: Database) -> None:
    request(database)
    lease = claim(database)
    finish(database, lease)
    with pytest.raises(LeaseLost):
        finish(database, lease, JobState.FAILED)
    assert job(database, lease.job_id).state == "done"


def test_a_job_that_kills_its_workers_is_given_up_after_three(database: Database) -> None:
    poison, harmless = request(database), request(database, JobKind.UNTRAINED)
    for _ in range(3):
        lease = claim(database)
        assert lease.job_id == poison
        jobs.report(database, lease, "train", 0.3, "epoch 1")
        expire(database, poison)
    assert claim(database).job_id == harmless
    row = job(database, poison)
    assert (row.state, row.attempt) == ("failed", 3)
    assert row.message == "Its worker died 3 times, last at step “train”."
    assert row.finished_at is not None


def test_a_report_shows_how_far_the_job_is(database: Database) -> None:
    job_id, other = request(database), request(database, JobKind.UNTRAINED)
    lease = claim(database)
    claim(database)
    jobs.report(database, lease, "train", 0.5, "epoch 2 of 3")
    row = job(database, job_id)
    assert (row.step, row.progress, row.message) == ("train", 0.5, "epoch 2 of 3")
    assert job(database, other).step == "claimed"


@pytest.mark.parametrize("state", [JobState.DONE, JobState.SKIPPED, JobState.FAILED])
def test_a_finished_job_keeps_its_outcome(database: Database, state: JobState) -> None:
    with database.write() as session:
        version_id = add_version(session).id
    request(database)
    lease = claim(database)
    with database.write() as session:
        jobs.finish(session, lease, state, "why", version_id)
    row = job(database, lease.job_id)
    assert (row.state, row.message, row.version_id) == (state, "why", version_id)
    assert (row.progress, row.finished_at is not None) == (1.0, True)
    assert jobs.claim(database, "worker", 60) is None


def test_jobs_are_listed_newest_first_and_paged(database: Database) -> None:
    ids = [request(database), request(database, force=True), request(database, JobKind.UNTRAINED)]
    with database.read() as session:
        first = [row.id for row in jobs.list_jobs(session, None, 2)]
        rest = [row.id for row in jobs.list_jobs(session, first[-1], 2)]
    assert first + rest == ids[::-1]


def test_an_unknown_job_is_named(database: Database) -> None:
    with pytest.raises(NotFound, match="no training job 7"):
        job(database, 7)
