"""The snapshot key: online, in the home, and named in the manifest."""

from pathlib import Path
from typing import NamedTuple

from signedcert.custody.signer import CheckedSigner, open_signer
from signedcert.errors import ConfigurationError
from signedcert.trust.entries import KeyEntry
from signedcert.trust.manifest import KeyManifest

_KEYS = "keys"
_ADVICE = (
    "root holders sign a manifest that does; propose it with: signedcert keys propose "
    "--add-snapshot-key"
)


class SnapshotKey(NamedTuple):
    """An entry of the manifest, and the file in the home that has its key."""

    entry: KeyEntry
    path: Path

    @classmethod
    def find(cls, manifest: KeyManifest, home: Path) -> "SnapshotKey":
        """The active snapshot key of the manifest that is here; of several, the newest.

        Raises ConfigurationError: ``setting-invalid`` for a manifest by which no status is
        published; ``key-file`` where it has no active snapshot key, or the file of none is here.
        """
        _require_status(manifest)
        entries = [one for one in manifest.keys if (one.role, one.state) == ("snapshot", "active")]
        if not entries:
            message = f"manifest {manifest.version} names no active snapshot key; {_ADVICE}"
            raise ConfigurationError("key-file", message, where="manifest.keys")
        for entry in sorted(entries, key=lambda one: one.since, reverse=True):
            for path in sorted((home / _KEYS).glob(_pattern(entry))):
                return cls(entry, path)
        message = (
            f"the file of the snapshot key, {', '.join(map(_pattern, entries))}, is missing; "
            "restore it from a backup"
        )
        raise ConfigurationError("key-file", message, where=str(home / _KEYS))

    def open(self, passphrase: str) -> CheckedSigner:
        """Raises ConfigurationError: what the file is refused for, and ``key-file`` for one that
        holds another key.
        """
        signer = open_signer(f"file:{self.path.name}", self.path.parent, passphrase)
        if signer.public_key != self.entry.key:
            message = f"this is not key {self.entry.key.thumbprint} of the manifest"
            raise ConfigurationError("key-file", message, where=str(self.path))
        return signer


def _pattern(entry: KeyEntry) -> str:
    return f"snapshot-*-{entry.key.thumbprint[:8]}.key"


def _require_status(manifest: KeyManifest) -> None:
    if manifest.final is not None:
        message = "the institution closed; what its last manifest names counts, and nothing newer"
        raise ConfigurationError("setting-invalid", message, where="manifest.final")
    if manifest.status is None:
        message = f"manifest {manifest.version} says that no status is published; {_ADVICE}"
        raise ConfigurationError("setting-invalid", message, where="manifest.status")
