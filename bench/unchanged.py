"""Show what of two commits differs for those who use the program, and nothing that moved inside it.

Each commit gets a working tree and an instance of the demo with its first model, in a temporary
folder. Compared are the OpenAPI document, the tables, the help of every command, names and defaults
of the settings, the files of the sealed model with their keys, and the reply to every GET of an
admin; ids, times and tokens count as the same. Scripts are compared as Deno formats them.
`--explained FILE` says of each what for: rows of kind, name, why; what no row is about is listed as
unexplained. `python -m bench.unchanged 2abc322 HEAD` prints a
unified diff for each kind. A commit beside itself differs in nothing.
"""

import csv
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import unified_diff
from fnmatch import fnmatchcase
from pathlib import Path
from subprocess import run as run_program
from typing import NamedTuple

from bench.common import finish, parser

ROOT = Path(__file__).parents[1]
SNAPSHOT = ROOT / "bench" / "snapshot.py"
KINDS = ("openapi", "tables", "help", "settings", "artefacts", "pages", "scripts")
SCRIPTS = ("chatbot/widget/static/widget.js", "chatbot/console/static/console.js")


class Difference(NamedTuple):
    """A file of a snapshot that differs: how many lines went and came, and the diff of both."""

    name: str
    gone: int
    new: int
    diff: list[str]


def run() -> None:
    made = parser(__doc__)
    made.add_argument("before", help="commit or branch")
    made.add_argument("after", help="commit or branch")
    made.add_argument("--explained", type=Path, help="CSV with the columns kind,name,why")
    made.add_argument("--lines", type=int, default=1, help="lines of context in diffs")
    arguments = made.parse_args()
    with tempfile.TemporaryDirectory(prefix="unchanged-") as name:
        folders = [Path(name, when) for when in ("before", "after")]
        for folder, commit in zip(folders, (arguments.before, arguments.after), strict=True):
            with check_out(commit, folder / "tree") as tree:
                take_snapshot(tree, folder / "instance", folder / "seen")
                format_scripts(tree, folder / "seen" / "scripts")
        before, after = (folder / "seen" for folder in folders)
        found = {kind: compare(before / kind, after / kind, arguments.lines) for kind in KINDS}
    for kind, differences in found.items():
        print(f"==== {kind}: {len(differences)} differ")
        for difference in differences:
            print("\n".join(difference.diff))
    rows = read_explanations(arguments.explained) if arguments.explained else []
    told = [
        {"kind": kind, **one._asdict(), "why": explain(rows, kind, one.name)}
        for kind, differences in found.items()
        for one in differences
    ]
    for row in told:
        del row["diff"]
    figures = {
        "before": name_of(arguments.before),
        "after": name_of(arguments.after),
        **{kind: len(differences) for kind, differences in found.items()},
        "unexplained": sum(row["why"] is None for row in told),
        "reasons": dict(Counter(row["why"] for row in told).most_common()),
        "differences": told,
    }
    finish("unchanged", figures, arguments.keep)


def read_explanations(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def explain(rows: list[dict[str, str]], kind: str, name: str) -> str | None:
    """Return why the file `name` differs; a row's name may be a pattern. None if no row says."""
    fitting = (r for r in rows if r["kind"] == kind and fnmatchcase(name, r["name"]))
    return next((row["why"] for row in fitting), None)


@contextmanager
def check_out(commit: str, tree: Path) -> Iterator[Path]:
    """Give `commit` a working tree of its own as long as the block runs."""
    git("worktree", "add", "--detach", str(tree), commit)
    try:
        yield tree
    finally:
        git("worktree", "remove", "--force", str(tree))


def git(*arguments: str) -> str:
    """Return what git says. Raises SystemExit with its error if it fails."""
    done = run_program(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def name_of(commit: str) -> str:
    return git("rev-parse", "--short", commit)


def take_snapshot(tree: Path, instance: Path, seen: Path) -> None:
    """Run the snapshot of today on the code of `tree`, without what this shell sets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATBOT_")}
    command = [sys.executable, "-P", str(SNAPSHOT), str(instance), str(seen)]
    done = run_program(command, cwd=tree, env=kept | {"PYTHONPATH": str(tree)}, check=False)
    if done.returncode:
        raise SystemExit(f"no snapshot of {tree}")


def format_scripts(tree: Path, out: Path) -> None:
    """Write the scripts of `tree` as today's formatter does, so that their layout is no change."""
    out.mkdir(parents=True)
    for script in SCRIPTS:
        shutil.copy(tree / script, out)
    deno = Path(sys.executable).with_name("deno")
    run_program(
        [deno, "fmt", "--quiet", "--config", ROOT / "deno.json", *out.iterdir()], check=True
    )


def compare(before: Path, after: Path, context: int) -> list[Difference]:
    """Return the files below two folders that differ, by name; a file that one lacks is empty."""
    names = {path.name for folder in (before, after) for path in folder.iterdir()}
    found = []
    for name in sorted(names):
        old, new = (read_lines(folder / name) for folder in (before, after))
        diff = list(unified_diff(old, new, f"before/{name}", f"after/{name}", "", "", context, ""))
        if diff:
            changed = diff[2:]
            gone = sum(line.startswith("-") for line in changed)
            come = sum(line.startswith("+") for line in changed)
            found.append(Difference(name, gone, come, diff))
    return found


def read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


if __name__ == "__main__":
    run()
