"""Alembic's entry: runs on the engine it is handed, or on the one that the settings name."""

from alembic import context

from chatbot.settings import Settings
from chatbot.storage.database import Database
from chatbot.storage.tables import Intent

engine = context.config.attributes.get("engine") or Database(Settings.from_env().database).engine

with engine.connect() as connection:
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
