import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import lex
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.pieces import IN_CONTEXT
from chatbot.formats.registry import read_path, read_source
from chatbot.formats.source import source_of


def says(*texts: str) -> dict[str, Any]:
    """A response of version 2: one message and its variations."""
    messages = [{"plainTextMessage": {"value": text}, "customPayload": None} for text in texts]
    return {"messageGroupsList": [{"message": messages[0], "variations": messages[1:] or None}]}


def intent(name: str, *utterances: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "parentIntentSignature": None,
        "sampleUtterances": [{"utterance": text} for text in utterances] or None,
        "intentClosingSetting": None,
        "inputContexts": None,
        "outputContexts": None,
        "fulfillmentCodeHook": {"enabled": True, "postFulfillmentStatusSpecification": None},
    } | fields


def closing(*texts: str, is_active: bool = True) -> dict[str, Any]:
    return {"intentClosingSetting": {"isActive": is_active, "closingResponse": says(*texts)}}


def bot(*intents: dict[str, Any], root: str = "", locale: str = "es_ES") -> bytes:
    """An archive of version 2, without the manifest that documentation promises."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{root}Bot.json", json.dumps({"name": "Conserje"}))
        for each in intents:
            path = f"{root}BotLocales/{locale}/Intents/{each['name']}"
            archive.writestr(f"{path}/Intent.json", json.dumps(each))
            archive.writestr(f"{path}/Slots/room/Slot.json", json.dumps({"name": "room"}))
    return content.getvalue()


def read(content: bytes, name: str = "bot.zip") -> CatalogueDraft:
    return read_source(source_of(name, content))


def left_out(draft: CatalogueDraft) -> list[tuple[str, str]]:
    return [(row.text, row.reason) for row in draft.left_out]


def test_a_bot_of_version_2_is_read_completely() -> None:
    draft = read(
        bot(
            intent("HorarioTienda", "¿cuándo abren?", **closing("De nueve a cinco.", "9-17")),
            intent("Hablar", "quiero hablar"),
            intent(
                "FallbackIntent",
                parentIntentSignature="AMAZON.FallbackIntent",
                **closing("No entiendo."),
            ),
        )
    )
    talk, hours = draft.intents.values()
    assert draft.format == "lex"
    assert (hours.name, hours.title) == ("horariotienda", "HorarioTienda")
    assert (hours.utterances, hours.answer) == (["¿cuándo abren?"], "De nueve a cinco.")
    assert hours.variants == ["9-17"]
    assert (talk.utterances, talk.answer) == (["quiero hablar"], None)
    assert draft.languages == {"es-es": 2}
    assert left_out(draft) == [
        ("No entiendo.", "it is what the old bot said when it did not understand"),
    ]


def test_a_folder_with_a_root_is_read_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(bot(intent("A", "hola"), root="export/"))) as archive:
        archive.extractall(tmp_path)
    assert read_path(tmp_path).intents["a"].utterances == ["hola"]


def test_a_closing_response_that_is_switched_off_is_no_answer() -> None:
    draft = read(bot(intent("A", "hola", **closing("Adiós", is_active=False))))
    assert draft.intents["a"].answer is None
    assert left_out(draft) == [("Adiós", "its answer is switched off")]


RESPONSES = {
    "when-it-begins": {"initialResponseSetting": {"initialResponse": says("De nueve a cinco.")}},
    "when-it-is-fulfilled": {
        "fulfillmentCodeHook": {
            "postFulfillmentStatusSpecification": {"successResponse": says("De nueve a cinco.")}
        }
    },
}


@pytest.mark.parametrize("fields", RESPONSES.values(), ids=RESPONSES)
def test_an_answer_may_be_said_elsewhere(fields: dict[str, Any]) -> None:
    assert read(bot(intent("A", **fields))).intents["a"].answer == "De nueve a cinco."


def test_what_asks_the_user_is_no_answer() -> None:
    prompt = {"isActive": True, "promptSpecification": says("¿Seguro?")}
    draft = read(bot(intent("A", "hola", intentConfirmationSetting=prompt)))
    assert draft.intents["a"].answer is None


def message(**fields: Any) -> dict[str, Any]:
    groups = [{"message": {"plainTextMessage": None} | fields, "variations": None}]
    return {"intentClosingSetting": {"closingResponse": {"messageGroupsList": groups}}}


CARD = {
    "title": "Tienda",
    "subtitle": "Centro",
    "imageUrl": "https://example.org/a.png",
    "buttons": [{"text": "Abrir", "value": "open"}, {"text": None}],
}
MESSAGES = {
    "ssml": ({"ssmlMessage": {"value": "<speak>Hola<break/>t&uacute;</speak>"}}, "Hola tú"),
    "prose": ({"customPayload": {"value": "Hola"}}, "Hola"),
    "card": (
        {"imageResponseCard": CARD},
        "**Tienda**\n\nCentro\n\n![Tienda](https://example.org/a.png)\n\n- Abrir",
    ),
    "nothing": ({}, None),
    "data": ({"customPayload": {"value": '{"a": 1}'}}, None),
    "value": ({"plainTextMessage": {"value": "Hola {name}"}}, None),
    "attribute": ({"plainTextMessage": {"value": "Hola [name]"}}, None),
    "program": ({"plainTextMessage": {"value": "((x-amz-lex:answer))"}}, None),
    "link": ({"plainTextMessage": {"value": "[aqui](https://a.b)"}}, "[aqui](https://a.b)"),
}


@pytest.mark.parametrize(("fields", "answer"), MESSAGES.values(), ids=MESSAGES)
def test_messages_of_each_kind_become_markdown(fields: dict[str, Any], answer: str | None) -> None:
    assert read(bot(intent("A", "hola", **message(**fields)))).intents["a"].answer == answer


def test_messages_of_several_groups_are_said_in_turn() -> None:
    groups = [*says("Uno")["messageGroupsList"], *says("Dos", "2")["messageGroupsList"]]
    setting = {"closingResponse": {"messageGroupsList": groups}}
    draft = read(bot(intent("A", intentClosingSetting=setting)))
    assert draft.intents["a"].answer == "Uno\n\nDos"
    assert draft.intents["a"].variants == ["2"]
    assert left_out(draft) == []


def test_contexts_make_follow_ups() -> None:
    draft = read(
        bot(
            intent("Open", "open", outputContexts=[{"name": "door"}]),
            intent("Close", "close", inputContexts=[{"name": "door"}, None]),
        )
    )
    opened, closed = draft.intents["open"], draft.intents["close"]
    assert opened.follow_ups == ["close"]
    assert (opened.enabled, closed.enabled, closed.utterances) == (None, False, [])
    assert left_out(draft) == [("close", IN_CONTEXT)]


def test_slots_become_words_and_alone_they_train_nothing() -> None:
    draft = read(bot(intent("A", "have you {searchKeyword}", "{room_name}", "{a} {b}?")))
    assert draft.intents["a"].utterances == ["have you search keyword"]
    assert left_out(draft) == [
        ("{room_name}", "it is nothing but a slot"),
        ("{a} {b}?", "it is nothing but a slot"),
    ]


def test_two_bots_in_one_archive_are_not_mixed() -> None:
    both = io.BytesIO(bot(intent("A", "hola"), root="one/"))
    with zipfile.ZipFile(both, "a") as archive:
        archive.writestr("two/BotLocales/de_DE/Intents/B/Intent.json", json.dumps(intent("B")))
    with pytest.raises(InvalidCatalogue, match="several bots of Lex"):
        read(both.getvalue())


def version_1(**resource: Any) -> bytes:
    metadata = {"schemaVersion": "1.0", "importType": "LEX", "importFormat": "JSON"}
    return json.dumps({"metadata": metadata, "resource": resource}).encode()


HELP = {
    "name": "Help",
    "parentIntentSignature": "AMAZON.HelpIntent",
    "sampleUtterances": [],
    "conclusionStatement": {
        "messages": [
            {"groupNumber": 1, "contentType": "PlainText", "content": "Ask us."},
            {"groupNumber": 1, "contentType": "CustomPayload", "content": "Ask the desk."},
        ]
    },
}
FIND = {
    "name": "Find",
    "fulfillmentActivity": {"codeHook": {"uri": "arn:aws:lambda:secret"}, "type": "CodeHook"},
    "sampleUtterances": ["find {thing}", "{thing}", "search"],
}


def test_a_bot_of_version_1_is_read_completely() -> None:
    clarification = {"messages": [{"content": "Sorry?"}]}
    draft = read(
        version_1(
            name="Shop",
            locale="en-US",
            intents=[HELP, FIND],
            clarificationPrompt=clarification,
        ),
        "shop.json",
    )
    help_, find = draft.intents.values()
    assert (help_.utterances, help_.answer) == ([], "Ask us.")
    assert help_.variants == ["Ask the desk."]
    assert (find.utterances, find.answer) == (["find thing", "search"], None)
    assert draft.languages == {"en-us": 2}
    assert left_out(draft) == [
        ("{thing}", "it is nothing but a slot"),
        ("Sorry?", "it is what the old bot said when it did not understand"),
    ]


def test_cards_of_version_1_are_json_in_a_text() -> None:
    card = {"title": "Shop", "subTitle": "Old town", "buttons": [{"text": "Open", "value": "o"}]}
    statement = {
        "messages": [{"content": "Here:"}],
        "responseCard": json.dumps({"version": 1, "genericAttachments": [card]}),
    }
    draft = read(version_1(**FIND | {"conclusionStatement": statement}), "find.json")
    assert draft.intents["find"].answer == "Here:\n\n**Shop**\n\nOld town\n\n- Open"
    broken = {"messages": [{"content": "Here:"}], "responseCard": "{"}
    draft = read(version_1(**FIND | {"conclusionStatement": broken}), "find.json")
    assert draft.intents["find"].answer == "Here:"


def test_one_intent_of_version_1_is_read_too() -> None:
    assert read(version_1(**FIND), "find.json").intents["find"].utterances[1:] == ["search"]


def test_a_slot_type_is_refused() -> None:
    with pytest.raises(InvalidCatalogue, match="is a slot type of Lex"):
        read(version_1(name="Things", enumerationValues=[{"value": "secret"}]), "things.json")


WRONG_TYPES: dict[str, dict[str, Any]] = {
    "texts": {"sampleUtterances": [None, 7, "text", {"utterance": None}]},
    "number": {"sampleUtterances": 7},
    "closing": {"intentClosingSetting": 7},
    "groups": {"intentClosingSetting": {"closingResponse": {"messageGroupsList": [None, 7, {}]}}},
    "contexts": {"inputContexts": 7, "outputContexts": [7, {"name": None}]},
    "hook": {"fulfillmentCodeHook": None},
}


@pytest.mark.parametrize("fields", WRONG_TYPES.values(), ids=WRONG_TYPES)
def test_fields_of_wrong_types_break_nothing(fields: dict[str, Any]) -> None:
    assert read(bot(intent("A", **fields))).intents["a"].answer is None
    read(version_1(intents=[{"name": "A"} | fields, None]), "a.json")


def test_an_intent_without_a_name_is_refused() -> None:
    content = io.BytesIO(bot(intent("A")))
    with zipfile.ZipFile(content, "a") as archive:
        broken = json.dumps(intent("B") | {"name": None})
        archive.writestr("BotLocales/es_ES/Intents/B/Intent.json", broken)
    with pytest.raises(InvalidCatalogue, match="has no name of an intent"):
        read(content.getvalue())


@pytest.mark.parametrize("broken", ["", "{", "[]", "7", '{"name": "B", "sampleUtterances"'])
def test_a_file_that_is_cut_off_is_refused(broken: str) -> None:
    content = io.BytesIO(bot(intent("A", "hola")))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("BotLocales/es_ES/Intents/B/Intent.json", broken)
    with pytest.raises(InvalidCatalogue, match=r"B/Intent\.json"):
        read(content.getvalue())


@pytest.mark.parametrize(
    "content", [{"name": "a"}, {"metadata": {"importType": "LEX"}}, {"resource": {}}, [], 7]
)
def test_files_of_other_products_are_not_taken(content: Any) -> None:
    assert not lex.FORMAT.sniff(source_of("Intent.json", json.dumps(content).encode()))
