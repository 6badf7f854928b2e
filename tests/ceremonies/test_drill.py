"""A rehearsal: it goes all the way, and nothing of the home is other afterwards."""

import tempfile
from itertools import count
from pathlib import Path

import pytest

from signedcert.ceremonies.drill import drill
from signedcert.ceremonies.proposing import Wanted
from signedcert.errors import ConfigurationError
from signedcert.home import Home
from tests.ceremonies.council import DAY, enact, newest
from tests.ceremonies.heads import issue_logged
from tests.core.refusal import refused
from tests.institution.homes import NOW, Place


def contents(directory: Path) -> dict[str, bytes]:
    """Every file below a directory."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary directories are made."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


def test_it_goes_from_stolen_to_proposal_and_list(place: Place, scratch: Path) -> None:
    issue_logged(place, 0, 1, 2)
    before = contents(place.home.parent)
    ticks = count()
    done = drill(Home.read(place.home), at=NOW + DAY, clock=lambda: float(next(ticks)))
    assert (done.theft.stays, done.theft.falls, done.to_reissue) == (2, 1, 1)
    assert [step.seconds for step in done.steps] == [1.0] * 4
    assert done.seconds == 4
    assert done.steps[2].what == "the proposal is written"
    assert contents(place.home.parent) == before
    assert list(scratch.iterdir()) == []


def test_a_moment_may_be_chosen(place: Place) -> None:
    issue_logged(place, 0, 1, 2)
    assert drill(Home.read(place.home), at=NOW + DAY, since_size=1).to_reissue == 2


def test_a_home_that_is_being_used_is_copied_whole(place: Place) -> None:
    issue_logged(place, 0, 1)
    with place.open() as institution:
        assert institution.count() == 2
        done = drill(Home.read(place.home), at=NOW + DAY)
    assert done.theft.total == 2


@pytest.mark.parametrize("name", ["../registry.sqlite", "../elsewhere/registry.sqlite"])
def test_a_registry_elsewhere_is_copied_too(place: Place, scratch: Path, name: str) -> None:
    issue_logged(place, 0, 1)
    elsewhere = (place.home / name).resolve()
    elsewhere.parent.mkdir(exist_ok=True)
    (place.home / "registry.sqlite").rename(elsewhere)
    settings = place.home / "signedcert.toml"
    text = settings.read_text("utf-8").replace("sqlite:///registry.sqlite", f"sqlite:///{name}")
    settings.write_text(text, "utf-8")
    before = contents(place.home), elsewhere.read_bytes()
    assert drill(Home.read(place.home), at=NOW + DAY).to_reissue == 1
    assert (contents(place.home), elsewhere.read_bytes()) == before
    assert list(scratch.iterdir()) == []


def test_the_key_that_signs_now_is_the_one_that_is_stolen(place: Place) -> None:
    enact(place, Wanted(generate="ES256"), NOW + DAY)
    new = newest(place).keys[1].key.thumbprint
    enact(place, Wanted(activate=(new,)), NOW + 40 * DAY)
    issue_logged(place, 0, 1)
    assert drill(Home.read(place.home), at=NOW + 41 * DAY).theft.entry.key.thumbprint == new


def test_what_cannot_be_rehearsed_is_said(place: Place, scratch: Path) -> None:
    issue_logged(place, 0)
    with refused("proposal-invalid", "logs", ConfigurationError):
        drill(Home.read(place.home), at=NOW + DAY)
    assert drill(Home.read(place.home), at=NOW + DAY, since_size=1).to_reissue == 0
    enact(place, Wanted(void=(newest(place).keys[0].key.thumbprint,)), NOW + DAY)
    with refused("proposal-invalid", kind=ConfigurationError):
        drill(Home.read(place.home), at=NOW + 2 * DAY, since_size=1)
    assert list(scratch.iterdir()) == []
