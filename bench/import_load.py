"""Import a large file while visitors ask: how soon its words are answered, and what that costs.

An instance with the shipped FAQ is served as `chatbot up` serves it, and asked at a steady rate:
first alone, then while `chatbot import` brings 10,000 rows of a real bot, then alone again. The
clock runs from the start of the command to the first right answer to an imported utterance.
The peak memory of the command is read for that file and for a larger, generated one.
"""

import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.common import console, finish, parser, percentile
from bench.instance import free_port, make_key, make_version, request, serve
from bench.load import Seen, ask_at_a_rate, http_request
from chatbot.bootstrap import build
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.formats.own_csv import write_csv
from chatbot.formats.registry import read_path
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.settings import Settings

FAQ = Path(__file__).parents[1] / "faq_data"
MOST_SECONDS, MOST_RATIO, MOST_MIB = 60.0, 1.5, 600.0
PATIENCE_SECONDS = 300.0
SLICE_SECONDS = 2.0
CHECKED = 100


@dataclass
class Import:
    """One import at work: when it ended, and when its words were first answered."""

    began: float = field(default_factory=time.perf_counter)
    command_seconds: float = 0.0
    peak_mib: float = 0.0
    answered_seconds: float | None = None


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="has exports/hwu64/luis.json")
    made.add_argument("--rate", type=float, default=20.0, help="questions a second")
    made.add_argument("--seconds", type=float, default=20.0, help="of asking alone, each time")
    made.add_argument("--rows", type=int, default=100_000, help="of the generated file")
    arguments = made.parse_args()
    brought = arguments.data / "exports" / "hwu64" / "luis.json"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = _beside_answers(folder / "served", brought, arguments.rate, arguments.seconds)
        figures |= _generated(folder, arguments.rows)
    figures["kept"] = {
        "seconds": figures["seconds_to_first_answer"] <= MOST_SECONDS,
        "p99": figures["p99_ratio"] <= MOST_RATIO,
        "memory": figures["generated_peak_mib"] <= MOST_MIB,
    }
    finish("import_load", figures, arguments.keep)


def _beside_answers(folder: Path, brought: Path, rate: float, seconds: float) -> dict[str, Any]:
    settings = Settings.from_env(data_dir=folder, web_processes=os.cpu_count() or 1)
    secret, questions = _make(settings)
    draft, port = read_path(brought), free_port()
    with serve(settings, port):
        asking = _Asking(port, secret, questions, rate)
        asking.ask(5.0)
        before = asking.ask(seconds)
        work = Import()
        threading.Thread(target=_import, args=(folder, brought, work), daemon=True).start()
        threading.Thread(
            target=_wait_for_an_answer, args=(port, secret, draft, work), daemon=True
        ).start()
        during = asking.ask_until(work)
        after = asking.ask(seconds)
        right = _share_right(port, secret, draft)
    alone = sorted(before + after)
    return {
        "rows": draft.size,
        "asked_a_second": rate,
        "seconds_to_first_answer": work.answered_seconds,
        "command_seconds": work.command_seconds,
        "command_peak_mib": work.peak_mib,
        "imported_answered_rightly": right,
        "p50_alone_ms": 1000 * percentile(alone, 0.5),
        "p50_during_ms": 1000 * percentile(during, 0.5),
        "p99_alone_ms": 1000 * percentile(alone, 0.99),
        "p99_during_ms": 1000 * percentile(during, 0.99),
        "p99_ratio": percentile(during, 0.99) / percentile(alone, 0.99),
        "asked_during": len(during),
        "failures": dict(asking.failures),
    }


def _make(settings: Settings) -> tuple[str, list[str]]:
    """Fill an instance with the shipped FAQ, and return a key and its utterances, to ask them."""
    parts, draft = build(settings), read_path(FAQ)
    with parts.database.write() as session:
        import_faq(session, draft, "bench")
    with console.status("making the first model …"):
        make_version(parts)
    secret = make_key(parts, Scope.ADMIN)
    parts.database.close()
    texts = [text for intent in draft.intents.values() for text in intent.utterances]
    random.Random(0).shuffle(texts)
    return secret, texts


