"""two texts and how alike somebody says they are"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scored_pairs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text_a", sa.Text(), nullable=False),
        sa.Column("text_b", sa.Text(), nullable=False),
        sa.Column("pair_key", sa.String(length=32), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.CheckConstraint(
            "score >= 0 AND score <= 1", name=op.f("ck_scored_pairs_score_is_a_share")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scored_pairs")),
        sa.UniqueConstraint("pair_key", name=op.f("uq_scored_pairs_pair_key")),
    )
    op.create_index("ix_scored_pairs_by", "scored_pairs", ["by", "at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_scored_pairs_by", table_name="scored_pairs")
    op.drop_table("scored_pairs")
