"""Snips: a data set as JSON, its benchmark's files of one intent each, or its YAML.

In JSON an utterance is a list of chunks with nothing between them. In YAML, of any number of
documents, it is a text with `[slot:entity](words)`. Snips has no answers and nothing out of scope.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_parts import (
    dict_of,
    find_json,
    list_of,
    load_object,
    peek,
    refuse,
    text_of,
)
from chatbot.formats.json_text import decode
from chatbot.formats.source import Source

NO_TEXT = "it has no text"

_MARK = re.compile(r"^type:[ \t]*intent[ \t]*\r?$", re.MULTILINE)
_UTTERANCES = re.compile(r"^utterances:", re.MULTILINE)
_SLOT = re.compile(r"\[[^\[\]()]*\]\(([^()\[\]]*)\)")
_MOST_PROBED = 50


@dataclass
class _Document:
    """What is needed of one YAML document; lists have their items with their lines."""

    fields: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


def _read(source: Source) -> CatalogueDraft:
    """Read all files; one that is damaged is not passed over."""
    gathering = Gathering(source.language)
    for path in source:
        if path.lower().endswith(".json") and peek(source, path) is None:
            load_object(source, path)
    for path in find_json(source, _is_snips):
        parsed = peek(source, path)
        for label, rows in _intents(parsed).items():
            _read_rows(gathering, label, rows, Place(path), text_of(parsed, "language"))
    for path in _yaml_files(source):
        for document in _documents(decode(source[path], path), path):
            _read_document(gathering, document, path)
    return gathering.finish()


def _intents(parsed: dict[str, Any]) -> dict[str, list[Any]]:
    """The rows by intent, of a data set or of the benchmark."""
    if "intents" in parsed:
        intents = dict_of(parsed, "intents")
        return {label: list_of(intents[label], "utterances") for label in intents}
    return {label: list_of(parsed, label) for label in parsed}


def _read_rows(
    gathering: Gathering, label: str, rows: list[Any], place: Place, language: str
) -> None:
    label = label.encode(errors="replace").decode().strip()
    if label:
        gathering.add_intent(label, place)
    for number, row in enumerate(rows):
        text = "".join(text_of(chunk, "text") for chunk in list_of(row, "data"))
        if not text.strip() or not label:
            gathering.leave_out(NO_TEXT, f"{label}[{number}]", place)
        else:
            gathering.add_utterance(label, text, place, language=language)


def _read_document(gathering: Gathering, document: _Document, path: str) -> None:
    label = document.fields.get("name", "").strip()
    if document.fields.get("type") != "intent":
        return
    if not label:
        raise refuse(path, "has an intent without a name")
    gathering.add_intent(label, Place(path))
    for text, line in document.lists.get("utterances", ()):
        gathering.add_utterance(label, _SLOT.sub(r"\1", text), Place(path, line))


def _documents(text: str, path: str) -> Iterator[_Document]:
    """Put each document's fields and lists together of its parser's events, without recursion.

    Anything deeper, and aliases, are of no use here and passed over.
    """
    document, depth, key = _Document(), 0, None
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.DocumentStartEvent):
                document, depth, key = _Document(), 0, None
            elif isinstance(event, yaml.DocumentEndEvent):
                yield document
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
                key = None if depth == 1 else key
            elif isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.ScalarEvent):
                key = _take(document, event, depth, key)
            elif isinstance(event, yaml.AliasEvent) and depth == 1:
                key = None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 0
        raise refuse(path, f"is not YAML: {error.problem}", line) from None
    except yaml.YAMLError:
        raise refuse(path, "is not YAML: it holds control characters") from None


def _take(document: _Document, event: yaml.ScalarEvent, depth: int, key: str | None) -> str | None:
    """Take a key, a field or an item of a list in, and return the key that waits for its value."""
    if depth == 1 and key is None:
        return str(event.value)
    if depth == 1 and key is not None:
        document.fields[key] = event.value
        return None
    if depth == 2 and key is not None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        document.lists.setdefault(key, []).append((event.value, line))
    return key


def _yaml_files(source: Source) -> list[str]:
    """The YAML files with an intent of Snips. Raises nothing, to sniff."""
    paths = [path for path in source if path.lower().endswith((".yaml", ".yml"))]
    return [path for path in paths[:_MOST_PROBED] if _has_mark(source, path)]


def _has_mark(source: Source, path: str) -> bool:
    try:
        text = decode(source[path], path)
    except InvalidCatalogue:
        return False
    return bool(_MARK.search(text) and _UTTERANCES.search(text))


def _is_snips(parsed: Any) -> bool:
    if not isinstance(parsed, dict) or not parsed:
        return False
    if isinstance(parsed.get("intents"), dict):
        sets = list(parsed["intents"].values())
        return bool(sets) and all(
            isinstance(each, dict) and isinstance(each.get("utterances"), list) for each in sets
        )
    return all(isinstance(rows, list) and _has_chunks(rows) for rows in parsed.values())


def _has_chunks(rows: list[Any]) -> bool:
    chunks = [list_of(row, "data") for row in rows[:5]]
    return any(isinstance(each, dict) and "text" in each for row in chunks for each in row)


FORMAT = Format(
    name="snips",
    title="Snips data set, JSON or YAML",
    sniff=lambda source: bool(find_json(source, _is_snips) or _yaml_files(source)),
    read=_read,
)
