"""Guess what unlabelled texts ask for: labels spread from text to text along nearest neighbours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

NEIGHBOURS = 10
SHARPNESS = 3
SPREAD = 0.9
ROUNDS = 15
_ROWS_AT_ONCE = 1024

Vectors = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Propagated:
    """The likeliest intent of each unlabelled text, and how much of its label came to it.

    Both are (texts,). What resembles no labelled text, not even through others, gets little.
    """

    intents: Numbers
    masses: NDArray[np.float64]

    def surest(self, share: float, most_of_one: float) -> Numbers:
        """Return the places of the `share` of texts with most mass, sorted.

        An intent gets at most `most_of_one` times what each would get of equal parts, its surest:
        whoever floods the bot with one kind of question has little say.
        """
        kept = np.argsort(-self.masses, kind="stable")[: round(share * len(self.masses))]
        found = self.intents[kept]
        order = np.argsort(found, kind="stable")
        sizes = np.unique(found, return_counts=True)[1]
        rank = np.empty(len(kept), np.int64)
        rank[order] = np.concatenate([np.arange(size) for size in sizes] or [order])
        most = most_of_one * len(kept) / max(1, len(sizes))
        return np.sort(kept[rank < most])


def propagate(labelled: Vectors, intents: Numbers, unlabelled: Vectors) -> Propagated:
    """Propagate labels (Zhou et al. 2004) as Iscen et al. 2019 do for embeddings.

    Rows are texts of length one, (texts, dimension); `intents` are numbers from 0 of the labelled.
    Each text's scores come, again and again, from its nearest neighbours, labelled or not, and the
    labelled ones keep a part of their own. Every intent starts with the same mass, however many
    texts it has.

    References: Learning with Local and Global Consistency, NIPS 2004; Label Propagation for Deep
    Semi-supervised Learning, https://arxiv.org/abs/1904.04717
    """
    graph = _graph(np.concatenate([labelled, unlabelled]))
    start = np.zeros((graph.shape[0], int(intents.max()) + 1))
    start[np.arange(len(labelled)), intents] = 1
    start /= np.maximum(1, start.sum(axis=0))
    scores = start
    for _ in range(ROUNDS):
        scores = SPREAD * (graph @ scores) + (1 - SPREAD) * start
    guessed = (graph @ scores)[len(labelled) :]
    return Propagated(guessed.argmax(axis=1), guessed.max(axis=1))


def _graph(vectors: Vectors) -> csr_array:
    """Symmetrically normalised weights of each text's nearest neighbours and those it is one of."""
    count = min(NEIGHBOURS, len(vectors) - 1)
    nearest = np.empty((len(vectors), count), np.int64)
    weights = np.empty((len(vectors), count))
    for first in range(0, len(vectors), _ROWS_AT_ONCE):
        cosines = vectors[first : first + _ROWS_AT_ONCE] @ vectors.T
        own = np.arange(len(cosines))
        cosines[own, first + own] = -1
        some = slice(first, first + len(cosines))
        nearest[some] = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        weights[some] = np.take_along_axis(cosines, nearest[some], axis=1).clip(0) ** SHARPNESS
    rows = np.repeat(np.arange(len(vectors)), count)
    shape = (len(vectors), len(vectors))
    one_way = csr_array((weights.ravel(), (rows, nearest.ravel())), shape)
    both_ways = one_way + one_way.T
    scale = diags_array(1 / np.sqrt(np.maximum(both_ways.sum(axis=1), 1e-12)))
    return csr_array(scale @ both_ways @ scale)
