import pytest

from chatbot.matching.in_batches import MOST_AT_ONCE, in_batches


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3])]
)
def test_slices_are_full_but_for_the_last_and_keep_the_order(count: int, sizes: list[int]) -> None:
    slices = list(in_batches(range(count), 3))
    assert [len(some) for some in slices] == sizes
    assert [item for some in slices for item in some] == list(range(count))


def test_without_a_number_it_is_what_a_matcher_takes_at_once() -> None:
    assert [len(some) for some in in_batches("x" * 100)] == [MOST_AT_ONCE, 100 - MOST_AT_ONCE]
