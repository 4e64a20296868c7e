"""Keys and vectors of phrasings by row number. Rows are only ever added, by making another `Rows`.

So a row number means the same in all successors, and they share what they have in common.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chatbot.matching.index import Positions, Vectors

Keys = NDArray[np.bytes_]
UNKNOWN = -1
_KEY = "S32"
_MUCH_LARGER = 4


def as_keys(keys: Sequence[str] | Sequence[bytes]) -> Keys:
    """32 bytes each, where strings would take a hundred."""
    return np.array(keys, _KEY)


@dataclass(frozen=True, eq=False)
class Part:
    """Rows that lie together in memory, or in a file that is mapped into it."""

    keys: Keys
    vectors: Vectors

    @cached_property
    def order(self) -> Positions:
        return np.argsort(self.keys)

    def find(self, keys: Keys) -> Positions:
        """The row of each key in this part, UNKNOWN where there is none."""
        behind = np.searchsorted(self.keys, keys, sorter=self.order)
        rows = self.order[np.minimum(behind, len(self.keys) - 1)]
        return np.where(self.keys[rows] == keys, rows, UNKNOWN)

    def joined(self, other: "Part") -> "Part":
        return Part(
            np.concatenate([self.keys, other.keys]), np.concatenate([self.vectors, other.vectors])
        )


class Rows:
    """The first part comes from the artefact or the first build, the others from edits."""

    def __init__(self, dimension: int, parts: Sequence[Part] = ()) -> None:
        self.dimension = dimension
        self._parts = tuple(part for part in parts if len(part.keys))
        self._starts = [0, *accumulate(len(part.keys) for part in self._parts)]

    def __len__(self) -> int:
        return self._starts[-1]

    def find(self, keys: Keys) -> Positions:
        """The row of each key, UNKNOWN where there is none."""
        found = np.full(len(keys), UNKNOWN, np.int64)
        for part, (start, _) in self._placed():
            rows = part.find(keys)
            found[rows != UNKNOWN] = rows[rows != UNKNOWN] + start
        return found

    def keys(self, rows: Positions) -> list[str]:
        """The key of each row."""
        taken = np.empty(len(rows), _KEY)
        for part, (start, end) in self._placed():
            here = (start <= rows) & (rows < end)
            taken[here] = part.keys[rows[here] - start]
        return [key.decode() for key in taken.tolist()]

    def vectors(self, rows: Positions) -> Vectors:
        """(len(rows), dimension), a copy. Raises IndexError for a row that there is not."""
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"there are {len(self)} rows")
        taken = np.empty((len(rows), self.dimension), np.float32)
        for part, (start, end) in self._placed():
            here = (start <= rows) & (rows < end)
            taken[here] = part.vectors[rows[here] - start]
        return taken

    def all_vectors(self) -> Vectors:
        """Those of all rows in their order; no copy where they lie together already."""
        if len(self._parts) == 1:
            return self._parts[0].vectors
        return self.vectors(np.arange(len(self)))

    def extended(self, keys: Keys, vectors: Vectors) -> Self:
        """With more rows at the end.

        A part from edits is joined with the one before it unless that is much larger, so there are
        few of them and a row is copied seldom.
        """
        parts = [*self._parts, Part(keys, vectors)]
        while len(parts) > 2 and len(parts[-2].keys) <= _MUCH_LARGER * len(parts[-1].keys):
            last = parts.pop()
            parts[-1] = parts[-1].joined(last)
        return type(self)(self.dimension, parts)

    def _placed(self) -> Iterator[tuple[Part, tuple[int, int]]]:
        """Each part with its first row and the one behind its last."""
        return zip(self._parts, pairwise(self._starts), strict=True)
