"""The directory of published files, as they are under ``/.well-known/signedcert/``.

Nothing says whether a file and the snapshot belong together but the digests in the snapshot. So
files are made and synced first, and then take their places in quick succession, the snapshot last.
Who fetches in that moment, or after a crash in it, may get a list that is newer than the snapshot;
its digest says so, and he fetches both again. No reader ever gets a part of a file.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from signedcert.files import alone, read_limited, sync_directory, write_synced
from signedcert.trust.reasons import MAX_REASONS_FILE

SNAPSHOT = "snapshot.json"
REASONS = "reasons.jws"
#: Of whatever is read here; no list or snapshot is as large.
_LIMIT = MAX_REASONS_FILE
_MEDIA_TYPES = {
    re.compile(r"snapshot\.json|reasons\.jws"): "application/jose",
    re.compile(r"status/[1-9][0-9]{0,3}"): "application/vc+jwt",
    re.compile(r"status/[1-9][0-9]{0,3}\.jwt"): "application/statuslist+jwt",
}
_NEW = ".new"
_LOCK = ".lock"


def list_name(number: int) -> str:
    """A Token Status List."""
    return f"status/{number}.jwt"


def credential_name(number: int) -> str:
    """The same as a BitstringStatusListCredential."""
    return f"status/{number}"


def media_type(name: str) -> str | None:
    """What a file of this name is served as; None for what is never published."""
    for pattern, found in _MEDIA_TYPES.items():
        if pattern.fullmatch(name):
            return found
    return None


class PublishedFolder:
    """``path``, which need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def changed(self) -> int | None:
        """When the snapshot was written last, in nanoseconds; None if nothing is published."""
        try:
            return (self.path / SNAPSHOT).stat().st_mtime_ns
        except OSError:
            return None

    def read(self, name: str) -> bytes | None:
        """A published file; None if there is none. No other name leads anywhere.

        Raises MalformedError for a file that cannot be read.
        """
        if media_type(name) is None or not (self.path / name).is_file():
            return None
        return read_limited(self.path / name, _LIMIT)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds off whoever else wants to write; waits for whoever does."""
        with alone(self.path / _LOCK):
            yield

    def write(self, files: Mapping[str, bytes]) -> None:
        """Puts files in their places in the order in which they stand, each in one step. All of
        them are on disk before the first does, and all others before the last one does.

        For who is ``alone``.
        """
        new = self.path / _NEW
        shutil.rmtree(new, ignore_errors=True)  # of a run that was killed
        new.mkdir()
        parts = {name: new / str(number) for number, name in enumerate(files)}
        for name, part in parts.items():
            (self.path / name).parent.mkdir(exist_ok=True)
            write_synced(part, files[name])
        *first, last = files
        for name in first:
            os.replace(parts[name], self.path / name)
        for directory in {(self.path / name).parent for name in first}:
            sync_directory(directory)
        os.replace(parts[last], self.path / last)
        sync_directory((self.path / last).parent)
        new.rmdir()
