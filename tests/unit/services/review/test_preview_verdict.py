from chatbot.domain.matching import Decision
from chatbot.services.review import preview_verdict
from chatbot.services.review.preview_verdict import Reply
from chatbot.storage.database import Database
from factories import add_query, make_matcher

MATCHER = make_matcher(
    {
        "vpn": ["the VPN drops"],
        "invoice": ["where is the invoice"],
    }
)
ASKED = "where is the bike shed of this building"
LIKE = "Where is the bike shed of this building, please"


def test_like_questions_would_be_answered_with_the_intent(database: Database) -> None:
    with database.write() as session:
        asked = add_query(session, ASKED)
        add_query(session, LIKE)
        add_query(session, "purple elephants")
        found = preview_verdict.foresee(session, MATCHER, asked, ["vpn", "invoice"])
    assert found.compared == 1
    for intent in ("vpn", "invoice"):
        (change,) = found.changes[intent]
        assert change.text == LIKE
        assert change.before.decision is not Decision.ANSWER
        assert change.after == Reply(Decision.ANSWER, intent)


def test_what_is_answered_so_already_does_not_change(database: Database) -> None:
    with database.write() as session:
        asked = add_query(session, "the VPN drops again")
        add_query(session, "the VPN drops")
        found = preview_verdict.foresee(session, MATCHER, asked, ["vpn"])
    assert found.compared == 1
    assert found.changes == {"vpn": []}


def test_trials_and_the_same_words_are_not_compared(database: Database) -> None:
    with database.write() as session:
        asked = add_query(session, ASKED)
        add_query(session, ASKED.upper())
        add_query(session, LIKE, test=True)
        found = preview_verdict.foresee(session, MATCHER, asked, ["vpn"])
    assert found == preview_verdict.Foresight(0, {"vpn": []})


def test_the_matcher_that_answers_learns_nothing_from_it(database: Database) -> None:
    before = MATCHER.match(LIKE)
    with database.write() as session:
        asked = add_query(session, ASKED)
        add_query(session, LIKE)
        preview_verdict.foresee(session, MATCHER, asked, ["vpn"])
    assert MATCHER.match(LIKE) == before
