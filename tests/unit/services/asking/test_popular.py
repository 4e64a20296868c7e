from datetime import timedelta
from typing import Any

from chatbot.services.asking.popular import PopularQuestion, PopularQuestions, list_popular
from chatbot.services.knowledge import edit_faq
from chatbot.storage.database import Database, now
from factories import add_intent, add_query


def titles(database: Database) -> list[str]:
    with database.read() as session:
        return [found.title.removeprefix("Title of ") for found in list_popular(session)]


def answered(database: Database, intent: str, times: int, **changes: object) -> None:
    with database.write() as session:
        for _ in range(times):
            candidates = [{"intent": intent, "probability": 0.9}]
            given: dict[str, Any] = {"decision": "answer", "asked_at": now()} | changes
            add_query(session, candidates=candidates, **given)


def test_an_empty_faq_has_none(database: Database) -> None:
    assert titles(database) == []


def test_the_most_answered_come_first(database: Database) -> None:
    with database.write() as session:
        for name in "abcdef":
            add_intent(session, name, f"utterance of {name}", f"second of {name}")
    answered(database, "c", 3)
    answered(database, "e", 5)
    answered(database, "a", 9, test=True)
    answered(database, "a", 9, asked_at=now() - timedelta(days=31))
    answered(database, "b", 9, decision="clarify")
    assert titles(database) == ["e", "c", "a", "b"]
    with database.read() as session:
        assert list_popular(session)[0] == PopularQuestion("Title of e", "utterance of e")


def test_what_is_disabled_or_gone_is_not_offered(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "a", "utterance of a", enabled=False)
        add_intent(session, "b", "utterance of b")
        add_intent(session, "empty")
    answered(database, "a", 3)
    answered(database, "gone", 3)
    assert titles(database) == ["b"]


def test_before_anybody_asked_each_topic_has_its_turn(database: Database) -> None:
    with database.write() as session:
        for name, topic in ("a1", "A"), ("a2", "A"), ("b1", "B"), ("b2", "B"), ("c1", "C"):
            edit_faq.create_intent(
                session, "t", name, f"Title of {name}", "x", topic, [f"u {name}"]
            )
    assert titles(database) == ["a1", "b1", "c1", "a2"]


def test_they_are_counted_again_when_the_faq_changes(database: Database) -> None:
    popular = PopularQuestions(database)
    assert popular.current(1) == []
    with database.write() as session:
        add_intent(session, "a", "utterance of a")
    assert popular.current(1) == []
    assert [found.title for found in popular.current(2)] == ["Title of a"]
