"""Questions that nobody judged, as neighbours: their intents are guesses (docs/decisions/0021)."""

import json
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chatbot.matching.index import BruteForceIndex, Found, Vectors

_VECTORS, _MEANING = "guessed.npy", "guessed.json"


@dataclass(frozen=True, eq=False)
class Guessed:
    """Guessed questions: `vectors` (n, dimension) of length one; `intents[row]` is a position in
    `names`.

    A guess votes with `weight`, where a known phrasing has 1. The texts are not kept.
    """

    vectors: Vectors
    intents: NDArray[np.int32]
    names: tuple[str, ...]
    weight: float

    @classmethod
    def of(cls, vectors: Vectors, intents: Sequence[str], weight: float) -> Self:
        """Return guesses in which row i of `vectors` seems to ask for `intents[i]`."""
        names = tuple(dict.fromkeys(intents))
        number = {name: place for place, name in enumerate(names)}
        numbers = np.array([number[intent] for intent in intents], np.int32)
        return cls(vectors, numbers, names, weight)

    @classmethod
    def nothing(cls, dimension: int) -> Self:
        return cls.of(np.empty((0, dimension), np.float32), (), 1.0)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open guesses as `save` wrote them; the vectors are memory-mapped, not read. Errors are
        those of the files.
        """
        meaning = json.loads((folder / _MEANING).read_text(encoding="utf-8"))
        vectors = np.load(folder / _VECTORS, mmap_mode="r", allow_pickle=False)
        intents = np.array(meaning["intents"], np.int32)
        return cls(vectors, intents, tuple(meaning["names"]), meaning["weight"])

    def save(self, folder: Path) -> None:
        np.save(folder / _VECTORS, self.vectors)
        meaning = {"weight": self.weight, "names": self.names, "intents": self.intents.tolist()}
        (folder / _MEANING).write_text(json.dumps(meaning), encoding="utf-8")

    def __len__(self) -> int:
        return len(self.intents)

    def intent_at(self, row: int) -> str:
        return self.names[int(self.intents[row])]

    def among(self, intents: Container[str]) -> Self:
        """Return the guesses that seem to ask for one of `intents`."""
        wanted = np.array([name in intents for name in self.names], bool)
        if wanted.all():
            return self
        rows = np.flatnonzero(wanted[self.intents])
        return type(self)(self.vectors[rows], self.intents[rows], self.names, self.weight)

    def search(self, vectors: Vectors, k: int) -> Found:
        """Return the nearest (rows, cosine similarities), each (n, min(k, size)), nearest first;
        exact.
        """
        return self._index.search(vectors, k)

    @cached_property
    def _index(self) -> BruteForceIndex:
        return BruteForceIndex(self.vectors)
