"""Select the rows that stand for what visitors ask: a calibration promises for all questions."""

from collections.abc import Container, Sequence

from chatbot.domain.example import Example
from chatbot.services.learning.training_set import Frozen
from workers.fitting.calibrate import LEAST_ROWS


def as_they_came(
    examples: Sequence[Example], frozen: Frozen, chosen: Container[str]
) -> list[Example]:
    """Return `examples` without the `chosen` texts, which agents were asked because they are hard.

    All of them where the rows of `frozen` leave fewer than `LEAST_ROWS` then: a tiny FAQ has
    nothing else to calibrate on.
    """
    everything = [*frozen.training, *frozen.validation]
    if sum(example.text not in chosen for example in everything) < LEAST_ROWS:
        return list(examples)
    return [example for example in examples if example.text not in chosen]
