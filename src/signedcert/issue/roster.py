"""Rosters: CSV files of who completed which course, row by row."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from io import FileIO
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TypeAlias

from signedcert.documents.text import visible
from signedcert.errors import IssueError, Issuing, Malformed

REQUIRED = ("learner_id", "name", "course", "run", "completed")
OPTIONAL = ("started", "name_confirmed")
_COLUMNS = (*REQUIRED, *OPTIONAL)
#: A cell beyond this is a file that is no roster.
_MAX_CELL = 4096
#: Bytes of a row, on one line or several. No row of a roster comes near. What is beyond is never
#: in memory whole, and a quotation mark that is not closed takes no more along than this.
_MAX_ROW = 64 * 1024
_BLOCK = 64 * 1024
#: What bytes that are not UTF-8 are decoded to.
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_YES = ("yes", "true", "1")

_Pick: TypeAlias = Callable[[tuple[str, ...]], tuple[str, ...]]


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
    semicolon, columns in any order. Memory is bounded, whatever the file holds.

    Raises IssueError, before the first row: ``roster-unreadable``, ``column-missing``,
    ``column-unknown``. A bad row is a ``BadRow`` in its place.
    """
    try:
        with path.open("rb", buffering=0) as file:
            yield from _rows(_Lines(file), str(path))
    except OSError as error:
        message = error.strerror or "cannot be read"
        raise IssueError("roster-unreadable", message, where=str(path)) from error


class _Lines:
    """The lines of a file with their ends, which are LF, CRLF or CR.

    ``number`` counts them. ``row_bytes`` grows with them, and is set to zero where a row begins;
    in place of the line that takes it over ``_MAX_ROW`` comes RowError ``too-large``, and then the
    next line.
    """

    def __init__(self, file: FileIO) -> None:
        self.number = 0
        self.row_bytes = 0
        self._lines = _split(file)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self.row_bytes += len(line)
        if self.row_bytes > _MAX_ROW:
            raise RowError("", "too-large", "", f"a row of over {_MAX_ROW} bytes")
        return line.decode("utf-8", "surrogateescape")


def _split(file: FileIO) -> Iterator[bytes]:
    """Lines with their ends; of one over ``_MAX_ROW`` bytes the last ones, still more than that."""
    rest = b""
    while block := file.read(_BLOCK):
        lines = (rest + block).splitlines(keepends=True)
        # After CR, the next block may begin with LF.
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()[-_MAX_ROW - 1 :]
        yield from lines
    if rest:
        yield rest


def _rows(lines: _Lines, where: str) -> Iterator[RosterRow | BadRow]:
    header, delimiter = _read_header(lines, where)
    pick = itemgetter(*(header.index(name) if name in header else -1 for name in _COLUMNS))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line, lines.row_bytes = lines.number + 1, 0
        cells: list[str] = []
        row: RosterRow | BadRow | None
        try:
            cells = _next_cells(reader)
            row = _read_row(line, header, cells, pick) if any(cells) else None
        except StopIteration:
            return
        except RowError as error:
            row = _bad_row(header, cells, error, (line, lines.number))
        if row is not None:
            yield row


def _next_cells(reader: Iterator[list[str]]) -> list[str]:
    try:
        return [cell.strip() for cell in next(reader)]
    except csv.Error as error:
        raise RowError("", "field-count", "", f"not CSV: {error}") from error


def _read_header(lines: _Lines, where: str) -> tuple[list[str], str]:
    """The names of the columns, and the delimiter."""
    try:
        first = next(lines, "").removeprefix("\ufeff")
    except RowError as error:
        message = f"the first line is {error.message}, and no header is so long"
        raise IssueError("roster-unreadable", message, where=where) from error
    if "\0" in first or first.startswith(("\udcff\udcfe", "\udcfe\udcff")):
        message = "not a text file in UTF-8; save the roster as UTF-8 (in Excel: CSV UTF-8)"
        raise IssueError("roster-unreadable", message, where=where)
    delimiter = ";" if first.count(";") > first.count(",") else ","
    header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    _check_header(header, where)
    return header, delimiter


def _check_header(header: list[str], where: str) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        message = (
            f"column {', '.join(missing)} is missing; the first line names the columns "
            f"{', '.join(REQUIRED)}, and optionally {', '.join(OPTIONAL)}"
        )
        raise IssueError("column-missing", message, where=where)
    unknown = [name for name in header if name not in _COLUMNS]
    if unknown or len(set(header)) != len(header):
        message = f"column {visible(', '.join(unknown or header))} is unknown or stands twice"
        raise IssueError("column-unknown", message, where=where)


def _read_row(line: int, header: list[str], cells: list[str], pick: _Pick) -> RosterRow:
    if len(cells) != len(header):
        message = f"{len(cells)} fields, and the first line names {len(header)} columns"
        raise RowError("", "field-count", str(len(cells)), message)
    learner_id, name, course, run, completed, started, confirmed = pick((*cells, ""))
    if not (learner_id and name and course and run and completed and _is_plain("".join(cells))):
        for field, cell in zip(header, cells, strict=True):
            _check_cell(field, cell)
    return RosterRow(
        line,
        learner_id,
        name,
        course,
        run,
        _date("completed", completed),
        _date("started", started) if started else None,
        confirmed.casefold() in _YES,
    )


def _is_plain(text: str) -> bool:
    """Whether no cell of a row with this text can be too long or not UTF-8."""
    return len(text) <= _MAX_CELL and (text.isascii() or not _NOT_UTF8.search(text))


def _check_cell(field: str, value: str) -> None:
    if not value and field in REQUIRED:
        raise RowError(field, "field-missing", "", f"{field} is empty")
    if len(value) > _MAX_CELL:
        raise RowError(field, "too-large", value, f"over {_MAX_CELL} characters")
    if _NOT_UTF8.search(value):
        message = "not UTF-8; save the roster as UTF-8 (in Excel: CSV UTF-8)"
        raise RowError(field, "not-utf8", value, message)


@lru_cache  # a roster has few different ones
def _date(field: str, value: str) -> date:
    try:
        found = date.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.isoformat() != value:
        message = f"{visible(value)!r} is no date; write it as 2026-06-30"
        raise RowError(field, "date-invalid", value, message)
    return found


def _bad_row(
    header: list[str], cells: list[str], error: RowError, lines: tuple[int, int]
) -> BadRow:
    """A quotation mark that is not closed takes the rows below into one; nobody may miss that."""
    first, last = lines
    learner_id = dict(zip(header, cells, strict=False)).get("learner_id", "")
    message = error.message
    if last != first:
        message += f" (it runs on to line {last}; is a quotation mark missing?)"
    shown = visible(learner_id), error.field, error.reason, visible(error.value)
    return BadRow(first, *shown, message)
