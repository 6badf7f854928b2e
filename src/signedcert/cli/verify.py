"""Commands for anyone: verify and code."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import indent
from typing import Any

import click

from signedcert.cli.app import cores, jobs_option, json_option, print_json
from signedcert.cli.checking import (
    COLUMNS,
    Checked,
    Checking,
    Form,
    check_all,
    csv_line,
)
from signedcert.cli.papers import tied
from signedcert.cli.progress import with_progress
from signedcert.cli.sources import Sources
from signedcert.cli.trust import read_trust, trust_option
from signedcert.core.code import VerificationCode, suggest
from signedcert.errors import MalformedError
from signedcert.verify.policy import Policy
from signedcert.verify.report import WORST_FIRST, Verdict, worst
from signedcert.verify.verifier import Verifier


@click.command()
@click.argument("files", nargs=-1, required=True)
@trust_option
@click.option(
    "--code", "printed", help="The code printed on the paper; ? for what you cannot read."
)
@click.option("--issuer", help="Accept only this institution, by its https address.")
@click.option("--course", help="Accept only this course, by its id.")
@click.option("--learner", help="Accept only this name; case and spacing do not count.")
@click.option(
    "--max-trust-age", type=click.IntRange(0, 36_500), metavar="DAYS", help="How old keys may be."
)
@click.option(
    "--max-status-age",
    type=click.IntRange(0, 36_500),
    metavar="DAYS",
    help="How old the knowledge may be that nothing was revoked.  [default: as the institution "
    "says]",
)
@click.option(
    "--unsafe-accept-unknown-status",
    "accept_unknown",
    is_flag=True,
    help="Accept what may have been revoked, where nothing says that it was not.",
)
@click.option("--at", "moment", help="Verify as of this moment, such as 2026-06-30T12:00:00Z.")
@click.option("-v", "--verbose", is_flag=True, help="Show all ten steps.")
@click.option(
    "--csv",
    "report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a line per file to this file, and only the counts to the screen.",
)
@jobs_option
@json_option
def verify(
    files: tuple[str, ...],
    directory: Path | None,
    printed: str | None,
    issuer: str | None,
    course: str | None,
    learner: str | None,
    max_trust_age: int | None,
    max_status_age: int | None,
    accept_unknown: bool,
    moment: str | None,
    verbose: bool,
    report: Path | None,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Verify certificates and course records, with no network.

    FILES are PDF, PNG, SVG and .signedcert files as the institution sent them, folders of them, or
    - for standard input. They are checked against the keys in the trust store: see signedcert
    trust --help. Photos and scans of a paper are tied to the file, given along with them, that
    has the code in their QR code.

    \b
    Exit status: 0 authentic, 1 not authentic, 2 wrong use, 3 genuine but expired, revoked or
    the like, 4 undecided with this trust data, 5 no certificate found. Of several files, the
    worst, in the order 1, 5, 4, 3, 0.

    \b
    Examples:
      signedcert verify maria.signedcert
      signedcert verify maria.pdf --code NSPQ-8W1B-BCGX-GRPY-7QQP
      signedcert verify maria.signedcert photo.jpg
      signedcert verify inbox/ --issuer https://learn.example.edu --csv inbox.csv
    """
    if report is not None and (verbose or as_json):
        message = "--csv is one form of the result, --json and --verbose are others; choose one"
        raise click.UsageError(message)
    asked = {
        "issuer": issuer,
        "course": course,
        "learner": learner,
        "max_trust_age": _days(max_trust_age),
        "max_status_age": _days(max_status_age),
        "unsafe_accept_unknown_status": accept_unknown or None,
    }
    verifier = Verifier(read_trust(directory), _policy(asked))
    at = datetime.now(UTC) if moment is None else _moment(moment)
    form: Form = "csv" if report else "json" if as_json else "steps" if verbose else "text"
    checking = Checking(verifier, at, printed, form)
    verdicts = _check(checking, Sources(files), jobs or cores(), report)
    raise click.exceptions.Exit(worst(list(verdicts)).exit_status)


