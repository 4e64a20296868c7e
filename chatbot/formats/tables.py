"""Tables as spreadsheets write them: text with whichever separator, read into rows with lines."""

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.limits import MOST_UTTERANCES

_SEPARATORS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r'"?sep=([^\r\n"])"?[,;\t]*(?:\r\n|\r|\n)', re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_MOST_ROWS = MOST_UTTERANCES
_MOST_LINES = 1_000_000
_LONGEST_FIRST_LINE = 1_000_000
_ENOUGH = 50_000
BINARY = (b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8", b"\x1f\x8b")


@dataclass(frozen=True)
class Row:
    """The cells of a row that is not blank, and the line in which they begin."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """The rows of a table, the header first; `file` is for messages."""

    file: str
    rows: Iterator[Row]
    separator: str = ","


def open_table(text: str, file: str, knows: Callable[[Collection[str]], bool]) -> Table:
    """Return the table of a text; its separator makes a header of it that the caller `knows`.

    A first line such as `sep=;`, as Excel has it, says the separator. Rows raise InvalidCatalogue
    where quotes are not closed, or not at the end of their cell: what follows would be misread.
    """
    if said := _SEPARATOR_LINE.match(text):
        return Table(file, rows_of(text[said.end() :], file, said[1], skipped=1), said[1])
    known = (each for each in _SEPARATORS if knows(header_of(text, each)))
    separator = next(known, _SEPARATORS[0])
    return Table(file, rows_of(text, file, separator), separator)


def header_of(text: str, separator: str) -> list[str]:
    """Return the first row's cells as names of columns, or none if it cannot be read."""
    try:
        first = next(first_rows_of(text, separator), None)
    except InvalidCatalogue:
        return []
    return column_names(first.cells) if first else []


def first_rows_of(text: str, separator: str) -> Iterator[Row]:
    """Yield rows of a text's beginning, to tell what it is; the row that is cut is no mistake."""
    rows = rows_of(text[:_ENOUGH], "", separator)
    try:
        yield from rows
    except InvalidCatalogue:
        if len(text) <= _ENOUGH:
            raise


def column_names(cells: list[str]) -> list[str]:
    """Return names of columns as they are compared: in lower case, without blanks around."""
    names = [" ".join(cell.replace("\ufeff", "").split()).lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def rows_of(text: str, file: str, separator: str, skipped: int = 0) -> Iterator[Row]:
    """Yield the rows of a text whose cells may be quoted. Raises InvalidCatalogue, see above."""
    _check(text, file)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = skipped + 1
    try:
        for number, cells in enumerate(reader):
            if number >= _MOST_ROWS:
                raise InvalidCatalogue([Mistake(file, 0, f"has more than {_MOST_ROWS:,} rows")])
            if any(cell.strip() for cell in cells):
                yield Row(line, cells)
            line = skipped + reader.line_num + 1
    except csv.Error as error:
        reason = f"is not a CSV file: {error}; check the quotes of what begins here"
        raise InvalidCatalogue([Mistake(file, line, reason)]) from None


def unquoted_rows_of(text: str, file: str, separator: str = "\t") -> Iterator[Row]:
    """Yield the rows of a text in which a quote is a character like any other."""
    _check(text, file)
    for number, line in enumerate(_LINE_END.split(text), 1):
        cells = line.split(separator)
        if any(cell.strip() for cell in cells):
            yield Row(number, cells)


def _check(text: str, file: str) -> None:
    """Refuse quickly what is no text, or much too long to be a table that somebody made."""
    if (at := text.find("\x00")) >= 0:
        line = len(_LINE_END.findall(text, 0, at)) + 1
        raise InvalidCatalogue([Mistake(file, line, "holds a NUL character; save it as UTF-8")])
    if text.count("\n") > _MOST_LINES:
        raise InvalidCatalogue([Mistake(file, 0, f"has more than {_MOST_LINES:,} lines")])
    if len(text) > _LONGEST_FIRST_LINE and not _LINE_END.search(text, 0, _LONGEST_FIRST_LINE):
        reason = f"is no table: its first line has more than {_LONGEST_FIRST_LINE:,} characters"
        raise InvalidCatalogue([Mistake(file, 1, reason)])
