"""What fell with a stolen key, to be issued anew: the list of it, and its two passes.

Certificates come first: a record names its certificate by id and digest, so that it is made for the
new one. That is why a record is issued anew, too, which has not fallen and whose certificate has.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TypeVar

from signedcert.core.code import VerificationCode
from signedcert.errors import IssueError
from signedcert.issue.corrections import read_code
from signedcert.issue.requests import CERTIFICATE_KIND, RECORD_KIND
from signedcert.issue.rows import BadRow, Form, ReadRow, Table, check_columns, read_rows
from signedcert.registry.registry import DocumentKey, Registry

OPTIONAL = ("kind", "learner_id", "course", "run", "issued", "entry")
_FORM = Form(
    "list",
    ("code",),
    f"the first line names the column code, and any of {', '.join(OPTIONAL)}",
    label="code",
)
_AT_ONCE = 500

_Row = TypeVar("_Row")


class ReissueRow(NamedTuple):
    """A document that fell, by its ``code``. With ``its_record``, the record that belongs to this
    certificate is meant, which names it and has not fallen itself. ``line`` is the line of the file
    at which the row starts.
    """

    line: int
    code: VerificationCode
    its_record: bool = False

    @property
    def identity(self) -> tuple[str, ...]:
        """What no other row has that is to count."""
        return (str(self.code),)

    @property
    def label(self) -> str:
        """What people know it by."""
        return str(self.code)


def read_reissue(path: Path) -> Iterator[ReissueRow | BadRow]:
    """The rows of a list like reissue.csv, one at a time. The codes alone count; what else a
    document is, the registry knows.

    Raises IssueError, before the first row: ``roster-unreadable``, ``column-missing``,
    ``column-unknown``. A bad row is a ``BadRow`` in its place.
    """
    return read_rows(path, _FORM, _begin)


def _begin(table: Table) -> ReadRow[ReissueRow]:
    check_columns(table, ("code", *OPTIONAL))
    pick = itemgetter(table.names.index("code"))
    return lambda line, cells: ReissueRow(line, read_code(pick(cells)))


def passes(path: Path, registry: Registry) -> Iterator[Iterator[ReissueRow | BadRow]]:
    """The rows of the file that are to be done first, and those for when they are done: each row
    once, and more for records whose certificates were issued anew. The digests of whose records
    they are stay in memory, a hundred bytes each.

    Raises what ``read_reissue`` does, and ``roster-unreadable`` for what cannot be read twice.
    """
    if path.exists() and not path.is_file():
        message = "it is read more than once; give a file"
        raise IssueError("roster-unreadable", message, where=str(path))
    yield _certificates(path, registry)
    yield _records(path, registry)


def _certificates(path: Path, registry: Registry) -> Iterator[ReissueRow | BadRow]:
    """All rows but those of records."""
    for rows in _chunks(read_reissue(path)):
        keys = _keys(rows, registry)
        for row in rows:
            if isinstance(row, BadRow) or not _is_record(keys.get(row.code)):
                yield row


def _records(path: Path, registry: Registry) -> Iterator[ReissueRow]:
    """The records of the list, and then those of its certificates that are not in the list."""
    seen: set[bytes] = set()
    for rows in _chunks(_good(read_reissue(path))):
        keys = _keys(rows, registry)
        for row in rows:
            key = keys.get(row.code)
            if key is not None and _is_record(key):
                seen.add(_digest(key))
                yield row
    for rows in _chunks(_good(read_reissue(path))):
        keys = _keys(rows, registry)
        yield from _belonging(rows, keys, registry, seen)


def _belonging(
    rows: list[ReissueRow],
    keys: dict[VerificationCode, DocumentKey],
    registry: Registry,
    seen: set[bytes],
) -> Iterator[ReissueRow]:
    """The records of those of the certificates that something has taken the place of."""
    current = registry.find_current(
        [one._replace(kind=kind) for one in keys.values() for kind in (RECORD_KIND, one.kind)]
    )
    for row in rows:
        key = keys.get(row.code)
        if key is None or key.kind != CERTIFICATE_KIND:
            continue
        record = key._replace(kind=RECORD_KIND)
        replaced = key in current and current[key].code != row.code
        if replaced and record in current and _digest(record) not in seen:
            seen.add(_digest(record))
            yield row._replace(its_record=True)


def _keys(
    rows: Iterable[ReissueRow | BadRow], registry: Registry
) -> dict[VerificationCode, DocumentKey]:
    codes = [row.code for row in rows if isinstance(row, ReissueRow)]
    return {code: row.key for code, row in registry.find_all(codes).items()}


def _is_record(key: DocumentKey | None) -> bool:
    return key is not None and key.kind == RECORD_KIND


def _digest(key: DocumentKey) -> bytes:
    return hashlib.blake2b(repr(key).encode(), digest_size=16).digest()


def _good(rows: Iterable[ReissueRow | BadRow]) -> Iterator[ReissueRow]:
    return (row for row in rows if isinstance(row, ReissueRow))


def _chunks(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _AT_ONCE)):
        yield chunk
