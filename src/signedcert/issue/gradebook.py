"""Gradebooks: CSV files of what learners achieved, a column for each result.

Directly below the header, lines tell what the columns are; ``#date`` may be missing::

    learner_id,course,run,Overall,Process analysis,Essay on queues
    #kind,,,final score,quiz,peer-assessed essay
    #maximum,,,100,10,20
    #date,,,2026-06-30,2026-05-20,2026-06-01
    s-1042,operations,2026-spring,88.5,8.5 2026-05-28,17 provisional
    s-1043,operations,2026-spring,71,,withdrew
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TypeVar

from signedcert.documents.form import MAX_ELEMENTS
from signedcert.documents.record import (
    FINAL_SCORE,
    STATUSES,
    CourseRecord,
    CourseResult,
    Status,
    format_decimal,
    parse_decimal,
)
from signedcert.documents.text import MAX_TITLE, check_text, normalize, visible
from signedcert.errors import Issuing, MalformedError
from signedcert.issue.rows import (
    BadRow,
    Cells,
    Form,
    ReadRow,
    RowError,
    Table,
    read_date,
    read_rows,
)

REQUIRED = ("learner_id", "course", "run")
_HEADER = (
    f"the first line names the columns {', '.join(REQUIRED)}, and one for each result, "
    f"as in: {','.join(REQUIRED)},Overall,Quiz 1"
)
_FORM = Form("gradebook", REQUIRED, _HEADER)

#: The lines below the header, and why one is refused that is not as it should be.
_MARKS: dict[str, Issuing] = {
    "#kind": "kind-unknown",
    "#maximum": "number-invalid",
    "#date": "date-invalid",
}
_EXAMPLES = {"#kind": "#kind,,,final score,quiz", "#maximum": "#maximum,,,100,10"}

#: ``InProgress`` is spelled ``in-progress``.
_STATUSES: dict[str, Status] = {
    re.sub("(?<=.)(?=[A-Z])", "-", status).lower(): status for status in STATUSES
}
_NUMBER = re.compile("[0-9]+(?:[.,][0-9]+)?")
#: Where a comma parts thousands, 1,250 is no number below two.
_THOUSANDS = re.compile("[1-9][0-9]{0,2},[0-9]{3}")
_DATE = re.compile("[0-9]{4}-.*")
#: Characters of a cell of results; and how many cells are kept with what they lead to.
_MAX_TEXT = 64
_KEPT = 2**14
#: Where the rules of a record name a result, counted from 1.
_RESULT = re.compile(r"results\[([0-9]+)\].*")

T = TypeVar("T")


class GradebookRow(NamedTuple):
    """The record of one learner in one run of a course. ``line`` is the line of the file at which
    it starts.
    """

    line: int
    learner_id: str
    course: str
    run: str
    record: CourseRecord

    @property
    def identity(self) -> tuple[str, ...]:
        """What no other row has that is to count."""
        return self.learner_id, self.course, self.run

    @property
    def label(self) -> str:
        """What people know it by."""
        return self.learner_id


class _Column(NamedTuple):
    """What the head of a gradebook tells of one result."""

    header: str
    kind: str
    maximum: Decimal
    achieved: date | None

    def result(
        self, value: Decimal | None, status: Status, achieved: date | None = None
    ) -> CourseResult:
        """The result with this value; its title is not a second time what its kind says."""
        plain = self.kind == FINAL_SCORE or self.header.casefold() == self.kind.casefold()
        title = None if plain else self.header
        return CourseResult(self.kind, self.maximum, title, value, status, achieved)


def read_gradebook(path: Path) -> Iterator[GradebookRow | BadRow]:
    """The rows of a gradebook, one at a time; UTF-8 with or without byte-order mark, comma or
    semicolon, columns in any order. Memory is bounded, whatever the file holds.

    A cell is a value, and behind it a date and a status where they are others than the column's
    date and ``completed``; or a status alone; or it is empty, for work that was not handed in.
    A decimal comma is taken for a point.

    Raises IssueError, before the first row, with line and column: ``roster-unreadable``,
    ``column-missing``, ``column-unknown``, ``kind-unknown``, ``number-invalid``,
    ``date-invalid``, and for what no record can have, its reason. A bad row is a ``BadRow`` in its
    place: its field is the name of the column.
    """
    return read_rows(path, _FORM, _begin)


def _begin(table: Table) -> ReadRow[GradebookRow]:
    _check_names(table)
    columns = _read_columns(table, _read_marks(table))
    places = [place for place, name in enumerate(table.names) if name not in REQUIRED]
    kept = _KEPT // len(columns)
    readers = [lru_cache(kept)(partial(_read_cell, column)) for column in columns]
    each = list(zip(places, readers, strict=True))
    whose = itemgetter(*map(table.names.index, REQUIRED))

    def read_row(line: int, cells: list[str]) -> GradebookRow:
        learner_id, course, run = whose(cells)
        results = tuple([read(cells[place]) for place, read in each])
        return GradebookRow(line, learner_id, course, run, CourseRecord(results))

    return read_row


# the head


def _check_names(table: Table) -> None:
    names: set[str] = set()
    for place, name in enumerate(table.names, 1):
        if not name or name in names:
            what = f"{visible(name)} stands twice" if name else f"{place} has no name"
            raise table.refusal("column-unknown", f"line 1: column {what}")
        names.add(name)
    count = len(names) - len(REQUIRED)
    if not count:
        raise table.refusal("column-missing", f"line 1: no column of results; {_HEADER}")
    if count > MAX_ELEMENTS:
        message = f"line 1: {count} columns of results, and at most {MAX_ELEMENTS} are allowed"
        raise table.refusal("too-large", message)
    _each(table, Cells(1, 1, table.names, None), _text)


def _read_marks(table: Table) -> dict[str, Cells]:
    """The lines below the header. One that cannot be read may be one of them that is missing."""
    found: dict[str, Cells] = {}

    def belongs(row: Cells) -> bool:
        if row.error:
            return len(found) < len(_MARKS)
        learner_id, *others = _whose(table, row)
        return learner_id in _MARKS or (learner_id.startswith("#") and not any(others))

    for row in table.take_while(belongs):
        with _told(table, row):
            table.check(row, required=False)
            _check_mark(table, row, found)
        found[_whose(table, row)[0]] = row
    if missing := [mark for mark in _EXAMPLES if mark not in found]:
        example = _EXAMPLES[missing[0]]
        message = f"directly below line 1 is no {' and no '.join(missing)}, as in: {example}"
        raise table.refusal("column-missing", message)
    return found


def _whose(table: Table, row: Cells) -> list[str]:
    cells = dict(zip(table.names, row.cells, strict=False))
    learner_id, *others = (cells.get(name, "") for name in REQUIRED)
    return [learner_id.casefold(), *others]


def _check_mark(table: Table, row: Cells, found: dict[str, Cells]) -> None:
    mark, *others = _whose(table, row)
    if mark not in _MARKS:
        message = f"{visible(mark)} is unknown; there are {', '.join(_MARKS)}"
        raise RowError("learner_id", "column-unknown", mark, message)
    if mark in found:
        raise RowError("learner_id", _MARKS[mark], mark, f"{mark} stands twice")
    for name, cell in zip(REQUIRED[1:], others, strict=True):
        if cell:
            message = f"leave it empty in the line {mark}; are the cells in their columns?"
            raise RowError(name, _MARKS[mark], cell, message)


def _read_columns(table: Table, marks: dict[str, Cells]) -> list[_Column]:
    """The columns, which lead to a record by its rules."""
    headers = [name for name in table.names if name not in REQUIRED]
    kinds = _each(table, marks["#kind"], _kind)
    maxima = _each(table, marks["#maximum"], _maximum)
    dates = _each(table, marks["#date"], _date) if "#date" in marks else [None] * len(headers)
    columns = list(map(_Column, headers, kinds, maxima, dates))
    line = marks["#kind"].line
    if (count := kinds.count(FINAL_SCORE)) != 1:
        named = ", ".join(visible(one.header) for one in columns if one.kind == FINAL_SCORE)
        where = f"line {line}, column {named}" if named else f"line {line}"
        message = f"{where}: the kind {FINAL_SCORE!r} stands {count} times, and has to stand once"
        raise table.refusal("kind-unknown", message)
    _check_record(table, columns, f"lines 1 and {line}")
    return columns


def _check_record(table: Table, columns: list[_Column], where: str) -> None:
    try:
        CourseRecord(
            tuple(
                one.result(one.maximum if one.kind == FINAL_SCORE else None, "Enrolled")
                for one in columns
            )
        )
    except MalformedError as error:
        if found := _RESULT.fullmatch(error.where):
            where += f", column {visible(columns[int(found[1]) - 1].header)}"
        raise table.refusal(error.reason, f"{where}: {error.message}") from error


def _each(table: Table, row: Cells, read: Callable[[str, str], T]) -> list[T]:
    """What ``read`` makes of the name and the cell of each column of results."""
    with _told(table, row):
        table.check(row, required=False)
        cells = zip(table.names, row.cells, strict=True)
        return [read(name, cell) for name, cell in cells if name not in REQUIRED]


@contextmanager
def _told(table: Table, row: Cells) -> Iterator[None]:
    """Refuses the gradebook for what is wrong with a row of its head."""
    try:
        yield
    except RowError as error:
        column = f", column {visible(error.field)}" if error.field else ""
        message = f"line {row.line}{column}: {row.explain(error.message)}"
        raise table.refusal(error.reason, message) from error


def _text(header: str, text: str) -> str:
    try:
        check_text(text, MAX_TITLE, header)
    except MalformedError as error:
        raise RowError(header, error.reason, text, error.message) from error
    return text


def _kind(header: str, text: str) -> str:
    if not text:
        message = f"no kind; write what it is, as in: {_EXAMPLES['#kind']}"
        raise RowError(header, "kind-unknown", text, message)
    return FINAL_SCORE if text.casefold() == FINAL_SCORE else _text(header, normalize(text))


def _maximum(header: str, text: str) -> Decimal:
    number = _number(header, text, None, "no number")
    if not number:
        raise RowError(header, "number-invalid", text, "0 is no maximum")
    return number


def _date(header: str, text: str) -> date | None:
    return read_date(header, text) if text else None


# a cell


def _read_cell(column: _Column, text: str) -> CourseResult:
    """The result; raises RowError."""
    if len(text) > _MAX_TEXT:
        message = f"over {_MAX_TEXT} characters; there is room for a value, a date and a status"
        raise RowError(column.header, "too-large", text, message)
    status, achieved, words = _split_cell(column.header, text)
    if words:
        value = _value(column, words)
        return column.result(value, status or "Completed", achieved or column.achieved)
    if column.kind == FINAL_SCORE:
        message = f"{column.header} has no value, and is the {FINAL_SCORE}"
        raise RowError(column.header, "field-missing", text, message)
    if achieved and not status:
        message = "a date, and neither a value nor a status"
        raise RowError(column.header, "number-invalid", text, message)
    return column.result(None, status or "Enrolled", achieved)


def _split_cell(header: str, text: str) -> tuple[Status | None, date | None, list[str]]:
    """Status, date, and what stands before them."""
    words = text.split()
    status: Status | None = None
    achieved: date | None = None
    while words:
        if status is None and words[-1].lower() in _STATUSES:
            status = _STATUSES[words.pop().lower()]
        elif achieved is None and _DATE.fullmatch(words[-1]):
            achieved = read_date(header, words.pop())
        else:
            break
    return status, achieved, words


def _value(column: _Column, words: list[str]) -> Decimal:
    first, *others = ["".join(words)] if words[1:] == ["%"] else words
    statuses = ", ".join(_STATUSES)
    if others:
        like_date = others[0][0].isdigit() and not _NUMBER.fullmatch(others[0])
        message = (
            f"{visible(others[0])!r} cannot stand here; a cell holds a value, behind it a date, "
            f"as 2026-06-30, and a status: {statuses}"
        )
        reason: Issuing = "date-invalid" if like_date else "number-invalid"
        raise RowError(column.header, reason, others[0], message)
    number = _number(column.header, first, column.maximum, f"no number and no status: {statuses}")
    if number > column.maximum:
        message = f"{first} is more than the maximum, {format_decimal(column.maximum)}"
        raise RowError(column.header, "value-out-of-range", first, message)
    return number


def _number(header: str, text: str, maximum: Decimal | None, what: str) -> Decimal:
    """The number; raises RowError, which says what else the text is."""
    shown = visible(text)
    plain = text.replace(",", ".")
    number = parse_decimal(format_decimal(Decimal(plain))) if _NUMBER.fullmatch(text) else None
    if number is None:
        message = f"{shown!r} is {what}; write it as 8.5, with up to 9 digits and 4 decimals"
        if text.endswith("%"):
            message = f"write {shown} without the percent sign; its #maximum is 100 then"
        raise RowError(header, "number-invalid", text, message)
    if _THOUSANDS.fullmatch(text):
        thousands = text.replace(",", "")
        if maximum is None or Decimal(thousands) <= maximum:
            message = f"{text} may be {thousands} or {format_decimal(number)}; write which it is"
            raise RowError(header, "number-invalid", text, message)
    return number
