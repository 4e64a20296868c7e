"""What questions without a verdict are worth, on training rows that are neither learnt nor asked.

A few rows of each intent are labelled, others are asked, and the rest is traffic that nobody
judged, mixed with questions of another data set. The product's own trainer, its encoder as it is
served: int8, HNSW, vote. No test rows, so that a choice made here does not spoil the test.
"""

import os
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from rich.table import Table

from bench.common import console, finish, load_dataset, parser
from bench.recipes import divide, right_first
from chatbot.domain.example import Example
from chatbot.settings import Settings
from workers.contrastive import fit
from workers.recipe import epochs_for
from workers.spec import TrainingSpec


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="has banking77/ and clinc150/")
    made.add_argument("--shots", type=int, default=5, help="labelled rows an intent")
    made.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    made.add_argument("--traffic", type=int, default=5000, help="rows that nobody judged")
    made.add_argument("--foreign", type=int, default=1200, help="of another data set, beside them")
    arguments = made.parse_args()
    banking = load_dataset(arguments.data, "banking77")
    clinc = load_dataset(arguments.data, "clinc150")
    foreign = clinc.out_of_scope + [row.text for row in clinc.train]
    runs = []
    for seed in arguments.seeds:
        learnt, asked, left = divide(banking, arguments.shots, seed)
        random = Random(seed)
        traffic = [e.text for e in random.sample(left, min(arguments.traffic, len(left)))]
        traffic += random.sample(foreign, arguments.foreign)
        ways: dict[str, tuple[list[str], int]] = {
            "labelled alone": ([], 1),
            "labelled alone, as long as with traffic": ([], 2),
            "with traffic": (traffic, 1),
        }
        for name, (unlabelled, longer) in ways.items():
            with console.status(f"seed {seed}: {name} …"):
                found = _try(learnt, unlabelled, asked, seed, longer)
            console.print(f"seed {seed}: {name}: {found['top1']:.2%}")
            runs.append({"seed": seed, "name": name} | found)
    _show(runs)
    finish(f"guesses_banking77_{arguments.shots}shot", {"runs": runs}, arguments.keep)


def _try(
    learnt: list[Example], unlabelled: list[str], asked: list[Example], seed: int, longer: int
) -> dict[str, Any]:
    settings = Settings.from_env()
    spec = TrainingSpec(
        examples=tuple(learnt),
        unlabelled=tuple(unlabelled),
        epochs=longer * epochs_for(len(learnt), settings),
        seed=seed,
        threads=settings.training_threads or os.cpu_count() or 1,
    )
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        trained = fit(spec, Path(folder), lambda *_: None)
    seconds = time.monotonic() - started
    top1 = right_first(trained.model, learnt, asked)
    return {"top1": top1, "guessed": trained.guessed, "seconds": seconds}


def _show(runs: list[dict[str, Any]]) -> None:
    table = Table("training", "right first", "guessed", "seconds")
    for name in dict.fromkeys(run["name"] for run in runs):
        mine = [run for run in runs if run["name"] == name]
        top1, guessed, seconds = (
            fmean(run[part] for run in mine) for part in ("top1", "guessed", "seconds")
        )
        table.add_row(name, f"{top1:.2%}", f"{guessed:.0f}", f"{seconds:.0f}")
    console.print(table)


if __name__ == "__main__":
    run()
