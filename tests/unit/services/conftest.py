"""Every test that takes `database` runs on SQLite and on PostgreSQL."""

import pytest

from chatbot.storage.database import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Migrated, empty, and the test's own."""
    opened: Database = request.getfixturevalue(f"{request.param}_database")
    return opened
