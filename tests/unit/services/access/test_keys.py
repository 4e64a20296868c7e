from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from chatbot.errors import NotAuthenticated, NotAuthorised, NotFound
from chatbot.services.access.keys import KeyRing, Scope, create_key, list_keys, revoke_key
from chatbot.storage.database import Database, now
from chatbot.storage.tables import ApiKey, AuditEvent


def make(
    database: Database, scope: Scope = Scope.AGENT, expires_at: datetime | None = None
) -> tuple[str, str]:
    """(id, secret)"""
    with database.write() as session:
        create_key(session, "admin", "noise", Scope.ADMIN)
        row, secret = create_key(session, "admin", "desk 1", scope, expires_at)
        return row.id, secret


@pytest.mark.parametrize("has", Scope)
@pytest.mark.parametrize("needed", Scope)
def test_a_scope_includes_those_before_it(database: Database, has: Scope, needed: Scope) -> None:
    key_id, secret = make(database, has)
    ring = KeyRing(database)
    for _ in ("asks the database", "remembers"):
        if list(Scope).index(has) >= list(Scope).index(needed):
            caller = ring.authenticate(secret, needed)
            assert (caller.name, caller.scope) == (f"desk 1 ({key_id})", has)
        else:
            with pytest.raises(NotAuthorised, match=f"scope “{needed}”; yours has “{has}”"):
                ring.authenticate(secret, needed)


@pytest.mark.parametrize(
    "secret", [None, "", "cb_12345678_wrong", "admin", "\ud800", "x" * 100_000]
)
def test_an_unknown_key_is_refused(database: Database, secret: str | None) -> None:
    make(database)
    with pytest.raises(NotAuthenticated):
        KeyRing(database).authenticate(secret, Scope.ASK)


def test_only_the_exact_key_counts(database: Database) -> None:
    _, secret = make(database)
    ring = KeyRing(database)
    ring.authenticate(secret, Scope.ASK)
    for other in (secret.upper(), secret[:-1], secret + "x", f" {secret}", f"{secret}\n"):
        with pytest.raises(NotAuthenticated):
            ring.authenticate(other, Scope.ASK)


def test_an_expired_key_is_refused(database: Database) -> None:
    _, expired = make(database, expires_at=now() - timedelta(seconds=1))
    _, valid = make(database, expires_at=now() + timedelta(hours=1))
    ring = KeyRing(database)
    ring.authenticate(valid, Scope.ASK)
    with pytest.raises(NotAuthenticated, match="expired"):
        ring.authenticate(expired, Scope.ASK)


def test_a_trusted_key_still_expires_in_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = make(database, expires_at=now() + timedelta(hours=1))
    ring = KeyRing(database, trust_seconds=86_400)
    ring.authenticate(secret, Scope.ASK)
    monkeypatch.setattr("chatbot.services.access.keys.now", lambda: now() + timedelta(hours=2))
    with pytest.raises(NotAuthenticated, match="expired"):
        ring.authenticate(secret, Scope.ASK)


def test_a_key_revoked_elsewhere_is_trusted_only_for_a_while(database: Database) -> None:
    key_id, secret = make(database)
    trusting, doubting = KeyRing(database, trust_seconds=60), KeyRing(database, trust_seconds=0)
    for ring in (trusting, doubting):
        ring.authenticate(secret, Scope.ASK)
    with database.write() as session:
        revoke_key(session, "admin", key_id)
    trusting.authenticate(secret, Scope.ASK)
    with pytest.raises(NotAuthenticated):
        doubting.authenticate(secret, Scope.ASK)
    trusting.forget()
    with pytest.raises(NotAuthenticated):
        trusting.authenticate(secret, Scope.ASK)


def test_a_revoked_key_is_refused_and_the_others_are_not(database: Database) -> None:
    key_id, secret = make(database)
    _, other = make(database)
    for _ in range(2):
        with database.write() as session:
            revoke_key(session, "admin", key_id)
    with pytest.raises(NotAuthenticated, match="revoked"):
        KeyRing(database).authenticate(secret, Scope.ASK)
    KeyRing(database).authenticate(other, Scope.ASK)
    with database.read() as session:
        actions = session.scalars(select(AuditEvent.action)).all()
    assert actions.count("key.revoke") == 1


def test_an_unknown_key_cannot_be_revoked(database: Database) -> None:
    with database.write() as session, pytest.raises(NotFound, match="no key 12345678"):
        revoke_key(session, "admin", "12345678")


def test_a_key_is_stored_only_as_its_hash(database: Database) -> None:
    key_id, secret = make(database)
    with database.read() as session:
        row = session.get(ApiKey, key_id)
        assert row is not None
        stored = [str(getattr(row, column.name)) for column in ApiKey.__table__.columns]
        trail = str([event.detail for event in session.scalars(select(AuditEvent))])
    random_part = secret.split("_", 2)[2]
    assert len(random_part) >= 43
    assert random_part not in " ".join([*stored, trail])


def test_keys_are_never_alike_and_listed_oldest_first(database: Database) -> None:
    with database.write() as session:
        made = [create_key(session, "admin", f"k{i}", Scope.ASK) for i in range(20)]
        for age, (row, _) in enumerate(made):
            row.created_at = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=age)
        session.flush()
        assert [row.name for row in list_keys(session)] == [f"k{i}" for i in reversed(range(20))]
    assert len({secret for _, secret in made}) == 20
