"""`Database.append`: rows in one durable transaction."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from chatbot.errors import Conflict, ServiceUnavailable
from chatbot.storage.database import Database
from chatbot.storage.tables import Intent
from factories import add_intent


def intent(name: str) -> dict[str, Any]:
    return {"name": name, "title": name.title(), "answer": "Yes."}


def test_a_row_is_there_with_its_defaults_when_append_returns(database: Database) -> None:
    database.append(Intent, [intent("open")])

    with database.read() as session:
        row = session.scalars(select(Intent)).one()
    assert (row.name, row.title, row.enabled, row.topic) == ("open", "Open", True, "")
    assert row.created_at.tzinfo is not None


def test_all_rows_are_stored_or_none(database: Database) -> None:
    database.append(Intent, [intent(f"intent-{n}") for n in range(40)])
    with pytest.raises(Conflict):
        database.append(Intent, [intent("new"), intent("intent-7")])

    with database.read() as session:
        assert session.scalar(select(func.count(Intent.id))) == 40


def test_a_database_that_is_away_is_named(tmp_path: Any) -> None:
    away = Database(f"sqlite:///{tmp_path}/folder/x.db")
    (tmp_path / "folder").rename(tmp_path / "gone")
    with pytest.raises(ServiceUnavailable):
        away.append(Intent, [intent("open")])


def test_a_lock_that_is_held_too_long_is_named(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.storage.database._LOCK_SECONDS", 0.2)
    with sqlite_database.write() as session:
        add_intent(session, "holder")
        with pytest.raises(ServiceUnavailable):
            sqlite_database.append(Intent, [intent("waiting")])
    sqlite_database.append(Intent, [intent("waiting")])


def test_a_lock_is_taken_soon_after_it_is_free(sqlite_database: Database) -> None:
    with ThreadPoolExecutor(1) as threads:
        with sqlite_database.write() as session:
            add_intent(session, "holder")
            waiting = threads.submit(sqlite_database.append, Intent, [intent("waiting")])
            time.sleep(0.2)
            assert not waiting.done()
        waiting.result(5)
