"""Nights of a worker without torch, in a process that can be killed."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from chatbot.bootstrap import Parts
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


def train(parts: Parts, settings: dict[str, str] | None = None, by: str = "test") -> str:
    with parts.database.write() as session:
        job_id = jobs.request(session, jobs.JobKind.TRAIN, by).id
    assert run_worker(parts, settings=settings) == 0
    with parts.database.read() as session:
        return session.scalars(select(TrainingJob.state).where(TrainingJob.id == job_id)).one()


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
