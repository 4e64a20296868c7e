"""The FAQ as CSV: one utterance a line, for spreadsheets.

Columns are `text,intent[,answer,title,topic,enabled]`; the first line of an intent that says one of
the latter four counts. A line without a text has only those.
"""

import csv
import io
import re
from collections.abc import Iterable

from chatbot.services.catalogue_draft import (
    MAX_ANSWER_CHARS,
    MAX_TITLE_CHARS,
    MAX_TOPIC_CHARS,
    NAME,
    CatalogueDraft,
    IntentDraft,
    Reader,
    slug,
)

COLUMNS = ("text", "intent", "answer", "title", "topic", "enabled")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_ENABLED = {"": None, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class CsvReader(Reader):
    def read(self) -> CatalogueDraft:
        name = self.path.name
        with self.path.open(newline="", encoding="utf-8-sig", errors="strict") as file:
            try:
                self._read_rows(csv.DictReader(file), name)
            except UnicodeDecodeError as error:
                self.mistake(name, 0, f"is not UTF-8 (byte {error.start}); save it as UTF-8")
            except csv.Error as error:
                self.mistake(name, 0, f"is not a CSV file: {error}")
        return self.draft

    def _read_rows(self, rows: "csv.DictReader[str]", name: str) -> None:
        if rows.fieldnames is None or not {"text", "intent"} <= set(rows.fieldnames):
            self.mistake(name, 1, "needs a header line with the columns text,intent[,answer]")
            return
        for row in rows:
            cells = {column: _unguarded(row.get(column) or "") for column in COLUMNS}
            self._read_row(cells, name, rows.line_num)

    def _read_row(self, cells: dict[str, str], name: str, line: int) -> None:
        intent = cells["intent"].strip()
        if not NAME.fullmatch(slug(intent)):
            self.mistake(name, line, f"“{intent}” cannot name an intent")
            return
        draft = self.draft.intents.setdefault(
            slug(intent), IntentDraft(slug(intent), _title(intent), has_own_title=False)
        )
        self._describe(draft, {column: cell.strip() for column, cell in cells.items()}, name, line)
        if cells["text"] == "" and cells["answer"]:
            return
        text = self.text(cells["text"], draft.name, name, line, repeat_is_mistake=False)
        if text is not None:
            draft.utterances.append(text)

    def _describe(self, draft: IntentDraft, cells: dict[str, str], name: str, line: int) -> None:
        owner = f"of “{draft.name}”"
        self.check_length(f"the answer {owner}", cells["answer"], MAX_ANSWER_CHARS, name, line)
        self.check_length(f"the title {owner}", cells["title"], MAX_TITLE_CHARS, name, line)
        self.check_length(f"the topic {owner}", cells["topic"], MAX_TOPIC_CHARS, name, line)
        draft.answer = draft.answer or cells["answer"] or None
        if cells["title"] and not draft.has_own_title:
            draft.title, draft.has_own_title = cells["title"], True
        draft.topic = draft.topic or cells["topic"]
        if cells["enabled"].lower() not in _ENABLED:
            self.mistake(name, line, f"enabled is yes or no, not “{cells['enabled']}”")
        elif draft.enabled is None:
            draft.enabled = _ENABLED[cells["enabled"].lower()]


def write_csv(intents: Iterable[IntentDraft]) -> str:
    """What reads as `intents`, but for the questions that only measure."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for intent in intents:
        enabled = "no" if intent.enabled is False else "yes"
        described = [intent.answer or "", intent.title, intent.topic, enabled]
        for text in intent.utterances or [""]:
            writer.writerow(map(_guarded, [text, intent.name, *described]))
            described = []
    return file.getvalue()


def _guarded(cell: str) -> str:
    """So that a spreadsheet shows it, and does not run it as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


def _title(name: str) -> str:
    words = re.sub(r"[_\-.]+", " ", name).strip()
    return words[:1].upper() + words[1:]
