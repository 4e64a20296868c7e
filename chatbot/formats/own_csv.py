"""The FAQ as CSV: one utterance a line, or one article a line, for spreadsheets.

Columns are `text,intent[,answer,title,topic,enabled]`, in any order; one line of an intent that
says one of the latter four is enough, and several must agree. A line without a text has only those:
it is an article, which may be all that there is of an intent. A help centre's articles need no more
than the columns `title,answer`, or `question,answer`; an intent is then named after its title.
Separators, and other usual names of columns, are as spreadsheets have them. What could be misread,
as a comma without quotes or two labels of one name, is a mistake: nothing is guessed.
"""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import CatalogueDraft, IntentDraft, LeftOut, Reader
from chatbot.formats.format import Format
from chatbot.formats.json_text import decode
from chatbot.formats.limits import MAX_ANSWER_CHARS, MAX_TITLE_CHARS, MAX_TOPIC_CHARS
from chatbot.formats.names import is_name, to_whole_name
from chatbot.formats.source import Source
from chatbot.formats.tables import BINARY, Row, Table, column_names, open_table

COLUMNS = ("text", "intent", "answer", "title", "topic", "enabled")
_SYNONYMS = {
    "text": ("question", "utterance", "phrase", "example"),
    "intent": ("label",),
    "answer": ("response",),
    "topic": ("category",),
}
UNKNOWN_COLUMN = "it is a column that says nothing here"
NO_HEADER = "needs a header line with the columns text,intent[,answer], or title,answer"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_LONGEST_NAME = 80
_MOST_MISTAKES = 1_000
_ENABLED = {"": None, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class TableReader(Reader):
    """A reader of tables of these columns, from a CSV or from the sheets of a workbook."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._labels: dict[str, str] = {}
        self._cut = ""

    def read_table(self, table: Table) -> None:
        """Read a table whose header is its first row."""
        header = next(table.rows, Row(1, []))
        try:
            columns = Columns(column_names(header.cells))
        except ValueError as error:
            self.mistake(table.file, header.line, str(error))
            return
        self._leave_out_columns(columns, table.file, header.line)
        for row in table.rows:
            if len(self.mistakes) >= _MOST_MISTAKES:
                self.mistake(table.file, row.line, "and whatever follows was not read any more")
                break
            self._read_cells(columns, row, table)

    def _leave_out_columns(self, columns: "Columns", file: str, line: int) -> None:
        for name in columns.unknown:
            self.draft.left_out.append(LeftOut(UNKNOWN_COLUMN, name, file, line))

    def _read_cells(self, columns: "Columns", row: Row, table: Table) -> None:
        """A line with more cells than its header has, or with fewer, is one that is misread."""
        if misfit := columns.find_misfit(row.cells, table.separator):
            self.mistake(table.file, row.line, misfit)
            return
        before = len(self.mistakes)
        self._cut = columns.count(row.cells) if columns.is_cut(row.cells) else ""
        self._read_row(columns.pick(row.cells), table.file, row.line)
        if self._cut and len(self.mistakes) == before:
            self.mistake(table.file, row.line, self._cut)

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
        key = _name_of(intent) if intent or not title else _name_after(title)
        if not is_name(key):
            why = f": the line {self._cut}" if self._cut else ""
            self.mistake(name, line, f"“{intent}” cannot name an intent{why}")
            return None
        new = IntentDraft(key, _title(intent), has_own_title=False)
        draft = self.draft.intents.setdefault(key, new)
        if not intent and draft.has_own_title and draft.title != title:
            reason = f"“{draft.title}” and “{title}” are one intent, “{key}”; name it in a column"
            self.mistake(name, line, f"{reason} intent")
            return None
        first = self._labels.setdefault(key, intent) if intent else ""
        if intent and not _is_one_label(first, intent):
            reason = f"“{first}” and “{intent}” are one intent, “{key}”; give one another name"
            self.mistake(name, line, reason)
            return None
        return draft

    def _read_article(
        self, draft: IntentDraft, cells: dict[str, str], name: str, line: int
    ) -> None:
        """A line without an answer is a mistake."""
        if not cells["answer"]:
            self.mistake(name, line, f"“{draft.name}” has neither a text nor an answer here")
            return
        self._describe(draft, cells, name, line)

    def _describe(self, draft: IntentDraft, cells: dict[str, str], name: str, line: int) -> None:
        """What two lines say of one intent is the same, or a mistake: neither can be chosen."""
        owner = f"of “{draft.name}”"
        self.check_words(f"the answer {owner}", cells["answer"], MAX_ANSWER_CHARS, name, line)
        self.check_words(f"the title {owner}", cells["title"], MAX_TITLE_CHARS, name, line)
        self.check_words(f"the topic {owner}", cells["topic"], MAX_TOPIC_CHARS, name, line)
        title = draft.title if draft.has_own_title else ""
        for what, first in (("answer", draft.answer), ("title", title), ("topic", draft.topic)):
            if first and cells[what] and cells[what] != first:
                self.mistake(name, line, f"“{draft.name}” has another {what} already")
        draft.answer = draft.answer or cells["answer"] or None
        if cells["title"] and not draft.has_own_title:
            draft.title, draft.has_own_title = cells["title"], True
        draft.topic = draft.topic or cells["topic"]
        self._enable(draft, cells["enabled"], name, line)

    def _enable(self, draft: IntentDraft, cell: str, name: str, line: int) -> None:
        if cell.lower() not in _ENABLED:
            self.mistake(name, line, f"enabled is yes or no, not “{cell}”")
            return
        enabled = _ENABLED[cell.lower()]
        if None not in (enabled, draft.enabled) and enabled != draft.enabled:
            self.mistake(name, line, f"“{draft.name}” is enabled in one line and not in another")
        draft.enabled = enabled if draft.enabled is None else draft.enabled


class CsvReader(TableReader):
    def read(self) -> CatalogueDraft:
        [name] = self.source
        try:
            text = decode(self.source[name], name)
            self.read_table(open_table(text, name, knows_columns))
        except InvalidCatalogue as error:
            self.mistakes += error.mistakes
        return self.draft


class Columns:
    """The cells of a row by what they say, as the names in a header tell.

    Raises ValueError for a header that does not say what is what, or that says it twice.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._places = _places_of(names)
        if not _says_what_is_what(self._places):
            raise ValueError(NO_HEADER)
        used = set(self._places.values())
        self.unknown = [name for at, name in enumerate(names) if name and at not in used]
        for name in self.unknown:
            self._check_spelling(name)

    def pick(self, cells: list[str]) -> dict[str, str]:
        """Return what a row says by our names of the columns."""
        picked = dict.fromkeys(COLUMNS, "")
        for column, at in self._places.items():
            picked[column] = unguarded(cells[at]) if at < len(cells) else ""
        return picked

    def find_misfit(self, cells: list[str], separator: str) -> str | None:
        """Return why a row does not fit the header, or None; cells may be blank beside it."""
        used = len(column_names(cells))
        if used > len(self._names):
            hint = f"; put a text that holds “{separator}” in quotes" if separator else ""
            return self.count(cells[:used]) + hint
        for at, name in enumerate(self._names):
            if not name and at < len(cells) and cells[at].strip():
                return f"has something in cell {at + 1}, which the header has no name for"
        return None

    def is_cut(self, cells: list[str]) -> bool:
        """Return whether a row ends early, other than just after what each row needs."""
        return len(cells) < len(self._names) and len(cells) != self._last_needed + 1

    def count(self, cells: list[str]) -> str:
        cell = "cell" if len(cells) == 1 else "cells"
        return f"has {len(cells)} {cell}, the header {len(self._names)}"

    @property
    def _last_needed(self) -> int:
        """The last of the columns that each row needs: a row may end there, as in our exports."""
        needed = ("text", "intent") if "intent" in self._places else ("title", "answer")
        return max(self._places[column] for column in needed if column in self._places)

    def _check_spelling(self, name: str) -> None:
        absent = {
            word: column
            for column in COLUMNS
            if column not in self._places
            for word in (column, *_SYNONYMS.get(column, ()))
        }
        for word in get_close_matches(name, absent, n=1, cutoff=0.8):
            raise ValueError(f"“{name}” is no column; is “{word}” meant?")


def knows_columns(names: Collection[str]) -> bool:
    """Return whether a header says which intent lines are about, and something of it."""
    try:
        return _says_what_is_what(_places_of(list(names)))
    except ValueError:
        return True


def _places_of(names: list[str]) -> dict[str, int]:
    """Return where each of our columns is: by its own name or, without one, by a synonym.

    In a list of questions and answers alone a question is the title of its answer too.
    """
    places: dict[str, int] = {}
    for column in COLUMNS:
        words = (column,) if column in names else _SYNONYMS.get(column, ())
        at = [at for at, name in enumerate(names) if name in words]
        if len(at) > 1:
            raise ValueError(f"“{names[at[0]]}” and “{names[at[1]]}” both say the {column}")
        if at:
            places[column] = at[0]
    if not {"intent", "title"} & places.keys() and "answer" in places and "question" in names:
        places["title"] = names.index("question")
    if not {"intent", "answer", "title"} & places.keys() and "category" in names:
        places["intent"] = places.pop("topic")
    return places


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


def _name_of(label: str) -> str:
    """Return the name of a label; one that is a name already stays as it is."""
    return label if is_name(label) else to_whole_name(label)


def _is_one_label(one: str, other: str) -> bool:
    """Return whether two labels differ in no more than case, blanks and dashes."""
    return _plain(one) == _plain(other)


def _plain(label: str) -> str:
    """Return a label in lower case, not folded: “ß” is not “ss” here."""
    return re.sub(r"[\s\-]+", "-", unicodedata.normalize("NFKC", label).lower()).strip("-")


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
    return path is not None and not source.is_folder and not source[path].startswith(BINARY)


FORMAT = Format(
    name="csv",
    title="CSV with the columns text,intent[,answer,title,topic,enabled] or title,answer",
    sniff=_is_one_text,
    read=lambda source: CsvReader(source).read_or_refuse(),
    write=lambda draft: {"faq.csv": write_csv(draft.intents.values()).encode("utf-8-sig")},
)
"""What no other format takes for its own is read as a table: a mistake in it is named by line."""
