"""The registry: a document is in it, durably, before anyone is told that it exists."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Select,
    bindparam,
    func,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import DatabaseError

from signedcert.core.code import VerificationCode
from signedcert.core.encoding import format_time
from signedcert.documents.course import Course
from signedcert.errors import ConfigurationError, IssueError
from signedcert.registry.engine import open_engine
from signedcert.registry.errors import ConflictError
from signedcert.registry.log import LogTable
from signedcert.registry.places import draw_places, taken_places
from signedcert.registry.postgresql import unreachable
from signedcert.registry.shares import ShareTable
from signedcert.registry.signed import SignedTable
from signedcert.registry.statuses import StatusChange, StatusTable, write_changes
from signedcert.registry.tables import courses, documents, log_pending

#: The revision that this release reads and writes.
REVISION = "0005"
#: SQLite's limit on variables in a statement, and room in it for the others.
_MAX_KEYS = 500


_Value = TypeVar("_Value")


class DocumentKey(NamedTuple):
    """What a host calls a document by."""

    kind: str
    learner_id: str
    course_id: str
    run: str


class DocumentRow(NamedTuple):
    """One document as the registry holds it."""

    key: DocumentKey
    code: VerificationCode
    document_id: str
    course_version: int
    claims: bytes
    document: str
    issued: str
    entry: bytes
    status_list: int
    status_index: int

    @property
    def place(self) -> tuple[int, int]:
        """Its status list, and its index in it."""
        return self.status_list, self.status_index


class DocumentText(NamedTuple):
    """A document alone, and the version of the course that it is for."""

    document: str
    course_id: str
    course_version: int


class CourseRow(NamedTuple):
    """A published course document."""

    id: str
    version: int
    text: str


class Registry:
    """A registry in the database behind a URL, of SQLite or PostgreSQL; every write is one
    transaction, synced before it returns.

    Everything raises ConfigurationError ``registry-unreachable`` where a server is not reached, or
    refuses.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def create(cls, url: str | URL) -> "Registry":
        """A new registry, at this release's revision."""
        registry = cls(open_engine(url))
        with _closed_if_not(registry):
            registry.migrate()
        return registry

    @classmethod
    def attach(cls, url: str | URL) -> "Registry":
        """The registry at ``url``, whatever its revision: good for ``migrate`` only.

        Raises ConfigurationError ``registry-missing``: its file is not there. A new one would know
        of nothing that was issued, and give places in the status lists away twice.
        """
        _require_file(url)
        return cls(open_engine(url))

    @classmethod
    def open(cls, url: str | URL) -> "Registry":
        """The registry at ``url``.

        Raises ConfigurationError: ``registry-version``, it is of another release, or empty; what
        ``attach`` refuses.
        """
        registry = cls.attach(url)
        with _closed_if_not(registry):
            found = registry.revision()
            if found != REVISION:
                raise _another(found, url)
        return registry

    def revision(self) -> str | None:
        """The migration that the database is at; None for an empty one.

        Raises ConfigurationError ``registry-version``: this is no database.
        """
        try:
            with self._engine.connect() as connection:
                if not inspect(connection).has_table("alembic_version"):
                    return None
                found = connection.scalar(text("SELECT version_num FROM alembic_version"))
                return None if found is None else str(found)
        except DatabaseError as error:
            message = f"the registry cannot be opened: {error.orig}"
            raise ConfigurationError("registry-version", message) from error
        except OSError as error:  # TLS, before there is a connection
            raise unreachable(str(error)) from error

    def migrate(self) -> tuple[str | None, str]:
        """Brings the database to this release's revision; returns the ones before and now.

        Raises ConfigurationError ``registry-version``: a later release wrote it.
        """
        from alembic import command  # noqa: PLC0415 - 200 ms, for init and migrate only
        from alembic.config import Config  # noqa: PLC0415

        before = self.revision()
        if before is not None and before > REVISION:
            raise _newer(before)
        config = Config()
        scripts = resources.files("signedcert.registry") / "migrations"
        config.set_main_option("script_location", str(scripts))
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # another process may migrate it as well
                connection.execute(_ALONE)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return before, REVISION

    def close(self) -> None:
        """Gives the connections back."""
        self._engine.dispose()

    @cached_property
    def shares(self) -> ShareTable:
        """What learners share of what is here; good until ``close``."""
        return ShareTable(self._engine)

    @cached_property
    def statuses(self) -> StatusTable:
        """What became of the documents that are here; good until ``close``."""
        return StatusTable(self._engine)

    def log(self, number: int = 1) -> LogTable:
        """One of the institution's logs; good until ``close``."""
        return LogTable(self._engine, number)

    def signed(self, headers: Sequence[str]) -> SignedTable:
        """What was signed with one key, which writes these headers; good until ``close``."""
        return SignedTable(self._engine, headers)

    # Courses

    def add_course(self, course: Course, at: datetime) -> bool:
        """Publishes a course document; False if exactly this one was published before.

        Raises IssueError ``course-exists``: this version has another text.
        """
        known = self.course(course.id, course.version)
        if known is not None:
            if known.text == course.text:
                return False
            message = (
                f"version {course.version} is published with another text; count the version up"
            )
            raise IssueError("course-exists", message, where=f"course {course.id}")
        row = {"id": course.id, "version": course.version, "text": course.text}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(courses).values(**row, added=format_time(at)))
        except ConflictError:  # another process was first: look again
            return self.add_course(course, at)
        return True

    def course(self, course_id: str, version: int | None = None) -> CourseRow | None:
        """One course document; the newest version if none is named."""
        if "\0" in course_id:  # no text for PostgreSQL
            return None
        wanted = select(courses.c.id, courses.c.version, courses.c.text)
        wanted = wanted.where(courses.c.id == course_id)
        if version is not None:
            wanted = wanted.where(courses.c.version == version)
        with self._engine.connect() as connection:
            row = connection.execute(wanted.order_by(courses.c.version.desc()).limit(1)).first()
        return None if row is None else CourseRow(*row)

    def courses(self) -> list[CourseRow]:
        """The newest version of every course, by id."""
        newest = select(courses.c.id, func.max(courses.c.version).label("version"))
        newest_of = newest.group_by(courses.c.id).subquery()
        wanted = select(courses.c.id, courses.c.version, courses.c.text).join(
            newest_of,
            (courses.c.id == newest_of.c.id) & (courses.c.version == newest_of.c.version),
        )
        with self._engine.connect() as connection:
            # A database has an order of its own for letters and hyphens.
            return sorted(CourseRow(*row) for row in connection.execute(wanted))

    # Documents

    def find(self, code: VerificationCode) -> DocumentRow | None:
        """The document with this code."""
        with self._engine.connect() as connection:
            row = connection.execute(_SELECT.where(documents.c.code == code.symbols)).first()
        return None if row is None else _document(row)

    def find_all(self, codes: Sequence[VerificationCode]) -> dict[VerificationCode, DocumentRow]:
        """The documents that exist among these, current or not."""
        symbols = [code.symbols for code in codes]
        with self._engine.connect() as connection:
            rows = [
                _document(row)
                for chunk in _chunks(symbols)
                for row in connection.execute(_AMONG, {"codes": chunk})
            ]
        return {row.code: row for row in rows}

    def texts(self, codes: Sequence[VerificationCode]) -> dict[VerificationCode, DocumentText]:
        """The same, without what else is known of them."""
        found: dict[str, DocumentText] = {}
        with self._engine.connect() as connection:
            for chunk in _chunks([code.symbols for code in codes]):
                for symbols, *text in connection.execute(_TEXTS, {"codes": chunk}).all():
                    found[symbols] = DocumentText(*text)
        return {code: found[code.symbols] for code in codes if code.symbols in found}

    def find_current(self, keys: Sequence[DocumentKey]) -> dict[DocumentKey, DocumentRow]:
        """The current documents that exist among these."""
        found = {}
        learners_by_kind: dict[str, set[str]] = {}
        for key in keys:
            learners_by_kind.setdefault(key.kind, set()).add(key.learner_id)
        with self._engine.connect() as connection:
            for kind, learners in learners_by_kind.items():
                for chunk in _chunks(sorted(learners)):
                    for row in connection.execute(_current(kind, chunk)):
                        document = _document(row)
                        found[document.key] = document
        return {key: found[key] for key in keys if key in found}

    def of_learner(self, kind: str, learner_id: str) -> list[DocumentRow]:
        """The current documents of a kind that a learner has, the newest first."""
        wanted = _current(kind, [learner_id]).order_by(documents.c.number.desc())
        with self._engine.connect() as connection:
            return [_document(row) for row in connection.execute(wanted)]

    def count(self) -> int:
        """How many documents there are."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(documents)) or 0

    def draw_status(self, count: int) -> list[tuple[int, int]]:
        """``count`` pairs of list and index, at random among the free ones.

        They are not reserved: another process may take one first, and ``add`` then says so.
        """
        with self._engine.connect() as connection:
            return draw_places(connection, count)

    def taken(self, places: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
        """Those of the pairs of list and index that a document has."""
        with self._engine.connect() as connection:
            return taken_places(connection, places)

    def add(self, rows: Iterable[DocumentRow]) -> None:
        """Writes all rows, or none. When it returns they are on disk.

        Raises ConflictError if a key, code or status index is taken.
        """
        with self._engine.begin() as connection:
            _insert(connection, rows)

    def replace(
        self,
        old: Sequence[VerificationCode],
        changes: Sequence[StatusChange],
        rows: Iterable[DocumentRow],
        at: datetime,
    ) -> None:
        """Writes all ``rows``, some of them in the place of the documents ``old``, which are then
        not current any more, and makes the ``changes``: all of it in one transaction, or nothing.
        No document names another one.

        Raises RefusedChangesError as ``StatusTable.change`` does; ConflictError as ``add`` does.
        """
        with self._engine.begin() as connection:
            write_changes(connection, changes, at)
            if old:
                connection.execute(_NO_MORE, [{"symbols": code.symbols} for code in old])
            _insert(connection, rows)


def _require_file(url: str | URL) -> None:
    """A SQLite file is made by ``create`` only, not by opening it."""
    if (
        isinstance(url, URL)
        and url.get_backend_name() == "sqlite"
        and not Path(url.database or "").is_file()
    ):
        message = "the registry is missing; restore it from a backup, an empty one will not do"
        raise ConfigurationError("registry-missing", message, where=str(url.database))


#: Any number that nobody else uses in this database; until the end of the transaction.
_ALONE = text("SELECT pg_advisory_xact_lock(7449632)")

_SELECT = select(
    documents.c.kind,
    documents.c.learner_id,
    documents.c.course_id,
    documents.c.run,
    documents.c.code,
    documents.c.document_id,
    documents.c.course_version,
    documents.c.claims,
    documents.c.document,
    documents.c.issued,
    documents.c.entry,
    documents.c.status_list,
    documents.c.status_index,
)


_AMONG = _SELECT.where(documents.c.code.in_(bindparam("codes", expanding=True)))
_TEXTS = select(
    documents.c.code, documents.c.document, documents.c.course_id, documents.c.course_version
).where(documents.c.code.in_(bindparam("codes", expanding=True)))
#: The names of what ``DocumentRow`` holds, its key spread out.
_COLUMNS = tuple(column.name for column in _SELECT.selected_columns)
_NO_MORE = update(documents).where(documents.c.code == bindparam("symbols")).values(current=False)


def _values(row: DocumentRow) -> dict[str, object]:
    return dict(zip(_COLUMNS, (*row.key, row.code.symbols, *row[2:]), strict=True))


def _insert(connection: Connection, rows: Iterable[DocumentRow]) -> None:
    """The documents, and that they are to be logged."""
    values = list(map(_values, rows))
    connection.execute(insert(documents), values)
    connection.execute(insert(log_pending), [{"document": row["code"]} for row in values])


def _document(row: Sequence[Any]) -> DocumentRow:
    return DocumentRow(DocumentKey(*row[:4]), VerificationCode(row[4]), *row[5:])


def _current(kind: str, learners: list[str]) -> Select[Any]:
    """Found by the index ``documents_current``, which a database uses if the query says
    ``current`` as the index does.
    """
    wanted = _SELECT.where(documents.c.kind == kind, documents.c.learner_id.in_(learners))
    return wanted.where(text("current"))


def _chunks(values: list[_Value]) -> Iterator[list[_Value]]:
    for start in range(0, len(values), _MAX_KEYS):
        yield values[start : start + _MAX_KEYS]


@contextmanager
def _closed_if_not(registry: Registry) -> Iterator[None]:
    """A registry that is good for nothing has no connections."""
    try:
        yield
    except BaseException:
        registry.close()
        raise


def _another(revision: str | None, url: str | URL) -> ConfigurationError:
    if revision is not None and revision > REVISION:
        return _newer(revision)
    what = "is empty" if revision is None else f"has revision {revision}"
    message = f"the registry {what}, and this release needs {REVISION}; run: signedcert migrate"
    return ConfigurationError("registry-version", message, where=make_url(url).render_as_string())


def _newer(revision: str) -> ConfigurationError:
    message = (
        f"the registry has revision {revision}, and this release knows {REVISION}; a newer release "
        "of signedcert wrote it, and is needed to use it"
    )
    return ConfigurationError("registry-version", message)
