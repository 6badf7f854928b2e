"""An institution's home directory: the only place that knows what is where in it.

``signedcert.toml``, ``manifests/N.json``, ``keys/`` (keys of the institution, encrypted; of keys
elsewhere the URI), ``holders/N/`` (the root holders' public files since version N), ``published/``,
and, unless its setting says otherwise, the registry. ``manifests/dropped/`` has what lost a fork.
"""

import json
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import URL

from signedcert.core.jws import MAX_GENERAL
from signedcert.core.keys import PublicKey
from signedcert.custody.fork import Fork, read_own
from signedcert.custody.holders import Holder
from signedcert.custody.keyfile import read_public, write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import read_holders, write_holders
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.files import read_limited, remove, sync_directory, write_atomic
from signedcert.log.folder import LogFolder
from signedcert.log.saved import SavedHead
from signedcert.publish.folder import SNAPSHOT, PublishedFolder
from signedcert.registry.engine import sqlite_url
from signedcert.registry.registry import Registry
from signedcert.trust.entries import Role
from signedcert.trust.history import History, Pin
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.manifest import KeyManifest, SignedManifest

if TYPE_CHECKING:
    from signedcert.render.renderer import Renderer

CONFIGURATION = "signedcert.toml"
_MANIFESTS = "manifests"
_KEYS = "keys"
_HOLDERS = "holders"
_DROPPED = "dropped"
_PUBLISHED = "published"
#: What the root holders are asked to sign first; nothing else can become manifest 1.
_UNSIGNED = "1.payload"
_REGISTRY = "registry.sqlite"
#: Behind the name of the home, beside it.
_SAVED_HEAD = ".saved-head"
_SQLITE = "sqlite:///"
#: Two URIs, a look, some comments. tomllib takes time by the square of what it is given.
_MAX_CONFIGURATION = 8 * 1024
_MAX_URI = 4096
_SIGNER = re.compile("^signer[ \t]*=.*$", re.MULTILINE)


def _without_nul(text: str) -> str:
    if "\0" in text:
        message = "no path and no URI has a character of zero"
        raise ValueError(message)
    return text


_Setting = Annotated[str, AfterValidator(_without_nul)]


Paper: TypeAlias = Literal["a4", "letter"]


