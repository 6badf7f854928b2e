"""An institution whose issuing key is elsewhere from the first day: a key file as the signer, and
doubles; for tokens see ``test_token``.
"""

from pathlib import Path

import pytest

from signedcert.ceremonies.assembling import assemble
from signedcert.ceremonies.founding import Founding, found_with_holders
from signedcert.ceremonies.proposing import read_public_key
from signedcert.core.keys import Algorithm, PublicKey
from signedcert.custody import signer as signers
from signedcert.custody.holders import HolderKeys
from signedcert.custody.keyfile import read_key_file, write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.errors import ConfigurationError, IssueError, Reason
from signedcert.home import Home, NewKey
from signedcert.institution import Institution
from tests.ceremonies.council import sign
from tests.core.refusal import refused
from tests.custody.test_signer import FixedSigner
from tests.institution.homes import BEGUN, LATER, NAME, NOW, URL, Place, issue_one
from tests.institution.test_create import entries
from tests.reference import course

SECRET = "1937"
OF_ROOT = "of the root keys"


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)


def keep(directory: Path, algorithm: Algorithm = "ES256") -> tuple[str, PublicKey]:
    """A key file that is nobody's home, as a signer: its URI and its key."""
    key = PrivateKey.generate(algorithm)
    write_key_file(directory / "kept.key", key, SECRET)
    return f"file:{directory / 'kept.key'}", key.public_key


def create(place: Place, signer: str, **changes: object) -> Institution:
    """An institution with this signer."""
    settings: dict[str, object] = {
        "name": NAME,
        "url": URL,
        "passphrase": SECRET,
        "root_passphrase": OF_ROOT,
        "at": BEGUN,
        "holders": 1,
        "root": place.root,
        "signer": signer,
    }
    return Institution.create(place.home, **(settings | changes))  # type: ignore[arg-type]


@pytest.fixture
def ground(tmp_path: Path) -> Place:
    """Where an institution may be set up."""
    (tmp_path / "ground").mkdir()
    return Place(tmp_path / "ground" / "home", tmp_path / "ground" / "usb")


def left(place: Place) -> set[str]:
    """Everything that is there of an institution."""
    return entries(place.home.parent)


# set up, with the root made here or elsewhere


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
@pytest.mark.parametrize("asked", [True, False])
def test_the_signer_s_key_issues_and_no_other_is_made(
    tmp_path: Path,
    ground: Place,
    algorithm: Algorithm,
    asked: bool,  # noqa: FBT001
) -> None:
    uri, key = keep(tmp_path, algorithm)
    asking = {"algorithm": algorithm} if asked else {}
    with create(ground, uri, **asking) as institution:
        (entry,) = institution.manifest.keys
        assert (entry.key, entry.role, entry.state, entry.since) == (key, "issue", "active", BEGUN)
        institution.add_course(course(), at=NOW)
        issued = issue_one(institution)
        verified = institution.verifier().verify(issued.bundle, at=LATER)
        assert verified.code == issued.code
    home = Home.read(ground.home)
    assert home.configuration.signer == uri
    assert home.signer_of(key) == uri
    kept = {name for name in entries(ground.home / "keys") if not name.startswith("log-")}
    assert kept == {f"{key.thumbprint}.uri"}
    assert len(list(ground.root.rglob("*.key"))) == 4
    for path in ground.root.rglob("*.key"):
        assert read_key_file(path, OF_ROOT).public_key != key


def test_what_the_holders_sign_names_the_signer_s_key(tmp_path: Path, ground: Place) -> None:
    uri, key = keep(tmp_path)
    ada = HolderKeys.generate("Ada")
    founding = Founding(NAME, URL, SECRET, NOW, signer=uri)
    proposal = found_with_holders(ground.home, ground.root, founding, [ada.holder], None)
    assert [entry.key for entry in proposal.manifest.keys] == [key]
    sign(ground.root, list(ada.root))
    done = assemble(Home.read(ground.home), ground.root, at=NOW)
    assert done.published == proposal.manifest
    assert (done.signer, done.unknown_signer) == (None, None)
    with Institution.open(ground.home, SECRET) as institution:
        institution.add_course(course(), at=NOW)
        assert not issue_one(institution).again


# what is refused leaves nothing


def test_another_algorithm_than_the_key_s_is_refused(tmp_path: Path, ground: Place) -> None:
    uri, _ = keep(tmp_path)
    with pytest.raises(ConfigurationError, match="a key for ES256, not for Ed25519") as caught:
        create(ground, uri, algorithm="Ed25519")
    assert (caught.value.reason, caught.value.where) == ("setting-invalid", "algorithm")
    assert left(ground) == set()


def test_a_key_that_signs_no_certificates_is_refused(tmp_path: Path, ground: Place) -> None:
    uri, key = keep(tmp_path, "ML-DSA-65")
    with refused("key-type", key.thumbprint):
        create(ground, uri)
    assert left(ground) == set()


def test_a_root_key_does_not_issue(tmp_path: Path, ground: Place) -> None:
    ada = HolderKeys.generate("Ada")
    ada.write(tmp_path / "ada", SECRET)
    (path,) = (tmp_path / "ada").glob("root-es256-*.key")
    founding = Founding(NAME, URL, SECRET, NOW, signer=f"file:{path}")
    with refused("key-invalid", ada.root[0].public_key.thumbprint):
        found_with_holders(ground.home, ground.root, founding, [ada.holder], None)
    assert left(ground) == set()


