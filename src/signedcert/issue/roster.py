"""Rosters: CSV files of who completed which course, row by row."""

from collections.abc import Iterator
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from signedcert.issue.rows import (
    BadRow,
    Form,
    ReadRow,
    Table,
    check_columns,
    read_date,
    read_rows,
    read_yes,
)

__all__ = ["OPTIONAL", "REQUIRED", "BadRow", "RosterRow", "read_roster"]

REQUIRED = ("learner_id", "name", "course", "run", "completed")
OPTIONAL = ("started", "name_confirmed")
_COLUMNS = (*REQUIRED, *OPTIONAL)
_FORM = Form(
    "roster",
    REQUIRED,
    f"the first line names the columns {', '.join(REQUIRED)}, and optionally {', '.join(OPTIONAL)}",
)


class RosterRow(NamedTuple):
    """One row with its dates read. ``line`` is the line of the file at which it starts."""

    line: int
    learner_id: str
    name: str
    course: str
    run: str
    completed: date
    started: date | None
    name_confirmed: bool

    @property
    def identity(self) -> tuple[str, ...]:
        """What no other row has that is to count."""
        return self.learner_id, self.course, self.run

    @property
    def label(self) -> str:
        """What people know it by."""
        return self.learner_id


def read_roster(path: Path) -> Iterator[RosterRow | BadRow]:
    """The rows of a roster, one at a time; UTF-8 with or without byte-order mark, comma or
    semicolon, columns in any order. Memory is bounded, whatever the file holds.

    Raises IssueError, before the first row: ``roster-unreadable``, ``column-missing``,
    ``column-unknown``. A bad row is a ``BadRow`` in its place.
    """
    return read_rows(path, _FORM, _begin)


def _begin(table: Table) -> ReadRow[RosterRow]:
    check_columns(table, _COLUMNS)
    header = table.names
    pick = itemgetter(*(header.index(name) if name in header else -1 for name in _COLUMNS))

    def read_row(line: int, cells: list[str]) -> RosterRow:
        learner_id, name, course, run, completed, started, confirmed = pick((*cells, ""))
        return RosterRow(
            line,
            learner_id,
            name,
            course,
            run,
            read_date("completed", completed),
            read_date("started", started) if started else None,
            read_yes(confirmed),
        )

    return read_row
