"""Every test that takes `database` runs on SQLite and on PostgreSQL."""

import pytest

from chatbot.storage.database import Database
from fakes import Clock


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Migrated, empty, and the test's own."""
    opened: Database = request.getfixturevalue(f"{request.param}_database")
    return opened


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The databases' clock, which stands still until the test sets it."""
    standing = Clock()
    monkeypatch.setattr(Database, "clock", lambda *_: standing.stands_at)
    return standing
