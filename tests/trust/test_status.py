"""Snapshot, lists and reasons together: what is taken, what is refused, and what a disk keeps."""

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from signedcert.core.jws import GeneralJWS, Header, Signature, signing_input
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.errors import (
    ConfigurationError,
    MalformedError,
    Reason,
    RejectedError,
    SignedCertError,
)
from signedcert.trust.entries import FinalState, key_url
from signedcert.trust.manifest import MANIFEST_TYPE
from signedcert.trust.snapshot import ManifestVersion, digest
from signedcert.trust.states import State
from signedcert.trust.status import DocumentStatus, StatusData, StatusFiles, open_snapshot
from signedcert.trust.statuslist import REPLACED, REVOKED, SUSPENDED
from signedcert.trust.store import TrustStore
from tests.reference import ISSUED, ISSUER, World
from tests.trust.house import DIGEST
from tests.trust.publishing import Publisher, Statuses, snapshot_entry

DAY = timedelta(days=1)
SAID: Statuses = {
    (1, 5): (REVOKED, "misconduct"),
    (1, 77123): (SUSPENDED, None),
    (2, 0): (REPLACED, "renamed"),
}


@pytest.fixture(scope="module")
def publisher(world: World) -> Publisher:
    return Publisher.make(world)


@pytest.fixture(scope="module")
def files(publisher: Publisher) -> StatusFiles:
    return publisher.files(SAID, lists=2)


def load(publisher: Publisher, files: StatusFiles, older: StatusData | None = None) -> StatusData:
    return StatusData.load(files, publisher.manifest, older, ISSUED + DAY)


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    """Reason and place of what is refused."""
    with pytest.raises(SignedCertError) as caught:
        call()
    return caught.value.reason, caught.value.where


# what is taken


def test_every_place_has_the_status_and_the_reason_of_the_files(
    publisher: Publisher, files: StatusFiles
) -> None:
    loaded = load(publisher, files)
    assert loaded.files == files
    assert loaded.find(1, 5) == DocumentStatus("revoked", ISSUED, "misconduct", ISSUED)
    assert loaded.find(1, 77123) == DocumentStatus("suspended", ISSUED)
    assert loaded.find(2, 0) == DocumentStatus("replaced", ISSUED, "renamed", ISSUED)
    assert loaded.find(2, 5) == DocumentStatus("valid", ISSUED)
    assert [loaded.find(number, 5) for number in (0, -1, 3)] == [None] * 3


def test_there_may_be_no_reasons_and_no_lists(publisher: Publisher) -> None:
    assert load(publisher, publisher.files()).reasons is None
    assert load(publisher, publisher.files(lists=0)).lists == ()


def test_nothing_of_it_can_be_assigned(publisher: Publisher, files: StatusFiles) -> None:
    with pytest.raises(FrozenInstanceError):
        load(publisher, files).lists = ()  # type: ignore[misc]


def test_newer_keys_that_are_announced_change_nothing(publisher: Publisher) -> None:
    ahead = publisher.named((), None, manifest=ManifestVersion(9, DIGEST))
    loaded = load(publisher, ahead)
    assert loaded.snapshot.announces_newer(publisher.manifest)
    store = publisher.trust(ahead)
    assert store.institutions == publisher.trust().institutions


# what is refused


def _without_a_list(files: StatusFiles) -> StatusFiles:
    return files._replace(lists=files.lists[:1])


def _with_a_list_more(files: StatusFiles) -> StatusFiles:
    return files._replace(lists=(*files.lists, files.lists[0]))


def _lists_swapped(files: StatusFiles) -> StatusFiles:
    return files._replace(lists=files.lists[::-1])


def _without_reasons(files: StatusFiles) -> StatusFiles:
    return files._replace(reasons=None)


def _cut(data: bytes) -> bytes:
    return data[:-4]


