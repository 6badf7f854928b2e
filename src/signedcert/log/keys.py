"""The two keys that sign the heads of a log: in the home, and named in the manifest."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from signedcert.core.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    ed25519_message,
    mldsa_message,
)
from signedcert.core.keys import PublicKey
from signedcert.custody.private import PrivateKey
from signedcert.custody.signer import CheckedSigner, Signer, open_signer
from signedcert.errors import ConfigurationError
from signedcert.trust.logs import LOG_ALGORITHMS, LogEntry

_KEYS = "keys"


def new_log_keys() -> tuple[PrivateKey, ...]:
    """The keys of a new log. It never has others: after their theft, another log is begun."""
    return tuple(map(PrivateKey.generate, LOG_ALGORITHMS))


@dataclass(frozen=True, slots=True)
class LogSigner:
    """Signs heads of one log, with both of its keys."""

    origin: str
    ed25519: Signer
    mldsa: Signer

    def sign(self, size: int, root: bytes) -> SignedCheckpoint:
        """The head, as a verifier accepts it. Raises IssueError ``signature-unverifiable``; what
        ``SignedCheckpoint.assemble`` raises.
        """
        head = Checkpoint(self.origin, size, root)
        signatures = {
            self.ed25519.public_key: self.ed25519.sign(ed25519_message(head)),
            self.mldsa.public_key: self.mldsa.sign(mldsa_message(head)),
        }
        return SignedCheckpoint.assemble(head, signatures)


class LogKeys(NamedTuple):
    """An entry of the manifest, and the files in the home that have its keys."""

    entry: LogEntry
    paths: tuple[Path, ...]

    @classmethod
    def find(cls, entry: LogEntry, home: Path) -> "LogKeys":
        """Raises ConfigurationError ``key-file`` where one is missing."""
        return cls(entry, tuple(_find(key, home / _KEYS) for key in entry.keys))

    def open(self, passphrase: str) -> LogSigner:
        """Raises ConfigurationError: what a file is refused for, and ``key-file`` for one that
        holds another key.
        """
        ed25519, mldsa = (
            _open(key, path, passphrase)
            for key, path in zip(self.entry.keys, self.paths, strict=True)
        )
        return LogSigner(self.entry.origin, ed25519, mldsa)


def _find(key: PublicKey, directory: Path) -> Path:
    name = f"log-{key.algorithm.lower()}-{key.thumbprint[:8]}.key"
    if not (directory / name).is_file():
        message = "the file of a key of the log is missing; restore it from a backup"
        raise ConfigurationError("key-file", message, where=str(directory / name))
    return directory / name


def _open(key: PublicKey, path: Path, passphrase: str) -> CheckedSigner:
    signer = open_signer(f"file:{path.name}", path.parent, passphrase)
    if signer.public_key != key:
        message = f"this is not key {key.thumbprint} of the manifest"
        raise ConfigurationError("key-file", message, where=str(path))
    return signer
