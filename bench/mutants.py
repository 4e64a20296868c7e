"""Count how many small faults in the code that decides the tests notice (mutation testing, by
mutmut).

Works on a copy of what git knows, so that nothing here changes. mutmut changes what stands in
functions; constants of a module it leaves alone. Each module is tried against the tests of its own,
on SQLite: a fault that only a far-away test notices counts as survived. `make mutants` runs all,
`make mutants ARGS="watch gate"` those modules whose names end so.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from bench.common import console

ROOT = Path(__file__).parents[1]
SERVICES = (
    "learning/report",
    "learning/report_evidence",
    "learning/report_pairs",
    "learning/report_sources",
    "learning/shadow",
    "learning/training_set",
    "monitoring/watch",
    "releases/release",
    "review/queue_rows",
)
# Tests that stand elsewhere than at the module's path, from tests/unit/: of a report as a whole.
ELSEWHERE = {"services/learning/report_evidence": "services/learning/test_render_report.py"}
SETTINGS = """
[mutmut]
source_paths = chatbot/
only_mutate = {module}
also_copy =
    {also}
pytest_add_cli_args =
    -p
    no:xdist
    -p
    no:cacheprovider
    -k
    not postgresql
pytest_add_cli_args_test_selection =
    {tests}
"""
ALSO = ("tests/", "workers/", "migrations/", "faq_data/", "bench/", "alembic.ini", "setup.cfg")


class Score(NamedTuple):
    module: str
    killed: int
    survived: int
    untested: int
    survivors: list[str]

    @property
    def share(self) -> str:
        tried = self.killed + self.survived + self.untested
        return f"{self.killed / tried:.0%}" if tried else "–"


def run() -> None:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("modules", nargs="*", help="ends of names, such as watch; all by default")
    made.add_argument("--show", action="store_true", help="print each survivor as a patch")
    arguments = made.parse_args()
    scores = []
    for module, tests in list_modules():
        if not arguments.modules or module.stem in arguments.modules:
            with console.status(f"{module} …"):
                scores.append(try_out(module, tests, arguments.show))
            lines = [f"{scores[-1].module}: {scores[-1].share}", *scores[-1].survivors]
            console.print(*lines, sep="\n", markup=False, highlight=False, soft_wrap=True)
    table = Table("module", "killed", "survived", "no test", "score")
    for one in scores:
        table.add_row(one.module, *map(str, one[1:4]), one.share)
    console.print(table)


def list_modules() -> list[tuple[Path, Path]]:
    """List each module with the file of its tests, from the root; without those that have none."""
    names = [Path("services", name) for name in SERVICES]
    domain = sorted((ROOT / "chatbot" / "domain").rglob("*.py"))
    names += [path.relative_to(ROOT / "chatbot").with_suffix("") for path in domain]
    found = (
        (
            Path("chatbot", name).with_suffix(".py"),
            Path("tests/unit", ELSEWHERE.get(str(name), name.with_name(f"test_{name.name}.py"))),
        )
        for name in names
    )
    return [pair for pair in found if (ROOT / pair[1]).is_file()]


def try_out(module: Path, tests: Path, show: bool) -> Score:
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy_tree(Path(folder))
        with (Path(folder) / "setup.cfg").open("a") as settings:
            settings.write(SETTINGS.format(module=module, tests=tests, also="\n    ".join(ALSO)))
        said = mutmut(folder, "run", "--max-children", "1")
        mutmut(folder, "export-cicd-stats")
        counts = Path(folder) / "mutants" / "mutmut-cicd-stats.json"
        if not counts.exists():
            raise SystemExit(f"{module}: mutmut did not finish.\n{said}")
        return read_score(folder, module, json.loads(counts.read_text()), show)


def read_score(folder: str, module: Path, counts: dict[str, int], show: bool) -> Score:
    left = [
        line.split(":")[0].strip()
        for line in mutmut(folder, "results").splitlines()
        if ": survived" in line
    ]
    told = [mutmut(folder, "show", name) for name in left] if show else left
    # A fault that makes tests run for ever, or crashes them, is noticed.
    killed = sum(counts[name] for name in ("killed", "timeout", "suspicious", "segfault"))
    return Score(str(module), killed, counts["survived"], counts["no_tests"], told)


def copy_tree(folder: Path) -> None:
    """Copy what git knows, as it is in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("docs/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def mutmut(folder: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


if __name__ == "__main__":
    run()
