"""questions on which two versions disagree, and what the queue was last ranked by"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disagreements",
        sa.Column("query_id", sa.String(length=32), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("live_id", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["query_id"],
            ["queries.id"],
            name=op.f("fk_disagreements_query_id_queries"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_versions.id"],
            name=op.f("fk_disagreements_version_id_model_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["live_id"],
            ["model_versions.id"],
            name=op.f("fk_disagreements_live_id_model_versions"),
        ),
        sa.PrimaryKeyConstraint("query_id", name=op.f("pk_disagreements")),
    )
    op.create_index(
        op.f("ix_disagreements_version_id"), "disagreements", ["version_id"], unique=False
    )
    op.create_table(
        "queue_ranking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("ranked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_queue_ranking_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_ranking")),
    )


def downgrade() -> None:
    op.drop_table("queue_ranking")
    op.drop_index(op.f("ix_disagreements_version_id"), table_name="disagreements")
    op.drop_table("disagreements")
