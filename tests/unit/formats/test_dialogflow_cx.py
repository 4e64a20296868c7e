import contextlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import dialogflow_cx as cx
from chatbot.formats.draft import CatalogueDraft, Others
from chatbot.formats.gathering import ANOTHER_LANGUAGE, NEEDS_A_VALUE
from chatbot.formats.pieces import (
    CONDITIONAL,
    FALLBACK_TEXT,
    IN_CONTEXT,
    NEEDS_A_FORM,
    NO_TEXT,
    NOT_TEXT,
)
from chatbot.formats.registry import find_format, read_path
from chatbot.formats.source import open_source, source_of

AGENT = {"defaultLanguageCode": "it", "supportedLanguageCodes": ["en"], "startFlow": "Inizio"}
START = "flows/Inizio/Inizio.json"


def write(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.write_bytes(raw)
    return folder


def intent(name: str, /, *phrases: str, language: str = "it", **more: Any) -> dict[str, Any]:
    """The files of an intent."""
    said = {f"intents/{name}/{name}.json": {"name": f"id-{name}", "displayName": name} | more}
    if phrases:
        rows = [{"parts": [{"text": each}], "repeatCount": 1} for each in phrases]
        path = f"intents/{name}/trainingPhrases/{language}.json"
        said[path] = {"trainingPhrases": rows}
    return said


def says(*texts: str, **more: Any) -> dict[str, Any]:
    """A fulfilment with one message."""
    return {"messages": [{"text": {"text": list(texts)}, "languageCode": "it"} | more]}


def route(intent: str, *texts: str, **more: Any) -> dict[str, Any]:
    said = {"triggerFulfillment": says(*texts)} if texts else {"triggerFulfillment": {}}
    return {"intent": intent} | said | more


def page(name: str, /, *routes: Any, **more: Any) -> dict[str, Any]:
    return {"displayName": name, "transitionRoutes": list(routes)} | more


def read(tmp_path: Path, *files: dict[str, Any]) -> CatalogueDraft:
    merged: dict[str, Any] = {"agent.json": AGENT}
    for each in files:
        merged |= each
    return read_path(write(tmp_path / "bot", merged))


def left_out(draft: CatalogueDraft) -> list[tuple[str, str]]:
    return sorted((each.reason, each.text) for each in draft.left_out)


def test_the_answer_stands_at_the_route_of_the_start(tmp_path: Path) -> None:
    parts = [{"text": "bici per ", "auto": True}, {"text": "due", "parameterId": "n"}]
    draft = read(
        tmp_path,
        intent("Noleggio", "una bici", description="Noleggiare una bici"),
        {"intents/Noleggio/trainingPhrases/en.json": {"trainingPhrases": [{"parts": parts}]}},
        {START: page("Inizio", route("Noleggio", "Chiedi a noi."))},
    )
    [bike] = draft.intents.values()
    assert (bike.name, bike.title, bike.answer) == (
        "noleggio",
        "Noleggiare una bici",
        "Chiedi a noi.",
    )
    assert bike.utterances == ["una bici"]
    assert draft.languages == {"it": 1, "en": 1}
    assert draft.format == "dialogflow-cx"
    assert left_out(draft) == [(ANOTHER_LANGUAGE.format("en"), "bici per due")]


def test_the_wanted_language_is_taken_of_an_agent_in_several(tmp_path: Path) -> None:
    said = {
        "messages": [
            {"text": {"text": ["Chiedi."]}},
            {"text": {"text": ["Ask."]}, "languageCode": "en"},
        ]
    }
    read(
        tmp_path,
        intent("Noleggio", "una bici"),
        {
            "intents/Noleggio/trainingPhrases/en.json": {
                "trainingPhrases": [{"parts": [{"text": "a bike"}]}]
            },
            START: page("Inizio", {"intent": "Noleggio", "triggerFulfillment": said}),
        },
    )
    for wanted, utterance, answer in (("it", "una bici", "Chiedi."), ("en", "a bike", "Ask.")):
        draft = read_path(tmp_path / "bot", wanted)
        [bike] = draft.intents.values()
        assert (bike.utterances, bike.answer) == ([utterance], answer)
        assert list(draft.others.values()) == [Others(utterances=1, answers=1)]


def test_the_page_that_a_route_leads_to_answers_where_the_route_says_nothing(
    tmp_path: Path,
) -> None:
    draft = read(
        tmp_path,
        intent("Orari", "quando"),
        {
            START: page("Inizio", route("Orari", targetPage="¿Aperto?")),
            "flows/Inizio/pages/%c2%bfAperto%3f.json": page(
                "¿Aperto?", entryFulfillment=says("Dalle nove.")
            ),
            "flows/Inizio/pages/Altro.json": page("Altro", entryFulfillment=says("Altro?")),
        },
    )
    assert draft.intents["orari"].answer == "Dalle nove."
    assert left_out(draft) == [(cx.SAID_ON_A_PAGE, "Altro?")]


def test_a_group_of_routes_answers_where_it_is_used(tmp_path: Path) -> None:
    group = page("FAQ", route("Orari", "Dalle nove."))
    for place in (
        "flows/Inizio/transitionRouteGroups/FAQ.json",
        "agentTransitionRouteGroups/F.json",
    ):
        folder = tmp_path / place.replace("/", "-")
        start = {START: page("Inizio", transitionRouteGroups=["FAQ"])}
        draft = read(folder, intent("Orari"), {place: group}, start)
        assert draft.intents["orari"].answer == "Dalle nove."


def test_what_is_answered_on_a_page_only_is_a_follow_up_without_its_answer(
    tmp_path: Path,
) -> None:
    draft = read(
        tmp_path,
        intent("Noleggio", "una bici"),
        intent("Si", "sì"),
        {
            START: page("Inizio", route("Noleggio", "Quale?", targetPage="Tipo")),
            "flows/Inizio/pages/Tipo.json": page("Tipo", route("Si", "Prenotata.")),
        },
    )
    assert draft.intents["si"].answer is None
    assert draft.intents["si"].utterances == ["sì"]
    assert draft.intents["noleggio"].follow_ups == ["si"]
    assert left_out(draft) == [(IN_CONTEXT, "Prenotata.")]


def test_of_several_answers_that_of_the_first_flow_is_taken(tmp_path: Path) -> None:
    files = {
        START: page("Inizio", route("Aiuto", "Chiama.")),
        "flows/Altro/Altro.json": page("Altro", route("Aiuto", "Scrivi.")),
        "flows/Altro/pages/P.json": page(
            "P", route("Aiuto", "Aspetta."), route("Aiuto", "Chiama.")
        ),
    }
    draft = read(tmp_path, intent("Aiuto", "aiuto"), files)
    assert draft.intents["aiuto"].answer == "Chiama."
    assert left_out(draft) == [(IN_CONTEXT, "Aspetta."), (cx.DEPENDS_ON_PLACE, "Scrivi.")]


def test_answers_that_differ_between_other_flows_are_all_left_out(tmp_path: Path) -> None:
    files = {f"flows/{n}/{n}.json": page(n, route("Aiuto", f"{n}!")) for n in ("A", "B")}
    draft = read(tmp_path, intent("Aiuto", "aiuto"), files)
    assert draft.intents["aiuto"].answer is None
    assert left_out(draft) == [(cx.DEPENDS_ON_PLACE, "A!"), (cx.DEPENDS_ON_PLACE, "B!")]


def test_the_answer_of_one_other_flow_is_taken_and_leads_on(tmp_path: Path) -> None:
    files = {
        START: page("Inizio", route("Menu", "Ecco.", targetFlow="FAQ")),
        "flows/FAQ/FAQ.json": page("FAQ", route("id-Orari", "Dalle nove.", condition="true")),
    }
    draft = read(tmp_path, intent("Menu", "menu"), intent("Orari", "quando"), files)
    assert draft.intents["orari"].answer == "Dalle nove."
    assert draft.intents["menu"].follow_ups == ["orari"]


def test_an_answer_under_a_condition_or_with_a_form_is_left_out(tmp_path: Path) -> None:
    prompt = {"fillBehavior": {"initialPromptFulfillment": says("Che giorno?")}}
    files = {
        START: page(
            "Inizio",
            route("Vip", "Solo vip.", condition="$session.params.vip = true"),
            route("Prenota", targetPage="Modulo"),
            {"intent": "Caso", "triggerFulfillment": {"conditionalCases": [{"cases": []}]}},
            {"condition": "$x", "triggerFulfillment": says("Forse.")},
        ),
        "flows/Inizio/pages/Modulo.json": page(
            "Modulo", entryFulfillment=says("Prenotiamo."), form={"parameters": [prompt]}
        ),
    }
    draft = read(tmp_path, intent("Vip"), intent("Prenota"), intent("Caso"), files)
    assert all(each.answer is None for each in draft.intents.values())
    assert left_out(draft) == sorted(
        [
            (CONDITIONAL, "Solo vip."),
            (CONDITIONAL, "Forse."),
            (CONDITIONAL, "Caso"),
            (NEEDS_A_FORM, "Prenotiamo."),
            (NEEDS_A_FORM, "Che giorno?"),
        ]
    )


def test_what_is_said_before_another_program_answers_is_left_out(tmp_path: Path) -> None:
    said = says("Un momento…") | {"webhook": "saldo", "tag": "x"}
    files = {START: page("Inizio", {"intent": "Saldo", "triggerFulfillment": said})}
    draft = read(tmp_path, intent("Saldo"), files)
    assert draft.intents["saldo"].answer is None
    assert left_out(draft) == [(cx.NEEDS_A_PROGRAM, "Un momento…")]


def test_variants_placeholders_languages_and_commands_are_left_out(tmp_path: Path) -> None:
    payload = {"richContent": [[{"type": "button", "text": "Sito", "link": "https://b.example"}]]}
    said = {
        "messages": [
            {"text": {"text": ["Ciao $session.params.nome!", "Ciao!", "Salve!"]}},
            {"payload": payload, "languageCode": "it"},
            {"payload": {"handover": True}},
            {"text": {"text": ["Hi!"]}, "languageCode": "en"},
        ]
    }
    files = {START: page("Inizio", {"intent": "Ciao", "triggerFulfillment": said})}
    draft = read(tmp_path, intent("Ciao", "ciao"), files)
    assert draft.intents["ciao"].answer == "Ciao!\n\n[Sito](https://b.example)"
    assert draft.intents["ciao"].variants == ["Salve!\n\n[Sito](https://b.example)"]
    assert left_out(draft) == sorted(
        [
            (NEEDS_A_VALUE, "Ciao $session.params.nome!"),
            (NO_TEXT, "Ciao"),
            (ANOTHER_LANGUAGE.format("en"), "Hi!"),
        ]
    )


def test_an_answer_with_a_placeholder_is_shown_to_nobody(tmp_path: Path) -> None:
    files = {START: page("Inizio", route("Saldo", "Hai $session.params.saldo euro."))}
    draft = read(tmp_path, intent("Saldo"), files)
    assert draft.intents["saldo"].answer is None
    assert left_out(draft) == [(NEEDS_A_VALUE, "Hai $session.params.saldo euro.")]


def test_the_fallback_is_told_by_its_flag_and_not_by_its_name(tmp_path: Path) -> None:
    handler = {"event": "sys.no-match-default", "triggerFulfillment": says("Come?", "Eh?")}
    draft = read(
        tmp_path,
        intent("Boh", "che tempo fa", "no grazie", isFallback=True),
        intent("Default Negative Intent", "no grazie"),
        {START: page("Inizio", route("Boh", "Non so."), eventHandlers=[handler])},
    )
    assert list(draft.intents) == ["default-negative-intent"]
    assert draft.out_of_scope == ["che tempo fa"]
    assert (FALLBACK_TEXT, "Come?") in left_out(draft)
    assert (FALLBACK_TEXT, "Non so.") in left_out(draft)


def test_intents_without_phrases_or_use_are_kept(tmp_path: Path) -> None:
    draft = read(tmp_path, intent("Orario"), intent("Mai usato", "mai", priority=-1))
    assert list(draft.intents) == ["mai-usato", "orario"]
    assert draft.intents["mai-usato"].enabled is False
    assert draft.intents["orario"].enabled is None


def test_every_row_is_an_utterance_or_left_out(tmp_path: Path) -> None:
    rows = [{"parts": [{"text": "sì"}]}, {"parts": [{"text": None}]}, {"parts": 1}, None, 7]
    draft = read(tmp_path, {"intents/Si/trainingPhrases/it.json": {"trainingPhrases": rows}})
    assert draft.intents["si"].utterances == ["sì"]
    assert Counter(each.reason for each in draft.left_out) == {NOT_TEXT: 4}


def test_webhooks_and_tests_are_never_opened(tmp_path: Path) -> None:
    draft = read(
        tmp_path,
        intent("Si", "sì"),
        {"webhooks/w.json": b"{broken", "testCases/t.json": b"{", "entityTypes/e/e.json": b"{"},
    )
    assert draft.size == 1


def test_phrases_are_enough_to_tell_the_format(tmp_path: Path) -> None:
    folder = write(tmp_path, {f"x/{k}": v for k, v in intent("Si", "sì", "va bene").items()})
    draft = read_path(folder)
    assert (draft.format, draft.size) == ("dialogflow-cx", 2)


def test_two_agents_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, {"agent.json": AGENT, **intent("Si", "sì")})
    with pytest.raises(InvalidCatalogue, match="holds several agents"):
        read_path(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("agent.blob", b"\x0a\x00\x12Default Start Flow s3cret", "is an agent as binary data"),
        ("export.json", b'{"agentContent": "czNjcmV0"}', "is an agent as binary data"),
        ("agent.json", json.dumps(AGENT).encode(), "is the settings of an agent alone"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, content: bytes, reason: str) -> None:
    source = source_of(name, content)
    assert find_format(source) is cx.FORMAT
    with pytest.raises(InvalidCatalogue, match=reason) as refused:
        cx.FORMAT.read(source)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "files",
    [
        {"agent.json": {"language": "en"}, "intents/a.json": {"name": "a", "responses": []}},
        {"agent.json": b"{", "intents/a/a.json": {"displayName": "a"}},
        {"intents/a.yaml": b"intents: []"},
        {"picture.blob": b"\x00\x01", "other": b""},
    ],
)
def test_another_product_is_not_taken(tmp_path: Path, files: dict[str, Any]) -> None:
    assert not cx.FORMAT.sniff(open_source(write(tmp_path, files)))


