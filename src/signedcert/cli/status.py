"""What becomes of documents: revoke, suspend, restore, replace, and publish."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from signedcert.carriers.bundle import SUFFIX
from signedcert.cli.app import (
    find_passphrase,
    home_option,
    json_option,
    passphrase_option,
    print_json,
)
from signedcert.core.code import VerificationCode
from signedcert.core.encoding import format_time
from signedcert.core.jws import CompactJWS
from signedcert.documents.certificate import Certificate
from signedcert.documents.openbadges import Credential, parse_credential
from signedcert.documents.text import visible
from signedcert.errors import IssueError, MalformedError, SignedCertError
from signedcert.institution import Institution
from signedcert.issue.issuer import Issued
from signedcert.issue.rows import BadRow, Form, ReadRow, RowError, Table, read_rows
from signedcert.publish.publisher import Published
from signedcert.registry.statuses import STATUS_WORDS, RefusedChangesError, StatusChange
from signedcert.trust.reasons import WHY, Why
from signedcert.trust.statuslist import REPLACED, REVOKED, SUSPENDED, VALID

_NEXT = "Verifiers know it once it is published and they have updated: signedcert publish"
_DONE = {VALID: "Restored", REVOKED: "Revoked", SUSPENDED: "Suspended"}
_COLUMNS = ("code", "reason")
_FORM = Form("list", ("code",), "the first line names the column code, and optionally reason")
_Command = TypeVar("_Command", bound=Callable[..., object])


class Wanted(NamedTuple):
    """A change that is wanted; ``line`` is 0 for one from the command line itself."""

    line: int
    change: StatusChange


def _code_arguments(command: _Command) -> _Command:
    command = click.option(
        "--from",
        "source",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A CSV file with the column code, instead of CODEs.",
    )(command)
    return click.argument("codes", metavar="[CODE]...", nargs=-1)(command)


def _reason_option(status: int, default: Why) -> Callable[[_Command], _Command]:
    return click.option(
        "--reason",
        type=click.Choice(WHY[status]),
        default=default,
        show_default=True,
        help="Published with the status; it says no more than this word.",
    )


@click.command()
@_code_arguments
@_reason_option(REVOKED, "other")
@home_option
@json_option
def revoke(
    codes: tuple[str, ...], source: Path | None, reason: str, home: Path, as_json: bool
) -> None:
    """Revoke documents: they do not stand any more. That is final.

    With --from, the column reason of the file says why, and --reason where it is empty. All are
    revoked or none; then each row that is wrong is told, and the command exits 1.

    \b
    Examples:
      signedcert revoke NSPQ-8W1B-BCGX-GRPY-7QQP --reason issued-in-error
      signedcert revoke --from withdrawn.csv --home home
    """
    _change(REVOKED, codes, source, reason, home, as_json=as_json)


@click.command()
@_code_arguments
@_reason_option(SUSPENDED, "other")
@home_option
@json_option
def suspend(
    codes: tuple[str, ...], source: Path | None, reason: str, home: Path, as_json: bool
) -> None:
    """Suspend documents: they do not stand for now.

    With --from, the column reason of the file says why, and --reason where it is empty. All are
    suspended or none; then each row that is wrong is told, and the command exits 1.

    \b
    Examples:
      signedcert suspend NSPQ-8W1B-BCGX-GRPY-7QQP --reason under-review
      signedcert suspend --from under-review.csv --home home
    """
    _change(SUSPENDED, codes, source, reason, home, as_json=as_json)


@click.command()
@_code_arguments
@home_option
@json_option
def restore(codes: tuple[str, ...], source: Path | None, home: Path, as_json: bool) -> None:
    """Restore documents that are suspended: they stand again.

    What was revoked or replaced stays so. All are restored or none; then each row that is wrong
    is told, and the command exits 1.

    \b
    Examples:
      signedcert restore NSPQ-8W1B-BCGX-GRPY-7QQP
      signedcert restore --from cleared.csv --home home
    """
    _change(VALID, codes, source, None, home, as_json=as_json)


_day = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("code")
@click.option("--name", help="The learner's name, as it should be.")
@click.option("--completed", type=_day, help="When the course was completed, such as 2026-06-30.")
@click.option("--started", type=_day, help="When the course was begun.")
@_reason_option(REPLACED, "corrected")
@click.option(
    "--name-confirmed", is_flag=True, help="The name looks like a placeholder, but is one's name."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The file to write.  [default: the new code with {SUFFIX}]",
)
@home_option
@passphrase_option()
@json_option
def replace(
    code: str,
    name: str | None,
    completed: datetime | None,
    started: datetime | None,
    reason: Why,
    name_confirmed: bool,
    out: Path | None,
    home: Path,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Issue a corrected certificate in the place of another.

    What is not named stays as it was. The old certificate is replaced, for good, and does not say
    by what: the learner decides who is given the new one. A course record that belongs to the old
    certificate stays as it is. In the place of a revoked certificate, which stays revoked, a new
    one is issued.

    \b
    Examples:
      signedcert replace NSPQ-8W1B-BCGX-GRPY-7QQP --name "María-José Nguyễn" --reason renamed
      signedcert replace NSPQ-8W1B-BCGX-GRPY-7QQP --completed 2026-06-30
    """
    old = VerificationCode.parse(code)
    if out is not None and not out.parent.is_dir():
        raise click.UsageError(f"{out.parent} is no directory; nothing was issued")
    with Institution.open(home, _passphrase(passphrase_file)) as institution:
        claims = _claims(institution, old)
        course = institution.course(claims.course, claims.version)
        if course is None:
            message = f"version {claims.version} of the certificate is not in the catalogue"
            raise IssueError("course-unknown", message, where=claims.course)
        corrected = Certificate(
            learner=name or claims.learner,
            course=course,
            completed=_date(completed) or claims.completed,
            started=_date(started) or claims.started,
            valid_until=claims.valid_until,
        )
        issued = institution.replace(
            old, corrected, reason, at=datetime.now(UTC), name_confirmed=name_confirmed
        )
        status = STATUS_WORDS[institution.status_of(old).status]
    target = out or Path(f"{issued.code}{SUFFIX}")
    issued.bundle.write(target)
    _tell_replaced(old, status, issued, target, as_json=as_json)


