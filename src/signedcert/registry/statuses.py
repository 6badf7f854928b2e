"""What became of documents: each change is written down for good, and the newest one counts.

A document is valid until it is revoked, suspended or replaced. What is suspended may be restored;
revoked and replaced are final, since copies of the published lists say so for ever.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Engine, bindparam, func, insert, select, update

from signedcert.core.code import VerificationCode
from signedcert.core.encoding import format_time
from signedcert.errors import IssueError
from signedcert.registry.engine import in_transaction
from signedcert.registry.tables import documents, status_changes
from signedcert.trust.reasons import WHY
from signedcert.trust.statuslist import REPLACED, REVOKED, VALID

#: In the order of the numbers that status lists have for them.
STATUS_WORDS = ("valid", "revoked", "suspended", "replaced")
_FINAL = (REVOKED, REPLACED)
#: SQLite's limit on variables in a statement.
_MAX_CODES = 500


class StatusChange(NamedTuple):
    """The status that a document is to have, and a word of ``WHY`` for it; none for VALID."""

    code: VerificationCode
    status: int
    reason: str | None = None


class CurrentStatus(NamedTuple):
    """What holds of a document: status, reason, and since when, as ``format_time`` writes it. Both
    are None for a document that was valid always.
    """

    status: int
    reason: str | None = None
    since: str | None = None


class NotValid(NamedTuple):
    """A document that is not valid, by its place in the status lists."""

    status_list: int
    status_index: int
    status: int
    reason: str
    since: str


class RefusedChangesError(Exception):
    """Nothing was written: ``errors`` has what is wrong, by the positions of the changes."""

    def __init__(self, errors: dict[int, IssueError]) -> None:
        super().__init__(errors)
        self.errors = errors


class StatusTable:
    """The changes in a registry's database; every write is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def change(
        self, changes: Sequence[StatusChange], at: datetime, *, only_check: bool = False
    ) -> None:
        """Makes all changes, one after the other, or none. They are on disk when it returns; with
        ``only_check``, nothing is written.

        Raises RefusedChangesError with IssueError for each change that cannot be made:
        ``document-unknown``, ``status-unchanged``, ``status-final``, ``reason-unknown``. Of two
        processes that change one document, the second finds what the first has done. Raises
        IssueError ``registry-busy``.
        """

        def change(connection: Connection) -> None:
            _check(connection, changes)
            if not only_check:
                _write(connection, changes, at)

        in_transaction(self._engine, change)

    def of(self, code: VerificationCode) -> CurrentStatus | None:
        """What holds of a document now; None if there is no such document."""
        with self._engine.connect() as connection:
            row = connection.execute(_OF, {"code": code.symbols}).first()
        if row is None:
            return None
        return CurrentStatus(VALID if row[0] is None else row[0], *row[1:])

    def among(self, codes: Sequence[VerificationCode]) -> dict[VerificationCode, int]:
        """The statuses of those of the documents that ever had another one than VALID."""
        symbols = [code.symbols for code in codes]
        with self._engine.connect() as connection:
            return {
                VerificationCode(found): status
                for chunk in _chunks(symbols)
                for found, status in connection.execute(_NEWEST_AMONG, {"codes": chunk})
            }

    def not_valid(self) -> list[NotValid]:
        """All documents that are not valid, by list and index."""
        with self._engine.connect() as connection:
            return sorted(NotValid(*row) for row in connection.execute(_NOT_VALID))

    def lists(self) -> int:
        """How many status lists there are: at least one, since the first document needs it."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.max(documents.c.status_list))) or 1


def write_changes(connection: Connection, changes: Sequence[StatusChange], at: datetime) -> None:
    """What ``StatusTable.change`` does, as a part of the caller's transaction."""
    _check(connection, changes)
    _write(connection, changes, at)


