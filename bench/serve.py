"""`/ask` beside what one would use instead: same model, questions, catalogue, machine and run.

BANKING77's 13,000 rows are shuffled: 5,000 distinct ones are the questions, the rest the
catalogue. Ours stores every question durably before it answers; peers store nothing.
The floor is the served encoder alone, with one thread per core and no HTTP.
"""

import json
import multiprocessing
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from rich.table import Table

from bench import peers
from bench.common import console, finish, load_dataset, parser, percentile
from bench.instance import free_port, make_key, make_version, serve, wait_until_ready, workers_of
from bench.load import Prepare, Receive, Seen, ask_in_closed_loops, http_request
from bench.peers.environments import read_status
from chatbot.bootstrap import build
from chatbot.domain.text import normalise
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.matching.encoder import OnnxEncoder
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.learning.training_set import Labelled
from chatbot.settings import Settings
from workers.training import base_model

CLIENTS = (1, 4, 16, 64)
QUESTIONS = 5000
WARM_UP = 300
BATCHES = (1, 2, 4, 8, 16, 32, 64)


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="folder that holds banking77/")
    made.add_argument("--peers", nargs="*", default=None, help="which peers; all if not given")
    made.add_argument("--questions", type=int, default=QUESTIONS, help="at 16 and 64 clients")
    made.add_argument("--rounds", type=int, default=3, help="times that ours is measured")
    arguments = made.parse_args()
    catalogue, questions = split(arguments.data, arguments.questions)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        encoder, secret = _make_ours(folder / "ours", catalogue)
        ours: list[dict[str, Any]] = []
        floors: list[dict[int, float]] = []

        def measure_ours() -> None:
            """Measure ours beside its floor each time, because a shared machine is not always as
            fast.
            """
            floors.append(_floor(encoder, [row.text for row in questions]))
            ours.append(_measure_ours(folder / "ours", secret, questions))

        found: dict[str, dict[str, Any]] = {}
        named = peers.known() if arguments.peers is None else arguments.peers
        wanted = [peers.known()[name] for name in named]
        measure_ours()
        for number, peer in enumerate(wanted):
            found[peer.name] = _measure_peer(peer, folder, catalogue, questions)
            if len(ours) < arguments.rounds and number % 2:
                measure_ours()
        while len(ours) < arguments.rounds:
            measure_ours()
    figures = _compare(_medians(ours), found, _median_floor(floors))
    _show(figures)
    finish("serve", figures, arguments.keep)


def split(folder: Path, wanted: int) -> tuple[list[Labelled], list[Labelled]]:
    """Return the catalogue, and `wanted` questions that are not in it."""
    dataset = load_dataset(folder, "banking77")
    seen: dict[str, Labelled] = {}
    for row in dataset.test + dataset.train[::-1]:
        seen.setdefault(normalise(row.text), row)
    rows = list(seen.values())
    random.Random(0).shuffle(rows)
    return rows[QUESTIONS:], rows[:wanted]


def _make_ours(folder: Path, catalogue: list[Labelled]) -> tuple[Path, str]:
    """The served encoder's folder, and a key to ask with."""
    parts = build(Settings.from_env(data_dir=folder))
    draft = CatalogueDraft()
    for row in catalogue:
        assert row.intent is not None
        intent = draft.intents.setdefault(row.intent, IntentDraft(row.intent, row.intent))
        intent.utterances.append(row.text)
    with parts.database.write() as session:
        import_faq(session, draft, "bench")
    with console.status("making our first model …"):
        version = make_version(parts)
    opened = parts.models.open_version(version)
    assert opened.bundle.folder is not None
    secret = make_key(parts, Scope.ADMIN)
    parts.database.close()
    return opened.bundle.folder / "encoder", secret