REFUSED: dict[str, tuple[Callable[[StatusFiles], StatusFiles], Reason, str]] = {
    "a list is withheld": (_without_a_list, "status-incomplete", "status lists"),
    "a list too many": (_with_a_list_more, "status-incomplete", "status lists"),
    "lists in the wrong order": (_lists_swapped, "digest-mismatch", "status list 1"),
    "reasons are withheld": (_without_reasons, "status-incomplete", "reasons"),
    "other reasons": (lambda files: files._replace(reasons=b"x"), "digest-mismatch", "reasons"),
    "a cut list": (
        lambda files: files._replace(lists=(files.lists[0], _cut(files.lists[1]))),
        "digest-mismatch",
        "status list 2",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_belong_together_is_refused(
    name: str, publisher: Publisher, files: StatusFiles
) -> None:
    change, reason, where = REFUSED[name]
    assert refusal(lambda: load(publisher, change(files))) == (reason, where)


def test_reasons_that_the_snapshot_does_not_name_are_refused(publisher: Publisher) -> None:
    extra = publisher.files()._replace(reasons=publisher.files(SAID).reasons)
    assert refusal(lambda: load(publisher, extra)) == ("digest-mismatch", "reasons")


def test_a_list_of_another_snapshot_is_refused(publisher: Publisher, files: StatusFiles) -> None:
    """A mirror that mixes: the older list says that a document is valid."""
    older = publisher.files({}, ISSUED - DAY, lists=2)
    mixed = files._replace(lists=(older.lists[0], files.lists[1]))
    assert refusal(lambda: load(publisher, mixed)) == ("digest-mismatch", "status list 1")


def test_a_list_that_is_named_in_the_place_of_another_is_refused(publisher: Publisher) -> None:
    first = publisher.list_token(1, {})
    twice = publisher.named((first, first), None)
    assert refusal(lambda: load(publisher, twice)) == ("wrong-value", "status list 2")


def test_files_that_nobody_may_sign_are_refused_though_the_snapshot_names_them(
    publisher: Publisher,
) -> None:
    stranger = replace(publisher, key=PrivateKey.generate("Ed25519"))
    with_list = publisher.named((stranger.list_token(1, {}),), None)
    assert refusal(lambda: load(publisher, with_list)) == ("unknown-key", "status list")
    reasons = stranger.files(SAID, lists=2).reasons
    with_reasons = publisher.named((), reasons)
    assert refusal(lambda: load(publisher, with_reasons)) == ("unknown-key", "reasons")
    assert refusal(lambda: load(publisher, stranger.files())) == ("unknown-key", "snapshot")


def test_another_manifest_of_this_version_is_refused(publisher: Publisher) -> None:
    other = publisher.named((), None, manifest=ManifestVersion(1, DIGEST))
    assert refusal(lambda: load(publisher, other))[0] == "snapshot-manifest"


# the clock


def test_a_snapshot_from_the_future_is_refused(publisher: Publisher, files: StatusFiles) -> None:
    at = ISSUED - timedelta(seconds=1)
    call = lambda: StatusData.load(files, publisher.manifest, None, at)  # noqa: E731
    assert refusal(call) == ("snapshot-in-future", "snapshot")
    with pytest.raises(MalformedError, match="clock is right") as caught:
        open_snapshot(files.snapshot, publisher.manifest, None, at)
    assert "2026-07-01T10:30:00Z, and it is 2026-07-01T10:29:59Z" in caught.value.message
    assert StatusData.load(files, publisher.manifest, None, ISSUED).files == files


def test_the_moment_needs_a_time_zone(publisher: Publisher, files: StatusFiles) -> None:
    naive = datetime(2026, 9, 1, 12)  # noqa: DTZ001 - that is the point
    with pytest.raises(ConfigurationError, match="at needs a time zone"):
        publisher.trust().update(ISSUER, files, naive)


# one after another


def test_the_later_snapshot_takes_the_place_of_the_earlier(publisher: Publisher) -> None:
    store = publisher.trust(publisher.files())
    later = publisher.files(SAID, ISSUED + DAY, lists=2)
    updated = store.update(ISSUER, later, ISSUED + DAY)
    assert updated.statuses[ISSUER].files == later
    assert store.statuses[ISSUER].files == publisher.files()
    assert updated.update(ISSUER, later, ISSUED + DAY) == updated


def test_a_mirror_that_withholds_what_is_newer_is_refused(publisher: Publisher) -> None:
    store = publisher.trust(publisher.files(SAID, ISSUED + DAY, lists=2))
    for older in (
        publisher.files({}, ISSUED, lists=2),
        publisher.files({}, ISSUED + 2 * DAY, lists=1),
    ):
        call = lambda older=older: store.update(ISSUER, older, ISSUED + 9 * DAY)  # noqa: E731
        assert refusal(call) == ("snapshot-older", "snapshot")
    assert store.statuses[ISSUER].find(1, 5) is not None


def test_an_institution_that_is_not_trusted_is_not_updated(files: StatusFiles) -> None:
    call = lambda: TrustStore.empty().update(ISSUER, files, ISSUED)  # noqa: E731
    assert refusal(call) == ("trust-missing", ISSUER)


# after another manifest


def after(store: TrustStore, following: Publisher) -> TrustStore:
    pin = store.institutions[ISSUER].pin
    return store.add([following.encoded()], pin)


def test_statuses_stay_after_a_manifest_that_leaves_their_key_alone(publisher: Publisher) -> None:
    store = publisher.trust(publisher.files(SAID, lists=2))
    assert after(store, publisher.next()).statuses == store.statuses
    assert after(store, publisher).statuses == store.statuses


def test_statuses_of_a_key_that_was_retired_later_stay(publisher: Publisher) -> None:
    store = publisher.trust(publisher.files())
    retired = publisher.with_key_state("retired", ISSUED + DAY)
    assert after(store, retired).statuses == store.statuses


def test_an_institution_without_statuses_gets_another_manifest(publisher: Publisher) -> None:
    assert not after(publisher.trust(), publisher.with_key_state("void")).statuses


@pytest.mark.parametrize(
    ("state", "since"),
    [
        ("compromised", ISSUED + DAY),
        ("void", ISSUED + DAY),
        ("retired", ISSUED - timedelta(seconds=1)),
    ],
)
def test_statuses_go_when_a_manifest_takes_the_trust_from_their_key(
    state: State, since: datetime, publisher: Publisher, tmp_path: Path
) -> None:
    store = publisher.trust(publisher.files())
    following = publisher.with_key_state(state, since)
    dropped = after(store, following)
    assert dropped.institutions[ISSUER].newest.version == 2
    assert not dropped.statuses
    store.write(tmp_path)
    dropped.write(tmp_path)
    assert TrustStore.read(tmp_path) == dropped
    assert not list(tmp_path.rglob("*.jwt"))
    assert not list(tmp_path.rglob("snapshot.json"))
    # The crash between the manifest and the statuses:
    (folder,) = tmp_path.iterdir()
    store.statuses[ISSUER].files.write(folder)
    assert TrustStore.read(tmp_path) == dropped


def test_statuses_go_when_the_institution_closes(publisher: Publisher) -> None:
    store = publisher.trust(publisher.files())
    closed = publisher.next(final=FinalState((), DIGEST, DIGEST))
    assert not after(store, closed).statuses


def test_statuses_go_when_the_manifest_that_they_announced_is_another_one(
    publisher: Publisher,
) -> None:
    ahead = publisher.named((), None, manifest=ManifestVersion(2, DIGEST))
    assert not after(publisher.trust(ahead), publisher.next()).statuses
    right = ManifestVersion(2, publisher.next().manifest.digest)
    known = publisher.trust(publisher.named((), None, manifest=right))
    assert after(known, publisher.next()).statuses == known.statuses


def test_after_a_theft_the_new_key_begins_anew(publisher: Publisher) -> None:
    """Even a snapshot that is older than the thief's."""
    store = publisher.trust(publisher.files({}, ISSUED + 5 * DAY))
    stolen = publisher.with_key_state("compromised")
    key = PrivateKey.generate("Ed25519")
    keys = (*stolen.manifest.keys, snapshot_entry(key))
    anew = replace(stolen, key=key, manifest=replace(stolen.manifest, keys=keys))
    updated = after(store, anew).update(ISSUER, anew.files(SAID, lists=2), ISSUED + 6 * DAY)
    assert updated.statuses[ISSUER].find(1, 5) is not None


def test_the_thief_of_a_snapshot_key_changes_no_manifest(publisher: Publisher) -> None:
    """Nor does a store take one for what a snapshot announces."""
    keys = (*publisher.manifest.keys, snapshot_entry(PrivateKey.generate("Ed25519")))
    wish = replace(publisher.manifest, version=2, keys=keys)
    store = publisher.trust(publisher.named((), None, manifest=ManifestVersion(2, wish.digest)))
    for kid in (publisher.key.public_key.thumbprint, key_url(ISSUER, publisher.key.public_key)):
        header = Header("Ed25519", kid, MANIFEST_TYPE)
        content = signing_input(header.segment(), wish.encode())
        signature = Signature(header, content, publisher.key.sign(content))
        forged = GeneralJWS(wish.encode(), (signature,)).encode()
        with pytest.raises(RejectedError, match="0 of the"):
            store.add([forged], store.institutions[ISSUER].pin)
    assert store.institutions[ISSUER].newest == publisher.manifest


# other processes, and the disk


def test_statuses_are_pickled_for_worker_processes(
    publisher: Publisher, files: StatusFiles
) -> None:
    store = publisher.trust(files)
    again = pickle.loads(pickle.dumps(store))  # noqa: S301 - made in the line itself
    assert again == store
    assert again.statuses[ISSUER].find(1, 5) == store.statuses[ISSUER].find(1, 5)


def folder_of(directory: Path) -> Path:
    (folder,) = directory.iterdir()
    return folder


def test_statuses_survive_the_disk(
    publisher: Publisher, files: StatusFiles, tmp_path: Path
) -> None:
    store = publisher.trust(files)
    store.write(tmp_path)
    names = {str(file.relative_to(folder_of(tmp_path))) for file in tmp_path.rglob("*.j*")}
    assert {"snapshot.json", "status/1.jwt", "status/2.jwt", "reasons.jws"} < names
    assert TrustStore.read(tmp_path) == store
    before = {file: file.stat().st_mtime_ns for file in (folder_of(tmp_path) / "status").iterdir()}
    store.write(tmp_path)
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_fewer_files_leave_nothing_of_the_others(
    publisher: Publisher, files: StatusFiles, tmp_path: Path
) -> None:
    publisher.trust(files).write(tmp_path)
    fewer = publisher.trust(publisher.files())
    fewer.write(tmp_path)
    assert TrustStore.read(tmp_path) == fewer
    assert len(list(tmp_path.rglob("*.jwt"))) == 1
    publisher.trust().write(tmp_path)
    assert not TrustStore.read(tmp_path).statuses


@pytest.mark.parametrize("writes", range(1, 6))
def test_a_write_that_is_broken_off_leaves_no_statuses_or_whole_ones(
    writes: int,
    publisher: Publisher,
    files: StatusFiles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from signedcert.files import write_atomic  # noqa: PLC0415 - what is patched below

    left = [writes]

    def full(path: Path, data: bytes) -> None:
        if not left[0]:
            message = "No space left on device"
            raise OSError(message)
        left[0] -= 1
        write_atomic(path, data)

    publisher.trust(publisher.files()).write(tmp_path)
    for module in ("store", "status"):
        monkeypatch.setattr(f"signedcert.trust.{module}.write_atomic", full)
    store = publisher.trust(files)
    with pytest.raises(OSError, match="No space left"):
        store.write(tmp_path)
    read = TrustStore.read(tmp_path)
    assert read.institutions == store.institutions
    expected = {1: None, 2: None, 3: None, 4: None, 5: files}[writes]
    assert {iss: one.files for iss, one in read.statuses.items()} == (
        {ISSUER: expected} if expected else {}
    )


def _damage(file: Path) -> None:
    """A character of the signature."""
    data = file.read_bytes()
    changed = b"A" if data[-20:-19] != b"A" else b"B"
    file.write_bytes(data[:-20] + changed + data[-19:])


TAMPERED: dict[str, tuple[Callable[[Path], object], Reason]] = {
    "a damaged snapshot": (lambda folder: _damage(folder / "snapshot.json"), "bad-signature"),
    "a damaged list": (lambda folder: _damage(folder / "status" / "1.jwt"), "digest-mismatch"),
    "damaged reasons": (lambda folder: _damage(folder / "reasons.jws"), "digest-mismatch"),
    "a list is gone": (
        lambda folder: (folder / "status" / "2.jwt").unlink(),
        "status-incomplete",
    ),
    "reasons are gone": (lambda folder: (folder / "reasons.jws").unlink(), "status-incomplete"),
    "a huge snapshot": (
        lambda folder: (folder / "snapshot.json").write_bytes(b"A" * 200_000),
        "too-large",
    ),
    "a huge list": (
        lambda folder: (folder / "status" / "1.jwt").write_bytes(b"A" * 600_000),
        "too-large",
    ),
    "huge reasons": (
        lambda folder: (folder / "reasons.jws").write_bytes(b"A" * 3_000_000),
        "too-large",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampered_statuses_are_refused_naming_the_folder(
    name: str, publisher: Publisher, files: StatusFiles, tmp_path: Path
) -> None:
    publisher.trust(files).write(tmp_path)
    folder = folder_of(tmp_path)
    tamper, reason = TAMPERED[name]
    tamper(folder)
    with pytest.raises(SignedCertError) as caught:
        TrustStore.read(tmp_path)
    assert caught.value.reason == reason
    assert caught.value.where.startswith(str(folder))


def test_statuses_without_their_snapshot_are_not_read(
    publisher: Publisher, files: StatusFiles, tmp_path: Path
) -> None:
    publisher.trust(files).write(tmp_path)
    (folder_of(tmp_path) / "snapshot.json").unlink()
    assert TrustStore.read(tmp_path) == publisher.trust()


def test_the_clock_is_not_asked_again_when_a_store_is_read(
    publisher: Publisher, tmp_path: Path
) -> None:
    store = publisher.trust(publisher.files({}, ISSUED + 999 * DAY), ISSUED + 1000 * DAY)
    store.write(tmp_path)
    assert TrustStore.read(tmp_path) == store


def test_statuses_of_two_institutions_are_kept_apart(publisher: Publisher, tmp_path: Path) -> None:
    store = publisher.trust(publisher.files())
    manifest = replace(publisher.world.manifest, iss="https://other.example.org", keys=())
    other = sign_manifest(manifest, publisher.world.roots).jws.encode()
    both = store.add([other], manifest.pin)
    assert list(both.statuses) == [ISSUER]
    both.write(tmp_path)
    assert TrustStore.read(tmp_path) == both
    with pytest.raises(SignedCertError):
        both.update("https://other.example.org", publisher.files(), ISSUED)


def test_a_digest_is_over_the_file_as_it_is_published(
    publisher: Publisher, files: StatusFiles
) -> None:
    assert load(publisher, files).snapshot.lists == tuple(map(digest, files.lists))
