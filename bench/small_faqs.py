"""Test whether every small FAQ gets a first model, and whether that model says anything.

Twenty FAQs are cut from the shipped one, 3 to 30 intents with 1 to 8 utterances, every other one
without answers, and asked what the shipped FAQ holds out for these intents. Five were written for
this in other languages (bench/small_faqs/), with ten questions each. Each is imported into an empty
folder, and the product's own job makes its first model; only that the trainer runs in this process,
which saves loading torch 25 times.

A model is mute when it neither answers nor asks back on any of its questions.
"""

import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.table import Table

from bench.common import console, finish, parser
from bench.instance import run_job
from chatbot.bootstrap import Parts, build
from chatbot.domain.accuracy import Outcome
from chatbot.domain.matching import Calibration, Decision
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import read_path
from chatbot.programs import ROOT
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.learning.evaluate import evaluate, read_labelled
from chatbot.services.learning.training_set import Labelled
from chatbot.services.releases import jobs, release
from chatbot.services.releases.reports import get_report
from chatbot.settings import Settings
from workers.night import train as night_train
from workers.night.child import Progress
from workers.training import train_process

WRITTEN = Path(__file__).with_suffix("")
LANGUAGES = ("de", "es", "fr", "ja", "pl")
MOST_QUESTIONS = 3  # of an intent
KINDS = ("right", "offered", "asked in vain", "silent", "wrong")


@dataclass(frozen=True)
class Cut:
    """A small FAQ: `intents` of the shipped one from `first` on, every `step`-th, with `utterances`
    of each.
    """

    intents: int
    utterances: int
    first: int
    step: int


CUTS = (
    *(Cut(3, 1, 0, 20), Cut(3, 2, 5, 1), Cut(3, 4, 10, 9), Cut(3, 8, 2, 25)),
    *(Cut(5, 1, 1, 12), Cut(5, 3, 30, 1), Cut(5, 5, 3, 13), Cut(8, 2, 0, 9)),
    *(Cut(8, 4, 40, 2), Cut(10, 3, 0, 5), Cut(10, 6, 20, 1), Cut(12, 1, 2, 6)),
    *(Cut(12, 8, 0, 6), Cut(16, 2, 1, 4), Cut(20, 4, 0, 3), Cut(20, 4, 1, 3)),
    *(Cut(20, 6, 0, 3), Cut(25, 5, 0, 1), Cut(30, 3, 1, 2), Cut(30, 8, 0, 2)),
)


@dataclass(frozen=True)
class Small:
    """A small FAQ and what it is asked."""

    name: str
    draft: CatalogueDraft
    questions: Sequence[Labelled]


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--base-model", default="", help="folder; by default the packaged MiniLM")
    made.add_argument("--train", action="store_true", help="also train on each, as a night does")
    made.add_argument("--only", help="names that begin so, such as cut or ja")
    arguments = made.parse_args()
    patch.object(night_train, "run_trainer", _train_here).start()
    rows = []
    for small in _small_faqs():
        if small.name.startswith(arguments.only or ""):
            with console.status(f"{small.name} …"):
                rows.append(_try(small, arguments.base_model, arguments.train))
            console.print(_in_a_line(rows[-1]))
    _show(rows)
    finish("small_faqs", _sum_up(rows) | {"faqs": rows}, arguments.keep)


def _small_faqs() -> Iterator[Small]:
    for number, cut in enumerate(CUTS):
        yield _cut(cut, with_answers=number % 2 == 0)
    for language in LANGUAGES:
        draft = read_path(WRITTEN / f"{language}.csv")
        asked = read_labelled(WRITTEN / f"{language}_questions.csv", Settings().max_text_chars)
        yield Small(language, draft, asked)


