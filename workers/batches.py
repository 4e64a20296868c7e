"""Which texts the trainer compares in one step."""

from collections.abc import Iterator, Sequence
from random import Random

from chatbot.domain.example import Example

TOGETHER = 2
"""Texts of one intent that go into a batch together, so that each has one to be near to."""


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
