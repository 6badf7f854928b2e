"""Files read with a limit and written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signedcert.errors import IssueError, MalformedError

#: Most files are smaller. Room for as many bytes as a limit allows is asked for by others only.
_FIRST = 64 * 1024


def read_at_most(path: str | Path, limit: int) -> bytes:
    """The first ``limit`` bytes of a file, or all. Raises OSError."""
    with open(path, "rb") as file:  # noqa: PTH123 - for many files; Path.open takes twice as long
        data = file.read(min(limit, _FIRST))
        return data if len(data) < _FIRST else data + file.read(limit - _FIRST)


def read_limited(path: Path, limit: int) -> bytes:
    """A file's bytes. Raises MalformedError: ``unreadable-file``, or ``too-large``."""
    try:
        data = read_at_most(path, limit + 1)
    except OSError as error:
        message = error.strerror or "cannot be read"
        raise MalformedError("unreadable-file", message, where=str(path)) from error
    if len(data) > limit:
        message = f"larger than the {limit} bytes that are read"
        raise MalformedError("too-large", message, where=str(path))
    return data


def write_atomic(path: Path, data: bytes, mode: int = 0o644, *, sync: bool = True) -> None:
    """Puts ``data`` at ``path`` in one step: a crash leaves the old file or the new one.

    With ``sync``, the file and its directory entry are on disk when it returns; without, only
    what can be made again should be written so.
    """
    import tempfile  # noqa: PLC0415 - 7 ms, for those who write

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        Path(name).chmod(mode)  # mkstemp made it readable by its owner only
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    if sync:
        sync_directory(path.parent)


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Writes a file that is not there yet, and syncs it. What is there stays, whoever else is
    writing: FileExistsError. Needs no hard links, so any medium will do.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def remove(path: Path) -> None:
    """Removes a file, if it is there; on disk when it returns."""
    path.unlink(missing_ok=True)
    sync_directory(path.parent)


def write_synced(path: Path, data: bytes) -> None:
    """Writes a file; its bytes are on disk when this returns, its name is not."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_result(directory: Path, name: str, data: bytes) -> None:
    """Writes a file whole or not at all, as one of many: not synced, since all of it can be made
    again, and by way of one file a process, which ``only_writer`` takes away after a crash.
    """
    part = f"{directory}/.{os.getpid()}.part"
    try:
        with open(part, "wb") as file:  # noqa: PTH123 - Path.open takes twice as long
            file.write(data)
        os.replace(part, f"{directory}/{name}")
    except BaseException:
        with suppress(OSError):
            os.unlink(part)  # noqa: PTH108 - as above
        raise


@contextmanager
def only_writer(directory: Path) -> Iterator[None]:
    """Two runs into one directory would take each other's files away.

    Raises IssueError ``results-in-use``.
    """
    import fcntl  # noqa: PLC0415 - POSIX only, as the issuing half is

    handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = "another process is writing its results here; wait, or choose another --out"
            raise IssueError("results-in-use", message, where=str(directory)) from error
        for part in directory.glob(".[0-9]*.part"):  # of a run that was killed
            part.unlink(missing_ok=True)  # one that a worker of it just finished, or took away
        yield
    finally:
        os.close(handle)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Holds off whoever else wants the same file for a lock; waits for whoever has it. A process
    that ends, in whatever way, has it no more.
    """
    import fcntl  # noqa: PLC0415 - POSIX only, as the issuing half is

    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync_directory(path: Path) -> None:
    """POSIX makes a rename durable only so; Windows cannot open a directory, and need not."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
