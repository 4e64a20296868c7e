"""Hand damaged exports to every format: only a draft or InvalidCatalogue may come out.

The exports are those of tests/exports.py and, with `--data`, real files. Each input is read in a
process aside, which may write nothing, take 2 s of a processor and 300 MiB. What takes longer is
said while it runs, and ended after a minute. `--only FORMAT:NUMBER` tries one again.
"""

import multiprocessing
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import psutil
from rich.table import Table

from bench.common import console, finish, parser
from tests.damage import Handed, damaged, outcome
from tests.exports import EXPORTS, Files

MOST_SECONDS = 2.0
MOST_MIB = 300.0
PATIENCE_SECONDS = 10.0
ENDED_AFTER_SECONDS = 60.0
LARGEST_FILE = 400_000
USUAL_FILE = 20_000
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
WRITES = ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "subprocess.Popen")


@dataclass
class Tally:
    """What became of the inputs of one format."""

    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0.0
    most_mib: float = 0.0
    faults: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "inputs": self.inputs,
            **{name: self.outcomes[name] for name in ("read", "refused", "slow", "large", "fault")},
            "slowest_seconds": round(self.slowest_seconds, 2),
            "most_mib": round(self.most_mib, 1),
            "faults": self.faults,
        }


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--inputs", type=int, default=10_000, metavar="N", help="of each format")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--data", type=Path, help="a folder of real exports, a folder a format")
    made.add_argument("--formats", nargs="+", choices=EXPORTS, default=list(EXPORTS))
    made.add_argument("--only", metavar="FORMAT:NUMBER", help="say what becomes of one input")
    arguments = made.parse_args()
    if arguments.only:
        name, number = arguments.only.rsplit(":", 1)
        print(_try_one(name, int(number), arguments.seed, _seeds(name, arguments.data)))
        return
    tallies = {}
    for name in arguments.formats:
        tallies[name] = _fuzz(name, arguments.inputs, arguments.seed, arguments.data)
        console.print(
            f"{name}: {tallies[name].inputs:,} inputs, {len(tallies[name].faults)} faults"
        )
    _show(tallies)
    formats = {name: tally.to_json() for name, tally in tallies.items()}
    totals = Counter(tally.inputs for tally in tallies.values())
    wrong = sum(len(tally.faults) for tally in tallies.values())
    figures = {"seed": arguments.seed, "inputs_each": max(totals), "faults": wrong}
    finish("fuzz_formats", {**figures, "formats": formats}, arguments.keep)
    sys.exit(wrong > 0)


def _fuzz(name: str, inputs: int, seed: int, data: Path | None) -> Tally:
    """Hand the inputs to a worker; one that is ended is followed by another, at the next input."""
    tally, done, processes = Tally(), 0, multiprocessing.get_context("spawn")
    while done < inputs:
        ours, theirs = processes.Pipe()
        arguments = (name, done, inputs, seed, data, theirs)
        worker = processes.Process(target=_work, args=arguments, daemon=True)
        worker.start()
        theirs.close()
        done = _follow(name, ours, worker, tally, done)
        worker.kill()
        worker.join()
    return tally


def _follow(name: str, said: Connection, worker: Any, tally: Tally, done: int) -> int:
    """Take in what a worker says, and return at which input the next one goes on."""
    busy, began, warned = psutil.Process(worker.pid), 0.0, False
    while True:
        try:
            reply = said.recv() if said.poll(1.0) else None
        except EOFError:
            worker.join()
            if worker.exitcode == 0:
                return done
            _note(tally, name, done, "fault", f"ended its process ({worker.exitcode})")
            return done + 1
        if reply is not None:
            done = _take(tally, name, reply) + 1
            began, warned = reply["processor_seconds"], False
            if reply["mib"] > MOST_MIB:
                return done
            continue
        used = busy.cpu_times().user - began
        if used > PATIENCE_SECONDS and not warned:
            warned = True
            console.print(f"{name}:{done} has run for {used:.0f} s, and still runs")
        if used > ENDED_AFTER_SECONDS:
            _note(tally, name, done, "fault", f"ended after {used:.0f} s")
            return done + 1


