from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from chatbot.services.access.users import FAILURES_COUNT_FOR
from chatbot.services.delivery.deliveries import DeliveryState
from chatbot.services.knowledge import edit_faq
from chatbot.services.privacy import inventory
from chatbot.services.privacy.retain import forget_what_is_old
from chatbot.services.releases.processes import Identity, ProcessKind, beat
from chatbot.storage.database import Database, Table, now
from chatbot.storage.tables import (
    Delivery,
    FailedSignIn,
    KnowledgeChange,
    Query,
    SignIn,
    User,
    Webhook,
    WorkingProcess,
)
from factories import add_intent, add_query

MOMENT = now()


@pytest.fixture(autouse=True)
def stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.services.privacy.retain.now", lambda: MOMENT)


def forget(database: Database) -> dict[str, int]:
    with database.write() as session:
        found = forget_what_is_old(session)
    return {name: number for name, number in found.items() if number}


def count(database: Database, table: type[Table]) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def make_delivery(webhook: Webhook, state: DeliveryState, made: datetime) -> Delivery:
    return Delivery(
        webhook=webhook,
        message_id=f"{state} {made}",
        kind="model.held",
        body="{}",
        state=state,
        created_at=made,
    )


def test_a_delivery_that_is_over_is_forgotten_after_30_days_one_that_waits_never(
    database: Database,
) -> None:
    old = MOMENT - timedelta(days=30, seconds=1)
    with database.write() as session:
        hook = Webhook(url="https://a.example", kinds=[], style="standard", secret="", enabled=True)
        session.add_all(make_delivery(hook, state, old) for state in DeliveryState)
        session.add(make_delivery(hook, DeliveryState.DELIVERED, MOMENT - timedelta(days=30)))
    assert forget(database) == {"deliveries": 2}
    with database.read() as session:
        left = session.scalars(select(Delivery.state).order_by(Delivery.state)).all()
    assert left == [DeliveryState.DELIVERED, DeliveryState.WAITING]
    assert forget(database) == {}


def test_what_signs_in_no_more_and_what_counts_no_more_go(database: Database) -> None:
    with database.write() as session:
        user = User(email="ann@example.org", role="agent", password_hash="x")
        session.add(user)
        session.flush()
        for name, left in (("expired", 0), ("good", 1)):
            expires = MOMENT + timedelta(seconds=left)
            session.add(SignIn(sha256=name, user_id=user.id, expires_at=expires))
        for age in (FAILURES_COUNT_FOR, FAILURES_COUNT_FOR - timedelta(seconds=1)):
            session.add(FailedSignIn(email="ann@example.org", address="::1", at=MOMENT - age))
    assert forget(database) == {"sign_ins": 1, "failed_sign_ins": 1}
    assert (count(database, SignIn), count(database, FailedSignIn)) == (1, 1)


def test_a_process_is_forgotten_an_hour_after_its_last_sign_of_life(database: Database) -> None:
    silent, well = Identity(ProcessKind.WEB), Identity(ProcessKind.WORKER)
    with database.write() as session:
        beat(session, silent)
        beat(session, well)
        old = session.get_one(WorkingProcess, silent.id)
        old.heartbeat_at = MOMENT - timedelta(hours=1, seconds=1)
    assert forget(database) == {"processes": 1}
    with database.read() as session:
        assert session.get(WorkingProcess, well.id) is not None


def test_the_change_log_does_not_grow_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "KEPT_REVISIONS", 5)
    with database.write() as session:
        add_intent(session, "vpn", "the VPN is down")
        for n in range(30):
            edit_faq.add_utterance(session, "ann", "vpn", f"number {n}")
    forget(database)
    with database.read() as session:
        left = session.scalars(select(KnowledgeChange.revision)).all()
        assert sorted(left) == [edit_faq.current_revision(session) - n for n in range(4, -1, -1)]


def test_what_nobody_deletes_stays(database: Database) -> None:
    with database.write() as session:
        add_query(session, asked_at=MOMENT - timedelta(days=5000))
    forget(database)
    assert count(database, Query) == 1
