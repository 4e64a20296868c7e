import contextlib
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import dialogflow_es as es
from chatbot.formats.dialogflow_messages import ANOTHER_CHANNEL
from chatbot.formats.draft import CatalogueDraft, IntentDraft, Others
from chatbot.formats.gathering import ANOTHER_LANGUAGE, IN_TWO_INTENTS, NEEDS_A_VALUE
from chatbot.formats.pieces import (
    CONDITIONAL,
    FALLBACK_TEXT,
    IN_CONTEXT,
    NEEDS_A_FORM,
    NO_TEXT,
    NOT_TEXT,
    ONLY_AN_EVENT,
)
from chatbot.formats.registry import find_format, read_path
from chatbot.formats.source import open_source, source_of

AGENT = {"language": "en", "supportedLanguages": ["fr", "de"], "customClassifierMode": "use.after"}


def write(folder: Path, files: dict[str, Any]) -> Path:
    """Each value as JSON, bytes as they are."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.write_bytes(raw)
    return folder


def intent(name: str, *messages: Any, **more: Any) -> dict[str, Any]:
    """As a file of an agent says it."""
    response = {"messages": list(messages), "parameters": more.pop("parameters", [])}
    response["affectedContexts"] = more.pop("affected", [])
    usual = {"id": f"id-{name}", "name": name, "contexts": [], "events": [], "priority": 500000}
    return usual | {"responses": [response], "fallbackIntent": False} | more


def text(*speech: str, **more: Any) -> dict[str, Any]:
    return {"type": 0, "speech": list(speech)} | more


def says(*phrases: str) -> list[dict[str, Any]]:
    return [{"data": [{"text": phrase}], "isTemplate": False} for phrase in phrases]


def read(tmp_path: Path, files: dict[str, Any], agent: Any = AGENT) -> CatalogueDraft:
    return read_path(write(tmp_path / "bot", {"agent.json": agent, **files}))


def only(tmp_path: Path, *messages: Any, **more: Any) -> tuple[IntentDraft, list[tuple[str, str]]]:
    """The one intent with these messages, and what is left out of it."""
    draft = read(tmp_path, {"intents/Bike.json": intent("Bike", *messages, **more)})
    return draft.intents["bike"], left_out(draft)


def left_out(draft: CatalogueDraft) -> list[tuple[str, str]]:
    return [(each.reason, each.text) for each in draft.left_out]


def test_phrases_are_found_by_the_name_of_their_file_in_each_language(tmp_path: Path) -> None:
    draft = read(
        tmp_path,
        {
            "intents/Rent a bike - tandem+.json": intent("Rent a bike - tandem+", text("Ask us.")),
            "intents/Rent a bike - tandem+_usersays_en.json": says("a bike for two", "tandem?"),
            "intents/Rent a bike - tandem+_usersays_fr.json": says(" vélo à deux\n"),
        },
    )
    [bike] = draft.intents.values()
    assert (bike.name, bike.answer) == ("rent-a-bike-tandem", "Ask us.")
    assert bike.utterances == ["a bike for two", "tandem?"]
    assert read_path(tmp_path / "bot", "fr").intents[bike.name].utterances == ["vélo à deux"]
    assert draft.languages == {"en": 2, "fr": 1}
    assert draft.format == "dialogflow-es"


@pytest.mark.parametrize(
    ("file", "phrases"),
    [
        ("Prix%20v%c3%a9lo%3f", "Prix vélo?"),
        ("Prix v#U00e9lo#U003f", "Prix v#U00e9lo#U003f"),
        ("Prix ve\u0301lo?", "Prix vélo?"),
    ],
    ids=["percent", "unzip", "decomposed"],
)
def test_an_encoded_file_name_binds_phrases_all_the_same(
    tmp_path: Path, file: str, phrases: str
) -> None:
    draft = read(
        tmp_path,
        {
            f"intents/{file}.json": intent("Prix vélo?", text("Cher.")),
            f"intents/{phrases}_usersays_en.json": says("c'est combien"),
        },
    )
    assert draft.intents["prix-vélo"].utterances == ["c'est combien"]


def test_phrases_without_their_intent_make_one(tmp_path: Path) -> None:
    draft = read(tmp_path, {"intents/Lost%20key_usersays_en.json": says("my key is gone")})
    assert draft.intents["lost-key"].utterances == ["my key is gone"]


def test_an_old_agent_has_its_phrases_in_the_intent_and_a_root_of_its_own(tmp_path: Path) -> None:
    parts = [{"text": "a bike for "}, {"text": "two", "alias": "n", "meta": "@sys.number"}]
    lights = intent("lights") | {"userSays": [{"data": parts}, {"data": [{"text": "go"}]}]}
    path = tmp_path / "old.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("merged/agent.json", json.dumps({"language": "en"}))
        archive.writestr("merged/intents/lights.json", json.dumps(lights))
        archive.writestr("__MACOSX/merged/intents/._lights.json", b"\0")
    draft = read_path(path)
    assert draft.intents["lights"].utterances == ["a bike for two", "go"]
    assert draft.languages == {"en": 2}


def test_pieces_become_one_answer(tmp_path: Path) -> None:
    bike, left = only(
        tmp_path,
        text("Ask any rider*in of ours."),
        text("Open daily.\nNot on Mondays.", type="0"),
        {
            "type": 1,
            "title": "Prices",
            "imageUrl": "https://bikes.example/a%20b.png?v=1",
            "buttons": [
                {"text": "List", "postback": "https://bikes.example/p(1)"},
                {"text": "Call me", "postback": "call"},
                {"text": ""},
            ],
        },
        {"type": 2, "title": "More:", "replies": ["Opening hours", ""]},
        {"type": 3, "imageUrl": "https://bikes.example/map.png"},
    )
    assert bike.answer == (
        "Ask any rider\\*in of ours.\n\n"
        "Open daily.\nNot on Mondays.\n\n"
        "Prices\n\n- [List](https://bikes.example/p%281%29)\n- Call me\n\n"
        "![a b.png](https://bikes.example/a%20b.png?v=1)\n\n"
        "More:\n\n- Opening hours\n\n"
        "![map.png](https://bikes.example/map.png)"
    )
    assert left == []


def test_newer_kinds_of_messages_and_rich_payloads_are_read_too(tmp_path: Path) -> None:
    rich = [
        {"type": "info", "title": "Shop", "subtitle": "Daily", "actionLink": "https://b.example"},
        {"type": "description", "title": "Bring", "text": ["a lock", "a helmet"]},
        {"type": "chips", "options": [{"text": "Map", "link": "https://b.example/m"}, {}]},
        {"type": "image", "rawUrl": "https://b.example/i.png", "accessibilityText": "The shop"},
        {"type": "button", "text": "Book", "link": "https://b.example/b"},
        {"type": "html", "html": "<b>New</b>"},
        {"type": "divider"},
    ]
    bike, left = only(
        tmp_path,
        {"type": "simple_response", "textToSpeech": "spoken", "displayText": "Shown."},
        {"type": "suggestion_chips", "suggestions": [{"title": "Prices"}]},
        {"type": "link_out_chip", "destinationName": "Site", "url": "https://b.example"},
        {"type": "list_card", "title": "All", "items": [{"title": "A", "description": "red"}]},
        {"type": "custom_payload", "payload": {"richContent": [rich]}},
        {"type": "4", "payload": {"slack": {"text": "x"}}},
    )
    assert bike.answer is not None
    assert bike.answer.split("\n\n") == [
        "Shown.",
        "- Prices",
        "[Site](https://b.example)",
        "All",
        "- A: red",
        "[Shop](https://b.example)",
        "Daily",
        "Bring",
        "a lock",
        "a helmet",
        "- [Map](https://b.example/m)",
        "[The shop](https://b.example/i.png)",
        "[Book](https://b.example/b)",
        "**New**",
    ]
    assert left == [(NO_TEXT, "Bike")]


def test_other_wordings_of_a_piece_make_variants(tmp_path: Path) -> None:
    bike, left = only(tmp_path, text("Hello $name!", "Hello!", "Hi."), text("Ask."), text("Ask."))
    assert bike.answer == "Hello!\n\nAsk.\n\nAsk."
    assert bike.variants == ["Hi.\n\nAsk.\n\nAsk."]
    assert left == [(NEEDS_A_VALUE, "Hello $name!")]


@pytest.mark.parametrize(
    "said", ["It costs $price.original.", "You said #booking-followup.day.", "$Größe is sold out"]
)
def test_an_answer_with_a_placeholder_is_shown_to_nobody(tmp_path: Path, said: str) -> None:
    bike, left = only(tmp_path, text(said), text("Bye.", "See you."))
    assert bike.answer is None
    assert bike.variants == []
    assert left == [(NEEDS_A_VALUE, f"{said}\n\nBye.")]


@pytest.mark.parametrize("said", ["It is $5 or US$ 7.", "#ridesafe", "https://b.example/x#a.b"])
def test_what_only_looks_like_a_placeholder_stays(tmp_path: Path, said: str) -> None:
    assert only(tmp_path, text(said))[0].answer == said


def test_the_default_channel_is_taken_or_else_the_one_with_most_text(tmp_path: Path) -> None:
    facebook, slack = text("For many.", platform="facebook"), text("Few.", platform="slack")
    bike, left = only(tmp_path / "a", slack, facebook, text(""))
    assert (bike.answer, left) == ("For many.", [(ANOTHER_CHANNEL, "Few.")])
    bike, left = only(tmp_path / "b", facebook, text("All."), text("All.", platform="line"))
    assert (bike.answer, left) == ("All.", [(ANOTHER_CHANNEL, "For many.")])


def test_the_answer_in_the_agents_language_is_taken(tmp_path: Path) -> None:
    french, german = text("Fermé.", lang="fr"), text("Zu.", lang="de")
    bike, left = only(tmp_path / "a", german, french, text("Closed.", lang="en"))
    assert bike.answer == "Closed."
    assert left == [
        (ANOTHER_LANGUAGE.format("de"), "Zu."),
        (ANOTHER_LANGUAGE.format("fr"), "Fermé."),
    ]


def test_an_agent_of_several_languages_is_read_in_one_of_them(tmp_path: Path) -> None:
    bot = write(
        tmp_path / "bot",
        {
            "agent.json": AGENT,
            "intents/Bike.json": intent(
                "Bike", text("A bike.", lang="en"), text("Ein Rad.", lang="de")
            ),
            "intents/Bike_usersays_en.json": says("a bike", "bike"),
            "intents/Bike_usersays_de.json": says("ein Rad", "bike"),
            "intents/Nur.json": intent("Nur", text("Nur so.", lang="de")),
            "intents/Nur_usersays_de.json": says("nur deutsch"),
        },
    )
    english, german = read_path(bot), read_path(bot, "de")
    assert (english.language, german.language) == ("en", "de")
    assert list(english.intents) == ["bike"]
    assert english.intents["bike"].utterances == ["bike", "a bike"]
    assert english.intents["bike"].answer == "A bike."
    assert english.others == {"de": Others(utterances=2, answers=2)}
    assert list(german.intents) == ["bike", "nur"]
    assert german.intents["bike"].utterances == ["ein Rad", "bike"]
    assert german.intents["bike"].answer == "Ein Rad."
    assert german.others == {"en": Others(utterances=1, answers=1)}
    with pytest.raises(InvalidCatalogue, match="holds nothing in “fr”; its languages are de, en"):
        read_path(bot, "fr")


def test_an_answer_under_a_condition_or_after_a_form_is_left_out(tmp_path: Path) -> None:
    bike, left = only(
        tmp_path / "a", text("VIPs only.", condition="$x = 1"), conditionalResponses=[{}]
    )
    assert bike.answer is None
    assert left == [(CONDITIONAL, "Bike"), (CONDITIONAL, "VIPs only.")]
    bike, left = only(tmp_path / "b", text("Booked."), parameters=[{"required": True}])
    assert (bike.answer, left) == (None, [(NEEDS_A_FORM, "Booked.")])


def test_the_answer_of_the_oldest_agents_stands_beside_the_messages(tmp_path: Path) -> None:
    old = {"id": "1", "name": "Bike", "responses": [{"speech": "Ask us."}], "userSays": []}
    draft = read(tmp_path, {"intents/Bike.json": old})
    assert draft.intents["bike"].answer == "Ask us."


def test_the_fallback_is_told_by_its_flag(tmp_path: Path) -> None:
    draft = read(
        tmp_path,
        {
            "intents/Trouble.json": intent("Trouble", text("Sorry?"), fallbackIntent=True),
            "intents/Trouble_usersays_en.json": says("tell a joke", "rent a bike"),
            "intents/Fallback.json": intent("Fallback", text("Walk.")),
            "intents/Fallback_usersays_en.json": says("Rent a bike"),
            "intents/Bike - fallback.json": intent(
                "Bike - fallback", fallbackIntent=True, contexts=["Bike-followup"]
            ),
            "intents/Bike - fallback_usersays_en.json": says("hm"),
        },
    )
    assert list(draft.intents) == ["fallback"]
    assert draft.out_of_scope == ["tell a joke"]
    assert (FALLBACK_TEXT, "Sorry?") in left_out(draft)
    assert (IN_CONTEXT, "hm") in left_out(draft)
    assert len(draft.left_out) == 3


def test_an_intent_that_only_an_event_calls_is_none(tmp_path: Path) -> None:
    draft = read(
        tmp_path,
        {
            "intents/Welcome.json": intent("Welcome", text("Hi."), events=[{"name": "WELCOME"}]),
            "intents/Hello.json": intent("Hello", text("Hi!"), events=[{"name": "HELLO"}]),
            "intents/Hello_usersays_en.json": says("hello"),
            "intents/Rent law.json": intent("Rent law", text("Ask a lawyer.")),
        },
    )
    assert list(draft.intents) == ["hello", "rent-law"]
    assert left_out(draft) == [(ONLY_AN_EVENT, "Hi.")]


def test_a_follow_up_is_reached_from_its_parent_and_not_by_itself(tmp_path: Path) -> None:
    draft = read(
        tmp_path,
        {
            "intents/Bike.json": intent("Bike", text("Which?")),
            "intents/Bike_usersays_en.json": says("a bike"),
            "intents/Bike - e.json": intent(
                "Bike - e",
                text("Ten a day."),
                parentId="id-Bike",
                contexts=["bike-followup"],
                affected=[{"name": "Bill"}],
            ),
            "intents/Bike - e_usersays_en.json": says("yes", "electric"),
            "intents/Bill.json": intent("Bill", text("By post."), contexts=["BILL"]),
            "intents/Lost.json": intent(
                "Lost", text("Gone."), parentId="id-x", contexts=["x-followup"]
            ),
            "intents/Lost_usersays_en.json": says("no"),
        },
    )
    assert list(draft.intents) == ["bike", "bike-e", "bill"]
    assert draft.intents["bike"].follow_ups == ["bike-e"]
    assert draft.intents["bike-e"].follow_ups == ["bill"]
    assert [each.enabled for each in draft.intents.values()] == [None, False, False]
    assert (draft.intents["bike-e"].answer, draft.intents["bike-e"].utterances) == (
        "Ten a day.",
        [],
    )
    assert Counter(left_out(draft)) == Counter(
        (IN_CONTEXT, each) for each in ("yes", "electric", "no", "Gone.")
    )


def test_a_parent_without_a_context_links_and_hides_nothing(tmp_path: Path) -> None:
    draft = read(
        tmp_path,
        {
            "intents/A.json": intent("A", text("a")),
            "intents/B.json": intent("B", text("b"), rootParentId="id-A"),
            "intents/B_usersays_en.json": says("bee"),
        },
    )
    assert draft.intents["a"].follow_ups == ["b"]
    assert draft.intents["b"].utterances == ["bee"]


def test_a_quick_reply_that_is_a_phrase_leads_to_its_intent(tmp_path: Path) -> None:
    replies = {"type": 2, "title": "More:", "replies": ["Prices", "both", "elsewhere"]}
    draft = read(
        tmp_path,
        {
            "intents/Bike.json": intent("Bike", text("Ask."), replies),
            "intents/Bike_usersays_en.json": says("a bike", "both"),
            "intents/Cost.json": intent("Cost", text("Ten.")),
            "intents/Cost_usersays_en.json": says("PRICES", "both"),
        },
    )
    assert draft.intents["bike"].follow_ups == ["cost"]
    assert [clash.text for clash in draft.clashes] == ["both"]
    assert Counter(each.reason for each in draft.left_out) == {IN_TWO_INTENTS: 2}


def test_priority_minus_one_is_disabled(tmp_path: Path) -> None:
    assert only(tmp_path / "a", priority=-1)[0].enabled is False
    assert only(tmp_path / "b")[0].enabled is None


def test_every_row_is_an_utterance_or_left_out_with_the_reason(tmp_path: Path) -> None:
    rows: list[Any] = [*says("fine", "FINE", "??"), {"data": [{"text": "x"}, {"text": None}]}]
    rows += [{"data": [{"text": "bikes in @city:city"}], "isTemplate": True}]
    rows += [{"data": [{"text": "plain"}], "isTemplate": True}, {"data": "x"}, 7, None]
    draft = read(tmp_path, {"intents/Bike_usersays_en.json": rows})
    assert draft.intents["bike"].utterances == ["fine", "plain"]
    reasons = Counter(each.reason for each in draft.left_out)
    assert (reasons[NOT_TEXT], reasons[es.PATTERN], reasons.total()) == (4, 1, 7)


def test_shadows_of_documents_and_small_talk_are_left_out(tmp_path: Path) -> None:
    draft = read(
        tmp_path,
        {
            "intents/Knowledge.KnowledgeBase.x1.json": intent(
                "Knowledge.KnowledgeBase.x1", text("$Knowledge.Answer[1]")
            ),
            "intents/Docs.json": intent("Docs", text("$Knowledge.Answer[1]")),
            "customSmalltalkResponses_en.json": [
                {"action": "smalltalk.bye", "customAnswers": [{"customAnswer": "Bye"}, "Ciao"]}
            ],
        },
    )
    assert list(draft.intents) == ["docs"]
    assert Counter(each.reason for each in draft.left_out) == {es.KNOWLEDGE: 2, es.SMALL_TALK: 2}


def test_the_order_of_files_changes_nothing(tmp_path: Path) -> None:
    files = {
        "agent.json": AGENT,
        "intents/A.json": intent("A", text("a"), {"type": 2, "title": "?", "replies": ["b"]}),
        "intents/A_usersays_en.json": says("a", "c"),
        "intents/B.json": intent("B", text("b")),
        "intents/B_usersays_en.json": says("b", "C"),
    }
    drafts = []
    for number, names in enumerate([list(files), list(reversed(files))]):
        path = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, json.dumps(files[name]))
        drafts.append(read_path(path))
    assert drafts[0] == drafts[1]


def test_two_agents_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, {"agent.json": AGENT, "intents/A.json": intent("A")})
    with pytest.raises(InvalidCatalogue, match="holds several agents"):
        read_path(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (AGENT | {"token": "s3cret"}, "is the settings of an agent alone"),
        ({"queryResult": {"queryText": "s3cret"}, "responseId": "1"}, "is a reply of Dialogflow"),
    ],
)
def test_another_file_of_dialogflow_is_named_and_not_echoed(content: Any, reason: str) -> None:
    source = source_of("agent.json", json.dumps(content).encode())
    assert find_format(source) is es.FORMAT
    with pytest.raises(InvalidCatalogue, match=reason) as refused:
        es.FORMAT.read(source)
    assert "s3cret" not in str(refused.value)


def test_a_single_intent_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path, {"Bike.json": intent("Bike", text("Ask."), userSays=says("a bike"))})
    draft = read_path(folder / "Bike.json")
    assert (draft.intents["bike"].answer, draft.intents["bike"].utterances) == ("Ask.", ["a bike"])


@pytest.mark.parametrize(
    "files",
    [
        {"intents/a.yaml": b"intents: []"},
        {"agent.json": {"displayName": "x", "defaultLanguageCode": "en"}},
        {"intents/a/a.json": {"displayName": "a"}, "agent.json": {"defaultLanguageCode": "en"}},
        {"intents/a.json": {"intent": "a", "examples": []}},
        {"intents/a.json": [1, 2]},
        {"intents/a.json": {"name": "a", "responses": ["b"]}},
        {"intents/a.json": b"{"},
        {"faq.json": {"intents": [], "language": "en"}},
    ],
)
def test_another_product_is_not_taken(tmp_path: Path, files: dict[str, Any]) -> None:
    assert not es.FORMAT.sniff(open_source(write(tmp_path, files)))


ODD: list[Any] = [None, 0, True, "x", [], {}, [None], [[]], [{}], {"a": None}]


@pytest.mark.parametrize("odd", ODD, ids=map(str, range(len(ODD))))
@pytest.mark.parametrize(
    "key", ["name", "contexts", "responses", "events", "userSays", "id", "parentId", "priority"]
)
def test_a_wrong_type_in_an_intent_raises_nothing_else(tmp_path: Path, key: str, odd: Any) -> None:
    with contextlib.suppress(InvalidCatalogue):
        read(tmp_path, {"intents/A.json": intent("A", text("a")) | {key: odd}})


@pytest.mark.parametrize("odd", ODD, ids=map(str, range(len(ODD))))
@pytest.mark.parametrize(
    "key",
    ["type", "speech", "lang", "platform", "condition", "title", "buttons", "replies", "payload"],
)
def test_a_wrong_type_in_a_message_raises_nothing(tmp_path: Path, key: str, odd: Any) -> None:
    for kind in (0, 1, 2, 3, 4, "basic_card", "list_card", "suggestion_chips"):
        message = {"type": kind, "items": odd, "suggestions": odd, "image": odd, key: odd}
        only(tmp_path / str(kind), message)


@pytest.mark.parametrize(
    ("name", "content", "mistake"),
    [
        ("agent.json", b'{"language"', "agent.json:1: is not JSON"),
        ("intents/B.json", b'{"name": "B",\n"responses": [', "intents/B.json:2: is not JSON"),
        ("intents/B.json", [], "intents/B.json: is no intent of Dialogflow ES"),
        ("intents/B.json", {"x": 1}, "intents/B.json: is no intent of Dialogflow ES"),
        ("intents/B_usersays_en.json", {"a": 1}, "intents/B_usersays_en.json: must be a list"),
        ("intents/B_usersays_en.json", b"[{]", "intents/B_usersays_en.json:1: is not JSON"),
        ("intents/B_usersays_en.json", b"[" * 9000, "intents/B_usersays_en.json: is nested"),
        ("intents/B_usersays_en.json", b'"\xe4"', "intents/B_usersays_en.json:1: is not UTF-8"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: Any, mistake: str) -> None:
    files = {"intents/A.json": intent("A"), name: content}
    with pytest.raises(InvalidCatalogue) as refused:
        read(tmp_path, files)
    assert str(refused.value.mistakes[0]).startswith(mistake)
    assert len(refused.value.mistakes) == 1
