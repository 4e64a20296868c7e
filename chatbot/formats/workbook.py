"""Workbooks, `.xlsx`, as tables of the texts that people see in them.

Nothing is computed and no link is followed: a formula is worth what the spreadsheet program last
showed for it. What would be read otherwise than it looks is a problem of its sheet, with the row.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

import openpyxl  # type: ignore[import-untyped]

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.source import Source
from chatbot.formats.tables import Row

_MOST_UNPACKED = 30_000_000
_MOST_CELLS = 1_000_000
_MOST_ROWS = 1_048_576
_MOST_PROBLEMS = 100
_MOST_WHOLE = 1e15
_ZIP, _OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
_MERGED = re.compile(rb'mergeCell ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_ROW = re.compile(rb"<(?:\w+:)?row\s([^<>]{0,500})>")
_ROW_NUMBER = re.compile(rb'\br="(\d{1,7})"')
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ZEROS = re.compile(r"0{2,20}")
_DECIMALS = re.compile(r"(?:#,##)?0(?:\.(0{1,10}))?(%?)")
NOT_XLSX = "is no .xlsx workbook, or protected by a password; save it as .xlsx without one"


@dataclass
class Sheet:
    """The rows of a sheet that are not blank; `problems` are rows that do not read as they look.

    Rows that are hidden, by hand or by a filter, are not among `rows`. `dates` are places, row and
    column from 0, of moments; `restyled` those of numbers and moments whose format is not known, so
    that they look otherwise than they are read.
    """

    name: str
    is_hidden: bool
    rows: list[Row] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    hidden: list[Row] = field(default_factory=list)
    dates: set[tuple[int, int]] = field(default_factory=set)
    restyled: set[tuple[int, int]] = field(default_factory=set)


def is_workbook(source: Source) -> bool:
    """Return whether a source is a workbook, or one of an older or another program."""
    path = source.only()
    if path is None:
        return "mimetype" in source and source["mimetype"].startswith(_OPEN_DOCUMENT)
    content = source[path]
    if content.startswith(_OLD_OFFICE):
        return True
    return content.startswith(_ZIP) and any(each.startswith("xl/") for each in _parts(content))


def try_sheets(source: Source, path: str) -> list[Sheet] | None:
    """Return the sheets of a workbook, or None for what is none, to tell formats apart."""
    try:
        return read_sheets(source, path)
    except InvalidCatalogue:
        return None


def read_sheets(source: Source, path: str) -> list[Sheet]:
    """Return the sheets of a workbook, read once. Raises InvalidCatalogue for what is none."""
    key = f"sheets of {path}"
    if key not in source.parsed:
        try:
            source.parsed[key] = _read(source[path])
        except _NotReadable as error:
            source.parsed[key] = str(error)
    if isinstance(source.parsed[key], str):
        raise InvalidCatalogue([Mistake(path, 0, source.parsed[key])])
    sheets: list[Sheet] = source.parsed[key]
    return sheets


class _NotReadable(Exception):
    """The reason why a workbook cannot be read."""


def _read(content: bytes) -> list[Sheet]:
    if not content.startswith(_ZIP) or not _parts(content):
        raise _NotReadable(NOT_XLSX)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return list(_sheets(content))
        except (_NotReadable, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - openpyxl lets out whatever its parts raise
            raise _NotReadable(f"is a damaged workbook ({type(error).__name__})") from None


def _sheets(content: bytes) -> Iterator[Sheet]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(each.file_size for each in archive.infolist()) > _MOST_UNPACKED:
            raise _NotReadable(f"unpacks to more than {_MOST_UNPACKED // 1_000_000} MB")
        book = _open(content, data_only=True)
        cells = _Counter()
        for sheet in book.worksheets:
            # Only the part itself says which cells are merged; openpyxl skips it when streaming.
            part = archive.read(sheet._worksheet_path)  # noqa: SLF001
            yield _SheetReader(sheet, part, cells).read(content)


def _open(content: bytes, data_only: bool) -> Any:
    return openpyxl.load_workbook(
        io.BytesIO(content), read_only=True, data_only=data_only, keep_links=False
    )


class _Counter:
    """A counter of rows and cells, also empty ones: a few bytes can claim millions of them."""

    def __init__(self) -> None:
        self.cells = 0

    def rows_of(self, sheet: Any) -> Iterator[tuple[int, Any]]:
        sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(), 1):
            self.cells += len(cells)
            if self.cells > _MOST_CELLS or number > _MOST_ROWS:
                raise _NotReadable(f"has more than {_MOST_CELLS:,} cells")
            if cells:
                yield number, cells


class _SheetReader:
    """A reader of one sheet."""

    def __init__(self, sheet: Any, part: bytes, counter: _Counter) -> None:
        self._sheet, self._part, self._counter = sheet, part, counter
        self._into = Sheet(str(sheet.title), sheet.sheet_state != "visible")
        self._known: set[tuple[int, int]] = set()
        self._merged = _merged_cells(part)
        self._hidden = _hidden_rows(part)
        self._lasting: dict[int, tuple[str, int]] = {}

    def read(self, content: bytes) -> Sheet:
        has_formulas = _FORMULA.search(self._part) is not None
        for number, cells in self._counter.rows_of(self._sheet):
            texts = [self._text_of(cell, number) for cell in cells]
            if has_formulas:
                self._known |= {(number, at) for at, cell in enumerate(cells) if _is_known(cell)}
            self._note_styles(cells, number)
            if any(text.strip() for text in texts):
                rows = self._into.hidden if number in self._hidden else self._into.rows
                rows.append(Row(number, self._with_merged(texts, number)))
        if has_formulas:
            self._find_formulas_without_value(content)
        return self._into

    def _note_styles(self, cells: Any, row: int) -> None:
        for at, cell in enumerate(cells):
            if isinstance(cell.value, datetime):
                self._into.dates.add((row, at))
            if isinstance(cell.value, int | float | datetime) and not _is_plain(
                cell.value, cell.number_format
            ):
                self._into.restyled.add((row, at))

    def _text_of(self, cell: Any, row: int) -> str:
        if cell.data_type == "e":
            self._problem(row, f"shows the error {str(cell.value)[:20]}")
            return ""
        return _as_seen(cell.value, cell.number_format if cell.value is not None else "")

    def _with_merged(self, texts: list[str], row: int) -> list[str]:
        """A cell merged downwards stands beside each row that it reaches."""
        for column, last in self._merged.get(row, ()):
            if column < len(texts):
                self._lasting[column] = texts[column], last
        for column, (text, last) in self._lasting.items():
            texts += [""] * (column + 1 - len(texts))
            if row <= last and not texts[column]:
                texts[column] = text
        return texts

    def _find_formulas_without_value(self, content: bytes) -> None:
        """A program that computes nothing, as most that make exports, leaves formulas empty."""
        written = _open(content, data_only=False)[self._sheet.title]
        for number, cells in self._counter.rows_of(written):
            for at, cell in enumerate(cells):
                if cell.data_type == "f" and (number, at) not in self._known:
                    reason = "has a formula without a value; open and save it in a spreadsheet"
                    self._problem(number, reason)

    def _problem(self, row: int, reason: str) -> None:
        if len(self._into.problems) < _MOST_PROBLEMS:
            self._into.problems.append((row, reason))


def _is_known(cell: Any) -> bool:
    """Return whether a cell shows something; of a formula also nothing, if that is its value."""
    return cell.value is not None or cell.data_type == "str"


def _merged_cells(part: bytes) -> dict[int, list[tuple[int, int]]]:
    """Return by its first row the column and the last row of what is merged downwards."""
    merged: dict[int, list[tuple[int, int]]] = {}
    for found in _MERGED.finditer(part):
        first, last = int(found[2]), int(found[3])
        if last > first:
            merged.setdefault(first, []).append((_column(found[1]), last))
    return merged


def _hidden_rows(part: bytes) -> set[int]:
    """Return the numbers of rows that nobody sees; the streaming reader does not tell."""
    hidden = (found[1] for found in _ROW.finditer(part) if _HIDDEN.search(found[1]))
    return {int(number[1]) for each in hidden if (number := _ROW_NUMBER.search(each))}


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _as_seen(value: Any, style: str) -> str:
    """Return a cell's value as a spreadsheet shows it; a date as 2026-01-31."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case int() | float():
            return _number(value, style)
        case datetime():
            return _moment(value, style)
        case time():
            return value.isoformat("minutes")
    return _ESCAPED.sub(_unescaped, str(value)).replace("\r\n", "\n")