def _check(connection: Connection, changes: Sequence[StatusChange]) -> None:
    symbols = sorted({change.code.symbols for change in changes})
    statuses: dict[str, int] = {}
    for chunk in _chunks(symbols):
        # Whoever else wants to change them waits here, and reads afterwards. SQLite locks the
        # database with the first thing that is written, PostgreSQL the rows that are.
        connection.execute(_LOCK, {"codes": chunk})
        known = connection.execute(_STATUSES, {"codes": chunk})
        statuses |= {row[0]: VALID if row[1] is None else row[1] for row in known}
    errors = dict(_refusals(changes, statuses))
    if errors:
        raise RefusedChangesError(errors)


def _write(connection: Connection, changes: Sequence[StatusChange], at: datetime) -> None:
    rows = [
        {"document": code.symbols, "status": status, "reason": reason, "at": format_time(at)}
        for code, status, reason in changes
    ]
    if rows:
        connection.execute(insert(status_changes), rows)


def _refusals(
    changes: Sequence[StatusChange], statuses: dict[str, int]
) -> Iterator[tuple[int, IssueError]]:
    """What is wrong, by position; ``statuses`` follow the changes that can be made."""
    for position, change in enumerate(changes):
        error = refusal(change, statuses.get(change.code.symbols))
        if error is None:
            statuses[change.code.symbols] = change.status
        else:
            yield position, error


def refusal(change: StatusChange, before: int | None) -> IssueError | None:
    """Why a document cannot be given a status after the one that it has; None if it can. A document
    without a status is none of ours.
    """
    code, after, reason = change
    if before is None:
        return unknown(code)
    if before == after:
        message = f"it is {STATUS_WORDS[before]} already"
        return IssueError("status-unchanged", message, where=str(code))
    if before in _FINAL:
        message = f"it is {STATUS_WORDS[before]}, and that is final"
        return IssueError("status-final", message, where=str(code))
    return _reason_refusal(change) if reason not in WHY.get(after, (None,)) else None


def unknown(code: VerificationCode) -> IssueError:
    """Of a code that no document has."""
    message = "no document with this code was issued here"
    return IssueError("document-unknown", message, where=str(code))


def _reason_refusal(change: StatusChange) -> IssueError:
    words = WHY.get(change.status, ())
    known = ", ".join(words) if words else "none at all"
    message = f"{ascii(change.reason)[:40]} is no reason for this; there is {known}"
    return IssueError("reason-unknown", message, where=str(change.code))


def _chunks(codes: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(codes), _MAX_CODES):
        yield codes[start : start + _MAX_CODES]


_AMONG = documents.c.code.in_(bindparam("codes", expanding=True))
#: Written as it is.
_LOCK = update(documents).where(_AMONG).values(document_id=documents.c.document_id)
_NEWEST = (
    select(func.max(status_changes.c.number))
    .where(status_changes.c.document == documents.c.code)
    .correlate(documents)
    .scalar_subquery()
)
_STATED = documents.outerjoin(status_changes, status_changes.c.number == _NEWEST)
_STATUSES = select(documents.c.code, status_changes.c.status).select_from(_STATED).where(_AMONG)
_OF = (
    select(status_changes.c.status, status_changes.c.reason, status_changes.c.at)
    .select_from(_STATED)
    .where(documents.c.code == bindparam("code"))
)
_CHANGED = status_changes.c.document.in_(bindparam("codes", expanding=True))
_NEWEST_AMONG = select(status_changes.c.document, status_changes.c.status).where(
    status_changes.c.number.in_(
        select(func.max(status_changes.c.number))
        .where(_CHANGED)
        .group_by(status_changes.c.document)
    )
)
_NEWEST_OF_ALL = select(func.max(status_changes.c.number)).group_by(status_changes.c.document)
#: Not sorted here: a database might then go through all documents in that order.
_NOT_VALID = (
    select(
        documents.c.status_list,
        documents.c.status_index,
        status_changes.c.status,
        status_changes.c.reason,
        status_changes.c.at,
    )
    .select_from(status_changes.join(documents))
    .where(status_changes.c.number.in_(_NEWEST_OF_ALL), status_changes.c.status != VALID)
)
