"""Rows of CSV files as spreadsheets write them: read within limits, and named if they are bad."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from io import FileIO
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

from signedcert.documents.text import normalize, visible
from signedcert.errors import IssueError, Reason

#: A cell beyond this is a file that is no table of ours.
_MAX_CELL = 4096
#: Bytes of a row, on one line or several. No row of ours comes near. What is beyond is never
#: in memory whole, and a quotation mark that is not closed takes no more along than this.
_MAX_ROW = 64 * 1024
_BLOCK = 64 * 1024
_YES = ("yes", "true", "1")
#: What bytes that are not UTF-8 are decoded to.
_NOT_UTF8 = re.compile("[\udc80-\udcff]")

Row = TypeVar("Row")
#: Makes a row of its line and its cells; raises RowError.
ReadRow: TypeAlias = Callable[[int, list[str]], Row]


class BadRow(NamedTuple):
    """A row that leads to nothing, and why. ``label`` is what people know it by: a learner id, or a
    code.
    """

    line: int
    label: str
    field: str
    reason: Reason
    value: str
    message: str


class RowError(Exception):
    """One field of one row cannot be used."""

    def __init__(self, field: str, reason: Reason, value: str, message: str) -> None:
        super().__init__(field, reason, value, message)
        self.field = field
        self.reason = reason
        self.value = value
        self.message = message


class Form(NamedTuple):
    """What a table is called, which columns it must have, where no cell is empty, and ``header``,
    words that say what the first line has to be. ``label`` is the column that people know a row by.
    """

    noun: str
    required: tuple[str, ...]
    header: str
    label: str = "learner_id"


class Cells(NamedTuple):
    """The cells of the row on the lines ``line`` to ``last``, or why they are not known."""

    line: int
    last: int
    cells: list[str]
    error: RowError | None

    def explain(self, message: str) -> str:
        """A quotation mark that is not closed takes the rows below into one; nobody may miss
        that.
        """
        if self.last == self.line:
            return message
        return f"{message} (it runs on to line {self.last}; is a quotation mark missing?)"


class Table:
    """A CSV file of which the first line was read: ``names`` are its columns, and none of those
    that its form requires is missing.
    """

    def __init__(self, file: FileIO, form: Form, where: str) -> None:
        self.form = form
        self.where = where
        lines = _Lines(file)
        self.names, delimiter = self._read_header(lines)
        self._rows = _rows(lines, delimiter)
        self._required = itemgetter(*map(self.names.index, form.required))

    def take_while(self, belongs: Callable[[Cells], bool]) -> Iterator[Cells]:
        """The next rows that belong; ``read`` goes on with the first that does not."""
        for row in self._rows:
            if not belongs(row):
                self._rows = chain((row,), self._rows)
                return
            yield row

    def read(self, read_row: ReadRow[Row]) -> Iterator[Row | BadRow]:
        """The rows that are left; where ``read_row``, or a check here, raises RowError, a
        ``BadRow``.
        """
        for row in self._rows:
            done: Row | BadRow
            try:
                self.check(row)
                done = read_row(row.line, row.cells)
            except RowError as error:
                done = self._bad_row(row, error)
            yield done

    def check(self, row: Cells, *, required: bool = True) -> None:
        """Returns if the row has a cell for each column, in UTF-8 and not too long, and, if
        ``required``, one with text where the form says so. Raises RowError.
        """
        if row.error:
            raise row.error
        cells = row.cells
        if len(cells) != len(self.names):
            message = f"{len(cells)} fields, and the first line names {len(self.names)} columns"
            raise RowError("", "field-count", str(len(cells)), message)
        if (required and "" in self._required(cells)) or not _is_plain("".join(cells)):
            for field, cell in zip(self.names, cells, strict=True):
                self._check_cell(field, cell, empty=not required)

    def refusal(self, reason: Reason, message: str) -> IssueError:
        """Of the whole table."""
        return IssueError(reason, message, where=self.where)

    def _check_cell(self, field: str, value: str, *, empty: bool) -> None:
        if not value and not empty and field in self.form.required:
            raise RowError(field, "field-missing", "", f"{field} is empty")
        if len(value) > _MAX_CELL:
            raise RowError(field, "too-large", value, f"over {_MAX_CELL} characters")
        if _NOT_UTF8.search(value):
            raise RowError(field, "not-utf8", value, f"not UTF-8; {self._save_as()}")

    def _read_header(self, lines: "_Lines") -> tuple[list[str], str]:
        """The names of the columns, and the delimiter."""
        try:
            first = next(lines, "").removeprefix("\ufeff")
        except RowError as error:
            message = f"the first line is {error.message}, and no header is so long"
            raise self.refusal("roster-unreadable", message) from error
        if "\0" in first or first.startswith(("\udcff\udcfe", "\udcfe\udcff")):
            message = f"not a text file in UTF-8; {self._save_as()}"
            raise self.refusal("roster-unreadable", message)
        delimiter = self._delimiter(first)
        try:
            names = _split_header(first, delimiter, strict=True)
        except csv.Error as error:
            message = f"the first line is not CSV: {error}; {self.form.header}"
            raise self.refusal("roster-unreadable", message) from error
        if missing := [name for name in self.form.required if name not in names]:
            message = f"column {', '.join(missing)} is missing; {self.form.header}"
            raise self.refusal("column-missing", message)
        return names, delimiter

    def _delimiter(self, first: str) -> str:
        """The one that finds more of the columns: either may stand in the name of one."""

        def found(delimiter: str) -> tuple[int, int]:
            names = set(_split_header(first, delimiter, strict=False))
            return len(names.intersection(self.form.required)), first.count(delimiter)

        return max(",;", key=found)

    def _save_as(self) -> str:
        return f"save the {self.form.noun} as UTF-8 (in Excel: CSV UTF-8)"

    def _bad_row(self, row: Cells, error: RowError) -> BadRow:
        label = dict(zip(self.names, row.cells, strict=False)).get(self.form.label, "")
        shown = visible(label), error.field, error.reason, visible(error.value)
        return BadRow(row.line, *shown, row.explain(error.message))


def read_rows(
    path: Path, form: Form, begin: Callable[[Table], ReadRow[Row]]
) -> Iterator[Row | BadRow]:
    """The rows of a CSV file, one at a time; UTF-8 with or without byte-order mark, comma or
    semicolon. Memory is bounded, whatever the file holds.

    ``begin`` looks at the names of the columns, and at rows that belong to them; it returns what
    reads the others. Raises IssueError, before the first row: ``roster-unreadable``,
    ``column-missing``, and what ``begin`` raises. A bad row is a ``BadRow`` in its place.
    """
    try:
        with path.open("rb", buffering=0) as file:
            table = Table(file, form, str(path))
            yield from table.read(begin(table))
    except OSError as error:
        message = error.strerror or "cannot be read"
        raise IssueError("roster-unreadable", message, where=str(path)) from error


def check_columns(table: Table, known: tuple[str, ...]) -> None:
    """Returns if a table has no other columns, and none twice. Raises IssueError
    ``column-unknown``.
    """
    names = table.names
    unknown = [name for name in names if name not in known]
    if unknown or len(set(names)) != len(names):
        message = f"column {visible(', '.join(unknown or names))} is unknown or stands twice"
        raise table.refusal("column-unknown", message)


def read_yes(value: str) -> bool:
    """Whether a cell says yes."""
    return value.casefold() in _YES


@lru_cache  # a table has few different ones
def read_date(field: str, value: str) -> date:
    """A day in the one spelling that ISO 8601 and people share; raises RowError."""
    try:
        found = date.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.isoformat() != value:
        message = f"{visible(value)!r} is no date; write it as 2026-06-30"
        raise RowError(field, "date-invalid", value, message)
    return found


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


def _rows(lines: _Lines, delimiter: str) -> Iterator[Cells]:
    """Those with anything in them."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line, lines.row_bytes = lines.number + 1, 0
        try:
            cells = _next_cells(reader)
        except StopIteration:
            return
        except RowError as error:
            yield Cells(line, lines.number, [], error)
        else:
            if any(cells):
                yield Cells(line, lines.number, cells, None)


def _next_cells(reader: Iterator[list[str]]) -> list[str]:
    try:
        return [cell.strip() for cell in next(reader)]
    except csv.Error as error:
        raise RowError("", "field-count", "", f"not CSV: {error}") from error


def _split_header(line: str, delimiter: str, *, strict: bool) -> list[str]:
    reader = csv.reader([line], delimiter=delimiter, strict=strict)
    return [normalize(name) for name in next(reader, [])]


def _is_plain(text: str) -> bool:
    """Whether no cell of a row with this text can be too long or not UTF-8."""
    return len(text) <= _MAX_CELL and (text.isascii() or not _NOT_UTF8.search(text))
