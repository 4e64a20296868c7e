"""`Database.append`: one durable row a call, commits shared between threads."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from chatbot.errors import Conflict, ServiceUnavailable
from chatbot.storage.database import Database
from chatbot.storage.tables import AuditEvent, Intent
from factories import add_intent


def intent(name: str) -> dict[str, Any]:
    return {"name": name, "title": name.title(), "answer": "Yes."}


def test_a_row_is_there_with_its_defaults_when_append_returns(database: Database) -> None:
    database.append(Intent, intent("open"))

    with database.read() as session:
        row = session.scalars(select(Intent)).one()
    assert (row.name, row.title, row.enabled, row.topic) == ("open", "Open", True, "")
    assert row.created_at.tzinfo is not None


def test_rows_of_many_threads_all_arrive(database: Database) -> None:
    with ThreadPoolExecutor(12) as threads:
        list(threads.map(lambda n: database.append(Intent, intent(f"intent-{n}")), range(120)))

    with database.read() as session:
        assert session.scalar(select(func.count(Intent.id))) == 120


def test_only_the_row_at_fault_fails(database: Database) -> None:
    database.append(Intent, intent("taken"))

    def append(name: str) -> str:
        try:
            database.append(Intent, intent(name))
        except Conflict:
            return "refused"
        return "stored"

    names = [f"free-{n}" for n in range(10)] + ["taken"] * 3
    with ThreadPoolExecutor(13) as threads:
        results = list(threads.map(append, names))

    assert results == ["stored"] * 10 + ["refused"] * 3
    with database.read() as session:
        assert session.scalar(select(func.count(Intent.id))) == 11


def test_tables_do_not_mix(database: Database) -> None:
    database.append(Intent, intent("open"))
    event = {"actor": "a", "action": "b", "subject": "c", "detail": {"k": ["v"]}}
    database.append(AuditEvent, event)

    with database.read() as session:
        assert session.scalars(select(AuditEvent)).one().detail == {"k": ["v"]}


def test_a_database_that_is_away_is_named(tmp_path: Any) -> None:
    away = Database(f"sqlite:///{tmp_path}/folder/x.db")
    (tmp_path / "folder").rename(tmp_path / "gone")
    with pytest.raises(ServiceUnavailable):
        away.append(Intent, intent("open"))


def test_a_lock_that_is_held_too_long_is_waited_for_once_by_all(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.storage.database._LOCK_SECONDS", 1)

    def append(number: int) -> str:
        try:
            sqlite_database.append(Intent, intent(f"intent-{number}"))
        except ServiceUnavailable:
            return "unavailable"
        return "stored"

    started = time.monotonic()
    with sqlite_database.write() as session, ThreadPoolExecutor(9) as threads:
        add_intent(session, "holder")
        results = list(threads.map(append, range(9)))
    assert results == ["unavailable"] * 9
    assert time.monotonic() - started < 6, "two batches, not nine, wait for a second"
    assert append(9) == "stored"


def test_a_lock_is_taken_soon_after_it_is_free(sqlite_database: Database) -> None:
    with ThreadPoolExecutor(1) as threads:
        with sqlite_database.write() as session:
            add_intent(session, "holder")
            waiting = threads.submit(sqlite_database.append, Intent, intent("waiting"))
            time.sleep(0.2)
            assert not waiting.done()
        waiting.result(5)
