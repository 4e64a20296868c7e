"""pins, the watch after a promotion, the random sample, and who released a confirmation"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TRAFFIC = ["asked_at", "test", "decision", "helpful"]
_SAMPLED = sa.text("sample_share IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "pins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("intent", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("normalised", sa.Text(), nullable=False),
        sa.Column("pinned_by", sa.String(length=100), nullable=False),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pins")),
        sa.UniqueConstraint("normalised", name=op.f("uq_pins_normalised")),
    )
    op.create_index(op.f("ix_pins_intent"), "pins", ["intent"], unique=False)
    op.create_table(
        "watches",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("previous_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_by", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(
            ["generation"], ["releases.generation"], name=op.f("fk_watches_generation_releases")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_versions.id"], name=op.f("fk_watches_version_id_model_versions")
        ),
        sa.ForeignKeyConstraint(
            ["previous_id"],
            ["model_versions.id"],
            name=op.f("fk_watches_previous_id_model_versions"),
        ),
        sa.PrimaryKeyConstraint("generation", name=op.f("pk_watches")),
    )
    op.create_index(op.f("ix_watches_state"), "watches", ["state"], unique=False)
    op.add_column("queries", sa.Column("offered", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("queries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sample_share", sa.Double(), nullable=True))
        batch_op.drop_index("ix_queries_traffic")
        batch_op.create_index("ix_queries_traffic", [*_TRAFFIC, "model_version"], unique=False)
    op.create_index(
        "ix_queries_sample",
        "queries",
        ["asked_at"],
        sqlite_where=_SAMPLED,
        postgresql_where=_SAMPLED,
    )
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("released_by", sa.String(length=100), nullable=True))
    # What was confirmed before there was a quarantine keeps teaching.
    confirmations = sa.table("confirmations", sa.column("released_by", sa.String()))
    op.execute(sa.update(confirmations).values(released_by="upgrade"))


def downgrade() -> None:
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        batch_op.drop_column("released_by")
    op.drop_index("ix_queries_sample", table_name="queries")
    with op.batch_alter_table("queries", schema=None) as batch_op:
        batch_op.drop_index("ix_queries_traffic")
        batch_op.create_index("ix_queries_traffic", _TRAFFIC, unique=False)
        batch_op.drop_column("offered")
        batch_op.drop_column("sample_share")
    op.drop_index(op.f("ix_watches_state"), table_name="watches")
    op.drop_table("watches")
    op.drop_index(op.f("ix_pins_intent"), table_name="pins")
    op.drop_table("pins")
