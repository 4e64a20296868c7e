"""CLU, conversational language understanding: a project, or a bare list of utterances, as JSON.

The language belongs to the row; the project has a default. What is in the set `Test` only measures.
An orchestration has targets instead of utterances and is refused.

What is written holds no answers, titles, topics, follow-ups or whether an intent is enabled, as the
format has no place for them. Its language is the one that the draft has most of, or `en-us` if it
knows none, as the format has to say one.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from chatbot.formats import luis
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_parts import (
    dict_of,
    find_json,
    label_of,
    objects_of,
    peek,
    refuse,
    require_lists,
    text_of,
)
from chatbot.formats.microsoft import NONE, add_intent, add_row
from chatbot.formats.source import Source

_ORCHESTRATION = "is an orchestration, which has targets and no utterances: export its projects"
_PREDICTION = "is what CLU predicted for a question, not an export of the project"
_SEVERAL = "holds several CLU projects or lists: hand them over one by one"

_ROW = {"text", "intent", "language", "dataset", "entities"}
_VERSION = "2022-05-01"
_DEFAULT_LANGUAGE = "en-us"


def _read(source: Source) -> CatalogueDraft:
    files = find_json(source, _is_clu)
    if len(files) > 1:
        raise refuse(source.name, _SEVERAL)
    [file] = files
    parsed = peek(source, file)
    if isinstance(parsed, list):
        return _read_rows(parsed, "", "", Gathering(source.language), Place(file))
    if _is_prediction(parsed):
        raise refuse(file, _PREDICTION)
    if _kind(parsed) == "orchestration":
        raise refuse(file, _ORCHESTRATION)
    return _read_project(parsed, Place(file), Gathering(source.language))


def _read_project(project: dict[str, Any], place: Place, gathering: Gathering) -> CatalogueDraft:
    """Read a project; its first version called utterances examples, and a category a name."""
    assets = dict_of(project, "assets")
    rows = "examples" if "examples" in assets and "utterances" not in assets else "utterances"
    require_lists(assets, place.file, "intents", rows)
    for intent in objects_of(assets, "intents"):
        add_intent(gathering, label_of(intent, "category") or label_of(intent, "name"), place)
    language = text_of(dict_of(project, "metadata"), "language")
    gathering.primary = language
    return _read_rows(assets[rows], f"assets.{rows}", language, gathering, place)


def _read_rows(
    rows: list[Any], where: str, language: str, gathering: Gathering, place: Place
) -> CatalogueDraft:
    for number, row in enumerate(rows):
        add_row(
            gathering,
            label_of(row, "intent"),
            text_of(row, "text"),
            place,
            f"{where}[{number}]",
            text_of(row, "language") or language,
            held_out=text_of(row, "dataset").lower() == "test",
        )
    return gathering.finish()


def _kind(parsed: Any) -> str:
    """The kind of a project, `conversation` or `orchestration`, or "" for what is none."""
    metadata, assets = dict_of(parsed, "metadata"), dict_of(parsed, "assets")
    kind = text_of(metadata, "projectKind") or text_of(assets, "projectKind")
    kind = kind or text_of(metadata, "type")
    return kind.lower() if "assets" in parsed else ""


def _is_clu(parsed: Any) -> bool:
    if isinstance(parsed, list):
        return _is_list(parsed)
    if not isinstance(parsed, dict):
        return False
    return _is_prediction(parsed) or _kind(parsed) in ("conversation", "orchestration")


def _is_list(rows: list[Any]) -> bool:
    """Whether a list has rows as the portal takes them, and they are no batch test of LUIS."""
    if not rows or luis.is_batch_test(rows):
        return False
    return all(
        isinstance(row, dict) and {"text", "intent"} <= set(row) <= _ROW for row in rows[:50]
    )


def _is_prediction(parsed: dict[str, Any]) -> bool:
    prediction = dict_of(dict_of(parsed, "result"), "prediction")
    return "topIntent" in prediction and "projectKind" in prediction


def write_clu(draft: CatalogueDraft) -> str:
    """Return a project whose intents and utterances read as those of `draft`."""
    language = max(draft.languages, key=lambda each: draft.languages[each], default="")
    project = {
        "projectFileVersion": _VERSION,
        "stringIndexType": "Utf16CodeUnit",
        "metadata": {
            "projectKind": "Conversation",
            "settings": {"confidenceThreshold": 0},
            "projectName": "faq",
            "multilingual": len(draft.languages) != 1,
            "description": "",
            "language": language or _DEFAULT_LANGUAGE,
        },
        "assets": {
            "projectKind": "Conversation",
            "intents": [{"category": name} for name in [*draft.intents, NONE]],
            "entities": [],
            "utterances": list(_rows_of(draft)),
        },
    }
    return json.dumps(project, ensure_ascii=False, indent=2) + "\n"


def _rows_of(draft: CatalogueDraft) -> Iterator[dict[str, Any]]:
    for name, intent in draft.intents.items():
        yield from _rows(intent.utterances, name, "Train")
        yield from _rows(intent.held_out, name, "Test")
    yield from _rows(draft.out_of_scope, NONE, "Train")


def _rows(texts: Iterable[str], intent: str, dataset: str) -> Iterator[dict[str, Any]]:
    for text in texts:
        yield {"text": text, "intent": intent, "dataset": dataset, "entities": []}


FORMAT = Format(
    name="clu",
    title="CLU project or list of utterances, JSON",
    sniff=lambda source: bool(find_json(source, _is_clu)),
    read=_read,
    write=lambda draft: {"clu.json": write_clu(draft).encode()},
)
