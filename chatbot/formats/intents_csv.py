"""Watson's CSV of intents, and others like it: `text,intent` in each line, and no header.

It is told by its second column: names without blanks, some of which come again.
"""

import re
from itertools import islice

from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_text import decode
from chatbot.formats.source import Source
from chatbot.formats.tables import BINARY, Row, column_names, first_rows_of, rows_of

NO_PAIR = "its line is not a text and an intent; a comma in it may lack quotes"
NO_INTENT = "its line names no intent"
_SEPARATORS = (",", ";", "\t")
_LABEL = re.compile(r"#?[^\W_][\w.\-]{0,127}")
_SAMPLE = 200
_MOST_MISFITS = 0.1
_HEADER_WORDS = frozenset(
    [
        "text",
        "texts",
        "question",
        "questions",
        "utterance",
        "utterances",
        "phrase",
        "sentence",
        "query",
        "example",
        "examples",
        "message",
        "input",
        "prompt",
        "intent",
        "intents",
        "label",
        "labels",
        "category",
        "class",
        "tag",
        "topic",
        "target",
        "title",
        "name",
        "answer",
        "answers",
        "response",
        "reply",
        "output",
        "key",
        "value",
        "id",
        "description",
    ]
)


def _read(source: Source) -> CatalogueDraft:
    [path] = source
    text = decode(source[path], path)
    gathering = Gathering()
    for row in rows_of(text, path, _separator_of(text) or ","):
        _add(gathering, row, Place(path, row.line))
    return gathering.finish()


def _add(gathering: Gathering, row: Row, place: Place) -> None:
    cells = [cell.strip() for cell in row.cells[: len(column_names(row.cells))]]
    if len(cells) > 2 or (len(cells) == 2 and not cells[0]):
        gathering.leave_out(NO_PAIR, ",".join(cells)[:500], place)
    elif len(cells) < 2:
        gathering.leave_out(NO_INTENT, cells[0][:500], place)
    else:
        gathering.add_utterance(cells[1].removeprefix("#"), cells[0], place)


def _separator_of(text: str) -> str | None:
    """Return what parts texts from intents in a table without a header, or None for another."""
    return next((each for each in _SEPARATORS if _is_split(text, each)), None)


def _is_split(text: str, separator: str) -> bool:
    try:
        rows = list(islice(first_rows_of(text, separator), _SAMPLE))
    except InvalidCatalogue:
        return False
    names = [column_names(row.cells) for row in rows]
    if not rows or _HEADER_WORDS & set(names[0]):
        return False
    labels = [row.cells[1].strip() for row in rows if _is_pair(row)]
    is_most = len(labels) >= len(rows) * (1 - _MOST_MISFITS)
    return is_most and len(set(labels)) < len(labels)


def _is_pair(row: Row) -> bool:
    cells = row.cells
    return len(cells) == 2 and _LABEL.fullmatch(cells[1].strip()) is not None


def _sniff(source: Source) -> bool:
    path = source.only()
    if path is None or source.is_folder:
        return False
    try:
        content = source[path]
        is_text = not content.startswith(BINARY)
        return is_text and _separator_of(decode(content, path)) is not None
    except InvalidCatalogue:
        return False


FORMAT = Format(
    name="intents-csv",
    title="CSV of text,intent without a header, as Watson Assistant exports it",
    sniff=_sniff,
    read=_read,
)
