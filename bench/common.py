"""The helpers that every benchmark needs: data sets, the machine's description, and the RESULT
line.
"""

import argparse
import csv
import json
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from chatbot.services.learning.training_set import Labelled

RESULTS = Path(__file__).parent / "results"
OUT_OF_SCOPE_SHARE = 0.2
console = Console(stderr=True)


@dataclass(frozen=True)
class Dataset:
    """Training and test rows; the out-of-scope texts teach where to stop answering."""

    name: str
    train: list[Labelled]
    out_of_scope: list[str]
    test: list[Labelled]


def load_dataset(folder: Path, name: str) -> Dataset:
    """Load BANKING77 (`banking77/train.csv`, `test.csv`) or CLINC150 (`clinc150/data_full.json`).

    `banking77+oos` has a fifth of CLINC150's out-of-scope test questions in its test part, and, as
    its FAQ would, knows none of their kind beforehand.
    """
    if name == "banking77":
        return Dataset(name, *_banking77(folder / "banking77"))
    if name == "banking77+oos":
        return _with_foreign_questions(load_dataset(folder, "banking77"), folder)
    return Dataset(name, *_clinc150(folder / "clinc150" / "data_full.json"))


def _banking77(folder: Path) -> tuple[list[Labelled], list[str], list[Labelled]]:
    def rows(part: str) -> list[Labelled]:
        with (folder / f"{part}.csv").open(newline="", encoding="utf-8") as file:
            return [Labelled(row["text"], row["category"]) for row in csv.DictReader(file)]

    return rows("train"), [], rows("test")


def _with_foreign_questions(dataset: Dataset, folder: Path) -> Dataset:
    foreign = [row for row in load_dataset(folder, "clinc150").test if row.intent is None]
    wanted = int(len(dataset.test) * OUT_OF_SCOPE_SHARE / (1 - OUT_OF_SCOPE_SHARE))
    return replace(dataset, test=dataset.test + foreign[:wanted])


def _clinc150(path: Path) -> tuple[list[Labelled], list[str], list[Labelled]]:
    parts: dict[str, list[list[str]]] = json.loads(path.read_text(encoding="utf-8"))

    def rows(part: str) -> list[Labelled]:
        return [Labelled(text, None if intent == "oos" else intent) for text, intent in parts[part]]

    unknown = [text for text, _ in parts["oos_train"] + parts["oos_val"]]
    return rows("train"), unknown, rows("test") + rows("oos_test")


def parser(description: str | None) -> argparse.ArgumentParser:
    formatter = argparse.ArgumentDefaultsHelpFormatter
    made = argparse.ArgumentParser(description=description, formatter_class=formatter)
    made.add_argument("--keep", action="store_true", help="write the result to bench/results/")
    return made


def finish(name: str, figures: dict[str, Any], keep: bool) -> None:
    """Show the figures as a table, print the RESULT line, and keep it as reference if asked."""
    table = Table("figure", "value", title=name)
    for key, value in figures.items():
        if not isinstance(value, (dict, list)):
            table.add_row(key, f"{value:.4g}" if isinstance(value, float) else str(value))
    console.print(table)
    result = {"name": name, **figures, "machine": machine()}
    if keep:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    print("RESULT " + json.dumps(result))


def machine() -> dict[str, Any]:
    """Return processors, cores, memory, date and commit, without which a timing says nothing."""
    return {
        "processor": _processor(),
        "vnni": _has_vnni(),
        "gpu": _gpu(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _said("git", "describe", "--always", "--dirty"),
    }


def _processor() -> str:
    return _cpuinfo("model name") or platform.processor()


def _has_vnni() -> bool:
    return any(flag in _cpuinfo("flags").split() for flag in ("avx512_vnni", "avx_vnni"))


def _cpuinfo(field: str) -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(field)), "")


def _gpu() -> str:
    return _said("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")


def _said(*command: str) -> str:
    """Return what a program says about this machine or checkout; nothing where there is none."""
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, cwd=Path(__file__).parent
    )
    return done.stdout.strip()


def percentile(values: Sequence[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]
