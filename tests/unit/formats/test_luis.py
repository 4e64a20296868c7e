import json
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import luis
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.registry import find_format, read_path, read_source
from chatbot.formats.source import open_source, source_of


def app(**changes: Any) -> dict[str, Any]:
    """An app of schema 3.0 with two intents and None."""
    return {
        "luis_schema_version": "3.0.0",
        "versionId": "0.1",
        "name": "Hausmeister",
        "culture": "de-de",
        "intents": [{"name": "Heizung"}, {"name": "Tür/Schloss"}, {"name": "None"}],
        "entities": [],
        "utterances": [
            {"text": "die Heizung ist kalt", "intent": "Heizung", "entities": []},
            {"text": "es zieht", "intent": "Heizung", "entities": []},
            {"text": "der Schlüssel klemmt", "intent": "Tür/Schloss", "entities": []},
            {"text": "wie wird das Wetter", "intent": "None", "entities": []},
        ],
    } | changes


def read(content: Any, name: str = "app.json") -> CatalogueDraft:
    return read_source(source_of(name, json.dumps(content).encode()))


def refusal(content: Any) -> str:
    with pytest.raises(InvalidCatalogue) as refused:
        read(content)
    return str(refused.value)


def reasons(draft: CatalogueDraft) -> list[tuple[str, str]]:
    return [(row.text, row.reason) for row in draft.left_out]


def test_an_app_is_read_completely() -> None:
    draft = read(app())
    heating, lock = draft.intents.values()
    assert draft.format == "luis"
    assert (heating.name, heating.title, heating.answer) == ("heizung", "Heizung", None)
    assert heating.utterances == ["die Heizung ist kalt", "es zieht"]
    assert (lock.name, lock.title) == ("tür-schloss", "Tür/Schloss")
    assert draft.out_of_scope == ["wie wird das Wetter"]
    assert draft.languages == {"de-de": 3}
    assert draft.left_out == []


SCHEMAS: dict[str, dict[str, Any]] = {
    "1.3": {
        "luis_schema_version": "1.3.0",
        "bing_entities": ["number"],
        "actions": [],
        "utterances": [
            {
                "text": "1/3 18:00 heizen",
                "intent": "Heizung",
                "entities": [{"entity": "zeit", "startPos": 3, "endPos": 90}],
            }
        ],
    },
    "2.1": {"luis_schema_version": "2.1.0", "closedLists": [], "composites": []},
    "6.0": {"luis_schema_version": "6.0.0", "phraselists": [], "tokenizerVersion": "1.0.0"},
    "7.0": {
        "luis_schema_version": "7.0.0",
        "utterances": [
            {
                "text": "Raum 7 ist kalt",
                "intent": "Heizung",
                "entities": [{"entity": "Ort", "startPos": 0, "endPos": 5, "children": [{}]}],
            }
        ],
    },
    "none": {"luis_schema_version": None, "culture": None},
}


@pytest.mark.parametrize("changes", SCHEMAS.values(), ids=SCHEMAS)
def test_each_schema_is_read_and_what_entities_say_is_not(changes: dict[str, Any]) -> None:
    draft = read(app(**changes))
    rows = changes.get("utterances", app()["utterances"][:2])
    assert draft.intents["heizung"].utterances == [row["text"] for row in rows]


def test_text_that_the_service_cut_into_words_is_joined() -> None:
    rows = ["that ' s it .", "can you help me ?", "yes , please", "open .net files", "15 %"]
    draft = read(app(utterances=[{"text": text, "intent": "Heizung"} for text in rows]))
    assert draft.intents["heizung"].utterances == [
        "that's it.",
        "can you help me?",
        "yes, please",
        "open .net files",
        "15 %",
    ]


def test_french_keeps_the_blank_before_its_question_mark() -> None:
    rows = [{"text": "où est l ' atelier , s ' il vous plaît ?", "intent": "Heizung"}]
    draft = read(app(culture="fr-fr", utterances=rows))
    assert draft.intents["heizung"].utterances == ["où est l'atelier, s'il vous plaît ?"]


def test_a_domain_that_the_product_came_with_is_the_topic() -> None:
    inherits = {"domain_name": "Utilities", "model_name": "Stop"}
    draft = read(app(intents=[{"name": "Utilities.Stop", "inherits": inherits}]))
    stop = draft.intents["utilities.stop"]
    assert (stop.title, stop.topic, stop.utterances) == ("Utilities.Stop", "Utilities", [])


