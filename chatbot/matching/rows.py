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
    """Return keys as an array of 32 bytes each, where strings would take a hundred."""
    return np.array(keys, _KEY)


@dataclass(frozen=True, eq=False)
class Block:
    """A block of rows that lie together in memory, or in a file that is memory-mapped."""

    keys: Keys
    vectors: Vectors

    @cached_property
    def order(self) -> Positions:
        return np.argsort(self.keys)

    def find(self, keys: Keys) -> Positions:
        """Return the row of each key in this block, UNKNOWN where there is none."""
        behind = np.searchsorted(self.keys, keys, sorter=self.order)
        rows = self.order[np.minimum(behind, len(self.keys) - 1)]
        return np.where(self.keys[rows] == keys, rows, UNKNOWN)

    def joined(self, other: "Block") -> "Block":
        return Block(
            np.concatenate([self.keys, other.keys]), np.concatenate([self.vectors, other.vectors])
        )


class Rows:
    """The rows in blocks: the first comes from the artefact or the first build, the others from
    edits.
    """

    def __init__(self, dimension: int, blocks: Sequence[Block] = ()) -> None:
        self.dimension = dimension
        self._blocks = tuple(block for block in blocks if len(block.keys))
        self._starts = [0, *accumulate(len(block.keys) for block in self._blocks)]

    def __len__(self) -> int:
        return self._starts[-1]

    def find(self, keys: Keys) -> Positions:
        """Return the row of each key, UNKNOWN where there is none."""
        found = np.full(len(keys), UNKNOWN, np.int64)
        for block, (start, _) in self._placed():
            rows = block.find(keys)
            found[rows != UNKNOWN] = rows[rows != UNKNOWN] + start
        return found

    def keys(self, rows: Positions) -> list[str]:
        """Return the key of each row."""
        taken = np.empty(len(rows), _KEY)
        for block, (start, end) in self._placed():
            here = (start <= rows) & (rows < end)
            taken[here] = block.keys[rows[here] - start]
        return [key.decode() for key in taken.tolist()]

    def vectors(self, rows: Positions) -> Vectors:
        """Return a copy of the vectors of `rows`, (len(rows), dimension). Raises IndexError for a
        row that is not there.
        """
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"there are {len(self)} rows")
        taken = np.empty((len(rows), self.dimension), np.float32)
        for block, (start, end) in self._placed():
            here = (start <= rows) & (rows < end)
            taken[here] = block.vectors[rows[here] - start]
        return taken

    def all_vectors(self) -> Vectors:
        """Return the vectors of all rows in their order; no copy where they lie
        together already.
        """
        if len(self._blocks) == 1:
            return self._blocks[0].vectors
        return self.vectors(np.arange(len(self)))

    def extended(self, keys: Keys, vectors: Vectors) -> Self:
        """Return the rows with more at the end.

        A block from edits is joined with the one before it unless that is much larger, so there are
        few of them and a row is copied seldom.
        """
        blocks = [*self._blocks, Block(keys, vectors)]
        while len(blocks) > 2 and len(blocks[-2].keys) <= _MUCH_LARGER * len(blocks[-1].keys):
            last = blocks.pop()
            blocks[-1] = blocks[-1].joined(last)
        return type(self)(self.dimension, blocks)

    def _placed(self) -> Iterator[tuple[Block, tuple[int, int]]]:
        """Each block with its first row and the one behind its last."""
        return zip(self._blocks, pairwise(self._starts), strict=True)
