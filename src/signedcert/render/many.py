"""Many certificates made into pictures, by one process or by several; resumed where it stopped."""

import csv
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TextIO

from signedcert.batch import in_order, process_pool
from signedcert.carriers.bundle import Bundle
from signedcert.documents.text import cell, visible
from signedcert.errors import ConfigurationError, MalformedError, SignedCertError
from signedcert.files import only_writer, write_result
from signedcert.render.press import Format
from signedcert.render.printer import PPI, Plan, Printer

ERRORS = "errors.csv"
#: Pictures that a process makes before it reports. Fewer than two batches need no other process.
BATCH = 10
_AHEAD = 3


class Task(NamedTuple):
    """A bundle's file, and the name of its picture, below the directory for all of them."""

    source: Path
    name: str


class Refused(NamedTuple):
    """Why there is no picture of a bundle; a line of errors.csv."""

    file: str
    reason: str
    message: str


class Counts(NamedTuple):
    """How many pictures were made, were there before (``kept``), could not be made."""

    made: int
    kept: int
    bad: int


@dataclass(frozen=True, slots=True)
class Printing:
    """Makes the pictures of batches of bundles, all alike, in whichever process it is. With
    ``again``, also those that are there.
    """

    plan: Plan
    form: Format
    directory: Path
    ppi: float = PPI
    again: bool = False

    def __call__(self, batch: list[Task]) -> list[bool | Refused]:
        """For each: whether it was made now, or why it could not be."""
        return [self._one(task) for task in batch]

    def _one(self, task: Task) -> bool | Refused:
        try:
            if not self.again and _is_done(task.source, self.directory / task.name):
                return False
            picture = _printer(self.plan).print(_read(task.source), self.form, self.ppi)
        except ConfigurationError:
            raise  # which is wrong for all of them
        except SignedCertError as error:
            place = f"{error.where}: " if error.where != str(task.source) and error.where else ""
            message = f"{place}{error.message}"
            return Refused(visible(str(task.source), 4096), error.reason, message)
        folder, name = os.path.split(self.directory / task.name)
        write_result(Path(folder), name, picture)
        return True


@lru_cache(maxsize=1)
def _printer(plan: Plan) -> Printer:
    return Printer(plan)


def _read(source: Path) -> Bundle:
    if source.exists() and not source.is_file():
        message = "not a regular file"  # one could wait for ever to be written to
        raise MalformedError("unreadable-file", message, where=str(source))
    return Bundle.read(source)


def _is_done(source: Path, target: Path) -> bool:
    """Whether a picture is there, and newer than its bundle. Pictures appear whole."""
    try:
        return target.stat().st_mtime_ns >= source.stat().st_mtime_ns
    except OSError:
        return False


def print_many(
    printing: Printing, tasks: Iterable[Task], jobs: int
) -> Generator[Counts, None, None]:
    """Makes the pictures, and writes ``errors.csv``, which appears whole in the end. Yields the
    counts so far after each one. Memory does not grow with their number.

    Raises IssueError ``results-in-use``: another process is writing to the directory;
    ConfigurationError ``worker-lost``.
    """
    directory = printing.directory
    directory.mkdir(parents=True, exist_ok=True)
    part = directory / f".{ERRORS}.part"
    with only_writer(directory), closing(_outcomes(printing, tasks, jobs)) as outcomes:
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                yield from _counted(outcomes, file)
            os.replace(part, directory / ERRORS)
        finally:
            part.unlink(missing_ok=True)


def _counted(outcomes: Iterable[bool | Refused], file: TextIO) -> Iterator[Counts]:
    report = csv.writer(file)
    report.writerow(Refused._fields)
    made = kept = bad = 0
    for outcome in outcomes:
        if isinstance(outcome, Refused):
            report.writerow(map(cell, outcome))
            bad += 1
        elif outcome:
            made += 1
        else:
            kept += 1
        yield Counts(made, kept, bad)


def _outcomes(
    printing: Printing, tasks: Iterable[Task], jobs: int
) -> Generator[bool | Refused, None, None]:
    batches = _batches(printing, tasks)
    first = list(islice(batches, 2))
    if jobs == 1 or len(first) < 2:
        try:
            for batch in chain(first, batches):
                for task in batch:
                    yield from printing([task])
        finally:
            _printer(printing.plan).close()
            _printer.cache_clear()
        return
    with process_pool(jobs, __name__) as pool:
        results = in_order(pool, printing, chain(first, batches), _AHEAD * jobs)
        with closing(results):
            yield from chain.from_iterable(results)


def _batches(printing: Printing, tasks: Iterable[Task]) -> Iterator[list[Task]]:
    remaining = iter(tasks)
    while batch := list(islice(remaining, BATCH)):
        for folder in {(printing.directory / task.name).parent for task in batch}:
            folder.mkdir(parents=True, exist_ok=True)
        yield batch
