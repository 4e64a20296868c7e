import contextlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import watson
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.gathering import NEEDS_A_VALUE
from chatbot.formats.pieces import (
    CONDITIONAL,
    FALLBACK_TEXT,
    IN_CONTEXT,
    NEEDS_A_FORM,
    NO_TEXT,
    NOT_TEXT,
    ONLY_AN_EVENT,
)
from chatbot.formats.registry import find_format, read_path, read_source
from chatbot.formats.source import Source, source_of


def source(content: Any) -> Source:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return source_of("bot.json", raw)


def intent(name: str, *examples: Any, **more: Any) -> dict[str, Any]:
    return {"intent": name, "examples": [{"text": each} for each in examples]} | more


def node(key: str, condition: str | None, *texts: str, **more: Any) -> dict[str, Any]:
    """A node of the newer kind, with wordings of one text."""
    values = [{"text": each} for each in texts]
    output = {"generic": [{"response_type": "text", "values": values}]}
    return {"dialog_node": key, "conditions": condition, "output": output} | more


def read(*nodes: dict[str, Any], **more: Any) -> CatalogueDraft:
    """A workspace with the intents `rent` and `hours`."""
    intents = [intent("rent", "a bike"), intent("hours", "when")]
    usual = {"language": "pt-br", "intents": intents, "entities": [{"entity": "city"}]}
    return read_source(source(usual | {"dialog_nodes": list(nodes)} | more))


def left_out(draft: CatalogueDraft) -> list[tuple[str, str]]:
    return [(each.reason, each.text) for each in draft.left_out]


def test_intents_have_examples_and_a_description() -> None:
    intents = [intent("rent-a-bike", "a bike", "#9 line", "!047", description="Rent a bike")]
    intents += [intent("hours", "when?", "??", created="2017-01-01", description=None)]
    draft = read(intents=intents)
    rent, hours = draft.intents.values()
    assert (rent.name, rent.title) == ("rent-a-bike", "Rent a bike")
    assert rent.utterances == ["a bike", "#9 line", "!047"]
    assert (hours.title, hours.utterances) == ("Hours", ["when?"])
    assert draft.languages == {"pt-br": 4}
    assert draft.format == "watson"


def test_counterexamples_are_out_of_scope() -> None:
    draft = read(counterexamples=[{"text": "tell a joke"}, {"text": "A BIKE"}, {"text": 7}])
    assert draft.out_of_scope == ["tell a joke"]
    assert Counter(each.reason for each in draft.left_out)[NOT_TEXT] == 1


def test_an_example_with_an_entity_for_a_word_is_left_out() -> None:
    draft = read(intents=[intent("rent", "a bike in @city", "@sys-date", "ask @ana", "a@city.de")])
    assert draft.intents["rent"].utterances == ["ask @ana", "[email]"]
    assert {each.reason for each in draft.left_out} == {watson.NAMES_AN_ENTITY}


@pytest.mark.parametrize(
    "output",
    [
        {"text": "Ask us."},
        {"text": ["Ask us."]},
        {"text": {"values": ["Ask us."], "selection_policy": "sequential"}},
        {"text": {"values": [{"text": "Ask us."}]}},
        {"generic": [{"response_type": "text", "values": [{"text": "Ask us."}]}]},
        {"generic": [{"response_type": "text", "text": "Ask us."}], "text": "Old."},
        {"generic": [], "text": "Ask us."},
    ],
)
def test_each_shape_of_output_is_read(output: Any) -> None:
    draft = read({"dialog_node": "n", "conditions": "#rent", "output": output})
    assert (draft.intents["rent"].answer, draft.left_out) == ("Ask us.", [])


def test_responses_of_several_kinds_become_one_answer() -> None:
    generic = [
        {"response_type": "pause", "time": 10, "typing": True},
        {"response_type": "text", "values": [{"text": "<b>Ask</b> us."}]},
        {
            "response_type": "text",
            "values": [{"text": "One."}, {"text": "Two."}],
            "selection_policy": "multiline",
        },
        {"response_type": "image", "source": "https://b.example/map.png", "title": "Map"},
        {"response_type": "video", "source": "https://b.example/v", "description": "How to"},
        {
            "response_type": "option",
            "title": "Which?",
            "description": "Choose.",
            "options": [{"label": "Tandem", "value": {"input": {"text": "tandem"}}}, {}],
        },
        {"response_type": "connect_to_agent", "message_to_human_agent": "s3cret"},
    ]
    draft = read(node("n", "#rent") | {"output": {"generic": generic}})
    assert draft.intents["rent"].answer == (
        "**Ask** us.\n\nOne.\nTwo.\n\n![Map](https://b.example/map.png)\n\n"
        "[https://b.example/v](https://b.example/v)\n\nHow to\n\nWhich?\n\nChoose.\n\n- Tandem"
    )
    assert left_out(draft) == [(NO_TEXT, "#rent")]