def _unescaped(found: re.Match[str]) -> str:
    """Return the character that is meant; what no text can hold stays as it is written."""
    code = int(found[1], 16)
    return found[0] if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)


def _is_plain(value: float | datetime, style: str) -> bool:
    """Return whether a value is read as it looks; a bool is, whatever its format."""
    if isinstance(value, bool):
        return True
    if isinstance(value, datetime):
        return style.lower().startswith("yyyy-mm-dd")
    known = style in ("General", "@") or _ZEROS.fullmatch(style) or _DECIMALS.fullmatch(style)
    return bool(known)


def _moment(value: datetime, style: str) -> str:
    is_day = value.time() == time() and "h" not in style.lower()
    return value.date().isoformat() if is_day else value.isoformat(" ", "minutes")


def _number(value: float, style: str) -> str:
    if _ZEROS.fullmatch(style) and value >= 0 and value == int(value):
        return f"{int(value):0{len(style)}d}"
    shown = _DECIMALS.fullmatch(style)
    if shown is not None and style not in ("0", "#,##0"):
        places = len(shown[1] or "")
        return f"{value * 100:.{places}f}%" if shown[2] else f"{value:.{places}f}"
    is_whole = value == int(value) and abs(value) < _MOST_WHOLE
    return str(int(value)) if is_whole else f"{value:.15g}"


def _parts(content: bytes) -> list[str]:
    try:
        return zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError):
        return []
