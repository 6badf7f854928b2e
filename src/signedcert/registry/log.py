"""The log in a registry: its entries and its heads are the truth, its files a picture of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from signedcert.core.code import VerificationCode
from signedcert.core.encoding import format_time
from signedcert.core.merkle import Frontier
from signedcert.registry.errors import ConflictError
from signedcert.registry.tables import documents, log_entries, log_heads, log_pending

#: SQLite's limit on variables in a statement.
_MAX_CODES = 500


class HeadRow(NamedTuple):
    """A head of the log. ``at`` is when it was made, ``note`` the signed checkpoint; None as long
    as it is to be signed: nothing else can be signed before it. ``frontier`` is as ``add_head``
    got it; None for a head that is older than this column.
    """

    size: int
    root: bytes
    at: str
    note: str | None
    frontier: bytes | None


class LogPlace(NamedTuple):
    """Where a document is in a log, and what is logged of it."""

    number: int
    entry: bytes


class LogTable:
    """One log of a registry, by its number; every write is one transaction."""

    def __init__(self, engine: Engine, log: int = 1) -> None:
        self._engine = engine
        self._log = log

    # Entries

    def size(self) -> int:
        """How many entries there are, under a head or not yet."""
        with self._engine.connect() as connection:
            return connection.scalar(_SIZE, {"log": self._log}) or 0

    def pending(self) -> int:
        """How many documents are not logged yet."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(log_pending)) or 0

    def append(self, limit: int, shuffle: Callable[[list[int]], None]) -> int:
        """Gives up to ``limit`` documents that are not logged yet their places, in the order that
        ``shuffle`` leaves; how many they were. They keep these places for ever.

        Raises ConflictError: another writer was first.
        """
        with self._engine.begin() as connection:
            _lock(connection)
            first = connection.scalar(_SIZE, {"log": self._log}) or 0
            numbers = list(connection.scalars(_PENDING, {"limit": limit}).all())
            shuffle(numbers)
            if numbers:
                connection.execute(
                    insert(log_entries),
                    [
                        {"log": self._log, "number": first + i, "document": number}
                        for i, number in enumerate(numbers)
                    ],
                )
                connection.execute(_DONE, {"log": self._log, "first": first})
        return len(numbers)

    def requeue(self, earlier: Mapping[int, int]) -> int:
        """Has documents wait for this log that have a place in an earlier one and no good one:
        from those sizes on, by the numbers of the logs, nothing is good. How many they were; none,
        once they wait or are in this log.

        Raises ConflictError: another writer was first.
        """
        if not self.stranded(earlier):
            return 0
        with self._engine.begin() as connection:
            _lock(connection)
            return sum(
                connection.execute(insert(log_pending).from_select(["document"], wanted)).rowcount
                for wanted in self._stranded(earlier)
            )

    def stranded(self, earlier: Mapping[int, int]) -> bool:
        """Whether there are documents that ``requeue`` would have wait."""
        with self._engine.connect() as connection:
            return any(
                connection.execute(wanted.limit(1)).first() for wanted in self._stranded(earlier)
            )

    def _stranded(self, earlier: Mapping[int, int]) -> Iterator[Select[Any]]:
        """One statement for each earlier log."""
        other = log_entries.alias()
        good = [and_(other.c.log == log, other.c.number < size) for log, size in earlier.items()]
        elsewhere = other.c.document == log_entries.c.document, or_(other.c.log == self._log, *good)
        for log, size in earlier.items():
            yield (
                select(documents.c.code)
                .join_from(log_entries, documents, documents.c.number == log_entries.c.document)
                .where(
                    log_entries.c.log == log,
                    log_entries.c.number >= size,
                    ~select(other.c.number).where(*elsewhere).exists(),
                    ~select(log_pending).where(log_pending.c.document == documents.c.code).exists(),
                )
            )

    def entries(self, start: int, stop: int) -> list[bytes]:
        """The log entries at these places, in their order."""
        place = {"log": self._log, "start": start, "stop": stop}
        with self._engine.connect() as connection:
            return list(connection.scalars(_ENTRIES, place).all())

    def places(self, codes: Sequence[VerificationCode]) -> dict[VerificationCode, LogPlace]:
        """Where documents are in this log; those that are not in it are left out."""
        found: dict[str, LogPlace] = {}
        symbols = [code.symbols for code in codes]
        with self._engine.connect() as connection:
            for start in range(0, len(symbols), _MAX_CODES):
                wanted = {"log": self._log, "codes": symbols[start : start + _MAX_CODES]}
                for code, number, entry in connection.execute(_PLACES, wanted).all():
                    if number is not None:
                        found[code] = LogPlace(number, entry)
        return {code: found[code.symbols] for code in codes if code.symbols in found}

    # Heads

    def newest_head(self) -> HeadRow | None:
        """The largest head, signed or not; None if there is none yet."""
        return self._head(_NEWEST)

    def newest_signed(self) -> HeadRow | None:
        """The largest head that is signed; None if there is none yet."""
        return self._head(_NEWEST.where(log_heads.c.note.is_not(None)))

    def signed_below(self, size: int) -> HeadRow | None:
        """The largest head below this size that is signed; None if there is none."""
        below = _NEWEST.where(log_heads.c.note.is_not(None), log_heads.c.size < size)
        return self._head(below)

    def head(self, size: int) -> HeadRow | None:
        """The head of this size; None if there is none."""
        return self._head(_HEADS.where(log_heads.c.size == size))

    def head_over(self, index: int) -> HeadRow | None:
        """The smallest signed head that covers the entry with this index; None if none does yet."""
        over = _HEADS.where(log_heads.c.size > index, log_heads.c.note.is_not(None))
        return self._head(over.limit(1))

    def heads(self) -> list[HeadRow]:
        """All heads, by size."""
        with self._engine.connect() as connection:
            return [HeadRow(*row) for row in connection.execute(_HEADS, {"log": self._log})]

    def roots(self, count: int | None = None) -> dict[int, bytes]:
        """The roots of the smallest ``count`` signed heads, or of all, by their sizes, which
        ascend.
        """
        wanted = select(log_heads.c.size, log_heads.c.root).where(
            log_heads.c.log == self._log, log_heads.c.note.is_not(None)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(wanted.order_by(log_heads.c.size).limit(count))
            return {size: root for size, root in rows}  # noqa: C416 - of rows, which are no tuples

    def _head(self, wanted: Select[Any]) -> HeadRow | None:
        with self._engine.connect() as connection:
            row = connection.execute(wanted, {"log": self._log}).first()
        return None if row is None else HeadRow(*row)

    def add_head(self, frontier: Frontier, at: datetime) -> None:
        """Writes down which head is to be signed next: there is never more than one, and it is the
        largest. Raises ConflictError if another one is to be signed, or is as large.
        """
        head = HeadRow(frontier.size, frontier.root(), format_time(at), None, frontier.encode())
        row = {"log": self._log, **head._asdict()}
        with self._engine.begin() as connection:
            _lock(connection)
            if connection.scalar(_BEFORE_IT, {"log": self._log, "new": head.size}):
                raise ConflictError
            connection.execute(insert(log_heads), [row])

    def sign_head(self, size: int, note: str) -> None:
        """Writes down the signed checkpoint of a head, if there is none yet."""
        with self._engine.begin() as connection:
            connection.execute(_SIGN, {"of_log": self._log, "of_size": size, "signed": note})


def _lock(connection: Connection) -> None:
    """Until the end of the transaction, nobody else writes to a log."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE log_heads IN EXCLUSIVE MODE"))
    else:
        connection.execute(_NOTHING)


_SIZE = select(func.max(log_entries.c.number) + 1).where(log_entries.c.log == bindparam("log"))
#: Who reads first may find that another one has written, and then may not write (SQLite).
_NOTHING = delete(log_pending).where(log_pending.c.document == "")
_PENDING = (
    select(documents.c.number)
    .join_from(log_pending, documents, documents.c.code == log_pending.c.document)
    .limit(bindparam("limit"))
)
_NEW = (
    select(documents.c.code)
    .join_from(log_entries, documents, documents.c.number == log_entries.c.document)
    .where(log_entries.c.log == bindparam("log"), log_entries.c.number >= bindparam("first"))
)
_DONE = delete(log_pending).where(log_pending.c.document.in_(_NEW))
_ENTRIES = (
    select(documents.c.entry)
    .join_from(log_entries, documents, documents.c.number == log_entries.c.document)
    .where(
        log_entries.c.log == bindparam("log"),
        log_entries.c.number >= bindparam("start"),
        log_entries.c.number < bindparam("stop"),
    )
    .order_by(log_entries.c.number)
)
#: A join would leave it to SQLite to go through the whole log for some hundred documents.
_NUMBER = (
    select(log_entries.c.number)
    .where(
        log_entries.c.document == documents.c.number,
        log_entries.c.log == bindparam("log"),
    )
    .scalar_subquery()
)
_PLACES = select(documents.c.code, _NUMBER, documents.c.entry).where(
    documents.c.code.in_(bindparam("codes", expanding=True))
)
_HEADS = (
    select(*(log_heads.c[name] for name in HeadRow._fields))
    .where(log_heads.c.log == bindparam("log"))
    .order_by(log_heads.c.size)
)
_BEFORE_IT = select(func.count()).where(
    log_heads.c.log == bindparam("log"),
    or_(log_heads.c.size >= bindparam("new"), log_heads.c.note.is_(None)),
)
_NEWEST = _HEADS.order_by(None).order_by(log_heads.c.size.desc()).limit(1)
_SIGN = (
    update(log_heads)
    .where(
        log_heads.c.log == bindparam("of_log"),
        log_heads.c.size == bindparam("of_size"),
        log_heads.c.note.is_(None),
    )
    .values(note=bindparam("signed"))
)
