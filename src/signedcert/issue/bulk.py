"""A whole roster: issued in batches, with two reports and a file for each certificate."""

import csv
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from signedcert.carriers.bundle import SUFFIX
from signedcert.documents.certificate import Certificate
from signedcert.documents.course import Course
from signedcert.documents.text import visible
from signedcert.errors import IssueError, SignedCertError
from signedcert.files import write_atomic
from signedcert.issue.issuer import Issued, Issuer, Request
from signedcert.issue.roster import BadRow, RosterRow

#: Rows of one transaction: its sync is shared by all of them.
BATCH = 500
REPORTS = ("issued.csv", "errors.csv")
ISSUED_COLUMNS = ("learner_id", "course", "run", "code", "url", "file")
_FORMULA = ("=", "+", "-", "@")
ERROR_COLUMNS = ("line", "learner_id", "field", "reason", "value", "message")


class IssuedRow(NamedTuple):
    """A row and the certificate that it led to."""

    row: RosterRow
    issued: Issued


def issue_rows(
    issuer: Issuer,
    courses: Mapping[str, Course],
    rows: Iterable[RosterRow | BadRow],
    at: datetime,
) -> Iterator[IssuedRow | BadRow]:
    """One outcome per row, in their order; each certificate is durable when it comes out."""
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield from _issue_batch(issuer, courses, batch, at)


def _issue_batch(
    issuer: Issuer,
    courses: Mapping[str, Course],
    batch: list[RosterRow | BadRow],
    at: datetime,
) -> Iterator[IssuedRow | BadRow]:
    prepared = [_prepare(row, courses) for row in batch]
    requests = [one.request for one in prepared if isinstance(one, _Prepared)]
    results = iter(issuer.issue_batch(requests, at))
    for one in prepared:
        if isinstance(one, BadRow):
            yield one
            continue
        result = next(results)
        if isinstance(result, SignedCertError):
            yield _bad(one.row, result)
        else:
            yield IssuedRow(one.row, result)


class _Prepared(NamedTuple):
    row: RosterRow
    request: Request


def _prepare(row: RosterRow | BadRow, courses: Mapping[str, Course]) -> _Prepared | BadRow:
    if isinstance(row, BadRow):
        return row
    try:
        course = courses.get(row.course)
        if course is None:
            known = ", ".join(sorted(courses)) or "none yet"
            message = f"not in the catalogue, which has: {known}"
            raise IssueError("course-unknown", message, where="course")
        certificate = Certificate(
            learner=row.name, course=course, completed=row.completed, started=row.started
        )
    except SignedCertError as error:
        return _bad(row, error)
    # A roster names a course, not a version of it: run again after a new version, it is the same.
    request = Request(certificate, row.learner_id, row.run, row.name_confirmed, any_version=True)
    return _Prepared(row, request)


def _bad(row: RosterRow, error: SignedCertError) -> BadRow:
    value = visible(str(getattr(row, error.where, "")))
    learner_id = visible(row.learner_id)
    return BadRow(row.line, learner_id, error.where, error.reason, value, error.message)


def _cells(bad: BadRow) -> list[object]:
    """A spreadsheet takes a cell that begins so for a formula; the names are not ours."""
    return [
        f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in bad
    ]


class Counts(NamedTuple):
    """How a roster went."""

    issued: int
    again: int
    bad: int


def write_results(outcomes: Iterable[IssuedRow | BadRow], directory: Path) -> Iterator[Counts]:
    """Writes ``issued.csv``, ``errors.csv`` and a bundle per certificate, and yields the counts
    so far after each row. The two reports appear whole, at the end.

    The registry is the record: what is missing here after a crash, another run writes again.
    """
    outcomes = iter(outcomes)
    first = list(islice(outcomes, 1))  # a roster that cannot be read fails here, and leaves nothing
    directory.mkdir(parents=True, exist_ok=True)
    parts = [directory / f".{name}.part" for name in REPORTS]
    try:
        yield from _write_reports(chain(first, outcomes), directory, parts)
    except BaseException:
        for part in parts:
            part.unlink(missing_ok=True)
        raise
    for part, name in zip(parts, REPORTS, strict=True):
        os.replace(part, directory / name)


def _write_reports(
    outcomes: Iterable[IssuedRow | BadRow], directory: Path, parts: list[Path]
) -> Iterator[Counts]:
    issued = again = bad = 0
    with (
        parts[0].open("w", encoding="utf-8", newline="") as good_file,
        parts[1].open("w", encoding="utf-8", newline="") as bad_file,
    ):
        good, wrong = csv.writer(good_file), csv.writer(bad_file)
        good.writerow(ISSUED_COLUMNS)
        wrong.writerow(ERROR_COLUMNS)
        for outcome in outcomes:
            if isinstance(outcome, BadRow):
                wrong.writerow(_cells(outcome))
                bad += 1
            else:
                good.writerow(_write_bundle(outcome, directory))
                again += outcome.issued.again
                issued += not outcome.issued.again
            yield Counts(issued, again, bad)


def _write_bundle(outcome: IssuedRow, directory: Path) -> tuple[str, ...]:
    row, issued = outcome
    name = f"{issued.code}{SUFFIX}"
    write_atomic(directory / name, issued.bundle.encode(), sync=False)
    return row.learner_id, row.course, row.run, str(issued.code), issued.url, name
