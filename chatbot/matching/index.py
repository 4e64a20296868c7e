"""Nearest-neighbour search over unit vectors: hnswlib, wrapped so that it cannot be misused.

hnswlib trusts its caller: a query of the wrong dimension, an index read with another dimension, or
`k` above the item count crash or answer nonsense, `save_index` hides failures, and `ef` is not
saved (docs/decisions/0005). This wrapper checks all of it; an index is never changed once built.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self

import hnswlib
import numpy as np
from numpy.typing import NDArray

from chatbot.errors import ArtefactRefused

SPACE = "cosine"
CONNECTIONS = 16
EF_CONSTRUCTION = 200
EF_SEARCH = 128
_SEED = 100
_ADDED = 100
_COMPARED = 10_000
_HEADER = struct.Struct("<6Q")

Vectors = NDArray[np.float32]
Positions = NDArray[np.int64]
Found = tuple[Positions, Vectors]
Take = Callable[[Positions], Vectors]


class Unreachable(RuntimeError):
    """The graph has islands (hundreds of equal vectors make them), and fewer than `k` lie on it."""


class Index(Protocol):
    """An index, whose `search` returns (positions, cosine similarities), each (n, min(k, size)),
    nearest first.
    """

    @property
    def size(self) -> int: ...

    def search(self, vectors: Vectors, k: int) -> Found: ...


class HnswIndex:
    """An index for approximate search (Malkov & Yashunin 2018). One thread and a fixed seed build
    it.
    """

    def __init__(self, index: hnswlib.Index, dimension: int, ef: int = EF_SEARCH) -> None:
        self._index = index
        self._dimension = dimension
        self._index.set_num_threads(1)
        self.set_ef(ef)

    @classmethod
    def build(cls, vectors: Vectors) -> Self:
        """Build an index of `vectors` (n, dimension), finite and not zero; position i of the result
        is row i.
        """
        check_vectors(vectors, vectors.shape[1])
        return cls.build_rows(vectors.__getitem__, np.arange(len(vectors)), vectors.shape[1])

    @classmethod
    def build_rows(cls, take: Take, rows: Positions, dimension: int, threads: int = 1) -> Self:
        """Build an index of the vectors that `take` gives for `rows`, which are the positions then.

        They are taken bit by bit: all at once they might not fit into memory beside the index, and
        while they are taken, other Python threads wait. More than one thread is faster, but another
        index comes out each time.
        """
        index = hnswlib.Index(space=SPACE, dim=dimension)
        index.init_index(
            max_elements=max(1, len(rows)),
            M=CONNECTIONS,
            ef_construction=EF_CONSTRUCTION,
            random_seed=_SEED,
        )
        for start in range(0, len(rows), _ADDED):
            chunk = rows[start : start + _ADDED]
            vectors = take(chunk)
            check_vectors(vectors, dimension)
            index.add_items(vectors, chunk, num_threads=threads)
        return cls(index, dimension)

    @classmethod
    def load(cls, path: Path, dimension: int, count: int, ef: int = EF_SEARCH) -> Self:
        """Read a file whose hash was checked before: hnswlib's parser crashes on a damaged one.

        Raises ArtefactRefused when it does not hold `count` items of that dimension.
        """
        try:
            stored = _stored_dimension(path)
            if stored != dimension:
                raise ArtefactRefused(
                    f"{path.name} holds vectors of {stored} numbers, not {dimension}"
                )
            index = hnswlib.Index(space=SPACE, dim=dimension)
            index.load_index(str(path), max_elements=max(1, count))
        except (OSError, struct.error, RuntimeError) as error:
            raise ArtefactRefused(f"{path.name} cannot be read: {error}") from None
        if index.get_current_count() != count:
            raise ArtefactRefused(
                f"{path.name} holds {index.get_current_count()} items, not {count}"
            )
        return cls(index, dimension, ef)

    def save(self, path: Path) -> None:
        """Write to `path`; the caller must check the file, because hnswlib reports no failure."""
        self._index.save_index(str(path))

    @property
    def size(self) -> int:
        return int(self._index.get_current_count())

    @property
    def ef(self) -> int:
        """The number of neighbours that a search keeps in view: more find the nearest oftener, but
        later.
        """
        return int(self._index.ef)

    def set_ef(self, ef: int) -> None:
        """Set `ef`; only before the index serves."""
        self._index.set_ef(ef)

    def search(self, vectors: Vectors, k: int) -> Found:
        """Return the nearest (positions, cosine similarities). Raises Unreachable."""
        check_vectors(vectors, self._dimension)
        k = min(k, self.size)
        if k == 0 or not len(vectors):
            return np.empty((len(vectors), 0), np.int64), np.empty((len(vectors), 0), np.float32)
        try:
            positions, distances = self._index.knn_query(vectors, k=k)
        except RuntimeError as error:
            raise Unreachable(str(error)) from error
        return positions.astype(np.int64), (1 - distances).astype(np.float32)


class BruteForceIndex:
    """An index for exact search: for a few vectors, and as the oracle that tests the approximate
    one.
    """

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    @property
    def size(self) -> int:
        return len(self._vectors)

    def search(self, vectors: Vectors, k: int) -> Found:
        similarities = vectors @ self._vectors.T
        if k < self.size:
            near = np.sort(np.argpartition(-similarities, k, axis=1)[:, :k], axis=1)
        else:
            near = np.arange(self.size)[None, :].repeat(len(vectors), axis=0)
        return nearest(near, np.take_along_axis(similarities, near, axis=1), k)


def search_exactly(take: Take, rows: Positions, vectors: Vectors, k: int) -> Found:
    """Search the vectors that `take` gives for `rows`, by comparing with each of them."""
    found = np.empty((len(vectors), 0), np.int64), np.empty((len(vectors), 0), np.float32)
    for start in range(0, len(rows), _COMPARED):
        some = rows[start : start + _COMPARED]
        places, similarities = BruteForceIndex(take(some)).search(vectors, k)
        both = np.hstack([found[0], some[places]]), np.hstack([found[1], similarities])
        found = nearest(*both, k)
    return found


def nearest(positions: Positions, similarities: Vectors, k: int) -> Found:
    """Return the `k` best of each line, best first; of equal ones the earlier."""
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
    return (
        np.take_along_axis(positions, order, axis=1),
        np.take_along_axis(similarities, order, axis=1),
    )


def _stored_dimension(path: Path) -> int:
    """Return the dimension from the offsets in hnswlib 0.8's header: float32 numbers lie between
    data and label.
    """
    with path.open("rb") as file:
        *_, label_offset, data_offset = _HEADER.unpack(file.read(_HEADER.size))
    return int(label_offset - data_offset) // 4


def check_vectors(vectors: Vectors, dimension: int) -> None:
    """Raise ValueError for vectors that hnswlib would read beyond their end, or answer
    nonsense to.
    """
    if vectors.ndim != 2 or vectors.shape[1] != dimension or vectors.dtype != np.float32:
        raise ValueError(
            f"need float32 vectors (n, {dimension}), got {vectors.dtype} {vectors.shape}"
        )
    norms = np.linalg.norm(vectors, axis=1)
    if not (np.isfinite(norms).all() and (norms > 1e-6).all()):
        raise ValueError("a vector is zero or not finite")
