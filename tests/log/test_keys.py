"""The keys of a log: found by the manifest, opened by the passphrase, and none but these."""

from pathlib import Path

import pytest

from signedcert.core.merkle import EMPTY_ROOT
from signedcert.custody.keyfile import write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.errors import ConfigurationError, IssueError
from signedcert.log.keys import LogKeys, LogSigner, new_log_keys
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import LOG_ALGORITHMS, LogEntry
from tests.core.refusal import refused

ORIGIN = "x.example/.well-known/signedcert/log"
WORDS = "correct horse"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)


def entry_of(keys: tuple[PrivateKey, ...]) -> LogEntry:
    """A log with these keys."""
    public = tuple(key.public_key for key in keys)
    return LogEntry(ORIGIN, public, "active", LandmarkList().landmarks)


def path_of(home: Path, key: PrivateKey) -> Path:
    """Where a home keeps a key of a log."""
    return home / "keys" / f"log-{key.algorithm.lower()}-{key.public_key.thumbprint[:8]}.key"


def write(home: Path, *keys: PrivateKey) -> None:
    """Puts keys into a home."""
    (home / "keys").mkdir(exist_ok=True)
    for key in keys:
        write_key_file(path_of(home, key), key, WORDS)


def test_a_new_log_has_one_key_of_each_kind() -> None:
    assert tuple(key.algorithm for key in new_log_keys()) == LOG_ALGORITHMS


def test_what_they_sign_is_believed_by_the_manifest(tmp_path: Path) -> None:
    keys = new_log_keys()
    write(tmp_path, *keys)
    entry = entry_of(keys)
    signed = LogKeys.find(entry, tmp_path).open(WORDS).sign(7, bytes(range(32)))
    head = signed.verify(ORIGIN, entry.keys)
    assert (head.origin, head.size, head.root) == (ORIGIN, 7, bytes(range(32)))


@pytest.mark.parametrize("missing", [0, 1])
def test_a_key_that_is_missing_is_named(tmp_path: Path, missing: int) -> None:
    keys = new_log_keys()
    write(tmp_path, keys[1 - missing])
    with refused("key-file", str(path_of(tmp_path, keys[missing])), ConfigurationError):
        LogKeys.find(entry_of(keys), tmp_path)


def test_another_passphrase_opens_nothing(tmp_path: Path) -> None:
    keys = new_log_keys()
    write(tmp_path, *keys)
    with refused("passphrase-wrong", kind=ConfigurationError):
        LogKeys.find(entry_of(keys), tmp_path).open("wrong horse")


def test_another_key_under_its_name_is_refused(tmp_path: Path) -> None:
    keys = new_log_keys()
    write(tmp_path, *keys)
    path = path_of(tmp_path, keys[1])
    path.unlink()
    write_key_file(path, PrivateKey.generate("ML-DSA-44"), WORDS)
    with refused("key-file", str(path), ConfigurationError):
        LogKeys.find(entry_of(keys), tmp_path).open(WORDS)


def test_a_signature_that_does_not_hold_does_not_leave(tmp_path: Path) -> None:
    keys = new_log_keys()
    write(tmp_path, *keys)
    opened = LogKeys.find(entry_of(keys), tmp_path).open(WORDS)
    monkey = type("Faulty", (), {"public_key": keys[0].public_key, "algorithm": "Ed25519"})()
    monkey.sign = lambda _: bytes(64)
    faulty = LogSigner(ORIGIN, type(opened.ed25519)(monkey), opened.mldsa)  # type: ignore[call-arg]
    with refused("signature-unverifiable", keys[0].public_key.thumbprint, IssueError):
        faulty.sign(0, EMPTY_ROOT)