def test_wordings_are_variants() -> None:
    draft = read(node("n", "#rent", "Hi $name.", "Ask us.", "Ask."))
    assert draft.intents["rent"].answer == "Ask us."
    assert draft.intents["rent"].variants == ["Ask."]
    assert left_out(draft) == [(NEEDS_A_VALUE, "Hi $name.")]


@pytest.mark.parametrize(
    "said",
    ["It is <? now() ?>.", "You have $result.balance.", "In @city:", "On @sys-date"],
)
def test_an_answer_with_a_placeholder_is_shown_to_nobody(said: str) -> None:
    draft = read(node("n", "#rent", said))
    assert draft.intents["rent"].answer is None
    assert left_out(draft) == [(NEEDS_A_VALUE, said)]


def test_what_only_looks_like_a_placeholder_stays() -> None:
    said = "Write to desk@city.example or @bikes, it costs $5."
    assert read(node("n", "#rent", said)).intents["rent"].answer == said


@pytest.mark.parametrize(
    "condition", ["#rent", " #rent ", "(#rent)", "#rent || #other", "@city:(a || b) or #rent"]
)
def test_an_intent_that_is_enough_for_a_node_has_its_answer(condition: str) -> None:
    assert read(node("n", condition, "Ask us.")).intents["rent"].answer == "Ask us."


@pytest.mark.parametrize(
    "condition",
    [
        "#rent && @city",
        "#rent and $vip",
        "!#rent",
        "@city && (#hours || #rent || #other)",
        "(#rent || #hours) && @city",
        "#rent.confidence > 0.8",
        "not(#rent)",
    ],
)
def test_an_answer_that_needs_more_than_an_intent_is_left_out(condition: str) -> None:
    draft = read(node("n", condition, "Ask us."))
    assert all(each.answer is None for each in draft.intents.values())
    assert left_out(draft) == [(CONDITIONAL, "Ask us.")]


def test_one_node_answers_both_intents_of_an_or() -> None:
    draft = read(node("n", "#rent || #hours", "Ask us."))
    assert [each.answer for each in draft.intents.values()] == ["Ask us."] * 2


def test_the_first_node_that_is_tried_answers() -> None:
    draft = read(
        node("c", "#rent", "Third.", previous_sibling="b"),
        node("b", "#rent && @city", "Second.", previous_sibling="a"),
        node("a", "#rent", "First."),
    )
    assert draft.intents["rent"].answer == "First."
    assert left_out(draft) == [(CONDITIONAL, "Second."), (watson.NOT_REACHED, "Third.")]


def test_names_have_hyphens_and_off_topic_is_an_intent() -> None:
    draft = read(
        node("n", "#off-topic", "Not my trade.", title=None),
        intents=[intent("off-topic", "a joke")],
    )
    assert draft.intents["off-topic"].answer == "Not my trade."


def test_an_answer_below_another_node_is_a_follow_up_without_its_answer() -> None:
    draft = read(
        node("a", "#rent", "Which?"),
        node("b", "#hours", "Nine.", parent="a"),
        node("c", "@city", "There.", parent="a", previous_sibling="b"),
    )
    rent, hours = draft.intents.values()
    assert (rent.answer, rent.follow_ups) == ("Which?", ["hours"])
    assert (hours.answer, hours.utterances) == (None, ["when"])
    assert left_out(draft) == [(IN_CONTEXT, "Nine."), (IN_CONTEXT, "There.")]


def test_a_folder_changes_nothing_unless_it_has_a_condition() -> None:
    def draft(condition: str | None) -> CatalogueDraft:
        folder = {"dialog_node": "f", "type": "folder", "conditions": condition}
        return read(folder, node("n", "#rent", "Ask us.", parent="f"))

    assert draft(None).intents["rent"].answer == "Ask us."
    assert draft("$vip").intents["rent"].answer is None
    assert left_out(draft("$vip")) == [(CONDITIONAL, "Ask us.")]