ODD: list[Any] = [None, 0, True, "x", [], {}, [None], [[]], [{}], {"a": None}]


@pytest.mark.parametrize("odd", ODD, ids=map(str, range(len(ODD))))
@pytest.mark.parametrize(
    "key",
    ["displayName", "transitionRoutes", "entryFulfillment", "form", "eventHandlers", "name"]
    + ["transitionRouteGroups", "intent", "triggerFulfillment", "messages", "targetPage"]
    + ["text", "payload", "languageCode", "condition", "targetFlow", "conditionalCases"],
)
def test_a_wrong_type_anywhere_raises_nothing(tmp_path: Path, key: str, odd: Any) -> None:
    message = {"text": {"text": ["a"]}} | {key: odd}
    said = {"messages": [message]} | {key: odd}
    routes = [{"intent": "A", "triggerFulfillment": said, "targetPage": "P"} | {key: odd}]
    pages = {
        name: page(name, *routes, entryFulfillment=said) | {key: odd} for name in ("Inizio", "P")
    }
    files = {START: pages["Inizio"], "flows/Inizio/pages/P.json": pages["P"]}
    read(tmp_path, intent("A", "a", **{key: odd}), files)


@pytest.mark.parametrize("odd", ODD, ids=map(str, range(len(ODD))))
def test_wrong_types_in_settings_and_phrases_raise_nothing_else(tmp_path: Path, odd: Any) -> None:
    settings = {"agent.json": AGENT | {"supportedLanguageCodes": odd, "startFlow": odd}}
    read(tmp_path / "a", settings, intent("A", isFallback=odd, priority=odd, description=odd))
    with contextlib.suppress(InvalidCatalogue):
        read(tmp_path / "b", {"intents/A/trainingPhrases/it.json": {"trainingPhrases": odd}})


