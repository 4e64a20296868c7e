"""The tables of a QnA Maker knowledge base: in which files they are, and of which kinds."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.json_text import decode
from chatbot.formats.source import Source
from chatbot.formats.tables import (
    BINARY,
    Row,
    Table,
    column_names,
    header_of,
    rows_of,
    unquoted_rows_of,
)
from chatbot.formats.workbook import Sheet, try_sheets

COLUMNS = (
    "Question",
    "Answer",
    "Source",
    "Metadata",
    "SuggestedQuestions",
    "IsContextOnly",
    "Prompts",
    "QnaId",
)
KNOWN = {column.lower() for column in COLUMNS} | {"sourcedisplayname", "id"}
_PAIRS = ("question", "answer")
_CHAT = ("scenario", "response")
_SETTINGS = ("key", "value")
_SYNONYMS = ("synonyms",)
_OWN = KNOWN - set(_PAIRS)
_SETTING_NAMES = ("defaultanswerforkb", "enableactivelearning", "defaultanswerformultiturn")
_TABLES = (".tsv", ".xlsx")
_MOST_TABLES = 10


class Package:
    """The tables of one source, by what their headers say."""

    def __init__(self, source: Source) -> None:
        self.pairs: list[Table] = []
        self.chat: list[Table] = []
        self.settings: list[Table] = []
        self.synonyms: list[Table] = []
        kinds = {
            _PAIRS: self.pairs,
            _CHAT: self.chat,
            _SETTINGS: self.settings,
            _SYNONYMS: self.synonyms,
        }
        for kind, table in _tables_of(source):
            kinds[kind].append(table)

    def find_settings(self) -> bool:
        """Return whether what looks like settings are those of a knowledge base; reads them."""
        names = (row.cells[0].strip().lower() for each in self.settings for row in body_of(each))
        return any(name in _SETTING_NAMES for name in names)


def body_of(table: Table) -> Iterator[Row]:
    """Return the rows below the header."""
    next(table.rows, None)
    return table.rows


def likely_paths(source: Source, suffixes: tuple[str, ...]) -> list[str]:
    """Return the files that may be of a kind: whatever it is called, if it is only one."""
    only = source.only()
    if only is not None:
        return [only]
    paths = [path for path in source if PurePosixPath(path).suffix.lower() in suffixes]
    return paths if len(paths) <= _MOST_TABLES else []


def _tables_of(source: Source) -> Iterator[tuple[tuple[str, ...], Table]]:
    """Yield the tables that belong to a knowledge base, with their kinds."""
    for path in likely_paths(source, _TABLES):
        if source[path].startswith(b"PK"):
            yield from _sheets_of(try_sheets(source, path) or [], path)
        elif (text := _text_of(source, path)) is not None:
            yield from _separated(text, path)


def _sheets_of(sheets: list[Sheet], path: str) -> Iterator[tuple[tuple[str, ...], Table]]:
    for sheet in sheets:
        kind = _kind_of(column_names(sheet.rows[0].cells)) if sheet.rows else None
        if kind is None:
            continue
        file = path if len(sheets) == 1 else f"{path}, sheet “{sheet.name}”"
        yield kind, Table(file, _checked(sheet, file), "\t")


def _checked(sheet: Sheet, file: str) -> Iterator[Row]:
    """Yield a sheet's rows, unless one does not read as it looks."""
    if sheet.problems:
        raise InvalidCatalogue([Mistake(file, line, reason) for line, reason in sheet.problems])
    yield from sheet.rows


def _separated(text: str, path: str) -> Iterator[tuple[tuple[str, ...], Table]]:
    """Yield the table that a text is: commas only part questions from answers."""
    kind = _kind_of(header_of(text, "\t"))
    if kind == _SYNONYMS:
        yield kind, Table(path, unquoted_rows_of(text, path, "\n"))
    elif kind is not None:
        yield kind, Table(path, _tabbed(text, path), "\t")
    for separator in (",", ";"):
        if _kind_of(header_of(text, separator)) == _PAIRS:
            yield _PAIRS, Table(path, rows_of(text, path, separator), separator)


def _tabbed(text: str, path: str) -> Iterator[Row]:
    """Yield the rows of a table of the service, which never quotes, or of one saved by Excel."""
    plain = list(unquoted_rows_of(text, path))
    try:
        rows = list(rows_of(text, path, "\t")) if _is_quoted(plain) else plain
    except InvalidCatalogue:
        rows = plain
    yield from rows


def _is_quoted(rows: Iterable[Row]) -> bool:
    """Return whether the quotes in a table are those that a spreadsheet puts around cells.

    It puts them around each cell that has a quote in it, which it doubles, or a comma.
    """
    is_doubled = has_comma = has_bare_comma = False
    for cell in (cell for row in rows for cell in row.cells):
        if not cell.startswith('"'):
            has_bare_comma = has_bare_comma or "," in cell
            continue
        inner = cell[1:].removesuffix('"')
        if '"' in inner.replace('""', ""):
            return False
        is_doubled = is_doubled or '""' in inner or not cell.endswith('"')
        has_comma = has_comma or "," in inner
    return is_doubled or (has_comma and not has_bare_comma)


def _kind_of(header: list[str]) -> tuple[str, ...] | None:
    names = set(header)
    if names >= set(_PAIRS):
        is_theirs = names <= KNOWN or (len(names & _OWN) > 1 and "intent" not in names)
        return _PAIRS if is_theirs else None
    return tuple(header) if tuple(header) in (_CHAT, _SETTINGS, _SYNONYMS) else None


def _text_of(source: Source, path: str) -> str | None:
    content = source[path]
    if content.startswith(BINARY) or content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return None
    try:
        return decode(content, path)
    except InvalidCatalogue:
        return None
