"""The institution: what a service holds to issue certificates and to find them again.

Home directory: ``signedcert.toml``, ``manifests/N.json``, ``keys/`` (the issuing key, encrypted),
and the registry. Root keys are never in it.
"""

import json
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import URL

from signedcert.carriers.bundle import Bundle
from signedcert.core.code import VerificationCode
from signedcert.core.encoding import whole_seconds
from signedcert.core.jws import MAX_GENERAL
from signedcert.core.keys import Algorithm
from signedcert.custody.ceremony import (
    generate_roots,
    next_groups,
    require_apart,
    root_groups,
    sign_manifest,
    write_roots,
)
from signedcert.custody.keyfile import write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.documents.certificate import Certificate
from signedcert.documents.course import Course
from signedcert.errors import ConfigurationError, IssueError, MalformedError
from signedcert.files import read_limited, write_atomic
from signedcert.issue.bulk import Graduation, IssuerSource, graduate, issue_rows
from signedcert.issue.issuer import Issued, Issuer, Request
from signedcert.issue.results import Counts, IssuedRow, write_reports
from signedcert.issue.roster import BadRow, RosterRow
from signedcert.registry.registry import Registry, sqlite_url
from signedcert.trust.entries import KeyEntry, key_url
from signedcert.trust.history import History, Pin
from signedcert.trust.manifest import KeyManifest, SignedManifest
from signedcert.trust.store import TrustStore
from signedcert.verify.policy import Policy
from signedcert.verify.verifier import Verifier

CONFIGURATION = "signedcert.toml"
_MANIFESTS = "manifests"
_KEYS = "keys"
_MAX_CONFIGURATION = 64 * 1024
#: When a verifier should have looked for newer keys; authenticity does not depend on it.
_FRESH = timedelta(days=365)

Secret = str | Callable[[], str] | None


