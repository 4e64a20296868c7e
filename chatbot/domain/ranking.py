"""Rank questions by how much they teach: uncertain ones that many others are like, each group taken
once.
"""

import heapq
import math

import numpy as np
from numpy.typing import NDArray

from chatbot.domain.matching import DISPUTED, THUMB_DOWN

MOST_SPREAD = 300
LEAST_SIMILARITY = 0.5
BEHIND = 0.0001
_BLOCK = 500

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


def rank_by_coverage(
    vectors: Floats, uncertainty: Floats, asked: Floats, teaches: Flags, known: Floats
) -> list[int]:
    """Return the places of the questions that teach anything, the most instructive first.

    `vectors` is (n, d) of unit length, `uncertainty` (n,) from 0 to 1, `asked` (n,) how often each
    came, `teaches` (n,) whether a verdict on it would train; `known` is (m, d), what was judged
    already and the model does not know yet.

    A verdict covers what is like its question. A question is worth its own uncertainty times the
    uncertain questions that it would cover and nothing before it does: greedy facility location
    (Wei, Iyer and Bilmes 2015) over information density (Settles and Craven 2008). Greedy choice
    is lazy (Minoux 1978), and ends after `MOST_SPREAD`; the rest follow by their last known worth.
    """
    worth = _Worth(vectors, uncertainty * teaches, uncertainty * asked, known)
    heap = [(-value, place) for place, value in enumerate(worth.of_all().tolist()) if value > 0]
    heapq.heapify(heap)
    taken: list[int] = []
    while heap and len(taken) < MOST_SPREAD:
        _, place = heapq.heappop(heap)
        value = worth.of(place)
        if heap and -value > heap[0][0]:
            heapq.heappush(heap, (-value, place))
            continue
        worth.take(place)
        taken.append(place)
    return taken + [place for _, place in sorted(heap)]


class _Worth:
    """The worth of each question, what it would add to what is covered so far, 0 to 1."""

    def __init__(self, vectors: Floats, own: Floats, weights: Floats, known: Floats) -> None:
        self._vectors, self._own, self._weights = vectors, own, weights
        self._covered = np.zeros(len(vectors), np.float32)
        for first in range(0, len(known), _BLOCK):
            near = self._likeness(known[first : first + _BLOCK])
            self._covered = np.maximum(self._covered, near.max(axis=1))

    def of_all(self) -> Floats:
        blocks = [
            self._adds(self._vectors[first : first + _BLOCK])
            for first in range(0, len(self._vectors), _BLOCK)
        ]
        worth: Floats = self._own * np.concatenate([np.zeros(0, np.float32), *blocks])
        return worth

    def of(self, place: int) -> float:
        return float(self._own[place] * self._adds(self._vectors[place : place + 1])[0])

    def take(self, place: int) -> None:
        near = self._likeness(self._vectors[place : place + 1])[:, 0]
        self._covered = np.maximum(self._covered, near)

    def _adds(self, some: Floats) -> Floats:
        gained = np.maximum(self._likeness(some) - self._covered[:, None], 0)
        added: Floats = self._weights @ gained
        return added

    def _likeness(self, some: Floats) -> Floats:
        """(n, len(some)) from 0 to 1: a similarity below `LEAST_SIMILARITY` counts for nothing."""
        above = (self._vectors @ some.T - LEAST_SIMILARITY) / (1 - LEAST_SIMILARITY)
        likeness: Floats = np.maximum(above, 0)
        return likeness


def spread(count: int, share: float = 1.0) -> list[float]:
    """Return the usefulness of `count` ranked questions, evenly from just under `DISPUTED` down to
    0.

    So two lists that are spread by themselves, and questions drawn at random, mix in proportion.
    Only the first `share` of them do; the others come behind all, in their order.
    """
    first = math.ceil(share * count)
    mixed = [DISPUTED * step for step in _steps(first)]
    return [round(value, 9) for value in mixed + [BEHIND * step for step in _steps(count - first)]]


def spread_disputed(count: int) -> list[float]:
    """Return usefulness as `spread` does, but between `DISPUTED` and a visitor's thumb down."""
    return [round(DISPUTED + (THUMB_DOWN - DISPUTED) * step, 6) for step in _steps(count)]


def _steps(count: int) -> list[float]:
    return [1 - place / (count + 1) for place in range(1, count + 1)]
