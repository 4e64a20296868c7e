import multiprocessing
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, inspect, select, text, update

from chatbot.matching.catalogue import Entry
from chatbot.services.knowledge import publish
from chatbot.services.knowledge.catalogue import read_edit
from chatbot.storage.database import Database, Table
from chatbot.storage.migrate import alembic_config, migrate, newest_revision
from chatbot.storage.tables import Confirmation, Knowledge, Query


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Without any table."""
    if request.param == "sqlite":
        with closing(Database(f"sqlite:///{tmp_path / 'new' / 'chatbot.db'}")) as database:
            yield database
        return
    server = request.getfixturevalue("postgresql")
    with server.new() as url, closing(Database(url)) as database:
        yield database


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_a_new_database_gets_every_table_and_the_row_of_knowledge(new_database: Database) -> None:
    migrate(new_database)
    assert tables(new_database) == set(Table.metadata.tables)
    with new_database.read() as session:
        assert session.scalars(select(Knowledge.revision)).all() == [0]


def test_migrating_again_writes_nothing(new_database: Database) -> None:
    migrate(new_database)
    statements: list[str] = []
    event.listen(
        new_database.engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: statements.append(statement),
    )
    migrate(new_database)
    assert statements
    assert not [
        s for s in statements if not s.lstrip().upper().startswith(("SELECT", "PRAGMA", "BEGIN"))
    ]


def test_migrations_make_exactly_the_tables_of_the_code(new_database: Database) -> None:
    migrate(new_database)
    with new_database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Table.metadata) == []


def test_migrations_can_be_taken_back(new_database: Database) -> None:
    migrate(new_database)
    command.downgrade(alembic_config(new_database), "base")
    assert tables(new_database) == set()
    migrate(new_database)
    assert tables(new_database) == set(Table.metadata.tables)


def test_an_installation_from_before_the_log_of_changes_starts_one(
    new_database: Database,
) -> None:
    command.upgrade(alembic_config(new_database), "0001")
    with new_database.write() as session:
        session.execute(update(Knowledge).values(revision=7))
    migrate(new_database)
    with new_database.write() as session:
        publish.create_intent(session, "ann", "vpn", "VPN", "A", "", ["VPN drops"])
        assert read_edit(session, since=6) is None
        edit = read_edit(session, since=7)
    assert edit is not None
    assert list(edit.entries.values()) == [Entry("VPN drops", "vpn")]


def test_there_is_one_newest_migration_and_it_is_the_last_file(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'unused.db'}")) as database:
        scripts = ScriptDirectory.from_config(alembic_config(database))
    assert scripts.get_heads() == [newest_revision()]


def migrate_at_once(url: str, together: Barrier) -> None:
    with closing(Database(url)) as database:
        together.wait()
        migrate(database)


def test_processes_that_start_together_migrate_once(new_database: Database) -> None:
    url = new_database.url.render_as_string(hide_password=False)
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(4)
    processes = [spawn.Process(target=migrate_at_once, args=(url, together)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert tables(new_database) == set(Table.metadata.tables)


def test_what_was_confirmed_before_there_was_a_quarantine_keeps_teaching(
    new_database: Database,
) -> None:
    command.upgrade(alembic_config(new_database), "0005")
    with new_database.write() as session:
        for statement in (
            "INSERT INTO model_versions (id, digest, kind, calibration, knowledge_revision,"
            " fingerprint, training_rows, withdrawn, report, created_at)"
            " VALUES (1, 'd', 'train', 'c', 0, 'f', 0, false, '{}', '2026-01-01 00:00:00')",
            "INSERT INTO queries (id, text, text_key, asked_at, decision, exact, candidates,"
            " usefulness, test, model_version, knowledge_revision, calibration)"
            " VALUES ('q', 'VPN', 'k', '2026-01-01 00:00:00', 'answer', false, '[]', 0, false, 1, 0,"
            " 'c')",
            "INSERT INTO confirmations (query_id, part, confirmed_by, confirmed_at)"
            " VALUES ('q', 'training', 'ann', '2026-01-01 00:00:00')",
        ):
            session.execute(text(statement))
    migrate(new_database)
    with new_database.read() as session:
        assert session.scalars(select(Confirmation.released_by)).all() == ["upgrade"]
        assert session.scalars(select(Query.sample_share)).all() == [None]
    command.downgrade(alembic_config(new_database), "0005")
    with new_database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM confirmations")) == 1
