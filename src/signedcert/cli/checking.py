"""Many files verified, a batch at a time, in this process or in others."""

import atexit
import hashlib
import io
import json
import os
import pickle
import sys
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import click

from signedcert.carriers.bundle import MAX_BUNDLE, SUFFIX
from signedcert.carriers.page import Page, is_pdf
from signedcert.carriers.pagereader import PageReader
from signedcert.documents.text import cell, visible
from signedcert.files import read_at_most
from signedcert.verify.messages import message_of, outcome_title, step_title
from signedcert.verify.report import Outcome, Report, Verdict
from signedcert.verify.show import page_in_words, report_to_json, signed_fields
from signedcert.verify.verifier import Verifier

#: What is said of each file: a block of text, one with all ten steps, JSON, or a line of CSV.
Form: TypeAlias = Literal["text", "steps", "json", "csv"]

COLUMNS = (
    "file",
    "verdict",
    "reason",
    "step",
    "detail",
    "code",
    "learner",
    "course",
    "completed",
    "issuer",
    "kind",
    "id",
)
#: Files that a process verifies before it reports; fewer than these need no other process.
BATCH = 500
_AHEAD = 3
_MAX_NAME = 4096
_STYLE = {
    Verdict.AUTHENTIC: ("✓", "green"),
    Verdict.NOT_AUTHENTIC: ("✗", "red"),
    Verdict.NOT_STANDING: ("✗", "yellow"),
    Verdict.UNDECIDED: ("?", "yellow"),
    Verdict.UNREADABLE: ("?", "red"),
}
#: Verdicts with which the content of the document is shown.
_SHOWN = (Verdict.AUTHENTIC, Verdict.NOT_STANDING)


class Source(NamedTuple):
    """Something to verify: ``data``, or else the file of this name. ``found`` says that a folder
    was named, and not the file.
    """

    name: str
    data: bytes | None = None
    found: bool = False


class Checked(NamedTuple):
    """What came of one file, ``said`` in the form asked for. ``problem`` is set for a named file
    that could not be opened; there is no verdict then.
    """

    verdict: Verdict
    said: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Checking:
    """Verifies batches of files, all in the same way, in whichever process it is."""

    verifier: Verifier
    at: datetime
    code: str | None
    form: Form

    def __call__(self, batch: list[Source]) -> list[Checked]:
        """One result per file, in their order."""
        return [self._check(source) for source in batch]

    def _check(self, source: Source) -> Checked:
        try:
            data = source.data if source.data is not None else _read(source)
        except OSError as error:
            return self._unreadable(source, error.strerror or "cannot be read")
        report = self.verifier.report(data, at=self.at, code=self.code, page=_page(data))
        return Checked(report.verdict, self._say(source.name, report))

    def _say(self, name: str, report: Report) -> str:
        if self.form == "csv":
            return csv_line(_cells(name, report))
        if self.form == "json":
            return _json({"file": name, **report_to_json(report)})
        return _block(name, report, steps=self.form == "steps")

    def _unreadable(self, source: Source, problem: str) -> Checked:
        """A file of a folder that cannot be opened is one result among the others."""
        verdict, reason = Verdict.UNREADABLE, "unreadable-file"
        if not source.found:
            return Checked(verdict, "", f"{visible(source.name, _MAX_NAME)}: {problem}")
        if self.form == "csv":
            known = (visible(source.name, _MAX_NAME), verdict.value, reason, "", problem)
            said = csv_line((*known, *[""] * (len(COLUMNS) - len(known))))
        elif self.form == "json":
            result = {"file": source.name, "verdict": verdict.value, "reason": reason}
            said = _json({**result, "text": problem})
        else:
            said = f"{_headline(verdict, source.name)}\n  {problem} [{reason}]\n"
        return Checked(verdict, said)


@dataclass(frozen=True, slots=True)
class _Packed:
    """A ``Checking`` on its way to other processes, each of which unpacks it once: with it goes
    the trust store, and in that lists of hundreds of kilobytes.
    """

    data: bytes
    digest: bytes

    @classmethod
    def pack(cls, checking: Checking) -> "_Packed":
        data = pickle.dumps(checking)
        return cls(data, hashlib.sha256(data).digest())

    def __call__(self, batch: list[Source]) -> list[Checked]:
        if self.digest not in _unpacked:
            _unpacked.clear()
            _unpacked[self.digest] = pickle.loads(self.data)  # noqa: S301 - from our own process
        return _unpacked[self.digest](batch)


_unpacked: dict[bytes, Checking] = {}