def _check(
    checking: Checking, sources: Sources, jobs: int, report: Path | None
) -> Counter[Verdict]:
    """Tells what becomes of each file, in the form that was asked for; how many became what."""
    total = sources.count()
    verdicts: Counter[Verdict] = Counter()
    with closing(check_all(checking, sources, jobs)) as results:
        checked = tied(checking, results, sources)
        if report is not None:
            _write_report(report, with_progress(checked, "files", total), verdicts)
            click.echo(f"{_summary(verdicts)} Each has its line in {report}")
        elif checking.form == "json":
            _print_json(checking.at, checked, verdicts)
        else:
            _print_text(checked, verdicts)
    return verdicts


def _policy(asked: dict[str, Any]) -> Policy | None:
    """What is asked for; None if nothing is."""
    given = {name: value for name, value in asked.items() if value is not None}
    return Policy(**given) if given else None


def _days(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(days=number)


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"--at {text!r} is no time; write it as 2026-06-30T12:00:00Z"
        raise click.UsageError(message) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _print_json(at: datetime, checked: Iterable[Checked], verdicts: Counter[Verdict]) -> None:
    """One JSON document, written as the results come."""
    click.echo(f'{{\n  "at": "{at.isoformat()}",\n  "results": [', nl=False)
    separator = "\n"
    for one in _named(checked):
        verdicts[one.verdict] += 1
        click.echo(separator + indent(one.said, "    "), nl=False)
        separator = ",\n"
    click.echo("\n  ]\n}")


def _print_text(checked: Iterable[Checked], verdicts: Counter[Verdict]) -> None:
    for one in _named(checked):
        verdicts[one.verdict] += 1
        click.echo(one.said)
    if verdicts.total() > 1:
        click.echo(_summary(verdicts))


def _write_report(path: Path, checked: Iterable[Checked], verdicts: Counter[Verdict]) -> None:
    """The file appears whole, in the end."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            file.write(csv_line(COLUMNS))
            for one in _named(checked):
                verdicts[one.verdict] += 1
                file.write(one.said)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _named(checked: Iterable[Checked]) -> Iterator[Checked]:
    """A file that was named and cannot be opened is wrong use of the command."""
    for one in checked:
        if one.problem:
            raise click.UsageError(one.problem)
        yield one


def _summary(verdicts: Counter[Verdict]) -> str:
    counts = [f"{verdicts[one]:,} {one.value}" for one in reversed(WORST_FIRST) if verdicts[one]]
    return f"{verdicts.total():,} files: {', '.join(counts)}."


@click.command()
@click.argument("text", metavar="CODE")
@json_option
def code(text: str, as_json: bool) -> None:
    """Check a typed verification code, and find typing errors.

    Up to two wrong symbols, or four unreadable ones (typed as ?), are found and shown. A code
    only finds a certificate and ties paper to file; to know whether a certificate is authentic,
    open its verify URL, or verify the file with: signedcert verify FILE --code CODE

    \b
    Example:
      signedcert code NSPQ-8W1B-BCGX-GRPY-7Q?P
    """
    try:
        found = VerificationCode.parse(text)
    except MalformedError as error:
        _suggest(text, error, as_json=as_json)
        raise click.exceptions.Exit(1) from error
    if as_json:
        print_json({"code": str(found), "well_formed": True})
        return
    click.echo(f"{found} is a well-formed code.")
    click.echo(
        "That says nothing about a certificate yet: open its verify URL, or verify the file."
    )


def _suggest(text: str, error: MalformedError, *, as_json: bool) -> None:
    suggestion = None
    if error.reason in ("code-check", "code-unreadable"):
        suggestion = suggest(text)
    if as_json:
        result: dict[str, object] = {"code": None, "well_formed": False, "reason": error.reason}
        if suggestion is not None:
            result["suggestion"] = str(suggestion.code)
            result["positions"] = list(suggestion.positions)
        print_json(result)
        return
    click.echo(f"This is not a verification code: {error.message}. [{error.reason}]")
    if suggestion is None:
        click.echo("Compare it with the paper, symbol by symbol.")
        return
    which = ", ".join(str(position) for position in suggestion.positions)
    click.echo(f"Did you mean this one? It differs at symbol {which}:")
    click.echo(f"  {suggestion.code}\n  {suggestion.marks()}")
    click.echo("Compare those symbols with the paper. It counts only if it leads to a certificate.")
