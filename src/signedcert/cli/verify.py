"""Commands for anyone: verify and code."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from signedcert.carriers.bundle import MAX_BUNDLE, SUFFIX
from signedcert.cli.app import json_option, print_json
from signedcert.cli.trust import read_trust, trust_option
from signedcert.core.code import VerificationCode, suggest
from signedcert.documents.text import visible
from signedcert.errors import MalformedError
from signedcert.verify.messages import message_of, outcome_title, step_title
from signedcert.verify.policy import Policy
from signedcert.verify.report import Outcome, Report, Verdict, worst
from signedcert.verify.show import report_to_json, signed_fields
from signedcert.verify.verifier import Verifier

_STYLE = {
    Verdict.AUTHENTIC: ("✓", "green"),
    Verdict.NOT_AUTHENTIC: ("✗", "red"),
    Verdict.NOT_STANDING: ("✗", "yellow"),
    Verdict.UNDECIDED: ("?", "yellow"),
    Verdict.UNREADABLE: ("?", "red"),
}


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
@click.option("--at", "moment", help="Verify as of this moment, such as 2026-06-30T12:00:00Z.")
@click.option("-v", "--verbose", is_flag=True, help="Show all ten steps.")
@json_option
def verify(
    files: tuple[str, ...],
    directory: Path | None,
    printed: str | None,
    issuer: str | None,
    course: str | None,
    learner: str | None,
    max_trust_age: int | None,
    moment: str | None,
    verbose: bool,
    as_json: bool,
) -> None:
    """Verify certificates, with no network.

    FILES are .signedcert files, signed documents, folders of them, or - for standard input. They
    are checked against the keys in the trust store: see signedcert trust --help.

    \b
    Exit status: 0 authentic, 1 not authentic, 2 wrong use, 3 genuine but expired, revoked or
    the like, 4 undecided with this trust data, 5 no certificate found. Of several files, the
    worst, in the order 1, 5, 4, 3, 0.

    \b
    Examples:
      signedcert verify maria.signedcert
      signedcert verify maria.signedcert --code NSPQ-8W1B-BCGX-GRPY-7QQP
      signedcert verify inbox/ --issuer https://learn.example.edu --json
    """
    policy = _policy(issuer, course, learner, max_trust_age)
    verifier = Verifier(read_trust(directory), policy)
    at = datetime.now(UTC) if moment is None else _moment(moment)
    verdicts, results = [], []
    for name, data in _documents(files):
        report = verifier.report(data, at=at, code=printed)
        verdicts.append(report.verdict)
        if as_json:
            results.append({"file": name, **report_to_json(report)})
        else:
            _print(name, report, verbose=verbose)
    if as_json:
        print_json({"at": at.isoformat(), "results": results})
    raise click.exceptions.Exit(worst(verdicts).exit_status)


def _policy(
    issuer: str | None, course: str | None, learner: str | None, days: int | None
) -> Policy | None:
    age = None if days is None else timedelta(days=days)
    if (issuer, course, learner, age) == (None, None, None, None):
        return None
    return Policy(issuer=issuer, course=course, learner=learner, max_trust_age=age)


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"--at {text!r} is no time; write it as 2026-06-30T12:00:00Z"
        raise click.UsageError(message) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _documents(files: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each; a file that cannot be opened is wrong use of the command."""
    for name in files:
        if name == "-":
            yield "standard input", sys.stdin.buffer.read(MAX_BUNDLE + 1)
            continue
        path = Path(name)
        paths = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not paths:
            message = f"{name}: no {SUFFIX} file in this folder"
            raise click.UsageError(message)
        for one in paths:
            yield str(one), _read(one)


def _read(path: Path) -> bytes:
    """A byte more than a bundle may have is enough to see that there are too many."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BUNDLE + 1)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or 'cannot be read'}") from error


def _print(name: str, report: Report, *, verbose: bool) -> None:
    words = message_of(report.verdict, report.reason)
    sign, colour = _STYLE[report.verdict]
    click.secho(f"{sign} {report.verdict.value.upper()}", fg=colour, bold=True, nl=False)
    click.echo(f"  {visible(name, 200)}")
    if report.verdict is Verdict.AUTHENTIC or report.verdict is Verdict.NOT_STANDING:
        for label, value in signed_fields(report):
            click.echo(f"    {label + ':':22}{value}")
    click.echo(f"  {words.title}. {words.text}")
    click.echo(f"  {words.advice}")
    decisive = report.decisive
    if decisive.reason is not None and not verbose:
        detail = f", {decisive.detail}" if decisive.detail not in ("", decisive.reason) else ""
        technical = visible(decisive.technical, 400)
        click.echo(f"  (step {decisive.step}, {decisive.reason}{detail}: {technical})")
    if verbose:
        _print_steps(report)
    click.echo()


def _print_steps(report: Report) -> None:
    for check in report.checks:
        line = f"  {check.step:2}  {step_title(check.step):32}{outcome_title(check.outcome)}"
        if check.reason is not None:
            line += f" [{check.reason}]"
        click.echo(line)
        if check.technical and check.outcome is not Outcome.NOT_MADE:
            click.echo(f"      {visible(check.technical, 400)}")


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
