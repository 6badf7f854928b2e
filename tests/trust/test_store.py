"""The trust store: what it takes, that it never changes, and that a disk cannot lie to it."""

import pickle
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from signedcert.core.jws import MAX_GENERAL
from signedcert.errors import ConfigurationError, MalformedError, RejectedError, SignedCertError
from signedcert.trust.entries import key_url
from signedcert.trust.history import Pin
from signedcert.trust.manifest import SignedManifest
from signedcert.trust.store import TrustStore
from tests.reference import ISSUER, World
from tests.trust.house import ISS, history, key, signed

OTHER = "https://other.example.org"


def store(*steps: str, base: TrustStore | None = None) -> TrustStore:
    """A store that was fed these manifests, with the pin of the first."""
    manifests = [signed(step) for step in steps]
    pin = manifests[0].unverified.pin
    return (base or TrustStore.empty()).add([one.jws.encode() for one in manifests], pin)


def encoded(*steps: str) -> list[bytes]:
    return [signed(step).jws.encode() for step in steps]


def folder_of(directory: Path) -> Path:
    (folder,) = directory.iterdir()
    return folder


def test_an_empty_store_trusts_nobody() -> None:
    empty = TrustStore.empty()
    assert not empty.institutions
    assert empty.find_key(key_url(ISS, key("k").public_key)) is None


def test_adding_makes_another_store() -> None:
    empty = TrustStore.empty()
    assert store("1", base=empty).institutions
    assert not empty.institutions


def test_nothing_of_a_store_can_be_assigned() -> None:
    known = store("1")
    with pytest.raises(FrozenInstanceError):
        known.institutions = {}  # type: ignore[misc]
    with pytest.raises(TypeError):
        known.institutions[OTHER] = history("1")  # type: ignore[index]


def test_a_dict_that_was_given_is_not_kept() -> None:
    given = {ISS: history("1")}
    known = TrustStore(given)
    given.clear()
    assert list(known.institutions) == [ISS]


def test_a_pin_may_be_text_or_parsed() -> None:
    pin = signed("1").unverified.pin
    assert TrustStore.empty().add(encoded("1"), pin) == TrustStore.empty().add(
        encoded("1"), Pin.parse(pin)
    )


def test_adding_later_versions_updates() -> None:
    first = store("1")
    pin = signed("1").unverified.pin
    for manifests in (encoded("1", "2"), encoded("2")):
        updated = first.add(manifests, pin)
        assert updated.institutions[ISS].newest.version == 2
    assert first.institutions[ISS].newest.version == 1


def test_adding_earlier_versions_again_goes_back_nowhere() -> None:
    newest = store("1", "2", "3")
    again = newest.add(encoded("1"), signed("1").unverified.pin)
    assert again == newest
    assert again.institutions[ISS].newest.version == 3


def test_versions_before_the_pin_are_not_looked_at() -> None:
    pin = signed("2 tag=x").unverified.pin
    known = TrustStore.empty().add(encoded("1", "2 tag=x", "3"), pin)
    assert [one.version for one in known.institutions[ISS].versions] == [2, 3]


def test_the_pinned_version_is_needed() -> None:
    with pytest.raises(MalformedError, match="pin-mismatch"):
        TrustStore.empty().add(encoded("2"), signed("1").unverified.pin)


@pytest.mark.parametrize("manifests", [[], encoded("1")])
def test_some_manifest_from_the_pinned_version_on_is_needed(manifests: list[bytes]) -> None:
    with pytest.raises(MalformedError, match="which the pin names") as caught:
        TrustStore.empty().add(manifests, signed("2").unverified.pin)
    assert caught.value.reason == "manifest-version"


def test_the_pin_of_a_later_accepted_version_goes_on_with_what_is_known() -> None:
    known = store("1", "2", "3")
    more = known.add(encoded("3", "4"), signed("3").unverified.pin)
    assert [one.version for one in more.institutions[ISS].versions] == [1, 2, 3, 4]
    assert more.institutions[ISS].pin == known.institutions[ISS].pin


def test_another_pin_does_not_replace_the_one_that_is_trusted() -> None:
    known = store("1")
    with pytest.raises(MalformedError, match="remove the folder") as caught:
        known.add(encoded("1 tag=x"), signed("1 tag=x").unverified.pin)
    assert caught.value.reason == "pin-mismatch"


def test_a_fork_is_noticed_though_what_follows_it_fits_one_side_only() -> None:
    known = store("1", "2 keys=k:active,n:active")
    forked = known.add(
        encoded("1", "2 keys=k:active,m:active", "3 keys=k:active,m:retired"),
        signed("1").unverified.pin,
    )
    assert forked.institutions[ISS].forked


def test_a_wrong_pin_changes_nothing() -> None:
    known = store("1")
    with pytest.raises(MalformedError) as caught:
        known.add(encoded("1 tag=x"), signed("1 tag=y").unverified.pin)
    assert caught.value.reason == "pin-mismatch"
    assert known == store("1")