def _floor(encoder: Path, texts: list[str]) -> dict[int, float]:
    """Questions a second of the bare encoder, by batch size, with a process for each core."""
    cores = os.cpu_count() or 1
    rates: dict[int, float] = {}
    context = multiprocessing.get_context("spawn")
    for batch in BATCHES:
        with context.Pool(cores) as pool:
            rates[batch] = sum(pool.starmap(_bare_loop, [(encoder, texts[:1500], batch)] * cores))
    return rates


def _median_floor(floors: list[dict[int, float]]) -> dict[str, Any]:
    rates = {batch: median(floor[batch] for floor in floors) for batch in BATCHES}
    best = max(rates, key=lambda batch: rates[batch])
    return {
        "per_second": {str(batch): round(rate, 1) for batch, rate in rates.items()},
        "best_batch": best,
        "best_per_second": rates[best],
        "one_question_ms": 1000 * (os.cpu_count() or 1) / rates[1],
    }


def _bare_loop(folder: Path, texts: list[str], batch: int) -> float:
    encoder = OnnxEncoder.open(folder)
    encoder.encode(texts[:64])
    started = time.perf_counter()
    for start in range(0, len(texts), batch):
        encoder.encode(texts[start : start + batch])
    return len(texts) / (time.perf_counter() - started)


def _measure_ours(folder: Path, secret: str, questions: list[Labelled]) -> dict[str, Any]:
    port = free_port()
    settings = Settings.from_env(data_dir=folder, web_processes=os.cpu_count() or 1)
    headers = {"Authorization": f"Bearer {secret}"}

    def prepare(text: str) -> bytes:
        return http_request("POST", "/ask", json.dumps({"text": text}).encode(), headers)

    started = time.perf_counter()
    with serve(settings, port) as server:
        ready = time.perf_counter() - started
        right: list[bool] = []
        truth = {row.text: row.intent for row in questions}

        def check(question: str, body: bytes) -> None:
            candidates = json.loads(body)["candidates"]
            right.append(bool(candidates) and candidates[0]["intent"] == truth[question])

        ask_in_closed_loops(port, 4, [r.text for r in questions[-WARM_UP:]], prepare, check)
        seen = _levels(port, [row.text for row in questions], prepare)
        figures = _figures(seen)
        figures["right_of_warm_up"] = sum(right) / len(right)
        processes = [process.memory_full_info() for process in workers_of(server)]
        figures["rss_mib"] = [round(memory.rss / 2**20) for memory in processes]
        figures["pss_mib"] = [round(memory.pss / 2**20) for memory in processes]
        figures["ready_seconds"] = round(ready, 2)
    return figures


def _measure_peer(
    peer: peers.Peer, folder: Path, catalogue: list[Labelled], questions: list[Labelled]
) -> dict[str, Any]:
    status = read_status(peer.name)
    if status is None or not status.installed:
        return {
            "title": peer.title,
            "error": status.error
            if status
            else "not installed: python -m bench.peers.environments",
        }
    rows = folder / "catalogue.json"
    rows.write_text(json.dumps([[row.text, row.intent] for row in catalogue]))
    port = free_port()
    with console.status(f"{peer.title} …"), _started(peer, rows, port, folder) as server:
        peer.prepare(rows, port)
        truth = {row.text: row.intent for row in questions}
        right: list[bool] = []

        def prepare(text: str) -> bytes:
            return http_request(*peer.request(text), {})

        def check(question: str, body: bytes) -> None:
            right.append(peer.intent(body) == truth[question])

        search = check if peer.name == "infinity" else None
        ask_in_closed_loops(port, 4, [r.text for r in questions[-WARM_UP:]], prepare, check)
        figures = _figures(_levels(port, [row.text for row in questions], prepare, search))
        figures["right_of_warm_up"] = sum(right[:WARM_UP]) / len(right[:WARM_UP])
        family = [server, *server.children(recursive=True)]
        figures["rss_mib"] = [round(p.memory_info().rss / 2**20) for p in family]
    return {"title": peer.title, "versions": _main_versions(status.versions), **figures}


