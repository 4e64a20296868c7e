"""Kill the worker at every step of the protocol: exactly one version stays live, and it loads."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from chatbot.bootstrap import Parts
from chatbot.errors import LeaseLost
from chatbot.failpoints import FAILPOINTS
from chatbot.services.releases import jobs
from chatbot.services.releases.release import read_pointer
from chatbot.storage.database import now
from chatbot.storage.tables import ModelPointer, TrainingJob

# Version 1 knows too little to answer much, also of what is out of scope: no guard is at stake here.
LENIENT = {
    "CHATBOT_GATE_OUT_OF_SCOPE_MARGIN": "0.9",
    "CHATBOT_GATE_WRONG_ANSWER_MARGIN": "0.9",
}
WORKER = Path(__file__).parent / "worker_without_torch.py"


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_after_a_kill_the_live_version_loads_and_the_next_run_succeeds_by_itself(
    failpoint: str, installation: Parts
) -> None:
    with installation.database.write() as session:
        job_id = jobs.request(session, jobs.Kind.TRAIN, "test").id

    assert run_worker(installation, crash_at=failpoint) == -signal.SIGKILL
    assert live_version(installation) == (2 if failpoint == "release.after_commit" else 1)
    assert installation.models.open_version().match("Kestrel help needed").candidates

    let_the_lease_expire(installation)
    assert run_worker(installation) == 0
    assert live_version(installation) == 2
    assert installation.models.open_version().match("Kestrel help needed").candidates
    with installation.database.read() as session:
        job = jobs.get_job(session, job_id)
    assert (job.state, job.version_id) == (jobs.State.DONE, 2), job.message


def test_a_worker_that_lost_its_lease_releases_nothing(installation: Parts) -> None:
    with installation.database.write() as session:
        jobs.request(session, jobs.Kind.TRAIN, "test")
    stale = jobs.claim(installation.database, "paused", lease_seconds=120)
    assert stale is not None
    let_the_lease_expire(installation)

    assert run_worker(installation) == 0
    assert live_version(installation) == 2
    with pytest.raises(LeaseLost), installation.database.write() as session:
        jobs.check(session, stale)


def run_worker(parts: Parts, crash_at: str = "", settings: dict[str, str] | None = None) -> int:
    environment = (
        os.environ
        | LENIENT
        | (settings or {})
        | {
            "CHATBOT_DATA_DIR": str(parts.settings.data_dir),
            "CRASH_AT": crash_at,
        }
    )
    command = [sys.executable, str(WORKER)]
    return subprocess.run(command, env=environment, check=False, timeout=120).returncode


def let_the_lease_expire(parts: Parts) -> None:
    with parts.database.write() as session:
        session.execute(update(TrainingJob).values(lease_until=now() - timedelta(seconds=1)))


def live_version(parts: Parts) -> int:
    with parts.database.read() as session:
        assert session.scalar(select(func.count()).select_from(ModelPointer)) == 1
        pointer = read_pointer(session)
    assert pointer is not None
    return pointer.version_id
