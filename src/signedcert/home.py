"""An institution's home directory: the only place that knows what is where in it.

``signedcert.toml``, ``manifests/N.json``, ``keys/`` (the issuing key, encrypted), and, unless its
setting says otherwise, the registry.
"""

import json
import shutil
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import URL

from signedcert.core.jws import MAX_GENERAL
from signedcert.custody.keyfile import write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.files import read_limited, write_atomic
from signedcert.registry.engine import sqlite_url
from signedcert.registry.registry import Registry
from signedcert.trust.history import History, Pin
from signedcert.trust.manifest import SignedManifest

CONFIGURATION = "signedcert.toml"
_MANIFESTS = "manifests"
_KEYS = "keys"
_REGISTRY = "registry.sqlite"
_SQLITE = "sqlite:///"
_MAX_CONFIGURATION = 64 * 1024


class Configuration(BaseModel):
    """``signedcert.toml``: where the signer and the registry are, relative to the home."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Annotated[int, Field(ge=1, le=1)]
    signer: str
    registry: str


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
    def write(path: Path, manifest: SignedManifest, key: PrivateKey, passphrase: str) -> None:
        """Writes a new home with its first manifest, its issuing key and an empty registry. It
        appears whole or not at all.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            _fill(new, manifest, key, passphrase)
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

    def history(self) -> History:
        """The home's own manifests, every rule checked; version 1 is its own pin.

        Raises ConfigurationError ``setting-invalid``: one is missing, or is not what its name
        says; what a manifest that breaks a rule is refused for.
        """
        directory = self.path / _MANIFESTS
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


def _fill(home: Path, manifest: SignedManifest, key: PrivateKey, passphrase: str) -> None:
    (home / _KEYS).mkdir(mode=0o700)
    (home / _MANIFESTS).mkdir()
    name = f"issue-{key.algorithm.lower()}-{key.public_key.thumbprint[:8]}.key"
    write_key_file(home / _KEYS / name, key, passphrase)
    write_atomic(home / _MANIFESTS / "1.json", manifest.jws.encode())
    Registry.create(sqlite_url(home / _REGISTRY)).close()
    settings = {"signer": f"file:{_KEYS}/{name}", "registry": f"{_SQLITE}{_REGISTRY}"}
    lines = [f"{setting} = {json.dumps(value)}" for setting, value in settings.items()]
    text = "\n".join(["# The home of an institution", "version = 1", *lines, ""])
    write_atomic(home / CONFIGURATION, text.encode())


def _read_configuration(path: Path) -> Configuration:
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
