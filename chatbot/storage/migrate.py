"""Brings a database to the newest schema; every command calls it, so none needs a set-up step."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from chatbot.storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def migrate(database: Database) -> None:
    """Apply all missing migrations; a database at the newest revision costs one query."""
    if current_revision(database) != newest_revision():
        from alembic import command  # 10 MiB that a web process does without

        command.upgrade(alembic_config(database), "head")


def current_revision(database: Database) -> str | None:
    """The last migration applied; None for an empty database."""
    with database.read() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return None
        version: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def newest_revision() -> str:
    """Migrations are numbered, so the last file name tells it."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def alembic_config(database: Database) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = database.engine
    return config
