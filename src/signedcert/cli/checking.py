"""Many files verified, a batch at a time, in this process or in others."""

import atexit
import hashlib
import io
import json
import pickle
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain, islice
from typing import Literal, NamedTuple, TypeAlias

import click

from signedcert.carriers.bundle import Bundle
from signedcert.carriers.carrier import kind_of
from signedcert.carriers.pagereader import PageReader
from signedcert.carriers.scan import PICTURES, PaperCode, scan
from signedcert.cli.sources import Source
from signedcert.documents.text import cell, visible
from signedcert.errors import SignedCertError
from signedcert.verify.messages import message_of, outcome_title, step_title
from signedcert.verify.onpage import with_page
from signedcert.verify.paper import alone, nothing_on, tie
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


class Checked(NamedTuple):
    """What came of one file, ``said`` in the form asked for. ``problem`` is set for a named file
    that could not be opened; there is no verdict then. ``paper`` is set for a picture of one, which
    may belong to another file: it is not over with it then.
    """

    verdict: Verdict
    said: str
    problem: str = ""
    name: str = ""
    paper: PaperCode | None = None


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
            data = source.read()
        except OSError as error:
            return self._unreadable(source, error.strerror or "cannot be read")
        report = self.verifier.report(data, at=self.at, code=self.code)
        if report.decisive.detail == "no-document" and kind_of(data) in PICTURES:
            return self._picture(source.name, data, report)
        report = _with_page(report, data)
        return Checked(report.verdict, self._say(source.name, report))

    def _picture(self, name: str, data: bytes, report: Report) -> Checked:
        """The code that is on a picture, or why there is none. Of a PDF, ``report`` knows better:
        few of them were scanned.
        """
        try:
            return Checked(Verdict.UNDECIDED, "", name=name, paper=scan(data))
        except SignedCertError as error:
            report = report if kind_of(data) == "PDF" else nothing_on(error)
            return Checked(report.verdict, self._say(name, report))

    def check_paper(
        self, name: str, paper: PaperCode, found: tuple[str, Bundle] | None = None
    ) -> Checked:
        """The picture of a paper, with the file that its code belongs to, where there is one."""
        if found is None:
            report = alone(paper)
            return Checked(report.verdict, self._say(name, report, paper))
        other, bundle = found
        code = self.code or str(paper.code)
        report = tie(self.verifier.report(bundle, at=self.at, code=code), paper)
        return Checked(report.verdict, self._say(name, report, paper, other))

    def _say(
        self, name: str, report: Report, paper: PaperCode | None = None, other: str = ""
    ) -> str:
        if self.form == "csv":
            return csv_line(_cells(name, report))
        if self.form == "json":
            result = {"file": name, **report_to_json(report)}
            if paper is not None:
                result["paper"] = {"url": paper.url, "file": other or None}
            return _json(result)
        title = f"{other}, whose code is on {name}" if other else name
        said = _block(title, report, steps=self.form == "steps")
        return said if paper is None else said + _on_paper(paper, other)

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


def _with_page(report: Report, data: bytes) -> Report:
    """What a PDF shows is compared with what is in it, if that is genuine: no other file gets as
    far as the native code that reads pages.
    """
    if report.credential is None or kind_of(data) != "PDF":
        return report
    return with_page(report, _reader().read(data))


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
        + f"  {visible(name, 420)}"
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


def _on_paper(paper: PaperCode, other: str) -> str:
    """What the QR code says, and whether it belongs to one of the other files."""
    bears = f"  The paper bears {paper.code} ({paper.url}), "
    if not other:
        return f"{bears}which is the code of none of these files.\n"
    return (
        f"{bears}which is the code of this file.\n"
        "  Nothing else on it was compared: compare it with what was signed, by eye.\n"
    )


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
