"""QnA Maker, and Azure custom question answering: a question a row, with its answer beside it.

There are its tables (TSV or XLSX, columns by name), packages of them with settings and synonyms,
chit-chat as `Scenario Response`, and the JSON of both services; a plain table of the columns
`Question,Answer`, with or without an `ID`, is read likewise. Rows of one `QnaId` and answer, or
without ids of one answer, are one intent, called after its first question.

What is written is a table of this kind that other products import. They know no names, so names,
titles, topics and whether an entry is enabled stand in `Metadata`, which they keep as tags:
`intent:vpn | title:VPN | topic:Net | enabled:no`, with `%`, `:` and `|` as `%25`, `%3A` and `%7C`.
An entry without an answer has a placeholder there, marked `answer:none`, and one without
utterances has its title as its question, marked `utterances:none`: they want both. An entry that
is disabled is a live one to them, and they have no place for what only measures.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import PLACEHOLDER, CatalogueDraft, IntentDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_text import decode, load, try_load
from chatbot.formats.qna_pairs import Pair, Pairs, Prompt, escape, unescape
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
_KNOWN = {column.lower() for column in COLUMNS} | {"sourcedisplayname", "id"}
_PAIRS = ("question", "answer")
_CHAT = ("scenario", "response")
_SETTINGS = ("key", "value")
_SYNONYMS = ("synonyms",)
_OWN = _KNOWN - set(_PAIRS)
_SETTING_NAMES = ("defaultanswerforkb", "enableactivelearning", "defaultanswerformultiturn")
_TABLES, _JSON = (".tsv", ".xlsx"), (".json",)
_MOST_TABLES = 10
_MOST_MISTAKES = 1_000

IS_SYNONYM = "it is a synonym, which has no place here"
IS_DEFAULT_ANSWER = "it is what the old bot said when it knew no answer"
IS_DOCUMENT = "it is a document without questions"
UNKNOWN_COLUMN = "it is a column that says nothing here"
COMMA = "has more cells than the header; put a text that holds “{}” in quotes"
TOO_MANY_CELLS = "its line has more cells than the header"
NOT_PAIRS = "is {what}, not the questions and answers of a QnA Maker knowledge base"
_SEVERAL = "holds several knowledge bases ({names}); hand over one of them"

LANGUAGES = {
    "arabic": "ar",
    "bulgarian": "bg",
    "catalan": "ca",
    "chinese": "zh",
    "chinese_simplified": "zh-hans",
    "chinese_traditional": "zh-hant",
    "croatian": "hr",
    "czech": "cs",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "estonian": "et",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hebrew": "he",
    "hindi": "hi",
    "hungarian": "hu",
    "indonesian": "id",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "latvian": "lv",
    "lithuanian": "lt",
    "malay": "ms",
    "norwegian": "no",
    "polish": "pl",
    "portuguese": "pt",
    "portuguese_brazil": "pt-br",
    "portuguese_portugal": "pt-pt",
    "romanian": "ro",
    "russian": "ru",
    "slovak": "sk",
    "slovenian": "sl",
    "spanish": "es",
    "swedish": "sv",
    "tamil": "ta",
    "telugu": "te",
    "thai": "th",
    "turkish": "tr",
    "ukrainian": "uk",
    "vietnamese": "vi",
}


class _Package:
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


class _Reader:
    """A reader of one source, of its pairs and of the draft that they make."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._gathering = Gathering()
        self._pairs = Pairs(self._gathering)

    def read(self) -> CatalogueDraft:
        path = _json_of(self._source)
        if path is not None:
            self._read_json(load(self._source[path], path), path)
        else:
            self._read_package(_Package(self._source))
        self._pairs.gather()
        return self._gathering.finish()

    def _read_package(self, package: _Package) -> None:
        self._refuse_others(package)
        for table in package.settings:
            self._read_settings(table)
        for table in package.pairs:
            self._read_pairs(table)
        for table in package.chat:
            self._read_chat(table)
        for table in package.synonyms:
            for row in _body(table):
                self._gathering.leave_out(IS_SYNONYM, ",".join(row.cells), _place(table, row))
        for path in self._source:
            if PurePosixPath(path).parent.name == "UnstructuredContent":
                self._gathering.leave_out(IS_DOCUMENT, path, Place(path))

    def _refuse_others(self, package: _Package) -> None:
        if len(package.pairs) > 1:
            names = ", ".join(table.file for table in package.pairs[:5])
            raise _invalid(self._source.name, _SEVERAL.format(names=names))
        if not package.pairs and not package.chat:
            what = "a list of synonyms" if package.synonyms else "the settings"
            raise _invalid(self._source.name, NOT_PAIRS.format(what=what))

    def _read_settings(self, table: Table) -> None:
        for row in _body(table):
            key, value = [*row.cells, ""][:2]
            if key.strip().lower() == "language":
                self._pairs.language = to_tag(value)
            elif key.strip().lower() == "defaultanswerforkb":
                self._gathering.leave_out(IS_DEFAULT_ANSWER, value, _place(table, row))

    def _read_pairs(self, table: Table) -> None:
        first = next(table.rows, Row(1, []))
        header = column_names(first.cells)
        for name in header:
            if name and name not in _KNOWN:
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
        for row in _body(table):
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


