"""Processes for real: started, watched, restarted, stopped; gone when their supervisor dies."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from chatbot.errors import Conflict, ServiceUnavailable
from chatbot.programs import Program, list_programs, prepare_store_folders
from chatbot.settings import Settings
from chatbot.supervise import Supervisor, choose_port, locked
from waiting import PATIENCE, wait_until

# Answers /readyz, dies of /die, and leaves a line in its log.
WEB = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(3)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
print("hello from the web", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class TestSupervisor:
    def test_starts_the_store_before_the_web_and_stops_everything_when_told(
        self, settings: Settings, run: Callable[..., "_Running"]
    ) -> None:
        running = run(_web(settings.port), _store(settings))
        running.wait_until_ready()
        assert redis.Redis.from_url(settings.redis).ping()
        assert settings.store_socket.stat().st_mode & 0o077 == 0
        pid = int(_get(settings.port, "/readyz"))
        running.stop()
        assert running.error is None
        assert not _exists(pid)
        assert not settings.store_socket.exists()

    def test_restarts_what_dies(self, settings: Settings, run: Callable[..., "_Running"]) -> None:
        running = run(_web(settings.port))
        running.wait_until_ready()
        first = int(_get(settings.port, "/readyz"))
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: _get(settings.port, "/readyz") not in ("", str(first)))
        running.stop()
        assert running.said == ["web stopped (SIGKILL); starting it again in 0.5 s."]

    def test_gives_up_on_what_cannot_start_and_shows_its_log(
        self, settings: Settings, run: Callable[..., "_Running"]
    ) -> None:
        broken = Program("web", (sys.executable, "-c", "raise SystemExit('no such module')"))
        running = run(broken)
        running.thread.join(PATIENCE)
        assert isinstance(running.error, ServiceUnavailable)
        assert "web did not start (exit code 1)" in str(running.error)
        assert "no such module" in str(running.error)

    def test_gives_up_on_what_dies_again_and_again(
        self,
        settings: Settings,
        run: Callable[..., "_Running"],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("chatbot.supervise.MOST_DEATHS", 2)
        mortal = Program("worker", (sys.executable, "-c", "raise SystemExit('broker says no')"))
        running = run(_web(settings.port), mortal)
        running.thread.join(PATIENCE)
        assert "worker died 3 times within a minute (exit code 1)" in str(running.error)
        assert "broker says no" in str(running.error)
        assert _get(settings.port, "/readyz") == ""

    def test_keeps_its_children_output(
        self, settings: Settings, run: Callable[..., "_Running"]
    ) -> None:
        running = run(_web(settings.port))
        running.wait_until_ready()
        running.stop()
        assert "hello from the web" in (settings.data_dir / "logs" / "web.log").read_text()

    def test_a_killed_supervisor_leaves_nobody_behind(self, settings: Settings) -> None:
        program = (
            "import os, sys\n"
            "from chatbot.settings import Settings\n"
            "from chatbot.programs import *\n"
            "from chatbot.supervise import *\n"
            "settings = Settings.from_env()\n"
            "prepare_store_folders(settings)\n"
            "web = Program('web', (sys.executable, '-c', os.environ['WEB'], str(settings.port)))\n"
            "store = [p for p in list_programs(settings) if p.name == 'store']\n"
            "supervisor = Supervisor(settings, [web, *store], os.environ)\n"
            "supervisor.run(lambda: print('ready', flush=True), print)\n"
        )
        given = {
            "CHATBOT_DATA_DIR": str(settings.data_dir),
            "CHATBOT_PORT": str(settings.port),
            "WEB": WEB,
        }
        with subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | given,
        ) as supervisor:
            assert supervisor.stdout is not None
            assert supervisor.stdout.readline() == "ready\n"
            children = _children(supervisor.pid)
            assert len(children) == 2
            supervisor.kill()
        wait_until(lambda: not any(_exists(pid) for pid in children))


class TestBeforeTheStart:
    def test_a_second_one_on_the_same_folder_is_refused(self, tmp_path: Path) -> None:
        with (
            locked(tmp_path),
            pytest.raises(Conflict, match=f"runs on .* already .process {os.getpid()}."),
            locked(tmp_path),
        ):
            pass

    def test_the_folder_is_free_again_afterwards(self, tmp_path: Path) -> None:
        for _ in range(2):
            with locked(tmp_path):
                pass

    def test_a_port_in_use_is_refused(self) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            with pytest.raises(Conflict, match=f"Cannot listen on 127.0.0.1 port {port}"):
                choose_port("127.0.0.1", port)

    def test_port_0_finds_a_free_one(self) -> None:
        assert choose_port("127.0.0.1", 0) > 0

    def test_a_given_redis_needs_no_embedded_store(self, settings: Settings) -> None:
        elsewhere = settings.model_copy(update={"redis_url": "redis://elsewhere/0"})
        assert [p.name for p in list_programs(elsewhere)] == ["web", "beat", "courier", "worker"]
        assert [p.name for p in list_programs(elsewhere, learns=False)] == ["web"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_up_from_an_empty_folder_serves_learns_restarts_and_stops(tmp_path: Path) -> None:
    data, port = tmp_path / "data", choose_port("127.0.0.1", 0)

    first = _Up(data, port)
    greeting = first.wait_until_ready(300)
    assert "The first training" in greeting
    key = re.search(r"ASK_KEY=(cb_\S+)", greeting)
    assert key is not None
    assert _ask(port, key[1], "how do I reset my password?") == 200
    second = subprocess.run(
        [sys.executable, "-m", "chatbot.cli", "--data-dir", str(data), "up", "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (second.returncode, second.stdout) == (1, "")
    assert "already" in second.stderr
    children = _children(first.process.pid)
    assert first.stop(signal.SIGTERM) == 0
    wait_until(lambda: not any(_exists(pid) for pid in children))

    again = _Up(data, port)
    greeting = again.wait_until_ready(300)
    assert "The first training" not in greeting
    assert "cb_" not in greeting
    assert _ask(port, key[1], "how do I reset my password?") == 200
    wait_until(lambda: len(_children(again.process.pid)) >= 5)  # worker and beat come last
    children = _children(again.process.pid)
    again.process.kill()
    again.process.wait()
    wait_until(lambda: not any(_exists(pid) for pid in children))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_up_serves_everything_else_when_the_first_model_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATBOT_BASE_MODEL", str(tmp_path / "no-such-model"))
    port = choose_port("127.0.0.1", 0)
    up = _Up(tmp_path / "data", port)
    said = up.wait_until_ready(200)
    try:
        _see_that_it_says_why(said, port)
        wait_until(lambda: len(_children(up.process.pid)) >= 5)  # the worker, to try again
    finally:
        assert up.stop(signal.SIGTERM) == 0


def _see_that_it_says_why(said: str, port: int) -> None:
    assert "The first model could not be made" in said
    assert "no-such-model" in said
    key = re.search(r"ASK_KEY=(cb_\S+)", said)
    assert key is not None
    with pytest.raises(urllib.error.HTTPError) as refused:
        _ask(port, key[1], "how do I reset my password?")
    assert refused.value.code == 503
    answer = refused.value.read().decode()
    assert "There is no model yet: job 1, which should have made it, failed" in answer
    assert "no-such-model" not in answer
    assert '"ok"' in _get(port, "/healthz")


class _Running:
    """A supervisor in a thread; signals reach it as its handler would be called."""

    def __init__(self, settings: Settings, programs: list[Program]) -> None:
        self.said: list[str] = []
        self.error: Exception | None = None
        self._ready = threading.Event()
        self._supervisor = Supervisor(settings, programs, os.environ)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._supervisor.run(self._ready.set, self.said.append)
        except ServiceUnavailable as error:
            self.error = error

    def wait_until_ready(self) -> None:
        assert self._ready.wait(PATIENCE), self.error

    def stop(self) -> None:
        self._supervisor._stop()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


class _Up:
    """`chatbot up` as a process, and what it printed."""

    def __init__(self, data: Path, port: int) -> None:
        self._out = data.with_suffix(".out")
        with self._out.open("w") as out:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "chatbot.cli",
                    "--data-dir",
                    str(data),
                    "up",
                    "--port",
                    str(port),
                    "--demo",
                ],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=data.parent,
            )

    def wait_until_ready(self, seconds: float) -> str:
        def is_ready() -> bool:
            assert self.process.poll() is None, self._out.read_text()
            return "curl" in self._out.read_text()

        wait_until(is_ready, "the start", seconds)
        return self._out.read_text()

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def _web(port: int) -> Program:
    return Program("web", (sys.executable, "-c", WEB, str(port)))


def _store(settings: Settings) -> Program:
    prepare_store_folders(settings)
    return next(p for p in list_programs(settings) if p.name == "store")


def _get(port: int, path: str) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as response:
            return str(response.read().decode())
    except OSError:
        return ""


def _ask(port: int, key: str, text: str) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/ask",
        json.dumps({"text": text}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return int(response.status)


def _children(pid: int) -> list[int]:
    """Of `pid`, with their children; Linux only, like the guarantee that they die with it."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *_children(child)]
    return found


def _exists(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, port=choose_port("127.0.0.1", 0))


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., "_Running"]]:
    """Starts a supervisor of the programs given; signal handlers belong to the main thread only."""
    monkeypatch.setattr("chatbot.supervise.signal.signal", lambda *_: signal.SIG_DFL)
    started: list[_Running] = []

    def start(*programs: Program) -> _Running:
        started.append(_Running(settings, list(programs)))
        return started[-1]

    yield start
    for running in started:
        running.stop()
