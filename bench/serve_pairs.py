"""Ask the code of two commits in turns, on one machine: is the later one as fast?

Each commit serves an instance of its own with the catalogue of `bench/serve.py`, filled by its own
commands. Both run at once and are asked a block of questions in turns, each first in half of the
pairs: on a shared machine only neighbours in time can be compared. What counts is the median of the
ratios within pairs, later to earlier, with its interval; and how long processors worked for a
question, which depends less on what else runs.
"""

import csv
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from random import Random
from statistics import median
from subprocess import run as run_program
from typing import Any, NamedTuple

import psutil

from bench.common import console, finish, parser, percentile
from bench.instance import free_port, serve, workers_of
from bench.load import ask_in_closed_loops, http_request
from bench.serve import QUESTIONS, WARM_UP, split
from bench.unchanged import check_out, name_of
from chatbot.services.learning.training_set import Labelled
from chatbot.settings import Settings

CLIENTS = (1, 16)
FIGURES = ("per_second", "p50_ms", "processor_ms")
RESAMPLED = 2000
Levels = dict[int, dict[str, float]]
Pairs = Sequence[tuple[float, float]]


class Instance(NamedTuple):
    """The working tree of a commit, with a filled data folder and a key to ask with."""

    tree: Path
    folder: Path
    secret: str


class Served(NamedTuple):
    """An instance that runs on a port: the process that watches its web processes, and the key."""

    port: int
    server: psutil.Process
    secret: str


def run() -> None:
    made = parser(__doc__)
    made.add_argument("before", help="commit or branch")
    made.add_argument("after", help="commit or branch")
    made.add_argument("--data", type=Path, required=True, help="folder that holds banking77/")
    made.add_argument("--pairs", type=int, default=60)
    made.add_argument("--block", type=int, default=100, help="questions of one turn")
    arguments = made.parse_args()
    catalogue, questions = split(arguments.data, QUESTIONS)
    commits = (arguments.before, arguments.after)
    rounds: tuple[list[Levels], list[Levels]] = ([], [])
    with tempfile.TemporaryDirectory(prefix="serve-pairs-") as name, ExitStack() as stack:
        file = write_csv(Path(name, "catalogue.csv"), catalogue)
        instances = [
            fill(stack.enter_context(check_out(commit, Path(name, when, "tree"))), file)
            for when, commit in zip(("before", "after"), commits, strict=True)
        ]
        served = [stack.enter_context(start(instance)) for instance in instances]
        texts = cycle([row.text for row in questions])
        for number in range(arguments.pairs):
            asked = list(islice(texts, arguments.block))
            for which in (0, 1) if number % 2 else (1, 0):
                rounds[which].append(measure(served[which], asked))
            console.print(number, rounds[0][-1], rounds[1][-1])
    figures = {"before": name_of(commits[0]), "after": name_of(commits[1])}
    finish("serve_pairs", figures | compare(*rounds), arguments.keep)


def write_csv(path: Path, catalogue: list[Labelled]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "intent", "answer"])
        rows.writerows((row.text, row.intent, f"About {row.intent}.") for row in catalogue)
    return path


def fill(tree: Path, catalogue: Path) -> Instance:
    """Make an instance beside `tree`, by its commands: FAQ, first model and key."""
    folder = tree.with_name("data")
    with code_of(tree):
        shell(folder, "import", str(catalogue))
        shell(folder, "ask", "--test", "where is my card")
        said = shell(folder, "key", "create", "--scope", "ask", "bench")
    return Instance(tree, folder, said.split()[-1])


@contextmanager
def code_of(tree: Path) -> Iterator[None]:
    """Let programs that are started inside the block run the code of `tree`."""
    before = dict(os.environ)
    os.environ |= {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def shell(folder: Path, *arguments: str) -> str:
    """Return what a command prints. Raises SystemExit with its error if it fails."""
    command = [sys.executable, "-m", "chatbot.cli", "--data-dir", str(folder), *arguments]
    done = run_program(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def start(instance: Instance) -> Iterator[Served]:
    """Serve an instance by the code of its tree, warmed up."""
    port = free_port()
    settings = Settings.from_env(data_dir=instance.folder, web_processes=os.cpu_count() or 1)
    with ExitStack() as stack:
        with code_of(instance.tree):
            server = stack.enter_context(serve(settings, port))
        served = Served(port, server, instance.secret)
        measure(served, [f"where is my card {number}" for number in range(WARM_UP)])
        yield served


def measure(served: Served, questions: list[str]) -> Levels:
    """Return, by number of clients, questions a second, the median of milliseconds, and how many
    milliseconds the server's processors worked for one.
    """
    headers, found = {"Authorization": f"Bearer {served.secret}"}, {}

    def prepare(text: str) -> bytes:
        return http_request("POST", "/ask", json.dumps({"text": text}).encode(), headers)

    for clients in CLIENTS:
        before = worked(served)
        seen = ask_in_closed_loops(served.port, clients, questions, prepare)
        assert len(seen.good) == len(questions)
        found[clients] = {
            "per_second": round(seen.per_second, 1),
            "p50_ms": round(1000 * percentile(seen.good, 0.5), 3),
            "processor_ms": round(1000 * (worked(served) - before) / len(questions), 3),
        }
    return found


def worked(served: Served) -> float:
    """Return the seconds that processors worked for the web processes so far."""
    return sum(sum(process.cpu_times()[:2]) for process in workers_of(served.server))


def compare(before: list[Levels], after: list[Levels]) -> dict[str, Any]:
    """Return medians before and after, and the ratio of both with its 95 % interval."""
    figures: dict[str, Any] = {"pairs": len(before)}
    for clients in CLIENTS:
        for figure in FIGURES:
            pairs = [
                (a[clients][figure], b[clients][figure]) for a, b in zip(before, after, strict=True)
            ]
            ratio_of = ratio_of_sums if figure == "processor_ms" else median_ratio
            name = f"{figure}_{clients}_clients"
            figures |= {
                f"{name}_before": median(a for a, _ in pairs),
                f"{name}_after": median(b for _, b in pairs),
                f"{name}_ratio": round(ratio_of(pairs), 4),
                f"{name}_ratio_interval": interval(pairs, ratio_of),
            }
    return figures


def median_ratio(pairs: Pairs) -> float:
    return median(later / earlier for earlier, later in pairs)


def ratio_of_sums(pairs: Pairs) -> float:
    """Return the ratio of both sums: processors count their work in steps as long as questions."""
    return sum(later for _, later in pairs) / sum(earlier for earlier, _ in pairs)


def interval(pairs: Pairs, ratio_of: Callable[[Pairs], float]) -> list[float]:
    """Return the ratio's interval, from and to in 95 of 100 cases, by resampling the pairs."""
    random = Random(0)
    ratios = [ratio_of(random.choices(pairs, k=len(pairs))) for _ in range(RESAMPLED)]
    return [round(percentile(ratios, share), 4) for share in (0.025, 0.975)]


if __name__ == "__main__":
    run()
