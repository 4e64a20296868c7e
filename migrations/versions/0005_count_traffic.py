"""indexes for the overview: how a time's questions were answered, what was confirmed lately"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("queries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_queries_asked_at"))
        batch_op.create_index(
            "ix_queries_traffic", ["asked_at", "test", "decision", "helpful"], unique=False
        )
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_confirmations_confirmed_at"), ["confirmed_at"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_confirmations_confirmed_at"))
    with op.batch_alter_table("queries", schema=None) as batch_op:
        batch_op.drop_index("ix_queries_traffic")
        batch_op.create_index(batch_op.f("ix_queries_asked_at"), ["asked_at"], unique=False)