class Look(BaseModel):
    """The table ``render`` of ``signedcert.toml``: how certificates look. Files and folders are
    relative to the home; ``signatures`` has an image by the name of an instructor.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    logo: _Setting | None = None
    colour: _Setting | None = None
    accent: _Setting | None = None
    paper: Paper = "a4"
    template: _Setting | None = None
    fonts: list[_Setting] = []
    signatures: dict[str, _Setting] = {}


class Configuration(BaseModel):
    """``signedcert.toml``: where the signer and the registry are, relative to the home; if it is
    not to be beside the home, the file in which the newest head of the log is saved; and how
    certificates look.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Annotated[int, Field(ge=1, le=1)]
    signer: _Setting
    registry: _Setting
    saved_head: _Setting | None = None
    render: Look = Look()


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made for a home, which is to keep it encrypted."""

    key: PrivateKey
    passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Home:
    """A home directory, and what its configuration says."""

    path: Path
    configuration: Configuration

    @classmethod
    def read(cls, path: str | Path) -> "Home":
        """The home at ``path``.

        Raises ConfigurationError: ``home-missing``, ``setting-invalid``.
        """
        path = Path(path)
        if not (path / CONFIGURATION).is_file():
            message = "no institution has its home here; make one with: signedcert init"
            raise ConfigurationError("home-missing", message, where=str(path))
        return cls(path, _read_configuration(path / CONFIGURATION))

    @staticmethod
    def require_free(path: Path) -> None:
        """Returns if a home can be written to ``path``: nothing, or an empty directory.

        Raises ConfigurationError ``home-exists``.
        """
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            message = "this is in use; choose a new directory"
            raise ConfigurationError("home-exists", message, where=str(path))

    @staticmethod
    def write(
        path: Path,
        manifest: SignedManifest | KeyManifest,
        issuing: NewKey | str,
        holders: tuple[Holder, ...] = (),
        *,
        log: tuple[NewKey, ...] = (),
    ) -> None:
        """Writes a new home with its first manifest, its issuing key or the URI of the signer that
        has it, the keys of its log, and an empty registry. It appears whole or not at all. A
        manifest without signatures is kept as what has to be signed; until it is, there is nothing
        to issue with.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            _fill(new, manifest, issuing)
            _write_holders(new, 1, holders)
            for one in log:
                _write_key(new, one.key, "log", one.passphrase)
            if path.exists():
                path.rmdir()
            new.rename(path)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    @property
    def registry_url(self) -> str | URL:
        """Where the registry is. A SQLite file is named relative to the home, which may be
        moved.
        """
        url = self.configuration.registry
        if not url.startswith(_SQLITE):
            return url
        return sqlite_url(self.path / url.removeprefix(_SQLITE))

    @property
    def published(self) -> PublishedFolder:
        """What verifiers fetch beside the manifests."""
        return PublishedFolder(self.path / _PUBLISHED)

    @property
    def saved_head(self) -> SavedHead:
        """The newest head of the log, outside of the home."""
        named = self.configuration.saved_head
        if named is not None:
            return SavedHead(self.path / named, required=True)
        home = Path(os.path.abspath(self.path))  # noqa: PTH100 - not resolved: it is about the name
        return SavedHead(home.with_name(f"{home.name}{_SAVED_HEAD}"))

    def history(self) -> History:
        """The home's own manifests, every rule checked; version 1 is its own pin.

        Raises ConfigurationError ``setting-invalid``: one is missing, or is not what its name
        says; ``home-unsigned``: the root holders have not signed the first one yet; what a
        manifest that breaks a rule is refused for.
        """
        directory = self.path / _MANIFESTS
        if self.unsigned is not None:
            message = (
                "the root holders have to sign the first manifest of this home; bring their "
                "signatures together with: signedcert keys assemble PROPOSAL"
            )
            raise ConfigurationError("home-unsigned", message, where=str(self.path))
        versions = list(range(1, len(list(directory.glob("*.json"))) + 1))
        paths = [directory / f"{version}.json" for version in versions]
        if not paths or not all(path.is_file() for path in paths):
            message = "here belong all manifests, 1.json, 2.json …, and no others; restore a backup"
            raise ConfigurationError("setting-invalid", message, where=str(directory))
        signed = [
            SignedManifest.parse(read_limited(path, MAX_GENERAL), str(path)) for path in paths
        ]
        history = History.start(signed[0], Pin.parse(signed[0].unverified.pin))
        for one in signed[1:]:
            history = history.accept(one)
        if [manifest.version for manifest in history.versions] != versions:
            message = "a manifest has another version than its name says; restore a backup"
            raise ConfigurationError("setting-invalid", message, where=str(directory))
        return history

    def renderer(
        self,
        *,
        template: Path | None = None,
        fonts: Sequence[Path] = (),
        paper: Paper | None = None,
        explain: bool = False,
    ) -> "Renderer":
        """What makes certificates into pictures, as the configuration says; ``fonts`` come on top
        of that, what else is given in its place.

        Raises ConfigurationError: what ``Renderer`` refuses; ModuleNotFoundError without the
        extra ``render``.
        """
        from signedcert.render.renderer import Renderer  # noqa: PLC0415 - an extra
        from signedcert.render.sheet import Branding  # noqa: PLC0415

        look = self.configuration.render
        colours = {"colour": look.colour, "accent": look.accent}
        own = None if look.template is None else self.path / look.template
        return Renderer(
            template or own,
            [*(self.path / folder for folder in look.fonts), *fonts],
            paper=paper or look.paper,
            branding=Branding(
                logo=None if look.logo is None else self.path / look.logo,
                signatures={name: self.path / file for name, file in look.signatures.items()},
                **{name: value for name, value in colours.items() if value is not None},
            ),
            explain=explain,
        )

    # What ceremonies change

    @property
    def unsigned(self) -> bytes | None:
        """The payload that has to become manifest 1; None once it has."""
        path = self.path / _MANIFESTS / _UNSIGNED
        if (self.path / _MANIFESTS / "1.json").exists() or not path.exists():
            return None
        return read_limited(path, MAX_GENERAL)

    def publish_landmarks(self, iss: str, origin: str, landmarks: LandmarkList) -> None:
        """Puts a list of landmarks where verifiers fetch it; before the manifest that names it."""
        if landmarks.heads:
            folder = LogFolder.of(self.published.path, iss, origin)
            folder.write_landmarks(len(landmarks.heads), landmarks.encode())

    def publish(self, signed: SignedManifest, fork: Fork | None = None) -> None:
        """Puts an accepted manifest beside the others; on disk when this returns.

        One that settles a fork takes the place of the institution's own of its version, and those
        after that go. They are all in ``dropped`` before, with what belongs to them, and the last
        goes first: a home that is killed in between has fewer versions, and can be read.
        """
        manifest = signed.unverified
        path = self.path / _MANIFESTS / f"{manifest.version}.json"
        if fork is not None:
            self._drop(manifest, fork)
        write_atomic(path, signed.jws.encode())
        (path.parent / _UNSIGNED).unlink(missing_ok=True)

    def dropped(self, winner: KeyManifest) -> tuple[SignedManifest, ...]:
        """The institution's own manifests that were given up for this one."""
        return read_own(self._dropped(winner))

    def _dropped(self, winner: KeyManifest) -> Path:
        name = f"{winner.version}-{winner.digest[:8]}"
        return self.path / _MANIFESTS / _DROPPED / name

    def _drop(self, winner: KeyManifest, fork: Fork) -> None:
        folder = self._dropped(winner)
        folder.mkdir(parents=True, exist_ok=True)
        fork.write(folder)
        for directory in (folder.parent, folder.parent.parent):
            sync_directory(directory)
        for version, directory in self._holder_folders().items():
            if version > winner.version:
                directory.rename(folder / f"{_HOLDERS}-{version}")
                sync_directory(directory.parent)
        snapshot = self.published.path / SNAPSHOT
        if fork.own and snapshot.exists():  # it names one of them
            snapshot.rename(folder / SNAPSHOT)
            sync_directory(snapshot.parent)
        for one in reversed(fork.own[1:]):
            remove(self.path / _MANIFESTS / f"{one.unverified.version}.json")

    def holders(self, version: int) -> tuple[Holder, ...]:
        """The root holders' public files, as of a version of the manifest."""
        known = self._holder_folders()
        since = max((one for one in known if one <= version), default=None)
        return () if since is None else read_holders(known[since])

    def _holder_folders(self) -> dict[int, Path]:
        found = (self.path / _HOLDERS).glob("*")
        return {
            int(path.name): path for path in found if path.name.isascii() and path.name.isdigit()
        }

    def add_holders(self, version: int, holders: tuple[Holder, ...]) -> None:
        """Keeps the public files of those who hold the root from a version on."""
        _write_holders(self.path, version, holders)

    def add_key(self, key: PrivateKey, role: Role, passphrase: str) -> Path:
        """Keeps a new key of the institution, encrypted; the path of its file."""
        (self.path / _KEYS).mkdir(mode=0o700, exist_ok=True)
        return self.path / _write_key(self.path, key, role, passphrase)

    def note_signer(self, key: PublicKey, uri: str) -> None:
        """Remembers the URI of a signer that is elsewhere, such as in a token."""
        _note_signer(self.path, key, uri)

    def signer_of(self, key: PublicKey) -> str | None:
        """The URI of the signer with this key, if the home knows of it.

        Raises ConfigurationError ``setting-invalid`` for a damaged note of it.
        """
        noted = self.path / _KEYS / f"{key.thumbprint}.uri"
        if noted.exists():
            return _read_uri(noted)
        for path in sorted((self.path / _KEYS).glob(f"*-{key.thumbprint[:8]}.key")):
            if read_public(path) == key:
                return f"file:{_KEYS}/{path.name}"
        return None

    def set_signer(self, uri: str) -> None:
        """Writes the setting ``signer``, and leaves every other line as it is.

        Raises ConfigurationError ``setting-invalid`` where somebody spelled it in another way.
        """
        path = self.path / CONFIGURATION
        text = read_limited(path, _MAX_CONFIGURATION).decode("utf-8")
        line = f"signer = {json.dumps(uri)}"
        changed = _SIGNER.sub(lambda _: line, text, count=1)
        wanted = self.configuration.model_copy(update={"signer": uri})
        if _parse_configuration(changed, path) != wanted:
            message = f"set this line yourself: {line}"
            raise ConfigurationError("setting-invalid", message, where=str(path))
        write_atomic(path, changed.encode())


