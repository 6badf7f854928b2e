"""The tables, as the newest migration leaves them."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

courses = Table(
    "courses",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("added", String(20), nullable=False),
)

#: One row per signed document. ``claims`` is a digest of what was asked for, by which the same
#: request is known again. ``entry`` is the log entry. ``log_index`` is not used: SQLite has no way
#: to take it away again.
#: A code that is there once says the same of document id and entry; an index over random values
#: is most of what a row costs.
documents = Table(
    "documents",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("code", String(20), nullable=False, unique=True),
    Column("document_id", String(36), nullable=False),
    Column("learner_id", String(128), nullable=False),
    Column("course_id", String(64), nullable=False),
    Column("course_version", Integer, nullable=False),
    Column("run", String(128), nullable=False),
    Column("claims", LargeBinary(32), nullable=False),
    Column("document", Text, nullable=False),
    Column("issued", String(20), nullable=False),
    Column("entry", LargeBinary(32), nullable=False),
    Column("log_index", Integer, unique=True),
    Column("status_list", Integer, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("current", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint("status_index >= 0 AND status_index < 1048576", name="status_in_list"),
    UniqueConstraint("status_list", "status_index", name="status_once"),
    sqlite_autoincrement=True,
)

#: One current document of a kind for a learner, course and run; replaced ones stay beside it. The
#: same condition for PostgreSQL is in the migration: to name it here would load that dialect.
Index(
    "documents_current",
    documents.c.kind,
    documents.c.learner_id,
    documents.c.course_id,
    documents.c.run,
    unique=True,
    sqlite_where=text("current"),
)

#: A course record that a learner shares. ``token`` is the digest of what the link holds, never the
#: token; ``results`` the numbers of the results that it shows, as "1,3,4".
shares = Table(
    "shares",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("token", LargeBinary(32), nullable=False, unique=True),
    Column("document", String(20), ForeignKey("documents.code"), nullable=False),
    Column("learner_id", String(128), nullable=False),
    Column("results", Text, nullable=False),
    Column("with_name", Boolean, nullable=False),
    Column("label", String(200), nullable=False),
    Column("created", String(20), nullable=False),
    Column("expires", String(20)),
    Column("ended", String(20)),
    sqlite_autoincrement=True,
)
Index("shares_learner", shares.c.learner_id)

#: One row for each minute in which a share was opened: who has the link cannot fill the database.
openings = Table(
    "openings",
    metadata,
    Column("share", Integer, ForeignKey("shares.number"), primary_key=True),
    Column("minute", String(20), primary_key=True),
    Column("count", Integer, nullable=False),
)

#: Who may sign in by a link (``kind`` "link"), and who has ("session"); again digests only.
logins = Table(
    "logins",
    metadata,
    Column("token", LargeBinary(32), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("learner_id", String(128), nullable=False),
    Column("expires", String(20), nullable=False),
)
Index("logins_expires", logins.c.expires)

#: What became of a document, one row a change and never one altered; the newest one counts. A
#: document without a row is valid. ``status`` as in the status lists; ``reason`` one of the coarse
#: words of ``trust.reasons``, none for a document that is valid again.
status_changes = Table(
    "status_changes",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("document", String(20), ForeignKey("documents.code"), nullable=False),
    Column("status", Integer, nullable=False),
    Column("reason", String(32)),
    Column("at", String(20), nullable=False),
    CheckConstraint("status >= 0 AND status <= 3", name="status_known"),
    sqlite_autoincrement=True,
)
Index("status_changes_document", status_changes.c.document, status_changes.c.number)

#: Documents that wait to be logged. A table of its own: it is small, and ``documents`` is not.
log_pending = Table(
    "log_pending",
    metadata,
    Column("document", String(20), ForeignKey("documents.code"), primary_key=True),
    sqlite_with_rowid=False,
)

#: Which document is which entry of which log, from 0 on, without gaps. Rows are never altered.
log_entries = Table(
    "log_entries",
    metadata,
    Column("log", Integer, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("document", Integer, ForeignKey("documents.number"), nullable=False),
    UniqueConstraint("document", "log", name="logged_once"),
    sqlite_with_rowid=False,
)

#: The heads of the logs. The one without a ``note`` is to be signed next. ``frontier`` is the right
#: edge of its tree, and spares proofs half of their hashes.
log_heads = Table(
    "log_heads",
    metadata,
    Column("log", Integer, primary_key=True),
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("at", String(20), nullable=False),
    Column("note", Text),
    Column("frontier", LargeBinary),
    sqlite_with_rowid=False,
)
