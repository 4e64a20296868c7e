"""How sure each of many comparisons must be, so that asking every night does not promote noise."""


def significance(alpha: float, look: int) -> float:
    """What the `look`-th comparison with one live version (1, 2, …) may spend of `alpha`.

    A third of the budget for the first, half of that for the next, then ever less, but slowly: the
    longer a version is live, the more have agents taught, and the likelier is a better one. All
    looks together, however many, spend `alpha`; by Bonferroni's inequality the chance that any
    candidate that is no better is found better stays below it, however their comparisons depend on
    each other.
    """
    return 2 * alpha / ((look + 1) * (look + 2))