def test_a_node_that_answers_through_its_children_takes_the_one_for_all_cases() -> None:
    skip = {"next_step": {"behavior": "skip_user_input"}}
    draft = read(
        node("n", "#rent", **skip),
        node("a", "@city:Rome", "In Rome.", parent="n"),
        node("b", "anything_else", "Everywhere.", parent="n", previous_sibling="a"),
        node("m", "#hours", output={}, previous_sibling="n"),
        node("x", "@city", "Ten.", parent="m", type="response_condition"),
    )
    rent, hours = draft.intents.values()
    assert (rent.answer, hours.answer) == ("Everywhere.", None)
    assert left_out(draft) == [(CONDITIONAL, "In Rome."), (CONDITIONAL, "Ten.")]


def test_a_node_without_a_text_says_that_of_the_node_it_jumps_to() -> None:
    def jump(target: str, selector: str = "body") -> dict[str, Any]:
        step = {"behavior": "jump_to", "selector": selector, "dialog_node": target}
        return {"next_step": step}

    draft = read(
        node("a", "#rent", **jump("b")),
        node("b", "@city", "Ask us."),
        node("c", "#hours", "Nine.", **jump("a", "condition")),
    )
    assert [each.answer for each in draft.intents.values()] == ["Ask us.", "Nine."]
    assert draft.intents["hours"].follow_ups == ["rent"]
    circle = read(node("a", "#rent", **jump("b")), node("b", "#hours", **jump("a")))
    assert all(each.answer is None for each in circle.intents.values())


def test_a_node_with_slots_is_a_form() -> None:
    draft = read(
        node("n", "#rent", "Booked for $day.", type="frame"),
        {"dialog_node": "s", "type": "slot", "parent": "n", "variable": "$day"},
        node("h", None, "Which day?", parent="s", type="event_handler", event_name="focus"),
    )
    assert draft.intents["rent"].answer is None
    assert left_out(draft) == [(NEEDS_A_FORM, "Booked for $day."), (NEEDS_A_FORM, "Which day?")]


def test_a_greeting_and_what_is_said_to_anything_else_are_no_answers() -> None:
    draft = read(
        node("a", "welcome", "Hi."),
        node("b", "conversation_start", "Hello."),
        node("c", "anything_else", "What?"),
        node("d", "@city", "Nice."),
    )
    assert sorted(left_out(draft)) == sorted(
        [(ONLY_AN_EVENT, "Hi."), (ONLY_AN_EVENT, "Hello."), (FALLBACK_TEXT, "What?")]
        + [(CONDITIONAL, "Nice.")]
    )


def test_a_disabled_node_makes_its_intent_disabled_unless_another_answers() -> None:
    off = node("a", "#rent", "Old.", disabled=True)
    draft = read(off)
    assert (draft.intents["rent"].enabled, draft.intents["rent"].answer) == (False, "Old.")
    draft = read(off, node("b", "#rent", "New.", previous_sibling="a"))
    assert (draft.intents["rent"].enabled, draft.intents["rent"].answer) == (None, "New.")
    assert left_out(draft) == [(watson.DISABLED, "Old.")]


def test_nodes_in_a_circle_or_without_their_parent_answer_nothing() -> None:
    draft = read(
        node("a", "#rent", "A.", parent="b"),
        node("b", "#rent", "B.", parent="a"),
        node("c", "#rent", "C.", parent="gone"),
        node("d", "#hours", "D.", previous_sibling="e"),
        node("e", "#hours", "E.", previous_sibling="d"),
    )
    assert draft.intents["rent"].answer is None
    assert draft.intents["hours"].answer == "D."
    assert Counter(each.reason for each in draft.left_out) == {
        IN_CONTEXT: 3,
        watson.NOT_REACHED: 1,
    }


WORKSPACE = {"intents": [intent("rent", "a bike")], "dialog_nodes": [node("n", "#rent", "Ask.")]}
ACTIONS = {"actions": [{"title": "s3cret", "steps": []}], "intents": [intent("action_1", "hi")]}


