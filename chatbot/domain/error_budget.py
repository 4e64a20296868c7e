"""How sure each of many comparisons must be, so that asking every night does not promote noise."""

NIGHTS = 365


def significance(alpha: float, look: int) -> float:
    """What the `look`-th comparison with one live version (1, 2, …) may spend of `alpha`.

    Half of the budget goes to the first few looks, halved each time: a candidate right after a
    promotion, or an FAQ's first, is the likeliest to be better. The other half is spread evenly
    over a year of nights. By Bonferroni's inequality the chance that any candidate of a year that
    is no better is found better stays below `alpha`, however their comparisons depend on each
    other.
    """
    return alpha / 2 * (0.5**look + 1 / NIGHTS)
