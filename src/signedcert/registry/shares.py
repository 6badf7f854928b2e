"""What learners share by private links, when that was opened, and who is signed in.

Of every token only a digest comes here. Every ``at`` and ``expires`` is aware; what expires at a
moment is over at that moment.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    String,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from signedcert.core.code import VerificationCode
from signedcert.core.encoding import format_time
from signedcert.errors import MalformedError
from signedcert.registry.engine import in_transaction
from signedcert.registry.errors import ConflictError
from signedcert.registry.tables import logins, openings, shares

#: Minutes of a share that are listed; a link may be opened every minute for years.
MAX_OPENINGS = 100

LoginKind = Literal["link", "session"]


class ShareRow(NamedTuple):
    """One share as the registry holds it, times as ``format_time`` writes them.

    ``results`` are the numbers of the results it shows, from 1 and ascending; ``expires`` is None
    for a share without an end, ``ended`` is when the learner ended it.
    """

    number: int
    document: VerificationCode
    learner_id: str
    results: tuple[int, ...]
    with_name: bool
    label: str
    created: str
    expires: str | None
    ended: str | None


class Opening(NamedTuple):
    """A minute in which a share was opened, and how often."""

    minute: str
    times: int


class ShareLog(NamedTuple):
    """A share, the last 100 minutes in which it was opened, the newest first, and how many
    ``times`` it was in all.
    """

    share: ShareRow
    openings: tuple[Opening, ...]
    times: int


class ShareTable:
    """Shares, openings and logins in a registry's database; every write is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._find = _FIND.compile(dialect=engine.dialect)

    # Shares

    def add(
        self,
        digest: bytes,
        *,
        document: VerificationCode,
        learner_id: str,
        results: tuple[int, ...],
        with_name: bool,
        label: str,
        created: datetime,
        expires: datetime | None,
    ) -> int:
        """Writes a new share; its number, which no other share ever has.

        Raises MalformedError ``wrong-value``: the registry has no such document.
        """
        values = {
            "token": digest,
            "document": document.symbols,
            "learner_id": learner_id,
            "results": ",".join(map(str, results)),
            "with_name": with_name,
            "label": label,
            "created": format_time(created),
            "expires": None if expires is None else format_time(expires),
        }
        try:
            with self._engine.begin() as connection:
                return int(connection.execute(_ADD, values).scalar_one())
        except ConflictError:
            message = f"no document has the code {document}"
            raise MalformedError("wrong-value", message, where="document") from None

    def find(self, digest: bytes, at: datetime) -> ShareRow | None:
        """The share with this token, if it is live at ``at``.

        One that there never was, one that has ended and one that has expired are not told apart,
        here or by the time that it takes: the database decides it in one step.
        """
        values = {"token": digest, "at": format_time(at)}
        names = self._find.positiontup
        connection = self._engine.raw_connection()  # 25 µs, and 120 by a statement of SQLAlchemy's
        try:
            cursor = connection.cursor()
            cursor.execute(self._find.string, [values[name] for name in names] if names else values)
            row = cursor.fetchone()
            cursor.close()
        finally:
            connection.close()
        return None if row is None else _share(row)

    def record_opening(self, number: int, at: datetime) -> None:
        """Counts that a share was opened in this minute."""
        minute = format_time(at)[:_TO_MINUTE] + "00Z"
        with self._engine.begin() as connection:
            connection.execute(_COUNT, {"share": number, "minute": minute})

    def of_learner(self, learner_id: str) -> list[ShareLog]:
        """All shares of a learner, ended and expired ones too, the newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(_OF_LEARNER, {"learner_id": learner_id}).all()
            opened = connection.execute(_OPENED, {"learner_id": learner_id}).all()
            times = {
                row[0]: row[1] for row in connection.execute(_TIMES, {"learner_id": learner_id})
            }
        by_share = {
            number: tuple(Opening(*one[1:]) for one in group)
            for number, group in groupby(opened, lambda one: one[0])
        }
        return [
            ShareLog(_share(row), by_share.get(row[0], ()), times.get(row[0], 0)) for row in rows
        ]

    def end(self, learner_id: str, number: int | None, at: datetime) -> int:
        """Ends one share of a learner, or with None all of them; how many were live until now.

        Nothing else is written: one that is over stays as it is, and so does another learner's.
        """
        wanted = _END if number is None else _END.where(shares.c.number == number)
        values = {"learner": learner_id, "at": format_time(at)}
        return in_transaction(
            self._engine, lambda connection: connection.execute(wanted, values).rowcount
        )

    # Logins

    def add_login(
        self, digest: bytes, kind: LoginKind, learner_id: str, *, expires: datetime, at: datetime
    ) -> None:
        """Writes a login, and deletes all that have expired."""
        row = {"token": digest, "kind": kind, "learner_id": learner_id}

        def add(connection: Connection) -> None:
            connection.execute(delete(logins).where(logins.c.expires <= format_time(at)))
            connection.execute(insert(logins).values(**row, expires=format_time(expires)))

        in_transaction(self._engine, add)

    def take_link(self, digest: bytes, at: datetime) -> str | None:
        """The learner who may sign in with this link. It is gone then: of any number that ask at
        once, one gets the learner.
        """
        with self._engine.begin() as connection:
            return connection.execute(_TAKE, {"digest": digest, "at": format_time(at)}).scalar()

    def find_session(self, digest: bytes, at: datetime) -> str | None:
        """The learner who is signed in with this session."""
        with self._engine.connect() as connection:
            return connection.execute(_SESSION, {"digest": digest, "at": format_time(at)}).scalar()

    def end_session(self, digest: bytes) -> None:
        """Signs out; nothing happens if there is no such session."""
        gone = delete(logins).where(logins.c.token == digest, logins.c.kind == "session")
        with self._engine.begin() as connection:
            connection.execute(gone)


_TO_MINUTE = len("2026-06-30T12:00:")
_NUMBER = shares.c.number
_ADD = insert(shares).returning(_NUMBER)
_AT: BindParameter[str] = bindparam("at", type_=String)
_LIVE = shares.c.ended.is_(None) & (shares.c.expires.is_(None) | (shares.c.expires > _AT))
_SELECT = select(*(column for column in shares.c if column.name != "token"))
_FIND = _SELECT.where(shares.c.token == bindparam("token", type_=LargeBinary), _LIVE)
_END = update(shares).where(shares.c.learner_id == bindparam("learner"), _LIVE).values(ended=_AT)
_OF_LEARNER = _SELECT.where(shares.c.learner_id == bindparam("learner_id")).order_by(_NUMBER.desc())
_OPENINGS = select(openings).join(shares).where(shares.c.learner_id == bindparam("learner_id"))
_RANKED = _OPENINGS.add_columns(
    func.row_number()
    .over(partition_by=openings.c.share, order_by=openings.c.minute.desc())
    .label("rank")
).subquery()
_OPENED = (
    select(_RANKED.c.share, _RANKED.c.minute, _RANKED.c.count)
    .where(_RANKED.c.rank <= MAX_OPENINGS)
    .order_by(_RANKED.c.share, _RANKED.c.rank)
)
_TIMES = _OPENINGS.with_only_columns(openings.c.share, func.sum(openings.c.count)).group_by(
    openings.c.share
)
#: In SQLite's words and PostgreSQL's. SQLAlchemy has them for each of the two only.
_COUNT = text(
    "INSERT INTO openings (share, minute, count) VALUES (:share, :minute, 1) "
    "ON CONFLICT (share, minute) DO UPDATE SET count = openings.count + 1"
)


def _login(kind: LoginKind) -> ColumnElement[bool]:
    digest = bindparam("digest", type_=LargeBinary)
    return (logins.c.token == digest) & (logins.c.kind == kind) & (logins.c.expires > _AT)


_TAKE = delete(logins).where(_login("link")).returning(logins.c.learner_id)
_SESSION = select(logins.c.learner_id).where(_login("session"))


def _share(row: Sequence[Any]) -> ShareRow:
    number, code, learner_id, results, with_name, *others = row
    numbers = tuple(map(int, results.split(","))) if results else ()
    named = bool(with_name)  # SQLite itself knows 0 and 1 only
    return ShareRow(number, VerificationCode(code), learner_id, numbers, named, *others)