LISTS = [
    {"name": "Raum", "subLists": [{"canonicalForm": "Küche", "list": ["Kochecke"]}]},
    {"name": "Leer", "subLists": []},
    {"name": "Endlos", "subLists": [{"canonicalForm": "x" * 101}]},
]
PATTERNS = {
    "wo ist {Raum}[?]": ["wo ist Küche"],
    "von {Raum:start} nach {Raum:ziel}[.]": ["von Küche nach Küche"],
    "{Raum}['s] Schlüssel": ["Küche's Schlüssel"],
    "wer (putzt|lüftet) [(heute|morgen)]": [
        "wer putzt heute",
        "wer putzt morgen",
        "wer lüftet heute",
        "wer lüftet morgen",
    ],
    "^[bitte] lüften^": ["bitte lüften"],
}
NO_SENTENCES = {
    "{Raum}": "it is nothing but a slot",
    "wo ist {Gerät}": "its pattern has a slot that no list fills",
    "wo ist {Leer}": "its pattern has a slot that no list fills",
    "wo ist (das|die": "its brackets do not match",
    "wo ist das]": "its brackets do not match",
    "wo ist {das": "its brackets do not match",
    "x" + "(a|b)" * 9: "its pattern has more than 20 sentences",
    "wo ist " + "[a]" * 900: "its pattern is too long to be written out",
    "wo ist " + "[a" * 11 + "]" * 11: "its pattern is too long to be written out",
    "wo ist {Endlos}": "its pattern has a slot that no list fills",
}


@pytest.mark.parametrize(("pattern", "sentences"), PATTERNS.items(), ids=PATTERNS)
def test_a_pattern_becomes_the_sentences_it_stands_for(pattern: str, sentences: list[str]) -> None:
    patterns = [{"pattern": pattern, "intent": "Putzen"}]
    draft = read(app(closedLists=LISTS, patterns=patterns))
    assert draft.intents["putzen"].utterances == sentences


@pytest.mark.parametrize(("pattern", "reason"), NO_SENTENCES.items(), ids=range(len(NO_SENTENCES)))
def test_a_pattern_that_is_no_sentence_is_left_out(pattern: str, reason: str) -> None:
    draft = read(app(closedLists=LISTS, patterns=[{"pattern": pattern, "intent": "Heizung"}]))
    assert reasons(draft) == [(pattern, reason)]


def test_rows_of_wrong_types_are_left_out() -> None:
    rows: list[Any] = [None, 7, {"text": None, "intent": "Heizung"}, {"text": "leck"}, "x"]
    draft = read(app(utterances=rows, patterns=[None], closedLists=7, intents=[None, {}, 7]))
    assert draft.intents == {}
    assert reasons(draft) == [
        ("utterances[0]", "it has no text"),
        ("utterances[1]", "it has no text"),
        ("utterances[2]", "it has no text"),
        ("leck", "it names no intent"),
        ("utterances[4]", "it has no text"),
        ("", "it is nothing but a slot"),
    ]


@pytest.mark.parametrize("key", ["intents", "utterances"])
@pytest.mark.parametrize("value", [None, 7, "x", {}])
def test_an_app_without_its_lists_is_refused(key: str, value: Any) -> None:
    assert refusal(app(**{key: value})) == f"app.json: has no list “{key}”"


def test_half_of_a_surrogate_pair_breaks_nothing() -> None:
    half = "\ud83d"
    rows = [{"text": f"kalt {half}", "intent": "Heizung"}, {"text": "warm", "intent": half}]
    draft = read(app(intents=[{"name": half}], utterances=rows))
    assert [each.title for each in draft.intents.values()] == ["?", "Heizung"]
    assert reasons(draft) == [("kalt ?", "The text contains half of a surrogate pair")]


def test_more_rows_than_an_faq_can_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.formats.gathering.MOST_UTTERANCES", 10)
    assert refusal(app(utterances=[None] * 21)) == "app.json: has more than 10 utterances"