@click.command()
@home_option
@passphrase_option(what="the issuing key and the snapshot key")
@json_option
def publish(home: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Write the files by which verifiers learn what became of documents.

    They are good for seven days: publish each day, and after each change. signedcert serve serves
    them at once; other servers serve the directory as it is, as /.well-known/signedcert/.

    \b
    Example:
      signedcert publish --home home --passphrase-file passphrase.txt
    """
    with Institution.open(home, _passphrase(passphrase_file)) as institution:
        published = institution.publish(at=datetime.now(UTC))
        directory = institution.published.path
    if as_json:
        times = {name: format_time(getattr(published, name)) for name in ("issued", "expires")}
        members = {**published._asdict(), **times}
        files = members.pop("sizes")
        print_json({"directory": str(directory), **members, "files": files})
    else:
        _tell_published(published, directory)


def _change(
    status: int,
    codes: tuple[str, ...],
    source: Path | None,
    reason: str | None,
    home: Path,
    *,
    as_json: bool,
) -> None:
    if bool(codes) is (source is not None):
        raise click.UsageError("name documents by CODE, or in a file with --from")
    if source is None:
        rows: list[Wanted | BadRow] = [_argument(code, status, reason) for code in codes]
    else:
        rows = list(read_rows(source, _FORM, lambda table: _begin(table, status, reason)))
    bad = [row for row in rows if isinstance(row, BadRow)]
    wanted = [row for row in rows if isinstance(row, Wanted)]
    with Institution.open(home) as institution:
        try:
            changes = [row.change for row in wanted]
            institution.change_statuses(changes, at=datetime.now(UTC), only_check=bool(bad))
        except RefusedChangesError as refused:
            bad += [_bad_row(wanted[i], error) for i, error in refused.errors.items()]
    done = [] if bad else [str(row.change.code) for row in wanted]
    _tell(status, done, sorted(bad), len(rows), as_json=as_json)


def _argument(text: str, status: int, reason: str | None) -> Wanted | BadRow:
    try:
        return Wanted(0, StatusChange(VerificationCode.parse(text), status, reason))
    except MalformedError as error:
        return BadRow(0, "", "code", error.reason, visible(text), error.message)


def _begin(table: Table, status: int, reason: str | None) -> ReadRow[Wanted]:
    known = _COLUMNS if reason is not None else _COLUMNS[:1]
    names = table.names
    unknown = [name for name in names if name not in known]
    if unknown or len(set(names)) != len(names):
        message = f"column {visible(', '.join(unknown or names))} is unknown or stands twice"
        raise table.refusal("column-unknown", message)

    def read_row(line: int, cells: list[str]) -> Wanted:
        row = dict(zip(names, cells, strict=True))
        try:
            code = VerificationCode.parse(row["code"])
        except MalformedError as error:
            raise RowError("code", error.reason, row["code"], error.message) from error
        return Wanted(line, StatusChange(code, status, row.get("reason") or reason))

    return read_row


def _bad_row(row: Wanted, error: SignedCertError) -> BadRow:
    code, reason = str(row.change.code), row.change.reason
    if error.reason == "reason-unknown":
        return BadRow(row.line, "", "reason", error.reason, visible(reason or ""), error.message)
    return BadRow(row.line, "", "code", error.reason, code, error.message)


def _tell(status: int, done: list[str], bad: list[BadRow], total: int, *, as_json: bool) -> None:
    if as_json:
        errors = [
            {name: value for name, value in row._asdict().items() if name != "learner_id"}
            for row in bad
        ]
        print_json({"status": STATUS_WORDS[status], "changed": done, "errors": errors})
    elif bad:
        for row in bad:
            place = f"line {row.line}: " if row.line else ""
            click.echo(f"{place}{row.value}: {row.message} [{row.reason}]", err=True)
        click.echo(f"Nothing was changed: {len(bad)} of {total} cannot be.", err=True)
    else:
        click.echo(f"{_DONE[status]}: {len(done)}. {_NEXT}")
    if bad:
        raise click.exceptions.Exit(1)


def _claims(institution: Institution, code: VerificationCode) -> Credential:
    bundle = institution.find(code)
    if bundle is None:
        message = "no certificate with this code was issued here"
        raise IssueError("document-unknown", message, where=str(code))
    return parse_credential(CompactJWS.parse(bundle.document.encode()).payload)


def _date(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _tell_replaced(
    old: VerificationCode, status: str, issued: Issued, target: Path, *, as_json: bool
) -> None:
    code = str(issued.code)
    if as_json:
        members = {"code": code, "url": issued.url, "file": str(target), status: str(old)}
        print_json(members)
        return
    click.echo(f"{code}  {issued.url}")
    click.echo(f"{target} is for the learner. {old} is {status}.")
    click.echo(_NEXT)


def _tell_published(published: Published, directory: Path) -> None:
    sizes = dict(published.sizes)
    lists = sum(size for name, size in sizes.items() if name.endswith(".jwt"))
    others = {name: sizes[name] for name in ("reasons.jws", "snapshot.json")}
    credentials = sum(sizes.values()) - lists - sum(others.values())
    count = f"{published.lists} status {'list' if published.lists == 1 else 'lists'}"
    click.echo(f"{directory}:")
    click.echo(f"  {count}: {lists:,} bytes; for other verifiers: {credentials:,} bytes")
    for name, size in others.items():
        click.echo(f"  {name}: {size:,} bytes")
    click.echo(
        f"Not valid: {published.not_valid}. Fresh until {published.expires:%Y-%m-%d %H:%M} UTC."
    )
    if published.unexplained:
        click.echo(f"Without a reason, the oldest, for want of room: {published.unexplained}.")


def _passphrase(file: Path | None) -> Callable[[], str]:
    return lambda: find_passphrase(file, "Passphrase of the issuing key")
