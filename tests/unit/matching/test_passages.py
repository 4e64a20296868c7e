import numpy as np
import pytest

from chatbot.domain.matching import Calibration, Decision
from chatbot.domain.text import key
from chatbot.matching.bundle import Bundle
from chatbot.matching.catalogue import Catalogue, Edit, Entry, IntentCard
from chatbot.matching.matcher import Matcher
from chatbot.matching.passages import MOST_PASSAGES, Passages, texts_of
from factories import RULE, CountingEncoder

READS = Calibration(2.0, 0.5, -4.0, answer_at=0.6, clarify_at=0.4, rows=0, answer=6.0, passage=8.0)
CARDS = {
    "refund": IntentCard(
        "Money back",
        "Send the parcel within thirty days. We return what you paid to your credit card.",
    ),
    "delivery": IntentCard(
        "When it comes", "Parcels arrive on weekdays before noon. **Express** costs five euros."
    ),
    "account": IntentCard(
        "Your profile", "Change the e-mail address under *Settings*. Then confirm the new one."
    ),
}


def make(cards: dict[str, IntentCard], *entries: Entry) -> Matcher:
    catalogue = Catalogue(1, cards, entries, tuple(key(entry.text) for entry in entries))
    return Matcher.build(1, Bundle.blank(CountingEncoder(), READS), catalogue, RULE)


@pytest.mark.parametrize(
    ("answer", "passages"),
    [
        pytest.param("One long sentence. Another long one!", 2, id="sentences"),
        pytest.param("1. First of all this\n2. And then also that", 2, id="items"),
        pytest.param("See [the whole handbook](https://x.example/a?b=c).", 1, id="link"),
        pytest.param("| What it is | What it costs |\n|---|---|\n| Day pass | 5 |", 1, id="table"),
        pytest.param("请在三十天内寄回包裹。我们会退款。", 2, id="chinese"),
        pytest.param("Ok.", 1, id="too-short-to-say-anything"),
        pytest.param("", 1, id="no-answer"),
        pytest.param("This is said again. " * 100, MOST_PASSAGES, id="very-long"),
    ],
)
def test_an_answer_has_a_passage_for_each_thing_it_says(answer: str, passages: int) -> None:
    texts = texts_of(IntentCard("Title", answer))
    assert len(texts.passages) == passages
    assert all(passage.startswith("Title") for passage in texts.passages)
    assert "https" not in " ".join(texts.passages)


def test_an_faq_without_any_utterance_is_found_by_what_its_answers_say() -> None:
    match = make(CARDS).match("is what I paid returned to my credit card")
    assert match.decision is not Decision.HANDOFF
    assert match.candidates[0].intent == "refund"


def test_a_title_is_known_by_its_very_words_unless_two_intents_have_it() -> None:
    assert make(CARDS).match("money  BACK").exact
    twins = CARDS | {"other": IntentCard("Money back", "Something else is said here, at length.")}
    assert not make(twins).match("money back").exact


def test_a_title_that_is_an_utterance_of_another_intent_is_answered_by_that_one() -> None:
    match = make(CARDS, Entry("money back", "account")).match("money back")
    assert (match.exact, match.candidates[0].intent) == (True, "account")


def test_an_edit_encodes_what_it_changed_alone() -> None:
    matcher = make(CARDS, Entry("where is my parcel", "delivery"))
    encoder = matcher.bundle.encoder
    assert isinstance(encoder, CountingEncoder)
    encoder.seen.clear()
    changed = IntentCard("Money back", "We pay with a voucher from now on, never to a card.")
    edited = matcher.edited(Edit(2, {"refund": changed, "account": None}, {}))
    assert [text for text in encoder.seen if "voucher" not in text] == []
    assert edited.match("do you pay with a voucher").candidates[0].intent == "refund"
    assert "account" not in edited.passages.places
    assert matcher.match("where do I change the e-mail address").candidates[0].intent == "account"


def test_answers_that_are_all_the_same_say_nothing() -> None:
    same = {
        name: IntentCard(card.title, "We have no answer yet. " * 3) for name, card in CARDS.items()
    }
    assert make(CARDS).passages.says_much
    assert not make(same).passages.says_much
    assert not make({}).passages.says_much


def test_a_hidden_intent_is_not_found_by_its_answer_either() -> None:
    matcher = make(CARDS, Entry("is what I paid returned to my credit card", "refund"))
    (scored,) = matcher.score_as_unknown([0])
    assert {one.intent for one in scored} == {"delivery", "account"}


def test_nearness_of_intents_is_that_of_phrasings_to_the_nearest_of_another() -> None:
    close = {n: IntentCard(f"reset the password {n}", "") for n in "abc"}
    assert make(close).density() > make(CARDS).density()
    assert make({"a": CARDS["refund"]}).density() == 0.0


def test_comparing_gives_each_intents_answer_and_its_nearest_passage() -> None:
    encoder = CountingEncoder()
    passages = Passages.none(encoder.dimension).edited(CARDS, encoder)
    (question,) = encoder.encode(["credit card"])
    said = passages.compare(question[None, :])
    for column, name in enumerate(passages.names):
        texts = texts_of(CARDS[name])
        nearest = max(float(encoder.encode([text])[0] @ question) for text in texts.passages)
        assert said.passage[0, column] == pytest.approx(nearest, abs=1e-5)
        answer = float(encoder.encode([texts.answer])[0] @ question)
        assert said.answer[0, column] == pytest.approx(answer, abs=1e-5)
    assert passages.names[said.nearest[0, 0]] == "refund"
    assert np.isfinite(said.answer).all()