def test_manifests_of_two_institutions_do_not_mix() -> None:
    with pytest.raises(MalformedError) as caught:
        TrustStore.empty().add(encoded("1", "2 iss=x"), signed("1").unverified.pin)
    assert caught.value.reason == "manifest-issuer"


def test_two_institutions_are_kept_apart() -> None:
    both = store("1 iss=x keys=m:active", base=store("1"))
    assert list(both.institutions) == [ISS, OTHER]
    for iss, letter in ((ISS, "k"), (OTHER, "m")):
        found = both.find_key(key_url(iss, key(letter).public_key))
        assert found is not None
        assert found.history.newest.iss == iss
    assert both.find_key(key_url(OTHER, key("k").public_key)) is None


def test_a_header_finds_its_issuing_key_and_no_other_spelling_does(world: World) -> None:
    trust = world.trust
    for typ in ("JWT", "vc+jwt", None):
        found = trust.find_header(world.header(typ=typ).segment().encode())
        assert found is not None
        assert found.entry.key == world.key.public_key
    for header in (world.header(typ="jwt"), world.header(alg="Ed25519"), world.header(kid=None)):
        assert trust.find_header(header.segment().encode()) is None


def test_keys_of_other_roles_have_a_url_and_no_header() -> None:
    known = store("1 keys=s:active/snapshot")
    url = key_url(ISS, key("s").public_key)
    assert known.find_key(url) is not None
    assert not known._headers


def test_only_the_newest_version_counts() -> None:
    known = store("1", "2 keys=k:void,m:active")
    found = known.find_key(key_url(ISS, key("k").public_key))
    assert found is not None
    assert found.entry.state == "void"
    assert known.find_key(key_url(ISS, key("m").public_key)) is not None


def test_a_store_is_pickled_for_worker_processes(world: World) -> None:
    trust = world.trust
    again = pickle.loads(pickle.dumps(trust))  # noqa: S301 - made in the line itself
    assert again == trust
    found = again.find_header(world.header().segment().encode())
    assert found is not None
    found.entry.key.verify(world.key.sign(b"message"), b"message")


