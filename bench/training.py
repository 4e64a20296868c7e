"""Measure how fast a night's training is beside the plain sentence-transformers trainer.

Both fine-tune the same base model on the same rows with the same loss, batch size, rate and number
of epochs, one after the other on the same cores; then both are exported and asked the test part as
they would be served. The plain trainer runs in the environment of the peer `setfit`, which brings
it along: `python -m bench.peers.environments setfit`.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

from bench.common import Dataset, console, finish, load_dataset, parser
from bench.learn import few_shot
from bench.peers import REPOSITORY, python
from bench.recipes import serve
from chatbot.domain.example import Example
from chatbot.matching.encoder import OnnxEncoder
from workers.export import export
from workers.training import base_model, training_loop
from workers.training.spec import TrainingSpec

PLAIN = "setfit"  # the peer whose environment has the plain trainer


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="has banking77/")
    made.add_argument("--shots", type=int, default=0, help="training rows an intent; 0: all")
    made.add_argument("--epochs", type=int, default=3)
    arguments = made.parse_args()
    dataset = few_shot(load_dataset(arguments.data, "banking77"), arguments.shots, seed=1)
    examples = tuple(Example(row.text, str(row.intent)) for row in dataset.train)
    spec = TrainingSpec(examples, epochs=arguments.epochs, threads=os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as folder:
        with console.status("the plain trainer …"):
            plain = _train_plainly(spec, Path(folder) / "plain", dataset)
        with console.status("ours …"):
            ours = _train(spec, Path(folder) / "ours", dataset)
    figures: dict[str, Any] = {"rows": len(examples), "epochs": spec.epochs, "ours": ours}
    figures |= {"plain": plain, "speed_ratio": plain["seconds"] / ours["seconds"]}
    figures |= {"ours.top1": ours["top1"], "plain.top1": plain["top1"]}
    finish("training", figures, arguments.keep)


def _train(spec: TrainingSpec, folder: Path, dataset: Dataset) -> dict[str, float]:
    result = training_loop.fit(spec, folder, lambda *_: None)
    return {"seconds": result.seconds, "top1": _top1(folder, spec, dataset)}


def _train_plainly(spec: TrainingSpec, job: Path, dataset: Dataset) -> dict[str, float]:
    """Train with the plain trainer. Raises CalledProcessError, after what the trainer wrote to
    stderr.
    """
    job.mkdir()
    numbers: dict[str, int] = {}
    given = {
        "base_model": str(base_model.resolve(spec.base_model)),
        "texts": [example.text for example in spec.examples],
        "labels": [numbers.setdefault(e.intent, len(numbers)) for e in spec.examples],
        **{name: getattr(spec, name) for name in ("epochs", "batch_size", "learning_rate")},
        **{name: getattr(spec, name) for name in ("seed", "threads")},
    }
    (job / "spec.json").write_text(json.dumps(given), encoding="utf-8")
    command = [str(python(PLAIN)), "-m", "bench.peers.plain_trainer", str(job)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, env=environment)
    seconds = float(done.stdout.strip().splitlines()[-1])
    return {"seconds": seconds, "top1": _top1(job / "model", spec, dataset)}


def _top1(weights: Path, spec: TrainingSpec, dataset: Dataset) -> float:
    """Return top-1 on the test part, by an encoder exported from the folder `weights`."""
    sample = [example.text for example in spec.examples[:500]]
    with tempfile.TemporaryDirectory() as folder:
        export.write(base_model.load(weights), Path(folder), sample)
        matcher = serve(OnnxEncoder.open(Path(folder)), spec.examples)
    matches = matcher.match_all([row.text for row in dataset.test])
    return fmean(
        bool(match.candidates) and match.candidates[0].intent == row.intent
        for match, row in zip(matches, dataset.test, strict=True)
    )


if __name__ == "__main__":
    run()
