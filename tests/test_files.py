"""Files read with a limit and written whole or not at all."""

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from signedcert import files
from signedcert.files import read_limited, write_atomic, write_new
from tests.core.refusal import refused


def test_a_file_at_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_limited(path, 5) == b"12345"
    with refused("too-large", str(path)):
        read_limited(path, 4)


def test_no_more_than_the_limit_is_read_of_a_file_without_end() -> None:
    with refused("too-large", "/dev/zero"):
        read_limited(Path("/dev/zero"), 1000)


@pytest.mark.parametrize("name", ["missing", "missing/below", "."])
def test_what_cannot_be_read_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    with refused("unreadable-file", str(tmp_path / name)):
        read_limited(tmp_path / name, 10)


def test_an_error_of_the_system_without_words_is_put_in_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(Path, "open", fail)
    with refused("unreadable-file", str(tmp_path)):
        read_limited(tmp_path, 10)


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640])
def test_a_file_is_written_with_its_mode_whatever_the_umask(
    tmp_path: Path,
    mode: int,
    sync: bool,  # noqa: FBT001 - pytest fills it in
) -> None:
    before = os.umask(0o077)
    try:
        write_atomic(tmp_path / "file", b"data", mode, sync=sync)
    finally:
        os.umask(before)
    assert (tmp_path / "file").read_bytes() == b"data"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        write_atomic(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_step_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interruption_leaves_nothing_beside_it_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "file", b"new")
    assert list(tmp_path.iterdir()) == []


def kinds_synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What ``fsync`` is called for, as it happens."""
    kinds: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        kinds.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return kinds


def test_the_file_is_synced_and_then_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = kinds_synced(monkeypatch)
    write_atomic(tmp_path / "file", b"data")
    assert kinds == ["file", "directory"]


def test_what_can_be_made_again_need_not_be_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = kinds_synced(monkeypatch)
    write_atomic(tmp_path / "file", b"data", sync=False)
    assert kinds == []


def test_a_directory_is_not_opened_where_the_system_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The name of the system alone, as pathlib would take a real change of os.name to heart.
    monkeypatch.setattr(files, "os", SimpleNamespace(name="nt"))
    files.sync_directory(tmp_path)
    monkeypatch.setattr(files, "os", SimpleNamespace(name="posix", O_RDONLY=os.O_RDONLY))
    with pytest.raises(AttributeError, match="open"):
        files.sync_directory(tmp_path)


def test_a_new_file_never_replaces_one_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_new(path, b"first", 0o600)
    with pytest.raises(FileExistsError):
        write_new(path, b"second", 0o600)
    assert path.read_bytes() == b"first"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_file_that_cannot_be_finished_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path / "file", b"data", 0o600)
    assert list(tmp_path.iterdir()) == []