@pytest.mark.parametrize(
    "content",
    [
        WORKSPACE,
        {"type": "dialog", "name": "x", "workspace": WORKSPACE},
        {"assistant_skills": [{"type": "action", "workspace": ACTIONS}, {"workspace": WORKSPACE}]},
    ],
)
def test_a_skill_has_its_workspace_inside(content: Any) -> None:
    draft = read_source(source(content))
    assert (draft.intents["rent"].answer, draft.size) == ("Ask.", 1)


def test_a_folder_may_have_a_licence_beside_the_one_workspace(tmp_path: Path) -> None:
    (tmp_path / "bot.json").write_text(json.dumps(WORKSPACE))
    (tmp_path / "LICENSE").write_text("free")
    assert read_path(tmp_path).format == "watson"
    (tmp_path / "other.json").write_text(json.dumps(WORKSPACE))
    with pytest.raises(InvalidCatalogue, match="holds several workspaces"):
        read_path(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"type": "action", "workspace": ACTIONS}, "is a skill of actions"),
        (ACTIONS, "is a skill of actions"),
        ({"workspace": ACTIONS | {"dialog_nodes": []}}, "is a skill of actions"),
        ({"output": {"generic": [], "x": "s3cret"}, "user_id": "1"}, "is a reply of Watson"),
    ],
)
def test_another_file_of_watson_is_named_and_not_echoed(content: Any, reason: str) -> None:
    assert find_format(source(content)) is watson.FORMAT
    with pytest.raises(InvalidCatalogue, match=reason) as refused:
        read_source(source(content))
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        {"intents": [{"name": "rent"}], "utterances": [], "luis_schema_version": "3.0"},
        {"intents": [{"intent": "rent", "score": 0.9}], "query": "x"},
        {"rasa_nlu_data": {"common_examples": [{"intent": "rent", "text": "a bike"}]}},
        {"qnas": [{"id": "1"}]},
        [{"intent": "rent", "examples": []}],
        b"intents: []",
        b"{",
    ],
)
def test_another_product_is_not_taken(content: Any) -> None:
    assert not watson.FORMAT.sniff(source(content))


@pytest.mark.parametrize(
    ("more", "mistake"),
    [
        ({"intents": {"a": 1}}, "bot.json: has no list intents"),
        ({"intents": [intent("a"), {"examples": []}]}, "bot.json: intents[1] has no name"),
        ({"intents": [None]}, "bot.json: intents[0] has no name"),
    ],
)
def test_a_mistake_is_named_with_its_place(more: Any, mistake: str) -> None:
    with pytest.raises(InvalidCatalogue) as refused:
        read(**more)
    assert str(refused.value) == mistake


ODD: list[Any] = [None, 0, True, "x", [], {}, [None], [[]], [{}], {"a": None}]


@pytest.mark.parametrize("odd", ODD, ids=map(str, range(len(ODD))))
@pytest.mark.parametrize(
    "key",
    ["dialog_node", "conditions", "output", "parent", "previous_sibling", "next_step", "type"]
    + ["generic", "text", "values", "response_type", "options", "source", "title", "disabled"]
    + ["language", "entities", "counterexamples", "dialog_nodes", "examples", "description"],
)
def test_a_wrong_type_anywhere_raises_nothing(key: str, odd: Any) -> None:
    for kind in ("text", "option", "image"):
        response = {"response_type": kind, "values": [{"text": "a"}]} | {key: odd}
        output = {"generic": [response]} | {key: odd}
        nodes = [{"dialog_node": "n", "conditions": "#rent", "output": output} | {key: odd}]
        more = {"intents": [intent("rent", "a") | {key: odd}]}
        with contextlib.suppress(InvalidCatalogue):
            read(*nodes, *nodes, **more | {key: odd})


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_cut_file_is_refused(part: float) -> None:
    raw = json.dumps(WORKSPACE).encode()
    with pytest.raises(InvalidCatalogue):
        read_source(source(raw[: int(part * len(raw))]))


def test_hostile_dialogs_take_no_time() -> None:
    names = [f"i{number}" for number in range(2_000)]
    chain = [node(f"n{i}", "#i1 && x", "a", parent=f"n{i - 1}") for i in range(1, 2_000)]
    many = node("n0", " || ".join(f"#{name}" for name in names), "a")
    read(many, *chain, intents=[intent(name) for name in names])
