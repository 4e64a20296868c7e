"""All that votes on a question: known phrasings, titles, and guesses of what others asked for."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chatbot.domain.matching import Neighbour
from chatbot.matching.guessed import Guessed
from chatbot.matching.index import Found, Positions, Vectors, nearest
from chatbot.matching.passages import Titles
from chatbot.matching.phrasings import Phrasings


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """The rows to search: those of the phrasings, behind them those of the guesses, then those of
    titles.
    """

    phrasings: Phrasings
    guessed: Guessed
    titles: Titles
    names: tuple[str, ...]

    def search(self, vectors: Vectors, k: int) -> Found:
        """Return the nearest (rows, cosine similarities), each (n, min(k, all rows)), nearest
        first.
        """
        found = self.phrasings.search(vectors, k)
        if len(self.guessed):
            found = _among(found, self.guessed.search(vectors, k), self._first_guess, k)
        if len(self.titles):
            found = _among(found, self.titles.compare(vectors), self._first_title, k)
        return found

    def intent_at(self, row: int) -> str | None:
        """Return the intent of a row; None if it is none of the intents."""
        if row < self._first_guess:
            return self.phrasings.intent_at(row)
        if row < self._first_title:
            return self.guessed.intent_at(row - self._first_guess)
        return self.names[int(self.titles.columns[row - self._first_title])]

    def neighbour(self, row: int, similarity: float) -> Neighbour:
        is_guess = self._first_guess <= row < self._first_title
        weight = self.guessed.weight if is_guess else 1.0
        return Neighbour(self.intent_at(row), similarity, weight)

    def vectors(self, rows: Positions) -> Vectors:
        """Return a copy of the vectors of `rows`, (len(rows), dimension)."""
        is_known, is_title = rows < self._first_guess, rows >= self._first_title
        is_guess = ~is_known & ~is_title
        vectors = np.empty((len(rows), self.phrasings.rows.dimension), np.float32)
        vectors[is_known] = self.phrasings.rows.vectors(rows[is_known])
        vectors[is_guess] = self.guessed.vectors[rows[is_guess] - self._first_guess]
        vectors[is_title] = self.titles.vectors[rows[is_title] - self._first_title]
        return vectors

    @cached_property
    def _first_guess(self) -> int:
        return len(self.phrasings.rows)

    @cached_property
    def _first_title(self) -> int:
        return self._first_guess + len(self.guessed)


def _among(found: Found, others: Found, first: int, k: int) -> Found:
    """The `k` nearest of both; the rows of `others` are counted from `first` on."""
    rows = np.hstack([found[0], first + others[0]])
    return nearest(rows, np.hstack([found[1], others[1]]), k)
