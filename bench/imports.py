"""Import many rows while somebody writes beside: how long it takes, and how long they wait for it.

Everybody who stores a question writes. A preview lets them through; the end of an import does not.
"""

import random
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Self

from bench.common import finish, parser
from chatbot.services.access import audit
from chatbot.services.beginning import import_process, imports
from chatbot.services.beginning.imports import How
from chatbot.services.knowledge import faq_snapshot
from chatbot.storage.database import Database
from chatbot.storage.migrate import migrate

SYLLABLES = (
    "pri",
    "lap",
    "net",
    "voi",
    "der",
    "count",
    "pass",
    "screen",
    "key",
    "turn",
    "fund",
    "up",
)
UTTERANCES_OF_AN_INTENT = 60


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    arguments = made.parse_args()
    figures: dict[str, Any] = {}
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            database = Database(f"sqlite:///{Path(folder) / 'chatbot.db'}")
            migrate(database)
            found = _measure(database, make_file(rows))
            figures |= {f"{name} {rows}": value for name, value in found.items()}
            database.close()
    finish("imports", figures, arguments.keep)


def make_file(rows: int) -> bytes:
    """Return a CSV of `rows` different utterances."""
    chance, texts = random.Random(1), set[str]()
    while len(texts) < rows:
        texts.add(" ".join("".join(chance.choices(SYLLABLES, k=2)) for _ in range(6)))
    intents = max(50, rows // UTTERANCES_OF_AN_INTENT)
    lines = [f"{text},intent-{n % intents},Ask." for n, text in enumerate(sorted(texts))]
    return "\n".join(["text,intent,answer", *lines, ""]).encode()


def _measure(database: Database, content: bytes) -> dict[str, float]:
    figures = {}
    with database.write() as session:
        kept = imports.keep(session, "bench", "rows.csv", content, How())
    with _Writing(database) as writing:
        figures["preview s"] = _wait_for(database, kept.id, kept.token)
    figures["longest wait in preview s"] = writing.longest
    with database.write() as session:
        token = imports.ask_to_write(session, kept.id).token
    with _Writing(database) as writing:
        figures["import s"] = _wait_for(database, kept.id, token)
    figures["longest wait in import s"] = writing.longest
    before = time.perf_counter()
    with database.write() as session:
        done = imports.get_import(session, kept.id)
        assert done.act is not None, done.message
        faq_snapshot.undo(session, "bench", done.act)
    figures["undo s"] = time.perf_counter() - before
    return figures


def _wait_for(database: Database, import_id: int, token: int) -> float:
    before = time.perf_counter()
    import_process.start(database, import_id, token, lambda: None).join()
    return time.perf_counter() - before


class _Writing:
    """Somebody who stores a row every few milliseconds; `longest` is how long one had to wait."""

    def __init__(self, database: Database) -> None:
        self.longest = 0.0
        self._database, self._stop = database, threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        while not self._stop.wait(0.02):
            before = time.perf_counter()
            with self._database.write() as session:
                audit.record(session, "bench", "bench.write", "row")
            self.longest = max(self.longest, time.perf_counter() - before)


if __name__ == "__main__":
    run()
