"""Test and estimate paired differences: two models were asked the same questions."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count

import numpy as np

_RESAMPLES = 10_000


def permutation_test(differences: Mapping[int, int]) -> float:
    """Return the two-sided exact p-value that each difference might as well have the other sign.

    `differences` says how often each occurs; 0 tells nothing. The sum is compared with those of all
    choices of signs (Fisher 1935, Pitman 1937). Its distribution is that of independent coins, so
    it comes from the product of their characteristic functions: no draws and no approximation.
    Where all are of one size, this is the exact McNemar test.
    """
    sizes = _sizes(differences)
    if not sizes:
        return 1.0
    unit = math.gcd(*sizes)
    total = sum(size // unit * times for size, times in sizes.items())
    net = abs(sum(value * times for value, times in differences.items())) // unit
    if net == 0:
        return 1.0
    length = 1 << total.bit_length()
    turns = np.exp(-2j * np.pi * np.arange(length // 2 + 1) / length)
    transform = np.ones_like(turns)
    for size, times in sizes.items():
        transform *= ((1 + turns ** (size // unit)) / 2) ** times
    chances = np.fft.irfft(transform, length)  # of each sum of what is in favour
    tail = 2 * float(chances[(total + net) // 2 : total + 1].sum())
    return min(1.0, max(tail, _least_p(sum(sizes.values()))))


def signed_rank_test(differences: Mapping[int, int]) -> float:
    """Return the two-sided exact p-value of the signed-rank test (Wilcoxon 1945) of paired
    differences.

    It is the `permutation_test` of ranks in place of sizes: one large difference, of which there
    are few, cannot drown many small ones. Ties have their mean rank, and ranks are counted in
    hundredths.
    """
    return permutation_test(_ranked(differences))


def mcnemar_exact(gained: int, lost: int) -> float:
    """Return the two-sided exact p-value that `gained` and `lost` discordant pairs are equally
    likely.

    McNemar (1947) with the exact binomial distribution; 1.0 when nothing changed.
    """
    return min(1.0, 2 * sign_test(min(gained, lost), max(gained, lost)))


def sign_test(gained: int, lost: int) -> float:
    """Return the one-sided exact p-value of `lost` or more of these discordant pairs, were both as
    likely.
    """
    n = gained + lost
    return sum(math.comb(n, i) for i in range(gained + 1)) / (1 << n)


def can_decide(differing: int, alpha: float) -> bool:
    """Return whether so many differing pairs, all in favour of one, would be significant."""
    return _least_p(differing) < alpha


def fewest_that_decide(alpha: float) -> int:
    return next(number for number in count(1) if can_decide(number, alpha))


def more_needed(
    differences: Mapping[int, int], alpha: float, most: int, in_favour: float = 1.0
) -> int:
    """Return how many more differing questions would be significant, or `most` if that is fewer.

    Each is taken to weigh as the median of those seen; `in_favour` is the share of them, more than
    half, that speaks for the candidate.
    """
    size = _median_size(differences)

    def decides(more: int) -> bool:
        won = math.floor(in_favour * more)
        then = Counter(differences)
        then.update({size: won})
        then.update({-size: more - won})
        ahead = sum(value * times for value, times in then.items()) > 0
        return ahead and signed_rank_test(then) < alpha

    return next(filter(decides, range(most)), most)


def estimate_gain(
    changes: Sequence[tuple[float, float]], seed: int
) -> tuple[float, tuple[float, float]]:
    """Return the mean paired change, and its 95 % percentile interval by resampling (Efron 1979).

    Each row has its change and its weight.
    """
    if not changes:
        return 0.0, (0.0, 0.0)
    kinds = Counter(changes)
    counts = np.array(list(kinds.values()))
    change, weight = np.array(list(kinds)).T
    random = np.random.default_rng(seed)
    draws = random.multinomial(len(changes), counts / len(changes), size=_RESAMPLES)
    low, high = np.percentile(draws @ (change * weight) / (draws @ weight), [2.5, 97.5])
    return float(counts @ (change * weight) / (counts @ weight)), (float(low), float(high))


def _least_p(differing: int) -> float:
    return min(1.0, 2 * 0.5**differing)


def _sizes(differences: Mapping[int, int]) -> Counter[int]:
    sizes: Counter[int] = Counter()
    for value, times in differences.items():
        if value and times:
            sizes[abs(value)] += times
    return sizes


def _ranked(differences: Mapping[int, int]) -> dict[int, int]:
    """Differences with 1 to 100 for the rank of their size, among all that tell something."""
    sizes = _sizes(differences)
    every = sum(sizes.values())
    ranks, below = {}, 0
    for size in sorted(sizes):
        ranks[size] = max(1, round(100 * (below + (sizes[size] + 1) / 2) / every))
        below += sizes[size]
    ranked: Counter[int] = Counter()
    for value, times in differences.items():
        if value and times:
            ranked[ranks[abs(value)] * (1 if value > 0 else -1)] += times
    return dict(ranked)


def _median_size(differences: Mapping[int, int]) -> int:
    sizes = sorted(_sizes(differences).elements())
    return sizes[len(sizes) // 2] if sizes else 1
