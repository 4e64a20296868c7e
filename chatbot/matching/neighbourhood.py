"""All that votes on a question: known phrasings, and guesses of what others asked for."""

from dataclasses import dataclass

import numpy as np

from chatbot.domain.matching import Neighbour
from chatbot.matching.guessed import Guessed
from chatbot.matching.index import Found, Positions, Vectors, nearest
from chatbot.matching.phrasings import Phrasings


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Rows are those of the phrasings, and behind them those of the guesses."""

    phrasings: Phrasings
    guessed: Guessed

    def search(self, vectors: Vectors, k: int) -> Found:
        """(rows, cosine similarities), each (n, min(k, all rows)), nearest first."""
        known = self.phrasings.search(vectors, k)
        if not len(self.guessed):
            return known
        rows, similarities = self.guessed.search(vectors, k)
        rows = np.hstack([known[0], self._first_guess + rows])
        return nearest(rows, np.hstack([known[1], similarities]), k)

    def neighbour(self, row: int, similarity: float) -> Neighbour:
        if row < self._first_guess:
            return Neighbour(self.phrasings.intent_at(row), similarity)
        intent = self.guessed.intent_at(row - self._first_guess)
        return Neighbour(intent, similarity, self.guessed.weight)

    def vectors(self, rows: Positions) -> Vectors:
        """(len(rows), dimension), a copy."""
        is_known = rows < self._first_guess
        vectors = np.empty((len(rows), self.phrasings.rows.dimension), np.float32)
        vectors[is_known] = self.phrasings.rows.vectors(rows[is_known])
        vectors[~is_known] = self.guessed.vectors[rows[~is_known] - self._first_guess]
        return vectors

    @property
    def _first_guess(self) -> int:
        return len(self.phrasings.rows)
