from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chatbot.errors import ArtefactRefused
from chatbot.matching.index import BruteForceIndex, HnswIndex, Index, Vectors


def clustered(count: int, dimension: int = 64, clusters: int = 150, seed: int = 7) -> Vectors:
    """Unit vectors in clusters, as the utterances of intents are."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(clusters, dimension))
    vectors = centres[random.integers(clusters, size=count)]
    vectors = vectors + 0.35 * random.normal(size=vectors.shape)
    scaled: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return clustered(5000)


@pytest.fixture(scope="module")
def index(vectors: Vectors) -> HnswIndex:
    return HnswIndex.build(vectors)


def test_it_finds_the_ten_nearest_that_exact_search_finds(
    index: HnswIndex, vectors: Vectors
) -> None:
    queries = clustered(300, seed=8)
    found, _ = index.search(queries, 10)
    exact, _ = BruteForceIndex(vectors).search(queries, 10)
    recall = np.mean([len(set(f) & set(e)) / 10 for f, e in zip(found, exact, strict=True)])
    assert recall >= 0.99


@pytest.mark.parametrize("kind", [HnswIndex.build, BruteForceIndex], ids=["hnsw", "brute-force"])
def test_similarities_are_cosines_and_fall(
    kind: Callable[[Vectors], Index], vectors: Vectors
) -> None:
    few = vectors[:200]
    positions, similarities = kind(few).search(vectors[:20], 5)
    assert positions[:, 0].tolist() == list(range(20))
    assert (np.diff(similarities, axis=1) <= 1e-6).all()
    cosines = np.einsum("qd,qkd->qk", vectors[:20], few[positions])
    np.testing.assert_allclose(similarities, cosines, atol=1e-5)


@pytest.mark.parametrize("kind", [HnswIndex.build, BruteForceIndex], ids=["hnsw", "brute-force"])
@pytest.mark.parametrize(
    ("size", "asked", "k", "shape"),
    [
        pytest.param(3, 2, 10, (2, 3), id="k-above-size"),
        pytest.param(3, 2, 3, (2, 3), id="k-is-size"),
        pytest.param(1, 1, 1, (1, 1), id="one"),
        pytest.param(0, 2, 5, (2, 0), id="empty-index"),
        pytest.param(3, 0, 2, (0, 2), id="no-query"),
    ],
)
def test_an_index_gives_no_more_than_it_has(
    kind: Callable[[Vectors], Index], size: int, asked: int, k: int, shape: tuple[int, int]
) -> None:
    index = kind(clustered(5)[:size])
    positions, similarities = index.search(clustered(5)[:asked], k)
    assert index.size == size
    assert len(positions) == len(similarities) == asked
    assert not asked or positions.shape == similarities.shape == shape


def test_phrasings_with_equal_vectors_hide_neither_each_other_nor_the_rest(
    vectors: Vectors,
) -> None:
    """Some 100 equal vectors begin to cut the graph into islands; 40 must do no harm."""
    random = np.random.default_rng(3)
    crowded = random.permutation(np.concatenate([vectors, np.repeat(vectors[:5], 40, axis=0)]))
    queries = np.concatenate([vectors[:5], clustered(100, seed=8)])
    _, found = HnswIndex.build(crowded).search(queries, 10)
    _, exact = BruteForceIndex(crowded).search(queries, 10)
    np.testing.assert_allclose(found[:5], 1, atol=1e-5)
    assert np.mean(found >= exact[:, -1:] - 1e-5) >= 0.99


BAD: dict[str, Callable[[Vectors], NDArray[Any]]] = {
    "other-dimension": lambda v: v[:, :63].copy(),
    "one-vector-alone": lambda v: v[0],
    "float64": lambda v: v.astype(np.float64),
    "int8": lambda v: v.astype(np.int8),
    "nan": lambda v: np.where(np.arange(64) == 3, np.nan, v).astype(np.float32),
    "infinite": lambda v: np.where(np.arange(64) == 3, np.inf, v).astype(np.float32),
    "zero": lambda v: np.concatenate([v, np.zeros((1, 64), np.float32)]),
}


@pytest.mark.parametrize("damage", BAD.values(), ids=BAD)
def test_a_query_that_would_crash_or_lie_is_refused(
    index: HnswIndex, vectors: Vectors, damage: Callable[[Vectors], Vectors]
) -> None:
    with pytest.raises(ValueError, match="need float32 vectors|zero or not finite"):
        index.search(damage(vectors[:4]), 3)


@pytest.mark.parametrize("name", ["float64", "int8", "nan", "infinite", "zero"])
def test_vectors_that_would_spoil_an_index_are_refused(vectors: Vectors, name: str) -> None:
    with pytest.raises(ValueError, match="need float32 vectors|zero or not finite"):
        HnswIndex.build(BAD[name](vectors[:4]))


def test_the_same_vectors_give_the_same_bytes(vectors: Vectors, tmp_path: Path) -> None:
    few = vectors[:1000]
    for name in ("first", "second"):
        HnswIndex.build(few).save(tmp_path / name)
    HnswIndex.build(few[::-1].copy()).save(tmp_path / "other")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    assert (tmp_path / "first").read_bytes() != (tmp_path / "other").read_bytes()


def test_a_loaded_index_answers_as_the_saved_one(
    index: HnswIndex, vectors: Vectors, tmp_path: Path
) -> None:
    index.save(tmp_path / "index.hnsw")
    loaded = HnswIndex.load(tmp_path / "index.hnsw", 64, 5000)
    queries = clustered(50, seed=9)
    for mine, theirs in zip(loaded.search(queries, 10), index.search(queries, 10), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("dimension", "count", "reason"),
    [
        pytest.param(64, 9, "holds 10 items, not 9", id="fewer-items"),
        pytest.param(64, 11, "holds 10 items, not 11", id="more-items"),
        pytest.param(32, 10, "64 numbers, not 32", id="smaller-dimension"),
        pytest.param(128, 10, "64 numbers, not 128", id="greater-dimension"),
    ],
)
def test_a_file_that_is_not_what_the_manifest_says_is_refused(
    tmp_path: Path, dimension: int, count: int, reason: str
) -> None:
    HnswIndex.build(clustered(10)).save(tmp_path / "index.hnsw")
    with pytest.raises(ArtefactRefused, match=rf"^index\.hnsw .*{reason}$"):
        HnswIndex.load(tmp_path / "index.hnsw", dimension, count)


@pytest.mark.parametrize("content", [b"", b"not an index"], ids=["empty", "too-short"])
def test_a_file_without_an_index_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index.hnsw").write_bytes(content)
    with pytest.raises(ArtefactRefused, match="cannot be read"):
        HnswIndex.load(tmp_path / "index.hnsw", 64, 10)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactRefused, match="cannot be read"):
        HnswIndex.load(tmp_path / "index.hnsw", 64, 10)
