"""The command issue."""

from datetime import UTC, datetime
from pathlib import Path

import click

from signedcert.cli.app import (
    cores,
    find_passphrase,
    home_option,
    jobs_option,
    json_option,
    passphrase_option,
    print_json,
)
from signedcert.cli.progress import with_progress
from signedcert.institution import Institution
from signedcert.issue.results import Counts
from signedcert.issue.roster import read_roster

_CHUNK = 1024 * 1024


@click.command()
@click.argument("roster", type=click.Path(path_type=Path))
@home_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Directory for certificates and reports.  [default: the roster's name with -issued]",
)
@jobs_option
@passphrase_option()
@json_option
def issue(
    roster: Path,
    home: Path,
    out: Path | None,
    jobs: int | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Issue certificates to everybody in a roster.

    The roster is a CSV file in UTF-8, comma or semicolon, whose first line names its columns:
    learner_id, name, course, run, completed; optionally started and name_confirmed (yes: the
    name looks like a placeholder, but is one's name). Dates are written 2026-06-30.

    Running it again is safe, also after it was interrupted or killed: who has a certificate for
    the course and run gets the same one. Writes issued.csv, errors.csv and one .signedcert file
    per certificate. Exits 1 if there are rows that were not issued.

    \b
    Example:
      signedcert issue spring.csv --home home --out spring-issued
    """
    directory = out or roster.with_name(f"{roster.stem}-issued")
    counts = Counts(0, 0, 0)

    def passphrase() -> str:
        return find_passphrase(passphrase_file, "Passphrase of the issuing key")

    with Institution.open(home, passphrase) as institution:
        done = institution.issue_roster(
            read_roster(roster), directory, at=datetime.now(UTC), jobs=jobs or cores()
        )
        for counts in with_progress(done, "rows", _rows(roster)):  # noqa: B007 - the last one counts
            pass
    if as_json:
        print_json({**counts._asdict(), "directory": str(directory)})
    else:
        click.echo(f"Issued: {counts.issued}. Issued before: {counts.again}.")
        if counts.bad:
            click.echo(f"Not issued: {counts.bad}; why, is in {directory / 'errors.csv'}")
        click.echo(f"Codes, URLs and file names: {directory / 'issued.csv'}")
    if counts.bad:
        raise click.exceptions.Exit(1)


def _rows(roster: Path) -> int | None:
    """About how many rows there are; None for what can be read only once, or not at all."""
    try:
        if not roster.is_file():
            return None
        with roster.open("rb") as file:
            lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))
    except OSError:  # which read_roster tells
        return None
    return max(lines - 1, 1)