def _fill(home: Path, manifest: SignedManifest | KeyManifest, issuing: NewKey | str) -> None:
    (home / _KEYS).mkdir(mode=0o700)
    (home / _MANIFESTS).mkdir()
    if isinstance(manifest, SignedManifest):
        signer = _keep(home, issuing, manifest.unverified)
        write_atomic(home / _MANIFESTS / "1.json", manifest.jws.encode())
    else:
        signer = _keep(home, issuing, manifest)
        write_atomic(home / _MANIFESTS / _UNSIGNED, manifest.encode())
    Registry.create(sqlite_url(home / _REGISTRY)).close()
    settings = {"signer": signer, "registry": f"{_SQLITE}{_REGISTRY}"}
    lines = [f"{setting} = {json.dumps(value)}" for setting, value in settings.items()]
    text = "\n".join(["# The home of an institution", "version = 1", *lines, ""])
    _parse_configuration(text, Path(CONFIGURATION))  # not every file name has a spelling in TOML
    write_atomic(home / CONFIGURATION, text.encode())


def _keep(home: Path, issuing: NewKey | str, manifest: KeyManifest) -> str:
    """Keeps the issuing key, or the URI of its signer; the setting ``signer``."""
    if isinstance(issuing, NewKey):
        return f"file:{_write_key(home, issuing.key, 'issue', issuing.passphrase)}"
    (entry,) = manifest.keys
    _note_signer(home, entry.key, issuing)
    return issuing


