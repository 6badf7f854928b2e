"""What becomes of documents: revoke, suspend, restore, and publish."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from signedcert.cli.app import (
    find_passphrase,
    find_pin,
    home_option,
    json_option,
    passphrase_option,
    print_json,
)
from signedcert.cli.bulk import NEXT
from signedcert.core.code import VerificationCode
from signedcert.core.encoding import format_time
from signedcert.documents.text import visible
from signedcert.errors import MalformedError, SignedCertError
from signedcert.institution import Institution
from signedcert.issue.corrections import read_code
from signedcert.issue.rows import BadRow, Form, ReadRow, Table, check_columns, read_rows
from signedcert.publish.publisher import Published
from signedcert.registry.statuses import STATUS_WORDS, RefusedChangesError, StatusChange
from signedcert.trust.reasons import WHY, Why
from signedcert.trust.statuslist import REVOKED, SUSPENDED, VALID

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


def reason_option(status: int, default: Why) -> Callable[[_Command], _Command]:
    """An option for one of the words that go with a status."""
    return click.option(
        "--reason",
        type=click.Choice(WHY[status]),
        default=default,
        show_default=True,
        help="Published with the status; it says no more than this word.",
    )


@click.command()
@_code_arguments
@reason_option(REVOKED, "other")
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
@reason_option(SUSPENDED, "other")
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


@click.command()
@home_option
@passphrase_option()
@json_option
def publish(home: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Write the files by which verifiers learn what became of documents.

    They are good for seven days: publish each day, and after each change. signedcert serve serves
    them at once; other servers serve the directory as it is, as /.well-known/signedcert/.

    \b
    Example:
      signedcert publish --home home --passphrase-file passphrase.txt
    """
    passphrase = partial(find_passphrase, passphrase_file)
    with Institution.open(home, passphrase, find_pin) as institution:
        published = institution.publish(at=datetime.now(UTC))
        directory = institution.published.path
    if as_json:
        times = {name: format_time(getattr(published, name)) for name in ("issued", "expires")}
        head = {"head": published.head and published.head._asdict()}
        members = {**published._asdict(), **times, **head}
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
    check_columns(table, _COLUMNS if reason is not None else _COLUMNS[:1])
    names = table.names

    def read_row(line: int, cells: list[str]) -> Wanted:
        row = dict(zip(names, cells, strict=True))
        change = StatusChange(read_code(row["code"]), status, row.get("reason") or reason)
        return Wanted(line, change)

    return read_row


def _bad_row(row: Wanted, error: SignedCertError) -> BadRow:
    code, reason = str(row.change.code), row.change.reason
    if error.reason == "reason-unknown":
        return BadRow(row.line, "", "reason", error.reason, visible(reason or ""), error.message)
    return BadRow(row.line, "", "code", error.reason, code, error.message)


def _tell(status: int, done: list[str], bad: list[BadRow], total: int, *, as_json: bool) -> None:
    if as_json:
        errors = [
            {name: value for name, value in row._asdict().items() if name != "label"} for row in bad
        ]
        print_json({"status": STATUS_WORDS[status], "changed": done, "errors": errors})
    elif bad:
        for row in bad:
            place = f"line {row.line}: " if row.line else ""
            click.echo(f"{place}{row.value}: {row.message} [{row.reason}]", err=True)
        click.echo(f"Nothing was changed: {len(bad)} of {total} cannot be.", err=True)
    else:
        click.echo(f"{_DONE[status]}: {len(done)}. {NEXT}")
    if bad:
        raise click.exceptions.Exit(1)


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
