"""Files for parsers that read files: in memory where there is a way."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def _descriptor(*, second: bool) -> tuple[int, Path]:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(f"fuzz-{second}")
        return descriptor, Path(f"/proc/self/fd/{descriptor}")
    descriptor, name = tempfile.mkstemp(prefix="fuzz-")
    return descriptor, Path(name)


def file(data: bytes, *, second: bool = False) -> Path:
    """A file with this content, in memory where there is a way."""
    descriptor, path = _descriptor(second=second)
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    return path


@cache
def _directory() -> Path:
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a directory of our own in it
    path = Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def folder(name: str, files: Mapping[str, bytes]) -> Path:
    """A folder with these files and no others, in memory where there is a way. What stays the same
    from one call to the next is not written again.
    """
    path = _directory() / name
    known = _known(name)
    for file_name in known.keys() - files.keys():
        (path / file_name).unlink()
        del known[file_name]
    for file_name, data in files.items():
        if known.get(file_name) != data:
            (path / file_name).parent.mkdir(parents=True, exist_ok=True)
            (path / file_name).write_bytes(data)
            known[file_name] = data
    path.mkdir(exist_ok=True)
    return path


@cache
def _known(name: str) -> dict[str, bytes]:  # noqa: ARG001 - the cache goes by it
    return {}
