import pytest

from chatbot.errors import Conflict, NotFound
from chatbot.services.asking.choose import choose
from chatbot.services.review.questions import get_query
from chatbot.storage.database import Database
from factories import add_query, make_matcher

CANDIDATES = [{"intent": name, "probability": 0.4} for name in ("vpn", "gone")]


@pytest.fixture
def query_id(database: Database) -> str:
    with database.write() as session:
        add_query(session, "noise")
        return add_query(session, "unclear", candidates=CANDIDATES).id


def test_a_choice_is_kept_beside_the_question_and_brings_the_answer(
    database: Database, query_id: str
) -> None:
    with database.write() as session:
        card = choose(session, make_matcher({"vpn": ["a"]}), query_id, "vpn")
    assert card.answer == "Answer of vpn"
    with database.read() as session:
        query = get_query(session, query_id)
    assert (query.chosen_intent, query.first_intent) == ("vpn", "vpn")


@pytest.mark.parametrize(("intent", "error"), [("other", Conflict), ("gone", NotFound)])
def test_what_was_not_offered_or_is_gone_cannot_be_chosen(
    database: Database, query_id: str, intent: str, error: type[Exception]
) -> None:
    matcher = make_matcher({"vpn": ["a"], "other": ["b"]})
    with pytest.raises(error), database.write() as session:
        choose(session, matcher, query_id, intent)
    with database.read() as session:
        assert get_query(session, query_id).chosen_intent is None
