"""The folder of published files: whole files, in order, by their names alone."""

import os
from pathlib import Path
from threading import Event, Thread

import pytest

from signedcert.publish.folder import PublishedFolder, media_type

FIRST = {"status/1": b"c1", "status/1.jwt": b"l1", "reasons.jws": b"r1", "snapshot.json": b"s1"}
SECOND = {name: data.replace(b"1", b"2") for name, data in FIRST.items()}


@pytest.fixture
def folder(tmp_path: Path) -> PublishedFolder:
    made = PublishedFolder(tmp_path / "published")
    with made.alone():
        made.write(FIRST)
    return made


def there(folder: PublishedFolder) -> dict[str, bytes | None]:
    """What a reader finds now."""
    return {name: folder.read(name) for name in FIRST}


def names(folder: PublishedFolder) -> set[str]:
    """Everything that is in the directory."""
    return {str(path.relative_to(folder.path)) for path in folder.path.rglob("*")}


def test_what_was_written_is_read(folder: PublishedFolder) -> None:
    assert there(folder) == FIRST
    assert names(folder) == {*FIRST, "status", ".lock"}


def test_before_anything_is_published_there_is_nothing(tmp_path: Path) -> None:
    folder = PublishedFolder(tmp_path / "published")
    assert folder.read("snapshot.json") is None
    assert not folder.path.exists()


@pytest.mark.parametrize("step", range(4))
def test_a_crash_between_files_leaves_whole_files_and_the_old_snapshot(
    folder: PublishedFolder, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    replaced: list[object] = []
    move = os.replace

    def crash(source: Path, target: Path) -> None:
        if len(replaced) == step:
            raise KeyboardInterrupt
        replaced.append(target)
        move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("signedcert.publish.folder.os.replace", crash)
        with pytest.raises(KeyboardInterrupt), folder.alone():
            folder.write(SECOND)
    found = list(there(folder).values())
    assert found == [*list(SECOND.values())[:step], *list(FIRST.values())[step:]]
    assert found[-1] == b"s1"
    with folder.alone():
        folder.write(SECOND)
    assert there(folder) == SECOND
    assert names(folder) == {*FIRST, "status", ".lock"}


def test_a_crash_before_everything_is_on_disk_changes_nothing(
    folder: PublishedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        message = "no space left on device"
        raise OSError(message)

    with monkeypatch.context() as patch:
        patch.setattr("signedcert.publish.folder.os.fsync", fail)
        with pytest.raises(OSError, match="no space"), folder.alone():
            folder.write(SECOND)
    assert there(folder) == FIRST


def test_everything_is_synced_before_the_snapshot_takes_its_place(
    folder: PublishedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    move, sync = os.replace, os.fsync

    def note_move(source: Path, target: Path) -> None:
        steps.append(target.name)
        move(source, target)

    def note_sync(handle: int) -> None:
        steps.append("sync")
        sync(handle)

    monkeypatch.setattr("signedcert.publish.folder.os.replace", note_move)
    monkeypatch.setattr("signedcert.publish.folder.os.fsync", note_sync)
    with folder.alone():
        folder.write(SECOND)
    files = ["1", "1.jwt", "reasons.jws"]
    assert steps == [*["sync"] * 4, *files, "sync", "sync", "snapshot.json", "sync"]


def test_who_writes_is_alone(folder: PublishedFolder) -> None:
    inside, done = Event(), Event()

    def write() -> None:
        with PublishedFolder(folder.path).alone():
            inside.set()
        done.set()

    with folder.alone():
        thread = Thread(target=write)
        thread.start()
        assert not inside.wait(0.2)
    assert done.wait(10)
    thread.join()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("snapshot.json", "application/jose"),
        ("reasons.jws", "application/jose"),
        ("status/1", "application/vc+jwt"),
        ("status/1024", "application/vc+jwt"),
        ("status/1.jwt", "application/statuslist+jwt"),
        ("status/0", None),
        ("status/01", None),
        ("status/10000", None),
        ("status/1.jwt ", None),
        ("status/1.jwt\n", None),
        ("status/\u0661", None),
        ("status/-1", None),
        ("status/", None),
        ("status", None),
        ("", None),
        (".lock", None),
        (".new/0", None),
        ("Snapshot.json", None),
        ("/etc/passwd", None),
        ("../signedcert.toml", None),
        ("status/../snapshot.json", None),
        ("status/1\0", None),
    ],
)
def test_only_names_of_published_files_lead_to_a_file(
    folder: PublishedFolder, name: str, expected: str | None
) -> None:
    assert media_type(name) == expected
    if expected is None:
        assert folder.read(name) is None


def test_a_directory_in_the_place_of_a_file_is_no_file(folder: PublishedFolder) -> None:
    (folder.path / "status" / "2").mkdir()
    assert folder.read("status/2") is None
