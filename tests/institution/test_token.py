"""An institution whose issuing key is in a token of SoftHSM2."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pkcs11
import pytest
from pkcs11.constants import TokenFlag
from pkcs11.types import Session, Token

from signedcert.ceremonies.founding import Founding, found_with_holders
from signedcert.custody import tokenlogin
from signedcert.custody.holders import HolderKeys
from signedcert.custody.keyfile import read_key_file
from signedcert.custody.tokenuri import TokenURI
from signedcert.errors import ConfigurationError, Reason
from signedcert.institution import Institution
from signedcert.issue import bulk
from signedcert.issue.roster import read_roster
from tests.core.refusal import refused
from tests.custody.hardware import OFFICE, PIN, Hardware
from tests.institution.homes import BEGUN, LATER, NAME, NOW, URL, Place, another_course
from tests.institution.test_create import entries
from tests.issue.test_bulk import results
from tests.issue.test_graduation import cells, varied, write_roster
from tests.reference import course

WRONG = "melon-1937"
PASSPHRASE = "of the keys in files"


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)


def uri_of(machine: Hardware, label: str = "issue") -> str:
    """The URI of a key in the token."""
    return "pkcs11:" + machine.rest(OFFICE, object=label)


def create(place: Place, signer: str, pin: str = PIN, **changes: object) -> Institution:
    """An institution with the courses of the roster."""
    settings: dict[str, object] = {"name": NAME, "url": URL, "at": BEGUN, "holders": 1}
    institution = Institution.create(
        place.home,
        root=place.root,
        signer=signer,
        passphrase=PASSPHRASE,
        pin=pin,
        root_passphrase="of the root keys",
        **(settings | changes),  # type: ignore[arg-type]
    )
    for one in (course(), another_course()):
        institution.add_course(one, at=BEGUN)
    return institution


@pytest.fixture
def ground(tmp_path: Path) -> Place:
    """Where an institution may be set up."""
    (tmp_path / "ground").mkdir()
    return Place(tmp_path / "ground" / "home", tmp_path / "ground" / "usb")


@pytest.fixture
def roster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fifty rows, in three batches."""
    monkeypatch.setattr(bulk, "BATCH", 20)
    return write_roster(tmp_path / "roster.csv", [cells(varied(line)) for line in range(2, 52)])


