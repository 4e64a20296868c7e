"""`clock` stands still: tests of what happens after a while set it."""

import pytest

from chatbot.storage.database import Database
from fakes import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The databases' clock, which stands still until the test sets it."""
    standing = Clock()
    monkeypatch.setattr(Database, "clock", lambda *_: standing.stands_at)
    return standing
