"""Count what is read of real export files, and how long that takes; then fuzz their readers.

Each path is previewed as `chatbot import --preview` does. With `--damage N`, each file is cut, has
bytes flipped, rows repeated and values replaced N times; anything but a draft or InvalidCatalogue,
and whatever takes longer than two seconds, is printed.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from rich.table import Table

from bench.common import console, finish, parser
from chatbot.errors import InvalidCatalogue
from chatbot.formats.registry import read_source
from chatbot.formats.source import Source, open_source, source_of
from chatbot.formats.summary import Summary

LONGEST_SECONDS = 2.0
MOST_BYTES = 300_000
COUNTS = ("intents", "utterances", "answers", "out_of_scope", "disabled", "clashes", "variants")


def run() -> None:
    made = parser(__doc__)
    made.add_argument("paths", type=Path, nargs="+", help="files, archives, or folders of a bot")
    made.add_argument("--damage", type=int, default=0, metavar="N", help="damaged copies of each")
    made.add_argument("--seed", type=int, default=1)
    arguments = made.parse_args()
    rows = [_preview(path) for path in arguments.paths]
    _show(rows)
    faults = [
        fault
        for path in arguments.paths
        if path.is_file()
        for fault in _fuzz(path, arguments.damage, Random(arguments.seed))
    ]
    for fault in faults:
        console.print(fault, markup=False)
    finish("formats", {"files": rows, "faults": faults, "damage": arguments.damage}, arguments.keep)


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


def _fuzz(path: Path, times: int, random: Random) -> Iterator[str]:
    """Try damaged copies of one file, as long as it is not too large for many."""
    content = path.read_bytes()
    for number in range(times if len(content) <= MOST_BYTES else times // 20):
        damaged = _damage(content, random)
        began = time.process_time()
        try:
            _read(source_of(path.name, damaged))
        except InvalidCatalogue:
            pass
        except Exception as error:  # noqa: BLE001 that is what is looked for
            yield f"{path.name} {number}: {type(error).__name__}: {str(error)[:200]}"
        if (seconds := time.process_time() - began) > LONGEST_SECONDS:
            yield f"{path.name} {number}: {seconds:.1f} s"


def _read(source: Source) -> None:
    json.dumps(Summary.of(read_source(source)).to_json())


def _damage(content: bytes, random: Random) -> bytes:
    """Return a copy that is cut, flipped, doubled, re-encoded, or has values of other kinds."""
    if not content:
        return content
    place = random.randrange(len(content))
    length = random.choice([1, 2, 8, 64, 512])
    piece = content[place : place + length]
    match random.randrange(7):
        case 0:
            return content[:place]
        case 1:
            flipped = bytearray(content)
            for _ in range(random.choice([1, 5, 50])):
                flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
            return bytes(flipped)
        case 2:
            return content[:place] + piece * random.choice([2, 50]) + content[place:]
        case 3:
            return content[:place] + content[place + length :]
        case 4:
            value = random.choice([b"null", b"7", b"[]", b"{}", b'"x"', b"true", b"-1e9", b"\t"])
            return content[:place] + value + content[place + length :]
        case 5:
            return content.decode("utf-8", "replace").encode(
                random.choice(["utf-16", "latin-1"]), "replace"
            )
        case _:
            return content.replace(random.choice([b'"', b":", b",", b"\n", b"- "]), b"", 5)


if __name__ == "__main__":
    run()
