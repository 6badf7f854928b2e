"""The files of a log, as they are published (C2SP tlog-tiles), with the landmarks beside them.

The registry is the truth, and tiles can be made again from it. A tile has its final bytes before it
has its name, and is on disk before a head over it is signed; no reader ever gets a part of one.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from signedcert.core.note import MAX_NOTE
from signedcert.core.tiles import TILE_WIDTH, TileName
from signedcert.errors import MalformedError
from signedcert.files import (
    alone,
    read_at_most,
    read_limited,
    sync_directory,
    write_atomic,
    write_synced,
)
from signedcert.trust.landmarks import MAX_LANDMARKS_FILE
from signedcert.trust.logs import log_folder

CHECKPOINT = "checkpoint"
TILES = "tile"
_LANDMARKS = re.compile("landmarks/(0|[1-9][0-9]{0,8})")
_LOCK = ".lock"
#: A disk that is asked to sync many files at a time takes them together: a tenth of the time.
_THREADS = 16
#: Tiles in memory at once. 10,000 entries make some 80 of them.
_GROUP = 256


class LogFolder:
    """``path``, which need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, published: Path, iss: str, origin: str) -> "LogFolder":
        """That of an institution's log, in the folder of all that it publishes."""
        return cls(published / (log_folder(iss, origin) or ""))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds off whoever else wants to write the log; waits for whoever does."""
        with alone(self.path / _LOCK):
            yield

    # Reading

    def checkpoint(self) -> bytes | None:
        """The newest head that was published; None if there is none. Raises MalformedError."""
        path = self.path / CHECKPOINT
        return read_limited(path, MAX_NOTE) if path.is_file() else None

    def landmarks(self, count: int) -> bytes | None:
        """The list of so many landmarks; None if it is not here. Raises MalformedError."""
        path = self.path / landmarks_name(count)
        return read_limited(path, MAX_LANDMARKS_FILE) if path.is_file() else None

    def tile(self, name: TileName) -> bytes:
        """The bytes of a tile or bundle; of a partial one that is not here, from a larger one.

        Raises MalformedError ``unreadable-file``. Nobody has checked the bytes.
        """
        try:
            return self._tile(name)
        except OSError as error:
            message = error.strerror or "cannot be read"
            raise MalformedError("unreadable-file", message, where=str(name)) from error

    def _tile(self, name: TileName) -> bytes:
        try:
            return read_at_most(self.path / str(name), name.length + 1)
        except FileNotFoundError:
            for larger in self._larger(name):
                return read_at_most(self.path / str(larger), name.length)
            raise

    def _larger(self, name: TileName) -> Iterator[TileName]:
        full = name._replace(width=TILE_WIDTH)
        if (self.path / str(full)).is_file():
            yield full
        for path in (self.path / f"{full}.p").glob("[0-9]*"):
            if path.name.isdigit() and int(path.name) > name.width:
                yield name._replace(width=int(path.name))

    def find(self, name: str) -> bytes | None:
        """A file by the name that it is published under; None if there is none. No other name
        leads anywhere. Raises MalformedError for a file that cannot be read.
        """
        if name == CHECKPOINT:
            return self.checkpoint()
        if match := _LANDMARKS.fullmatch(name):
            return self.landmarks(int(match[1]))
        try:
            return self._tile(TileName.parse(name))
        except (FileNotFoundError, MalformedError):
            return None

    # Writing, for who is alone

    def write_tiles(self, tiles: Iterable[tuple[TileName, bytes]]) -> None:
        """Puts tiles and bundles in their places, each in one step; they are on disk when this
        returns. A partial one goes when the full one is there, as C2SP tlog-tiles allows.
        """
        remaining = iter(tiles)
        with ThreadPoolExecutor(_THREADS) as threads:
            while group := list(islice(remaining, _GROUP)):
                self._write_group(group, threads)

    def _write_group(
        self, group: Sequence[tuple[TileName, bytes]], threads: ThreadPoolExecutor
    ) -> None:
        paths = [self.path / str(name) for name, _ in group]
        parts = [path.with_name(f".{path.name}.part") for path in paths]
        made = [directory for one in {path.parent for path in paths} for directory in _make(one)]
        list(threads.map(write_synced, parts, [data for _, data in group]))
        for part, path in zip(parts, paths, strict=True):
            os.replace(part, path)
        for directory in {*(path.parent for path in paths), *made}:
            sync_directory(directory)
        for name, _ in group:
            if name.width == TILE_WIDTH:
                shutil.rmtree(self.path / f"{name}.p", ignore_errors=True)

    def remove_tiles(self) -> None:
        """Takes all tiles away, which are to be made again."""
        shutil.rmtree(self.path / TILES, ignore_errors=True)

    def write_checkpoint(self, note: bytes) -> None:
        """Publishes a head, in one step."""
        write_atomic(self.path / CHECKPOINT, note)

    def write_landmarks(self, count: int, data: bytes) -> None:
        """Publishes the list of so many landmarks."""
        path = self.path / landmarks_name(count)
        made = _make(path.parent)
        write_atomic(path, data)
        for directory in made:
            sync_directory(directory)


def landmarks_name(count: int) -> str:
    """The list of so many landmarks, as it is published."""
    return f"landmarks/{count}"


def media_type(name: str) -> str:
    """What a file of a log is served as."""
    is_text = name == CHECKPOINT or _LANDMARKS.fullmatch(name)
    return "text/plain; charset=utf-8" if is_text else "application/octet-stream"


def _make(directory: Path) -> list[Path]:
    """Makes a directory, and those that it is in; the ones that got a new name in them."""
    missing = [one for one in (directory, *directory.parents) if not one.is_dir()]
    directory.mkdir(parents=True, exist_ok=True)
    return [one.parent for one in missing]
