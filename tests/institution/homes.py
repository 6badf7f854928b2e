"""Homes for tests: made once in a process, copied for each test, cheap to open."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import URL as URLOfDatabase  # noqa: N811 - URL is the institution's

from signedcert.core.encoding import dump_json, parse_json
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.keyfile import read_key_file
from signedcert.custody.private import PrivateKey
from signedcert.documents.certificate import Certificate
from signedcert.documents.course import Course
from signedcert.institution import Institution
from signedcert.issue.issuer import Issued
from signedcert.trust.entries import KeyEntry, Role, key_url
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.states import State
from tests.reference import course as reference_course

NAME = "Example University"
URL = "https://learn.example.edu"
#: With an umlaut, which a keyboard may send in two ways.
PASSPHRASE = "correct hörse battery staple"
BEGUN = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
#: When certificates are issued.
NOW = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
#: When they are verified.
LATER = datetime(2026, 8, 1, tzinfo=UTC)
COMPLETED = date(2026, 6, 30)


@cache
def another_course() -> Course:
    """A second course, which has no verified certificate."""
    values = parse_json(reference_course().text.encode(), 10**6)
    values |= {"id": "art-of-memory", "title": "The Art of Memory", "verified_track": False}
    return Course.parse(dump_json(values))


def newer(course: Course, **changes: object) -> Course:
    """The next version of a course."""
    values = parse_json(course.text.encode(), 10**6)
    return Course.parse(dump_json(values | {"version": course.version + 1} | changes))


def certificate(learner: str = "María-José Nguyễn", **changes: object) -> Certificate:
    """Claims like those of the reference certificate."""
    values: dict[str, object] = {"course": reference_course(), "completed": COMPLETED}
    return Certificate(learner=learner, **(values | changes))  # type: ignore[arg-type]


def issue_one(
    institution: Institution, learner: str = "María-José Nguyễn", learner_id: str = "s-1"
) -> Issued:
    """A certificate for the reference course."""
    return institution.issue(certificate(learner), learner_id=learner_id, run="2026", at=NOW)


class Place(NamedTuple):
    """Where an institution is: its home, and the directory of its root keys."""

    home: Path
    root: Path

    def open(self) -> Institution:
        """The institution, ready to issue."""
        return Institution.open(self.home, PASSPHRASE)

    def copy(self, to: Path) -> "Place":
        """The same institution elsewhere."""
        shutil.copytree(self.home, to / "home")
        shutil.copytree(self.root, to / "root")
        return Place(to / "home", to / "root")

    def set_registry(self, url: object) -> None:
        """Writes where the registry is."""
        path = self.home / "signedcert.toml"
        lines = path.read_text("utf-8").splitlines()
        kept = [line for line in lines if not line.startswith("registry")]
        path.write_text("\n".join([*kept, f'registry = "{url}"', ""]), encoding="utf-8")

    def move_registry(self, url: URLOfDatabase) -> None:
        """The same institution with a registry at another place; it has the courses only."""
        with Institution.open(self.home) as institution:
            courses = institution.courses()
        for file in self.home.glob("registry.sqlite*"):
            file.unlink()
        self.set_registry(url.render_as_string(hide_password=False))
        with Institution.open(self.home) as institution:
            for course in courses:
                institution.add_course(course, at=BEGUN)


def make_place(directory: Path, algorithm: str = "ES256") -> Place:
    """A new institution with the reference course and another."""
    place = Place(directory / "home", directory / "root")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)
        with Institution.create(
            place.home,
            name=NAME,
            url=URL,
            root=place.root,
            passphrase=PASSPHRASE,
            holders=1,  # a key file takes its time
            algorithm=algorithm,  # type: ignore[arg-type]
            at=BEGUN,
        ) as institution:
            institution.add_course(reference_course(), at=BEGUN)
            institution.add_course(another_course(), at=BEGUN)
    return place


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An institution that no test writes to."""
    return make_place(tmp_path_factory.mktemp("template"))


@pytest.fixture
def place(template: Place, tmp_path: Path) -> Place:
    """An institution of this test's own."""
    return template.copy(tmp_path)


@pytest.fixture
def university(place: Place) -> Iterator[Institution]:
    """The same, opened to issue."""
    with place.open() as institution:
        yield institution


def root_keys(place: Place) -> list[PrivateKey]:
    """The keys that sign the manifest."""
    files = sorted(place.root.rglob("root-*.key"))
    return [_open_once(path.read_bytes(), path) for path in files]


_opened: dict[bytes, PrivateKey] = {}


def _open_once(data: bytes, path: Path) -> PrivateKey:
    if data not in _opened:
        _opened[data] = read_key_file(path, PASSPHRASE)
    return _opened[data]


def publish(place: Place, manifest: KeyManifest) -> KeyManifest:
    """Signs the next manifest and puts it into the home."""
    following = replace(manifest, version=manifest.version + 1)
    signed = sign_manifest(following, root_keys(place))
    (place.home / "manifests" / f"{following.version}.json").write_bytes(signed.jws.encode())
    return following


def declare(place: Place, manifest: KeyManifest, state: State) -> KeyManifest:
    """The next manifest, in which the first key has another state."""
    entry = replace(manifest.keys[0], state=state, since=NOW)
    return publish(place, replace(manifest, keys=(entry, *manifest.keys[1:])))


def entry(state: State, role: Role = "issue") -> KeyEntry:
    """A new key in a state."""
    key = PrivateKey.generate("Ed25519").public_key
    return KeyEntry(key=key, url=key_url(URL, key), role=role, state=state, since=BEGUN)
