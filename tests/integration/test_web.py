"""The web server's processes: started, killed one by one, orphaned, stopped."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from chatbot.bootstrap import build
from chatbot.services.releases import processes
from chatbot.services.releases.processes import ProcessKind
from chatbot.settings import Settings
from chatbot.supervise import choose_port
from waiting import PATIENCE, wait_until

PROCESSES = 2


class Server:
    def __init__(self, data: Path, cores: int | None = None) -> None:
        self.settings = Settings(data_dir=data)
        self._port = choose_port("127.0.0.1", 0)
        variables = {
            "CHATBOT_DATA_DIR": str(data),
            "CHATBOT_PORT": str(self._port),
            "CHATBOT_WEB_PROCESSES": str(PROCESSES),
        }
        self.process = psutil.Popen(
            [sys.executable, "-m", "chatbot.web"],
            env=os.environ | variables,
            stdout=subprocess.DEVNULL,
        )
        if cores is not None:
            self.process.cpu_affinity(self.process.cpu_affinity()[:cores])
        wait_until(self._all_loaded)

    def _all_loaded(self) -> bool:
        """Each process listens on a socket of its own, once it has loaded."""
        assert self.process.poll() is None, "the server ended while it started"
        return sum(is_listening(worker) for worker in self.workers) == PROCESSES

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    @property
    def workers(self) -> list[psutil.Process]:
        return list(self.process.children())

    def known_processes(self) -> set[int]:
        parts = build(self.settings)
        with parts.database.read() as session:
            found = {row.pid for row in processes.list_alive(session, ProcessKind.WEB)}
        parts.database.close()
        return found


def is_listening(process: psutil.Process) -> bool:
    return any(c.status == psutil.CONN_LISTEN for c in process.net_connections())


def is_alive(process: psutil.Process) -> bool:
    """A zombie is not: it waits for a parent, which an orphan may not have."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def running(started: Server) -> Iterator[Server]:
    workers = started.workers
    yield started
    with suppress(psutil.NoSuchProcess):
        workers += started.workers
    for process in [started.process, *workers]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    started.process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(Server(tmp_path)) as started:
        yield started


def test_without_a_model_it_is_up_but_not_ready(server: Server) -> None:
    assert server.get("/healthz") == 200
    assert server.get("/readyz") == 503
    assert server.get("/nowhere") == 404


def test_a_killed_process_is_replaced_and_the_others_go_on(server: Server) -> None:
    first, second = server.workers
    first.kill()
    wait_until(lambda: len(server.workers) == PROCESSES and first not in server.workers)
    assert second in server.workers
    assert server.get("/healthz") == 200


def test_sigterm_ends_all_and_withdraws_them_from_the_list_of_processes(server: Server) -> None:
    workers = server.workers
    wait_until(lambda: server.known_processes() == {worker.pid for worker in workers})
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=PATIENCE) == 0
    assert not any(is_alive(worker) for worker in workers)
    assert server.known_processes() == set()


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")
def test_nothing_is_left_when_the_server_itself_is_killed(server: Server) -> None:
    workers = server.workers
    server.process.kill()
    wait_until(lambda: not any(is_alive(worker) for worker in workers))


@pytest.mark.skipif(sys.platform != "linux", reason="needs sched_setaffinity")
@pytest.mark.skipif(len(psutil.Process().cpu_affinity()) < PROCESSES, reason="needs more cores")
def test_with_a_process_for_each_core_each_has_its_own(tmp_path: Path) -> None:
    with running(Server(tmp_path, cores=PROCESSES)) as server:
        wait_until(lambda: all(len(worker.cpu_affinity()) == 1 for worker in server.workers))
        first, second = (worker.cpu_affinity() for worker in server.workers)
        assert first != second

        killed = server.workers[0]
        killed.kill()
        wait_until(lambda: len(server.workers) == PROCESSES and killed not in server.workers)
        wait_until(
            lambda: sorted(w.cpu_affinity() for w in server.workers) == sorted([first, second])
        )
