"""The recipe by which a model is trained on the rows of one night: settings, and what follows from
the size.
"""

import math
import os
from collections.abc import Collection, Sequence

from chatbot.domain.example import Example
from chatbot.domain.text import key
from chatbot.services.learning.training_set import Frozen
from chatbot.settings import Settings
from workers.fitting.calibrate import LEAST_ROWS
from workers.training.spec import TrainingSpec

LEAST_STEPS = 60
MOST_EPOCHS = 20
MOST_FOLDS = 3
ENOUGH_LEFT_OUT = 1000
HALF_TRAINED = 150  # texts from which on what training gave weighs more than what it began with
_NEARLY_ALL = 0.9


def say_what_lacks(frozen: Frozen, settings: Settings) -> str | None:
    """Say what an FAQ lacks that is too small to train on, and what to do; None if nothing."""
    teaching = [*frozen.training, *frozen.passages]
    intents = sorted({example.intent for example in teaching})
    if len(intents) > 1 or not settings.epochs:
        return None
    has = f"all utterances belong to one intent, “{intents[0]}”" if intents else "it has none"
    return (
        f"There is nothing to tell apart in the FAQ yet: {has}. Add utterances of a second intent, "
        "then train; until then the untrained model answers."
    )


def make_spec(
    frozen: Frozen,
    as_they_came: Collection[Example],
    settings: Settings,
    trains: bool,
    start_from: str | None,
) -> TrainingSpec:
    """Return the spec of a training; without `trains`, of the base model as it is.

    What came `as_they_came`, not chosen because it is hard, calibrates; in a small FAQ folds leave
    it out.
    """
    examples = (*frozen.training, *frozen.passages)
    epochs = epochs_for(len(examples), settings) if trains else 0
    cross_fits = epochs and not frozen.validation and len(frozen.training) >= LEAST_ROWS
    return TrainingSpec(
        base_model=settings.base_model,
        start_from=start_from,
        folds=make_folds(frozen.training, as_they_came) if cross_fits else (),
        epochs=epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        threads=settings.training_threads or os.cpu_count() or 1,
        examples=examples,
        validation=tuple(frozen.validation),
        pairs=tuple(frozen.pairs),
        left_out_pairs=tuple(frozen.left_out_pairs),
        trained_share=trained_share_for(len(examples)),
    )


def make_folds(
    examples: Sequence[Example], leaving_out: Collection[Example]
) -> tuple[tuple[int, ...], ...]:
    """Return the numbers of the examples that each fold leaves out: only ones worth `leaving_out`.

    A fold leaves out at most a third of an intent, rounded up, and never its only example; which
    ones has nothing to do with their age. Each fold is one training more, so there are no more of
    them than leave out nearly all that three would.
    """
    worth = set(leaving_out)
    of_intent: dict[str, list[int]] = {}
    for number, example in sorted(enumerate(examples), key=lambda each: key(each[1].text)):
        of_intent.setdefault(example.intent, []).append(number)
    offered = [
        [number for number in numbers if examples[number] in worth and len(numbers) > 1]
        for numbers in of_intent.values()
    ]
    most = [math.ceil(len(numbers) / MOST_FOLDS) for numbers in of_intent.values()]
    plans = [_share_out(offered, most, count) for count in range(1, MOST_FOLDS + 1)]
    left_out = [sum(map(len, plan)) for plan in plans]
    enough = min(ENOUGH_LEFT_OUT, _NEARLY_ALL * left_out[-1])
    return next(plan for plan, rows in zip(plans, left_out, strict=True) if rows >= enough)


def _share_out(
    offered: Sequence[Sequence[int]], most: Sequence[int], count: int
) -> tuple[tuple[int, ...], ...]:
    """`count` folds, each of at most `most[i]` of the numbers that intent i has `offered`."""
    folds: list[list[int]] = [[] for _ in range(count)]
    for place, (numbers, share) in enumerate(zip(offered, most, strict=True)):
        for fold in range(count):
            folds[fold] += numbers[(fold + place) % count :: count][:share]
    return tuple(tuple(fold) for fold in folds if fold)


def epochs_for(rows: int, settings: Settings) -> int:
    """Return how many epochs `rows` take: a small FAQ needs more of them to learn anything."""
    steps = max(1, math.ceil(rows / settings.batch_size))
    enough = min(math.ceil(LEAST_STEPS / steps), MOST_EPOCHS)
    return max(settings.epochs, enough) if settings.epochs else 0


def trained_share_for(rows: int) -> float:
    """Return how far the weights go from those before training to those that `rows` texts gave.

    Few texts say little of what else visitors ask, which the model knew something of before.
    """
    return round(rows / (rows + HALF_TRAINED), 3) if rows else 1.0
