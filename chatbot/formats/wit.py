"""Wit.ai: an app as its archive or folder, or the utterances of one alone, as JSON.

Today rows name their intent; in the old `expressions.json` it is an entity `intent`, whose value is
in quotes. A row without one is out of scope. Spans are not to be trusted and not read. Wit.ai has
no answers.
"""

from pathlib import PurePosixPath
from typing import Any

from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_parts import (
    dict_of,
    label_of,
    list_of,
    load_object,
    objects_of,
    peek,
    refuse,
    text_of,
)
from chatbot.formats.source import Source

NO_TEXT = "it has no text"
NO_INTENT = "it names no intent"

_SEVERAL = "holds several apps of Wit.ai: hand them over one by one"
_NO_LIST = "has no list of utterances"
_APP = "app.json"
_OLD = "expressions.json"
_MOST_APPS = 10


def _read(source: Source) -> CatalogueDraft:
    gathering = Gathering(source.language)
    only = source.only()
    if only is not None and not source.find(_APP):
        _read_rows(gathering, peek(source, only), Place(only), "")
        return gathering.finish()
    [app, *others] = _apps(source)
    if others:
        raise refuse(source.name, _SEVERAL)
    described = load_object(source, app)
    language = text_of(described, "lang") or text_of(dict_of(described, "data"), "lang")
    for path in _below(source, app, "intents"):
        if label := label_of(load_object(source, path), "name"):
            gathering.add_intent(label, Place(path))
    for path in [*_below(source, app, "utterances"), *_old_files(source, app)]:
        _read_rows(gathering, load_object(source, path), Place(path), language)
    return gathering.finish()


def _read_rows(gathering: Gathering, parsed: Any, place: Place, language: str) -> None:
    key = next((key for key in ("utterances", "data") if list_of(parsed, key)), None)
    if key is None and not _has_list(parsed):
        raise refuse(place.file, _NO_LIST)
    for number, row in enumerate(list_of(parsed, key or "")):
        text, where = text_of(row, "text"), f"{key}[{number}]"
        if not text.strip():
            gathering.leave_out(NO_TEXT, where, place)
        else:
            _add(gathering, row, text, place, language)


def _add(gathering: Gathering, row: dict[str, Any], text: str, place: Place, language: str) -> None:
    label = _intent(row)
    if label:
        gathering.add_utterance(label, text, place, language=language)
    elif row.get("intent") is None:
        gathering.add_out_of_scope(text, place)
    else:
        gathering.leave_out(NO_INTENT, text, place)


def _intent(row: dict[str, Any]) -> str:
    """The intent of a row: its own field, an old trait or, older, an entity with a quoted value."""
    marked = [
        *(each for each in objects_of(row, "traits") if each.get("trait") == "intent"),
        *(each for each in objects_of(row, "entities") if each.get("entity") == "intent"),
    ]
    labels = [label_of(row, "intent"), *(label_of(each, "value") for each in marked)]
    return next(filter(None, (each.strip('" ').strip() for each in labels)), "")


def _apps(source: Source) -> list[str]:
    return [path for path in source.find(_APP)[:_MOST_APPS] if _is_app(source, path)]


def _is_app(source: Source, path: str) -> bool:
    """Whether it says how to zip it, as all exports do, or rows lie beside it."""
    app = peek(source, path)
    if not isinstance(app, dict):
        return False
    rows = [*_below(source, path, "utterances"), *_old_files(source, path)]
    return bool(rows) and ("zip-command" in app or bool(label_of(app, "lang")))


def _below(source: Source, app: str, folder: str) -> list[str]:
    parent = PurePosixPath(app).parent / folder
    return [
        path
        for path in source
        if PurePosixPath(path).parent == parent and path.lower().endswith(".json")
    ]


def _old_files(source: Source, app: str) -> list[str]:
    path = (PurePosixPath(app).parent / _OLD).as_posix()
    return [path] if path in source else []


def _has_list(parsed: Any) -> bool:
    return isinstance(parsed, dict) and any(
        isinstance(parsed.get(key), list) for key in ("utterances", "data")
    )


def _are_rows(parsed: Any) -> bool:
    """Whether a single file has Wit.ai's rows, today's or those of old, and nothing else."""
    if not isinstance(parsed, dict) or len(parsed) != 1:
        return False
    today, old = objects_of(parsed, "utterances"), objects_of(parsed, "data")
    if any({"text", "entities", "traits"} <= set(row) for row in today[:20]):
        return True
    marks = (each for row in old[:20] for each in objects_of(row, "entities") if "text" in row)
    return any(each.get("entity") == "intent" for each in marks)


def _sniff(source: Source) -> bool:
    only = source.only()
    if only is not None and not source.find(_APP):
        return _are_rows(peek(source, only))
    return bool(_apps(source))


FORMAT = Format(
    name="wit", title="Wit.ai app, archive or folder, or its utterances", sniff=_sniff, read=_read
)
