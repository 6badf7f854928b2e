"""What a target is, and all that there are by their names."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import NamedTuple

from fuzz.mutate import Mutator
from signedcert.errors import SignedCertError

CORPUS = Path(__file__).with_name("corpus")
#: Up to here promises are looked at that take more than one reading: the limit of time is for one.
SMALL = 16 * 1024


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
    """Registers a function that takes any bytes. Refusing them is no find."""

    def register(function: Callable[[bytes], None]) -> Callable[[bytes], None]:
        @wraps(function)
        def run(data: bytes) -> None:
            with suppress(SignedCertError):
                function(data)

        TARGETS[name] = Target(run, mutator, limit, large)
        return run

    return register


def hold(promise: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raises BrokenPromiseError unless it was kept."""
    if not promise:
        raise BrokenPromiseError(what)
