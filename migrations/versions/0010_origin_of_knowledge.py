"""where intents, utterances and test questions come from"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = ("intents", "utterances", "evaluation_questions")


def upgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("origin", sa.String(length=20), nullable=True))
    with op.batch_alter_table("evaluation_questions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("added_by", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("added_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("evaluation_questions", schema=None) as batch_op:
        batch_op.drop_column("added_at")
        batch_op.drop_column("added_by")
    for table in reversed(_TABLES):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("origin")
