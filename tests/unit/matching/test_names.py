import pytest

from chatbot.domain.text import key
from chatbot.matching.catalogue import Catalogue, Edit, Entry, IntentCard
from chatbot.matching.wording import Wording

INTENTS = 40
CARDS = {
    "vpn": IntentCard("Connect from home", "Start the connection, then log in with your password."),
    "printer": IntentCard("The printer does not print", "Turn it off and on again."),
}
AUTHORED = [
    ("how do I connect from home", "vpn"),
    ("I cannot log in from home", "vpn"),
    ("the printer does not print", "printer"),
    ("nothing comes out of the printer", "printer"),
]
KESTREL = ["our Kestrel is down", "how do I get Kestrel", "Kestrel lets nobody in"]


def make_wording(*more: Entry) -> Wording:
    entries = [Entry(text, intent) for text, intent in AUTHORED] + list(more)
    keys = tuple(key(entry.text) for entry in entries)
    return Wording.of(Catalogue(1, CARDS, tuple(entries), keys))


def confirmed(texts: list[str], intent: str | None = "vpn") -> list[Entry]:
    return [Entry(text, intent, confirmed=True) for text in texts]


def said(wording: Wording, text: str) -> dict[str, float]:
    return wording.weigh_names(text, INTENTS)


def test_a_name_that_verdicts_taught_speaks_for_their_intent() -> None:
    wording = make_wording(*confirmed(KESTREL))
    assert set(said(wording, "is KESTREL slow for you?")) == {"vpn"}


def test_a_day_of_the_week_is_no_name() -> None:
    wording = make_wording(
        *confirmed(["no way in since Monday", "locked out on Monday", "Monday!"])
    )
    assert said(wording, "what is open on Monday") == {}


@pytest.mark.parametrize("text", ["is it down for you?", "how do I get home"])
def test_words_that_everybody_uses_say_nothing(text: str) -> None:
    assert said(make_wording(*confirmed(KESTREL)), text) == {}


def test_a_name_that_stands_twice_in_a_text_is_as_much_the_agents() -> None:
    twice = [f"{text}, Kestrel, always Kestrel" for text in KESTREL]
    assert said(make_wording(*confirmed(twice)), "Kestrel?") == said(
        make_wording(*confirmed(KESTREL)), "Kestrel?"
    )


def test_one_verdict_is_no_pattern() -> None:
    assert said(make_wording(*confirmed(KESTREL[:1])), "Kestrel?") == {}


def test_what_the_faq_itself_says_is_no_name() -> None:
    authored = [Entry(f"Kestrel {number}", "printer") for number in ("one", "two", "three")]
    assert said(make_wording(*authored, *confirmed(KESTREL)), "Kestrel?") == {}


def test_none_of_these_speaks_against_a_name() -> None:
    none = confirmed(["who paints a Kestrel", "Kestrel photos", "a Kestrel sings"], None)
    assert said(make_wording(*confirmed(KESTREL), *none), "Kestrel?") == {}


def test_an_intent_that_shares_a_name_weakens_it() -> None:
    alone = make_wording(*confirmed(KESTREL))
    shared = make_wording(*confirmed(KESTREL), *confirmed(["print over Kestrel"], "printer"))
    assert 0 < said(shared, "Kestrel?")["vpn"] < said(alone, "Kestrel?")["vpn"]


def test_an_edit_teaches_and_an_undo_takes_back() -> None:
    entries = {key(entry.text): entry for entry in confirmed(KESTREL)}
    taught = make_wording().edited(Edit(2, {}, entries))
    assert said(taught, "Kestrel?") == said(make_wording(*confirmed(KESTREL)), "Kestrel?")
    undone = taught.edited(Edit(3, {}, dict.fromkeys(entries)))
    assert said(undone, "Kestrel?") == {}
    again = undone.edited(Edit(4, {}, entries))
    assert said(again, "Kestrel?") == said(taught, "Kestrel?")


def test_a_verdict_that_was_changed_counts_once() -> None:
    wording = make_wording(*confirmed(KESTREL))
    moved = {key(text): Entry(text, "printer", confirmed=True) for text in KESTREL}
    assert set(said(wording.edited(Edit(2, {}, moved)), "Kestrel?")) == {"printer"}


def test_an_faq_in_a_language_without_a_list_has_no_names() -> None:
    words = ["kuinka yhdistän kotoa", "tulostin ei tulosta mitään", "unohdin salasanani taas"]
    entries = [Entry(text, "vpn") for text in words]
    entries += confirmed(["Kestrel ei toimi", "miksi Kestrel kaatuu", "Kestrel taas"])
    keys = tuple(key(entry.text) for entry in entries)
    wording = Wording.of(Catalogue(1, {}, tuple(entries), keys))
    assert said(wording, "Kestrel?") == {}
