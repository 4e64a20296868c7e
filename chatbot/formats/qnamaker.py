"""QnA Maker, and Azure custom question answering: a question a row, with its answer beside it.

There are its tables (TSV or XLSX, columns by name), packages of them with settings and synonyms,
chit-chat as `Scenario Response`, and the JSON of both services; a plain table of the columns
`Question,Answer`, with or without an `ID`, is read likewise. Rows of one `QnaId` and answer, or
without ids of one answer, are one intent, called after its first question.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_text import load, try_load
from chatbot.formats.languages import to_tag
from chatbot.formats.qna_pairs import Pair, Pairs, unescape
from chatbot.formats.qnamaker_tables import KNOWN, Package, body_of, likely_paths
from chatbot.formats.qnamaker_writer import write
from chatbot.formats.source import Source
from chatbot.formats.tables import Row, Table, column_names

_JSON = (".json",)
_MOST_MISTAKES = 1_000

IS_SYNONYM = "it is a synonym, which has no place here"
IS_DEFAULT_ANSWER = "it is what the old bot said when it knew no answer"
IS_DOCUMENT = "it is a document without questions"
UNKNOWN_COLUMN = "it is a column that says nothing here"
COMMA = "has more cells than the header; put a text that holds “{}” in quotes"
TOO_MANY_CELLS = "its line has more cells than the header"
NOT_PAIRS = "is {what}, not the questions and answers of a QnA Maker knowledge base"
_SEVERAL = "holds several knowledge bases ({names}); hand over one of them"


class _Reader:
    """A reader of one source, of its pairs and of the draft that they make."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._gathering = Gathering(source.language)
        self._pairs = Pairs(self._gathering)

    def read(self) -> CatalogueDraft:
        path = _json_of(self._source)
        if path is not None:
            self._read_json(load(self._source[path], path), path)
        else:
            self._read_package(Package(self._source))
        self._pairs.gather()
        return self._gathering.finish()

    def _read_package(self, package: Package) -> None:
        self._refuse_others(package)
        for table in package.settings:
            self._read_settings(table)
        for table in package.pairs:
            self._read_pairs(table)
        for table in package.chat:
            self._read_chat(table)
        for table in package.synonyms:
            for row in body_of(table):
                self._gathering.leave_out(IS_SYNONYM, ",".join(row.cells), _place(table, row))
        for path in self._source:
            if PurePosixPath(path).parent.name == "UnstructuredContent":
                self._gathering.leave_out(IS_DOCUMENT, path, Place(path))

    def _refuse_others(self, package: Package) -> None:
        if len(package.pairs) > 1:
            names = ", ".join(table.file for table in package.pairs[:5])
            raise _invalid(self._source.name, _SEVERAL.format(names=names))
        if not package.pairs and not package.chat:
            what = "a list of synonyms" if package.synonyms else "the settings"
            raise _invalid(self._source.name, NOT_PAIRS.format(what=what))

    def _read_settings(self, table: Table) -> None:
        for row in body_of(table):
            key, value = [*row.cells, ""][:2]
            if key.strip().lower() == "language":
                self._pairs.language = to_tag(value)
            elif key.strip().lower() == "defaultanswerforkb":
                self._gathering.leave_out(IS_DEFAULT_ANSWER, value, _place(table, row))

    def _read_pairs(self, table: Table) -> None:
        first = next(table.rows, Row(1, []))
        header = column_names(first.cells)
        for name in header:
            if name and name not in KNOWN:
                self._gathering.leave_out(UNKNOWN_COLUMN, name, _place(table, first))
        mistakes = []
        for row in table.rows:
            place = _place(table, row)
            if len(column_names(row.cells)) <= len(header):
                cells = dict(zip(header, row.cells, strict=False))
                self._pairs.add(_pair_of(cells, self._pairs, place))
            elif table.separator == "\t":
                self._gathering.leave_out(TOO_MANY_CELLS, row.cells[0], place)
            else:
                mistakes.append(Mistake(table.file, row.line, COMMA.format(table.separator)))
        if mistakes:
            raise InvalidCatalogue(mistakes[:_MOST_MISTAKES])

    def _read_chat(self, table: Table) -> None:
        for row in body_of(table):
            scenario, answer = [*row.cells, ""][:2]
            place = _place(table, row)
            if scenario.strip():
                self._gathering.add_answer(scenario.strip(), unescape(answer), place)

    def _read_json(self, content: Any, path: str) -> None:
        records, where = _records_of(content)
        if records is None:
            raise _invalid(path, NOT_PAIRS.format(what="an answer of the service"))
        self._read_project(content, path)
        for number, record in enumerate(records):
            self._pairs.add_record(record, Place(path), f"{where}[{number}]")

    def _read_project(self, content: Any, path: str) -> None:
        metadata = content.get("metadata") if isinstance(content, dict) else None
        if not isinstance(metadata, dict):
            return
        self._pairs.language = to_tag(metadata.get("language"))
        settings = metadata.get("settings")
        default = settings.get("defaultAnswer") if isinstance(settings, dict) else None
        if isinstance(default, str) and default:
            self._gathering.leave_out(IS_DEFAULT_ANSWER, default, Place(path))
        for each in _synonyms_of(content):
            self._gathering.leave_out(IS_SYNONYM, each, Place(path))