@pytest.mark.parametrize(
    ("name", "content", "mistake"),
    [
        ("intents/B/B.json", b'{\n"displayName": ', "intents/B/B.json:2: is not JSON"),
        ("intents/B/B.json", [], "intents/B/B.json: must be an object"),
        (START, b"[" * 9000, f"{START}: is nested too deeply"),
        (START, b'{"a": "\xff"}', f"{START}:1: is not UTF-8"),
        ("intents/B/trainingPhrases/it.json", {}, "intents/B/trainingPhrases/it.json: must have"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: Any, mistake: str) -> None:
    with pytest.raises(InvalidCatalogue) as refused:
        read(tmp_path, intent("A", "a"), {name: content})
    assert [str(each)[: len(mistake)] for each in refused.value.mistakes] == [mistake]


def test_a_route_without_an_intent_is_nobodys_answer(tmp_path: Path) -> None:
    files = {START: page("Inizio", {"condition": "true", "triggerFulfillment": says("Eccoci.")})}
    nameless = {"intents/Si/Si.json": {"displayName": "Si"}}
    draft = read(tmp_path, nameless, files)
    assert draft.intents["si"].answer is None
    assert left_out(draft) == [(CONDITIONAL, "Eccoci.")]


def test_routes_without_number_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.formats.dialogflow_cx._MOST_ROUTES", 2)
    files = {START: page("Inizio", *[route("A", "a")] * 3)}
    with pytest.raises(InvalidCatalogue, match=r"Inizio\.json: has more than 2 routes"):
        read(tmp_path, intent("A"), files)
