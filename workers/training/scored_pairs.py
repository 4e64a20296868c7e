"""Train the encoder on pairs with a score: their loss, and how well their cosines rank."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import spearmanr
from sentence_transformers import SentenceTransformer
from torch import Tensor

from chatbot.domain.example import PairExample
from workers.training.cached_encoder import Trainee
from workers.training.losses import CosineSimilarityLoss

LEAST_CORRELATED = 5
MOST_CORRELATED = 1_000
"""Pairs whose cosines are computed after each epoch."""


class ScoredPairs:
    """Pairs whose texts are read on their own, so that they change no bit of what the
    others give.
    """

    def __init__(self, model: SentenceTransformer, pairs: Sequence[PairExample]) -> None:
        rows: dict[str, int] = {}
        for pair in pairs:
            rows.setdefault(pair.text_a, len(rows))
            rows.setdefault(pair.text_b, len(rows))
        self._rows_a = [rows[pair.text_a] for pair in pairs]
        self._rows_b = [rows[pair.text_b] for pair in pairs]
        self._scores = torch.tensor([pair.score for pair in pairs], device=model.device)
        self._loss = CosineSimilarityLoss()
        self._trainee = Trainee(model, list(rows))

    def __len__(self) -> int:
        return len(self._rows_a)

    def loss(self, numbers: Sequence[int]) -> Tensor:
        """Return the scalar loss of some pairs, by number, with gradients."""
        rows_a = [self._rows_a[number] for number in numbers]
        rows_b = [self._rows_b[number] for number in numbers]
        vectors = self._trainee(rows_a + rows_b)
        loss: Tensor = self._loss(
            vectors[: len(numbers)], vectors[len(numbers) :], self._scores[list(numbers)]
        )
        return loss

    def spearman(self) -> float | None:
        """Return the rank correlation, -1 to 1, of the cosines of at most MOST_CORRELATED pairs
        with their scores; None of fewer than LEAST_CORRELATED, and where all scores are one.
        """
        scores = self._scores[:MOST_CORRELATED].cpu().numpy()
        if len(scores) < LEAST_CORRELATED or np.ptp(scores) == 0:
            return None
        vectors_a = self._trainee.vectors(self._rows_a[:MOST_CORRELATED])
        vectors_b = self._trainee.vectors(self._rows_b[:MOST_CORRELATED])
        cosines = (vectors_a * vectors_b).sum(axis=1)
        return float(spearmanr(cosines, scores).statistic) if np.ptp(cosines) else None
