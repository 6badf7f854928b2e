"""What the tests of the command line share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from signedcert.trust.store import TrustStore
from tests.cli.office import Office, make_office
from tests.cli.registrar import Registrar
from tests.cli.running import Done, call
from tests.custody.hardware import machine
from tests.institution.homes import LATER, PASSPHRASE, Place, issue_one, place, template, university

__all__ = ["machine", "place", "template", "university"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Calls the command line in this process."""

    def run(*arguments: object) -> Done:
        return call(capsys, *arguments)

    return run


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that holds the passphrase."""
    path = tmp_path / "passphrase"
    path.write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests see no trust store, home or passphrase of whoever runs them."""
    for variable in ("SIGNEDCERT_TRUST", "SIGNEDCERT_HOME", "SIGNEDCERT_PASSPHRASE_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user" / "config"))


@pytest.fixture(scope="session")
def desk(template: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A relying party's directory: ``trust``, two certificates, and what else is handed in."""
    directory = tmp_path_factory.mktemp("desk")
    home = template.copy(directory)
    with home.open() as institution:
        for name, learner_id in (("María-José Nguyễn", "s-1"), ("李小龍", "s-2")):
            issued = issue_one(institution, name, learner_id)
            issued.bundle.write(directory / f"{learner_id}.signedcert")
        trust = TrustStore.empty().add(institution.manifests, institution.pin)
        trust.write(directory / "trust")
        (directory / "keys.json").write_bytes(institution.manifests[0])
        verified = institution.verifier().verify(issued.bundle, at=LATER)
        assert verified.learner == "李小龍"
    return directory


@pytest.fixture(scope="session")
def shared_office(template: Place, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office that no test writes to."""
    return make_office(template, tmp_path_factory.mktemp("office"))


@pytest.fixture
def office(shared_office: Office, tmp_path: Path) -> Office:
    """An office of this test's own."""
    return shared_office.copy(tmp_path / "office")


@pytest.fixture
def registrar(place: Place, run: Callable[..., Done]) -> Registrar:
    """A registrar of three certificates."""
    return Registrar(place, run)
