"""Spreadsheets as they go wrong in people's hands: read as they were meant, or refused with line
and reason.

Whatever is left out or taken otherwise than it stands is among what the preview lists.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats.registry import read_source
from chatbot.formats.source import source_of
from exports import LUIS, as_json

HEADER = ["text", "intent", "answer"]
WIFI = ["no wifi", "wifi", "Ask."]
ASK = {"wifi": ("Ask.", ["no wifi"])}
BOTH = {"wifi": ("Ask.", ["no wifi"]), "vpn": ("Start.", ["no vpn"])}
GONE = {"wifi": ("Ask.", ["no wifi", "wifi gone"])}
BUERO = {"büro": ("Fragen.", ["kein Büro"])}


@dataclass(frozen=True)
class Read:
    """The right catalogue: answer and texts by intent; what is left out, by line."""

    content: str | bytes
    intents: Mapping[str, tuple[str | None, list[str]]]
    left_out: dict[int, str] = field(default_factory=dict)
    disabled: tuple[str, ...] = ()
    name: str = "faq.csv"


@dataclass(frozen=True)
class Refused:
    """What the first mistake says, with its line."""

    content: str | bytes
    said: str
    name: str = "faq.csv"


def book(*rows: list[Any], shape: Callable[[Any], object] = lambda _: None) -> bytes:
    made = openpyxl.Workbook()
    made.active.title = "FAQ"
    for row in rows:
        made.active.append(row)
    shape(made)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def csv(*lines: str, end: str = "\n") -> str:
    return "".join(f"{line}{end}" for line in ("text,intent,answer", *lines))


def merge(*areas: str) -> Callable[[Any], object]:
    return lambda made: [made.active.merge_cells(area) for area in areas]


def hide_row(number: int) -> Callable[[Any], object]:
    def shape(made: Any) -> None:
        made.active.row_dimensions[number].hidden = True

    return shape


def style(cell: str, number_format: str) -> Callable[[Any], object]:
    def shape(made: Any) -> None:
        made.active[cell].number_format = number_format

    return shape


def error(made: Any) -> None:
    made.active["C2"].data_type = "e"


def add_sheet(
    title: str, *rows: list[Any], at: int | None = None, hidden: bool = False
) -> Callable[[Any], object]:
    def shape(made: Any) -> None:
        sheet = made.create_sheet(title, at)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if hidden else "visible"

    return shape


READ = {
    # Headers
    "empty-column-between": Read("text,,intent,,answer\nno wifi,,wifi,,Ask.\n", ASK),
    "empty-first-column": Read(",text,intent,answer\n,no wifi,wifi,Ask.\n", ASK),
    "empty-columns-behind": Read("text,intent,answer,,,\nno wifi,wifi,Ask.,,,\n,,,,,\n", ASK),
    "header-in-capitals": Read(" TEXT , Intent,ANSWER \nno wifi,wifi,Ask.\n", ASK),
    "header-of-another-tool": Read("Utterance,Label,Response\nno wifi,wifi,Ask.\n", ASK),
    "header-once-more": Read(
        csv("no wifi,wifi,Ask.", "text,intent,answer", "no vpn,vpn,Start."),
        BOTH,
        {3: "it is a header once more"},
    ),
    "two-header-rows": Read(
        csv("Question,Label,Response", "no wifi,wifi,Ask."), ASK, {2: "it is a header once more"}
    ),
    "column-of-notes": Read(
        "text,intent,answer,notes\nno wifi,wifi,Ask.,by Kim\n",
        ASK,
        {1: "it is a column that says nothing here"},
    ),
    # Encodings, separators, line ends
    "byte-order-mark": Read(b"\xef\xbb\xbf" + csv("no wifi,wifi,Ask.").encode(), ASK),
    "two-byte-order-marks": Read(b"\xef\xbb\xbf" * 2 + csv("no wifi,wifi,Ask.").encode(), ASK),
    "mark-and-quotes": Read(b'\xef\xbb\xbf"text","intent","answer"\n"no wifi","wifi","Ask."', ASK),
    "utf-16": Read(csv("kein Büro,büro,Fragen.").encode("utf-16"), BUERO),
    "unicode-text": Read(csv("kein Büro,büro,Fragen.").replace(",", "\t").encode("utf-16"), BUERO),
    "semicolons": Read("text;intent;answer\nno wifi;wifi;Ask.\n", ASK),
    "semicolons-and-commas": Read(
        "text;intent;answer\nno wifi, help;wifi;Ask, please.\n",
        {"wifi": ("Ask, please.", ["no wifi, help"])},
    ),
    "tabs": Read("text\tintent\tanswer\nno wifi\twifi\tAsk.\n", ASK),
    "separator-said": Read("sep=;\ntext;intent;answer\nno wifi;wifi;Ask.\n", ASK),
    "mixed-line-ends": Read(
        "text,intent,answer\r\nno wifi,wifi,Ask.\nno vpn,vpn,Start.\rwifi gone,wifi,\r\n",
        BOTH | GONE,
    ),
    # Quotes
    "line-break-in-quotes": Read(
        csv('no wifi,wifi,"Ask.\nOr wait."'), {"wifi": ("Ask.\nOr wait.", ["no wifi"])}
    ),
    "quotes-inside": Read(
        csv('no 24" screen,wifi,Say "hi".'), {"wifi": ('Say "hi".', ['no 24" screen'])}
    ),
    "several-lines-in-a-text": Read(
        csv('"no wifi\nwifi gone",wifi,Ask.'),
        {"wifi": ("Ask.", ["no wifi wifi gone"])},
        {2: "its line breaks: the cell is one text, not a text a line"},
    ),
    # Rows
    "answer-in-the-first-row": Read(csv("no wifi,wifi,Ask.", "wifi gone,wifi,"), GONE),
    "answer-in-the-last-row": Read(csv("no wifi,wifi,", "wifi gone,wifi,Ask."), GONE),
    "answer-twice-with-a-blank": Read(csv("no wifi,wifi,Ask.", "wifi gone,wifi,Ask. "), GONE),
    "text-twice": Read(
        csv("no wifi,wifi,Ask.", "No  WIFI,wifi,"), ASK, {3: "it stands there twice"}
    ),
    "ten-thousand-empty-rows": Read(csv("no wifi,wifi,Ask.", *[",,"] * 10_000), ASK),
    "gap": Read(csv("no wifi,wifi,Ask.", *[",,"] * 50, "no vpn,vpn,Start."), BOTH),
    # Values
    "true-and-false": Read(
        "text,intent,answer,enabled\nno wifi,wifi,Ask.,TRUE\nno vpn,vpn,Start.,FALSE\n",
        BOTH,
        disabled=("vpn",),
    ),
    "leading-zero": Read(csv("which room,0123,Floor 1."), {"0123": ("Floor 1.", ["which room"])}),
    "names-that-are-words-of-yaml": Read(
        csv("sure,yes,Fine.", "no thanks,no,Fine too."),
        {"yes": ("Fine.", ["sure"]), "no": ("Fine too.", ["no thanks"])},
    ),
    "thousands": Read(csv('the price,wifi,"1,000.00"'), {"wifi": ("1,000.00", ["the price"])}),
    "hard-blanks": Read(csv("no\u00a0wifi,wifi\u00a0,Ask."), ASK),
    "unseen-characters": Read(csv("no wifi,wi\u200bfi,Ask.", "wifi gone,wifi,"), GONE),
    "name-in-other-capitals": Read(csv("no wifi,WiFi,Ask.", "wifi gone,wifi,"), GONE),
    "apostrophe": Read(csv("'#N/A,wifi,'=SUM(A1)"), {"wifi": ("=SUM(A1)", ["#N/A"])}),
    "labels-of-other-scripts": Read(
        csv("怎么连,VPN连接,A.", "怎么断,VPN断开,B."),
        {"vpn连接": ("A.", ["怎么连"]), "vpn断开": ("B.", ["怎么断"])},
    ),
    # Workbooks
    "workbook-with-a-csv-name": Read(book(HEADER, WIFI), ASK),
    "csv-with-a-workbook-name": Read(csv("no wifi,wifi,Ask."), ASK, name="faq.xlsx"),
    "merged-downwards": Read(
        book(HEADER, WIFI, ["wifi gone", None, None], shape=merge("B2:B3", "C2:C3")), GONE
    ),
    "merged-across": Read(book(HEADER, WIFI, shape=merge("B2:C2")), {"wifi": (None, ["no wifi"])}),
    "hidden-row": Read(
        book(HEADER, WIFI, ["old wifi", "wifi", None], shape=hide_row(3)),
        ASK,
        {3: "it is a hidden row"},
    ),
    "two-sheets": Read(
        book(HEADER, WIFI, shape=add_sheet("More", HEADER, ["no vpn", "vpn", "Start."])), BOTH
    ),
    "notes-behind": Read(
        book(HEADER, WIFI, shape=add_sheet("Notes", ["ask Kim"])),
        ASK,
        {0: "it is a sheet with other columns"},
    ),
    "notes-in-front": Read(
        book(HEADER, WIFI, shape=add_sheet("Read me", ["Fill this in"], at=0)),
        ASK,
        {0: "it is a sheet with other columns"},
    ),
    "hidden-sheet": Read(
        book(HEADER, WIFI, shape=add_sheet("Old", HEADER, ["a b", "old", "x"], hidden=True)),
        ASK,
        {0: "it is a hidden sheet"},
    ),
    "per-cent": Read(
        book(HEADER, ["how much", "wifi", 0.19], shape=style("C2", "0%")),
        {"wifi": ("19%", ["how much"])},
    ),
    "empty-cells-with-a-format": Read(
        book(HEADER, WIFI, shape=lambda made: made.active.cell(5_000, 3, " ")), ASK
    ),
}
REFUSED = {
    # Headers
    "title-above": Refused(
        "Our FAQ,,\ntext,intent,answer\nno wifi,wifi,Ask.\n", "1: needs a header"
    ),
    "comment-above": Refused(
        "# 2026\ntext,intent,answer\nno wifi,wifi,Ask.\n", "1: needs a header"
    ),
    "title-above-in-a-workbook": Refused(
        book(["Our FAQ"], [], HEADER, WIFI, shape=merge("A1:C1")), "1: needs a header", "faq.xlsx"
    ),
    "merged-header": Refused(
        book(["Asked", None, "Said"], HEADER, WIFI, shape=merge("A1:B1")),
        "1: needs a header",
        "faq.xlsx",
    ),
    "no-header": Refused("no wifi,wifi,Ask.\nno vpn,vpn,Start.\n", "1: needs a header"),
    "header-in-german": Refused("Frage;Absicht;Antwort\nx y;x;A.\n", "1: needs a header"),
    "header-twice": Refused(
        "text,text,intent\na b,c d,e\n", "1: “text” and “text” both say the text"
    ),
    "answers-in-two-columns": Refused(
        "text,intent,answer,answer\na b,c,D.,E.\n", "1: “answer” and “answer” both say the answer"
    ),
    "misspelt-header": Refused("text,intent,anwser\na b,c,D.\n", "1: “anwser” is no column"),
    "one-column": Refused("text\nno wifi\nno vpn\n", "1: needs a header"),
    "no-intents": Refused("text,answer\nno wifi,Ask.\n", "1: needs a header"),
    # Encodings and separators
    "windows-1252": Refused(
        csv("no wifi,wifi,Ask.", "kein Büro,b,F.").encode("cp1252"), "3: is not UTF-8"
    ),
    "mac-roman": Refused(csv("kein Büro,b,F.").encode("mac-roman"), "2: is not UTF-8"),
    "utf-16-without-mark": Refused(csv("no wifi,wifi,Ask.").encode("utf-16-le"), "1: holds a NUL"),
    "misread-before": Refused(csv("kein BÃ¼ro,b,F."), "2: holds “Ã¼”, a letter that was misread"),
    "lost-letters": Refused(
        csv("kein B\ufffdro,b,F."), "2: holds “\ufffd” where a letter was lost"
    ),
    "wrong-separator-said": Refused("sep=;\ntext,intent\na b,c\n", "2: needs a header"),
    "mixed-separators": Refused(
        "text;intent;answer\na b,c,D.\n", "2: “” cannot name an intent: the line has 1"
    ),
    "nul": Refused(csv("no wifi,wifi,A\0sk."), "2: holds a NUL character"),
    # Quotes and cells
    "comma-in-an-answer": Refused(
        csv("no wifi,wifi,Ask, or wait."), "2: has 4 cells, the header 3"
    ),
    "comma-in-a-text": Refused(csv("no wifi, please,wifi,Ask."), "2: has 4 cells, the header 3"),
    "curly-quotes": Refused(csv("“no wifi, please”,wifi,Ask."), "2: has 4 cells, the header 3"),
    "single-quotes": Refused(csv("'no wifi, please',wifi,Ask."), "2: has 4 cells, the header 3"),
    "blank-before-a-quote": Refused(csv('no wifi,wifi, "Ask, or wait."'), "2: has 4 cells"),
    "backslashes": Refused(csv('no wifi,wifi,"Say \\"hi\\"."'), "2: is not a CSV file"),
    "quote-left-open": Refused(
        csv('no wifi,wifi,"Ask.', "no vpn,vpn,Start."), "2: is not a CSV file"
    ),
    "quote-left-open-and-closed-below": Refused(
        csv('no wifi,wifi,"Ask.', "no vpn,vpn,Start.", 'no key,key,Call."'),
        "2: has a cell with a row in it",
    ),
    "missing-comma": Refused(
        csv("no wifi wifi,Ask."),
        "2: has 2 cells, the header 3, and no other row says more of “ask”",
    ),
    "fewer-cells": Refused("text,intent,answer,title\na b,c,D.\n", "2: has 3 cells, the header 4"),
    "one-cell": Refused(csv("no wifi"), "2: “” cannot name an intent: the line has 1 cell"),
    # Rows
    "names-left-blank-below": Refused(
        csv("no wifi,wifi,Ask.", "wifi gone,,"), "3: “” cannot name an intent; name it in each row"
    ),
    "sum-below": Refused(csv("no wifi,wifi,Ask.", "Total: 1,,"), "3: “” cannot name an intent"),
    "answers-differ": Refused(
        csv("no wifi,wifi,Ask.", "wifi gone,wifi,Wait."), "3: “wifi” has another answer already"
    ),
    "text-of-two-intents": Refused(
        csv("no wifi,wifi,Ask.", "No WIFI,net,Wait."), "3: “No WIFI” belongs to “wifi” (faq.csv:2)"
    ),
    "names-that-become-one": Refused(
        csv("c plus,C++,A.", "c sharp,C#,B."), "3: “C++” and “C#” are one intent"
    ),
    "letters-that-become-one": Refused(
        csv("how tall,Maße,A.", "how heavy,Masse,B."), "3: “Maße” and “Masse” are one intent"
    ),
    "text-left-blank": Refused(csv("no wifi,wifi,Ask.", ",wifi,"), "3: The text is blank"),
    "text-too-long": Refused(csv(f"{'no wifi ' * 80},wifi,Ask."), "2: The text has 639 characters"),
    "end-of-old-systems": Refused(csv("no wifi,wifi,Ask.", "\x1a"), "3: “” cannot name an intent"),
    # Values
    "number-shortened": Refused(csv("my order,wifi,1.00E+05"), "2: holds “1.00E+05”"),
    "name-shortened": Refused("text;intent\nmy order;1,00E+05\n", "2: holds “1,00E+05”"),
    "column-too-narrow": Refused(csv("my order,wifi,########"), "2: shows “########”"),
    "formula": Refused(csv("no wifi,wifi,=VLOOKUP(A1;B:C;2)"), "2: holds the formula"),
    "error": Refused(csv("no wifi,wifi,#REF!"), "2: shows the error #REF!"),
    "error-as-a-name": Refused(csv("no wifi,#N/A,Ask."), "2: shows the error #N/A"),
    "error-in-german": Refused("text;intent;answer\na b;c;#WERT!\n", "2: shows the error #WERT!"),
    "yes-in-german": Refused(
        "text;intent;enabled\na b;c;WAHR\n", "2: enabled is yes or no, not “WAHR”"
    ),
    # Workbooks
    "names-left-blank-in-a-workbook": Refused(
        book(HEADER, WIFI, ["wifi gone"]), "3: “” cannot name an intent", "faq.xlsx"
    ),
    "error-in-a-workbook": Refused(
        book(HEADER, ["no wifi", "wifi", "#REF!"], shape=error),
        "2: shows the error #REF!",
        "faq.xlsx",
    ),
    "formula-never-computed": Refused(
        book(HEADER, ["no wifi", "wifi", "=A1"]), "2: has a formula without a value", "faq.xlsx"
    ),
    "date-for-a-name": Refused(
        book(HEADER, ["no wifi", date(2026, 3, 1), "Ask."]), "2: has a date for a name", "faq.xlsx"
    ),
    "date-as-it-looks-here": Refused(
        book(HEADER, ["when", "wifi", date(2026, 3, 1)], shape=style("C2", "DD.MM.YYYY")),
        "2: has a number or date that is shown otherwise",
        "faq.xlsx",
    ),
    "money": Refused(
        book(HEADER, ["how much", "wifi", 1234.5], shape=style("C2", '#,##0.00 "€"')),
        "2: has a number or date that is shown otherwise",
        "faq.xlsx",
    ),
    "old-workbook": Refused(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(900), "is no .xlsx workbook", "faq.xls"
    ),
    "page-with-a-workbook-name": Refused(
        "<html><table><tr><th>text</th><th>intent</th></tr><tr><td>a b</td><td>c</td></tr></table>",
        "is a table in a web page or in XML",
        "faq.xls",
    ),
    "xml-with-a-workbook-name": Refused(
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
        "is a table in a web page or in XML",
        "faq.xls",
    ),
    # Other files
    "json-cut-off": Refused(as_json(LUIS)[:-40], "1: is not JSON: ", "luis.json"),
    "json-cut-off-in-a-list": Refused(
        '[{"text": "a b", "intent": "c"}, {"te', "1: is not JSON: ", "x.txt"
    ),
    "json-with-a-comma-too-many": Refused('[{"text": "a b"},\n]', "2: is not JSON: ", "x.json"),
    "json-a-line": Refused(
        '{"text": "a b"}\n{"text": "c d"}\n', "2: is not JSON: Extra data", "x.jsonl"
    ),
    "json-of-no-format": Refused(
        '{"rows": [1, 2]}', "is JSON, but in no format that is known", "x.json"
    ),
    "nothing": Refused("", "1: needs a header"),
}


def encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


@pytest.mark.parametrize("given", READ.values(), ids=READ)
def test_it_is_read_as_it_was_meant(given: Read) -> None:
    draft = read_source(source_of(given.name, encoded(given.content)))
    assert given.intents == {
        name: (intent.answer, intent.utterances) for name, intent in draft.intents.items()
    }
    assert given.left_out == {each.line: each.reason for each in draft.left_out}
    disabled = [name for name, intent in draft.intents.items() if intent.enabled is False]
    assert disabled == list(given.disabled)


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_its_line_and_the_reason(given: Refused) -> None:
    with pytest.raises(InvalidCatalogue) as caught:
        read_source(source_of(given.name, encoded(given.content)))
    first = str(caught.value.mistakes[0])
    expected = (
        f"{given.name}:{given.said}" if given.said[0].isdigit() else f"{given.name}: {given.said}"
    )
    assert first.startswith(expected)
