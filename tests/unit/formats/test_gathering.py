import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import gathering
from chatbot.formats.draft import CatalogueDraft, FileClash, Others
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


def test_what_is_left_out_is_redacted_too() -> None:
    gathered = Gathering()
    private = "write to ann@example.org or call +49 30 1234567 about order 0012345678"
    gathered.leave_out("it is a pattern", private, HERE)
    gathered.add_utterance("mail", "ann@example.org" + " too" * 200, HERE)
    gathered.add_utterance("mail", "x" * 488 + " ann@example.org and more", HERE)
    gathered.add_utterance("mail", "ann@example.org\0", HERE)
    gathered.add_answer("mail", "Write to ann@example.org.", HERE, needs_a_value=True)
    for label in ("mail", "post"):
        gathered.add_utterance(label, "is it ann@example.org", HERE)
    draft = gathered.finish()
    texts = [row.text for row in draft.left_out] + [clash.text for clash in draft.clashes]
    assert texts[0] == "write to [email] or call [phone] about order 0012345678"
    assert len(texts) == 8
    assert not any("ann" in text or "example" in text for text in texts)


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


def told(*rows: tuple[str, str, str], wanted: str | None = None) -> CatalogueDraft:
    """A draft of phrasings, each with its intent and its language."""
    gathered = Gathering(wanted)
    for label, text, language in rows:
        gathered.add_utterance(label, text, HERE, language)
    return gathered.finish()


TWO = (("a", "one", "en-us"), ("a", "two", "en-GB"), ("a", "eins", "de"), ("b", "nur", "de"))


@pytest.mark.parametrize(
    ("wanted", "language", "utterances"),
    [
        (None, "de", {"a": ["eins"], "b": ["nur"]}),
        ("de", "de", {"a": ["eins"], "b": ["nur"]}),
        ("DE_de", "de-de", {"a": ["eins"], "b": ["nur"]}),
        ("en", "en", {"a": ["one", "two"]}),
        ("en-US", "en-us", {"a": ["one"]}),
    ],
)
def test_the_wanted_language_is_taken(
    wanted: str | None, language: str, utterances: dict[str, list[str]]
) -> None:
    draft = told(*TWO, wanted=wanted)
    assert draft.language == language
    assert {name: each.utterances for name, each in draft.intents.items()} == utterances
    assert sum(each.utterances for each in draft.others.values()) == len(draft.left_out)


def test_the_sources_own_language_is_taken_or_else_the_most_frequent() -> None:
    for primary, taken in (("en", "en"), ("fr", "de"), (None, "de"), ("", "de")):
        gathered = Gathering()
        gathered.primary = primary
        for label, text, language in TWO:
            gathered.add_utterance(label, text, HERE, language)
        assert gathered.finish().language == taken


def test_a_language_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        InvalidCatalogue, match="holds nothing in “fr”; its languages are de, en-gb"
    ):
        told(*TWO, wanted="fr")


def test_what_is_told_in_no_language_is_taken_with_each() -> None:
    gathered = Gathering("en")
    gathered.add_utterance("a", "hotel", HERE)
    gathered.add_utterance("a", "ein Zimmer", HERE, "de")
    gathered.add_utterance("a", "a room", HERE, "en")
    gathered.add_answer("a", "Book.", HERE)
    draft = gathered.finish()
    assert draft.intents["a"].utterances == ["hotel", "a room"]
    assert draft.intents["a"].answer == "Book."
    assert Gathering("en").finish().language is None


def test_a_phrasing_in_two_languages_is_one_of_each_and_clashes_in_the_taken_one_alone() -> None:
    rows = (("a", "Hotel", "de"), ("b", "hotel", "en"), ("b", "Taxi", "de"), ("b", "taxi", "en"))
    for wanted, kept in (("de", {"a": ["Hotel"], "b": ["Taxi"]}), ("en", {"b": ["hotel", "Taxi"]})):
        draft = told(*rows, wanted=wanted)
        assert {name: each.utterances for name, each in draft.intents.items()} == kept
        assert draft.clashes == []


def test_titles_answers_questions_out_of_scope_and_reasons_are_told_in_languages() -> None:
    gathered = Gathering("de")
    for language, title in (("en", "Opening"), ("de", "Öffnung")):
        gathered.add_intent("a", HERE, title=title, language=language)
        gathered.add_answer("a", f"In {language}.", HERE, language=language)
        gathered.add_answer("a", f"Also in {language}.", HERE, language=language)
        gathered.add_out_of_scope(f"joke {language}", HERE, language)
        gathered.leave_out("it is a pattern", f"row {language}", HERE, language)
    draft = gathered.finish()
    [intent] = draft.intents.values()
    assert (intent.title, intent.answer, intent.variants) == ("Öffnung", "In de.", ["Also in de."])
    assert draft.out_of_scope == ["joke de"]
    assert draft.others == {"en": Others(utterances=1, answers=2)}
    assert reasons(draft) == {"it is a pattern": 1, gathering.ANOTHER_LANGUAGE.format("en"): 4}
