from pathlib import Path

import pytest
from sqlalchemy import func, select

from chatbot.domain.holdout import Purpose, is_held_out
from chatbot.errors import Conflict, NotFound
from chatbot.services.knowledge.edit_faq import current_revision, delete_intent
from chatbot.services.review.confirm import confirm, undo
from chatbot.settings import Settings
from chatbot.storage.database import Database
from chatbot.storage.tables import AuditEvent, Confirmation, Query
from factories import add_confirmed, add_evaluation, add_intent, add_query

TEXTS = [f"why does the VPN drop call {i}" for i in range(400)]
HELD_OUT = [text for text in TEXTS if is_held_out(text, 0.3)]
TRAINING = [text for text in TEXTS if not is_held_out(text, 0.3)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, held_out_share=0.3, held_out_cap=3)


@pytest.fixture(autouse=True)
def faq(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "the VPN is down")
        add_intent(session, "invoice", "where is my invoice")
        noise = add_query(session, "noise")
        add_confirmed(session, "noise, confirmed", "invoice", Purpose.TRAINING)
        assert noise.confirmation is None


def say(
    database: Database, query_id: str, intent: str | None, settings: Settings, by: str = "ann"
) -> str:
    """Confirm in a transaction of its own; returns the part."""
    with database.write() as session:
        return confirm(session, query_id, intent, by, settings).part


def ask_and_say(database: Database, text: str, intent: str | None, settings: Settings) -> str:
    with database.write() as session:
        query_id = add_query(session, text).id
    return say(database, query_id, intent, settings)


def verdicts(database: Database, query_id: str) -> list[tuple[int | None, str, str]]:
    with database.read() as session:
        query = select(Confirmation.intent_id, Confirmation.part, Confirmation.confirmed_by)
        found = session.execute(query.where(Confirmation.query_id == query_id))
        return [(intent, part, by) for intent, part, by in found]


def audited(database: Database) -> list[str]:
    with database.read() as session:
        query = select(AuditEvent.action).where(AuditEvent.action.startswith("query."))
        return list(session.scalars(query.order_by(AuditEvent.id)))


@pytest.fixture
def query_id(database: Database) -> str:
    with database.write() as session:
        return add_query(session, TRAINING[0]).id


def test_a_verdict_is_kept_with_who_gave_it(
    database: Database, query_id: str, settings: Settings
) -> None:
    assert say(database, query_id, "vpn", settings) == Purpose.TRAINING
    assert verdicts(database, query_id) == [(1, "training", "ann")]
    assert audited(database) == ["query.confirm"]


def test_saying_the_same_again_changes_nothing(
    database: Database, query_id: str, settings: Settings
) -> None:
    say(database, query_id, "vpn", settings)
    say(database, query_id, "vpn", settings, by="bob")
    assert verdicts(database, query_id) == [(1, "training", "ann")]
    assert audited(database) == ["query.confirm"]


def test_saying_something_else_replaces_the_verdict_and_keeps_the_part(
    database: Database, query_id: str, settings: Settings
) -> None:
    part = say(database, query_id, "vpn", settings)
    assert say(database, query_id, "invoice", settings, by="bob") == part
    assert verdicts(database, query_id) == [(2, part, "bob")]
    assert say(database, query_id, None, settings, by="eve") == part
    assert verdicts(database, query_id) == [(None, part, "eve")]
    assert audited(database) == ["query.confirm"] * 3


def test_none_of_these_is_a_verdict_too(
    database: Database, query_id: str, settings: Settings
) -> None:
    say(database, query_id, None, settings)
    say(database, query_id, None, settings, by="bob")
    assert verdicts(database, query_id) == [(None, "training", "ann")]


def test_undoing_returns_the_query_to_the_queue(
    database: Database, query_id: str, settings: Settings
) -> None:
    say(database, query_id, "vpn", settings)
    for _ in range(2):
        with database.write() as session:
            undo(session, query_id, "ann")
    assert verdicts(database, query_id) == []
    assert audited(database) == ["query.confirm", "query.undo"]
    with database.read() as session:
        assert session.get(Query, query_id) is not None
        assert session.scalar(select(func.count(Confirmation.query_id))) == 1


