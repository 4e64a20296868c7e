"""Measure how the chatbot bears a growing FAQ: build, open, search and edit from 1,000 to 1,000,000
rows.

The first rows are the training texts of BANKING77 and CLINC150, encoded by the product's untrained
encoder. Larger FAQs are extended synthetically: a row lies between two real ones of an intent, with
noise added, which keeps intents as clusters. Everything else is the product's own: an SQLite
database with that many utterances, a published artefact, a matcher that follows edits.
"""

import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from rich.table import Table
from sqlalchemy import insert

from bench.common import console, finish, load_dataset, parser, percentile
from chatbot.bootstrap import Parts, build
from chatbot.domain.matching import Calibration
from chatbot.domain.text import key, normalise
from chatbot.matching.bundle import Rule, write_bundle
from chatbot.matching.encoder import OnnxEncoder
from chatbot.matching.guessed import Guessed
from chatbot.matching.index import HnswIndex, Vectors, search_exactly
from chatbot.matching.matcher import Matcher
from chatbot.matching.recall import share_found, tune
from chatbot.services.knowledge import edit_faq
from chatbot.services.releases import jobs, processes, release
from chatbot.settings import Settings
from chatbot.storage.tables import Intent, Utterance

NOISE = 0.3
QUESTIONS = 500
SQL_ROWS = 10_000
EDITS = 20
EDITING_SECONDS = 15.0
EDITED = "banking77-card_arrival"


@dataclass
class Texts:
    """Real texts with their intents and vectors, and the questions that are asked."""

    texts: list[str]
    intents: list[str]
    questions: list[str]
    vectors: Vectors = field(default_factory=lambda: np.empty((0, 0), np.float32))


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="has banking77/ and clinc150/")
    made.add_argument(
        "--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000], metavar="N"
    )
    made.add_argument("--threads", type=int, default=1, help="to build the index with")
    arguments = made.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        encoder = _make_encoder(Path(folder) / "encoder-only")
        real = _encode(_read_texts(arguments.data), encoder)
        for size in arguments.sizes:
            console.print(f"{size:,} utterances …")
            place = Path(folder) / str(size)
            built = _apart(_build, place, encoder, real, size, arguments.threads)
            rows.append(built | _apart(_serve, place, real.questions))
            shutil.rmtree(place)
    _print(rows)
    finish("growth", {"threads": arguments.threads, "sizes": rows}, arguments.keep)


