"""Measure a matcher on labelled questions, through the same path that serves visitors."""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chatbot.domain.accuracy import OUT_OF_SCOPE, Outcome
from chatbot.domain.text import clean
from chatbot.errors import InvalidCatalogue, InvalidText, Mistake
from chatbot.formats.names import to_whole_name
from chatbot.matching.in_batches import in_batches
from chatbot.matching.matcher import Matcher
from chatbot.services.learning.training_set import Labelled


def evaluate(
    matcher: Matcher, rows: Sequence[Labelled], progress: Callable[[int], None] = lambda done: None
) -> list[Outcome]:
    """Return one outcome for each row, in order; `progress` hears how many are done."""
    outcomes: list[Outcome] = []
    for batch in in_batches(rows):
        for row, match in zip(batch, matcher.match_all([r.text for r in batch]), strict=True):
            offered = len(matcher.calibration.offered(match.candidates))
            outcomes.append(
                Outcome(row.text, row.intent, match.decision, match.candidates, offered)
            )
        progress(len(outcomes))
    return outcomes


@dataclass(frozen=True)
class Timing:
    """The milliseconds that one question takes alone, encoding and search included."""

    p50: float
    p99: float


def time_single(matcher: Matcher, rows: Sequence[Labelled], most: int = 200) -> Timing | None:
    """Ask up to `most` of the questions one by one, as if each were new; None without rows."""
    matcher.bundle.embedder.forget()
    took = []
    for row in rows[:most]:
        start = time.perf_counter()
        matcher.match(row.text)
        took.append((time.perf_counter() - start) * 1000)
    took.sort()
    return Timing(took[len(took) // 2], took[int(len(took) * 0.99)]) if took else None


def read_labelled(path: Path, max_chars: int) -> list[Labelled]:
    """Read a CSV with columns `text,intent`; the intent `out_of_scope` or nothing means none.

    Raises InvalidCatalogue naming each bad line.
    """
    rows: list[Labelled] = []
    mistakes: list[Mistake] = []
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames is None or not {"text", "intent"} <= set(reader.fieldnames):
            raise InvalidCatalogue(
                [Mistake(path.name, 1, "needs a header line with the columns text,intent")]
            )
        for row in reader:
            try:
                text = clean(row["text"] or "", max_chars)
            except InvalidText as error:
                mistakes.append(Mistake(path.name, reader.line_num, str(error)))
                continue
            intent = (row["intent"] or "").strip()
            rows.append(
                Labelled(text, None if intent in ("", OUT_OF_SCOPE) else to_whole_name(intent))
            )
    if mistakes:
        raise InvalidCatalogue(mistakes)
    return rows
