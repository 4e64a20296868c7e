"""A real installation for end-to-end tests: `chatbot up` on its own data folder, and a client."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from chatbot.bootstrap import build
from chatbot.services.access import keys, users
from chatbot.services.access.keys import Scope
from chatbot.settings import Settings
from waiting import PATIENCE, wait_until

REPOSITORY = Path(__file__).parents[1]
CHATBOT = str(Path(sys.executable).with_name("chatbot"))
START_SECONDS = 240
PAUSE = 0.2  # seconds between two requests that ask whether it has happened


class Installation:
    """Talks to a running `chatbot up` as a widget, an agent and an admin would."""

    def __init__(self, port: int, secret: str, environment: dict[str, str] | None = None) -> None:
        self.port, self.secret, self.environment = port, secret, environment or {}

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.secret}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.call(method, path, body)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def ask(self, text: str) -> Any:
        return self.ok("POST", "/v1/ask", {"text": text})

    def live_version(self) -> int:
        return int(self.ok("GET", "/v1/models")["live"]["version"])

    def wait_for_all_processes(self, version: int, count: int) -> None:
        def all_run_it() -> bool:
            processes = self.ok("GET", "/v1/models")["processes"]
            return [p["version"] for p in processes] == [version] * count

        wait_until(all_run_it, f"version {version} in {count} processes", pause=PAUSE)

    def train(self, seconds: float) -> Any:
        """Ask for a training and wait until a worker has finished it."""
        job_id = self.ok("POST", "/v1/admin/retrain", {"force": False})["id"]

        def is_over() -> bool:
            state = self.ok("GET", f"/v1/admin/jobs/{job_id}")["state"]
            return state not in ("queued", "running")

        wait_until(is_over, f"the end of job {job_id}", seconds, PAUSE)
        return self.ok("GET", f"/v1/admin/jobs/{job_id}")


@contextmanager
def running(
    folder: Path, environment: dict[str, str], *options: str, awaited: str = "/readyz"
) -> Iterator[Installation]:
    """`chatbot up` on `folder`, ended as Ctrl-C ends it."""
    port = free_port()
    with opened(environment) as session:
        _, secret = keys.create_key(session, "test", "e2e", Scope.ADMIN)
    with (folder / "up.log").open("w") as log:
        up = subprocess.Popen(
            [CHATBOT, "up", *options],
            cwd=REPOSITORY,
            env=environment | {"CHATBOT_PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            installation = Installation(port, secret, environment)
            is_up = partial(is_ready, installation, up, folder, awaited)
            wait_until(is_up, "its start", START_SECONDS, PAUSE)
            yield installation
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(PATIENCE)


def is_ready(
    installation: Installation,
    up: "subprocess.Popen[bytes]",
    folder: Path,
    awaited: str = "/readyz",
) -> bool:
    assert up.poll() is None, (folder / "up.log").read_text()
    try:
        return installation.call("GET", awaited)[0] == 200
    except OSError:
        return False


def command(environment: dict[str, str], *arguments: str) -> str:
    """Run `chatbot …` and return what it printed to stdout."""
    done = subprocess.run(
        [CHATBOT, *arguments],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def teach(environment: dict[str, str], faq: str | Path = "faq_data") -> None:
    """Import an FAQ and make an untrained model of it, so that `up` does not train first."""
    command(environment, "import", str(faq))
    command(environment, "ask", "is anybody there?", "--test")


def add_people(environment: dict[str, str], roles: dict[str, str], password: str) -> None:
    """For "ann" an account of ann@example.org."""
    with opened(environment) as session:
        for name, role in roles.items():
            users.create_user(session, "test", f"{name}@example.org", Scope(role), password)


@contextmanager
def opened(environment: dict[str, str]) -> Iterator[Session]:
    """A transaction in the database of an installation; a command takes two seconds for one."""
    parts = build(Settings(data_dir=Path(environment["CHATBOT_DATA_DIR"])))
    with parts.database.write() as session:
        yield session
    parts.database.close()


def clean_environment(folder: Path, **settings: Any) -> dict[str, str]:
    """This process's environment with only the given settings of the chatbot."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("CHATBOT_")
    }
    chosen = {f"CHATBOT_{name.upper()}": str(value) for name, value in settings.items()}
    return inherited | {"CHATBOT_DATA_DIR": str(folder)} | chosen


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
