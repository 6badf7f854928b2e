"""An institution's home directory: the only place that knows what is where in it.

``signedcert.toml``, ``manifests/N.json``, ``keys/`` (keys of the institution, encrypted; of keys
elsewhere the URI), ``holders/N/`` (the root holders' public files since version N), and, unless its
setting says otherwise, the registry.
"""

import json
import os
import re
import shutil
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import URL

from signedcert.core.jws import MAX_GENERAL
from signedcert.core.keys import PublicKey
from signedcert.custody.holders import Holder
from signedcert.custody.keyfile import read_public, write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import read_holders, write_holders
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.files import read_limited, write_atomic
from signedcert.log.saved import SavedHead
from signedcert.registry.engine import sqlite_url
from signedcert.registry.registry import Registry
from signedcert.trust.entries import Role
from signedcert.trust.history import History, Pin
from signedcert.trust.manifest import KeyManifest, SignedManifest

CONFIGURATION = "signedcert.toml"
_MANIFESTS = "manifests"
_KEYS = "keys"
_HOLDERS = "holders"
#: What the root holders are asked to sign first; nothing else can become manifest 1.
_UNSIGNED = "1.payload"
_REGISTRY = "registry.sqlite"
_PUBLISHED = "published"
#: Behind the name of the home, beside it.
_SAVED_HEAD = ".saved-head"
_SQLITE = "sqlite:///"
_MAX_CONFIGURATION = 64 * 1024
_MAX_URI = 4096
_SIGNER = re.compile("^signer[ \t]*=.*$", re.MULTILINE)


class Configuration(BaseModel):
    """``signedcert.toml``: where the signer and the registry are, relative to the home; and, if it
    is not to be beside the home, the file in which the newest head of the log is saved.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Annotated[int, Field(ge=1, le=1)]
    signer: str
    registry: str
    saved_head: str | None = None


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
        key: PrivateKey,
        passphrase: str,
        holders: tuple[Holder, ...] = (),
        *,
        log: tuple[PrivateKey, ...] = (),
    ) -> None:
        """Writes a new home with its first manifest, its issuing key, the keys of its log and an
        empty registry. It appears whole or not at all. A manifest without signatures is kept as
        what has to be signed; until it is, there is nothing to issue with.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            _fill(new, manifest, key, passphrase)
            _write_holders(new, 1, holders)
            for one in log:
                _write_key(new, one, "log", passphrase)
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
    def published(self) -> Path:
        """What is served as ``/.well-known/signedcert/``."""
        return self.path / _PUBLISHED

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

    # What ceremonies change

    @property
    def unsigned(self) -> bytes | None:
        """The payload that has to become manifest 1; None once it has."""
        path = self.path / _MANIFESTS / _UNSIGNED
        if (self.path / _MANIFESTS / "1.json").exists() or not path.exists():
            return None
        return read_limited(path, MAX_GENERAL)

    def publish(self, signed: SignedManifest) -> None:
        """Puts an accepted manifest beside the others; on disk when this returns."""
        path = self.path / _MANIFESTS / f"{signed.unverified.version}.json"
        write_atomic(path, signed.jws.encode())
        (path.parent / _UNSIGNED).unlink(missing_ok=True)

    def holders(self, version: int) -> tuple[Holder, ...]:
        """The root holders' public files, as of a version of the manifest."""
        found = (self.path / _HOLDERS).glob("*")
        known = [int(path.name) for path in found if path.name.isascii() and path.name.isdigit()]
        since = max((one for one in known if one <= version), default=None)
        return () if since is None else read_holders(self.path / _HOLDERS / str(since))

    def add_holders(self, version: int, holders: tuple[Holder, ...]) -> None:
        """Keeps the public files of those who hold the root from a version on."""
        _write_holders(self.path, version, holders)

    def add_key(self, key: PrivateKey, role: Role, passphrase: str) -> Path:
        """Keeps a new key of the institution, encrypted; the path of its file."""
        (self.path / _KEYS).mkdir(mode=0o700, exist_ok=True)
        return self.path / _write_key(self.path, key, role, passphrase)

    def note_signer(self, key: PublicKey, uri: str) -> None:
        """Remembers the URI of a signer that is elsewhere, such as in a token."""
        path = self.path / _KEYS / f"{key.thumbprint}.uri"
        write_atomic(path, f"{uri}\n".encode(), 0o600)

    def signer_of(self, key: PublicKey) -> str | None:
        """The URI of the signer with this key, if the home knows of it."""
        noted = self.path / _KEYS / f"{key.thumbprint}.uri"
        if noted.exists():
            return read_limited(noted, _MAX_URI).decode("utf-8").strip()
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


def _fill(
    home: Path, manifest: SignedManifest | KeyManifest, key: PrivateKey, passphrase: str
) -> None:
    (home / _KEYS).mkdir(mode=0o700)
    (home / _MANIFESTS).mkdir()
    name = _write_key(home, key, "issue", passphrase)
    if isinstance(manifest, SignedManifest):
        write_atomic(home / _MANIFESTS / "1.json", manifest.jws.encode())
    else:
        write_atomic(home / _MANIFESTS / _UNSIGNED, manifest.encode())
    Registry.create(sqlite_url(home / _REGISTRY)).close()
    settings = {"signer": f"file:{name}", "registry": f"{_SQLITE}{_REGISTRY}"}
    lines = [f"{setting} = {json.dumps(value)}" for setting, value in settings.items()]
    text = "\n".join(["# The home of an institution", "version = 1", *lines, ""])
    write_atomic(home / CONFIGURATION, text.encode())


def _write_key(home: Path, key: PrivateKey, role: Role, passphrase: str) -> str:
    name = f"{_KEYS}/{role}-{key.algorithm.lower()}-{key.public_key.thumbprint[:8]}.key"
    write_key_file(home / name, key, passphrase)
    return name


def _write_holders(home: Path, version: int, holders: tuple[Holder, ...]) -> None:
    if holders:
        directory = home / _HOLDERS / str(version)
        directory.mkdir(parents=True, exist_ok=True)
        write_holders(directory, holders)


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
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError("setting-invalid", str(error), where=str(path)) from error
