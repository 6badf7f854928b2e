"""How an institution is set up, and that a refusal leaves nothing behind."""

import os
import pickle
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from signedcert.core.encoding import b64url_encode
from signedcert.custody.holders import Holder
from signedcert.custody.keyfile import read_key_file, write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.errors import ConfigurationError, Reason
from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.store import TrustStore
from tests.core.refusal import refused
from tests.institution.homes import (
    BEGUN,
    LATER,
    NAME,
    PASSPHRASE,
    URL,
    Place,
    issue_one,
    make_place,
    root_keys,
)


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)


def create(home: Path, root: Path, **changes: object) -> Institution:
    """An institution with the usual settings, or a variation of them."""
    settings: dict[str, object] = {
        "name": NAME,
        "url": URL,
        "passphrase": PASSPHRASE,
        "at": BEGUN,
        "holders": 1,  # a key file takes its time
    }
    return Institution.create(home, root=root, **(settings | changes))  # type: ignore[arg-type]


def entries(directory: Path) -> set[str]:
    """Everything under a directory."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


# what is made


def test_a_new_home_has_its_settings_manifest_key_and_registry(template: Place) -> None:
    names = {path.name for path in template.home.iterdir()}
    assert {"signedcert.toml", "manifests", "keys", "registry.sqlite"} <= names
    assert entries(template.home / "manifests") == {"1.json"}
    kinds = sorted(name[:8] for name in entries(template.home / "keys"))
    assert kinds == ["issue-es", "log-ed25", "log-ml-d"]
    with Institution.open(template.home) as institution:
        assert (institution.name, institution.url) == (NAME, URL)
        assert institution.pin == institution.manifest.pin
        assert len(institution.manifests) == 1
        assert institution.count() == 0


def test_the_manifest_has_a_classical_and_a_post_quantum_root_group(template: Place) -> None:
    with Institution.open(template.home) as institution:
        manifest = institution.manifest
    assert manifest.version == 1
    assert (manifest.issued, manifest.expires) == (BEGUN, BEGUN + timedelta(days=365))
    algorithms = [[key.algorithm for key in group.keys] for group in manifest.root]
    assert algorithms == [["ES256"], ["ML-DSA-65"]]
    assert [group.threshold for group in manifest.root] == [1, 1]
    assert manifest.post_quantum
    assert len(manifest.next) == 2
    (entry,) = manifest.keys
    assert (entry.role, entry.state, entry.since) == ("issue", "active", BEGUN)
    assert entry.url == f"{URL}/.well-known/keys/{entry.key.thumbprint}"


def test_the_manifest_has_a_log_and_the_home_its_keys(template: Place) -> None:
    with Institution.open(template.home) as institution:
        manifest = institution.manifest
    (log,) = manifest.logs
    assert (log.origin, log.state) == ("learn.example.edu/.well-known/signedcert/log", "active")
    assert log.landmarks == LandmarkList().landmarks
    files = (template.home / "keys").glob("log-*.key")
    assert {read_key_file(path, PASSPHRASE).public_key for path in files} == set(log.keys)


def test_the_root_directory_has_the_root_keys_and_the_next_ones(template: Place) -> None:
    with Institution.open(template.home) as institution:
        manifest = institution.manifest
    roots = {key.public_key for key in root_keys(template)}
    assert roots == {key for group in manifest.root for key in group.keys}
    following = [read_key_file(path, PASSPHRASE) for path in template.root.rglob("next-*.key")]
    announced = {thumbprint for group in manifest.next for thumbprint in group.thumbprints}
    assert {key.public_key.thumbprint for key in following} == announced
    (folder,) = template.root.iterdir()
    assert folder.name == "holder-1"
    assert {path.suffix for path in folder.iterdir()} == {".key", ".json"}
    assert len(entries(folder)) == 5


def test_what_a_new_institution_publishes_is_believed_by_its_pin(template: Place) -> None:
    with Institution.open(template.home) as institution:
        trust = TrustStore.empty().add(institution.manifests, institution.pin)
        assert trust.institutions[URL].newest == institution.manifest
        assert institution.trust.institutions[URL].newest == institution.manifest


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_private_key_files_are_their_owners_only(template: Place) -> None:
    files = [*(template.home / "keys").iterdir(), *template.root.rglob("*.key")]
    assert len(files) == 7
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((template.home / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE(template.home.stat().st_mode) == 0o700


def spellings(key: PrivateKey) -> list[bytes]:
    """A private key as it could slip into a file."""
    secret = key.secret_bytes()
    return [secret, secret.hex().encode(), b64url_encode(secret).encode(), secret[:16], secret[16:]]


def test_no_private_key_is_readable_anywhere_in_home_or_root(place: Place) -> None:
    with place.open() as institution:
        issue_one(institution)
    files = (place.home / "keys").iterdir()
    keys = [*(read_key_file(file, PASSPHRASE) for file in files), *root_keys(place)]
    assert len(keys) == 5
    contents = [path.read_bytes() for path in place.home.parent.rglob("*") if path.is_file()]
    assert len(contents) >= 8
    for content in contents:
        for key in keys:
            assert not any(spelling in content for spelling in spellings(key))
        assert PASSPHRASE.encode() not in content


def test_no_root_key_is_in_the_home_even_encrypted(template: Place) -> None:
    thumbprints = [key.public_key.thumbprint for key in root_keys(template)]
    texts = [file.read_text("utf-8") for file in (template.home / "keys").iterdir()]
    assert len(texts) == 3
    assert not any(thumbprint in text for thumbprint in thumbprints for text in texts)


def test_root_keys_may_have_a_passphrase_of_their_own(tmp_path: Path) -> None:
    place = Place(tmp_path / "home", tmp_path / "root")
    with create(place.home, place.root, root_passphrase="another") as institution:
        assert issue_without_course(institution)
    for path in place.root.rglob("*.key"):
        with refused("passphrase-wrong", str(path), ConfigurationError):
            read_key_file(path, PASSPHRASE)
        assert read_key_file(path, "another").algorithm in ("ES256", "ML-DSA-65")


def issue_without_course(institution: Institution) -> bool:
    """Whether the issuing key opens."""
    return institution._issuer.signer.public_key == institution.manifest.keys[0].key


def test_an_institution_may_issue_with_ed25519(tmp_path: Path) -> None:
    place = make_place(tmp_path, "Ed25519")
    with place.open() as institution:
        issued = issue_one(institution)
        assert institution.manifest.keys[0].key.algorithm == "Ed25519"
        assert institution.verifier().verify(issued.bundle, at=LATER).code == issued.code


def test_a_home_may_be_an_empty_directory_and_have_missing_parents(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    create(empty, tmp_path / "a" / "root").close()
    create(tmp_path / "b" / "c" / "home", tmp_path / "d" / "root").close()
    assert (empty / "signedcert.toml").is_file()
    assert (tmp_path / "b" / "c" / "home" / "signedcert.toml").is_file()


def test_paths_may_be_given_as_text_and_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Institution.create(
        "home", name=NAME, url=URL, root="root", passphrase=PASSPHRASE, at=BEGUN, holders=1
    ).close()
    with Institution.open("home", PASSPHRASE) as institution:
        assert issue_without_course(institution)


def test_two_of_three_holders_have_to_sign_by_default(tmp_path: Path) -> None:
    home, root = tmp_path / "home", tmp_path / "usb"
    with Institution.create(
        home, root=root, name=NAME, url=URL, passphrase=PASSPHRASE, at=BEGUN
    ) as institution:
        manifest = institution.manifest
    assert [(group.threshold, len(group.keys)) for group in manifest.root] == [(2, 3), (2, 3)]
    assert [(one.threshold, len(one.thumbprints)) for one in manifest.next] == [(2, 3), (2, 3)]
    folders = sorted((tmp_path / "usb").iterdir())
    assert [folder.name for folder in folders] == ["holder-1", "holder-2", "holder-3"]
    holders = [Holder.read(folder) for folder in folders]
    assert [holder.name for holder in holders] == [f"Root holder {n}" for n in (1, 2, 3)]
    for i, group in enumerate(manifest.root):
        assert group.keys == tuple(holder.root[i] for holder in holders)
    for folder, holder in zip(folders, holders, strict=True):
        files = [read_key_file(path, PASSPHRASE).public_key for path in folder.glob("*.key")]
        assert set(files) == {*holder.root, *holder.next}
    assert Home.read(tmp_path / "home").holders(1) == tuple(holders)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"holders": 0}, "holders"),
        ({"holders": 9}, "holders"),
        ({"holders": 3, "threshold": 4}, "threshold"),
        ({"holders": 1, "threshold": 0}, "threshold"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(
    tmp_path: Path, changes: dict[str, object], where: str
) -> None:
    with refused("setting-invalid", where, ConfigurationError):
        create(tmp_path / "home", tmp_path / "root", **changes)
    assert entries(tmp_path) == set()


# what is refused


@pytest.mark.parametrize(
    ("changes", "reason", "where"),
    [
        ({"url": "http://learn.example.edu"}, "setting-invalid", "url"),
        ({"url": "https://learn.example.edu/certificates"}, "setting-invalid", "url"),
        ({"url": "https://learn.example.edu/"}, "setting-invalid", "url"),
        ({"url": "https://Learn.example.edu"}, "setting-invalid", "url"),
        ({"url": "https://learn.example.edu?x"}, "setting-invalid", "url"),
        ({"url": "https://user@learn.example.edu"}, "setting-invalid", "url"),
        ({"url": "https://höchst.example"}, "setting-invalid", "url"),
        ({"url": "learn.example.edu"}, "setting-invalid", "url"),
        ({"url": ""}, "setting-invalid", "url"),
        ({"name": ""}, "setting-invalid", "name"),
        ({"name": " \u200b"}, "setting-invalid", "name"),
        ({"name": "A\nB"}, "setting-invalid", "name"),
        ({"name": "N" * 257}, "setting-invalid", "name"),
        ({"passphrase": ""}, "passphrase-missing", ""),
        ({"root_passphrase": ""}, "passphrase-missing", ""),
        ({"at": datetime(2026, 6, 1)}, "time-naive", ""),  # noqa: DTZ001
    ],
)
def test_a_wrong_setting_is_named_and_leaves_nothing_behind(
    tmp_path: Path, changes: dict[str, object], reason: Reason, where: str
) -> None:
    with refused(reason, where, ConfigurationError):
        create(tmp_path / "home", tmp_path / "root", **changes)
    assert entries(tmp_path) == set()


@pytest.mark.parametrize("there", ["file", "directory"])
def test_a_home_that_is_in_use_is_left_as_it_is(tmp_path: Path, there: str) -> None:
    home = tmp_path / "home"
    if there == "directory":
        home.mkdir()
        (home / "thesis.odt").write_bytes(b"years of work")
    else:
        home.write_bytes(b"years of work")
    before = entries(tmp_path)
    with refused("home-exists", str(home), ConfigurationError):
        create(home, tmp_path / "root")
    assert entries(tmp_path) == before


@pytest.mark.parametrize("inside", [".", "root", "a/../root", "a/b"])
def test_root_keys_are_not_kept_inside_the_home(tmp_path: Path, inside: str) -> None:
    home = tmp_path / "home"
    with refused("root-inside-home", kind=ConfigurationError):
        create(home, home / inside)
    assert entries(tmp_path) == set()


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights elsewhere")
def test_a_symbolic_link_does_not_hide_that_root_is_inside_the_home(tmp_path: Path) -> None:
    (tmp_path / "usb").symlink_to(tmp_path / "home")
    with refused("root-inside-home", kind=ConfigurationError):
        create(tmp_path / "home", tmp_path / "usb" / "root")
    assert entries(tmp_path) == {"usb"}


@pytest.mark.parametrize("step", range(1, 6))
def test_a_failure_on_the_way_removes_every_key_that_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    root = tmp_path / "usb"
    root.mkdir()
    (root / "root-es256-AAAAAAAA.key").write_bytes(b"a key of another institution")
    written = []
    write = write_key_file

    def fail(path: Path, key: PrivateKey, passphrase: str) -> None:
        written.append(path)
        if len(written) == step:
            message = "no space left on device"
            raise OSError(message)
        write(path, key, passphrase)

    monkeypatch.setattr("signedcert.home.write_key_file", fail)
    monkeypatch.setattr("signedcert.custody.ceremony.write_key_file", fail)
    with pytest.raises(OSError, match="no space"):
        create(tmp_path / "home", root)
    assert len(written) == step
    assert entries(tmp_path) == {"usb", "usb/root-es256-AAAAAAAA.key"}


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_a_failure_in_the_last_step_leaves_neither_home_nor_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    root = tmp_path / "root"
    root.mkdir()

    def fail(_: object) -> None:
        raise kind

    monkeypatch.setattr("signedcert.home.Registry.create", fail)
    with pytest.raises(kind):
        create(tmp_path / "home", root)
    assert entries(tmp_path) == {"root"}


def test_two_institutions_do_not_mix_their_root_keys(tmp_path: Path) -> None:
    root = tmp_path / "usb"
    create(tmp_path / "one", root).close()
    before = entries(root)
    with refused("key-file", str(root / "holder-1"), ConfigurationError):
        create(tmp_path / "two", root, holders=1)
    assert entries(root) == before
    create(tmp_path / "two", root / "two").close()


def test_the_signer_of_an_institution_is_not_pickled(university: Institution) -> None:
    with pytest.raises(TypeError, match="does not travel"):
        pickle.dumps(university._issuer.signer)
    assert university.manifest.keys[0].key.thumbprint in repr(university._issuer.signer)
