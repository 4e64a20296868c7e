import numpy as np
import pytest

from chatbot.matching.index import Vectors
from chatbot.matching.rows import UNKNOWN, Block, Rows, as_keys


def some_vectors(start: int, count: int) -> Vectors:
    return np.arange(start, start + count, dtype=np.float32)[:, None].repeat(3, axis=1)


def some_keys(start: int, count: int) -> list[str]:
    """In no order that searching could rely on."""
    return [f"{(n * 7919) % 10007:032x}" for n in range(start, start + count)]


def grown(sizes: list[int]) -> Rows:
    rows = Rows(3)
    for size in sizes:
        rows = rows.extended(as_keys(some_keys(len(rows), size)), some_vectors(len(rows), size))
    return rows


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([5], id="one-part"),
        pytest.param([100, 1, 1, 1, 1, 1, 1, 1], id="edit-by-edit"),
        pytest.param([3, 50, 2, 700, 1], id="mixed"),
        pytest.param([1] * 300, id="from-nothing"),
    ],
)
def test_a_row_keeps_its_number_key_and_vector(sizes: list[int]) -> None:
    rows = grown(sizes)
    total = sum(sizes)
    assert len(rows) == total
    backwards = np.arange(total)[::-1]
    keys = as_keys(some_keys(0, total)[::-1])
    np.testing.assert_array_equal(rows.find(keys), backwards)
    np.testing.assert_array_equal(rows.vectors(backwards), some_vectors(0, total)[::-1])
    assert rows.keys(backwards) == some_keys(0, total)[::-1]
    np.testing.assert_array_equal(rows.all_vectors(), some_vectors(0, total))


def test_many_small_edits_leave_few_blocks() -> None:
    assert len(grown([1000, *[1] * 2000])._blocks) < 8


def test_growing_leaves_the_earlier_as_they_were() -> None:
    first = grown([10, 2])
    second = first.extended(as_keys(some_keys(12, 1)), some_vectors(12, 1))
    (new,) = some_keys(12, 1)
    assert first.find(as_keys([new])).tolist() == [UNKNOWN]
    assert second.find(as_keys([new])).tolist() == [12]
    assert len(first) == 12


def test_the_first_part_is_never_copied() -> None:
    """It may be a file of gigabytes."""
    vectors = some_vectors(0, 4)
    rows = Rows(3, [Block(as_keys(some_keys(0, 4)), vectors)])
    assert rows.all_vectors() is vectors
    larger = rows.extended(as_keys(some_keys(4, 40)), some_vectors(4, 40))
    assert larger._blocks[0].vectors is vectors


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    rows = grown([3])
    unknown = as_keys([f"{10**9:032x}", some_keys(1, 1)[0], "f" * 32, "0" * 31 + "z"])
    assert rows.find(unknown).tolist() == [UNKNOWN, 1, UNKNOWN, UNKNOWN]
    assert Rows(3).find(unknown).tolist() == [UNKNOWN] * 4
    assert rows.find(as_keys([])).tolist() == []
    assert Rows(3).all_vectors().shape == (0, 3)


@pytest.mark.parametrize("row", [-1, 3])
def test_a_row_that_there_is_not_is_refused(row: int) -> None:
    with pytest.raises(IndexError):
        grown([3]).vectors(np.array([row]))