def lying(monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of a signer that has another key than it says."""
    liar = FixedSigner(PrivateKey.generate("ES256").public_key, bytes([1]) * 64)
    back_end = signers._BackEnd(lambda *_: liar, counts_tries=False)
    monkeypatch.setitem(signers._BACK_ENDS, "liar", back_end)
    return "liar:"


def untouchable(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on ``asked:`` is a signer that fails the test when it is opened."""
    back_end = signers._BackEnd(lambda *_: pytest.fail("it was opened"), counts_tries=True)
    monkeypatch.setitem(signers._BACK_ENDS, "asked", back_end)


def test_a_signer_that_does_not_sign_is_found_before_anything_is_written(
    ground: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = lying(monkeypatch)
    with refused("signature-unverifiable", kind=IssueError):
        create(ground, uri)
    founding = Founding(NAME, URL, SECRET, NOW, signer=uri)
    with refused("signature-unverifiable", kind=IssueError):
        found_with_holders(
            ground.home, ground.root, founding, [HolderKeys.generate("Ada").holder], None
        )
    assert left(ground) == set()


def test_nor_is_its_key_announced(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = lying(monkeypatch)
    with refused("signature-unverifiable", kind=IssueError):
        read_public_key(uri, Home.read(place.home), lambda _: SECRET)


@pytest.mark.parametrize("pin", [SECRET, OF_ROOT])
def test_a_pin_encrypts_no_key(ground: Place, monkeypatch: pytest.MonkeyPatch, pin: str) -> None:
    untouchable(monkeypatch)
    with refused("passphrase-missing", kind=ConfigurationError):
        create(ground, "asked:", pin=pin)
    founding = Founding(NAME, URL, SECRET, NOW, signer="asked:", pin=SECRET)
    holders = [HolderKeys.generate("Ada").holder]
    with refused("passphrase-missing", kind=ConfigurationError):
        found_with_holders(ground.home, ground.root, founding, holders, None)
    assert left(ground) == set()


@pytest.mark.parametrize(
    ("signer", "reason"),
    [
        ("smoke:signals", "signer-unknown"),
        ("", "signer-unknown"),
        ("file:keys/issue.key", "key-file"),
        ("pkcs11:token=t", "setting-invalid"),
    ],
)
def test_a_signer_that_is_not_there_is_refused(ground: Place, signer: str, reason: Reason) -> None:
    with refused(reason, kind=ConfigurationError):
        create(ground, signer)
    assert left(ground) == set()


def test_a_signer_that_the_configuration_cannot_name_is_refused(
    tmp_path: Path, ground: Place
) -> None:
    (tmp_path / "\U0001f511").mkdir()
    ground.root.mkdir()
    uri, _ = keep(tmp_path / "\U0001f511")
    with refused("setting-invalid", "signedcert.toml", ConfigurationError):
        create(ground, uri)
    assert left(ground) == {"usb"}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"url": "http://learn.example.edu"},
        {"at": BEGUN.replace(tzinfo=None)},
        {"holders": 0},
        {"threshold": 2},
        {"passphrase": ""},
        {"root_passphrase": ""},
        {"root": "home/root"},
        {"root": "used"},
    ],
)
def test_no_mistake_is_told_after_the_pin_was_tried(
    ground: Place, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    monkeypatch.chdir(ground.home.parent)
    untouchable(monkeypatch)
    HolderKeys.generate("Ada").write(Path("used", "holder-1"), OF_ROOT)
    before = left(ground)
    with pytest.raises(ConfigurationError):
        create(Place(Path("home"), Path("usb")), "asked:", **changes)
    assert left(ground) == before


@pytest.mark.parametrize(
    "mistake", ["home", "directory", "proposal", "threshold", "name", "passphrase"]
)
def test_nor_where_the_holders_have_made_their_keys(
    ground: Place, monkeypatch: pytest.MonkeyPatch, mistake: str
) -> None:
    untouchable(monkeypatch)
    if mistake == "proposal":
        ground.root.mkdir()
    if mistake == "home":
        ground.home.write_bytes(b"years of work")
    founding = Founding(
        NAME if mistake != "name" else "",
        URL,
        SECRET if mistake != "passphrase" else "",
        NOW,
        signer="asked:",
    )
    directory = ground.home / "out" if mistake == "directory" else ground.root
    threshold = 2 if mistake == "threshold" else None
    holders = [HolderKeys.generate("Ada").holder]
    before = left(ground)
    with pytest.raises(ConfigurationError):
        found_with_holders(ground.home, directory, founding, holders, threshold)
    assert left(ground) == before


def test_neither_passphrase_nor_pin_is_shown() -> None:
    founding = Founding(NAME, URL, SECRET, NOW, signer="pkcs11:", pin="1-9-3-7")
    assert SECRET not in repr(founding)
    assert "1-9-3-7" not in repr(founding)
    key = PrivateKey.generate("ES256")
    assert SECRET not in repr(NewKey(key, SECRET))
    assert key.public_key.thumbprint in repr(NewKey(key, SECRET))