def _note_signer(home: Path, key: PublicKey, uri: str) -> None:
    write_atomic(home / _KEYS / f"{key.thumbprint}.uri", f"{uri}\n".encode(), 0o600)


def _write_key(home: Path, key: PrivateKey, role: Role, passphrase: str) -> str:
    name = f"{_KEYS}/{role}-{key.algorithm.lower()}-{key.public_key.thumbprint[:8]}.key"
    write_key_file(home / name, key, passphrase)
    return name


def _write_holders(home: Path, version: int, holders: tuple[Holder, ...]) -> None:
    if holders:
        directory = home / _HOLDERS / str(version)
        directory.mkdir(parents=True, exist_ok=True)
        write_holders(directory, holders)


def _read_uri(noted: Path) -> str:
    try:
        return read_limited(noted, _MAX_URI).decode("utf-8").strip()
    except (MalformedError, UnicodeDecodeError) as error:
        message = "the URI of a signer belongs in here; restore a backup"
        raise ConfigurationError("setting-invalid", message, where=str(noted)) from error


def _read_configuration(path: Path) -> Configuration:
    try:
        text = read_limited(path, _MAX_CONFIGURATION).decode("utf-8")
    except (MalformedError, UnicodeDecodeError) as error:
        raise ConfigurationError("setting-invalid", str(error), where=str(path)) from error
    return _parse_configuration(text, path)


def _parse_configuration(text: str, path: Path) -> Configuration:
    try:
        return Configuration.model_validate(tomllib.loads(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        where = f"{path}: {field}"
        raise ConfigurationError("setting-invalid", first["msg"], where=where) from error
    except (ValueError, RecursionError) as error:  # tomllib lets some pass that are not its own
        raise ConfigurationError("setting-invalid", str(error), where=str(path)) from error
