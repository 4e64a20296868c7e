import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import snips
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import read_path, read_source
from chatbot.formats.source import source_of


def chunks(*texts: str) -> dict[str, Any]:
    return {"data": [{"text": text, "entity": "room"} for text in texts]}


DATASET = {
    "language": "fr",
    "intents": {
        "lightOn": {"utterances": [chunks("allume ", "la cuisine", "\n"), chunks("lumière")]},
        "empty": {"utterances": []},
    },
    "entities": {"room": {"data": []}},
}
YAML = """\
# switching
---
type: intent
name: lightOn
slots:
  - name: room
    entity: room
utterances:
  - turn on the [room](kitchen) light
  - "[room:room](hall) [state:on_off](on)"
  - yes
---
type: entity
name: room
values:
  - [kitchen, galley]
---
type: intent
name: no
utterances: []
"""


def read(content: Any, name: str = "snips.json") -> CatalogueDraft:
    if not isinstance(content, bytes):
        content = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    return read_source(source_of(name, content))


def test_a_data_set_is_read_completely() -> None:
    draft = read(DATASET)
    light, empty = draft.intents.values()
    assert draft.format == "snips"
    assert (light.name, light.title, light.answer) == ("lighton", "LightOn", None)
    assert light.utterances == ["allume la cuisine", "lumière"]
    assert empty.utterances == []
    assert draft.languages == {"fr": 2}


def test_files_of_the_benchmark_are_read_together(tmp_path: Path) -> None:
    for name, text in (("train_a.json", "dim"), ("train_b.json", "glow")):
        (tmp_path / name).write_text(json.dumps({name[-6:-5]: [chunks(text), chunks(text)]}))
    draft = read_path(tmp_path)
    assert {name: each.utterances for name, each in draft.intents.items()} == {
        "a": ["dim"],
        "b": ["glow"],
    }
    assert [row.reason for row in draft.left_out] == ["it stands there twice"] * 2


def test_an_emoji_in_two_halves_is_whole_again() -> None:
    content = b'{"Play": [{"data": [{"text": "play \xed\xa0\xbd\xed\xb8\x80"}]}]}'
    assert read(content).intents["play"].utterances == ["play \U0001f600"]


def test_yaml_is_read_from_all_its_documents() -> None:
    draft = read(YAML, "lights.yaml")
    light, no = draft.intents.values()
    assert draft.format == "snips"
    assert light.utterances == ["turn on the kitchen light", "hall on", "yes"]
    assert draft.places["hall on"] == ("lights.yaml", 10)
    assert (no.name, no.utterances) == ("no", [])


def test_rows_of_wrong_types_are_left_out() -> None:
    rows: list[Any] = [chunks("on"), None, 7, {"data": 7}, {"data": [7, {"text": 7}]}]
    draft = read({"light": rows})
    assert [(row.text, row.reason) for row in draft.left_out] == [
        (f"light[{number}]", "it has no text") for number in (1, 2, 3, 4)
    ]


BROKEN_YAML = {
    "cut": "type: intent\nname: x\nutterances:\n- [",
    "no-name": "type: intent\nutterances:\n- x\n",
    "control": "type: intent\nname: x\nutterances:\n- \x01\n",
    "tab": "type: intent\nutterances:\n\t- x\n",
}


@pytest.mark.parametrize("content", BROKEN_YAML.values(), ids=BROKEN_YAML)
def test_broken_yaml_is_refused(content: str) -> None:
    with pytest.raises(InvalidCatalogue, match="lights.yaml"):
        read(content, "lights.yaml")


@pytest.mark.parametrize(
    "content",
    [
        "type: intent\nname: [x]\nutterances:\n  a: b\n",
        "type: intent\nname: a\nutterances:\n- [[x]]\n- &a {b: c}\n- *a\n",
    ],
)
def test_yaml_of_wrong_types_breaks_nothing(content: str) -> None:
    with suppress(InvalidCatalogue):
        read(content, "lights.yaml")


@pytest.mark.parametrize("part", ["[a](", "[", "(", "[a", "- "])
def test_yaml_without_end_takes_no_time(part: str) -> None:
    with suppress(InvalidCatalogue):
        read(f"type: intent\nname: a\nutterances:\n- x{part * 100_000}\n", "lights.yaml")


def test_a_damaged_file_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "train_a.json").write_text(json.dumps({"a": [chunks("on")]}))
    (tmp_path / "train_b.json").write_text('{"b": [{"data"')
    with pytest.raises(InvalidCatalogue, match=r"train_b\.json"):
        read_path(tmp_path)


OTHERS: dict[str, Any] = {
    "luis": {"intents": [{"name": "a"}], "utterances": []},
    "faq": {"a": [{"question": "b"}]},
    "data": {"data": [{"text": "a"}]},
    "empty": {},
    "number": 7,
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_files_of_other_products_are_not_taken(content: Any) -> None:
    assert not snips.FORMAT.sniff(source_of("snips.json", json.dumps(content).encode()))
    assert not snips.FORMAT.sniff(source_of("faq.yaml", b"intents:\n- name: a\n  type: intent\n"))