def check_all(
    checking: Checking, sources: Iterable[Source], jobs: int
) -> Generator[Checked, None, None]:
    """What came of each, in their order. What is more than one batch is shared by ``jobs``
    processes.
    """
    batches = _batches(sources)
    first = list(islice(batches, 2))
    if len(first) < 2 or jobs == 1:
        for batch in chain(first, batches):
            for source in batch:
                yield from checking([source])
        return
    from signedcert.batch import in_order, process_pool  # noqa: PLC0415 - one file needs none

    with process_pool(jobs) as pool:
        results = in_order(pool, _Packed.pack(checking), chain(first, batches), _AHEAD * jobs)
        try:
            yield from chain.from_iterable(results)
        finally:
            results.close()


def _batches(sources: Iterable[Source]) -> Iterator[list[Source]]:
    remaining = iter(sources)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def sources_of(names: tuple[str, ...]) -> Iterator[Source]:
    """Each file, each certificate in each folder in the order of their names, standard input."""
    for name in names:
        if name == "-":
            yield Source("standard input", sys.stdin.buffer.read(MAX_BUNDLE + 1))
        elif Path(name).is_dir():
            yield from (Source(path, found=True) for path in _certificates(name))
        else:
            yield Source(name)


def count_of(names: tuple[str, ...]) -> int:
    """How many ``sources_of`` has. Raises UsageError for a folder that has none."""
    total = 0
    for name in names:
        folder = name != "-" and Path(name).is_dir()
        count = sum(1 for _ in _certificates(name)) if folder else 1
        if not count:
            message = f"{name}: no {SUFFIX} file in this folder"
            raise click.UsageError(message)
        total += count
    return total


def _certificates(folder: str) -> Iterator[str]:
    """In the order of their names, one folder after the other."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=attrgetter("name"))
    yield from (entry.path for entry in entries if _is_certificate(entry))
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _certificates(entry.path)


def _is_certificate(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(SUFFIX) and not entry.is_dir()


def _read(source: Source) -> bytes:
    """A byte more than a bundle may have is enough to see that there are too many."""
    if source.found and not os.path.isfile(source.name):  # noqa: PTH113 - half the time
        raise OSError(0, "not a regular file")  # one could wait for ever to be written to
    return read_at_most(source.name, MAX_BUNDLE + 1)


def _page(data: bytes) -> Page | None:
    """What a PDF shows, to compare it with what is in it; other files show nothing."""
    return _reader().read(data) if is_pdf(data) else None


@cache
def _reader() -> PageReader:
    """One for all files of this process."""
    reader = PageReader()
    atexit.register(reader.close)
    return reader


def csv_line(cells: Iterable[str]) -> str:
    """A line of CSV, its end included, of cells that no spreadsheet takes for a formula."""
    import csv  # noqa: PLC0415 - for those who want it

    line = io.StringIO()
    csv.writer(line).writerow(map(cell, cells))
    return line.getvalue()


def _cells(name: str, report: Report) -> tuple[str, ...]:
    check, signed = report.decisive, report.credential
    known = (
        ("",) * 6
        if signed is None
        else (
            signed.learner or "",
            signed.course,
            signed.completed.isoformat(),
            signed.issuer,
            report.kind,
            f"urn:uuid:{signed.id}",
        )
    )
    code = "" if report.code is None else str(report.code)
    step = "" if check.reason is None else str(check.step)
    said = (report.verdict.value, check.reason or "", step, check.detail)
    return (visible(name, _MAX_NAME), *said, code, *known)


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _headline(verdict: Verdict, name: str) -> str:
    sign, colour = _STYLE[verdict]
    return (
        click.style(f"{sign} {verdict.value.upper()}", fg=colour, bold=True)
        + f"  {visible(name, 200)}"
    )


def _block(name: str, report: Report, *, steps: bool) -> str:
    words = message_of(report.verdict, report.reason, report.kind)
    lines = [_headline(report.verdict, name)]
    if report.verdict in _SHOWN or report.reason == "printed-text-differs":
        lines += [f"    {label + ': ':22}{value}" for label, value in signed_fields(report)]
    lines += [f"  {words.title}. {words.text}", f"  {words.advice}"]
    if report.verdict in _SHOWN and (page := page_in_words(report)):
        lines.append(f"  {page}")
    decisive = report.decisive
    if steps:
        lines += _steps(report)
    elif decisive.reason is not None:
        detail = f", {decisive.detail}" if decisive.detail not in ("", decisive.reason) else ""
        technical = visible(decisive.technical, 400)
        lines.append(f"  (step {decisive.step}, {decisive.reason}{detail}: {technical})")
    return "\n".join([*lines, ""])


def _steps(report: Report) -> list[str]:
    lines = []
    for check in report.checks:
        line = f"  {check.step:2}  {step_title(check.step):32}{outcome_title(check.outcome)}"
        if check.reason is not None:
            line += f" [{check.reason}]"
        lines.append(line)
        if check.technical and check.outcome is not Outcome.NOT_MADE:
            lines.append(f"      {visible(check.technical, 400)}")
    return lines
