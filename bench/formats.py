"""Count what is read of real export files, and how long that takes.

Each path is previewed as `chatbot import --preview` does.
"""

import time
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.common import console, finish, parser
from chatbot.errors import InvalidCatalogue
from chatbot.formats.registry import read_source
from chatbot.formats.source import open_source
from chatbot.formats.summary import Summary

COUNTS = ("intents", "utterances", "answers", "out_of_scope", "disabled", "clashes", "variants")


def run() -> None:
    made = parser(__doc__)
    made.add_argument("paths", type=Path, nargs="+", help="files, archives, or folders of a bot")
    arguments = made.parse_args()
    rows = [_preview(path) for path in arguments.paths]
    _show(rows)
    finish("formats", {"files": rows}, arguments.keep)


def _preview(path: Path) -> dict[str, Any]:
    began = time.monotonic()
    try:
        found: dict[str, Any] = Summary.of(read_source(open_source(path))).to_json()
    except InvalidCatalogue as error:
        found = {"refused": str(error.mistakes[0])[:200]}
    return {"path": path.name, "seconds": round(time.monotonic() - began, 2), **found}


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table("file", "format", *COUNTS, "languages", "left out", "s")
    for row in rows:
        if "refused" in row:
            table.add_row(row["path"], "refused", row["refused"])
            continue
        left_out = "; ".join(f"{n} {why}" for why, n in row["left_out"].items())
        counts = [f"{row[name]:,}" for name in COUNTS]
        languages = " ".join(row["languages"])
        table.add_row(row["path"], row["format"], *counts, languages, left_out, f"{row['seconds']}")
    console.print(table)


if __name__ == "__main__":
    run()
