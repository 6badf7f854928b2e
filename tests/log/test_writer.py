"""The writer of a log: what it writes, what it refuses, and that a crash anywhere forks nothing."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from signedcert.core.checkpoint import SignedCheckpoint
from signedcert.core.merkle import Frontier
from signedcert.errors import ConfigurationError, IssueError
from signedcert.log import folder as folder_module
from signedcert.log import projection, writer
from signedcert.log.folder import LogFolder
from signedcert.log.keys import LogSigner
from signedcert.log.saved import SavedHead
from signedcert.registry.errors import ConflictError
from signedcert.registry.log import LogTable
from signedcert.trust.landmarks import Landmark, LandmarkList
from tests.core.refusal import refused
from tests.institution.homes import NOW
from tests.log.scribe import Scribe, heads
from tests.log.whole import Whole
from tests.reference.logs import new_log_keys
from tests.registry.databases import execute

MINUTE = timedelta(minutes=1)


@contextmanager
def behind(where: object, what: str = "") -> Iterator[None]:
    """A refusal that says what to do."""
    with pytest.raises(ConfigurationError, match=what or None) as caught:
        yield
    assert (caught.value.reason, caught.value.where) == ("log-behind", str(where))
    assert "Restore the newest" in caught.value.message


# what is written


def test_what_was_added_is_under_a_head_with_all_that_shows_it(scribe: Scribe) -> None:
    scribe.log(5)
    scribe.check()
    scribe.log(300)
    scribe.check()
    assert [head.size for head in heads(scribe)] == [5, 305]


@pytest.mark.parametrize("counts", [(255, 1, 1), (256, 256), (1, 2, 3), (300, 70000 - 300, 1)])
def test_a_log_of_any_sizes_is_whole(scribe: Scribe, counts: tuple[int, ...]) -> None:
    for count in counts:
        scribe.add(count)
        while scribe.writer.append(NOW) == writer.MOST:
            pass
    whole = Whole(scribe.entry, scribe.table, scribe.folder, scribe.prover)
    assert whole.head.size == sum(counts)
    whole.check_files(scribe.table.entries(0, sum(counts)))
    whole.check_heads()


def test_before_anything_was_issued_there_is_no_head(scribe: Scribe) -> None:
    assert scribe.writer.append(NOW) == 0
    assert (scribe.folder.checkpoint(), scribe.saved.read(), heads(scribe)) == (None, None, [])


def test_without_anything_new_nothing_is_signed(scribe: Scribe) -> None:
    scribe.log(3)
    before = scribe.folder.checkpoint()

    def refuse() -> LogSigner:
        pytest.fail("the keys were opened")

    idle = writer.LogWriter(
        scribe.entry, scribe.table, scribe.folder, scribe.landmarks, scribe.saved, refuse
    )
    assert idle.append(NOW + MINUTE) == 0
    assert scribe.folder.checkpoint() == before
    assert len(heads(scribe)) == 1


def test_no_more_than_a_batch_is_under_a_head(scribe: Scribe) -> None:
    scribe.add(7)
    assert [scribe.writer.append(NOW, limit=3) for _ in range(4)] == [3, 3, 1, 0]
    assert [head.size for head in heads(scribe)] == [3, 6, 7]
    scribe.check()


def test_places_tell_no_order(scribe: Scribe) -> None:
    rows = scribe.log(200)
    places = scribe.table.places([one.code for one in rows])
    numbers = [places[one.code].number for one in rows]
    assert sorted(numbers) == list(range(200))
    rising = sum(a < b for a, b in pairwise(numbers))
    assert 60 < rising < 140  # beyond, once in a million million


def test_a_head_is_made_when_the_last_one_is_as_old_as_was_asked(scribe: Scribe) -> None:
    scribe.log(1)
    scribe.add(1)
    for early in (NOW, NOW + MINUTE - timedelta(seconds=1), NOW - timedelta(seconds=5)):
        assert scribe.writer.append(early, rest=MINUTE) == 0
    assert scribe.table.pending() == 1
    assert scribe.writer.append(NOW + MINUTE, rest=MINUTE) == 1
    scribe.check()


def test_a_clock_that_was_wrong_by_more_does_not_stop_the_log(scribe: Scribe) -> None:
    scribe.log(1, NOW + timedelta(days=365))
    scribe.add(1)
    assert scribe.writer.append(NOW, rest=MINUTE) == 1


def test_a_time_without_zone_is_refused(scribe: Scribe) -> None:
    scribe.add(1)
    with refused("time-naive", kind=ConfigurationError):
        scribe.writer.append(NOW.replace(tzinfo=None))
    assert scribe.table.size() == 0


def test_landmarks_are_published_with_the_next_head(scribe: Scribe) -> None:
    scribe.log(2)
    scribe.log(3)
    roots = scribe.table.roots()
    scribe.landmarks = LandmarkList(tuple(map(Landmark, roots.keys(), roots.values())))
    assert scribe.folder.landmarks(2) is None
    assert scribe.writer.append(NOW) == 0
    assert scribe.folder.landmarks(2) == scribe.landmarks.encode()


def test_keys_that_the_manifest_does_not_name_sign_nothing(scribe: Scribe) -> None:
    scribe.log(1)
    scribe.add(1)
    right = scribe.writer
    wrong = LogSigner(scribe.entry.origin, *new_log_keys())
    stranger = writer.LogWriter(
        scribe.entry, scribe.table, scribe.folder, scribe.landmarks, scribe.saved, lambda: wrong
    )
    with refused("key-file", scribe.entry.origin, ConfigurationError):
        stranger.append(NOW)
    assert scribe.checkpoint.size == 1
    assert right.append(NOW) == 0
    scribe.check()


# a crash at each step


class CrashError(BaseException):
    """The process ends here."""


Step = tuple[object, str]
STEPS: dict[str, Step] = {
    "places": (LogTable, "append"),
    "tiles": (LogFolder, "write_tiles"),
    "head": (LogTable, "add_head"),
    "signature": (LogSigner, "sign"),
    "note": (LogTable, "sign_head"),
    "checkpoint": (LogFolder, "write_checkpoint"),
    "saved": (SavedHead, "write"),
}


def crash_at(patch: pytest.MonkeyPatch, step: Step, *, after: bool) -> None:
    """The step is not made, or is the last thing that happens."""
    owner, name = step
    whole: Callable[..., object] = getattr(owner, name)

    def crash(*arguments: object, **named: object) -> object:
        if after:
            whole(*arguments, **named)
        raise CrashError

    patch.setattr(owner, name, crash)


@pytest.mark.parametrize("size", [0, 3, 250])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_forks_nothing_and_loses_nothing(
    scribe: Scribe,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    after: bool,  # noqa: FBT001 - pytest fills it in
    size: int,
) -> None:
    if size:
        scribe.log(size)
    scribe.add(10)
    with monkeypatch.context() as patch:
        crash_at(patch, STEPS[step], after=after)
        with pytest.raises(CrashError):
            scribe.writer.append(NOW)
    written = heads(scribe)
    scribe.close()
    scribe.add(4)
    scribe.writer.append(NOW + MINUTE)
    scribe.check()
    known = {head.size: head.root for head in heads(scribe)}
    assert all(known[head.size] == head.root for head in written)
    assert [head.size for head in written if head.note is None] == [
        size + 10 for _ in range(1) if (step, after) in UNSIGNED
    ]


#: Where a crash leaves a head that is to be signed.
UNSIGNED = {("head", True), ("signature", False), ("signature", True), ("note", False)}


@pytest.mark.parametrize("step", range(9))
def test_a_crash_between_files_leaves_whole_files(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    scribe.log(700)
    scribe.add(700)
    move = os.replace
    done: list[Path] = []

    def crash(source: Path, target: Path) -> None:
        if len(done) == step:
            raise CrashError
        done.append(target)
        move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("signedcert.log.folder.os.replace", crash)
        with pytest.raises(CrashError):
            scribe.writer.append(NOW)
    assert len(done) == step
    assert scribe.checkpoint.size == 700
    scribe.close()
    assert scribe.writer.append(NOW) == 0
    assert [head.size for head in heads(scribe)] == [700, 1400]
    scribe.check()


def test_a_tile_that_was_cut_off_by_a_power_failure_is_written_again(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribe.log(100)
    scribe.add(400)
    with monkeypatch.context() as patch:
        crash_at(patch, STEPS["head"], after=False)
        with pytest.raises(CrashError):
            scribe.writer.append(NOW)
    for path in (scribe.folder.path / "tile").rglob("*"):
        if path.is_file() and not path.match("*.p/100"):
            path.write_bytes(b"")
    scribe.writer.append(NOW)
    scribe.check()


def test_tiles_are_on_disk_before_a_head_is_written_down_and_the_head_before_it_is_signed(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def note(owner: object, name: str, label: str) -> None:
        whole: Callable[..., object] = getattr(owner, name)

        def noting(*arguments: object, **named: object) -> object:
            done = whole(*arguments, **named)
            order.append(label)
            return done

        monkeypatch.setattr(owner, name, noting)

    note(LogFolder, "write_tiles", "tiles")
    note(folder_module, "write_synced", "sync")
    note(folder_module, "sync_directory", "sync directory")
    for label, step in STEPS.items():
        if label != "tiles":
            note(*step, label)
    scribe.log(3)
    assert order == [
        "places",
        *["sync"] * 2,
        *["sync directory"] * order.count("sync directory"),
        "tiles",
        "head",
        "signature",
        "note",
        "checkpoint",
        "saved",
    ]
    assert order.count("sync directory") >= 5  # tile/0, tile/entries, and what they are in


# several writers


def test_threads_write_one_after_the_other(scribe: Scribe) -> None:
    scribe.registry  # noqa: B018 - made before there are threads
    failures: list[BaseException] = []

    def work() -> None:
        own = Scribe(scribe.directory, scribe.keys)
        try:
            for _ in range(5):
                own.add(3)
                own.writer.append(NOW)
        except BaseException as error:  # noqa: BLE001 - reported below
            failures.append(error)
        finally:
            scribe.rows += own.rows
            own.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    scribe.check(45)


def elsewhere(scribe: Scribe, tmp_path: Path) -> writer.LogWriter:
    """The writer of another machine, which has the registry and its own files."""
    return writer.LogWriter(
        scribe.entry,
        scribe.table,
        LogFolder(tmp_path / "elsewhere"),
        scribe.landmarks,
        SavedHead(tmp_path / "elsewhere-head"),
        scribe.writer.signer,
    )


def test_another_machine_with_the_same_registry_goes_on(scribe: Scribe, tmp_path: Path) -> None:
    other = elsewhere(scribe, tmp_path)
    for count in (3, 300, 2):
        scribe.log(count)
        scribe.add(count)
        assert other.append(NOW) == count
        assert other.folder.checkpoint() == scribe.table.newest_head().note.encode()  # type: ignore[union-attr]
    assert scribe.writer.append(NOW) == 0
    assert scribe.folder.checkpoint() == other.folder.checkpoint()
    scribe.check()
    scribe.add(1)
    assert other.append(NOW) == 1
    published = SignedCheckpoint.parse(other.folder.checkpoint() or b"")
    assert published.unverified.size == 611


@pytest.mark.parametrize("more", [0, 1])
def test_who_was_late_with_a_head_looks_again(
    scribe: Scribe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    scribe.log(4)
    other = elsewhere(scribe, tmp_path)
    scribe.add(2)
    write = LogTable.add_head
    interrupted: list[int] = []

    def first(table: LogTable, frontier: Frontier, at: datetime) -> None:
        if not interrupted:
            interrupted.append(frontier.size)
            if more:
                scribe.add(more)
            other.append(NOW)
        write(table, frontier, at)

    monkeypatch.setattr(LogTable, "add_head", first)
    scribe.writer.append(NOW)
    assert interrupted == [6]
    assert [head.size for head in heads(scribe)] == [4, 6 + more]
    scribe.check()


def test_another_machine_signs_first_what_is_to_be_signed(
    scribe: Scribe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribe.log(4)
    other = elsewhere(scribe, tmp_path)
    scribe.add(2)
    sign = LogSigner.sign
    interrupted: list[int] = []

    def then(signer: LogSigner, size: int, root: bytes) -> SignedCheckpoint:
        if not interrupted:
            interrupted.append(size)
            scribe.add(3)
            other.append(NOW)
        return sign(signer, size, root)

    monkeypatch.setattr(LogSigner, "sign", then)
    scribe.writer.append(NOW)
    assert interrupted == [6]
    assert [head.size for head in heads(scribe)] == [4, 6, 9]
    assert scribe.checkpoint.size == 6
    scribe.writer.append(NOW)
    scribe.check()


def test_who_is_late_again_and_again_gives_up(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribe.add(1)

    def lose(*_: object) -> None:
        raise ConflictError

    monkeypatch.setattr(LogTable, "append", lose)
    with refused("registry-busy", kind=IssueError):
        scribe.writer.append(NOW)


# restored backups, and copies


@pytest.fixture
def restored(scribe: Scribe) -> tuple[Scribe, Path]:
    """A log of 5 entries, and a backup from when there were 3."""
    scribe.log(3)
    backup = scribe.backup()
    scribe.log(2)
    return scribe, backup


def check_refused(scribe: Scribe, where: Path) -> None:
    """Nothing is written, and the words say what to do."""
    scribe.add(1)
    before = scribe.table.size(), heads(scribe), scribe.folder.checkpoint()
    for attempt in (lambda: scribe.writer.append(NOW), scribe.writer.check):
        with behind(where, "begin another log: signedcert keys propose --add-log"):
            attempt()
    assert (scribe.table.size(), heads(scribe), scribe.folder.checkpoint()) == before


def test_an_old_registry_is_refused(restored: tuple[Scribe, Path]) -> None:
    scribe, backup = restored
    scribe.restore(backup, "registry.sqlite")
    (scribe.directory / "saved-head").unlink()
    check_refused(scribe, scribe.folder.path / "checkpoint")


def test_an_old_home_is_refused(restored: tuple[Scribe, Path]) -> None:
    scribe, backup = restored
    scribe.restore(backup)
    check_refused(scribe, scribe.saved.path)


def test_the_newest_backup_is_taken_again(restored: tuple[Scribe, Path]) -> None:
    scribe, old = restored
    newest = scribe.backup("newest")
    scribe.restore(old)
    with behind(scribe.saved.path):
        scribe.writer.append(NOW)
    scribe.restore(newest)
    scribe.log(2)
    scribe.check()


def test_old_files_beside_the_newest_registry_are_brought_up_to_it(
    restored: tuple[Scribe, Path],
) -> None:
    scribe, backup = restored
    scribe.restore(backup, "published")
    assert scribe.checkpoint.size == 3
    assert scribe.writer.append(NOW) == 0
    scribe.check()


def test_a_copy_that_was_written_to_is_refused_here_and_there(
    scribe: Scribe, tmp_path: Path
) -> None:
    scribe.log(3)
    copy = scribe.copy(tmp_path / "copy")
    copy.log(2)
    scribe.log(2)
    copy.close()
    (copy.directory / "saved-head").write_bytes(scribe.saved.read() or b"")
    with behind(copy.saved.path, "continued in another way"):
        copy.writer.append(NOW)
    copy.close()


def test_a_registry_without_the_newest_landmark_is_refused(scribe: Scribe, tmp_path: Path) -> None:
    scribe.log(3)
    backup = scribe.copy(tmp_path / "backup")
    scribe.log(2)
    roots = scribe.table.roots()
    backup.landmarks = LandmarkList(tuple(map(Landmark, roots.keys(), roots.values())))
    with behind("the newest landmark of the manifest"):
        backup.writer.append(NOW)
    other = Landmark(3, bytes(32))
    backup.landmarks = LandmarkList((other,))
    with behind("the newest landmark of the manifest"):
        backup.writer.check()
    backup.close()


def test_landmarks_that_are_nowhere_are_a_reason_to_refuse(scribe: Scribe) -> None:
    scribe.log(3)
    named = LandmarkList((Landmark(3, bytes(32)),)).landmarks
    entry = scribe.entry._replace(landmarks=named)
    unknowing = writer.LogWriter(
        entry, scribe.table, scribe.folder, LandmarkList(), scribe.saved, scribe.writer.signer
    )
    with behind("registry"):
        unknowing.append(NOW)


def test_a_head_that_cannot_be_saved_is_an_error_only_where_that_was_asked_for(
    scribe: Scribe, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    nowhere = tmp_path / "file" / "saved-head"
    scribe.add(1)
    careless, careful = (
        writer.LogWriter(
            scribe.entry,
            scribe.table,
            scribe.folder,
            scribe.landmarks,
            SavedHead(nowhere, required=required),
            scribe.writer.signer,
        )
        for required in (False, True)
    )
    assert careless.append(NOW) == 1
    scribe.add(1)
    with pytest.raises(OSError, match="Not a directory"):
        careful.append(NOW)


@pytest.mark.parametrize("damage", [b"", b"not a note", None], ids=["empty", "other", "stranger"])
def test_a_saved_or_published_head_that_says_nothing_is_written_again(
    scribe: Scribe, tmp_path: Path, damage: bytes | None
) -> None:
    scribe.log(3)
    if damage is None:
        stranger = Scribe(tmp_path / "stranger")
        stranger.log(9)
        damage = stranger.folder.checkpoint() or b""
        stranger.close()
    for path in (scribe.folder.path / "checkpoint", scribe.saved.path):
        path.write_bytes(damage)
        scribe.log(1)
        scribe.check()
        assert scribe.saved.read() == scribe.folder.checkpoint()


def test_a_directory_in_the_place_of_a_head_is_no_head(scribe: Scribe) -> None:
    scribe.log(3)
    scribe.saved.path.unlink()
    scribe.saved.path.mkdir()
    scribe.log(1)  # it cannot be saved, and need not
    scribe.check()


# tiles, made again


def test_tiles_that_are_gone_are_made_again(scribe: Scribe) -> None:
    for count in (300, 1, 2, 700):
        scribe.log(count)
    scribe.folder.remove_tiles()
    scribe.log(3)
    scribe.check()


def test_all_published_files_that_are_gone_are_made_again(scribe: Scribe) -> None:
    scribe.log(300)
    scribe.log(5)
    before = scribe.folder.checkpoint()
    for path in sorted(scribe.folder.path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert scribe.writer.append(NOW) == 0
    assert scribe.folder.checkpoint() == before
    scribe.check()


def test_partial_tiles_of_older_heads_are_made_again_as_well(scribe: Scribe) -> None:
    for count in (300, 5, 20, 3):
        scribe.log(count)
    kept = files(scribe)
    scribe.folder.remove_tiles()
    scribe.log(1)
    again = files(scribe)
    assert kept.items() <= again.items()
    assert "tile/0/001.p/44" in again


def files(scribe: Scribe) -> dict[str, bytes]:
    """The tiles and bundles."""
    base = scribe.folder.path
    return {
        str(path.relative_to(base)): path.read_bytes()
        for path in (base / "tile").rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"])
@pytest.mark.parametrize("damage", ["gone", "cut", "altered", "longer"])
def test_a_tile_that_a_new_head_needs_and_that_is_damaged_is_made_again(
    scribe: Scribe, name: str, damage: str
) -> None:
    scribe.log(300)
    path = scribe.folder.path / name
    data = path.read_bytes()
    wrong = {"cut": data[:-1], "altered": bytes(len(data)), "longer": data + b"\0"}
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(wrong[damage])
    scribe.add(1000)
    scribe.writer.append(NOW)
    if name == "tile/0/000":  # nothing new is next to it: who proves a place in it finds out
        with refused("log-damaged", kind=ConfigurationError):
            scribe.check_proofs()
        scribe.folder.remove_tiles()
        scribe.log(1)
    scribe.check()


def test_a_bundle_that_is_damaged_is_not_continued(scribe: Scribe) -> None:
    scribe.log(10)
    (scribe.folder.path / "tile/entries/000.p/10").write_bytes(b"damaged")
    scribe.log(10)
    scribe.check()


def test_a_registry_that_does_not_lead_to_what_was_signed_is_refused(scribe: Scribe) -> None:
    scribe.log(300)
    tiles = files(scribe)
    scribe.close()
    url = scribe.registry._engine.url
    execute(url, f"UPDATE documents SET entry = x'{'00' * 32}' WHERE number = 7")  # noqa: S608
    scribe.add(5)
    (scribe.folder.path / "tile/1/000.p/1").unlink()
    del tiles["tile/1/000.p/1"]
    with pytest.raises(ConfigurationError, match="restore its newest backup") as caught:
        scribe.writer.append(NOW)
    assert (caught.value.reason, caught.value.where) == ("log-damaged", "registry")
    assert all(head.note for head in heads(scribe))
    assert scribe.checkpoint.size == 300
    assert tiles.items() <= files(scribe).items()  # no good tile is exchanged for another


def alter_head(scribe: Scribe, size: int, column: str, value: str) -> None:
    """Something else in the registry, and no file that would tell."""
    for path in (scribe.folder.path / "checkpoint", scribe.saved.path):
        path.unlink()
    statement = f"UPDATE log_heads SET {column} = {value} WHERE size = {size}"  # noqa: S608
    execute(scribe.registry._engine.url, statement)


def test_a_head_in_the_registry_that_contradicts_its_entries_is_refused(scribe: Scribe) -> None:
    scribe.log(3)
    scribe.log(3)
    alter_head(scribe, 6, "root", f"x'{'00' * 32}'")
    scribe.add(1)
    with refused("log-damaged", kind=ConfigurationError):
        scribe.writer.append(NOW)


def test_the_note_of_another_head_is_not_published_nor_in_a_proof(scribe: Scribe) -> None:
    first, *_ = scribe.log(3)
    second, *_ = scribe.log(3)
    alter_head(scribe, 6, "note", f"'{heads(scribe)[0].note}'")
    with refused("log-damaged", kind=ConfigurationError):
        scribe.writer.append(NOW)
    assert scribe.prover.proof(first.code)
    with refused("log-damaged", "registry", ConfigurationError):
        scribe.prover.proof(second.code)


def test_an_unsigned_head_that_contradicts_the_entries_is_not_signed(scribe: Scribe) -> None:
    scribe.log(3)
    scribe.add(1)
    scribe.table.append(1, lambda _: None)
    scribe.table.add_head(Frontier(4, (bytes(32),)), NOW)
    with refused("log-damaged", kind=ConfigurationError):
        scribe.writer.append(NOW)
    assert heads(scribe)[-1].note is None


def test_entries_that_are_missing_in_the_registry_are_noticed(scribe: Scribe) -> None:
    scribe.log(3)
    scribe.add(4)
    scribe.table.append(4, lambda _: None)
    execute(scribe.registry._engine.url, "DELETE FROM log_entries WHERE number = 5")
    with refused("log-damaged", kind=ConfigurationError):
        scribe.writer.append(NOW)
    assert len(heads(scribe)) == 1


def test_a_log_is_made_again_in_pieces(scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "_CHUNK", 256)
    monkeypatch.setattr(folder_module, "_GROUP", 2)
    scribe.log(1000)
    scribe.folder.remove_tiles()
    scribe.log(1)
    scribe.check()


# made again on request


def test_all_files_are_made_again_on_request(scribe: Scribe) -> None:
    for count in (300, 5, 1):
        scribe.log(count)
    scribe.add(2)  # they wait as they did
    expected = files(scribe), scribe.folder.checkpoint()
    for path in (scribe.folder.path / "tile").rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    assert scribe.writer.rebuild() == 306
    again = files(scribe)
    assert {name: again[name] for name in expected[0]} == expected[0]
    assert scribe.folder.checkpoint() == expected[1]
    assert scribe.table.pending() == 2
    scribe.writer.append(NOW)
    scribe.check()


def test_of_an_empty_log_nothing_is_made(scribe: Scribe) -> None:
    assert scribe.writer.rebuild() == 0
    assert scribe.folder.checkpoint() is None


def test_nothing_is_made_again_from_an_old_registry(restored: tuple[Scribe, Path]) -> None:
    scribe, backup = restored
    tiles = files(scribe)
    scribe.restore(backup, "registry.sqlite")
    with behind(scribe.folder.path / "checkpoint"):
        scribe.writer.rebuild()
    assert files(scribe) == tiles


def test_nothing_is_made_again_from_a_damaged_registry(scribe: Scribe) -> None:
    scribe.log(300)
    tiles = files(scribe)
    url = scribe.registry._engine.url
    execute(url, f"UPDATE documents SET entry = x'{'00' * 32}' WHERE number = 7")  # noqa: S608
    with refused("log-damaged", "registry", ConfigurationError):
        scribe.writer.rebuild()
    assert files(scribe) == tiles
