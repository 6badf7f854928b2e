"""What became of documents after they were issued: revoked, suspended, restored, replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds a table; every document that there is stays valid."""
    op.create_table(
        "status_changes",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("document", sa.String(20), sa.ForeignKey("documents.code"), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("at", sa.String(20), nullable=False),
        sa.CheckConstraint("status >= 0 AND status <= 3", name="status_known"),
        sqlite_autoincrement=True,
    )
    op.create_index("status_changes_document", "status_changes", ["document", "number"])


def downgrade() -> None:
    """Not offered: what was revoked would stand again."""
    message = "a registry is not taken back to an older release; restore a backup instead"
    raise RuntimeError(message)