@contextmanager
def _started(peer: peers.Peer, rows: Path, port: int, folder: Path) -> Iterator[psutil.Process]:
    log = (folder / f"{peer.name}.log").open("w")
    command = peer.command(base_model.resolve(""), rows, port)
    with (
        log,
        subprocess.Popen(
            command, env=os.environ | peer.environment, stdout=log, stderr=log
        ) as server,
    ):
        try:
            wait_until_ready(port, server, "/")
            yield psutil.Process(server.pid)
        finally:
            for process in psutil.Process(server.pid).children(recursive=True):
                process.terminate()
            server.terminate()


def _levels(
    port: int, questions: list[str], prepare: Prepare, on_reply: Receive | None = None
) -> dict[int, Seen]:
    seen = {}
    for clients in CLIENTS:
        asked = questions if clients >= 16 else questions[: len(questions) * clients // 16 + 500]
        seen[clients] = ask_in_closed_loops(port, clients, asked, prepare, on_reply)
    return seen


def _figures(seen: dict[int, Seen]) -> dict[str, Any]:
    return {
        "levels": {
            str(clients): {
                "per_second": round(level.per_second, 1),
                "p50_ms": round(percentile(level.good, 0.5) * 1000, 2),
                "p99_ms": round(percentile(level.good, 0.99) * 1000, 2),
                "failed": sum(level.failures.values())
                + sum(len(v) for status, v in level.latencies.items() if status != 200),
            }
            for clients, level in seen.items()
        }
    }


def _main_versions(versions: dict[str, str]) -> dict[str, str]:
    names = ("sentence-transformers", "semantic-router", "txtai", "infinity-emb", "setfit", "torch")
    return {name: versions[name] for name in names if name in versions}


def _medians(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    levels = {
        clients: {
            figure: median(r["levels"][clients][figure] for r in rounds)
            for figure in rounds[0]["levels"][clients]
        }
        for clients in rounds[0]["levels"]
    }
    return {**rounds[-1], "title": "ours", "levels": levels, "rounds": len(rounds)}


def _best(figures: dict[str, Any]) -> float:
    return max(float(level["per_second"]) for level in figures["levels"].values())


def _compare(
    ours: dict[str, Any], found: dict[str, dict[str, Any]], floor: dict[str, Any]
) -> dict[str, Any]:
    throughput = _best(ours)
    working = {name: _best(figures) for name, figures in found.items() if "levels" in figures}
    best = max(working, key=lambda name: working[name], default=None)
    sixteen = ours["levels"]["16"]
    return {
        "per_second": throughput,
        "best_peer": best,
        "best_peer_ratio": throughput / working[best] if best else None,
        "textbook_ratio": throughput / working["textbook"] if "textbook" in working else None,
        "floor_ratio": throughput / floor["best_per_second"],
        "p50_one_client_ms": ours["levels"]["1"]["p50_ms"],
        "floor_one_question_ms": floor["one_question_ms"],
        "p99_to_p50_at_16": sixteen["p99_ms"] / sixteen["p50_ms"],
        "ready_seconds": ours["ready_seconds"],
        "floor": floor,
        "ours": ours,
        "peers": found,
    }


def _show(figures: dict[str, Any]) -> None:
    table = Table("server", *(f"{c} clients: /s, p50, p99 ms" for c in CLIENTS), "right", "RSS MiB")
    for row in (figures["ours"], *figures["peers"].values()):
        if "error" in row:
            table.add_row(row["title"], str(row["error"])[-200:])
            continue
        cells = [
            f"{level['per_second']:.0f}  {level['p50_ms']:.1f}  {level['p99_ms']:.1f}"
            for level in row["levels"].values()
        ]
        table.add_row(row["title"], *cells, f"{row['right_of_warm_up']:.1%}", str(row["rss_mib"]))
    console.print(table)
    console.print(f"floor: {figures['floor']}")


if __name__ == "__main__":
    run()
