from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select

from chatbot.domain.live_sample import is_drawn, rank
from chatbot.domain.matching import Decision
from chatbot.domain.text import clean
from chatbot.errors import Conflict, InvalidText, NotReady, ServiceUnavailable
from chatbot.matching.matcher import Matcher
from chatbot.services.asking.ask import Answered, Answerer, Question, answer_all
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


def ask(database: Database, matcher: Matcher, text: str, test: bool = False) -> Answered:
    return answer_all(database, matcher, [Question(text, "c-1", test)])[0]


def stored(database: Database, query_id: str) -> Query:
    with database.read() as session:
        query = session.get(Query, query_id)
    assert query is not None
    return query


def test_the_row_says_what_was_asked_and_everything_that_answered(
    database: Database, matcher: Matcher
) -> None:
    answered = ask(database, matcher, ANSWERED)
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
    answered = ask(database, matcher, text)
    assert answered.decision is decision
    assert answered.answer == (matcher.intents[intent] if intent else None)
    assert stored(database, answered.query_id).decision == decision


def test_a_choice_offers_only_probable_intents_with_their_titles(
    database: Database, matcher: Matcher
) -> None:
    answered = ask(database, matcher, UNCLEAR)
    assert [c.intent for c in answered.candidates] == ["reset-password", "vpn"]
    assert len(stored(database, answered.query_id).candidates) > 2
    assert all(c.intent in answered.intents for c in answered.candidates)


def test_private_data_is_matched_but_never_stored(database: Database, matcher: Matcher) -> None:
    answered = ask(database, matcher, "reset the password of ann@example.org, +49 30 1234567")
    row = stored(database, answered.query_id)
    assert row.text == "reset the password of [email], [phone]"
    assert "ann" not in str(row.candidates)


def test_an_uncertain_question_is_worth_a_review_and_a_known_one_is_not(
    database: Database, matcher: Matcher
) -> None:
    assert stored(database, ask(database, matcher, UNCLEAR).query_id).usefulness > 0.3
    known = stored(database, ask(database, matcher, KNOWN).query_id)
    assert (known.usefulness, known.exact) == (0.0, True)


def test_a_test_question_is_stored_but_never_useful(database: Database, matcher: Matcher) -> None:
    row = stored(database, ask(database, matcher, UNCLEAR, test=True).query_id)
    assert (row.test, row.usefulness) == (True, 0.0)


@pytest.mark.parametrize(
    "text", ["\U0001f600 vpn \U0010ffff?", "'; DROP TABLE queries; --", "\u202etfel"]
)
def test_any_other_text_is_stored(database: Database, matcher: Matcher, text: str) -> None:
    assert stored(database, ask(database, matcher, text).query_id).text


def test_no_answer_leaves_without_its_row(
    matcher: Matcher,
) -> None:
    away = Database("postgresql+psycopg://nobody@/none?host=/nowhere")
    with pytest.raises(ServiceUnavailable):
        ask(away, matcher, ANSWERED)


class Desk:
    """A live matcher that never changes; `None` is one that is not loaded yet."""

    def __init__(self, matcher: Matcher | None) -> None:
        self._matcher = matcher

    def current(self) -> Matcher:
        if self._matcher is None:
            raise NotReady("Not yet.")
        return self._matcher


@pytest.mark.parametrize("text", ["", "\u200b", "a\0b", "\ud800", "x" * 101])
def test_unusable_text_is_refused_and_not_stored(
    database: Database, matcher: Matcher, text: str
) -> None:
    with pytest.raises(InvalidText):
        Answerer(database, Desk(matcher), max_chars=100).ask(text)
    with database.read() as session:
        assert session.scalar(select(func.count(Query.id))) == 1


def test_text_is_cleaned_before_it_is_matched(database: Database, matcher: Matcher) -> None:
    answered = Answerer(database, Desk(matcher), max_chars=100).ask(f"  {ANSWERED}\n", "c-2")
    row = stored(database, answered.query_id)
    assert (row.text, row.conversation_id) == (ANSWERED, "c-2")


def test_what_is_quoted_is_stored_but_does_not_vote(database: Database, matcher: Matcher) -> None:
    text = f"{ANSWERED}\n\nOn Mon, Nov 3, 2025 at 9:00 Desk wrote:\n> the VPN does not connect"
    answerer = Answerer(database, Desk(matcher), max_chars=2000)
    once = answerer.ask_once("a" * 32, text)
    for answered in (answerer.ask(text), once, answerer.ask_once("a" * 32, text)):
        assert answered.match.candidates == matcher.match(ANSWERED).candidates
        assert stored(database, answered.query_id).text == clean(text, 2000)


def test_two_questions_are_both_offered_and_stored_so(database: Database, matcher: Matcher) -> None:
    text = f"{ANSWERED}. And also the VPN does not connect"
    answered = Answerer(database, Desk(matcher), max_chars=2000).ask(text)
    assert answered.decision is Decision.CLARIFY
    assert {candidate.intent for candidate in answered.candidates} == {"reset-password", "vpn"}
    assert stored(database, answered.query_id).offered == 2
    assert answered.answer is None


