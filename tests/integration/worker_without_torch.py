"""A real worker whose trainer only hands back an encoder: a crash test needs no gradient.

It is the whole MiniLM, and better than that of version 1, which reads a few tokens.

Everything around the trainer is the product's: claim, freeze, build, publish, measure, release.
"""

import json
import shutil
import threading
from pathlib import Path
from typing import Any
from unittest.mock import patch

from workers.night import run_jobs, train
from workers.night.child import Progress
from workers.training.spec import TrainingSpec


def hand_back_encoder(
    folder: Path, minutes: float, progress: Progress, stop: threading.Event
) -> dict[str, Any]:
    progress("train", 1.0, "nothing to do")
    encoder = folder.parents[1] / "whole-encoder"
    spec = TrainingSpec.load(folder / "spec.json")
    for place in ("encoder", *(f"folds/{fold}" for fold in range(len(spec.folds)))):
        shutil.copytree(encoder, folder / "out" / place)
    training = {"seconds": 0.0, "history": [], "best_epoch": 0, "export": None, "libraries": {}}
    done: dict[str, Any] = json.loads(json.dumps(training | {"spec": spec.settings()}))
    return done


if __name__ == "__main__":
    with patch.object(train, "run_trainer", hand_back_encoder):
        run_jobs.main()