class Configuration(BaseModel):
    """``signedcert.toml``: where the signer and the registry are, relative to the home."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Annotated[int, Field(ge=1, le=1)]
    signer: str
    registry: str


class Institution:
    """An institution that has a home on this machine.

    Issuing needs the passphrase of the issuing key; reading, serving and adding courses do not.
    ``open`` never needs a root key.
    """

    def __init__(
        self, home: Path, configuration: Configuration, history: History, passphrase: Secret
    ) -> None:
        self.home = home
        self._configuration = configuration
        self._history = history
        self._passphrase = passphrase
        self._registry = Registry.open(_registry_url(home, configuration.registry))

    @classmethod
    def create(
        cls,
        home: str | Path,
        *,
        name: str,
        url: str,
        root: str | Path,
        passphrase: str,
        at: datetime,
        root_passphrase: str | None = None,
        algorithm: Algorithm = "ES256",
    ) -> "Institution":
        """Sets an institution up: root keys in the directory ``root``, everything else in
        ``home``, which appears whole or not at all.

        ``url`` is an https origin; everything published has its place under it. ``root`` gets
        the root keys that sign manifest 1 (ES256 and ML-DSA-65, both needed) and the next ones;
        take it offline afterwards. ``root_passphrase`` encrypts them, ``passphrase`` if not given.
        Raises ConfigurationError: ``home-exists``, ``root-inside-home``, ``setting-invalid``,
        ``passphrase-missing``; nothing was written then.
        """
        home, root = Path(home), Path(root)
        secret = passphrase if root_passphrase is None else root_passphrase
        if not passphrase or not secret:
            raise ConfigurationError("passphrase-missing", "the passphrase is empty")
        if home.exists() and (not home.is_dir() or any(home.iterdir())):
            message = "this is in use; choose a new directory"
            raise ConfigurationError("home-exists", message, where=str(home))
        require_apart(root, home)
        key = PrivateKey.generate(algorithm)
        roots, following = generate_roots(), generate_roots()
        manifest = KeyManifest(
            iss=url,
            name=name,
            version=1,
            issued=whole_seconds(at, "at"),
            expires=whole_seconds(at, "at") + _FRESH,
            root=root_groups(roots),
            next=next_groups(following),
            keys=(_active(key, url, at),),
        )
        signed = _sign_first(manifest, roots)
        try:
            write_roots(root, "root", roots, secret)
            write_roots(root, "next", following, secret)
            _write_home(home, signed, key, passphrase)
        except BaseException:
            for path in _root_files(root, (*roots, *following)):
                path.unlink(missing_ok=True)
            raise
        return cls.open(home, passphrase)

    @classmethod
    def open(cls, home: str | Path, passphrase: Secret = None) -> "Institution":
        """The institution whose home this is. ``passphrase`` may be a function that is asked
        when, and only if, something is signed.

        Raises ConfigurationError: ``home-missing``, ``setting-invalid``, ``registry-version``.
        """
        home = _require_home(home)
        return cls(home, _read_configuration(home), _read_history(home), passphrase)

    @classmethod
    def migrate(cls, home: str | Path) -> tuple[str | None, str]:
        """Brings the registry of a home to this release; the revisions before and now."""
        home = _require_home(home)
        url = _registry_url(home, _read_configuration(home).registry)
        registry = Registry.attach(url)
        try:
            return registry.migrate()
        finally:
            registry.close()

    def close(self) -> None:
        """Gives the registry's connections back."""
        self._registry.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What is published

    @property
    def name(self) -> str:
        """The institution's name, as its manifest has it."""
        return self._history.newest.name

    @property
    def url(self) -> str:
        """The origin under which everything is published; the ``iss`` of its documents."""
        return self._history.newest.iss

    @property
    def manifest(self) -> KeyManifest:
        """The newest manifest."""
        return self._history.newest

    @property
    def manifests(self) -> tuple[bytes, ...]:
        """Every manifest, as published, from version 1 on."""
        return tuple(signed.jws.encode() for signed in self._history.evidence)

    @property
    def pin(self) -> str:
        """The pin of version 1, computed: what a verifier compares out of band."""
        return str(self._history.pin)

    @cached_property
    def trust(self) -> TrustStore:
        """A trust store with this institution in it, and no other."""
        return TrustStore({self.url: self._history})

    def verifier(self, policy: Policy | None = None) -> Verifier:
        """A verifier that trusts this institution, and no other."""
        return Verifier(self.trust, policy)

    # Courses

    def add_course(self, course: Course, *, at: datetime) -> Course:
        """Publishes a course document; its bytes are fixed from then on.

        Raises IssueError ``course-exists``: this version was published with another text;
        MalformedError for a course made from values whose text would be too large to be read.
        """
        Course.parse(course.text.encode())
        self._registry.add_course(course, whole_seconds(at, "at"))
        return course

    def courses(self) -> list[Course]:
        """The catalogue: the newest version of every course, by id."""
        return [Course.parse(row.text.encode()) for row in self._registry.courses()]

    def course(self, course_id: str, version: int | None = None) -> Course | None:
        """One course; the newest version if none is named."""
        row = self._registry.course(course_id, version)
        return None if row is None else Course.parse(row.text.encode())

    # Certificates

    def issue(
        self,
        certificate: Certificate,
        *,
        learner_id: str,
        run: str,
        at: datetime,
        name_confirmed: bool = False,
    ) -> Issued:
        """Issues one certificate; it is in the registry when this returns.

        The same learner, course and run with the same claims: the certificate that there is.
        Raises IssueError: ``already-issued`` with other claims, ``course-unknown``; MalformedError
        naming the field; ConfigurationError if the issuing key cannot be opened.
        """
        course = certificate.course
        known = self._registry.course(course.id, course.version)
        if known is None or known.text != course.text:
            message = (
                f"{course.id}, version {course.version}, is not in the catalogue as it is here"
            )
            raise IssueError("course-unknown", message, where="course")
        return self._issuer.issue(Request(certificate, learner_id, run, name_confirmed), at)

    def issue_rows(
        self, rows: Iterable[RosterRow | BadRow], *, at: datetime
    ) -> Iterator[IssuedRow | BadRow]:
        """Issues a roster, in batches; one outcome per row, in their order."""
        return issue_rows(self._issuer, self._catalogue(), rows, at)

    def issue_roster(
        self,
        rows: Iterable[RosterRow | BadRow],
        directory: str | Path,
        *,
        at: datetime,
        jobs: int = 1,
        pool: Executor | None = None,
    ) -> Iterator[Counts]:
        """Issues a roster of any length with ``jobs`` processes, each with a signer of its own;
        with those of ``pool``, if it is given, else with new ones.
        Writes a bundle per certificate, ``issued.csv`` and ``errors.csv`` to ``directory``, and
        yields the counts so far after each row.

        Killed and run again, it goes on where it was: who has a certificate gets the same one.
        A script that asks for several jobs needs the guard ``if __name__ == "__main__"``.
        Raises what ``issue_rows`` raises; IssueError ``results-in-use``; ConfigurationError
        ``worker-lost``.
        """
        directory = Path(directory)
        graduation = Graduation(self._source, self._catalogue(), directory, whole_seconds(at, "at"))
        return write_reports(
            graduate(graduation, lambda: self._issuer, rows, jobs, pool), directory
        )

    def find(self, code: VerificationCode) -> Bundle | None:
        """The document with this code, with its course document; None if there is none."""
        row = self._registry.find(code)
        if row is None:
            return None
        course = self._registry.course(row.key.course_id, row.course_version)
        return Bundle(row.document, course=course and course.text)

    def count(self) -> int:
        """How many documents were issued."""
        return self._registry.count()

    def _catalogue(self) -> dict[str, Course]:
        return {course.id: course for course in self.courses()}

    @cached_property
    def _issuer(self) -> Issuer:
        return Issuer(self.manifest, self._source.open_signer(), self._registry)

    @cached_property
    def _source(self) -> IssuerSource:
        secret = self._passphrase() if callable(self._passphrase) else self._passphrase
        if secret is None:
            message = "issuing needs the passphrase of the issuing key"
            raise ConfigurationError("passphrase-missing", message)
        settings = self._configuration
        registry = _registry_url(self.home, settings.registry)
        return IssuerSource(self.manifest, settings.signer, self.home.resolve(), registry, secret)


