import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatbot.batching import Batcher
from waiting import PATIENCE, wait_until


class Slow:
    """Doubles numbers, remembers its batches, and waits for `go` before each."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.entered = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, items: list[int]) -> list[int]:
        self.batches.append(items)
        self.entered.release()
        assert self.go.acquire(timeout=PATIENCE)
        if -1 in items:
            raise ValueError("minus one")
        return [2 * item for item in items]


@pytest.fixture
def slow() -> Slow:
    return Slow()


def test_an_item_alone_is_worked_on_at_once_and_in_its_own_thread() -> None:
    seen: list[int] = []

    def work(items: list[str]) -> list[str]:
        seen.append(threading.get_ident())
        return [item.upper() for item in items]

    batcher = Batcher(work, most=8)

    assert [batcher("a"), batcher("b")] == ["A", "B"]
    assert seen == [threading.get_ident()] * 2


def test_items_that_wait_are_worked_on_together_and_each_gets_its_own_result(slow: Slow) -> None:
    batcher = Batcher(slow, most=8)
    with ThreadPoolExecutor(10) as threads:
        first = threads.submit(batcher, 0)
        slow.entered.acquire()
        others = []
        for item in range(1, 6):
            others.append(threads.submit(batcher, item))
            wait_until(lambda item=item: len(batcher._waiting) == item)  # type: ignore[misc]
        slow.go.release(2)

        assert first.result(10) == 0
        assert [other.result(10) for other in others] == [2, 4, 6, 8, 10]
    assert slow.batches == [[0], [1, 2, 3, 4, 5]]


def test_a_batch_has_a_largest_size_and_nobody_is_overtaken(slow: Slow) -> None:
    batcher = Batcher(slow, most=2)
    with ThreadPoolExecutor(10) as threads:
        results = [threads.submit(batcher, 0)]
        slow.entered.acquire()
        for item in range(1, 6):
            results.append(threads.submit(batcher, item))
            wait_until(lambda item=item: len(batcher._waiting) == item)  # type: ignore[misc]
        slow.go.release(4)

        assert [result.result(10) for result in results] == [0, 2, 4, 6, 8, 10]
    assert slow.batches == [[0], [1, 2], [3, 4], [5]]


def test_only_the_item_at_fault_fails(slow: Slow) -> None:
    batcher = Batcher(slow, most=8)
    with ThreadPoolExecutor(10) as threads:
        results = [threads.submit(batcher, 0)]
        slow.entered.acquire()
        for count, item in enumerate((1, -1, 3), 1):
            results.append(threads.submit(batcher, item))
            wait_until(lambda count=count: len(batcher._waiting) == count)  # type: ignore[misc]
        slow.go.release(5)

        assert [results[i].result(10) for i in (0, 1, 3)] == [0, 2, 6]
        with pytest.raises(ValueError, match="minus one"):
            results[2].result(10)
    assert slow.batches[1:] == [[1, -1, 3], [1], [-1], [3]]


def test_an_error_that_is_nobodys_fault_is_tried_once_and_told_to_all(slow: Slow) -> None:
    batcher = Batcher(slow, most=8, shared=(ValueError,))
    with ThreadPoolExecutor(10) as threads:
        results = [threads.submit(batcher, 0)]
        slow.entered.acquire()
        for count, item in enumerate((1, -1, 3), 1):
            results.append(threads.submit(batcher, item))
            wait_until(lambda count=count: len(batcher._waiting) == count)  # type: ignore[misc]
        slow.go.release(2)

        for result in results[1:]:
            with pytest.raises(ValueError, match="minus one"):
                result.result(10)
    assert slow.batches == [[0], [1, -1, 3]]


def test_after_a_failure_work_goes_on() -> None:
    def work(items: list[int]) -> list[float]:
        return [1 / item for item in items]

    batcher = Batcher(work, most=8)
    with pytest.raises(ZeroDivisionError):
        batcher(0)
    assert batcher(2) == 0.5


def test_work_that_returns_too_few_results_is_an_error_not_a_hang() -> None:
    batcher: Batcher[int, int] = Batcher(lambda items: [], most=8)
    with pytest.raises(ValueError):
        batcher(1)


def test_many_threads_get_right_answers_and_every_batch_is_told_of() -> None:
    told: list[tuple[int, list[float]]] = []

    def work(items: list[int]) -> list[int]:
        time.sleep(0.0005)
        return [item * item for item in items]

    batcher = Batcher(work, most=4, watch=lambda size, waits: told.append((size, waits)))
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(batcher, range(400))) == [n * n for n in range(400)]
    assert sum(size for size, _ in told) == 400
    assert all(len(waits) == size <= 4 and min(waits) >= 0 for size, waits in told)
    assert not batcher._led
