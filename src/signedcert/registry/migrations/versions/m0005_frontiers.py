"""The right edge of the tree beside each head, so that a proof need not make it from tiles."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds a column; the heads that there are have none."""
    op.add_column("log_heads", sa.Column("frontier", sa.LargeBinary))


def downgrade() -> None:
    """Not offered, as for the revision before."""
    message = "a registry is not taken back to an older release; restore a backup instead"
    raise RuntimeError(message)
