"""Train: say what is asked of the trainer, and have it done in a process of its own."""

import threading
from pathlib import Path
from typing import Any

from chatbot.failpoints import failpoint
from chatbot.settings import Settings
from chatbot.storage.artefacts import ArtefactStore
from workers.fitting.as_they_came import as_they_came
from workers.night.child import Progress, run_trainer
from workers.night.start import Start
from workers.training.recipe import make_spec
from workers.training.spec import TrainingSpec


def plan(start: Start, settings: Settings, artefacts: ArtefactStore) -> TrainingSpec:
    """Return what the trainer is asked for. Raises ArtefactRefused if the live version is damaged,
    where a training goes on from there.
    """
    return make_spec(
        start.frozen,
        as_they_came(start.frozen.training, start.frozen, start.chosen),
        settings,
        trains=start.situation.trains,
        start_from=_find_weights(start, settings, artefacts),
    )


def train(
    folder: Path, spec: TrainingSpec, minutes: float, progress: Progress, stop: threading.Event
) -> dict[str, Any]:
    """Return what the trainer says of itself; encoders are in `folder/out` then.

    It ends after so many `minutes`, or when `stop` is set. Raises TrainingFailed.
    """
    spec.dump(folder / "spec.json")
    training = run_trainer(folder, minutes, progress, stop)
    failpoint("train.after_child")
    return training


def _find_weights(start: Start, settings: Settings, artefacts: ArtefactStore) -> str | None:
    """Return the weights to go on from; None for the base model, or where the live version has
    none.
    """
    goes_on = start.situation.trains and settings.start_from == "live"
    if start.live.digest is None or not goes_on:
        return None
    weights = artefacts.fetch(start.live.digest) / "torch"
    return str(weights) if weights.is_dir() else None
