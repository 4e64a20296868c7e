"""Measure what questions without a verdict are worth, on training rows that are neither learnt nor
asked.

A few rows of each intent are labelled, others are asked, and the rest is traffic that nobody
judged, mixed with questions of another data set. The product's own jobs, its encoder as it is
served: int8, HNSW, vote. No test rows, so that a choice made here does not spoil the test.
"""

from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from rich.table import Table

from bench.common import console, finish, load_dataset, parser
from bench.learn import learn
from bench.recipes import divide
from chatbot.domain.example import Example
from chatbot.services.learning.training_set import Labelled


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
        dataset = replace(banking, train=_labelled(learnt), test=_labelled(asked))
        for name, unlabelled in (("labelled alone", []), ("with traffic", traffic)):
            found = learn(dataset, unlabelled, seed)
            runs.append({"seed": seed, "name": name, **found["tuned"], **found["training"]})
    _show(runs)
    given = {name: getattr(arguments, name) for name in ("shots", "traffic", "foreign")}
    finish(f"guesses_banking77_{arguments.shots}shot", {**given, "runs": runs}, arguments.keep)


def _labelled(examples: list[Example]) -> list[Labelled]:
    return [Labelled(example.text, example.intent) for example in examples]


def _show(runs: list[dict[str, Any]]) -> None:
    table = Table("night", "right first", "answered", "of them wrong", "guessed", "seconds")
    for name in dict.fromkeys(run["name"] for run in runs):
        mine = [run for run in runs if run["name"] == name]
        mean = {
            part: fmean(run[part] for run in mine)
            for part in ("top1", "coverage", "wrong_answer_rate", "guessed", "seconds")
        }
        table.add_row(
            name,
            *(f"{mean[part]:.2%}" for part in ("top1", "coverage", "wrong_answer_rate")),
            *(f"{mean[part]:.0f}" for part in ("guessed", "seconds")),
        )
    console.print(table)


if __name__ == "__main__":
    run()
