"""Split many texts into batches: what a matcher holds of each would fill the memory
for thousands.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

MOST_AT_ONCE = 64

T = TypeVar("T")


def in_batches(items: Sequence[T], most: int = MOST_AT_ONCE) -> Iterator[Sequence[T]]:
    """Return slices of `items` in their order, of 1 to `most` each; none of no items."""
    for start in range(0, len(items), most):
        yield items[start : start + most]
