import pytest

from chatbot.domain.noise.negation import Turn
from chatbot.domain.text import key
from chatbot.matching import wording
from chatbot.matching.catalogue import Edit, Entry, IntentCard
from chatbot.matching.wording import Wording
from factories import make_catalogue

FAQ = {"mute": ["beeps annoy me", "turn the sound off"], "sound": ["set up the sound"]}


def test_intents_are_known_by_their_phrasings_and_titles() -> None:
    known = Wording.of(make_catalogue(FAQ))
    assert known.turns_of("mute") is Turn.ENDS
    assert known.turns_of("sound") is Turn.NONE
    titled = known.edited(Edit(2, {"sound": IntentCard("Disable the sound", "")}, {}))
    assert titled.turns_of("sound") is Turn.ENDS


def test_what_an_edit_removes_is_forgotten() -> None:
    known = Wording.of(make_catalogue(FAQ))
    gone = known.edited(Edit(2, {}, {key("turn the sound off"): None}))
    assert gone.turns_of("mute") is Turn.NONE
    assert known.turns_of("mute") is Turn.ENDS
    moved = known.edited(
        Edit(2, {}, {key("turn the sound off"): Entry("turn the sound off", "sound")})
    )
    assert (moved.turns_of("mute"), moved.turns_of("sound")) == (Turn.NONE, Turn.ENDS)


def test_a_card_that_goes_takes_its_title_along() -> None:
    catalogue = make_catalogue(FAQ)
    titled = Wording.of(catalogue).edited(Edit(2, {"sound": IntentCard("Mute it", "")}, {}))
    assert titled.edited(Edit(3, {"sound": None}, {})).turns_of("sound") is Turn.NONE


def test_titles_and_answers_teach_spelling_too() -> None:
    cards = {"gate": IntentCard("Open the turnstile", "Push the doorknob of the turnstile.")}
    known = Wording.of(make_catalogue(FAQ)).edited(Edit(2, cards, {}))
    assert known.spelling.repair("the turnstle and the dorknob") == "the turnstile and the doorknob"


def test_of_a_huge_catalogue_a_part_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "MOST_READ", 100)
    texts = [f"turn number {number} off" for number in range(1000)]
    known = Wording.of(make_catalogue({"off": texts}))
    assert 0 < len(known.phrasings) <= 100
    assert known.turns_of("off") is Turn.ENDS