def _apart(work: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Run `work` in a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _make_encoder(folder: Path) -> Path:
    """The untrained encoder as the product exports it."""
    from workers.night.run_jobs import (
        run_waiting_jobs,  # here, so that it counts in no other process
    )

    parts = build(Settings.from_env(data_dir=folder))
    with parts.database.write() as session:
        jobs.request(session, jobs.JobKind.UNTRAINED, "bench")
    with console.status("exporting the encoder …"):
        run_waiting_jobs(parts, processes.Identity(processes.ProcessKind.WORKER))
    opened = parts.models.open_version().bundle.folder
    assert opened is not None
    parts.database.close()
    return opened / "encoder"


def _read_texts(data: Path) -> Texts:
    known: dict[str, tuple[str, str]] = {}
    questions: list[str] = []
    for name in ("banking77", "clinc150"):
        dataset = load_dataset(data, name)
        for row in dataset.train:
            known.setdefault(normalise(row.text), (row.text, f"{name}-{row.intent}"))
        questions += [row.text for row in dataset.test if row.intent is not None]
    rows = list(known.values())
    random.Random(1).shuffle(rows)
    asked = [text for text in questions if normalise(text) not in known]
    return Texts(
        [text for text, _ in rows],
        [intent for _, intent in rows],
        random.Random(2).sample(asked, QUESTIONS),
    )


def _encode(real: Texts, folder: Path) -> Texts:
    encoder = OnnxEncoder.open(folder)
    with console.status(f"encoding {len(real.texts):,} texts …"):
        real.vectors = encoder.encode(real.texts)
    return real


def _extend(real: Texts, size: int) -> tuple[list[str], list[str], Vectors]:
    """Texts, intents and vectors of `size` rows; see the module's docstring."""
    texts, intents = real.texts[:size], real.intents[:size]
    chance = np.random.default_rng(7)
    vectors = np.empty((size, real.vectors.shape[1]), np.float32)
    vectors[: len(texts)] = real.vectors[: len(texts)]
    members: dict[str, list[int]] = {}
    for row, intent in enumerate(real.intents):
        members.setdefault(intent, []).append(row)
    for start in range(len(texts), size, SQL_ROWS):
        rows = range(start, min(size, start + SQL_ROWS))
        first = [row % len(real.texts) for row in rows]
        second = [int(chance.choice(members[real.intents[a]])) for a in first]
        mixed = _between(real.vectors[first], real.vectors[second], chance)
        vectors[rows.start : rows.stop] = mixed
        texts += [f"{real.texts[a]} ({row})" for a, row in zip(first, rows, strict=True)]
        intents += [real.intents[a] for a in first]
    return texts, intents, vectors


def _between(first: Vectors, second: Vectors, chance: np.random.Generator) -> NDArray[np.float64]:
    share = chance.uniform(0.2, 0.8, size=(len(first), 1))
    noise = chance.normal(size=first.shape)
    noise *= NOISE / np.linalg.norm(noise, axis=1, keepdims=True)
    mixed = share * first + (1 - share) * second + noise
    scaled: NDArray[np.float64] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return scaled


def _build(
    place: Path, encoder_folder: Path, real: Texts, size: int, threads: int
) -> dict[str, Any]:
    """Fill the database, build and publish a version, and make it live."""
    parts = build(Settings.from_env(data_dir=place))
    texts, intents, vectors = _extend(real, size)
    _insert(parts, texts, intents)
    rows = np.arange(size)
    with _timed() as building:
        index = HnswIndex.build_rows(vectors.__getitem__, rows, vectors.shape[1], threads)
    with _timed() as tuning:
        recall = tune(index, vectors.__getitem__, rows)
    encoder = OnnxEncoder.open(encoder_folder)
    asked = encoder.encode(real.questions)
    recall_asked = share_found(index, asked, search_exactly(vectors.__getitem__, rows, asked, 10))
    keys = [key(text) for text in texts]
    with _timed() as publishing, parts.artefacts.stage() as folder:
        shutil.copytree(encoder_folder, folder / "encoder")
        calibration = Calibration.unfitted(0.5)
        guessed = Guessed.nothing(encoder.dimension)
        meaning = write_bundle(folder, encoder, calibration, keys, vectors, index, guessed, Rule())
        digest = parts.artefacts.publish(folder, meaning.to_json())
    _make_live(parts, digest, calibration.id, size)
    artefact = parts.artefacts.fetch(digest)
    parts.database.close()
    return {
        "utterances": size,
        "build_s": building(),
        "tune_s": tuning(),
        "publish_s": publishing(),
        "artefact_mib": sum(f.stat().st_size for f in artefact.rglob("*") if f.is_file()) / 2**20,
        "database_mib": sum(f.stat().st_size for f in place.glob("chatbot.db*")) / 2**20,
        "ef": meaning.ef,
        "recall_tuned": recall,
        "recall_at_10": recall_asked,
    }


def _insert(parts: Parts, texts: list[str], intents: list[str]) -> None:
    names = sorted(set(intents))
    number = {name: place for place, name in enumerate(names, 1)}
    with parts.database.write() as session:
        cards = [{"id": number[n], "name": n, "title": n, "answer": f"About {n}."} for n in names]
        session.execute(insert(Intent), cards)
        for start in range(0, len(texts), SQL_ROWS):
            some = slice(start, start + SQL_ROWS)
            rows = [
                {"intent_id": number[intent], "text": text, "normalised": normalise(text)}
                for text, intent in zip(texts[some], intents[some], strict=True)
            ]
            session.execute(insert(Utterance), rows)
        edit_faq.raise_revision(session)


def _make_live(parts: Parts, digest: str, calibration: str, size: int) -> None:
    with parts.database.write() as session:
        new = release.NewVersion(
            digest=digest,
            kind=jobs.JobKind.UNTRAINED,
            parent_id=None,
            calibration=calibration,
            knowledge_revision=edit_faq.current_revision(session),
            fingerprint=digest,
            training_rows=size,
            learnt_queries=(),
        )
        version = release.register(session, new)
        release.install_untrained(session, version.id, "for the benchmark", 0)


def _serve(place: Path, questions: list[str]) -> dict[str, Any]:
    """Do what a web process does: open what is live, search it, and follow edits."""
    parts = build(Settings.from_env(data_dir=place))
    before = psutil.Process().memory_info().rss
    with _timed() as opening:
        parts.live.refresh()
    matcher = parts.live.current()
    memory = psutil.Process().memory_info()
    asked = matcher.bundle.encoder.encode(questions)
    quiet = _search(matcher, asked)
    figures = {
        "open_s": opening(),
        "rss_mib": memory.rss / 2**20,
        "rss_of_matcher_mib": (memory.rss - before) / 2**20,
        "search_p50_ms": percentile(quiet, 0.5) * 1000,
        "search_p99_ms": percentile(quiet, 0.99) * 1000,
        **_time_edits(parts),
        **_search_while_editing(parts, asked),
    }
    parts.database.close()
    return figures


def _search(matcher: Matcher, asked: Vectors) -> list[float]:
    """Seconds of each search alone; the first round only warms up."""
    took: list[float] = []
    for _ in range(2):
        took.clear()
        for row in range(len(asked)):
            start = time.perf_counter()
            matcher.phrasings.search(asked[row : row + 1], 10)
            took.append(time.perf_counter() - start)
    return took


def _time_edits(parts: Parts) -> dict[str, float]:
    """Seconds from the call that edits to the matcher that knows it."""
    took: dict[str, list[float]] = {}
    for number in range(EDITS):
        for kind, edit in _edits(parts, number):
            start = time.perf_counter()
            edit()
            parts.live.refresh()
            took.setdefault(kind, []).append(time.perf_counter() - start)
            assert parts.live.error is None, parts.live.error
    for kind, enabled in (("disable_intent", False), ("enable_intent", True)):
        with _timed() as switching:
            with parts.database.write() as session:
                edit_faq.change_intent(session, "bench", EDITED, {"enabled": enabled})
            parts.live.refresh()
        took[kind] = [switching()]
    return {f"{kind}_s": max(seconds) for kind, seconds in took.items()}


def _edits(parts: Parts, number: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """One utterance that comes, is reworded, and goes."""
    text = f"a phrasing that nobody used yet, number {number}"
    made: list[int] = []

    def add() -> None:
        with parts.database.write() as session:
            made.append(edit_faq.add_utterance(session, "bench", EDITED, text).id)

    def change() -> None:
        with parts.database.write() as session:
            edit_faq.change_utterance(session, "bench", EDITED, made[0], f"{text} reworded")

    def remove() -> None:
        with parts.database.write() as session:
            edit_faq.delete_utterance(session, "bench", EDITED, made[0])

    yield "add", add
    assert parts.live.current().match(text.upper()).exact
    yield "change", change
    assert not parts.live.current().match(text.upper()).exact
    yield "remove", remove


def _search_while_editing(parts: Parts, asked: Vectors) -> dict[str, float]:
    """Search in one thread while another edits and refreshes without a pause."""
    stop = threading.Event()
    edits = 0

    def go_on() -> None:
        nonlocal edits
        while not stop.is_set():
            for _, edit in _edits(parts, EDITS + edits):
                edit()
                parts.live.refresh()
                edits += 1

    editor = threading.Thread(target=go_on)
    editor.start()
    took: list[float] = []
    deadline = time.monotonic() + EDITING_SECONDS
    while time.monotonic() < deadline:
        row = len(took) % len(asked)
        start = time.perf_counter()
        parts.live.current().phrasings.search(asked[row : row + 1], 10)
        took.append(time.perf_counter() - start)
        time.sleep(0.002)
    stop.set()
    editor.join()
    return {
        "edits_per_s": edits / EDITING_SECONDS,
        "editing_search_p50_ms": percentile(took, 0.5) * 1000,
        "editing_search_p99_ms": percentile(took, 0.99) * 1000,
    }


@contextmanager
def _timed() -> Iterator[Callable[[], float]]:
    """Yields a function that tells how many seconds the block took."""
    start, end = time.perf_counter(), 0.0
    yield lambda: end - start
    end = time.perf_counter()


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table("figure", *(f"{row['utterances']:,}" for row in rows), title="growth")
    for figure in rows[0]:
        table.add_row(figure, *(f"{row[figure]:.4g}" for row in rows))
    console.print(table)


if __name__ == "__main__":
    run()
