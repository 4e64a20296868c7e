"""The FAQ as CSV: one utterance a line, or one article a line, for spreadsheets.

Columns are `text,intent[,answer,title,topic,enabled]`, in any order; one line of an intent that
says one of the latter four is enough, and several must agree. A line without a text has only those:
it is an article, which may be all that there is of an intent. A help centre's articles need no more
than the columns `title,answer`, or `question,answer`; an intent is then named after its title.
Separators, and other usual names of columns, are as spreadsheets have them. What could be misread,
as a comma without quotes, two labels of one name or a number that was shortened, is a mistake:
nothing is guessed.
"""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.cells import find_damage, guarded, is_guarded
from chatbot.formats.draft import CatalogueDraft, IntentDraft, LeftOut, Reader
from chatbot.formats.format import Format
from chatbot.formats.gathering import REPEATED
from chatbot.formats.json_text import decode, refuse_json
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
LINE_BREAKS = "its line breaks: the cell is one text, not a text a line"
SAYS_COLUMNS = "it is a header once more"
NO_HEADER = "needs a header line with the columns text,intent[,answer], or title,answer"
_LONGEST_NAME = 80
_LABEL = re.compile(r"[^\W\d_][\w.\-]*")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
"""What breaks or joins lines and is not seen: with it, two names look alike and are not."""