def to_tag(name: Any) -> str | None:
    """Return the tag of a language by its English name, a tag as it is, or None."""
    if not isinstance(name, str):
        return None
    plain = re.sub(r"[\s\-()]+", "_", name.strip().lower()).strip("_")
    if re.fullmatch(r"[a-z]{2,3}(_[a-z0-9]{2,8}){0,2}", plain) and plain not in LANGUAGES:
        return plain.replace("_", "-")
    return LANGUAGES.get(plain)


def write(draft: CatalogueDraft) -> Mapping[str, bytes]:
    """Return a table that reads as `draft`, but for what only measures, and that others import."""
    ids = {name: number for number, name in enumerate(draft.intents, 1)}
    lines: list[tuple[str, ...]] = [COLUMNS]
    for intent in draft.intents.values():
        described = _described(intent, ids)
        lines += [(escape(text), *described) for text in intent.utterances or [intent.title]]
    text = "".join("\t".join(cells) + "\n" for cells in lines)
    return {"qna.tsv": text.encode("utf-8-sig")}


def _described(intent: IntentDraft, ids: Mapping[str, int]) -> tuple[str, ...]:
    """Return the cells that stand beside each question of an intent."""
    enabled = {True: "yes", False: "no", None: ""}[intent.enabled]
    metadata = {
        "intent": intent.name,
        "title": intent.title if intent.has_own_title else "",
        "topic": intent.topic,
        "enabled": enabled,
        "answer": "" if intent.answer else "none",
        "utterances": "" if intent.utterances else "none",
    }
    tags = " | ".join(f"{key}:{_quote(value)}" for key, value in metadata.items() if value)
    known = [name for name in intent.follow_ups if name in ids]
    prompts = [Prompt(str(ids[name]), name.replace("-", " ")) for name in known]
    answer = escape(intent.answer or PLACEHOLDER)
    return answer, "Editorial", tags, "[]", "False", Prompt.write(prompts), str(ids[intent.name])


def _quote(value: str) -> str:
    value = value.replace("%", "%25").replace(":", "%3A").replace("|", "%7C")
    return re.sub(r"[\t\r\n]", " ", value)


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


def _tables_of(source: Source) -> Iterator[tuple[tuple[str, ...], Table]]:
    """Yield the tables that belong to a knowledge base, with their kinds."""
    for path in _paths(source, _TABLES):
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
        is_theirs = names <= _KNOWN or (len(names & _OWN) > 1 and "intent" not in names)
        return _PAIRS if is_theirs else None
    return tuple(header) if tuple(header) in (_CHAT, _SETTINGS, _SYNONYMS) else None


def _body(table: Table) -> Iterator[Row]:
    next(table.rows, None)
    return table.rows


def _place(table: Table, row: Row) -> Place:
    return Place(table.file, row.line)


def _paths(source: Source, suffixes: tuple[str, ...]) -> list[str]:
    """Return the files that may be tables: whatever it is called, if it is only one."""
    only = source.only()
    if only is not None:
        return [only]
    paths = [path for path in source if PurePosixPath(path).suffix.lower() in suffixes]
    return paths if len(paths) <= _MOST_TABLES else []


def _text_of(source: Source, path: str) -> str | None:
    content = source[path]
    if content.startswith(BINARY) or content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return None
    try:
        return decode(content, path)
    except InvalidCatalogue:
        return None


def _json_of(source: Source) -> str | None:
    """Return the path of the JSON of a knowledge base, or None if there is none."""
    paths = _paths(source, _JSON)
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
        package = _Package(source)
    except InvalidCatalogue:
        return False
    if package.pairs or package.chat:
        return True
    return source.only() is not None and (bool(package.synonyms) or _are_settings(package))


def _are_settings(package: _Package) -> bool:
    names = (row.cells[0].strip().lower() for table in package.settings for row in _body(table))
    return any(name in _SETTING_NAMES for name in names)


def _invalid(file: str, reason: str) -> InvalidCatalogue:
    return InvalidCatalogue([Mistake(file, 0, reason)])


FORMAT = Format(
    name="qnamaker",
    title="QnA Maker or Azure question answering: TSV, XLSX, JSON or a package of them",
    sniff=_sniff,
    read=lambda source: _Reader(source).read(),
    write=write,
)
