"""A share of counted things, and how far it can be trusted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Self

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """A share of `of` questions and the interval, mostly of 95 %, in which the true one lies."""

    value: float
    low: float
    high: float
    of: int

    @classmethod
    def counted(cls, count: int, of: int) -> Self:
        return cls(count / of if of else 0.0, *wilson_interval(count, of), of)

    @classmethod
    def weighted(
        cls,
        rows: Sequence[tuple[bool, float]],
        confidence: float = _CONFIDENCE,
        is_cautious: bool = False,
    ) -> Self:
        """Return the share of rows that stand for as many as they weigh: the ratio estimator of
        Hájek (1971).

        The interval is Wilson's, or the cautious one, for the effective number of rows (Kish 1965),
        which is their number if all weigh the same.
        """
        total = sum(weight for _, weight in rows)
        if total == 0:
            return cls.counted(0, 0)
        share = sum(weight for flag, weight in rows if flag) / total
        effective = total**2 / sum(weight**2 for _, weight in rows)
        find_interval = cautious_interval if is_cautious else wilson_interval
        interval = find_interval(share * effective, effective, confidence)
        return cls(share, *interval, len(rows))


def wilson_interval(
    successes: float, n: float, confidence: float = _CONFIDENCE
) -> tuple[float, float]:
    """Return the interval of a share (Wilson 1927); everything from 0 to 1 without rows."""
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, z2 = successes / n, z**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def cautious_interval(
    successes: float, n: float, confidence: float = _CONFIDENCE
) -> tuple[float, float]:
    """Return Wilson's interval with a continuity correction (Newcombe 1998), nearly the exact one.

    It is for claims that hold with a handful of rows as well, where Wilson's own is too short.
    """
    if n == 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    share = successes / n

    def lowest(share: float) -> float:
        spread = z2 * (z2 - 2 - 1 / n + 4 * share * (n * (1 - share) + 1))
        return max(0.0, (2 * n * share + z2 - 1 - math.sqrt(max(0.0, spread))) / (2 * (n + z2)))

    return (lowest(share) if share > 0 else 0.0, 1 - lowest(1 - share) if share < 1 else 1.0)
