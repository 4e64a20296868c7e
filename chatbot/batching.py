"""Batcher: work together on what many threads ask for at the same moment.

There is no thread of its own and no timer. A caller who finds nobody at work leads: it works at
once, on its own item and all that wait. Whoever comes meanwhile waits; when the leader is done, the
first of them leads the next batch. So an item alone never waits for company, and under load batches
grow by themselves. Each caller works on one batch at most.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Ticket(Generic[Item, Result]):
    """A waiting caller: woken either with its result or error, or to lead."""

    __slots__ = ("came", "error", "item", "leads", "result", "woken")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.came = time.perf_counter()
        self.result: list[Result] = []
        self.error: BaseException | None = None
        self.leads = False
        self.woken = threading.Lock()
        self.woken.acquire()


class Batcher(Generic[Item, Result]):
    """A batcher; `work` gets 1 to `most` items and returns as many results, in their order.

    If it raises for several items, each is tried alone, so that only the item at fault fails; an
    error of a `shared` kind is no item's fault, and all get it. `watch` is told of each batch: how
    many items, and how many seconds each of them waited.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], Sequence[Result]],
        most: int,
        watch: Callable[[int, list[float]], None] = lambda size, waits: None,
        shared: tuple[type[Exception], ...] = (),
    ) -> None:
        self._work = work
        self._most = most
        self._watch = watch
        self._shared = shared
        self._waiting: deque[_Ticket[Item, Result]] = deque()
        self._state = threading.Lock()
        self._led = False

    def __call__(self, item: Item) -> Result:
        """Return the result for `item`; raises what `work` raised for it."""
        ticket: _Ticket[Item, Result] = _Ticket(item)
        with self._state:
            self._waiting.append(ticket)
            ticket.leads, self._led = not self._led, True
        if not ticket.leads:
            ticket.woken.acquire()
        if ticket.leads:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.result[0]

    def _lead(self) -> None:
        """Work on the oldest items, the leader's own first, then hand the lead on."""
        with self._state:
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        started = time.perf_counter()
        try:
            self._settle(batch)
            self._watch(len(batch), [started - ticket.came for ticket in batch])
        finally:
            with self._state:
                following = self._waiting[0] if self._waiting else None
                self._led = following is not None
            for ticket in batch[1:]:
                ticket.woken.release()
            if following is not None:
                following.leads = True
                following.woken.release()

    def _settle(self, batch: list[_Ticket[Item, Result]]) -> None:
        try:
            results = self._work([ticket.item for ticket in batch])
            for ticket, result in zip(batch, results, strict=True):
                ticket.result = [result]
        except BaseException as error:  # noqa: BLE001 it is raised again, in the caller's thread
            alone = len(batch) == 1 or not isinstance(error, Exception)
            if alone or isinstance(error, self._shared):
                for ticket in batch:
                    ticket.error = error
                return
            for ticket in batch:
                ticket.result.clear()
                self._settle([ticket])
