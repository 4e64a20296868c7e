"""Show which lines the tests ran, by package: `make coverage` collects them and prints this.

What tests start as processes of its own (web server, worker, trainer) is not seen, so integration
tests count for less than they check. There is no threshold: a line that ran may still be untested.
`make mutants` says more of the code that decides.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from coverage import Coverage
from rich.table import Table

from bench.common import console

ROOT = Path(__file__).parents[1]


class Lines(NamedTuple):
    all: int = 0
    missed: int = 0

    @property
    def covered(self) -> str:
        return f"{1 - self.missed / self.all:.1%}" if self.all else "–"


def run() -> None:
    packages: dict[str, Lines] = {}
    for file, lines in read(Coverage()):
        name = ".".join(file.relative_to(ROOT).parent.parts)
        before = packages.get(name, Lines())
        packages[name] = Lines(before.all + lines.all, before.missed + lines.missed)
    table = Table("package", "lines", "missed", "covered")
    for name, lines in sorted(packages.items()):
        table.add_row(name, str(lines.all), str(lines.missed), lines.covered)
    total = Lines(*map(sum, zip(*packages.values(), strict=True)))
    table.add_section()
    table.add_row("all", str(total.all), str(total.missed), total.covered)
    console.print(table)


def read(collected: Coverage) -> Iterator[tuple[Path, Lines]]:
    """Return each file that was measured, with its statements and those that no test ran."""
    collected.load()
    for name in collected.get_data().measured_files():
        _, statements, _, missing, _ = collected.analysis2(name)
        yield Path(name), Lines(len(statements), len(missing))


if __name__ == "__main__":
    run()
