"""A file of any number of rows, worked off by several processes, with progress and reports."""

from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import click

from signedcert.batch import process_pool
from signedcert.cli.app import find_passphrase, find_pin, print_json
from signedcert.cli.progress import with_progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signedcert.institution import Institution
    from signedcert.issue.results import Counts

if find_spec("sqlalchemy") is None:  # told at once, though it is loaded later
    raise ModuleNotFoundError(name="sqlalchemy")

NEXT = "Verifiers know it once it is published and they have updated: signedcert publish"
_CHUNK = 1024 * 1024
#: Two batches: with fewer rows, there is nothing to share.
_MANY = 1000


class Begin(Protocol):
    """Begins to work off the rows."""

    def __call__(
        self, institution: "Institution", *, at: datetime, jobs: int, pool: Executor | None
    ) -> "Iterator[Counts]":
        """The counts so far, after each row."""


class Work(NamedTuple):
    """Rows in the file ``source`` for the home ``home``, and where their results go."""

    source: Path
    home: Path
    directory: Path
    jobs: int
    passphrase_file: Path | None

    def run(self, begin: Begin) -> "Counts":
        """How it went, in the end."""
        total = _rows(self.source)

        with _workers(self.jobs, total) as pool:
            # Loading these takes a third of a second, in which the workers begin.
            from signedcert.institution import Institution  # noqa: PLC0415
            from signedcert.issue.results import Counts  # noqa: PLC0415

            counts = Counts(0, 0, 0)
            passphrase = partial(find_passphrase, self.passphrase_file)
            with Institution.open(self.home, passphrase, find_pin) as institution:
                done = begin(institution, at=datetime.now(UTC), jobs=self.jobs, pool=pool)
                for counts in with_progress(done, "rows", total):  # noqa: B007 - the last one counts
                    pass
        return counts


def tell(counts: "Counts", done: dict[str, str], work: Work, report: str, *, as_json: bool) -> None:
    """Says what the counts named in ``done`` are, in words, and where to read more; exits 1 if
    there are bad rows.
    """
    members = counts._asdict()
    if as_json:
        chosen = {name: members[name] for name in (*done, "bad")}
        print_json({**chosen, "directory": str(work.directory)})
    else:
        click.echo(" ".join(f"{words}: {members[name]}." for name, words in done.items()))
        if counts.bad:
            first = next(iter(done.values())).lower()
            click.echo(f"Not {first}: {counts.bad}; why, is in {work.directory / 'errors.csv'}")
        click.echo(f"Codes and file names: {work.directory / report}")
        if counts.replaced:
            click.echo(NEXT)
    if counts.bad:
        raise click.exceptions.Exit(1)


def _workers(jobs: int, rows: int | None) -> AbstractContextManager[Executor | None]:
    """Processes for what is surely more than one batch; for others none, yet."""
    if jobs == 1 or rows is None or rows < _MANY:
        return nullcontext()
    return process_pool(jobs, "signedcert.issue.bulk")


def _rows(source: Path) -> int | None:
    """About how many rows there are; None for what can be read only once, or not at all."""
    try:
        if not source.is_file():
            return None
        with source.open("rb") as file:
            lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))
    except OSError:  # which is told when it is read
        return None
    return max(lines - 1, 1)