def is_counted(machine: Hardware) -> bool:
    """Whether the token remembers a wrong PIN."""
    (token,) = pkcs11.lib(machine.library).get_tokens(token_label=OFFICE)
    return bool(token.flags & TokenFlag.USER_PIN_COUNT_LOW)


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The PINs that are tried in this process."""
    tried: list[str] = []
    log_in = tokenlogin._log_in

    def note(uri: TokenURI, token: Token, pin: str) -> Session:
        tried.append(pin)
        return log_in(uri, token, pin)

    monkeypatch.setattr(tokenlogin, "_log_in", note)
    return tried


# set up


@pytest.mark.parametrize("label", ["issue", "modern"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_roster_is_issued_with_a_key_that_never_leaves_its_token(  # noqa: PLR0917
    machine: Hardware, ground: Place, roster: Path, tmp_path: Path, label: str, jobs: int
) -> None:
    with create(ground, uri_of(machine, label)) as university:
        assert university.manifest.keys[0].key == machine.open(OFFICE, object=label).public_key
    out = tmp_path / "out"
    with Institution.open(ground.home, PASSPHRASE, PIN) as university:
        counts = list(university.issue_roster(read_roster(roster), out, at=NOW, jobs=jobs))
        verifier = university.verifier()
        assert (counts[-1].issued, counts[-1].bad, university.count()) == (50, 0, 50)
    found = [
        verifier.verify((out / line["file"]).read_bytes(), at=LATER, code=line["code"])
        for line in results(out / "issued.csv")
    ]
    assert [one.learner for one in found] == [cells(varied(line))[1] for line in range(2, 52)]


def test_the_pin_is_nowhere_in_the_home(machine: Hardware, ground: Place) -> None:
    create(ground, uri_of(machine)).close()
    for path in ground.home.parent.rglob("*"):
        assert path.is_dir() or PIN.encode() not in path.read_bytes()
    kept = list((ground.home / "keys").glob("*.key"))
    assert len(kept) == 2  # of the log
    for path in kept:
        read_key_file(path, PASSPHRASE)
        with refused("passphrase-wrong", str(path), ConfigurationError):
            read_key_file(path, PIN)


def test_each_secret_is_asked_for_once_and_when_it_is_needed(
    machine: Hardware, ground: Place, roster: Path, tmp_path: Path
) -> None:
    create(ground, uri_of(machine)).close()
    asked: list[str] = []

    def answer(what: str, secret: str) -> str:
        asked.append(what)
        return secret

    secrets = partial(answer, "passphrase", PASSPHRASE), partial(answer, "PIN", PIN)
    with Institution.open(ground.home, *secrets) as university:
        assert university.count() == 0
        assert asked == []
        for _ in range(2):
            list(university.issue_roster(read_roster(roster), tmp_path / "out", at=NOW))
    assert asked == ["PIN", "passphrase"]


def test_what_is_needed_and_not_given_is_named(
    machine: Hardware, ground: Place, roster: Path, tmp_path: Path
) -> None:
    create(ground, uri_of(machine)).close()
    rows = list(read_roster(roster))
    for secrets, words in (((PASSPHRASE, None), "PIN of the token"), ((None, PIN), "passphrase")):
        with (
            Institution.open(ground.home, *secrets) as university,
            pytest.raises(ConfigurationError, match=f"this needs the {words}") as caught,
        ):
            list(university.issue_roster(rows, tmp_path / "out", at=NOW))
        assert caught.value.reason == "passphrase-missing"


def test_with_a_pin_source_nobody_is_asked(
    machine: Hardware, ground: Place, roster: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "pin"
    kept.write_text(PIN, encoding="utf-8")
    create(ground, f"{uri_of(machine)}&pin-source=file:{kept}", "").close()
    with Institution.open(ground.home, PASSPHRASE) as university:
        counts = list(
            university.issue_roster(read_roster(roster), tmp_path / "out", at=NOW, jobs=2)
        )
    assert counts[-1].issued == 50


def test_a_key_that_the_manifest_does_not_name_does_not_issue(
    machine: Hardware, ground: Place
) -> None:
    create(ground, uri_of(machine)).close()
    configuration = ground.home / "signedcert.toml"
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(text.replace("object=issue", "object=modern"), encoding="utf-8")
    with (
        Institution.open(ground.home, PASSPHRASE, PIN) as university,
        refused("key-file", uri_of(machine, "modern"), ConfigurationError),
    ):
        university._issuer  # noqa: B018 - opening it is what is tested


def test_a_wrong_pin_is_tried_once_and_sets_nothing_up(
    machine: Hardware, ground: Place, tries: list[str]
) -> None:
    with refused("passphrase-wrong", kind=ConfigurationError):
        create(ground, uri_of(machine), WRONG)
    founding = Founding(NAME, URL, PASSPHRASE, NOW, signer=uri_of(machine), pin=WRONG)
    holders = [HolderKeys.generate("Ada").holder]
    with refused("passphrase-wrong", kind=ConfigurationError):
        found_with_holders(ground.home, ground.root, founding, holders, None)
    assert tries == [WRONG, WRONG]
    assert is_counted(machine)
    assert entries(ground.home.parent) == set()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"root": "home/root"}, "root-inside-home"),
        ({"home": "used"}, "home-exists"),
        ({"name": ""}, "setting-invalid"),
        ({"url": "http://learn.example.edu"}, "setting-invalid"),
        ({"threshold": 2}, "setting-invalid"),
    ],
)
def test_another_mistake_does_not_cost_a_try(  # noqa: PLR0917
    machine: Hardware,
    ground: Place,
    tries: list[str],
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
    reason: Reason,
) -> None:
    monkeypatch.chdir(ground.home.parent)
    Path("used").mkdir()
    Path("used", "thesis.odt").write_bytes(b"years of work")
    settings = {"home": "home", "root": "usb", "name": NAME, "url": URL, "holders": 1} | changes
    with refused(reason, kind=ConfigurationError):
        Institution.create(
            signer=uri_of(machine),
            passphrase=PASSPHRASE,
            pin=WRONG,
            at=BEGUN,
            **settings,  # type: ignore[arg-type]
        )
    assert tries == []
    assert not is_counted(machine)


# a wrong PIN, with several jobs


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Workers whose tries are seen here."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_a_wrong_pin_costs_one_try_however_many_workers_there_are(  # noqa: PLR0917
    machine: Hardware,
    ground: Place,
    roster: Path,
    tmp_path: Path,
    threads: ThreadPoolExecutor,
    tries: list[str],
) -> None:
    create(ground, uri_of(machine)).close()
    machine.restart()
    tries.clear()
    rows, out = list(read_roster(roster)), tmp_path / "out"
    with Institution.open(ground.home, PASSPHRASE, WRONG) as stranger:
        told = stranger.issue_roster(rows, out, at=NOW, jobs=2, pool=threads)
        with refused("passphrase-wrong", kind=ConfigurationError):
            list(told)
        assert stranger.count() == 0
    assert tries == [WRONG]
    assert is_counted(machine)
    assert not out.exists()
