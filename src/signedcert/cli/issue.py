"""The command issue."""

from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import click

from signedcert.batch import process_pool
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

if find_spec("sqlalchemy") is None:  # told at once, though it is loaded later
    raise ModuleNotFoundError(name="sqlalchemy")

_CHUNK = 1024 * 1024
#: Two batches: with fewer rows, there is nothing to share.
_MANY = 1000


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
    total, jobs = _rows(roster), jobs or cores()

    def passphrase() -> str:
        return find_passphrase(passphrase_file, "Passphrase of the issuing key")

    with _workers(jobs, total) as pool:
        # Loading these takes a third of a second, in which the workers begin.
        from signedcert.institution import Institution  # noqa: PLC0415
        from signedcert.issue.results import Counts  # noqa: PLC0415
        from signedcert.issue.roster import read_roster  # noqa: PLC0415

        counts = Counts(0, 0, 0)
        with Institution.open(home, passphrase) as institution:
            now = datetime.now(UTC)
            done = institution.issue_roster(
                read_roster(roster), directory, at=now, jobs=jobs, pool=pool
            )
            for counts in with_progress(done, "rows", total):  # noqa: B007 - the last one counts
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


def _workers(jobs: int, rows: int | None) -> AbstractContextManager[Executor | None]:
    """Processes for a roster that is surely more than one batch; for others none, yet."""
    if jobs == 1 or rows is None or rows < _MANY:
        return nullcontext()
    return process_pool(jobs, "signedcert.issue.bulk")


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
