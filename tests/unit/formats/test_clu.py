import json
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import clu
from chatbot.formats.draft import CatalogueDraft, IntentDraft, Others
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.registry import read_path, read_source
from chatbot.formats.source import source_of

ROWS: list[dict[str, Any]] = [
    {"text": "mein Drucker streikt", "intent": "Printer", "language": "de", "dataset": "Train"},
    {"text": "printer jams", "intent": "Printer", "entities": []},
    {"text": "toner is empty", "intent": "Printer", "dataset": "Test"},
    {"text": "sing a song", "intent": "None"},
]


def project(**assets: Any) -> dict[str, Any]:
    return {
        "projectFileVersion": "2022-05-01",
        "stringIndexType": "Utf16CodeUnit",
        "metadata": {"projectKind": "Conversation", "multilingual": True, "language": "en-us"},
        "assets": {
            "projectKind": "Conversation",
            "intents": [{"category": "Printer"}, {"category": "None"}, {"category": "Empty"}],
            "entities": [],
            "utterances": ROWS,
        }
        | assets,
    }


def read(content: Any) -> CatalogueDraft:
    return read_source(source_of("project.json", json.dumps(content).encode()))


def refusal(content: Any) -> str:
    with pytest.raises(InvalidCatalogue) as refused:
        read(content)
    return str(refused.value)


def test_a_project_is_read_completely() -> None:
    draft = read(project())
    printer, empty = draft.intents.values()
    assert draft.format == "clu"
    assert (printer.name, printer.title, printer.answer) == ("printer", "Printer", None)
    assert printer.utterances == ["printer jams"]
    assert printer.held_out == ["toner is empty"]
    assert empty.utterances == []
    assert draft.out_of_scope == ["sing a song"]
    assert draft.languages == {"de": 1, "en-us": 2}
    assert [each.text for each in draft.left_out] == ["mein Drucker streikt"]
    assert draft.others == {"de": Others(utterances=1)}
    german = read_source(source_of("project.json", json.dumps(project()).encode()), "de")
    assert german.intents["printer"].utterances == ["mein Drucker streikt"]
    assert german.others == {"en-us": Others(utterances=3)}


def test_the_first_version_called_things_otherwise() -> None:
    old = {
        "metadata": {"type": "Conversation", "language": "en"},
        "assets": {"intents": [{"name": "Printer"}], "examples": ROWS},
    }
    assert read(old).languages == {"de": 1, "en": 2}


def test_a_bare_list_of_utterances_is_read() -> None:
    draft = read(ROWS)
    assert draft.intents["printer"].utterances == ["mein Drucker streikt", "printer jams"]
    assert draft.languages == {"de": 1}


def test_crlf_and_a_byte_order_mark_do_not_matter() -> None:
    content = json.dumps(project(), indent=1).replace("\n", "\r\n")
    draft = read_source(source_of("p.json", b"\xef\xbb\xbf" + content.encode()))
    assert draft.size == 3


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_learned_from_and_measured_with_is_learned_from(order: int) -> None:
    rows = [{"text": "jam", "intent": "P", "dataset": each} for each in ("Train", "Test")]
    draft = read(project(utterances=rows[::order]))
    assert (draft.intents["p"].utterances, draft.intents["p"].held_out) == (["jam"], [])
    assert [row.reason for row in draft.left_out] == ["it stands there twice"]


def test_a_question_that_only_measures_clashes_like_any_other() -> None:
    gathering = Gathering()
    gathering.add_utterance("a", "jam", Place("p"), held_out=True)
    gathering.add_utterance("b", "Jam", Place("p"))
    draft = gathering.finish()
    assert [clash.intents for clash in draft.clashes] == [("a", "b")]
    assert draft.size == 0


def test_an_orchestration_is_refused_with_a_sentence() -> None:
    content = project(projectKind="Orchestration")
    content["metadata"]["projectKind"] = "Orchestration"
    assert "is an orchestration, which has targets and no utterances" in refusal(content)


def test_a_prediction_is_refused_and_not_repeated() -> None:
    prediction = {"topIntent": "Printer", "projectKind": "Conversation", "intents": []}
    said = refusal({"kind": "ConversationResult", "result": {"prediction": prediction}})
    assert (
        said == "project.json: is what CLU predicted for a question, not an export of the project"
    )


def test_two_projects_are_not_mixed(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(project()))
    with pytest.raises(InvalidCatalogue, match="several CLU projects"):
        read_path(tmp_path)


@pytest.mark.parametrize("key", ["intents", "utterances"])
@pytest.mark.parametrize("value", [None, 7, "x", {}])
def test_a_project_without_its_lists_is_refused(key: str, value: Any) -> None:
    assert refusal(project(**{key: value})) == f"project.json: has no list “{key}”"


def test_rows_of_wrong_types_are_left_out() -> None:
    draft = read(project(utterances=[None, {"text": 7}, {"text": "x"}, ["y"]], intents=[None, {}]))
    assert [(row.text, row.reason) for row in draft.left_out] == [
        ("assets.utterances[0]", "it has no text"),
        ("assets.utterances[1]", "it has no text"),
        ("x", "it names no intent"),
        ("assets.utterances[3]", "it has no text"),
    ]


OTHERS: dict[str, Any] = {
    "cqa": {"metadata": {"language": "en"}, "assets": {"qnas": []}},
    "classification": {
        "metadata": {"projectKind": "CustomSingleLabelClassification"},
        "assets": {"documents": []},
    },
    "articles": [{"text": "x", "intent": "y", "answer": "z"}],
    "batch-test": [{"text": "x", "intent": "y", "entities": []}],
    "texts": ["x"],
    "empty": [],
    "assets-missing": {"metadata": {"projectKind": "Conversation"}},
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_files_of_other_products_are_not_taken(content: Any) -> None:
    assert not clu.FORMAT.sniff(source_of("clu.json", json.dumps(content).encode()))


def written() -> CatalogueDraft:
    printer = IntentDraft(
        "printer",
        "Fix a printer",
        "Hardware",
        "Ask us.",
        True,
        True,
        ["jam", "“no” toner ?"],
        ["ink"],
    )
    return CatalogueDraft(
        intents={"printer": printer, "drucker": IntentDraft("drucker", "Drucker")},
        out_of_scope=["sing"],
        languages={"de": 2},
    )


def test_what_is_written_reads_as_the_same_but_for_what_it_cannot_hold() -> None:
    assert clu.FORMAT.write is not None
    files = clu.FORMAT.write(written())
    [(name, content)] = files.items()
    draft = read_source(source_of(name, content))
    printer, drucker = draft.intents.values()
    assert (printer.name, printer.utterances) == ("printer", ["jam", "“no” toner ?"])
    assert printer.held_out == ["ink"]
    assert (printer.answer, printer.title, printer.topic) == (None, "Printer", "")
    assert (drucker.name, drucker.utterances) == ("drucker", [])
    assert draft.out_of_scope == ["sing"]
    assert draft.languages == {"de": 3}
    assert draft.left_out == []


def test_an_unknown_language_is_written_as_english() -> None:
    draft = read(json.loads(clu.write_clu(CatalogueDraft(intents=written().intents))))
    assert draft.languages == {"en-us": 3}


@pytest.mark.parametrize("keep", [1, 40, 200, -1])
def test_a_file_that_is_cut_off_is_refused(keep: int) -> None:
    with pytest.raises(InvalidCatalogue):
        read_source(source_of("p.json", json.dumps(project()).encode()[:keep]))