def _cut(cut: Cut, with_answers: bool) -> Small:
    shipped = read_path(ROOT / "faq_data")
    chosen = list(shipped.intents)[cut.first :: cut.step][: cut.intents]
    assert len(chosen) == cut.intents
    draft, questions = CatalogueDraft(places=shipped.places), []
    for name in chosen:
        intent = draft.intents[name] = shipped.intents[name]
        questions += [Labelled(text, name) for text in intent.held_out[:MOST_QUESTIONS]]
        intent.utterances, intent.held_out = intent.utterances[: cut.utterances], []
        if not with_answers:
            intent.answer = None
    size = f"{cut.intents}x{cut.utterances} from {cut.first} by {cut.step}"
    return Small(f"cut {size}{'' if with_answers else ', no answers'}", draft, questions)


def _try(small: Small, base_model: str, train: bool) -> dict[str, Any]:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        parts = build(Settings(data_dir=Path(folder), base_model=base_model, log_level="ERROR"))
        try:
            with parts.database.write() as session:
                import_faq(session, small.draft, "bench")
            row = {
                "name": small.name,
                "questions": len(small.questions),
                **_first_model(parts, small),
            }
            if train and row["version"]:
                row["trained"] = _job(parts, jobs.JobKind.TRAIN)
        finally:
            parts.database.close()
    return row | {"seconds": round(time.monotonic() - started, 1)}


def _train_here(
    folder: Path, _minutes: float, progress: Progress, _stop: threading.Event
) -> dict[str, Any]:
    train_process.run(folder, progress)
    training: dict[str, Any] = json.loads((folder / "out" / "training.json").read_text())
    return training


def _first_model(parts: Parts, small: Small) -> dict[str, Any]:
    made = _job(parts, jobs.JobKind.UNTRAINED)
    with parts.database.read() as session:
        pointer = release.read_pointer(session)
    if pointer is None:
        return made | {"version": None, **dict.fromkeys(KINDS, 0), "mute": True}
    matcher = parts.models.open_version()
    outcomes = evaluate(matcher, small.questions)
    kinds = Counter(_kind(outcome, matcher.calibration) for outcome in outcomes)
    return made | {
        "version": pointer.version_id,
        **{kind: kinds[kind] for kind in KINDS},
        "mute": kinds["silent"] == len(outcomes),
    }


def _job(parts: Parts, kind: jobs.JobKind) -> dict[str, Any]:
    """Return what became of a job, and in which precision its version is served."""
    job = run_job(parts, kind, "bench")
    if job.version_id is None:
        return {"state": job.state, "message": job.message}
    with parts.database.read() as session:
        version = release.get_version(session, job.version_id)
        export = get_report(version).to_json()["training"]["export"]
    kept = ("precision", "bytes", "noise", "agreement", "clear", "clear_flips", "rejected")
    return {"state": job.state, **{name: export[name] for name in kept}}


def _kind(outcome: Outcome, calibration: Calibration) -> str:
    if outcome.decision is Decision.ANSWER:
        return "right" if outcome.best == outcome.expected else "wrong"
    if outcome.decision is Decision.CLARIFY:
        offered = [candidate.intent for candidate in calibration.offered(outcome.candidates)]
        return "offered" if outcome.expected in offered else "asked in vain"
    return "silent"


def _in_a_line(row: dict[str, Any]) -> str:
    counts = ", ".join(f"{kind} {row[kind]}" for kind in KINDS)
    trained = f"; trained: {row['trained']}" if "trained" in row else ""
    made = row.get("precision") or row["message"]
    return f"{row['name']}: {row['state']}, {made}; {counts} of {row['questions']}{trained}"


def _show(rows: Sequence[dict[str, Any]]) -> None:
    table = Table("FAQ", "first model", "questions", *KINDS, "mute", "s")
    for row in rows:
        counts = (str(row[kind]) for kind in KINDS)
        first = row.get("precision", f"none: {row['state']}")
        mute = "mute" if row["mute"] else ""
        table.add_row(row["name"], first, str(row["questions"]), *counts, mute, str(row["seconds"]))
    console.print(table)


def _sum_up(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "of": len(rows),
        "first_models": sum(row["version"] is not None for row in rows),
        "mute": sum(row["mute"] for row in rows),
        "asked": sum(row["questions"] for row in rows),
        **{kind.replace(" ", "_"): sum(row[kind] for row in rows) for kind in KINDS},
    }


if __name__ == "__main__":
    run()