_MOST_MISTAKES = 1_000
_ENABLED = {"": None, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class TableReader(Reader):
    """A reader of tables of these columns, from a CSV or from the sheets of a workbook."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._labels: dict[str, str] = {}
        self._cut = ""
        self._whole: set[str] = set()
        self._short: dict[str, Mistake] = {}

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
        self.mistakes += [mistake for key, mistake in self._short.items() if key not in self._whole]
        self._whole, self._short = set(), {}

    def _leave_out_columns(self, columns: "Columns", file: str, line: int) -> None:
        for name in columns.unknown:
            self.draft.left_out.append(LeftOut(UNKNOWN_COLUMN, name, file, line))

    def _read_cells(self, columns: "Columns", row: Row, table: Table) -> None:
        """A line with more cells than its header has, or with fewer, is one that is misread."""
        if misfit := columns.find_misfit(row.cells, table.separator):
            self.mistake(table.file, row.line, misfit)
            return
        if knows_columns(column_names(row.cells)):
            row_as_text = table.separator.join(row.cells).strip()
            left_out = LeftOut(SAYS_COLUMNS, row_as_text, table.file, row.line)
            self.draft.left_out.append(left_out)
            return
        if damage := columns.find_damage(row.cells, table.separator):
            self.mistake(table.file, row.line, damage)
            return
        before = len(self.mistakes)
        self._cut = columns.count(row.cells) if columns.is_cut(row.cells) else ""
        draft = self._read_row(columns.pick(row.cells, table.separator), table.file, row.line)
        if self._cut and len(self.mistakes) == before:
            self.mistake(table.file, row.line, self._cut)
        if draft is not None and table.separator and not self._cut:
            self._expect_a_whole_row(draft.name, columns, row, table.file)

    def _expect_a_whole_row(self, key: str, columns: "Columns", row: Row, file: str) -> None:
        """A row may end after its intent, as in our exports, where another row says the rest.

        If none does, a comma may be missing: what should be the answer is taken for the intent.
        """
        if len(row.cells) >= columns.width:
            self._whole.add(key)
        else:
            reason = f"{columns.count(row.cells)}, and no other row says more of “{key}”"
            self._short.setdefault(key, Mistake(file, row.line, reason))

    def _read_row(self, cells: dict[str, str], name: str, line: int) -> IntentDraft | None:
        described = {column: cell.strip() for column, cell in cells.items()}
        described["intent"] = _INVISIBLE.sub("", described["intent"])
        draft = self._draft_of(described, name, line)
        if draft is None:
            return None
        if cells["text"] == "" and (described["answer"] or described["title"]):
            self._read_article(draft, described, name, line)
            return draft
        self._describe(draft, described, name, line)
        self._read_text(draft, described["text"], name, line)
        return draft

    def _read_text(self, draft: IntentDraft, cell: str, name: str, line: int) -> None:
        if "\n" in cell:
            self.draft.left_out.append(LeftOut(LINE_BREAKS, cell, name, line))
        before = len(self.mistakes)
        text = self.text(cell, draft.name, name, line, repeat_is_mistake=False)
        if text is not None:
            draft.utterances.append(text)
        elif len(self.mistakes) == before:
            self.draft.left_out.append(LeftOut(REPEATED, cell, name, line))

    def _draft_of(self, cells: dict[str, str], name: str, line: int) -> IntentDraft | None:
        """The intent that a line is about, or None with a mistake noted."""
        intent, title = cells["intent"], cells["title"]
        key = to_whole_name(intent) if intent or not title else _name_after(title)
        if not is_name(key):
            why = "" if intent else "; name it in each row"
            why = f": the line {self._cut}" if self._cut else why
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
            refuse_json(text, name)
            self.read_table(open_table(text, name, knows_columns))
        except InvalidCatalogue as error:
            self.mistakes += error.mistakes
        return self.draft


class Columns:
    """The cells of a row by what they say, as the names in a header tell.

    `places` has where each of our columns is.

    Raises ValueError for a header that does not say what is what, or that says it twice.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self.places = _places_of(names)
        if not _says_what_is_what(self.places):
            raise ValueError(NO_HEADER)
        used = set(self.places.values())
        self.unknown = [name for at, name in enumerate(names) if name and at not in used]
        for name in self.unknown:
            self._check_spelling(name)

    @property
    def width(self) -> int:
        return len(self._names)

    def pick(self, cells: list[str], separator: str) -> dict[str, str]:
        """Return what a row says by our names of the columns."""
        picked = dict.fromkeys(COLUMNS, "")
        for column, at in self.places.items():
            cell = cells[at] if at < len(cells) else ""
            picked[column] = cell[1:] if self._is_meant(cell, separator) else cell
        return picked

    def find_damage(self, cells: list[str], separator: str) -> str | None:
        """Return why one of our columns cannot say what was meant, or None."""
        for at in self.places.values():
            cell = cells[at] if at < len(cells) else ""
            if self._is_meant(cell, separator):
                continue
            if damage := find_damage(cell):
                return damage
            if self.holds_a_row(cell, separator):
                return "has a cell with a row in it; a quote before it may not be closed"
        return None

    def holds_a_row(self, cell: str, separator: str) -> bool:
        """Return whether a line of a cell could be a row, swallowed by a quote left open."""
        if "\n" not in cell or not separator or "intent" not in self.places:
            return False
        rows = [line.strip().split(separator) for line in cell.splitlines()[1:]]
        return any(
            len(row) == self.width and _LABEL.fullmatch(row[self.places["intent"]]) for row in rows
        )

    def _is_meant(self, cell: str, separator: str) -> bool:
        """Return whether an apostrophe before a cell says that it is meant as it stands."""
        is_row = cell.startswith("'") and self.holds_a_row(cell, separator)
        return is_row or is_guarded(cell)

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
        needed = ("text", "intent") if "intent" in self.places else ("title", "answer")
        return max(self.places[column] for column in needed if column in self.places)

    def _check_spelling(self, name: str) -> None:
        absent = {
            word: column
            for column in COLUMNS
            if column not in self.places
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
    columns = Columns(list(COLUMNS))
    for intent in intents:
        enabled = "no" if intent.enabled is False else "yes"
        described = [intent.answer or "", intent.title, intent.topic, enabled]
        for text in intent.utterances or [""]:
            cells = [text, intent.name, *described]
            writer.writerow([_as_meant(cell, columns) for cell in cells])
            described = []
    return file.getvalue()


def _as_meant(cell: str, columns: Columns) -> str:
    return f"'{cell}" if columns.holds_a_row(cell, ",") else guarded(cell)


def _says_what_is_what(columns: Collection[str]) -> bool:
    """Return whether lines say which intent they are about, and something of it."""
    return {"text", "intent"} <= set(columns) or {"title", "answer"} <= set(columns)


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
