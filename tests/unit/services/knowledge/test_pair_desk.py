"""Which pairs a person is asked about: the most useful first, each once."""

import pytest

from chatbot.services.knowledge import edit_faq, pairs
from chatbot.services.knowledge.pair_desk import Ranked, propose, rank
from chatbot.services.knowledge.pairs import Source
from chatbot.storage.database import Database
from factories import add_intent, make_matcher

PHRASES = {
    "card": ["my card was declined", "the bank refused my card", "a shop sent my card away"],
    "transfer": ["my transfer was declined", "money did not arrive", "the payee got nothing"],
    "greeting": ["hello", "good morning to all of you"],
}
MATCHER = make_matcher(PHRASES)


@pytest.fixture(autouse=True)
def faq(database: Database) -> None:
    with database.write() as session:
        for name, texts in PHRASES.items():
            add_intent(session, name, *texts)


def proposed(database: Database, skipped: int = 0) -> frozenset[str] | None:
    with database.read() as session:
        pair = propose(session, MATCHER, skipped)
        return frozenset((pair.one.text, pair.other.text)) if pair else None


def of_one_intent(pair: Ranked) -> bool:
    return MATCHER.phrasings.intent_at(pair.one) == MATCHER.phrasings.intent_at(pair.other)


def test_the_nearest_of_two_intents_and_the_farthest_of_one_take_turns() -> None:
    across = [pair.similarity for pair in rank(MATCHER) if not of_one_intent(pair)]
    within = [pair.similarity for pair in rank(MATCHER) if of_one_intent(pair)]
    assert across == sorted(across, reverse=True)
    assert within == sorted(within)
    assert [of_one_intent(pair) for pair in rank(MATCHER)[:6]] == [False, True] * 3


def test_a_similarity_is_the_cosine_of_the_two() -> None:
    for one, other, similarity in rank(MATCHER):
        vectors = MATCHER.phrasings.rows.all_vectors()
        assert vectors[one] @ vectors[other] == pytest.approx(similarity, abs=1e-5)


def test_no_pair_comes_twice_and_no_text_again_and_again() -> None:
    ranked = rank(MATCHER)
    assert len({frozenset(pair[:2]) for pair in ranked}) == len(ranked)
    across = [row for pair in ranked if not of_one_intent(pair) for row in pair[:2]]
    assert max(across.count(row) for row in across) <= 2


def test_two_intents_that_share_nearly_all_words_are_asked_about_first(
    database: Database,
) -> None:
    assert proposed(database) == frozenset(("my card was declined", "my transfer was declined"))
    assert proposed(database, len(rank(MATCHER))) is None


def test_what_has_a_score_is_not_asked_again(database: Database) -> None:
    first, second = proposed(database), proposed(database, 1)
    assert first is not None
    with database.write() as session:
        one, other = sorted(first)
        pairs.add_pair(session, "ann", one, other, 0.5, Source.DESK)
    assert proposed(database) == second
    with database.write() as session:
        pairs.undo_last(session, "ann")
    assert proposed(database) == first


def test_a_phrasing_that_left_the_faq_meanwhile_is_not_asked_about(database: Database) -> None:
    with database.write() as session:
        edit_faq.delete_intent(session, "eve", "transfer")
    asked = [proposed(database, skipped) for skipped in range(10)]
    assert not any(pair & set(PHRASES["transfer"]) for pair in asked if pair)
    assert any(asked)


def test_a_phrasing_that_would_be_redacted_is_not_asked_about(database: Database) -> None:
    phrases = {"a": ["write to ann@example.org", "write to me"], "b": ["write to bob", "mail"]}
    with database.write() as session:
        for name, texts in phrases.items():
            add_intent(session, name, *texts)
    matcher = make_matcher(phrases)
    with database.read() as session:
        asked = [propose(session, matcher, skipped) for skipped in range(10)]
    shown = {phrase.text for pair in asked if pair for phrase in (pair.one, pair.other)}
    assert "write to bob" in shown
    assert "write to ann@example.org" not in shown


@pytest.mark.parametrize("phrases", [{}, {"only": ["hello"]}])
def test_nothing_to_compare_proposes_nothing(
    database: Database, phrases: dict[str, list[str]]
) -> None:
    with database.read() as session:
        assert propose(session, make_matcher(phrases)) is None
