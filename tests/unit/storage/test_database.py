import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from chatbot.errors import Conflict, ServiceUnavailable
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Intent, Knowledge, Query, Utterance
from factories import add_intent, add_query
from waiting import PATIENCE


def revision(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(Knowledge.revision)).one()


def test_what_is_written_is_read(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "the VPN is down")
    with database.read() as session:
        assert session.scalars(select(Intent.name)).all() == ["vpn"]


def test_a_write_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        add_intent(session, "vpn", "the VPN is down")
        raise RuntimeError
    with database.read() as session:
        assert session.scalar(select(func.count(Intent.id))) == 0


def test_a_read_changes_nothing(database: Database) -> None:
    with database.read() as session:
        add_intent(session, "vpn")
    with database.read() as session:
        assert session.scalar(select(func.count(Intent.id))) == 0


def test_a_read_sees_one_state_while_others_write(database: Database) -> None:
    with database.read() as session:
        before = session.scalars(select(Knowledge.revision)).one()
        with database.write() as other:
            other.execute(update(Knowledge).values(revision=before + 5))
            add_intent(other, "vpn")
        session.expire_all()
        assert session.scalars(select(Knowledge.revision)).one() == before
        assert session.scalar(select(func.count(Intent.id))) == 0
    assert revision(database) == before + 6


def test_many_threads_read_and_then_write_without_losing_an_update(database: Database) -> None:
    """On SQLite a read that later upgrades to a write would fail with “database is locked”."""

    def count_up(_: int) -> None:
        for _ in range(5):
            with database.write() as session:
                query = select(Knowledge.revision).with_for_update()
                seen = session.scalars(query).one()
                session.execute(update(Knowledge).values(revision=seen + 1))
            with database.read() as session:
                session.scalars(select(Knowledge.revision)).one()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count_up, range(8)))
    assert revision(database) == 40


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.write() as session:
        session.execute(update(Knowledge).values(revision=7))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(revision, database).result(PATIENCE) == 0
    assert revision(database) == 7


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC), id="utc"),
        pytest.param(
            datetime(2026, 7, 1, 12, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            id="india",
        ),
        pytest.param(
            datetime(2026, 3, 29, 1, 30, tzinfo=timezone(timedelta(hours=-8))),
            id="night-of-the-change",
        ),
    ],
)
def test_a_moment_comes_back_as_the_same_moment_in_utc(
    database: Database, moment: datetime
) -> None:
    with database.write() as session:
        add_query(session, "noise")
        query_id = add_query(session, asked_at=moment).id
    with database.read() as session:
        row = session.get(Query, query_id)
        assert row is not None
        assert row.asked_at == moment
        assert row.asked_at.utcoffset() == timedelta(0)
        found = session.scalars(select(Query.id).where(Query.asked_at == moment)).all()
        assert found == [query_id]


def test_the_databases_clock_is_utc_and_runs(database: Database) -> None:
    before = now()
    with database.read() as session:
        first, second = database.clock(session), database.clock(session)
    assert first.utcoffset() == timedelta(0)
    coarse = timedelta(milliseconds=1)
    assert before - coarse <= first <= second <= now()


def test_a_constraint_that_someone_else_broke_first_is_a_conflict(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
    with pytest.raises(Conflict, match="at the same moment"), database.write() as session:
        session.add(Intent(name="vpn", title="VPN", answer="again"))


def test_foreign_keys_are_enforced_and_cascade(database: Database) -> None:
    with pytest.raises(Conflict), database.write() as session:
        session.add(Utterance(intent_id=999, text="lost", normalised="lost"))
    with database.write() as session:
        add_intent(session, "printer", "paper jam")
        intent = add_intent(session, "vpn", "the VPN is down")
        session.execute(text("DELETE FROM intents WHERE id = :id"), {"id": intent.id})
    with database.read() as session:
        assert session.scalars(select(Utterance.text)).all() == ["paper jam"]


def test_there_can_be_only_one_row_of_knowledge(database: Database) -> None:
    with pytest.raises(Conflict), database.write() as session:
        session.add(Knowledge(id=2, revision=0))


def test_lower_case_knows_more_than_ascii(database: Database) -> None:
    with database.read() as session:
        assert (
            session.scalar(select(func.lower("\u00c4RGER mit \u0394"))) == "\u00e4rger mit \u03b4"
        )
        assert session.scalar(select(func.lower(None))) is None


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite:////proc/nowhere/chatbot.db", id="sqlite"),
        pytest.param("postgresql+psycopg://nobody@/none?host=/nowhere", id="postgresql"),
    ],
)
def test_a_database_that_does_not_answer_is_named_so(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathlib.Path.mkdir", lambda *_, **__: None)
    database = Database(url)
    for transaction in (database.read, database.write):
        with pytest.raises(ServiceUnavailable, match="does not answer"), transaction() as session:
            session.execute(select(1))
    database.close()


def test_a_pool_without_a_free_connection_is_unavailable_too(
    postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_database.engine.pool, "_timeout", 0.05)
    with ExitStack() as holders:
        for _ in range(15):
            holders.enter_context(postgresql_database.read())
        with pytest.raises(ServiceUnavailable), postgresql_database.read():
            pass
    assert revision(postgresql_database) == 0


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
        waiting.result(PATIENCE)