def _pair_of(cells: Mapping[str, str], pairs: Pairs, place: Place) -> Pair:
    """Return what one row of a table says."""
    return Pair(
        id=(cells.get("qnaid") or cells.get("id") or "").strip(),
        answer=unescape(cells.get("answer", "")),
        source=cells.get("source", "").strip(),
        metadata=pairs.metadata_of(cells.get("metadata", "")),
        questions=[(unescape(cells.get("question", "")), place)],
        prompts=pairs.prompts_of(cells.get("prompts", ""), place),
        suggestions=pairs.suggestions_of(cells.get("suggestedquestions", ""), place),
        is_context_only=cells.get("iscontextonly", "").strip().lower() == "true",
        place=place,
    )


def _place(table: Table, row: Row) -> Place:
    return Place(table.file, row.line)


def _json_of(source: Source) -> str | None:
    """Return the path of the JSON of a knowledge base, or None if there is none."""
    paths = likely_paths(source, _JSON)
    found = [path for path in paths if _is_json(try_load(source, path))] if len(paths) < 6 else []
    return found[0] if len(found) == 1 else None


def _is_json(content: Any) -> bool:
    return _records_of(content)[0] is not None or _is_response(content)


def _records_of(content: Any) -> tuple[list[Any] | None, str]:
    """Return the list of pairs in a JSON file, and where it is."""
    if not isinstance(content, dict):
        return (content, "") if _are_pairs(content) else (None, "")
    assets = content.get("assets")
    if isinstance(assets, dict) and isinstance(assets.get("qnas"), list):
        return assets["qnas"], "assets.qnas"
    for key in ("qnaDocuments", "qnaList"):
        if isinstance(content.get(key), list):
            return content[key], key
    value = content.get("value")
    return (value, "value") if _are_pairs(value) else (None, "")


def _are_pairs(value: Any) -> bool:
    """Return whether this is a list of pairs without anything around it."""
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], dict)
        and isinstance(value[0].get("questions"), list)
        and {"answer", "source"} <= value[0].keys()
        and "score" not in value[0]
    )


def _is_response(content: Any) -> bool:
    """Return whether this is what the service answers to a question."""
    answers = content.get("answers") if isinstance(content, dict) else None
    if not isinstance(answers, list) or not answers or not isinstance(answers[0], dict):
        return False
    return "answer" in answers[0] and bool({"score", "confidenceScore"} & answers[0].keys())


def _synonyms_of(content: dict[str, Any]) -> Iterator[str]:
    assets = content.get("assets")
    synonyms = assets.get("synonyms") if isinstance(assets, dict) else None
    for each in synonyms if isinstance(synonyms, list) else []:
        words = each.get("alterations") if isinstance(each, dict) else None
        if isinstance(words, list):
            yield ",".join(str(word) for word in words)


def _sniff(source: Source) -> bool:
    try:
        if _json_of(source) is not None:
            return True
        package = Package(source)
    except InvalidCatalogue:
        return False
    if package.pairs or package.chat:
        return True
    return source.only() is not None and (bool(package.synonyms) or package.find_settings())


def _invalid(file: str, reason: str) -> InvalidCatalogue:
    return InvalidCatalogue([Mistake(file, 0, reason)])


FORMAT = Format(
    name="qnamaker",
    title="QnA Maker or Azure question answering: TSV, XLSX, JSON or a package of them",
    sniff=_sniff,
    read=lambda source: _Reader(source).read(),
    write=write,
)
