from chatbot.errors import Conflict, InvalidCatalogue, Mistake, UtteranceTaken


def test_a_mistake_names_its_line_and_one_of_a_whole_file_none() -> None:
    assert str(Mistake("faq.csv", 3, "has no text")) == "faq.csv:3: has no text"
    assert str(Mistake("faq.csv", 0, "is not UTF-8")) == "faq.csv: is not UTF-8"


def test_a_catalogue_says_every_mistake_on_a_line_of_its_own() -> None:
    mistakes = [Mistake("a.csv", 1, "one"), Mistake("b.csv", 2, "two")]
    refused = InvalidCatalogue(mistakes)
    assert str(refused) == "a.csv:1: one\nb.csv:2: two"
    assert refused.mistakes == mistakes


def test_a_taken_utterance_is_a_conflict_that_names_both_intents() -> None:
    taken = UtteranceTaken("no wifi", "wifi", "vpn")
    assert isinstance(taken, Conflict)
    assert (taken.text, taken.owner, taken.wanted) == ("no wifi", "wifi", "vpn")
    for named in ("“no wifi”", "“wifi”", "“vpn”"):
        assert named in str(taken)
