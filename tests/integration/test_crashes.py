"""Kill the worker at every step of the protocol: exactly one version stays live, and it loads."""

import signal

import pytest

from chatbot.bootstrap import Parts
from chatbot.errors import LeaseLost
from chatbot.failpoints import FAILPOINTS
from chatbot.services.releases import jobs
from nights import let_the_lease_expire, live_version, run_worker


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_after_a_kill_the_live_version_loads_and_the_next_run_succeeds_by_itself(
    failpoint: str, installation: Parts
) -> None:
    with installation.database.write() as session:
        job_id = jobs.request(session, jobs.JobKind.TRAIN, "test").id

    assert run_worker(installation, crash_at=failpoint) == -signal.SIGKILL
    assert live_version(installation) == (2 if failpoint == "release.after_commit" else 1)
    assert installation.models.open_version().match("Kestrel help needed").candidates

    let_the_lease_expire(installation)
    assert run_worker(installation) == 0
    assert live_version(installation) == 2
    assert installation.models.open_version().match("Kestrel help needed").candidates
    with installation.database.read() as session:
        job = jobs.get_job(session, job_id)
    assert (job.state, job.version_id) == (jobs.JobState.DONE, 2), job.message


def test_a_worker_that_lost_its_lease_releases_nothing(installation: Parts) -> None:
    with installation.database.write() as session:
        jobs.request(session, jobs.JobKind.TRAIN, "test")
    stale = jobs.claim(installation.database, "paused", lease_seconds=120)
    assert stale is not None
    let_the_lease_expire(installation)

    assert run_worker(installation) == 0
    assert live_version(installation) == 2
    with pytest.raises(LeaseLost), installation.database.write() as session:
        jobs.check(session, stale)
