"""Courses and documents, with the columns that log and status need from the first row on."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the first tables."""
    op.create_table(
        "courses",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("added", sa.String(20), nullable=False),
    )
    op.create_table(
        "documents",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("code", sa.String(20), nullable=False, unique=True),
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("learner_id", sa.String(128), nullable=False),
        sa.Column("course_id", sa.String(64), nullable=False),
        sa.Column("course_version", sa.Integer, nullable=False),
        sa.Column("run", sa.String(128), nullable=False),
        sa.Column("claims", sa.LargeBinary(32), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("issued", sa.String(20), nullable=False),
        sa.Column("entry", sa.LargeBinary(32), nullable=False),
        sa.Column("log_index", sa.Integer, unique=True),
        sa.Column("status_list", sa.Integer, nullable=False),
        sa.Column("status_index", sa.Integer, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.CheckConstraint("status_index >= 0 AND status_index < 1048576", name="status_in_list"),
        sa.UniqueConstraint("status_list", "status_index", name="status_once"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "documents_current",
        "documents",
        ["kind", "learner_id", "course_id", "run"],
        unique=True,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )


def downgrade() -> None:
    """Not offered: a registry that forgot documents would be no registry."""
    message = "a registry is not taken back to an older release; restore a backup instead"
    raise RuntimeError(message)