def test_threads_that_ask_together_get_their_own_answers(
    database: Database, matcher: Matcher
) -> None:
    answerer = Answerer(database, Desk(matcher), max_chars=2000)
    texts = [KNOWN, ANSWERED, UNCLEAR, UNKNOWN] * 10
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(answerer.ask, texts))
    alone = [match.decision for match in matcher.match_all(texts)]
    assert [answered.decision for answered in answers] == alone
    assert len({answered.query_id for answered in answers}) == 40
    for text, answered in zip(texts, answers, strict=True):
        assert stored(database, answered.query_id).text == clean(text, 2000)


def test_only_the_question_at_fault_fails(
    database: Database, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = matcher.bundle.encoder.encode

    def fail_for_one(texts: Sequence[str]) -> NDArray[np.float32]:
        if "poison" in texts:
            raise ValueError("this one")
        return encode(texts)

    monkeypatch.setattr(matcher.bundle.encoder, "encode", fail_for_one)
    answerer = Answerer(database, Desk(matcher), max_chars=2000)

    def ask_one(text: str) -> str:
        try:
            return answerer.ask(text).decision.value
        except ValueError:
            return "failed"

    texts = [f"question {n}" for n in range(15)] + ["poison"]
    with ThreadPoolExecutor(16) as threads:
        decisions = list(threads.map(ask_one, texts))
    assert decisions[-1] == "failed"
    assert "failed" not in decisions[:-1]


def test_before_a_model_is_loaded_every_question_hears_so(database: Database) -> None:
    answerer = Answerer(database, Desk(None), max_chars=2000)
    with ThreadPoolExecutor(4) as threads:
        for asked in [threads.submit(answerer.ask, "hello") for _ in range(4)]:
            with pytest.raises(NotReady):
                asked.result()


class TestAskOnce:
    ID = "f" * 32

    def count(self, database: Database) -> int:
        with database.read() as session:
            wanted = select(func.count(Query.id)).where(Query.text != "noise")
            return session.scalar(wanted) or 0

    @pytest.mark.parametrize("text", [KNOWN, ANSWERED, UNCLEAR, UNKNOWN])
    def test_a_repetition_gets_the_same_answer_and_no_row(
        self, database: Database, matcher: Matcher, text: str
    ) -> None:
        answerer = Answerer(database, Desk(matcher), max_chars=2000)
        first = answerer.ask_once(self.ID, text, "c-1")
        assert answerer.ask_once(self.ID, f" {text} ", "c-1") == first
        assert first.query_id == self.ID
        assert self.count(database) == 1

    def test_those_that_come_at_once_are_one_question_and_spoil_no_other(
        self, database: Database, matcher: Matcher
    ) -> None:
        answerer = Answerer(database, Desk(matcher), max_chars=2000)

        def ask_either(number: int) -> str:
            if number % 2:
                return answerer.ask(UNCLEAR).query_id
            return answerer.ask_once(self.ID, ANSWERED).query_id

        with ThreadPoolExecutor(16) as threads:
            ids = list(threads.map(ask_either, range(32)))
        assert set(ids[::2]) == {self.ID}
        assert len(set(ids[1::2])) == 16
        assert self.count(database) == 17

    def test_another_text_is_a_conflict(self, database: Database, matcher: Matcher) -> None:
        answerer = Answerer(database, Desk(matcher), max_chars=2000)
        answerer.ask_once(self.ID, ANSWERED)
        with pytest.raises(Conflict, match="used for another question"):
            answerer.ask_once(self.ID, UNCLEAR)

    def test_private_data_makes_no_other_text(self, database: Database, matcher: Matcher) -> None:
        answerer = Answerer(database, Desk(matcher), max_chars=2000)
        first = answerer.ask_once(self.ID, "I am ann@example.org")
        assert answerer.ask_once(self.ID, "I am ann@example.org") == first

    def test_an_answer_that_is_gone_meanwhile_leaves_the_way_to_a_person(
        self, database: Database, matcher: Matcher
    ) -> None:
        Answerer(database, Desk(matcher), max_chars=2000).ask_once(self.ID, ANSWERED)
        smaller = make_matcher(
            {name: texts for name, (_, _, texts) in FAQ.items() if name == "vpn"}
        )
        again = Answerer(database, Desk(smaller), max_chars=2000).ask_once(self.ID, ANSWERED)
        assert (again.decision, again.answer) == (Decision.HANDOFF, None)
        assert {candidate.intent for candidate in again.candidates} <= {"vpn"}


def test_a_share_of_the_questions_is_drawn_with_its_probability(
    database: Database, matcher: Matcher
) -> None:
    questions = [Question(f"{ANSWERED} {place}") for place in range(300)]
    answers = answer_all(database, matcher, questions, sample_share=0.5)
    with database.read() as session:
        ids = [answer.query_id for answer in answers]
        rows = list(session.scalars(select(Query).where(Query.id.in_(ids))))
    drawn = {row.id for row in rows if row.sample_share is not None}
    assert {row.sample_share for row in rows} == {None, 0.5}
    assert drawn == {a.query_id for a in answers if is_drawn(a.query_id, 0.5)}
    assert all(row.usefulness == rank(row.id) for row in rows if row.id in drawn)


def test_a_test_is_never_drawn(database: Database, matcher: Matcher) -> None:
    [answered] = answer_all(database, matcher, [Question(ANSWERED, test=True)], sample_share=1.0)
    row = stored(database, answered.query_id)
    assert (row.sample_share, row.usefulness) == (None, 0.0)
