from chatbot.services.knowledge.catalogue import read_catalogue
from chatbot.services.knowledge.near_duplicates import NEARLY_SAME, find_clashes
from chatbot.storage.database import Database
from factories import add_intent, make_matcher

JAM = "the printer on the second floor is jammed again today"


def test_nearly_the_same_words_of_another_intent_are_named(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "printer", JAM)
        add_intent(session, "fax", "the fax is broken")
        matcher = make_matcher({"printer": [JAM], "fax": ["the fax is broken"]})
        texts = [f"{JAM}!", "no paper at all"]
        (clash,) = find_clashes(session, matcher, "fax", texts)
        assert find_clashes(session, matcher, "printer", texts) == []
    assert (clash.text, clash.other.text, clash.other.intent) == (f"{JAM}!", JAM, "printer")
    assert NEARLY_SAME <= clash.other.similarity < 1


def test_what_is_gone_from_the_faq_clashes_with_nothing(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "printer")
        matcher = make_matcher({"printer": [JAM]})
        assert read_catalogue(session).entries == ()
        assert find_clashes(session, matcher, "fax", [f"{JAM}!"]) == []
