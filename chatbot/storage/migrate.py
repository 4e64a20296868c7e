"""Bring a database to the newest schema; every command does, so none needs a set-up step."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from chatbot.storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parents[2] / "migrations"
_LOCK_KEY = 0x63_68_61_74_62_6F_74
"""“chatbot”: advisory locks are known by a number alone."""


def migrate(database: Database) -> None:
    """Apply all missing migrations; a database at the newest revision costs one query.

    Processes that start together wait for each other here: each would find tables missing.
    """
    with _one_process_at_a_time(database):
        if current_revision(database) != newest_revision():
            from alembic import command  # 10 MiB that a web process does without

            command.upgrade(alembic_config(database), "head")


def current_revision(database: Database) -> str | None:
    """Return the last migration applied; None for an empty database."""
    with database.read() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return None
        version: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def newest_revision() -> str:
    """Return the number of the newest migration, which its file name tells."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def alembic_config(database: Database) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = database.engine
    return config


@contextmanager
def _one_process_at_a_time(database: Database) -> Iterator[None]:
    """Lock out other processes; on SQLite by a file: the database's own lock does not cover its
    switch to WAL.
    """
    if database.is_sqlite:
        with Path(f"{database.url.database}.migrating").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    else:
        with database.engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            yield
