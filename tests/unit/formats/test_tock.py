import json
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import tock
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.gathering import ANOTHER_LANGUAGE
from chatbot.formats.registry import read_path, read_source
from chatbot.formats.source import source_of


def sentence(text: Any, intent: Any = "i1", **fields: Any) -> dict[str, Any]:
    return {
        "text": text,
        "language": "fr",
        "applicationId": "app",
        "status": "model",
        "classification": {"intentId": intent, "entities": []},
    } | fields


def dump(*sentences: Any, **fields: Any) -> dict[str, Any]:
    return {
        "application": {"name": "guichet", "supportedLocales": ["fr", "en"], "_id": "app"},
        "intents": [
            {"name": "horaires", "label": "Horaires d’ouverture", "_id": "i1"},
            {"name": "salut", "_id": "i2"},
        ],
        "sentences": sentences,
        "dumpType": "full",
    } | fields


LABELS = [
    {
        "_id": "l1",
        "defaultLocale": "fr",
        "i18n": [
            {
                "locale": "en",
                "interfaceType": "textChat",
                "label": "Nine to five",
                "validated": True,
            },
            {"locale": "fr", "interfaceType": "voiceAssistant", "label": "", "validated": False},
            {
                "locale": "fr",
                "interfaceType": "textChat",
                "label": "De 9 à 17 h",
                "validated": True,
            },
        ],
    },
    {
        "_id": "l2",
        "i18n": [{"locale": "fr", "interfaceType": "textChat", "label": "Salut {0}"}],
    },
]
FAQS = [
    {"intentId": "i1", "i18nId": "l1", "enabled": False, "tags": ["accueil"]},
    {"intentId": "i2", "i18nId": "l2", "enabled": True, "tags": []},
]


def read(content: Any) -> CatalogueDraft:
    return read_source(source_of("dump.json", json.dumps(content).encode()))


def left_out(draft: CatalogueDraft) -> list[tuple[str, str]]:
    return [(row.text, row.reason) for row in draft.left_out]


def test_a_dump_is_read_completely() -> None:
    draft = read(
        dump(
            sentence("quand ouvrez-vous"),
            sentence("when do you open", language="en", status="validated"),
            sentence("chante", "tock:unknown"),
            sentence("à voir", status="inbox"),
            sentence("Jeanne Dupont", status="deleted"),
            sentence("ailleurs", applicationId="other"),
            sentence("perdu", "i9"),
        )
    )
    hours, hello = draft.intents.values()
    assert draft.format == "tock"
    assert (hours.name, hours.title, hours.answer) == ("horaires", "Horaires d’ouverture", None)
    assert hours.utterances == ["quand ouvrez-vous"]
    assert (hello.title, hello.utterances) == ("Salut", [])
    assert draft.out_of_scope == ["chante"]
    assert draft.languages == {"fr": 1, "en": 1}
    assert left_out(draft) == [
        ("à voir", "nobody has reviewed it there"),
        ("sentences[4]", "it was deleted there"),
        ("ailleurs", "it is of another application"),
        ("perdu", "its intent is not in the file"),
        ("when do you open", ANOTHER_LANGUAGE.format("en")),
    ]


def test_texts_beside_a_dump_are_the_answers_of_its_faqs(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text(json.dumps(dump(sentence("horaires ?"), faqs=FAQS)))
    (tmp_path / "labels.json").write_text(json.dumps(LABELS))
    draft = read_path(tmp_path)
    hours, hello = draft.intents.values()
    assert (hours.answer, hours.enabled, hours.topic) == ("De 9 à 17 h", False, "accueil")
    assert (hello.answer, hello.enabled) == (None, True)
    assert hours.variants == []
    assert left_out(draft) == [
        ("Nine to five", ANOTHER_LANGUAGE.format("en")),
        ("Salut {0}", "its answer needs a value that only the old bot had"),
    ]
    assert read_path(tmp_path, "en").intents["horaires"].answer == "Nine to five"


def test_a_text_that_nobody_has_reviewed_is_no_answer() -> None:
    label = {"i18n": [{"locale": "fr", "label": "Peut-être", "validated": False}]}
    draft = read(dump(faqs=[{"intentId": "i1", "answer": label}]))
    assert draft.intents["horaires"].answer is None
    assert left_out(draft) == [("Peut-être", "nobody has reviewed it there")]


def test_a_dump_of_sentences_names_intents_itself() -> None:
    rows: list[Any] = [
        {"text": "bonjour", "intent": "guichet:salut"},
        {"text": "hello", "intent": "salut", "language": "en"},
        {"text": "chante", "intent": "tock:unknown"},
    ]
    draft = read({"applicationName": "guichet", "language": "fr", "sentences": rows})
    assert draft.intents["salut"].utterances == ["bonjour"]
    assert draft.out_of_scope == ["chante"]
    assert draft.languages == {"fr": 1, "en": 1}


def test_texts_alone_are_refused_with_a_sentence() -> None:
    with pytest.raises(InvalidCatalogue, match="has the texts of a Tock bot"):
        read(LABELS)


def test_two_dumps_are_not_mixed(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(dump()))
    with pytest.raises(InvalidCatalogue, match="several dumps"):
        read_path(tmp_path)


def test_rows_of_wrong_types_are_left_out() -> None:
    rows = [None, 7, sentence(7), sentence("x", None), sentence("y", classification=7)]
    draft = read(dump(*rows, intents=[None, {"_id": 7}, {"name": 7}], faqs=[None, {}, 7]))
    assert [reason for _, reason in left_out(draft)] == [
        "it has no text",
        "it has no text",
        "it has no text",
        "its intent is not in the file",
        "its intent is not in the file",
    ]


@pytest.mark.parametrize("value", [None, 7, "x", {}])
def test_a_dump_without_its_list_is_refused(value: Any) -> None:
    with pytest.raises(InvalidCatalogue, match="has no list “sentences”"):
        read(dump() | {"sentences": value})


@pytest.mark.parametrize("keep", [1, 40, 100, -1])
def test_a_file_that_is_cut_off_is_refused(keep: int) -> None:
    with pytest.raises(InvalidCatalogue):
        read_source(source_of("dump.json", json.dumps(dump()).encode()[:keep]))


OTHERS: dict[str, Any] = {
    "sentences": {"sentences": ["x"]},
    "application": {"application": {}},
    "list": [{"i18n": 7}],
    "empty": [],
    "number": 7,
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_files_of_other_products_are_not_taken(content: Any) -> None:
    assert not tock.FORMAT.sniff(source_of("dump.json", json.dumps(content).encode()))
