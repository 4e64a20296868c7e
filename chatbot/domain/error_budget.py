"""How sure each of many comparisons must be, so that asking every night does not promote noise."""


def significance(alpha: float, look: int) -> float:
    """What the `look`-th comparison with one live version (1, 2, …) may spend of `alpha`.

    A fifth of the budget for the first, then ever less, but slowly: the longer a version is live,
    the more have agents taught, and the likelier is a better one. The comparison is two-sided and
    only one side promotes, so it may spend twice its share. All looks together, however many, spend
    `alpha`; by Bonferroni's inequality the chance that any candidate that is no better is promoted
    stays below it, however their comparisons depend on each other.
    """
    share = 4 / ((look + 3) * (look + 4))
    return 2 * alpha * share
