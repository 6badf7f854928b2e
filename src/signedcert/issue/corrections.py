"""Corrections: CSV files of which certificates are to be replaced, and what is to be other."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from signedcert.core.code import VerificationCode
from signedcert.errors import MalformedError
from signedcert.issue.rows import (
    BadRow,
    Form,
    ReadRow,
    RowError,
    Table,
    check_columns,
    read_date,
    read_rows,
    read_yes,
)
from signedcert.trust.reasons import WHY, Why
from signedcert.trust.statuslist import REPLACED

OPTIONAL = ("name", "completed", "started", "reason", "name_confirmed")
_COLUMNS = ("code", *OPTIONAL)
_FORM = Form(
    "list of corrections",
    ("code",),
    f"the first line names the column code, and any of {', '.join(OPTIONAL)}",
    label="code",
)


class CorrectionRow(NamedTuple):
    """A certificate, by its ``code``, and what is other in the one that takes its place: None for
    what stays. Nothing need be other if the ``reason`` is "other", or if it was revoked. ``line``
    is the line of the file at which it starts.
    """

    line: int
    code: VerificationCode
    name: str | None = None
    completed: date | None = None
    started: date | None = None
    reason: Why = "corrected"
    name_confirmed: bool = False

    @property
    def identity(self) -> tuple[str, ...]:
        """What no other row has that is to count."""
        return (str(self.code),)

    @property
    def label(self) -> str:
        """What people know it by."""
        return str(self.code)


def read_corrections(path: Path, reason: Why = "corrected") -> Iterator[CorrectionRow | BadRow]:
    """The rows of a list of corrections, one at a time; UTF-8 with or without byte-order mark,
    comma or semicolon, columns in any order. An empty cell is for what stays as it was; ``reason``
    is for rows that give none. Memory is bounded, whatever the file holds.

    Raises IssueError, before the first row: ``roster-unreadable``, ``column-missing``,
    ``column-unknown``. A bad row is a ``BadRow`` in its place.
    """
    return read_rows(path, _FORM, partial(_begin, reason))


def _begin(usual: Why, table: Table) -> ReadRow[CorrectionRow]:
    check_columns(table, _COLUMNS)
    names = table.names
    pick = itemgetter(*(names.index(name) if name in names else -1 for name in _COLUMNS))

    def read_row(line: int, cells: list[str]) -> CorrectionRow:
        code, name, completed, started, reason, confirmed = pick((*cells, ""))
        return CorrectionRow(
            line,
            read_code(code),
            name or None,
            read_date("completed", completed) if completed else None,
            read_date("started", started) if started else None,
            _read_reason(reason) if reason else usual,
            read_yes(confirmed),
        )

    return read_row


def read_code(value: str) -> VerificationCode:
    """A code in any spelling; raises RowError."""
    try:
        return VerificationCode.parse(value)
    except MalformedError as error:
        raise RowError("code", error.reason, value, error.message) from error


def _read_reason(value: str) -> Why:
    for reason in WHY[REPLACED]:
        if reason == value:
            return reason
    message = f"{ascii(value)[:40]} is no reason for this; there is {', '.join(WHY[REPLACED])}"
    raise RowError("reason", "reason-unknown", value, message)
