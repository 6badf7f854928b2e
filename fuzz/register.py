"""What a target is, and all that there are by their names."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import NamedTuple, TypeVar

from fuzz.mutate import Mutator
from signedcert.errors import IssueError, SignedCertError

CORPUS = Path(__file__).with_name("corpus")
#: Up to here promises are looked at that take more than one reading: the limit of time is for one.
SMALL = 16 * 1024

Row = TypeVar("Row")


class BrokenPromiseError(Exception):
    """A parser accepted something, and then did not do with it what it promises."""


class Target(NamedTuple):
    """A parser under test; ``limit`` is the size at which it stops reading, ``large`` makes large
    inputs that others know nothing of.
    """

    run: Callable[[bytes], None]
    mutate: Mutator
    limit: int
    large: Callable[[], Iterable[bytes]]


TARGETS: dict[str, Target] = {}


def target(
    name: str,
    mutator: Mutator,
    limit: int,
    large: Callable[[], Iterable[bytes]] = tuple,
) -> Callable[[Callable[[bytes], None]], Callable[[bytes], None]]:
    """Registers a function that takes any bytes. Refusing them is no find.

    Raises ValueError for a name that another target has: one of the two would never be run.
    """
    if name in TARGETS:
        message = f"there are two targets {name}"
        raise ValueError(message)

    def register(function: Callable[[bytes], None]) -> Callable[[bytes], None]:
        @wraps(function)
        def run(data: bytes) -> None:
            with suppress(SignedCertError):
                function(data)

        TARGETS[name] = Target(run, mutator, limit, large)
        return run

    return register


def each_row(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows of a table. Raises IssueError for a table that is refused before its first row; no
    row may be refused with all others.
    """
    count = 0
    try:
        for row in rows:
            count += 1
            yield row
    except SignedCertError as error:
        hold(count == 0 and isinstance(error, IssueError), "a row is refused, and all with it")
        raise


def hold(promise: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raises BrokenPromiseError unless it was kept."""
    if not promise:
        raise BrokenPromiseError(what)
