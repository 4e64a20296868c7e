"""traffic and history by intent"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("queries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("first_intent", sa.String(length=80), nullable=True))
    queries = sa.table(
        "queries", sa.column("first_intent", sa.String()), sa.column("candidates", sa.JSON())
    )
    first = queries.c.candidates[(0, "intent")].as_string()
    op.execute(sa.update(queries).values(first_intent=first))
    with op.batch_alter_table("queries", schema=None) as batch_op:
        batch_op.create_index("ix_queries_intent", ["first_intent", "asked_at", "test"])
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_events_subject"), ["subject"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_events_subject"))
    with op.batch_alter_table("queries", schema=None) as batch_op:
        batch_op.drop_index("ix_queries_intent")
        batch_op.drop_column("first_intent")
