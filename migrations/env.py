"""Alembic's entry: runs on the engine it is handed, or on the one that the settings name."""

from alembic import context

from chatbot.settings import Settings
from chatbot.storage.database import Database
from chatbot.storage.tables import Intent

engine = context.config.attributes.get("engine") or Database(Settings.from_env().database).engine

with engine.connect() as connection:
    if connection.dialect.name == "sqlite":
        # A change that copies a table drops the old one, and what refers to its rows would go too.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Intent.metadata,
        render_as_batch=True,
        transaction_per_migration=True,
        user_module_prefix="chatbot.storage.database.",
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
