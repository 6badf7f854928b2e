"""The transparency log: which document is which entry, and the heads that were signed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds three tables; every document that there is waits to be logged."""
    op.create_table(
        "log_pending",
        sa.Column("document", sa.String(20), sa.ForeignKey("documents.code"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_entries",
        sa.Column("log", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("document", sa.Integer, sa.ForeignKey("documents.number"), nullable=False),
        sa.UniqueConstraint("document", "log", name="logged_once"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_heads",
        sa.Column("log", sa.Integer, primary_key=True),
        sa.Column("size", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("at", sa.String(20), nullable=False),
        sa.Column("note", sa.Text),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO log_pending SELECT code FROM documents")


def downgrade() -> None:
    """Not offered: what was published could not be continued."""
    message = "a registry is not taken back to an older release; restore a backup instead"
    raise RuntimeError(message)
