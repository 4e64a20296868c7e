"""Brings a database to the newest schema; every command calls it, so none needs a set-up step."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext

from chatbot.storage.database import Database

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def migrate(database: Database) -> None:
    """Apply all missing migrations; a database at the newest revision costs one query."""
    with database.read() as session:
        at = MigrationContext.configure(session.connection()).get_current_revision()
    if at != newest_revision():
        command.upgrade(alembic_config(database), "head")


def newest_revision() -> str:
    """Migrations are numbered, so the last file name tells it."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def alembic_config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = database.engine
    return config