def _take(tally: Tally, name: str, reply: dict[str, Any]) -> int:
    number = int(reply["number"])
    tally.inputs += 1
    tally.slowest_seconds = max(tally.slowest_seconds, reply["seconds"])
    tally.most_mib = max(tally.most_mib, reply["mib"])
    tally.outcomes[reply["kind"]] += 1
    if reply["kind"] == "fault":
        _report(tally, name, number, "fault", f"{reply['done']}: {reply['said']}")
    if reply["seconds"] > MOST_SECONDS:
        _note(tally, name, number, "slow", f"{reply['done']}: {reply['seconds']:.1f} s")
    if reply["mib"] > MOST_MIB:
        _note(tally, name, number, "large", f"{reply['done']}: {reply['mib']:.0f} MiB")
    return number


def _note(tally: Tally, name: str, number: int, kind: str, said: str) -> None:
    tally.outcomes[kind] += 1
    _report(tally, name, number, kind, said)


def _report(tally: Tally, name: str, number: int, kind: str, said: str) -> None:
    tally.faults.append({"input": f"{name}:{number}", "kind": kind, "said": said})
    console.print(f"{name}:{number} {kind} {said}", markup=False)


def _work(name: str, first: int, inputs: int, seed: int, data: Path | None, to: Connection) -> None:
    """Read inputs one after the other, and say of each what became of it."""
    seeds, written = _seeds(name, data), _watch_writes()
    for number in range(first, inputs):
        handed, done = _input(name, number, seed, seeds)
        written.clear()
        began = time.process_time()
        kind, said = outcome(handed)
        seconds = time.process_time() - began
        if written:
            kind, said = "fault", f"wrote: {written[0]}"
        mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        reply = {"number": number, "kind": kind, "said": said[:600], "done": done}
        used = {"seconds": seconds, "processor_seconds": time.process_time(), "mib": mib}
        to.send(reply | used)


def _watch_writes() -> list[str]:
    """Return a list that fills with whatever this process does to files, or starts."""
    written: list[str] = []

    def hear(event: str, arguments: Any) -> None:
        if event in WRITES or event.startswith("socket.connect"):
            written.append(event)
        elif event == "open" and (arguments[2] or 0) & WRITING:
            written.append(f"open {arguments[0]!r}")

    sys.addaudithook(hear)
    return written


def _input(name: str, number: int, seed: int, seeds: list[Files]) -> tuple[Handed, str]:
    random = Random(f"{seed} {name} {number}")
    weights = [1 / (1 + sum(map(len, files.values())) / USUAL_FILE) for files in seeds]
    [files] = random.choices(seeds, weights)
    handed: Handed
    handed, done = damaged(files, random)
    return handed, done


def _try_one(name: str, number: int, seed: int, seeds: list[Files]) -> str:
    handed, done = _input(name, number, seed, seeds)
    began = time.process_time()
    kind, said = outcome(handed)
    size = f"{len(handed.content):,} bytes as {handed.name!r}"
    return f"{done} ({size}): {kind} in {time.process_time() - began:.2f} s: {said}"


def _seeds(name: str, data: Path | None) -> list[Files]:
    """Return whole exports of a format: ours, and those real files that are not too large."""
    return [*EXPORTS[name], *_real(name, data)]


def _real(name: str, data: Path | None) -> Iterator[Files]:
    folder = data / name.replace("-", "_") if data else None
    if folder is None or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        each = [path] if path.is_file() else sorted(path.rglob("*"))
        files = {
            str(one.relative_to(folder)): one.read_bytes()
            for one in each
            if one.is_file() and one.name not in ("README.md", "LICENSE", "LICENSE.txt")
        }
        if files and sum(map(len, files.values())) <= LARGEST_FILE:
            yield files


def _show(tallies: dict[str, Tally]) -> None:
    table = Table(
        "format", "inputs", "read", "refused", "slow", "large", "faults", "longest", "MiB"
    )
    for name, tally in tallies.items():
        counts = [tally.outcomes[each] for each in ("read", "refused", "slow", "large", "fault")]
        cells = [tally.inputs, *counts, f"{tally.slowest_seconds:.2f} s", f"{tally.most_mib:.0f}"]
        table.add_row(name, *map(str, cells))
    console.print(table)


if __name__ == "__main__":
    run()
