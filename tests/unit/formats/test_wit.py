import json
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import wit
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import read_path, read_source
from chatbot.formats.source import source_of

ROWS: list[dict[str, Any]] = [
    {
        "text": "wo ist das Bad",
        "intent": "find_room",
        "entities": [{"entity": "room:room", "start": 50, "end": 3, "body": "x"}],
        "traits": [],
    },
    {"text": "erzähl was", "entities": [], "traits": []},
]
OLD: list[dict[str, Any]] = [
    {"text": "how warm is it", "entities": [{"entity": "intent", "value": '"weather "'}]},
    {"text": "and there", "entities": [{"entity": "location", "value": '"there"'}]},
]


def write(folder: Path, files: dict[str, Any]) -> None:
    for name, content in files.items():
        path = folder / "bath" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    write(
        tmp_path,
        {
            "app.json": {"version": 20200513, "zip-command": "zip bath.zip", "lang": "de"},
            "intents/find_room.json": {"name": "find_room", "entities": ["room:room"]},
            "intents/empty.json": {"name": "empty"},
            "entities/room.json": {"name": "room"},
            "utterances/utterances-1.json": {"utterances": ROWS},
            "utterances/utterances-2.json": {
                "utterances": [{"text": "Bad?", "intent": "find_room"}]
            },
            "composer/composer.json": "secret",
        },
    )
    return tmp_path


def read(content: Any) -> CatalogueDraft:
    return read_source(source_of("wit.json", json.dumps(content).encode()))


def test_an_app_is_read_completely(app: Path) -> None:
    draft = read_path(app)
    assert draft.format == "wit"
    assert {name: each.utterances for name, each in draft.intents.items()} == {
        "empty": [],
        "find_room": ["wo ist das Bad", "Bad?"],
    }
    assert draft.out_of_scope == ["erzähl was"]
    assert draft.languages == {"de": 2}
    assert draft.left_out == []


def test_an_app_of_old_has_its_intents_among_entities(tmp_path: Path) -> None:
    app = {"version": 20160513, "data": {"lang": "en", "name": "bath"}, "zip-command": "zip"}
    write(tmp_path, {"app.json": app, "expressions.json": {"data": OLD}, "stories.json": "[]"})
    draft = read_path(tmp_path)
    assert draft.intents["weather"].utterances == ["how warm is it"]
    assert draft.intents["weather"].title == "Weather"
    assert draft.out_of_scope == ["and there"]
    assert draft.languages == {"en": 1}


@pytest.mark.parametrize("content", [{"utterances": ROWS}, {"data": OLD}])
def test_the_utterances_alone_are_read_too(content: Any) -> None:
    draft = read(content)
    assert draft.format == "wit"
    assert (len(draft.intents), len(draft.out_of_scope), draft.languages) == (1, 1, {})


def test_an_intent_may_be_a_trait() -> None:
    row = {"text": "hi", "entities": [], "traits": [{"trait": "intent", "value": "greet"}]}
    assert read({"utterances": [row]}).intents["greet"].utterances == ["hi"]


def test_rows_of_wrong_types_are_left_out() -> None:
    rows: list[Any] = [ROWS[0], None, 7, {"text": 7}, {"text": "x", "intent": 7}]
    rows.append({"text": "y", "intent": None, "traits": 7, "entities": [7]})
    draft = read({"utterances": rows})
    assert draft.out_of_scope == ["y"]
    assert [(row.text, row.reason) for row in draft.left_out] == [
        ("utterances[1]", "it has no text"),
        ("utterances[2]", "it has no text"),
        ("utterances[3]", "it has no text"),
        ("x", "it names no intent"),
    ]


def test_two_apps_are_not_mixed(app: Path) -> None:
    write(
        app / "other",
        {"app.json": {"lang": "en"}, "utterances/utterances-1.json": {"utterances": []}},
    )
    with pytest.raises(InvalidCatalogue, match="several apps"):
        read_path(app)


@pytest.mark.parametrize("content", ["", "{", "[]", "7", "{}", '{"utterances": 7}'])
@pytest.mark.parametrize("name", ["utterances/utterances-1.json", "utterances/utterances-3.json"])
def test_a_damaged_file_is_refused(app: Path, name: str, content: str) -> None:
    write(app, {name: content})
    with pytest.raises(InvalidCatalogue, match=r"utterances-\d\.json"):
        read_path(app)


OTHERS: dict[str, Any] = {
    "luis": {"luis_schema_version": "3.0.0", "intents": [], "utterances": []},
    "rows": {"utterances": [{"text": "hi", "intent": "greet"}]},
    "list": [{"text": "hi"}],
    "data": {"data": [{"text": "hi"}]},
    "number": 7,
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_files_of_other_products_are_not_taken(content: Any) -> None:
    assert not wit.FORMAT.sniff(source_of("wit.json", json.dumps(content).encode()))


def test_an_app_of_another_product_is_not_taken(tmp_path: Path) -> None:
    write(tmp_path, {"app.json": {"name": "web", "scripts": {}}, "utterances/a.json": {}})
    with pytest.raises(InvalidCatalogue):
        read_path(tmp_path)
