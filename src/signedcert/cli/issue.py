"""The commands issue and issue-records."""

from concurrent.futures import Executor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signedcert.cli.app import cores, home_option, jobs_option, json_option, passphrase_option
from signedcert.cli.bulk import Begin, Work, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signedcert.institution import Institution
    from signedcert.issue.results import Counts

_REPORT = "issued.csv"
_DONE = {"issued": "Issued", "again": "Issued before"}
_ANEW = {"replaced": "Issued anew", "again": "Issued anew before"}


@click.command()
@click.argument("roster", required=False, type=click.Path(path_type=Path))
@click.option(
    "--reissue",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="After a theft: the list of what fell, from keys compromise, instead of ROSTER.",
)
@home_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Directory for what is issued and reports.  [default: the file's name with -issued]",
)
@jobs_option
@passphrase_option()
@json_option
def issue(
    roster: Path | None,
    reissue: Path | None,
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

    With --reissue, what fell with a stolen key is issued anew, certificates and records, once the
    manifest that says so is published: the same claims, signed by the new key. The old ones are
    replaced, for the reason other. A record is issued anew, too, if only its certificate fell. What
    was revoked stays revoked. Writes replaced.csv, and errors.csv.

    \b
    Examples:
      signedcert issue spring.csv --home home --out spring-issued
      signedcert issue --reissue reissue.csv --home home --out anew
    """
    source = roster or reissue
    if source is None or (roster and reissue):
        message = "name a ROSTER, or with --reissue the list of what fell"
        raise click.UsageError(message)
    directory = out or source.with_name(f"{source.stem}-issued")
    work = Work(source, home, directory, jobs or cores(), passphrase_file)
    if reissue is not None:
        tell(work.run(_anew(work)), _ANEW, work, "replaced.csv", as_json=as_json)
        return

    def begin(
        institution: "Institution", *, at: datetime, jobs: int, pool: Executor | None
    ) -> "Iterator[Counts]":
        from signedcert.issue.roster import read_roster  # noqa: PLC0415 - as in Work.run

        return institution.issue_roster(read_roster(source), directory, at=at, jobs=jobs, pool=pool)

    tell(work.run(begin), _DONE, work, _REPORT, as_json=as_json)


def _anew(work: Work) -> Begin:
    def begin(
        institution: "Institution", *, at: datetime, jobs: int, pool: Executor | None
    ) -> "Iterator[Counts]":
        return institution.reissue(work.source, work.directory, at=at, jobs=jobs, pool=pool)

    return begin


@click.command("issue-records")
@click.argument("gradebook", type=click.Path(path_type=Path))
@home_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Directory for records and reports.  [default: the gradebook's name with -records]",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Replace records that were issued with other results, for the reason corrected.",
)
@jobs_option
@passphrase_option()
@json_option
def issue_records(
    gradebook: Path,
    home: Path,
    out: Path | None,
    replace: bool,
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

    What was issued is not changed. With --replace, a row with other results than the record that
    was issued, or whose certificate was replaced, leads to a new record in its place; others stay.
    What was revoked stays revoked.

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
    directory = out or gradebook.with_name(f"{gradebook.stem}-records")
    work = Work(gradebook, home, directory, jobs or cores(), passphrase_file)

    def begin(
        institution: "Institution", *, at: datetime, jobs: int, pool: Executor | None
    ) -> "Iterator[Counts]":
        from signedcert.issue.gradebook import read_gradebook  # noqa: PLC0415 - as in Work.run

        rows = read_gradebook(gradebook)
        return institution.issue_roster(
            rows, directory, at=at, jobs=jobs, pool=pool, replace_records=replace
        )

    done = {"issued": "Issued", "replaced": "Replaced", "again": "Issued before"}
    tell(work.run(begin), done if replace else _DONE, work, _REPORT, as_json=as_json)
