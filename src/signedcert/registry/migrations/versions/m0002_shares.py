"""What learners share by private links, when that was opened, and who is signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds tables; those that there are stay as they are."""
    op.create_table(
        "shares",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("token", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("document", sa.String(20), sa.ForeignKey("documents.code"), nullable=False),
        sa.Column("learner_id", sa.String(128), nullable=False),
        sa.Column("results", sa.Text, nullable=False),
        sa.Column("with_name", sa.Boolean, nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("created", sa.String(20), nullable=False),
        sa.Column("expires", sa.String(20)),
        sa.Column("ended", sa.String(20)),
        sqlite_autoincrement=True,
    )
    op.create_index("shares_learner", "shares", ["learner_id"])
    op.create_table(
        "openings",
        sa.Column("share", sa.Integer, sa.ForeignKey("shares.number"), primary_key=True),
        sa.Column("minute", sa.String(20), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_table(
        "logins",
        sa.Column("token", sa.LargeBinary(32), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("learner_id", sa.String(128), nullable=False),
        sa.Column("expires", sa.String(20), nullable=False),
    )
    op.create_index("logins_expires", "logins", ["expires"])


def downgrade() -> None:
    """Not offered: links that were ended would be forgotten with those that were not."""
    message = "a registry is not taken back to an older release; restore a backup instead"
    raise RuntimeError(message)