def _require_home(home: str | Path) -> Path:
    if not (Path(home) / CONFIGURATION).is_file():
        message = "no institution has its home here; make one with: signedcert init"
        raise ConfigurationError("home-missing", message, where=str(home))
    return Path(home)


def _sign_first(manifest: KeyManifest, roots: Iterable[PrivateKey]) -> SignedManifest:
    try:
        return sign_manifest(manifest, roots)
    except MalformedError as error:
        field = error.where.removeprefix("manifest.").replace("iss", "url")
        raise ConfigurationError("setting-invalid", error.message, where=field) from error


def _active(key: PrivateKey, url: str, at: datetime) -> KeyEntry:
    return KeyEntry(
        key=key.public_key,
        url=key_url(url, key.public_key),
        role="issue",
        state="active",
        since=whole_seconds(at, "at"),
    )


def _root_files(root: Path, keys: Iterable[PrivateKey]) -> list[Path]:
    return [path for key in keys for path in root.glob(f"*-{key.public_key.thumbprint[:8]}.key")]


def _write_home(home: Path, signed: SignedManifest, key: PrivateKey, passphrase: str) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=home.parent, prefix=f".{home.name}."))
    try:
        (new / _KEYS).mkdir(mode=0o700)
        (new / _MANIFESTS).mkdir()
        name = f"issue-{key.algorithm.lower()}-{key.public_key.thumbprint[:8]}.key"
        write_key_file(new / _KEYS / name, key, passphrase)
        write_atomic(new / _MANIFESTS / "1.json", signed.jws.encode())
        registry = Registry.create(sqlite_url(new / "registry.sqlite"))
        registry.close()
        settings = {"signer": f"file:{_KEYS}/{name}", "registry": "sqlite:///registry.sqlite"}
        lines = [f"{setting} = {json.dumps(value)}" for setting, value in settings.items()]
        text = "\n".join(["# The home of an institution", "version = 1", *lines, ""])
        write_atomic(new / CONFIGURATION, text.encode())
        if home.exists():
            home.rmdir()
        new.rename(home)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _read_configuration(home: Path) -> Configuration:
    path = home / CONFIGURATION
    try:
        text = read_limited(path, _MAX_CONFIGURATION).decode("utf-8")
        return Configuration.model_validate(tomllib.loads(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        where = f"{path}: {field}"
        raise ConfigurationError("setting-invalid", first["msg"], where=where) from error
    except (MalformedError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError("setting-invalid", str(error), where=str(path)) from error


def _read_history(home: Path) -> History:
    """The home's own manifests, every rule checked; version 1 is its own pin."""
    directory = home / _MANIFESTS
    versions = list(range(1, len(list(directory.glob("*.json"))) + 1))
    paths = [directory / f"{version}.json" for version in versions]
    if not paths or not all(path.is_file() for path in paths):
        message = "here belong all manifests, 1.json, 2.json …, and no others; restore a backup"
        raise ConfigurationError("setting-invalid", message, where=str(directory))
    signed = [SignedManifest.parse(read_limited(path, MAX_GENERAL), str(path)) for path in paths]
    history = History.start(signed[0], Pin.parse(signed[0].unverified.pin))
    for one in signed[1:]:
        history = history.accept(one)
    if [manifest.version for manifest in history.versions] != versions:
        message = "a manifest has another version than its name says; restore a backup"
        raise ConfigurationError("setting-invalid", message, where=str(directory))
    return history


def _registry_url(home: Path, url: str) -> str | URL:
    """A SQLite file is named relative to the home, which may be moved."""
    prefix = "sqlite:///"
    return sqlite_url(home / url.removeprefix(prefix)) if url.startswith(prefix) else url
