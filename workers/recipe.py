"""How a model is trained on the rows of one night: settings, and what follows from the size."""

import math
import os

from chatbot.services.examples import Frozen
from chatbot.settings import Settings
from workers.calibrate import LEAST_ROWS
from workers.spec import TrainingSpec

FOLDS = 3
LEAST_STEPS = 60
MOST_EPOCHS = 20


def make_spec(
    frozen: Frozen, settings: Settings, trains: bool, start_from: str | None
) -> TrainingSpec:
    """Without `trains`, the base model as it is."""
    epochs = epochs_for(len(frozen.training), settings) if trains else 0
    cross_fits = epochs and not frozen.validation and len(frozen.training) >= LEAST_ROWS
    return TrainingSpec(
        base_model=settings.base_model,
        start_from=start_from,
        folds=FOLDS if cross_fits else 0,
        epochs=epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        threads=settings.training_threads or os.cpu_count() or 1,
        examples=tuple(frozen.training),
        validation=tuple(frozen.validation),
    )


def epochs_for(rows: int, settings: Settings) -> int:
    """A small FAQ is gone through more often: it takes so many steps to learn anything."""
    steps = max(1, math.ceil(rows / settings.batch_size))
    enough = min(math.ceil(LEAST_STEPS / steps), MOST_EPOCHS)
    return max(settings.epochs, enough) if settings.epochs else 0
