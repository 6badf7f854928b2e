"""Rosters: CSV files of who completed which course, row by row."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from signedcert.documents.text import visible
from signedcert.errors import IssueError, Issuing, Malformed

REQUIRED = ("learner_id", "name", "course", "run", "completed")
OPTIONAL = ("started", "name_confirmed")
#: A cell beyond this is a file that is no roster.
_MAX_CELL = 4096


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


class BadRow(NamedTuple):
    """A row that is not issued, and why."""

    line: int
    learner_id: str
    field: str
    reason: str
    value: str
    message: str


class RowError(Exception):
    """One field of one row cannot be used."""

    def __init__(self, field: str, reason: Issuing | Malformed, value: str, message: str) -> None:
        super().__init__(field, reason, value, message)
        self.field = field
        self.reason = reason
        self.value = value
        self.message = message


def read_roster(path: Path) -> Iterator[RosterRow | BadRow]:
    """The rows of a roster, one at a time; UTF-8 with or without byte-order mark, comma or
    semicolon, columns in any order.

    Raises IssueError, before the first row: ``roster-unreadable``, ``column-missing``,
    ``column-unknown``. A bad row is a ``BadRow`` in its place.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield from _rows(file, str(path))
    except OSError as error:
        message = error.strerror or "cannot be read"
        raise IssueError("roster-unreadable", message, where=str(path)) from error


def _rows(file: io.TextIOBase, where: str) -> Iterator[RosterRow | BadRow]:
    first = file.readline(_MAX_CELL)
    if "\0" in first or first.startswith(("\udcff\udcfe", "\udcfe\udcff")):
        message = "not a text file in UTF-8; save the roster as UTF-8 (in Excel: CSV UTF-8)"
        raise IssueError("roster-unreadable", message, where=where)
    delimiter = ";" if first.count(";") > first.count(",") else ","
    header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    _check_header(header, where)
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            bad = BadRow(line, "", "", "field-count", "", f"not CSV: {error}")
            yield _say_where_it_ends(bad, reader.line_num + 1)
            continue
        if any(cell.strip() for cell in cells):
            yield _say_where_it_ends(_read_row(line, header, cells), reader.line_num + 1)


def _say_where_it_ends(row: RosterRow | BadRow, last: int) -> RosterRow | BadRow:
    """A quotation mark that is not closed takes the rows below into one; nobody may miss that."""
    if isinstance(row, RosterRow) or row.line == last:
        return row
    message = f"{row.message} (it runs on to line {last}; is a quotation mark missing?)"
    return row._replace(message=message)


def _check_header(header: list[str], where: str) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        message = (
            f"column {', '.join(missing)} is missing; the first line names the columns "
            f"{', '.join(REQUIRED)}, and optionally {', '.join(OPTIONAL)}"
        )
        raise IssueError("column-missing", message, where=where)
    unknown = [name for name in header if name not in (*REQUIRED, *OPTIONAL)]
    if unknown or len(set(header)) != len(header):
        message = f"column {visible(', '.join(unknown or header))} is unknown or stands twice"
        raise IssueError("column-unknown", message, where=where)


def _read_row(line: int, header: list[str], cells: list[str]) -> RosterRow | BadRow:
    values = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    learner_id = values.get("learner_id", "")
    try:
        _check_cells(header, cells)
        return RosterRow(
            line,
            learner_id,
            values["name"],
            values["course"],
            values["run"],
            _date("completed", values["completed"]),
            _date("started", values["started"]) if values.get("started") else None,
            values.get("name_confirmed", "").casefold() in ("yes", "true", "1"),
        )
    except RowError as error:
        shown = visible(learner_id), error.field, error.reason, visible(error.value)
        return BadRow(line, *shown, error.message)


def _check_cells(header: list[str], cells: list[str]) -> None:
    if len(cells) != len(header):
        message = f"{len(cells)} fields, and the first line names {len(header)} columns"
        raise RowError("", "field-count", str(len(cells)), message)
    for field, cell in zip(header, cells, strict=True):
        _check_cell(field, cell.strip())


def _check_cell(field: str, value: str) -> None:
    if not value and field in REQUIRED:
        raise RowError(field, "field-missing", "", f"{field} is empty")
    if len(value) > _MAX_CELL:
        raise RowError(field, "too-large", value, f"over {_MAX_CELL} characters")
    if any("\udc80" <= character <= "\udcff" for character in value):
        message = "not UTF-8; save the roster as UTF-8 (in Excel: CSV UTF-8)"
        raise RowError(field, "not-utf8", value, message)


def _date(field: str, value: str) -> date:
    try:
        found = date.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.isoformat() != value:
        message = f"{visible(value)!r} is no date; write it as 2026-06-30"
        raise RowError(field, "date-invalid", value, message)
    return found
