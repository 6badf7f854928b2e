"""Landmarks: read strictly, vouched for by manifests, kept in a trust store."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signedcert.core.encoding import b64_encode
from signedcert.custody.ceremony import sign_manifest
from signedcert.errors import ConfigurationError, Reason
from signedcert.trust import landmarks as module
from signedcert.trust.landmarks import Landmark, LandmarkList
from signedcert.trust.logs import Landmarks, log_folder, log_origin
from signedcert.trust.manifest import SignedManifest
from signedcert.trust.store import TrustStore
from tests.core.refusal import refused
from tests.reference import ISSUER, World
from tests.reference.logs import MemoryLog

ROOT = b64_encode(bytes(32)).encode()
ORIGIN = log_origin(ISSUER)


@given(st.dictionaries(st.integers(1, 2**53 - 1), st.binary(min_size=32, max_size=32), max_size=9))
def test_what_is_written_is_read_back(heads: dict[int, bytes]) -> None:
    known = LandmarkList(tuple(Landmark(*head) for head in sorted(heads.items())))
    read = LandmarkList.parse(known.encode())
    assert read == known == pickle.loads(pickle.dumps(known))  # noqa: S301 - our own
    assert read.landmarks == Landmarks(len(heads), known.landmarks.digest)
    assert read.size == max(heads, default=0)
    assert all(read.root(size) == root for size, root in heads.items())
    assert read.root(2**53) is None


@pytest.mark.parametrize(
    ("data", "reason", "where"),
    [
        (b"1 %b" % ROOT, "wrong-value", "landmarks"),
        (b"\n", "not-an-integer", "landmarks, line 1"),
        (b"0 %b\n" % ROOT, "wrong-value", "landmarks, line 1"),
        (b"01 %b\n" % ROOT, "not-an-integer", "landmarks, line 1"),
        (b"-1 %b\n" % ROOT, "not-an-integer", "landmarks, line 1"),
        (b"%d %b\n" % (2**53, ROOT), "not-an-integer", "landmarks, line 1"),
        (b"1  %b\n" % ROOT, "base64-alphabet", "landmarks, line 1"),
        (b"1 %b\r\n" % ROOT, "base64-alphabet", "landmarks, line 1"),
        (b"1 %b\n" % ROOT[:-1], "base64-padding", "landmarks, line 1"),
        (b"1 AAAA\n", "wrong-value", "landmarks, line 1"),
        (b"1\n", "wrong-value", "landmarks, line 1"),
        (b"1 %b\n1 %b\n" % (ROOT, ROOT), "wrong-value", "landmarks, line 2"),
        (b"2 %b\n1 %b\n" % (ROOT, ROOT), "wrong-value", "landmarks, line 2"),
        (b"1 %b\n\n2 %b\n" % (ROOT, ROOT), "not-an-integer", "landmarks, line 2"),
    ],
)
def test_another_spelling_is_refused(data: bytes, reason: Reason, where: str) -> None:
    with refused(reason, where):
        LandmarkList.parse(data)


def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LANDMARKS_FILE", 100)
    with refused("too-large"):
        LandmarkList.parse(b"1 %b\n" % ROOT * 3)


def test_heads_are_added_behind() -> None:
    one, two = Landmark(1, bytes(32)), Landmark(2, b"\1" * 32)
    grown = LandmarkList((one,)).add([two])
    assert grown == LandmarkList((one, two))
    assert grown.begins_with(LandmarkList((one,)))
    assert not LandmarkList((one,)).begins_with(grown)
    with refused("wrong-value", "landmarks, line 3"):
        grown.add([one])


@pytest.mark.parametrize(
    ("origin", "folder"),
    [
        (ORIGIN, "log"),
        (log_origin(ISSUER, 2), "log-2"),
        (log_origin(ISSUER, 99), "log-99"),
        (f"{ORIGIN}-1", None),
        (f"{ORIGIN}-100", None),
        (f"{ORIGIN}/tile", None),
        (ORIGIN.replace("log", "status"), None),
        (ORIGIN.replace("learn", "x"), None),
        (f"https://{ORIGIN}", None),
    ],
)
def test_the_folder_of_a_log_is_in_its_origin(origin: str, folder: str | None) -> None:
    assert log_folder(ISSUER, origin) == folder


# In a trust store


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog()
    for _ in range(3):
        log.fill(5)
    return log


def chain(world: World, log: MemoryLog, *counts: int) -> list[bytes]:
    """A version of the manifest for each number of landmarks."""
    sizes = (5, 10, 15)
    return [
        sign_manifest(
            replace(world.manifest, version=version, logs=(log.entry(*sizes[:count]),)),
            world.roots,
        ).jws.encode()
        for version, count in enumerate(counts, 1)
    ]


def store_of(world: World, log: MemoryLog, *counts: int) -> TrustStore:
    manifests = chain(world, log, *counts)
    return TrustStore.empty().add(manifests, SignedManifest.parse(manifests[0]).unverified.pin)


def test_a_store_takes_what_a_manifest_vouches_for(world: World, log: MemoryLog) -> None:
    store = store_of(world, log, 1, 2)
    for sizes in ((5,), (5, 10)):
        store = store.add_landmarks(ISSUER, ORIGIN, log.landmarks(*sizes).encode())
        assert store.landmarks == {(ISSUER, ORIGIN): log.landmarks(*sizes)}
    assert store.add_landmarks(ISSUER, ORIGIN, log.landmarks(5).encode()) is store
    assert pickle.loads(pickle.dumps(store)).landmarks == store.landmarks  # noqa: S301 - our own


@pytest.mark.parametrize("sizes", [(10,), (5, 15), (5, 10, 15)])
def test_a_store_takes_no_other_list(world: World, log: MemoryLog, sizes: tuple[int, ...]) -> None:
    store = store_of(world, log, 1, 2)
    with refused("digest-mismatch", f"landmarks of {ORIGIN}"):
        store.add_landmarks(ISSUER, ORIGIN, log.landmarks(*sizes).encode())


def test_a_list_of_another_log_or_of_nobody_is_refused(world: World, log: MemoryLog) -> None:
    store, data = store_of(world, log, 1), log.landmarks(5).encode()
    with refused("digest-mismatch"):
        store.add_landmarks(ISSUER, log_origin(ISSUER, 2), data)
    with refused("trust-missing", kind=ConfigurationError):
        store.add_landmarks("https://other.example.org", ORIGIN, data)


def test_later_manifests_leave_what_is_known(world: World, log: MemoryLog) -> None:
    store = store_of(world, log, 1).add_landmarks(ISSUER, ORIGIN, log.landmarks(5).encode())
    later = store.add(chain(world, log, 1, 2, 3), store.institutions[ISSUER].pin)
    assert later.institutions[ISSUER].newest.version == 3
    assert later.landmarks == store.landmarks


def test_landmarks_survive_the_disk(world: World, log: MemoryLog, tmp_path: Path) -> None:
    store = store_of(world, log, 1, 2).add_landmarks(ISSUER, ORIGIN, log.landmarks(5, 10).encode())
    store.write(tmp_path)
    assert TrustStore.read(tmp_path) == store
    (file,) = tmp_path.glob("*/landmarks-log")
    assert file.read_bytes() == log.landmarks(5, 10).encode()
    TrustStore(store.institutions).write(tmp_path)
    assert not file.exists()


def test_a_list_that_was_changed_on_the_disk_is_refused(
    world: World, log: MemoryLog, tmp_path: Path
) -> None:
    store = store_of(world, log, 1).add_landmarks(ISSUER, ORIGIN, log.landmarks(5).encode())
    store.write(tmp_path)
    (file,) = tmp_path.glob("*/landmarks-log")
    file.write_bytes(log.landmarks(10).encode())
    with refused("digest-mismatch", f"{file.parent}: landmarks of {ORIGIN}"):
        TrustStore.read(tmp_path)


def test_what_the_loser_of_a_fork_vouched_for_is_gone(world: World, log: MemoryLog) -> None:
    store = store_of(world, log, 1, 2)
    store = store.add_landmarks(ISSUER, ORIGIN, log.landmarks(5, 10).encode())
    first = store.institutions[ISSUER].versions[0]
    roots = tuple(
        group._replace(keys=(key.public_key,))
        for group, key in zip(first.root, world.next_roots, strict=True)
    )
    winner = replace(first, version=2, root=roots, next=())
    signed = sign_manifest(winner, (*world.roots, *world.next_roots)).jws.encode()
    settled = store.add([signed], store.institutions[ISSUER].pin)
    assert settled.institutions[ISSUER].newest == winner
    assert settled.landmarks == {}
