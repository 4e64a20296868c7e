"""how far a verdict is in effect, and who said so too"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "confirmations",
        sa.Column("standing", sa.String(length=10), server_default="votes", nullable=False),
    )
    op.add_column("confirmations", sa.Column("seconded_by", sa.String(length=100), nullable=True))
    # What no version learnt may be in quarantine: it decides on its own words until a worker, soon
    # after the start, has settled it from all rows.
    op.execute(
        "UPDATE confirmations SET standing = 'turn' "
        "WHERE query_id NOT IN (SELECT query_id FROM version_examples)"
    )


def downgrade() -> None:
    op.drop_column("confirmations", "seconded_by")
    op.drop_column("confirmations", "standing")
