"""All phrasings that a matcher knows, to be found by text and searched by vector.

A phrasing is a row with a key and a vector; what an edit changes is which intent a row belongs to.
Edited phrasings share rows and index with those before them: rows that are new since the index was
built are searched exactly, rows that are gone are skipped (docs/decisions/0010).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chatbot.domain.text import key
from chatbot.matching.bundle import Bundle
from chatbot.matching.catalogue import Entry
from chatbot.matching.encoder import Encoder
from chatbot.matching.index import (
    BruteForceIndex,
    Found,
    HnswIndex,
    Positions,
    Unreachable,
    Vectors,
    check_vectors,
    nearest,
    search_exactly,
)
from chatbot.matching.recall import tune
from chatbot.matching.rows import UNKNOWN, Block, Keys, Rows, as_keys

GONE = -1
NONE = -2  # of a row that agents said to be none of the intents
LEAST_OUTGROWN = 1000
OUTGROWN_SHARE = 0.01
_ENCODE_BATCH = 256


@dataclass(frozen=True, eq=False)
class Indexed:
    """An index whose positions are row numbers, and which rows it holds."""

    index: HnswIndex
    holds: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Phrasings:
    """The known phrasings; `intents[row]` is a position in `names`, NONE or GONE. Nothing here ever
    changes.
    """

    rows: Rows
    intents: NDArray[np.int32]
    names: tuple[str, ...]
    indexed: Indexed

    @classmethod
    def of_bundle(cls, bundle: Bundle) -> Self:
        """Return the rows that a model was published with; which intents they have is for the FAQ
        to say.

        Without a published index there are none, and nothing is indexed.
        """
        rows = Rows(bundle.encoder.dimension, [Block(bundle.keys, bundle.vectors)])
        index = bundle.stored_index()
        return cls(
            rows=rows,
            intents=np.full(len(rows), GONE, np.int32),
            names=(),
            indexed=Indexed(
                index or HnswIndex.build(np.empty((0, rows.dimension), np.float32)),
                np.full(len(rows), index is not None),
            ),
        )

    @cached_property
    def known_rows(self) -> Positions:
        """The rows that are not gone."""
        return np.flatnonzero(self.intents != GONE)

    @cached_property
    def named_rows(self) -> Positions:
        """The rows of an intent, without what agents said to be none of them."""
        return np.flatnonzero(self.intents >= 0)

    @property
    def size(self) -> int:
        return len(self.known_rows)

    def intent_at(self, row: int) -> str | None:
        """Return the intent of a row that is not gone; None if it is none of the intents."""
        number = int(self.intents[row])
        return None if number == NONE else self.names[number]

    def row_of(self, text: str) -> int | None:
        """Return the row of a known phrasing, whatever its case and spacing; None if it is not
        known.
        """
        (row,) = self.rows.find(as_keys([key(text)]))
        return int(row) if row != UNKNOWN and self.intents[row] != GONE else None

    def knows(self, keys: Keys) -> NDArray[np.bool_]:
        """Return for each key whether it is that of a phrasing that is not gone."""
        rows = self.rows.find(keys)
        known: NDArray[np.bool_] = rows != UNKNOWN
        known[known] = self.intents[rows[known]] != GONE
        return known

    def search(self, vectors: Vectors, k: int) -> Found:
        """Return the nearest (rows, cosine similarities), each (n, min(k, size)), nearest first."""
        found = self._search_index(vectors, min(k, len(self._indexed_rows)))
        if not len(self._loose):
            return found
        places, similarities = self._loose_index.search(vectors, k)
        return nearest(
            np.hstack([found[0], self._loose[places]]), np.hstack([found[1], similarities]), k
        )

    def edited(self, entries: Mapping[str, Entry | None], encoder: Encoder) -> Self:
        """Return phrasings with other entries by key; None for what is gone. Only new texts are
        encoded.
        """
        keys = as_keys(list(entries))
        wanted = list(entries.values())
        rows = self.rows
        known = (rows.find(keys) != UNKNOWN).tolist()
        new = [place for place, entry in enumerate(wanted) if entry and not known[place]]
        if new:
            texts = [entry.text for entry in map(wanted.__getitem__, new) if entry]
            rows = rows.extended(keys[new], _encode(encoder, texts))
        said = [entry.intent for entry in wanted if entry and entry.intent is not None]
        names = tuple(dict.fromkeys([*self.names, *said]))
        number: dict[str | None, int] = {name: place for place, name in enumerate(names)}
        number[None] = NONE
        numbers = np.array([number[e.intent] if e else GONE for e in wanted], np.int32)
        intents = np.full(len(rows), GONE, np.int32)
        intents[: len(self.intents)] = self.intents
        at = rows.find(keys)
        intents[at[at != UNKNOWN]] = numbers[at != UNKNOWN]
        return replace(self, rows=rows, intents=intents, names=names)

    def emptied(self) -> Self:
        """Return the same rows, all gone: to be told again what the FAQ says."""
        return replace(self, intents=np.full(len(self.rows), GONE, np.int32))

    def reindexed(self, indexed: Indexed) -> Self:
        """Return the phrasings with another index of the same rows, or of those before
        later edits.
        """
        return replace(self, indexed=indexed)

    def build_index(self, threads: int = 1) -> Indexed:
        """Build an index of all rows that are not gone. Takes a millisecond a row where there are a
        million.
        """
        rows = self.known_rows
        index = HnswIndex.build_rows(self.rows.vectors, rows, self.rows.dimension, threads)
        tune(index, self.rows.vectors, rows)
        return Indexed(index, self.intents != GONE)

    @property
    def is_outgrown(self) -> bool:
        """True if edits slow the search down enough to build an index for them.

        Up to a hundredth of the rows, exact search costs about what the index does.
        """
        gone = self.indexed.index.size - len(self._indexed_rows)
        limit = max(LEAST_OUTGROWN, OUTGROWN_SHARE * self.indexed.index.size)
        return max(gone, len(self._loose)) > limit

    def _search_index(self, vectors: Vectors, k: int) -> Found:
        """The `k` nearest rows that are not gone: more are fetched until enough are left."""
        fetched, size = k, self.indexed.index.size
        while len(self._indexed_rows) == size or fetched <= size // 2:
            try:
                rows, similarities = self.indexed.index.search(vectors, fetched)
            except Unreachable:
                break
            gone = self.intents[rows] == GONE
            if (~gone).sum(axis=1).min(initial=k) >= k:
                return nearest(rows, np.where(gone, -np.inf, similarities), k)
            fetched *= 2
        return search_exactly(self.rows.vectors, self._indexed_rows, vectors, k)

    @cached_property
    def _holds(self) -> NDArray[np.bool_]:
        """The mask of rows that the index holds, for today's rows."""
        holds = np.zeros(len(self.rows), bool)
        holds[: len(self.indexed.holds)] = self.indexed.holds
        return holds

    @cached_property
    def _indexed_rows(self) -> Positions:
        return self.known_rows[self._holds[self.known_rows]]

    @cached_property
    def _loose(self) -> Positions:
        """The rows that came after the index."""
        return self.known_rows[~self._holds[self.known_rows]]

    @cached_property
    def _loose_index(self) -> BruteForceIndex:
        return BruteForceIndex(self.rows.vectors(self._loose))


def _encode(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    vectors = np.empty((len(texts), encoder.dimension), np.float32)
    for start in range(0, len(texts), _ENCODE_BATCH):
        some = texts[start : start + _ENCODE_BATCH]
        vectors[start : start + len(some)] = encoder.encode(some)
    check_vectors(vectors, encoder.dimension)
    return vectors
