"""The FAQ as CSV: one utterance a line, or one article a line, for spreadsheets.

Columns are `text,intent[,answer,title,topic,enabled]`; the first line of an intent that says one of
the latter four counts. A line without a text has only those: it is an article, which may be all
that there is of an intent. A help centre's articles need no more than the columns `title,answer`;
an intent is then named after its title.
"""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Collection, Iterable

from chatbot.formats.draft import CatalogueDraft, IntentDraft, Reader
from chatbot.formats.format import Format
from chatbot.formats.limits import MAX_ANSWER_CHARS, MAX_TITLE_CHARS, MAX_TOPIC_CHARS
from chatbot.formats.names import is_name, to_whole_name
from chatbot.formats.source import Source

COLUMNS = ("text", "intent", "answer", "title", "topic", "enabled")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_NO_HEADER = "needs a header line with the columns text,intent[,answer], or title,answer"
_LONGEST_NAME = 80
_BINARY = (b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8", b"\x1f\x8b")
_ENABLED = {"": None, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class CsvReader(Reader):
    def read(self) -> CatalogueDraft:
        [name] = self.source
        try:
            text = self.source[name].decode("utf-8-sig")
            self._read_rows(csv.DictReader(io.StringIO(text, newline="")), name)
        except UnicodeDecodeError as error:
            self.mistake(name, 0, f"is not UTF-8 (byte {error.start}); save it as UTF-8")
        except csv.Error as error:
            self.mistake(name, 0, f"is not a CSV file: {error}")
        return self.draft

    def _read_rows(self, rows: "csv.DictReader[str]", name: str) -> None:
        if not _says_what_is_what(rows.fieldnames or ()):
            self.mistake(name, 1, _NO_HEADER)
            return
        for row in rows:
            cells = {column: unguarded(row.get(column) or "") for column in COLUMNS}
            self._read_row(cells, name, rows.line_num)

    def _read_row(self, cells: dict[str, str], name: str, line: int) -> None:
        described = {column: cell.strip() for column, cell in cells.items()}
        draft = self._draft_of(described, name, line)
        if draft is None:
            return
        if cells["text"] == "" and (described["answer"] or described["title"]):
            self._read_article(draft, described, name, line)
            return
        self._describe(draft, described, name, line)
        text = self.text(cells["text"], draft.name, name, line, repeat_is_mistake=False)
        if text is not None:
            draft.utterances.append(text)

    def _draft_of(self, cells: dict[str, str], name: str, line: int) -> IntentDraft | None:
        """The intent that a line is about, or None with a mistake noted."""
        intent, title = cells["intent"], cells["title"]
        key = to_whole_name(intent) if intent or not title else _name_after(title)
        if not is_name(key):
            self.mistake(name, line, f"“{intent}” cannot name an intent")
            return None
        new = IntentDraft(key, _title(intent), has_own_title=False)
        draft = self.draft.intents.setdefault(key, new)
        if not intent and draft.has_own_title and draft.title != title:
            reason = f"“{draft.title}” and “{title}” are one intent, “{key}”; name it in a column"
            self.mistake(name, line, f"{reason} intent")
            return None
        return draft

    def _read_article(
        self, draft: IntentDraft, cells: dict[str, str], name: str, line: int
    ) -> None:
        """A line without an answer, or with one beside an earlier one, is a mistake."""
        if not cells["answer"]:
            self.mistake(name, line, f"“{draft.name}” has neither a text nor an answer here")
            return
        if draft.answer not in (None, cells["answer"]):
            self.mistake(name, line, f"“{draft.name}” has another answer already")
            return
        self._describe(draft, cells, name, line)

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
    """Write CSV that reads as `intents` again, but for the questions that only measure."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for intent in intents:
        enabled = "no" if intent.enabled is False else "yes"
        described = [intent.answer or "", intent.title, intent.topic, enabled]
        for text in intent.utterances or [""]:
            writer.writerow(map(guarded, [text, intent.name, *described]))
            described = []
    return file.getvalue()


def guarded(cell: str) -> str:
    """Return `cell` so that a spreadsheet shows it, and does not run it as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


def _says_what_is_what(columns: Collection[str]) -> bool:
    """Return whether lines say which intent they are about, and something of it."""
    return {"text", "intent"} <= set(columns) or {"title", "answer"} <= set(columns)


def _name_after(title: str) -> str:
    """The name that an intent of this title gets, the same in each import.

    A title in other letters than Latin ones has no readable name: its hash makes one.
    """
    plain = unicodedata.normalize("NFKD", title.casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    name = to_whole_name(plain)[:_LONGEST_NAME].strip("-._")
    if name and all(character.isascii() for character in plain if character.isalpha()):
        return name
    return f"article-{hashlib.sha256(title.encode()).hexdigest()[:12]}"


def _title(name: str) -> str:
    words = re.sub(r"[_\-.]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def _is_one_text(source: Source) -> bool:
    path = source.only()
    return path is not None and not source.is_folder and not source[path].startswith(_BINARY)


FORMAT = Format(
    name="csv",
    title="CSV with the columns text,intent[,answer,title,topic,enabled] or title,answer",
    sniff=_is_one_text,
    read=lambda source: CsvReader(source).read_or_refuse(),
    write=lambda draft: {"faq.csv": write_csv(draft.intents.values()).encode("utf-8-sig")},
)
"""What no other format takes for its own is read as a table: a mistake in it is named by line."""
