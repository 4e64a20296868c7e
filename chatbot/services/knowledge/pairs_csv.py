"""Pairs with a score as CSV, `text_a,text_b,score`: all of a file, or all that is wrong with it."""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from chatbot.errors import InvalidCatalogue, InvalidText, Mistake
from chatbot.formats.cells import guarded, unguarded
from chatbot.services.knowledge.pairs import MOST_PAIRS, PairDraft, draft_pair
from chatbot.storage.tables import ScoredPair

COLUMNS = ("text_a", "text_b", "score")
MOST_MISTAKES = 100


def read_pairs(path: Path) -> list[PairDraft]:
    """Return the pairs of a UTF-8 CSV file; one that is there twice with one score comes once.

    Raises InvalidCatalogue with file and line of each mistake: a missing column, a blank or too
    long text, one text twice in a pair, a score that is no number from 0 to 1, two scores for one
    pair, and more than MOST_PAIRS.
    """
    mistakes: list[Mistake] = []
    drafts: dict[str, tuple[int, PairDraft]] = {}
    for line, draft in _read(path, mistakes):
        first, there = drafts.setdefault(draft.key, (line, draft))
        if there.score != draft.score:
            mistakes.append(
                Mistake(
                    path.name,
                    line,
                    f"the score is {draft.score:g}, but line {first} says {there.score:g} of the "
                    "same two texts",
                )
            )
        if len(drafts) > MOST_PAIRS or len(mistakes) >= MOST_MISTAKES:
            break
    if len(drafts) > MOST_PAIRS:
        mistakes.append(Mistake(path.name, 0, f"has more than {MOST_PAIRS} pairs"))
    if mistakes:
        raise InvalidCatalogue(mistakes)
    return [draft for _, draft in drafts.values()]


def write_pairs(pairs: Iterable[ScoredPair]) -> Iterator[str]:
    """Yield the lines of a CSV file that reads as `pairs`, the header first."""
    yield _line(COLUMNS)
    for pair in pairs:
        yield _line([guarded(pair.text_a), guarded(pair.text_b), f"{pair.score:g}"])


def _read(path: Path, mistakes: list[Mistake]) -> Iterator[tuple[int, PairDraft]]:
    """Yield line and pair of each row without a mistake, and note the others."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, strict=True)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                reason = (
                    f"lacks the column {', '.join(missing)}; the first line must be "
                    + ",".join(COLUMNS)
                )
                mistakes.append(Mistake(path.name, 1, reason))
                return
            for row in rows:
                try:
                    yield rows.line_num, _draft(row)
                except InvalidText as error:
                    mistakes.append(Mistake(path.name, rows.line_num, str(error)))
    except FileNotFoundError:
        mistakes.append(Mistake(str(path), 0, "there is no such file"))
    except OSError as error:
        mistakes.append(Mistake(str(path), 0, f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        mistakes.append(
            Mistake(path.name, 0, f"is not UTF-8 (byte {error.start}); save it as UTF-8")
        )
    except csv.Error as error:
        mistakes.append(Mistake(path.name, 0, f"is not a CSV file: {error}"))


def _draft(row: dict[str, str | None]) -> PairDraft:
    """Read a row as a draft of a pair. Raises InvalidText."""
    cells = {name: unguarded(row.get(name) or "") for name in COLUMNS}
    try:
        score = float(cells["score"])
    except ValueError:
        raise InvalidText(
            f"The score is “{cells['score']}”; give a number from 0 (different) to 1 (the same)."
        ) from None
    return draft_pair(cells["text_a"], cells["text_b"], score)


def _line(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue()
