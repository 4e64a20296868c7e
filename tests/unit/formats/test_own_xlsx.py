import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import own_csv, own_xlsx, workbook
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import find_format, read_source
from chatbot.formats.source import source_of

SHEET = "xl/worksheets/sheet1.xml"
HEADER = ["Text", "Intent", "Answer"]


def book(*rows: list[Any], shape: Callable[[Any], object] = lambda _: None) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    shape(made)
    return saved(made)


def saved(made: Any) -> bytes:
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def edited(content: bytes, edit: Callable[[str], str], part: str = SHEET) -> bytes:
    """The workbook with one part changed, as other programs than openpyxl may write it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(name, edit(text) if name == part else text)
    return packed.getvalue()


def read(content: bytes) -> CatalogueDraft:
    draft = read_source(source_of("faq.xlsx", content))
    assert draft.format == "xlsx"
    return draft


def mistakes(content: bytes) -> list[str]:
    with pytest.raises(InvalidCatalogue) as refused:
        read(content)
    return [str(mistake) for mistake in refused.value.mistakes]


def test_a_sheet_is_read_as_a_csv_is() -> None:
    draft = read(
        book(
            [],
            [" Question ", "INTENT", "Answer", None, None],
            ["no toner", "Order toner", "Open the shop,\nthen pick Toner.", None],
            [None, None, None],
            ["  ", None, ""],
            ["toner gone", "Order toner"],
        )
    )
    [toner] = draft.intents.values()
    assert (toner.name, toner.answer) == ("order-toner", "Open the shop,\nthen pick Toner.")
    assert toner.utterances == ["no toner", "toner gone"]
    assert draft.places["toner gone"] == ("faq.xlsx", 6)


@pytest.mark.parametrize(
    ("value", "style", "seen"),
    [
        (404, None, "404"),
        (404.0, None, "404"),
        (12.5, None, "12.5"),
        (0.1 + 0.2, None, "0.3"),
        (1e20, None, "1e+20"),
        (42, "00000", "00042"),
        (12.5, "0.00", "12.50"),
        (1234, "#,##0", "1234"),
        (0.19, "0%", "19%"),
        ("007", None, "007"),
        (True, None, "TRUE"),
        (date(2026, 1, 31), None, "2026-01-31"),
        (datetime.fromisoformat("2026-01-31T09:05"), None, "2026-01-31 09:05"),
        (time(9, 5), None, "09:05"),
        ("a_x000D_b _x005F_x000D_", None, "a\rb _x000D_"),
        ("a_x0000_b_xD800_", None, "a_x0000_b_xD800_"),
        ("=1+1 is no sum", "text", "=1+1 is no sum"),
    ],
)
def test_a_cell_is_read_as_it_looks(value: Any, style: str | None, seen: str) -> None:
    def shape(made: Any) -> None:
        cell = made.active["C2"]
        if style == "text":
            cell.data_type = "s"
        elif style:
            cell.number_format = style

    content = book(HEADER, ["no toner", "toner", value], shape=shape)
    assert read(content).intents["toner"].answer == seen


def test_a_cell_merged_downwards_stands_beside_each_of_its_rows() -> None:
    def shape(made: Any) -> None:
        made.active.merge_cells("B2:B4")
        made.active.merge_cells("C2:C3")

    content = book(
        HEADER, ["a b", "toner", "Ask."], ["c d"], [], ["e f", "ink"], ["g h", "ink"], shape=shape
    )
    toner, ink = read(content).intents.values()
    assert (toner.utterances, toner.answer) == (["a b", "c d"], "Ask.")
    assert ink.utterances == ["e f", "g h"]


def test_a_heading_merged_across_is_no_row_of_the_table() -> None:
    content = book(
        HEADER, ["Printing"], ["a b", "ink"], shape=lambda b: b.active.merge_cells("A2:C2")
    )
    assert mistakes(content) == [
        "faq.xlsx:2: “” cannot name an intent: the line has 1 cell, the header 3"
    ]


def test_a_formula_is_worth_what_was_last_shown() -> None:
    content = book(HEADER, ["no toner", "toner", "=A1"], ["no ink", "toner", '=""'])
    assert mistakes(content) == [
        f"faq.xlsx:{row}: has a formula without a value; open and save it in a spreadsheet"
        for row in (2, 3)
    ]

    def compute(sheet: str) -> str:
        sheet = re.sub(r'<c r="C2"[^>]*><f>A1</f><v ?/></c>', COMPUTED, sheet)
        return re.sub(r'<c r="C3"[^>]*><f>""</f><v ?/></c>', COMPUTED_EMPTY, sheet)

    [toner] = read(edited(content, compute)).intents.values()
    assert (toner.answer, toner.utterances) == ("Ask.", ["no toner", "no ink"])


COMPUTED = '<c r="C2" t="str"><f>A1</f><v>Ask.</v></c>'
COMPUTED_EMPTY = '<c r="C3" t="str"><f>""</f><v></v></c>'


def test_an_error_in_a_cell_is_named() -> None:
    assert mistakes(book(HEADER, ["no toner", "toner", "#REF!"])) == [
        "faq.xlsx:2: shows the error #REF!"
    ]


def test_what_would_be_misread_is_named_with_its_sheet_and_row() -> None:
    def shape(made: Any) -> None:
        other = made.create_sheet("Ink")
        other.append(HEADER)
        other.append(["no ink", "ink", "Wait.", "a note"])

    content = book(HEADER, ["C plus", "C++"], ["C sharp", "C#"], shape=shape)
    assert mistakes(content) == [
        "faq.xlsx, sheet “Sheet”:3: “C++” and “C#” are one intent, “c”; give one another name",
        "faq.xlsx, sheet “Ink”:2: has 4 cells, the header 3",
    ]


def test_sheets_with_other_columns_and_hidden_ones_are_left_out() -> None:
    def shape(made: Any) -> None:
        made.create_sheet("Notes").append(["anything"])
        made.create_sheet("Empty")
        hidden = made.create_sheet("Old")
        hidden.append(HEADER)
        hidden.append(["no ink", "ink"])
        hidden.sheet_state = "hidden"

    draft = read(book([*HEADER, "id"], ["no toner", "toner", None, 7], shape=shape))
    assert list(draft.intents) == ["toner"]
    assert [(each.reason, each.text) for each in draft.left_out] == [
        (own_csv.UNKNOWN_COLUMN, "id"),
        (own_xlsx.OTHER_SHEET, "Notes"),
        (own_xlsx.HIDDEN_SHEET, "Old"),
    ]


def test_a_workbook_without_a_header_is_refused() -> None:
    assert mistakes(book(["no toner", "toner"]))[0].startswith("faq.xlsx:1: needs a header line")
    assert mistakes(book())[0].startswith("faq.xlsx:1: needs a header line")


def test_a_size_that_the_sheet_claims_wrongly_is_not_believed() -> None:
    content = book(HEADER, ["no toner", "toner"], ["no ink", "toner"])
    claimed = edited(
        content, lambda xml: re.sub('dimension ref="[^"]*"', 'dimension ref="A1"', xml)
    )
    assert claimed != content
    assert read(claimed).intents["toner"].utterances == ["no toner", "no ink"]


def put(cell: str) -> Callable[[str], str]:
    """A sheet with another first cell below the header."""

    def edit(sheet: str) -> str:
        changed = re.sub('<c r="A2".*?</c>', cell, sheet)
        assert changed != sheet
        return changed

    return edit


def append(rows: str) -> Callable[[str], str]:
    return lambda sheet: sheet.replace("</sheetData>", f"{rows}</sheetData>")


def explode(sheet: str) -> str:
    """A sheet with a cell that grows tenfold nine times."""
    entities = "".join(f"<!ENTITY x{n} '{f'&x{n - 1};' * 10}'>" for n in range(1, 10))
    declared = f"<!DOCTYPE a [<!ENTITY x0 'xxxxxxxxxx'>{entities}]>"
    return declared + put('<c r="A2" t="str"><v>&x9;</v></c>')(sheet)


GOOD = book(HEADER, ["no toner", "toner", "Ask."])
DAMAGED = {
    "protected": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
    "cut": GOOD[: len(GOOD) // 2],
    "cut-sheet": edited(GOOD, lambda xml: xml[: len(xml) // 2]),
    "no-sheet": edited(GOOD, lambda _: ""),
    "number-that-is-none": edited(GOOD, put('<c r="A2"><v>x</v></c>')),
    "text-that-is-not-there": edited(GOOD, put('<c r="A2" t="s"><v>99</v></c>')),
    "style-that-is-not-there": edited(GOOD, put('<c r="A2" s="99"><v>1</v></c>')),
    "date-that-is-none": edited(GOOD, put('<c r="A2" t="d"><v>2026-99-99</v></c>')),
    "place-that-is-none": edited(GOOD, put('<c r="2A"><v>1</v></c>')),
    "endless-number": edited(GOOD, put(f'<c r="A2"><v>{"9" * 5000}</v></c>')),
    "infinite-number": edited(GOOD, put('<c r="A2"><v>1e999</v></c>')),
    "far-row": edited(GOOD, append('<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>')),
    "many-wide-rows": edited(
        GOOD,
        append("".join(f'<row r="{n}"><c r="ZZZ{n}"><v>1</v></c></row>' for n in range(3, 500))),
    ),
    "entities": edited(GOOD, explode),
    "no-book": edited(GOOD, lambda _: "<x/>", "xl/workbook.xml"),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_workbook_is_refused_and_nothing_else(content: bytes) -> None:
    with pytest.raises(InvalidCatalogue):
        read_source(source_of("faq.xlsx", content))


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_MOST_UNPACKED", 1_000)
    assert "unpacks to more than" in mistakes(GOOD)[0]


def test_a_workbook_of_another_program_is_named() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", "<x/>")
    with pytest.raises(InvalidCatalogue, match=r"save it as \.xlsx"):
        read_source(source_of("faq.ods", content.getvalue()))


@pytest.mark.parametrize("content", [b"", b"text,intent\n", b"PK\x03\x04", b"%PDF-1.7"])
def test_what_is_no_workbook_is_left_to_others(content: bytes) -> None:
    try:
        found = find_format(source_of("x.csv", content)).name
    except InvalidCatalogue:
        found = ""
    assert found != "xlsx"
