"""variants of an answer, and where an intent leads"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COLUMNS = ("variants", "follow_ups")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("intents", sa.Column(name, sa.JSON(), nullable=True))
        op.execute(f"UPDATE intents SET {name} = '[]'")  # noqa: S608 a constant
    with op.batch_alter_table("intents") as batch:
        for name in _COLUMNS:
            batch.alter_column(name, existing_type=sa.JSON(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("intents") as batch:
        for name in _COLUMNS:
            batch.drop_column(name)
