"""An instance of the chatbot for benchmarks: filled, with an untrained model, and served."""

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psutil

from chatbot.bootstrap import Parts
from chatbot.programs import list_programs
from chatbot.services.access import keys
from chatbot.services.access.keys import Scope
from chatbot.services.asking.ask import MOST_TOGETHER, Question, answer_all
from chatbot.services.releases import jobs, processes
from chatbot.settings import Settings
from chatbot.storage.tables import TrainingJob
from workers.night.run_jobs import run_waiting_jobs


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_version(parts: Parts, kind: jobs.JobKind = jobs.JobKind.UNTRAINED) -> int:
    """Run the real job, and return the version that it made."""
    job = run_job(parts, kind, "bench")
    if job.version_id is None:
        raise SystemExit(f"the {kind} job ended as {job.state}: {job.message}")
    return job.version_id


def run_job(parts: Parts, kind: jobs.JobKind, by: str) -> TrainingJob:
    """Run a job as a worker does, in this process, and return what became of it."""
    with parts.database.write() as session:
        job_id = jobs.request(session, kind, by).id
    run_waiting_jobs(parts, processes.Identity(processes.ProcessKind.WORKER))
    with parts.database.read() as session:
        return jobs.get_job(session, job_id)


def ask(parts: Parts, texts: Sequence[str]) -> None:
    """Ask the live version as visitors do; it logs every question."""
    parts.live.refresh()
    matcher = parts.live.current()
    for first in range(0, len(texts), MOST_TOGETHER):
        questions = [Question(text) for text in texts[first : first + MOST_TOGETHER]]
        answer_all(parts.database, matcher, questions)


def make_key(parts: Parts, scope: Scope) -> str:
    with parts.database.write() as session:
        return keys.create_key(session, "bench", "bench", scope)[1]


@contextmanager
def serve(settings: Settings, port: int) -> Iterator[psutil.Process]:
    """Run the web server as `chatbot up` starts it, on `port`, logging errors only."""
    web = next(program for program in list_programs(settings) if program.name == "web")
    variables = {
        "CHATBOT_DATA_DIR": str(settings.data_dir),
        "CHATBOT_PORT": str(port),
        "CHATBOT_WEB_PROCESSES": str(settings.web_processes),
        "CHATBOT_LOG_LEVEL": "ERROR",
    }
    with subprocess.Popen(
        web.command, env={**os.environ, **web.environment, **variables}
    ) as server:
        try:
            wait_until_ready(port, server)
            yield psutil.Process(server.pid)
        finally:
            server.terminate()


def wait_until_ready(port: int, server: "subprocess.Popen[bytes]", path: str = "/readyz") -> None:
    """Wait until `server` is ready. Raises SystemExit when it ends, or is not ready after three
    minutes.
    """
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and server.poll() is None:
        try:
            status, _ = request(http.client.HTTPConnection("127.0.0.1", port), "GET", path)
            if status != http.HTTPStatus.SERVICE_UNAVAILABLE:
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    raise SystemExit(f"the server on port {port} did not become ready")


def request(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    secret: str = "",
) -> tuple[int, Any]:
    """Return status and body; a body that is no JSON is None."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    try:
        return response.status, json.loads(response.read() or b"null")
    except ValueError:
        return response.status, None


def workers_of(server: psutil.Process) -> list[psutil.Process]:
    """Return the web processes, without the one that watches them."""
    return list(server.children())
