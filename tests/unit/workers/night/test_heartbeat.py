import time
from collections.abc import Callable

import pytest
from sqlalchemy import delete

from chatbot.bootstrap import Parts
from chatbot.domain.gate import Verdict
from chatbot.services.monitoring import watch
from chatbot.services.releases import jobs, processes, release
from chatbot.services.releases.kinds import WatchState
from chatbot.storage.tables import TrainingJob, Watch
from factories import add_version
from workers import tasks
from workers.night.heartbeat import heartbeats


@pytest.fixture
def brisk(parts: Parts) -> Parts:
    """Beats four times a second."""
    object.__setattr__(parts.settings, "lease_seconds", 1.0)
    return parts


@pytest.fixture
def lease(brisk: Parts) -> jobs.Lease:
    with brisk.database.write() as session:
        jobs.request(session, jobs.JobKind.TRAIN, "ann")
    lease = jobs.claim(brisk.database, "worker", 1.0)
    assert lease is not None
    return lease


@pytest.fixture
def alarm(parts: Parts) -> int:
    """A version that a night promoted and that was found worse; not rolled back yet."""
    with parts.database.write() as session:
        version = add_version(session, verdict=Verdict.PROMOTE).id
        release.promote_automatically(session, version, "better", 1)
    watch.compare_live(parts.database, parts.models, parts.settings)
    with parts.database.write() as session:
        row = session.get_one(Watch, 2)
        row.state, row.message = WatchState.ALARM, "It does worse."
    return version


def live(parts: Parts) -> int:
    with parts.database.read() as session:
        pointer = release.read_pointer(session)
        assert pointer is not None
        return pointer.version_id


def soon(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_a_bad_promotion_does_not_wait_for_the_end_of_a_training(
    brisk: Parts, lease: jobs.Lease, alarm: int
) -> None:
    assert live(brisk) == alarm
    with heartbeats(brisk, lease, processes.Identity(processes.ProcessKind.WORKER)):
        assert soon(lambda: live(brisk) == 1)


def test_a_fault_of_the_watch_costs_no_lease(
    brisk: Parts, lease: jobs.Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []

    def fail(*parts: object) -> bool:
        looked.append(parts)
        raise ZeroDivisionError

    monkeypatch.setattr(watch, "compare_live", fail)
    with heartbeats(brisk, lease, processes.Identity(processes.ProcessKind.WORKER)) as lost:
        assert soon(lambda: len(looked) > 2)
        assert not lost.is_set()
        assert jobs.claim(brisk.database, "another", 1.0) is None


def test_a_lost_lease_is_told(brisk: Parts, lease: jobs.Lease) -> None:
    with heartbeats(brisk, lease, processes.Identity(processes.ProcessKind.WORKER)) as lost:
        with brisk.database.write() as session:
            session.execute(delete(TrainingJob))
        assert soon(lost.is_set)


def test_the_scheduled_task_rolls_back_and_nudges(
    parts: Parts, alarm: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    nudges = []
    monkeypatch.setattr(tasks, "_parts", lambda: parts)
    monkeypatch.setattr(parts.nudge, "send", lambda: nudges.append(live(parts)))
    tasks.watch_live()
    assert nudges == [1]
    tasks.watch_live()
    assert nudges == [1]
    assert live(parts) != alarm
