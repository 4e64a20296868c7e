"""Measure how many of the true nearest neighbours an index finds, and tune `ef` until
it is enough.
"""

import numpy as np

from chatbot.matching.index import (
    Found,
    HnswIndex,
    Positions,
    Take,
    Unreachable,
    Vectors,
    search_exactly,
)

LEAST_RECALL = 0.99
# More than the least, since the questions that tell are a sample, and real ones are others.
_TUNED_RECALL = 0.993
EF_LADDER = (64, 128, 256, 512, 1024, 1536, 2048, 3072, 4096, 6144, 8192)
_K = 10
_QUERIES = 500
# Added to a vector of length one. Real questions (BANKING77 and CLINC150 on 20,000 and 50,000 rows)
# are about as hard to place as vectors moved by 1.5; easier stand-ins would flatter the index.
_NOISE = 2.0
_SAME = 1e-5


def tune(index: HnswIndex, take: Take, rows: Positions) -> float:
    """Set the smallest `ef` of the ladder whose recall@10 is safely LEAST_RECALL, or else the last.

    Returns the recall. `take` gives the vectors of `rows`, which `index` holds; it must not serve
    yet.
    """
    queries = _questions(take, rows)
    exact = search_exactly(take, rows, queries, _K)
    recall = 0.0
    for ef in EF_LADDER:
        index.set_ef(ef)
        recall = share_found(index, queries, exact)
        if recall >= _TUNED_RECALL:
            break
    return recall


def measure_recall(index: HnswIndex, take: Take, rows: Positions) -> float:
    """Return the share of the true ten nearest that `index` finds, from 0 to 1; 1 if
    it is empty.
    """
    queries = _questions(take, rows)
    return share_found(index, queries, search_exactly(take, rows, queries, _K))


def _questions(take: Take, rows: Positions) -> Vectors:
    """Evenly spread vectors of the index, each moved far: cosine 0.45 to where it was."""
    vectors = take(rows[:: max(1, len(rows) // _QUERIES)][:_QUERIES])
    noise = np.random.default_rng(0).normal(size=vectors.shape)
    noise *= _NOISE / np.linalg.norm(noise, axis=1, keepdims=True)
    moved = vectors + noise
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(moved, np.float32)


def share_found(index: HnswIndex, queries: Vectors, exact: Found) -> float:
    """Return the share that `index` finds of `exact`, the true nearest of each query, 0 to 1.

    Equal ones count, whichever is found.
    """
    if not len(queries):
        return 1.0
    try:
        _, similarities = index.search(queries, exact[0].shape[1])
    except Unreachable:
        return 0.0
    return float((similarities >= exact[1][:, -1:] - _SAME).mean())
