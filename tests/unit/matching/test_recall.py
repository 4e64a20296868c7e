import numpy as np
import pytest

from chatbot.matching import recall as recall_module
from chatbot.matching.index import BruteForceIndex, HnswIndex, Vectors
from chatbot.matching.recall import EF_LADDER, LEAST_RECALL, measure_recall, tune


def scattered(count: int, dimension: int = 48) -> Vectors:
    """Without any clusters: the hardest case for a graph."""
    vectors = np.random.default_rng(5).normal(size=(count, dimension))
    scaled: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return scattered(4000)


def test_the_smallest_ef_that_finds_enough_is_set(vectors: Vectors) -> None:
    index, rows = HnswIndex.build(vectors), np.arange(len(vectors))
    recall = tune(index, vectors.__getitem__, rows)
    assert recall >= LEAST_RECALL
    assert index.ef in EF_LADDER[1:]
    assert measure_recall(index, vectors.__getitem__, rows) == recall
    index.set_ef(EF_LADDER[EF_LADDER.index(index.ef) - 1])
    assert measure_recall(index, vectors.__getitem__, rows) < LEAST_RECALL


def test_recall_is_what_exact_search_says_it_is(
    vectors: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.matching.index._COMPARED", 700)
    index, rows = HnswIndex.build(vectors), np.arange(len(vectors))
    index.set_ef(10)
    queries = recall_module._questions(vectors.__getitem__, rows)
    found, exact = index.search(queries, 10)[0], BruteForceIndex(vectors).search(queries, 10)[0]
    expected = np.mean([len(set(f) & set(e)) / 10 for f, e in zip(found, exact, strict=True)])
    assert measure_recall(index, vectors.__getitem__, rows) == pytest.approx(expected, abs=1e-3)
    assert expected < 0.9


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11])
def test_a_small_index_finds_everything(count: int) -> None:
    vectors = scattered(11)[:count]
    index = HnswIndex.build(vectors)
    assert tune(index, vectors.__getitem__, np.arange(count)) == 1.0
    assert index.ef == EF_LADDER[0]


def test_an_index_of_islands_has_no_recall() -> None:
    equal = np.repeat(scattered(2), 400, axis=0)
    index = HnswIndex.build(equal)
    assert 0.0 <= tune(index, equal.__getitem__, np.arange(len(equal))) <= 1.0