class _Asking:
    """Visitors who ask at a steady rate, whatever the server does."""

    def __init__(self, port: int, secret: str, questions: list[str], rate: float) -> None:
        self._port, self._questions, self._rate = port, questions, rate
        self._headers = {"Authorization": f"Bearer {secret}"}
        self.failures: dict[str, int] = {}

    def ask(self, seconds: float) -> list[float]:
        """Ask for a while, and return how many seconds each answer took."""
        seen, given_up = ask_at_a_rate(
            self._port, self._rate, seconds, 16, self._questions, self._prepare
        )
        self._count(seen, given_up)
        return seen.good

    def ask_until(self, work: Import) -> list[float]:
        """Ask until an import is done and answered."""
        taken: list[float] = []
        while not (work.command_seconds and work.answered_seconds):
            if time.perf_counter() - work.began > PATIENCE_SECONDS:
                raise SystemExit(f"no imported utterance was answered in {PATIENCE_SECONDS:.0f} s")
            taken += self.ask(SLICE_SECONDS)
        return taken

    def _prepare(self, text: str) -> bytes:
        return http_request("POST", "/ask", json.dumps({"text": text}).encode(), self._headers)

    def _count(self, seen: Seen, given_up: int) -> None:
        wrong = {str(status): len(all_) for status, all_ in seen.latencies.items() if status != 200}
        for name, count in {**wrong, **seen.failures, "given up": given_up}.items():
            if count:
                self.failures[name] = self.failures.get(name, 0) + count


def _import(folder: Path, brought: Path, work: Import) -> None:
    """Run `chatbot import` as a person does, and note how long it took and what it held."""
    command = [sys.executable, "-m", "chatbot.cli", "--data-dir", str(folder)]
    process = subprocess.Popen(
        [*command, "import", str(brought), "--move-clashes", "--no-calibrate"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the import ended with {os.waitstatus_to_exitcode(status)}")
    work.peak_mib = used.ru_maxrss / 1024
    work.command_seconds = time.perf_counter() - work.began


def _wait_for_an_answer(port: int, secret: str, draft: CatalogueDraft, work: Import) -> None:
    pairs = _pairs(draft)
    while work.answered_seconds is None:
        if any(_is_right(port, secret, *pair) for pair in pairs[:3]):
            work.answered_seconds = time.perf_counter() - work.began
        time.sleep(0.2)


def _pairs(draft: CatalogueDraft) -> list[tuple[str, str]]:
    """Return imported utterances with their intents, in an order of chance."""
    pairs = [(text, name) for name, each in draft.intents.items() for text in each.utterances]
    random.Random(1).shuffle(pairs)
    return pairs


def _share_right(port: int, secret: str, draft: CatalogueDraft) -> float:
    pairs = _pairs(draft)[:CHECKED]
    return sum(_is_right(port, secret, *pair) for pair in pairs) / len(pairs)


def _is_right(port: int, secret: str, text: str, intent: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        status, reply = request(connection, "POST", "/ask", {"text": text}, secret)
    finally:
        connection.close()
    answered = status == http.HTTPStatus.OK and reply["decision"] == "answer"
    return answered and reply["answer"]["intent"] == intent


def _generated(folder: Path, rows: int) -> dict[str, Any]:
    """Import a file of so many invented rows into an instance without a model."""
    brought, work = folder / "generated.csv", Import()
    brought.write_text(write_csv(_invented(rows)), encoding="utf-8")
    build(Settings.from_env(data_dir=folder / "generated")).database.close()
    work.began = time.perf_counter()
    _import(folder / "generated", brought, work)
    return {
        "generated_rows": rows,
        "generated_seconds": work.command_seconds,
        "generated_peak_mib": work.peak_mib,
    }


def _invented(rows: int) -> Iterator[IntentDraft]:
    """Yield intents of 100 utterances each, of words by chance."""
    chance = random.Random(2)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(5_000)]
    for first in range(0, rows, 100):
        texts = [
            f"{' '.join(chance.choices(words, k=7))} {number}"
            for number in range(first, min(first + 100, rows))
        ]
        name = f"intent-{first // 100}"
        yield IntentDraft(name, name.title(), answer="An answer. " * 20, utterances=texts)


if __name__ == "__main__":
    run()