def test_a_test_query_never_gets_a_verdict(database: Database, settings: Settings) -> None:
    with database.write() as session:
        query_id = add_query(session, test=True).id
    with pytest.raises(Conflict, match="tests never teach"):
        say(database, query_id, "vpn", settings)
    assert verdicts(database, query_id) == []


def test_unknown_queries_and_intents_are_named(
    database: Database, query_id: str, settings: Settings
) -> None:
    with pytest.raises(NotFound, match="no query nothing"):
        say(database, "nothing", "vpn", settings)
    with pytest.raises(NotFound, match="no intent “pizza”"):
        say(database, query_id, "pizza", settings)
    with pytest.raises(NotFound, match="no query nothing"), database.write() as session:
        undo(session, "nothing", "ann")
    assert verdicts(database, query_id) == []


def test_a_stable_share_is_held_out_until_the_intent_has_enough(
    database: Database, settings: Settings
) -> None:
    assert [ask_and_say(database, text, "vpn", settings) for text in TRAINING[:5]] == [
        "training"
    ] * 5
    parts = [ask_and_say(database, text, "vpn", settings) for text in HELD_OUT[:5]]
    assert parts == ["held_out"] * 3 + ["training"] * 2


def test_each_intent_and_none_of_these_has_its_own_cap(
    database: Database, settings: Settings
) -> None:
    for intent, start in (("vpn", 0), ("invoice", 10), (None, 20)):
        parts = [ask_and_say(database, t, intent, settings) for t in HELD_OUT[start : start + 4]]
        assert parts == ["held_out"] * 3 + ["training"]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_may_be_nothing_or_all(database: Database, tmp_path: Path, share: float) -> None:
    extreme = Settings(data_dir=tmp_path, held_out_share=share, held_out_cap=50)
    parts = {ask_and_say(database, text, "vpn", extreme) for text in TEXTS[:10]}
    assert parts == {"held_out" if share else "training"}


@pytest.mark.parametrize(
    "again", [HELD_OUT[0], HELD_OUT[0].upper()], ids=["same-text", "other-case"]
)
def test_the_same_text_stays_in_its_part_also_when_the_cap_is_reached(
    database: Database, settings: Settings, again: str
) -> None:
    for text in HELD_OUT[:3]:
        ask_and_say(database, text, "vpn", settings)
    assert ask_and_say(database, HELD_OUT[3], "vpn", settings) == "training"
    assert ask_and_say(database, again, "vpn", settings) == "held_out"
    assert ask_and_say(database, HELD_OUT[3], "invoice", settings) == "training"


def test_case_counts_for_nothing_in_any_language(database: Database, settings: Settings) -> None:
    umlauts = next(t for i in range(99) if is_held_out(t := f"\u00c4RGER MIT \u00d6FFNEN {i}", 0.3))
    assert ask_and_say(database, umlauts, "vpn", settings) == "held_out"
    for text in HELD_OUT[:2]:
        ask_and_say(database, text, "vpn", settings)
    assert ask_and_say(database, umlauts.lower(), "vpn", settings) == "held_out"


def test_a_question_that_already_measures_never_trains(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        add_evaluation(session, TRAINING[1], "vpn")
    assert ask_and_say(database, TRAINING[1].upper(), "vpn", settings) == "held_out"
    assert ask_and_say(database, TRAINING[2], "vpn", settings) == "training"


def test_every_verdict_makes_matchers_look_again(
    database: Database, query_id: str, settings: Settings
) -> None:
    def revision() -> int:
        with database.read() as session:
            return current_revision(session)

    before = revision()
    say(database, query_id, "vpn", settings)
    assert revision() == before + 1
    say(database, query_id, "vpn", settings)
    assert revision() == before + 1
    say(database, query_id, "invoice", settings)
    assert revision() == before + 2
    with database.write() as session:
        undo(session, query_id, "ann")
    assert revision() == before + 3


def test_deleting_an_intent_returns_its_queries_to_the_queue(
    database: Database, query_id: str, settings: Settings
) -> None:
    say(database, query_id, "vpn", settings)
    with database.write() as session:
        delete_intent(session, "ann", "vpn")
    assert verdicts(database, query_id) == []
    with database.read() as session:
        assert session.scalar(select(func.count(Confirmation.query_id))) == 1
