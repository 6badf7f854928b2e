"""What a file of rows leads to: a bundle for each row, a report, and errors.csv."""

import csv
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from signedcert.carriers.bundle import SUFFIX, Bundle
from signedcert.core.code import VerificationCode
from signedcert.documents.text import cell
from signedcert.files import only_writer, write_result
from signedcert.issue.issuer import Issued
from signedcert.issue.prepare import Row
from signedcert.issue.rows import BadRow


class ReportKind(NamedTuple):
    """The file that says what rows led to, its columns, and by what errors.csv calls a row."""

    name: str
    columns: tuple[str, ...]
    label: str


ISSUED = ReportKind(
    "issued.csv", ("learner_id", "course", "run", "code", "url", "file"), "learner_id"
)
REPLACED = ReportKind("replaced.csv", ("old_code", "code", "url", "file"), "code")
_ERRORS = "errors.csv"

Way: TypeAlias = Literal["issued", "again", "replaced"]


class IssuedRow(NamedTuple):
    """A row and the document that it led to; ``replaced`` if it took the place of another one."""

    row: Row
    issued: Issued
    replaced: bool = False

    @property
    def way(self) -> Way:
        """How it is counted."""
        if self.issued.again:
            return "again"
        return "replaced" if self.replaced else "issued"


class WrittenRow(NamedTuple):
    """A row whose document is in its file: a line of the report, and how it is counted. The url is
    empty for a record.
    """

    cells: tuple[str, ...]
    way: Way
    code: VerificationCode

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.cells[-1]


class Counts(NamedTuple):
    """How it went: documents that are new, that were there before (``again``), rows that led to
    none, and documents that are new in the place of others.
    """

    issued: int
    again: int
    bad: int
    replaced: int = 0


def line_of(outcome: IssuedRow) -> WrittenRow:
    """The line of a row whose document is going to be in its file."""
    row, issued, _ = outcome
    code = str(issued.code)
    cells = *row.identity, code, issued.url or "", f"{code}{SUFFIX}"
    return WrittenRow(cells, outcome.way, issued.code)


def write_bundle(line: WrittenRow, bundle: Bundle, directory: Path) -> None:
    """Puts the bundle of a line into ``directory``, whole or not at all."""
    data = bundle.encode()
    if not (line.way == "again" and _holds(directory / line.file, data)):
        write_result(directory, line.file, data)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def write_results(outcomes: Iterable[IssuedRow | BadRow], directory: Path) -> Iterator[Counts]:
    """Writes a bundle per document, and what ``write_reports`` writes."""
    return write_reports(_write_bundles(outcomes, directory), directory)


def _write_bundles(
    outcomes: Iterable[IssuedRow | BadRow], directory: Path
) -> Generator[WrittenRow | BadRow, None, None]:
    for outcome in outcomes:
        if isinstance(outcome, BadRow):
            yield outcome
            continue
        line = line_of(outcome)
        write_bundle(line, outcome.issued.bundle, directory)
        yield line


def write_reports(
    lines: Generator[WrittenRow | BadRow, None, None], directory: Path, report: ReportKind = ISSUED
) -> Iterator[Counts]:
    """Writes the ``report`` and ``errors.csv``, and yields the counts so far after each row. They
    appear whole, at the end. ``directory`` is there when the first line is asked for.

    The registry is the record: what is missing here after a crash, another run writes again.
    Raises IssueError ``results-in-use``: another process is writing to this directory.
    """
    made = not directory.exists()
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with (
            only_writer(directory),
            closing(lines),
        ):  # whoever makes them is done before the next run
            yield from _write_parts(lines, directory, report)
    except BaseException:
        if made:
            with suppress(OSError):  # there is something in it
                directory.rmdir()
        raise


def _write_parts(
    lines: Iterable[WrittenRow | BadRow], directory: Path, report: ReportKind
) -> Iterator[Counts]:
    names = (report.name, _ERRORS)
    parts = [directory / f".{name}.part" for name in names]
    try:
        yield from _write_reports(lines, parts, report)
    except BaseException:
        for part in parts:
            part.unlink(missing_ok=True)
        raise
    for part, name in zip(parts, names, strict=True):
        os.replace(part, directory / name)


def _write_reports(
    lines: Iterable[WrittenRow | BadRow], parts: list[Path], report: ReportKind
) -> Iterator[Counts]:
    ways: dict[Way, int] = {"issued": 0, "again": 0, "replaced": 0}
    bad = 0
    with (
        parts[0].open("w", encoding="utf-8", newline="") as good_file,
        parts[1].open("w", encoding="utf-8", newline="") as bad_file,
    ):
        good, wrong = csv.writer(good_file), csv.writer(bad_file)
        good.writerow(report.columns)
        wrong.writerow(("line", report.label, *BadRow._fields[2:]))
        for line in lines:
            if isinstance(line, BadRow):
                wrong.writerow([line.line, *map(cell, line[1:])])
                bad += 1
            else:
                good.writerow(line.cells)
                ways[line.way] += 1
            yield Counts(bad=bad, **ways)
