import pytest
from sqlalchemy import func, select

from chatbot.domain.matching import Decision
from chatbot.errors import InvalidText, ServiceUnavailable
from chatbot.matching.matcher import Matcher
from chatbot.services.ask import ask
from chatbot.storage.database import Database
from chatbot.storage.tables import Query
from factories import add_query, add_version, make_matcher
from fakes import ANSWERED, CALIBRATION, FAQ, KNOWN, UNCLEAR, UNKNOWN


@pytest.fixture
def matcher(database: Database) -> Matcher:
    """Of version 2, at knowledge revision 7."""
    with database.write() as session:
        add_version(session)
        version = add_version(session).id
        add_query(session, "noise", model_version=version)
    return make_matcher({name: texts for name, (_, _, texts) in FAQ.items()}, version, revision=7)


def stored(database: Database, query_id: str) -> Query:
    with database.read() as session:
        query = session.get(Query, query_id)
    assert query is not None
    return query


def test_the_row_says_what_was_asked_and_everything_that_answered(
    database: Database, matcher: Matcher
) -> None:
    answered = ask(database, matcher, f"  {ANSWERED}\n", 2000, conversation_id="c-1")
    row = stored(database, answered.query_id)
    assert (row.text, row.conversation_id) == (ANSWERED, "c-1")
    assert (row.decision, row.exact, row.test) == ("answer", False, False)
    assert (row.model_version, row.knowledge_revision) == (2, 7)
    assert row.calibration == CALIBRATION.id
    assert row.candidates[0]["intent"] == "reset-password"
    assert row.candidates[0]["probability"] == answered.match.candidates[0].probability
    assert (answered.model_version, answered.knowledge_revision) == (2, 7)
    assert answered.calibration == CALIBRATION.id


@pytest.mark.parametrize(
    ("text", "decision", "intent"),
    [
        (KNOWN, Decision.ANSWER, "reset-password"),
        (ANSWERED, Decision.ANSWER, "reset-password"),
        (UNCLEAR, Decision.CLARIFY, None),
        (UNKNOWN, Decision.HANDOFF, None),
    ],
)
def test_only_a_confident_decision_carries_an_answer(
    database: Database, matcher: Matcher, text: str, decision: Decision, intent: str | None
) -> None:
    answered = ask(database, matcher, text, 2000)
    assert answered.decision is decision
    assert answered.answer == (matcher.intents[intent] if intent else None)
    assert stored(database, answered.query_id).decision == decision


def test_a_choice_offers_only_probable_intents_with_their_titles(
    database: Database, matcher: Matcher
) -> None:
    answered = ask(database, matcher, UNCLEAR, 2000)
    assert [c.intent for c in answered.candidates] == ["reset-password", "vpn"]
    assert len(stored(database, answered.query_id).candidates) > 2
    assert all(c.intent in answered.intents for c in answered.candidates)


def test_private_data_is_matched_but_never_stored(database: Database, matcher: Matcher) -> None:
    answered = ask(database, matcher, "reset the password of ann@example.org, +49 30 1234567", 2000)
    row = stored(database, answered.query_id)
    assert row.text == "reset the password of [email], [phone]"
    assert "ann" not in str(row.candidates)


def test_an_uncertain_question_is_worth_a_review_and_a_known_one_is_not(
    database: Database, matcher: Matcher
) -> None:
    assert stored(database, ask(database, matcher, UNCLEAR, 2000).query_id).usefulness > 0.3
    known = stored(database, ask(database, matcher, KNOWN, 2000).query_id)
    assert (known.usefulness, known.exact) == (0.0, True)


def test_a_test_question_is_stored_but_never_useful(database: Database, matcher: Matcher) -> None:
    row = stored(database, ask(database, matcher, UNCLEAR, 2000, test=True).query_id)
    assert (row.test, row.usefulness) == (True, 0.0)


@pytest.mark.parametrize("text", ["", "\u200b", "a\0b", "\ud800", "x" * 101])
def test_unusable_text_is_refused_and_not_stored(
    database: Database, matcher: Matcher, text: str
) -> None:
    with pytest.raises(InvalidText):
        ask(database, matcher, text, 100)
    with database.read() as session:
        assert session.scalar(select(func.count(Query.id))) == 1


@pytest.mark.parametrize(
    "text", ["\U0001f600 vpn \U0010ffff?", "'; DROP TABLE queries; --", "\u202etfel"]
)
def test_any_other_text_is_stored(database: Database, matcher: Matcher, text: str) -> None:
    assert stored(database, ask(database, matcher, text, 100).query_id).text


def test_no_answer_leaves_without_its_row(
    matcher: Matcher,
) -> None:
    away = Database("postgresql+psycopg://nobody@/none?host=/nowhere")
    with pytest.raises(ServiceUnavailable):
        ask(away, matcher, ANSWERED, 2000)
