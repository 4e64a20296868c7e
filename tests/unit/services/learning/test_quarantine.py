from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from chatbot.domain.holdout import Purpose
from chatbot.domain.matching import Decision
from chatbot.domain.quarantine import Group
from chatbot.errors import NotFound
from chatbot.services.learning import quarantine
from chatbot.services.learning.training_set import Frozen, freeze
from chatbot.services.review.confirm import confirm
from chatbot.settings import Settings
from chatbot.storage.database import Database, now
from chatbot.storage.tables import AuditEvent, Confirmation, Query
from factories import add_confirmed, add_intent


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        quarantine_never_below=5,
        nightly_cap_per_source=8,
        nightly_cap_per_intent=100,
    )


@pytest.fixture(autouse=True)
def faq(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "the VPN is down")
        add_intent(session, "leave", "a day off")


def say(
    database: Database,
    source: str,
    intent: str | None,
    number: int,
    part: Purpose = Purpose.TRAINING,
) -> None:
    with database.write() as session:
        for place in range(number):
            query = add_confirmed(
                session,
                f"{source} {part} question {place} of {intent}",
                intent,
                part,
                candidates=[{"intent": "vpn", "probability": 0.7}],
            )
            assert query.confirmation is not None
            query.confirmation.confirmed_by = source


def frozen(database: Database, settings: Settings) -> Frozen:
    with database.read() as session:
        return freeze(session, settings)


@pytest.mark.parametrize("intent", ["leave", None])
def test_a_flood_neither_teaches_nor_measures(
    database: Database, settings: Settings, intent: str | None
) -> None:
    say(database, "ann", "vpn", 3)
    before = frozen(database, settings)
    say(database, "mallory", intent, 4)
    say(database, "mallory", intent, 4, Purpose.HELD_OUT)
    after = frozen(database, settings)
    assert after.apart == {"waiting": 0, "quarantined": 8, "pairs": 0}
    assert (after.fingerprint, after.evidence) == (before.fingerprint, before.evidence)
    assert after.catalogue.entries == before.catalogue.entries
    assert Counter(after.teachers.values()) == {"ann": 3}


@pytest.mark.parametrize("intent", ["leave", None])
def test_what_one_person_says_against_answers_waits_for_a_second(
    database: Database, settings: Settings, intent: str | None
) -> None:
    settings = settings.model_copy(
        update={"quarantine_never_below": 50, "quarantine_after_overrulings": 3}
    )
    say(database, "mallory", intent, 5)
    assert frozen(database, settings).apart["quarantined"] == 0, "the bot was not sure"
    with database.write() as session:
        session.execute(update(Query).values(decision=Decision.ANSWER))
        [found] = quarantine.list_quarantined(session, settings)
        assert (found.group.source, found.count, found.alone) == ("mallory", 5, True)
    say(database, "ann", intent, 1)
    with database.write() as session:
        session.execute(update(Query).values(decision=Decision.ANSWER))
        assert quarantine.list_quarantined(session, settings) == []


def test_agreeing_with_an_answer_overrules_nothing(database: Database, settings: Settings) -> None:
    settings = settings.model_copy(
        update={"quarantine_never_below": 50, "quarantine_after_overrulings": 3}
    )
    say(database, "ann", "vpn", 8)
    with database.write() as session:
        session.execute(update(Query).values(decision=Decision.ANSWER))
    assert frozen(database, settings).apart["quarantined"] == 0


def test_it_is_listed_with_examples_until_an_admin_releases_it(
    database: Database, settings: Settings
) -> None:
    say(database, "mallory", "leave", 6)
    with database.write() as session:
        [found] = quarantine.list_quarantined(session, settings)
        assert found.group == Group("mallory", "leave", now().date())
        assert (found.count, len(found.examples)) == (6, 3)
        assert quarantine.admit(session, settings, "ann", found.group, "a strike") == 6
        assert quarantine.list_quarantined(session, settings) == []
        trail = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "quarantine.release")
        ).one()
    assert (trail.actor, trail.subject, trail.detail["questions"]) == ("ann", "leave", 6)
    assert Counter(frozen(database, settings).teachers.values()) == {"mallory": 6}


def test_what_is_not_in_quarantine_cannot_be_released(
    database: Database, settings: Settings
) -> None:
    say(database, "ann", "leave", 2)
    group = Group("ann", "leave", now().date())
    with pytest.raises(NotFound), database.write() as session:
        quarantine.admit(session, settings, "ann", group, "no reason")


def test_another_verdict_on_a_released_question_is_looked_at_again(
    database: Database, settings: Settings
) -> None:
    say(database, "mallory", "leave", 6)
    with database.write() as session:
        [found] = quarantine.list_quarantined(session, settings)
        quarantine.admit(session, settings, "ann", found.group, "a strike")
        query_id = session.scalars(select(Confirmation.query_id).limit(1)).one()
        changed = confirm(session, query_id, "vpn", "mallory", settings)
    assert changed.released_by is None


def test_what_exceeds_a_night_waits(database: Database, settings: Settings) -> None:
    say(database, "ann", "vpn", 5)
    say(database, "ann", "leave", 5)
    rows = frozen(database, settings)
    assert rows.apart == {"waiting": 2, "quarantined": 0, "pairs": 0}
    assert Counter(rows.teachers.values()) == {"ann": 8}
    with database.write() as session:
        tomorrow = now().date() + timedelta(days=2)
        selection = quarantine.select_admitted(session, settings, tomorrow)
    assert selection.waiting == frozenset()
