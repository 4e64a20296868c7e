"""Choose the texts that the trainer compares in one step, and the pairs with a score."""

import math
from collections.abc import Iterator, Sequence
from random import Random

from chatbot.domain.example import Example

TOGETHER = 2
"""Texts of one intent that go into a batch together, so that each has one to be near to."""

LEAST_PAIRS, MOST_PAIRS = 8, 64
"""Pairs with a score in one step, where there are any."""


def compose(examples: Sequence[Example], size: int, random: Random) -> Iterator[list[int]]:
    """Yield numbers of `examples`, each of them once, about `size` in a batch.

    A question that an agent corrected brings a text of the intent that was wrong along, which it
    must learn to keep away from.
    """
    by_intent: dict[str, list[int]] = {}
    for number, example in enumerate(examples):
        by_intent.setdefault(example.intent, []).append(number)
    groups = []
    for numbers in by_intent.values():
        mixed = random.sample(numbers, len(numbers))
        groups += [mixed[at : at + TOGETHER] for at in range(0, len(mixed), TOGETHER)]
    random.shuffle(groups)
    batch: list[int] = []
    for group in groups:
        batch += group
        batch += [
            random.choice(by_intent[rejected])
            for number in group
            if (rejected := examples[number].rejected) in by_intent and rejected is not None
        ]
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def spread_pairs(count: int, steps: int, random: Random) -> list[list[int]]:
    """Return which of `count` pairs each of an epoch's `steps` trains: each pair once, mixed.

    Steps without any lie between, so that an error is a mean over LEAST_PAIRS or more of them; of
    more than `steps` times MOST_PAIRS, this epoch trains only so many.
    """
    mixed = random.sample(range(count), min(count, steps * MOST_PAIRS))
    parts = min(steps, math.ceil(len(mixed) / LEAST_PAIRS))
    spread: list[list[int]] = [[] for _ in range(steps)]
    for part in range(parts):
        spread[part * steps // parts] = mixed[part::parts]
    return spread
