"""The commands issue and issue-records."""

from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from signedcert.issue.prepare import Row
    from signedcert.issue.results import Counts
    from signedcert.issue.rows import BadRow

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

    def rows() -> "Iterator[Row | BadRow]":
        from signedcert.issue.roster import read_roster  # noqa: PLC0415 - as in _issue

        return read_roster(roster)

    directory = out or roster.with_name(f"{roster.stem}-issued")
    _issue(roster, rows, directory, home, jobs or cores(), passphrase_file, as_json=as_json)


@click.command("issue-records")
@click.argument("gradebook", type=click.Path(path_type=Path))
@home_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Directory for records and reports.  [default: the gradebook's name with -records]",
)
@jobs_option
@passphrase_option()
@json_option
def issue_records(
    gradebook: Path,
    home: Path,
    out: Path | None,
    jobs: int | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Issue course records to everybody in a gradebook.

    The gradebook is a CSV file in UTF-8, comma or semicolon. Its first line names the columns
    learner_id, course, run, and one for each result; the lines #kind and #maximum below it say
    what each result is (a kind of work of the course's format; one column is the final score)
    and how much there was to achieve, #date when. Cells hold the value, and where they differ
    from the column a date and a status: 8.5 2026-05-28 provisional

    A record belongs to the certificate of the same learner, course and run, which has to be
    issued first. Running it again is safe. Writes issued.csv, errors.csv and one .signedcert
    file per record: private, for the learner alone. Exits 1 if there are rows that were not
    issued.

    \b
    A gradebook:
      learner_id,course,run,Overall,Process analysis,Final exam
      #kind,,,final score,quiz,final exam
      #maximum,,,100,10,100
      #date,,,2026-06-30,2026-05-20,2026-06-28
      s-1042,operations,2026-spring,88.5,9,91

    \b
    Example:
      signedcert issue-records spring-grades.csv --home home --out spring-records
    """

    def rows() -> "Iterator[Row | BadRow]":
        from signedcert.issue.gradebook import read_gradebook  # noqa: PLC0415 - as in _issue

        return read_gradebook(gradebook)

    directory = out or gradebook.with_name(f"{gradebook.stem}-records")
    _issue(gradebook, rows, directory, home, jobs or cores(), passphrase_file, as_json=as_json)


def _issue(
    source: Path,
    rows: "Callable[[], Iterator[Row | BadRow]]",
    directory: Path,
    home: Path,
    jobs: int,
    passphrase_file: Path | None,
    *,
    as_json: bool,
) -> None:
    total = _rows(source)

    def passphrase() -> str:
        return find_passphrase(passphrase_file, "Passphrase of the issuing key")

    with _workers(jobs, total) as pool:
        # Loading these takes a third of a second, in which the workers begin.
        from signedcert.institution import Institution  # noqa: PLC0415
        from signedcert.issue.results import Counts  # noqa: PLC0415

        counts = Counts(0, 0, 0)
        with Institution.open(home, passphrase) as institution:
            now = datetime.now(UTC)
            done = institution.issue_roster(rows(), directory, at=now, jobs=jobs, pool=pool)
            for counts in with_progress(done, "rows", total):  # noqa: B007 - the last one counts
                pass
    _tell(counts, directory, as_json=as_json)


def _tell(counts: "Counts", directory: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({**counts._asdict(), "directory": str(directory)})
    else:
        click.echo(f"Issued: {counts.issued}. Issued before: {counts.again}.")
        if counts.bad:
            click.echo(f"Not issued: {counts.bad}; why, is in {directory / 'errors.csv'}")
        click.echo(f"Codes and file names: {directory / 'issued.csv'}")
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