def test_half_of_a_surrogate_pair_in_an_answer_is_a_question_mark() -> None:
    gathering = Gathering()
    gathering.add_answer("a\ud83d", "Ask \ud83d", Place("f"))
    [intent] = gathering.finish().intents.values()
    assert (intent.title, intent.answer) == ("A?", "Ask ?")


WRONG_KINDS = {
    "prediction-2": {
        "query": "geheim",
        "topScoringIntent": {"intent": "Heizung", "score": 0.9},
        "entities": [],
    },
    "prediction-1": {"query": "geheim", "intents": [{"intent": "Heizung", "score": 0.9}]},
    "prediction-3": {
        "query": "geheim",
        "prediction": {"topIntent": "Heizung", "intents": {"Heizung": {"score": 0.9}}},
    },
    "log": [{"text": "geheim", "intentLabel": "", "tokenizedText": [], "intentPredictions": []}],
    "batch-test": [
        {
            "text": "geheim",
            "intent": "Heizung",
            "entities": [{"entity": "Raum", "startPos": 0, "endPos": 2}],
        }
    ],
    "batch-test-without-entities": [{"text": "geheim", "intent": "Heizung", "entities": []}],
    "batch-test-3": {"LabeledTestSetUtterances": [{"text": "geheim", "intent": "Heizung"}]},
    "deployment": {"luis": {"appId": "geheim", "authoringKey": "geheim", "region": "westeurope"}},
    "deployment-of-models": {
        "cognitiveModels": {
            "en": {"languageModels": [{"appId": "geheim", "subscriptionkey": "geheim"}]}
        }
    },
    "deployment-without-an-app": {"settings": {"luis": {"region": "x", "key": "geheim"}}},
    "deployment-of-two-apps": {"LuisAppId01": "geheim", "LuisAuthoringKey01": "geheim"},
    "deployment-of-a-bot": {"LuisAppId": "geheim", "LuisAPIKey": "geheim"},
}


@pytest.mark.parametrize("content", WRONG_KINDS.values(), ids=WRONG_KINDS)
def test_what_is_of_luis_but_no_app_is_named_and_not_repeated(content: Any) -> None:
    said = refusal(content)
    assert said.startswith("app.json: ")
    assert "LUIS" in said
    assert "geheim" not in said


def test_an_app_is_found_beside_its_batch_tests(tmp_path: Path) -> None:
    write(tmp_path / "bot" / "hausmeister.json", app())
    write(tmp_path / "bot" / "test.json", WRONG_KINDS["batch-test"])
    (tmp_path / "bot" / "README.md").write_text("# Bot")
    assert read_path(tmp_path).size == 4


def test_two_apps_are_not_mixed(tmp_path: Path) -> None:
    write(tmp_path / "bot" / "de.json", app())
    write(tmp_path / "bot" / "en.json", app())
    with pytest.raises(InvalidCatalogue, match="several LUIS apps"):
        read_path(tmp_path)


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


OTHERS: dict[str, Any] = {
    "rasa": {"rasa_nlu_data": {"common_examples": [{"text": "hi", "intent": "greet"}]}},
    "wit": {"utterances": [{"text": "hi", "intent": "greet"}]},
    "snips": {"language": "en", "intents": {"greet": {"utterances": []}}, "entities": {}},
    "watson": {"intents": [{"intent": "greet", "examples": [{"text": "hi"}]}]},
    "keys": {"apiKey": "x", "appId": "x"},
    "package": {"name": "bot", "keywords": ["luis"], "dependencies": {"ai-luis": "1"}},
    "number": 7,
    "empty": {},
    "list": [1, "x", None],
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_files_of_other_products_are_not_taken(content: Any) -> None:
    assert not luis.FORMAT.sniff(source_of("LUIS.json", json.dumps(content).encode()))


@pytest.mark.parametrize("keep", [1, 40, 200, -1])
def test_a_file_that_is_cut_off_is_refused(keep: int) -> None:
    content = json.dumps(app()).encode()[:keep]
    with pytest.raises(InvalidCatalogue):
        read_source(source_of("app.json", content))


def test_a_file_that_is_too_large_does_not_stop_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "bot" / "de.json", app())
    write(tmp_path / "bot" / "large.json", "x" * 5_000)
    monkeypatch.setattr("chatbot.formats.source.MOST_FILE_BYTES", 2_000)
    assert find_format(open_source(tmp_path)).name == "luis"
