"""Names that staff give to things. No encoder knows such a word, so its vector says
nothing of it.
"""

import math

LEAST_TEXTS = 2
"""Texts with a name from which on it speaks: one is no pattern."""


def weight_of_name(own: int, others: int, intents: int) -> float:
    """Return what a name adds to the logit of an intent, 0 or more.

    Of the known texts with the name, `own` are of the intent and `others` are not; there are
    `intents` in all. By the rule of succession (Laplace 1814) the next text with it is the
    intent's, too, with odds of own + 1 to others + 1, whereas of any text they are about one to the
    number of the others. The quotient of both is what the name says (Bayes' factor); that of the
    odds beforehand counts half, as the vectors have taken the name for something already.
    """
    if own < LEAST_TEXTS or own <= others:
        return 0.0
    return math.log((own + 1) / (others + 1)) + math.log(max(1, intents - 1)) / 2
