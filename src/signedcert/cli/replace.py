"""The command replace: corrected certificates, in the place of others."""

from collections.abc import Iterator
from concurrent.futures import Executor
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import click

from signedcert.carriers.bundle import SUFFIX
from signedcert.cli.app import (
    cores,
    find_passphrase,
    find_pin,
    home_option,
    jobs_option,
    json_option,
    passphrase_option,
    print_json,
)
from signedcert.cli.bulk import NEXT, Work, tell
from signedcert.cli.status import reason_option
from signedcert.core.code import VerificationCode
from signedcert.errors import IssueError
from signedcert.institution import Institution
from signedcert.issue.corrections import CorrectionRow, read_corrections
from signedcert.issue.issuer import Issued
from signedcert.issue.results import REPLACED as REPORT
from signedcert.issue.results import Counts
from signedcert.issue.rows import BadRow
from signedcert.registry.statuses import STATUS_WORDS
from signedcert.trust.reasons import Why
from signedcert.trust.statuslist import REPLACED

_day = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("code", required=False)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A CSV file of corrections, instead of CODE.",
)
@click.option("--name", help="The learner's name, as it should be.")
@click.option("--completed", type=_day, help="When the course was completed, such as 2026-06-30.")
@click.option("--started", type=_day, help="When the course was begun.")
@reason_option(REPLACED, "corrected")
@click.option(
    "--name-confirmed", is_flag=True, help="The name looks like a placeholder, but is one's name."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help=f"The file to write, and with --from the directory.  [default: the new code with {SUFFIX},"
    " the list's name with -replaced]",
)
@jobs_option
@home_option
@passphrase_option()
@json_option
def replace(
    code: str | None,
    source: Path | None,
    name: str | None,
    completed: datetime | None,
    started: datetime | None,
    reason: Why,
    name_confirmed: bool,
    out: Path | None,
    jobs: int | None,
    home: Path,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Issue corrected certificates in the place of others.

    What is not named stays as it was. The old certificate is replaced, for good, and does not say
    by what: the learner decides who is given the new one. A course record that belongs to the old
    certificate stays as it is. In the place of a revoked certificate, which stays revoked, a new
    one is issued.

    With --from, the columns of the file are code, and any of name, completed, started, reason and
    name_confirmed; an empty cell is for what stays as it was. Writes replaced.csv, errors.csv and
    one .signedcert file per new certificate, and exits 1 if there are rows that were not replaced.

    Running either again is safe: what was replaced before, by a certificate that says exactly what
    is asked for, leads to that one again.

    \b
    Examples:
      signedcert replace NSPQ-8W1B-BCGX-GRPY-7QQP --name "María-José Nguyễn" --reason renamed
      signedcert replace NSPQ-8W1B-BCGX-GRPY-7QQP --completed 2026-06-30
      signedcert replace --from corrections.csv --out corrected
    """
    if source is not None:
        if code or name or completed or started or name_confirmed:
            raise click.UsageError("with --from, the file says which, and what is other")
        directory = out or source.with_name(f"{source.stem}-replaced")
        work = Work(source, home, directory, jobs or cores(), passphrase_file)
        _replace_many(work, reason, as_json=as_json)
        return
    if code is None:
        raise click.UsageError("name a certificate by CODE, or several in a file with --from")
    row = CorrectionRow(
        0,
        VerificationCode.parse(code),
        name,
        _date(completed),
        _date(started),
        reason,
        name_confirmed,
    )
    _replace_one(row, out, home, passphrase_file, as_json=as_json)


def _replace_many(work: Work, reason: Why, *, as_json: bool) -> None:
    def begin(
        institution: Institution, *, at: datetime, jobs: int, pool: Executor | None
    ) -> Iterator[Counts]:
        rows = read_corrections(work.source, reason)
        return institution.replace_rows(rows, work.directory, at=at, jobs=jobs, pool=pool)

    done = {"replaced": "Replaced", "again": "Replaced before"}
    tell(work.run(begin), done, work, REPORT.name, as_json=as_json)


def _replace_one(
    row: CorrectionRow, out: Path | None, home: Path, passphrase_file: Path | None, *, as_json: bool
) -> None:
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise click.UsageError(f"{out} cannot be a file; nothing was issued")

    passphrase = partial(find_passphrase, passphrase_file)
    with Institution.open(home, passphrase, find_pin) as institution:
        (outcome,) = institution.issue_rows([row], at=datetime.now(UTC))
        if isinstance(outcome, BadRow):
            where = row.label if outcome.field == "code" else outcome.field
            raise IssueError(outcome.reason, outcome.message, where=where)
        status = STATUS_WORDS[institution.status_of(row.code).status]
    issued = outcome.issued
    target = out or Path(f"{issued.code}{SUFFIX}")
    issued.bundle.write(target)
    _tell(row.label, status, issued, target, as_json=as_json)


def _date(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _tell(old: str, status: str, issued: Issued, target: Path, *, as_json: bool) -> None:
    code = str(issued.code)
    if as_json:
        print_json({"code": code, "url": issued.url, "file": str(target), status: old})
        return
    click.echo(f"{code}  {issued.url}")
    click.echo(f"{target} is for the learner. {old} is {status}.")
    click.echo(NEXT)
