"""What is given to ``verify``: files, folders, standard input."""

import os
import sys
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import click

from signedcert.carriers.bundle import SUFFIX
from signedcert.carriers.carrier import MAX_CARRIER
from signedcert.files import read_at_most

#: What is looked at in folders; a file that is named may be called as it likes.
SUFFIXES = (SUFFIX, ".pdf", ".png", ".svg")


class Source(NamedTuple):
    """Something to verify: ``data``, or else the file of this name. ``found`` says that a folder
    was named, and not the file.
    """

    name: str
    data: bytes | None = None
    found: bool = False

    def read(self) -> bytes:
        """A byte more than a carrier may have is enough to see that there are too many. Raises
        OSError.
        """
        if self.data is not None:
            return self.data
        if self.found and not os.path.isfile(self.name):  # noqa: PTH113 - half the time
            raise OSError(0, "not a regular file")  # one could wait for ever to be written to
        return read_at_most(self.name, MAX_CARRIER + 1)


class Sources:
    """Each file, each one of these suffixes in each folder in the order of their names, standard
    input; as often as they are asked for.
    """

    def __init__(self, names: tuple[str, ...], suffixes: tuple[str, ...] = SUFFIXES) -> None:
        self._names = names
        self._suffixes = suffixes
        self._input: bytes | None = None

    def __iter__(self) -> Iterator[Source]:
        for name in self._names:
            if name == "-":
                yield Source("standard input", self._standard_input())
            elif Path(name).is_dir():
                yield from (Source(path, found=True) for path in self._in(name))
            else:
                yield Source(name)

    def count(self) -> int:
        """How many there are. Raises UsageError for a folder that has none."""
        total = 0
        for name in self._names:
            folder = name != "-" and Path(name).is_dir()
            count = sum(1 for _ in self._in(name)) if folder else 1
            if not count:
                message = f"{name}: no {', '.join(self._suffixes)} file in this folder"
                raise click.UsageError(message)
            total += count
        return total

    def _standard_input(self) -> bytes:
        """It can be read only once."""
        if self._input is None:
            self._input = sys.stdin.buffer.read(MAX_CARRIER + 1)
        return self._input

    def _in(self, folder: str) -> Iterator[str]:
        """In the order of their names, one folder after the other."""
        with os.scandir(folder) as found:
            entries = sorted(found, key=attrgetter("name"))
        for entry in entries:
            if entry.name.lower().endswith(self._suffixes) and not entry.is_dir():
                yield entry.path
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from self._in(entry.path)
