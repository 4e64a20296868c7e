"""Spend alpha over many comparisons, so that asking every night does not promote noise (alpha
spending).
"""


def significance(alpha: float, comparison: int) -> float:
    """Return what the comparison with one live version may spend of `alpha`; it is 1 for the first.

    A fifth of the budget for the first, then ever less, but slowly: the longer a version is live,
    the more have agents taught, and the likelier is a better one. The comparison is two-sided and
    only one side promotes, so it may spend twice its share. Together, however many, they spend
    `alpha`; by Bonferroni's inequality the chance that any candidate that is no better is promoted
    stays below it, however their comparisons depend on each other.
    """
    share = 4 / ((comparison + 3) * (comparison + 4))
    return 2 * alpha * share