HISTORIES = {
    "one": ("1",),
    "four versions": ("1", "2", "3 keys=k:retired@7", "4 keys=k:retired@7"),
    "a later pin": ("5", "6"),
    "a rotation": ("1", "2 root=B next=C by=AB", "3 root=B next=C by=B"),
    "a fork": ("1", "2 tag=x keys=k:active,m:active", "2 tag=y keys=k:active,n:active"),
    "a fork, one side longer": (
        "1",
        "2 tag=x keys=k:active,m:active",
        "3 keys=k:active,m:active",
        "2 tag=y keys=k:active,n:active",
    ),
    "a fork, the other side longer": (
        "1",
        "2 tag=y keys=k:active,n:active",
        "3 keys=k:active,n:active",
        "2 tag=x keys=k:active,m:active",
    ),
    "a fork that a rotation settled": ("1", "2 tag=x", "3", "2 tag=y root=B next=C by=AB"),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_a_store_is_read_as_it_was_written(name: str, tmp_path: Path) -> None:
    known = TrustStore({ISS: history(*HISTORIES[name])})
    known.write(tmp_path)
    again = TrustStore.read(tmp_path).institutions[ISS]
    before = known.institutions[ISS]
    assert (again.pin, again.versions, again.forks) == (before.pin, before.versions, before.forks)
    assert set(again.evidence) == set(before.evidence)


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    known = store("1", "2")
    known.write(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    TrustStore.read(tmp_path).write(tmp_path)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
    assert len(before) == 3


def test_writing_over_an_older_store_leaves_nothing_of_it(tmp_path: Path) -> None:
    """What followed the loser of a fork would not fit any more, and the store would not be read."""
    before = history("1", "2 tag=x", "3")
    TrustStore({ISS: before}).write(tmp_path)
    after = TrustStore({ISS: before.accept(signed("2 tag=y root=B next=C by=AB"))})
    after.write(tmp_path)
    assert TrustStore.read(tmp_path) == after


def test_writing_another_pin_over_a_store(tmp_path: Path) -> None:
    store("1", "2").write(tmp_path)
    moved = store("2")
    moved.write(tmp_path)
    assert TrustStore.read(tmp_path) == moved


def test_a_write_that_is_broken_off_leaves_nothing_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The institution is then unknown, which a verifier says; a store that fails says nothing."""

    def full(*_: object) -> None:
        message = "No space left on device"
        raise OSError(message)

    store("1", "2").write(tmp_path)
    monkeypatch.setattr("signedcert.trust.store.write_atomic", full)
    with pytest.raises(OSError, match="No space left"):
        store("2").write(tmp_path)
    assert not TrustStore.read(tmp_path).institutions


def test_an_update_that_is_broken_off_leaves_the_store_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        message = "No space left on device"
        raise OSError(message)

    store("1").write(tmp_path)
    monkeypatch.setattr("signedcert.trust.store.write_atomic", full)
    with pytest.raises(OSError, match="No space left"):
        store("1", "2").write(tmp_path)
    assert TrustStore.read(tmp_path) == store("1")


def test_two_institutions_have_two_folders(tmp_path: Path) -> None:
    both = store("1 iss=x keys=m:active", base=store("1"))
    both.write(tmp_path)
    assert sorted(folder.name[:-9] for folder in tmp_path.iterdir()) == [
        "learn.example.edu",
        "other.example.org",
    ]
    assert TrustStore.read(str(tmp_path)) == both


def test_the_folder_is_named_after_host_and_port(tmp_path: Path) -> None:
    with_port = {f"{ISS}:8443": history("1")}
    TrustStore(with_port).write(tmp_path)
    assert folder_of(tmp_path).name.startswith("learn.example.edu-8443-")


def test_reading_needs_a_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no trust store here") as caught:
        TrustStore.read(tmp_path / "none")
    assert caught.value.reason == "trust-missing"
    assert not TrustStore.read(tmp_path).institutions


def test_a_folder_without_a_pin_is_not_read(tmp_path: Path) -> None:
    """Writing it was broken off."""
    store("1").write(tmp_path)
    (folder_of(tmp_path) / "pin").unlink()
    assert not TrustStore.read(tmp_path).institutions


def test_files_beside_the_folders_are_not_read(tmp_path: Path) -> None:
    store("1").write(tmp_path)
    (tmp_path / "README").write_text("notes")
    assert TrustStore.read(tmp_path) == store("1")


def _first_manifest(folder: Path) -> Path:
    return min(folder.glob("*.json"))


def _tamper_byte(folder: Path) -> None:
    file = _first_manifest(folder)
    data = file.read_bytes()
    file.write_bytes(data[:100] + (b"A" if data[100:101] != b"A" else b"B") + data[101:])


def _tamper_signature(folder: Path) -> None:
    file = max(folder.glob("*.json"))
    file.write_bytes(signed("2 by=A!").jws.encode())


def _tamper_stranger(folder: Path) -> None:
    file = max(folder.glob("*.json"))
    file.write_bytes(signed("2 tag=x by=Z").jws.encode())


def _tamper_pin(folder: Path) -> None:
    (folder / "pin").write_text("1:" + "0" * 64)


def _tamper_pin_spelling(folder: Path) -> None:
    (folder / "pin").write_bytes(b"\xff\xfe")


def _tamper_pin_size(folder: Path) -> None:
    (folder / "pin").write_text("1" * 200)


def _tamper_first_gone(folder: Path) -> None:
    _first_manifest(folder).unlink()


def _tamper_all_gone(folder: Path) -> None:
    for file in folder.glob("*.json"):
        file.unlink()


def _tamper_size(folder: Path) -> None:
    _first_manifest(folder).write_bytes(b" " * (MAX_GENERAL + 1))


def _tamper_swap(folder: Path) -> None:
    _first_manifest(folder).write_bytes(signed("1 tag=thief root=Z next=Y by=Z").jws.encode())


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (_tamper_signature, "bad-signature"),
        (_tamper_stranger, "key-not-authorised"),
        (_tamper_pin, "pin-mismatch"),
        (_tamper_pin_spelling, "wrong-value"),
        (_tamper_pin_size, "too-large"),
        (_tamper_first_gone, "pin-mismatch"),
        (_tamper_all_gone, "manifest-version"),
        (_tamper_size, "too-large"),
        (_tamper_swap, "pin-mismatch"),
    ],
)
def test_a_tampered_store_is_refused_naming_the_folder(
    tamper: object, reason: str, tmp_path: Path
) -> None:
    store("1", "2").write(tmp_path)
    folder = folder_of(tmp_path)
    assert callable(tamper)
    tamper(folder)
    with pytest.raises((MalformedError, RejectedError)) as caught:
        TrustStore.read(tmp_path)
    assert caught.value.reason == reason
    assert caught.value.where.startswith(str(folder))


def test_a_changed_byte_is_refused_naming_the_folder(tmp_path: Path) -> None:
    store("1", "2").write(tmp_path)
    _tamper_byte(folder_of(tmp_path))
    with pytest.raises(SignedCertError) as caught:
        TrustStore.read(tmp_path)
    assert caught.value.where.startswith(str(folder_of(tmp_path)))


def test_the_reference_institution_survives_the_disk(world: World, tmp_path: Path) -> None:
    world.trust.write(tmp_path)
    again = TrustStore.read(tmp_path)
    assert again == world.trust
    assert again.institutions[ISSUER].post_quantum
    assert SignedManifest.parse(_first_manifest(folder_of(tmp_path)).read_bytes()) == world.signed
