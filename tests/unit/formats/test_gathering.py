import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import gathering
from chatbot.formats.draft import CatalogueDraft, FileClash
from chatbot.formats.gathering import Gathering, Place

HERE, THERE = Place("a.json", 1), Place("b.json", 7)


def reasons(draft: CatalogueDraft) -> dict[str, int]:
    found = [each.reason for each in draft.left_out]
    return {reason: found.count(reason) for reason in found}


def test_what_is_said_of_an_intent_in_any_order_is_one_intent() -> None:
    gathered = Gathering()
    gathered.add_answer("Reset PW", "Press **Reset**.", THERE)
    gathered.add_utterance("Reset PW", "I forgot\n my  password ", HERE, language="en-US")
    gathered.add_intent("Reset PW", THERE, title="Reset your password", topic="Accounts")
    draft = gathered.finish()
    [intent] = draft.intents.values()
    assert (intent.name, intent.title, intent.topic) == (
        "reset-pw",
        "Reset your password",
        "Accounts",
    )
    assert intent.utterances == ["I forgot my password"]
    assert intent.answer == "Press **Reset**."
    assert (intent.has_own_title, intent.enabled) == (True, None)
    assert draft.languages == {"en-us": 1}
    assert draft.places["i forgot my password"] == ("a.json", 1)


def test_a_text_of_two_intents_goes_to_neither_and_is_shown() -> None:
    gathered = Gathering()
    for label in ("b", "a"):
        gathered.add_utterance(label, "It is down" if label == "a" else "it is  DOWN", HERE)
        gathered.add_utterance(label, f"only {label}", HERE)
    draft = gathered.finish()
    assert {name: each.utterances for name, each in draft.intents.items()} == {
        "b": ["only b"],
        "a": ["only a"],
    }
    assert draft.clashes == [FileClash("it is DOWN", ("a", "b"), "a.json", 1)]
    assert reasons(draft) == {gathering.IN_TWO_INTENTS: 2}


def test_a_disabled_entry_gives_way_to_an_enabled_one() -> None:
    gathered = Gathering()
    gathered.add_intent("old", HERE, enabled=False)
    for label in ("old", "new"):
        gathered.add_utterance(label, "it is down", HERE)
    draft = gathered.finish()
    assert draft.clashes == []
    assert draft.intents["new"].utterances == ["it is down"]
    assert draft.intents["old"].utterances == []
    assert draft.intents["old"].enabled is False
    assert reasons(draft) == {gathering.DISABLED_TWIN: 1}


def test_what_is_out_of_scope_there_but_an_utterance_too_is_no_negative() -> None:
    gathered = Gathering()
    gathered.add_out_of_scope("it is down", HERE)
    gathered.add_out_of_scope("tell me a joke", HERE)
    gathered.add_out_of_scope("Tell me a joke", THERE)
    gathered.add_utterance("vpn", "It is down", THERE)
    draft = gathered.finish()
    assert draft.out_of_scope == ["tell me a joke"]
    assert reasons(draft) == {gathering.IS_AN_UTTERANCE: 1, gathering.REPEATED: 1}


def test_every_row_that_is_not_imported_is_counted_with_its_reason() -> None:
    gathered = Gathering()
    for text in ("it is down", "It is DOWN", "?!", "x" * 501, "a\ud800b"):
        gathered.add_utterance("vpn", text, HERE)
    for answer in ("One.", "One.", "Two.", "Two.", "  "):
        gathered.add_answer("vpn", answer, HERE)
    gathered.add_answer("wifi", "Your name is $name.", HERE, needs_a_value=True)
    gathered.add_answer("wifi", "x" * 20_001, HERE)
    draft = gathered.finish()
    assert draft.intents["vpn"].utterances == ["it is down"]
    assert draft.intents["vpn"].answer == "One."
    assert draft.intents["vpn"].variants == ["Two."]
    assert draft.intents["wifi"].answer is None
    assert reasons(draft) == {
        gathering.REPEATED: 1,
        gathering.NO_WORDS: 1,
        gathering.TOO_LONG: 1,
        "The text contains half of a surrogate pair": 1,
        gathering.NEEDS_A_VALUE: 1,
        gathering.ANSWER_TOO_LONG: 1,
    }


def test_what_no_database_stores_becomes_a_question_mark() -> None:
    gathered = Gathering()
    gathered.add_intent("a", HERE, title="T\x00", topic="\ud800")
    gathered.add_answer("a", "x\x00y", HERE)
    gathered.add_utterance("a", "half \x00 of it", HERE)
    draft = gathered.finish()
    intent = draft.intents["a"]
    assert (intent.title, intent.topic, intent.answer) == ("T?", "?", "x?y")
    assert [row.text for row in draft.left_out] == ["half ? of it"]


def test_personal_data_is_redacted_and_counted() -> None:
    gathered = Gathering()
    gathered.add_utterance("mail", "write to ann@example.org", HERE)
    gathered.add_utterance("mail", "write to me", HERE)
    draft = gathered.finish()
    assert draft.intents["mail"].utterances == ["write to [email]", "write to me"]
    assert draft.personal == 1


def test_labels_that_fold_to_one_name_stay_two_intents() -> None:
    gathered = Gathering()
    for label in ("Alta/Baja", "Alta Baja"):
        gathered.add_utterance(label, f"about {label}", HERE)
    assert len(gathered.finish().intents) == 2


def test_follow_ups_lead_to_intents_that_are_there() -> None:
    gathered = Gathering()
    gathered.add_utterance("order", "where is my order", HERE)
    gathered.add_follow_up("order", "Order/Late")
    gathered.add_follow_up("order", "gone")
    gathered.add_utterance("Order/Late", "it is late", HERE)
    assert gathered.finish().intents["order"].follow_ups == ["order-late"]


def test_more_rows_than_any_bot_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_UTTERANCES", 5)
    gathered = Gathering()
    with pytest.raises(InvalidCatalogue, match="more than 5 utterances"):
        for number in range(20):
            gathered.add_utterance("vpn", f"question {number}", HERE)
