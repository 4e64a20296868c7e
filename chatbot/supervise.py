"""Run the chatbot's processes: start them, watch them, restart what dies, stop them in order.

Knows processes, logs and signals; no question, no model and no database.
"""

import ctypes
import fcntl
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from chatbot.errors import Conflict, ServiceUnavailable
from chatbot.programs import Program
from chatbot.settings import Settings

READY_SECONDS = 600.0
MOST_DEATHS = 5  # of one program within a minute
LARGEST_LOG = 10_000_000

START_ORDER = ("store", "web", "worker", "courier", "beat")
_LOOK_SECONDS = 0.2
_PR_SET_PDEATHSIG = 1


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the data folder while the block runs. Raises Conflict if another `up` holds it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Conflict(
                f"`chatbot up` runs on {data_dir} already (process {file.read().strip()}). "
                "Stop it, or choose another folder with --data-dir."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def choose_port(host: str, port: int) -> int:
    """Return `port`, or a free one for 0. Raises Conflict if it cannot be listened on."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise Conflict(
            f"Cannot listen on {host} port {port}: {error.strerror}. "
            "Choose another with --port or CHATBOT_PORT."
        ) from None


class Supervisor:
    """A supervisor that keeps `programs` running until SIGINT or SIGTERM, or until one dies too
    often.
    """

    def __init__(
        self, settings: Settings, programs: list[Program], environment: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._children = [_Child(program, settings.data_dir / "logs") for program in programs]
        self._stopping = False
        self._ready_path = "/readyz"

    def run(
        self,
        on_ready: Callable[[], None],
        say: Callable[[str], None],
        ready_path: str = "/readyz",
    ) -> None:
        """Start, call `on_ready` once the web server is ready, then watch until told to stop.

        It is ready when it answers `ready_path` with 200.

        Raises ServiceUnavailable, with the end of the culprit's log, when a program cannot be kept
        running.
        """
        self._ready_path = ready_path
        before = {s: signal.signal(s, self._stop) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            # What learns starts when answers flow: it would take the cores that the web needs to.
            for child in sorted(self._children, key=lambda c: START_ORDER.index(c.program.name)):
                if not self._stopping:
                    child.start(self._environment)
                    self._wait_until_up(child, on_ready)
            self._watch(say)
        finally:
            for child in self._children:
                child.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _wait_until_up(self, child: "_Child", on_ready: Callable[[], None]) -> None:
        if child.program.name == "store":
            self._wait_for_store(child)
        elif child.program.name == "web":
            self._wait_for_web(child)
            if not self._stopping:
                on_ready()

    def _wait_for_store(self, child: "_Child") -> None:
        deadline = time.monotonic() + 15
        while not self._stopping and not _accepts(self._settings.store_socket):
            child.raise_if_dead()
            if time.monotonic() > deadline:
                raise ServiceUnavailable(f"The store does not answer.\n{child.read_log()}")
            time.sleep(0.05)

    def _wait_for_web(self, web: "_Child") -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._stopping:
            status, body = _ask_ready(self._settings.host, self._settings.port, self._ready_path)
            if status == 200:
                return
            web.raise_if_dead()
            if time.monotonic() > deadline:
                raise ServiceUnavailable(
                    f"The web server is not ready after {READY_SECONDS:.0f} s. {body}\n"
                    f"{web.read_log()}"
                )
            time.sleep(_LOOK_SECONDS)

    def _watch(self, say: Callable[[str], None]) -> None:
        while not self._stopping:
            for child in self._children:
                if message := child.revive(self._environment):
                    say(message)
            time.sleep(_LOOK_SECONDS)


class _Child:
    """A program's current process, its log, and the deaths of its earlier ones."""

    def __init__(self, program: Program, logs: Path) -> None:
        self.program = program
        self._log = logs / f"{program.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths: list[float] = []
        self._restart_at: float | None = None
        self._looked_at_log = 0.0

    def start(self, environment: Mapping[str, str]) -> None:
        self._log.parent.mkdir(mode=0o700, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = spawn(
                self.program.command,
                {**environment, **self.program.environment},
                log,
                self.program.death_signal,
            )
        self._restart_at = None

    def revive(self, environment: Mapping[str, str]) -> str | None:
        """Restart a dead process when its pause is over, and return what to tell, if anything."""
        self._shorten_log()
        if self._restart_at is not None:
            if time.monotonic() >= self._restart_at:
                self.start(environment)
            return None
        if self._process is None or (code := self._process.poll()) is None:
            return None
        now = time.monotonic()
        self._deaths = [*(death for death in self._deaths if death > now - 60), now]
        if len(self._deaths) > MOST_DEATHS:
            raise ServiceUnavailable(
                f"{self.program.name} died {len(self._deaths)} times within a minute "
                f"({_describe(code)}).\n{self.read_log()}"
            )
        pause = 0.5 * 2 ** (len(self._deaths) - 1)
        self._restart_at = now + pause
        return f"{self.program.name} stopped ({_describe(code)}); starting it again in {pause:g} s."

    def raise_if_dead(self) -> None:
        if self._process is not None and (code := self._process.poll()) is not None:
            raise ServiceUnavailable(
                f"{self.program.name} did not start ({_describe(code)}).\n{self.read_log()}"
            )

    def stop(self) -> None:
        if self._process is not None:
            end(self._process, self.program.stop_seconds, self.program.harsh_signal)

    def read_log(self, lines: int = 20) -> str:
        """Return the last lines of the log, with their place."""
        return f"{self._log}:\n{read_end(self._log, lines)}"

    def _shorten_log(self) -> None:
        """The process appends, so its file may be emptied under it."""
        if time.monotonic() - self._looked_at_log < 30:
            return
        self._looked_at_log = time.monotonic()
        with suppress(FileNotFoundError):  # somebody tidied up
            if self._log.stat().st_size > LARGEST_LOG:
                shutil.copyfile(self._log, self._log.with_suffix(".log.1"))
                os.truncate(self._log, 0)


def spawn(
    command: tuple[str, ...],
    environment: Mapping[str, str],
    log: IO[bytes],
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child that writes to `log`, not to this terminal, and dies with this process."""
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def die_with_parent() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:
                os._exit(1)

    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509  # no other thread holds a lock that it needs
    )


def end(
    process: subprocess.Popen[bytes], seconds: float, harsh: signal.Signals = signal.SIGTERM
) -> None:
    """Stop a process that `spawn` made: politely, then harshly, then with its whole group."""
    for number, patience in ((signal.SIGTERM, seconds), (harsh, 15.0)):
        if process.poll() is None:
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(patience)
        if number == harsh:
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def read_end(path: Path, lines: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 20_000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _describe(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _ask_ready(host: str, port: int, path: str) -> tuple[int, str]:
    """Status and body of `path`; 0 when nothing answers."""
    nearest = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(nearest, port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()
