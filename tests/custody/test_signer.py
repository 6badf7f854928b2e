"""Signers: found by the scheme of a URI, and never trusted blindly."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from signedcert.core.keys import P256_ORDER, Algorithm, PublicKey
from signedcert.custody import keyfile
from signedcert.custody.keyfile import write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.custody.signer import CheckedSigner, Signer, counts_tries, open_signer, opened_by
from signedcert.errors import ConfigurationError, IssueError
from tests.core.refusal import refused

WORDS = "correct horse battery staple"
MESSAGE = b"header.payload"


@dataclass
class FixedSigner:
    """A back end that answers every message with the same bytes."""

    public_key: PublicKey
    signature: bytes

    @property
    def algorithm(self) -> Algorithm:
        """What it claims to sign with."""
        return self.public_key.algorithm

    def sign(self, message: bytes) -> bytes:
        """The fixed bytes."""
        assert message
        return self.signature


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    """An ES256 key."""
    return PrivateKey.generate("ES256")


def test_a_good_signature_is_passed_on(key: PrivateKey) -> None:
    signer: Signer = CheckedSigner(key)
    assert signer.sign(MESSAGE) == key.sign(MESSAGE)
    assert (signer.public_key, signer.algorithm) == (key.public_key, "ES256")


def faults(key: PrivateKey) -> dict[str, bytes]:
    """What a faulty machine may give back, by the way in which it does not hold."""
    good = key.sign(MESSAGE)
    high = good[:32] + (P256_ORDER - int.from_bytes(good[32:])).to_bytes(32)
    return {
        "signature-mismatch": good[:-1] + bytes([good[-1] ^ 1]),
        "signature-length": good[:-1],
        "signature-high-s": high,
        "signature-out-of-range": bytes(64),
    }


@pytest.mark.parametrize(
    "detail",
    ["signature-mismatch", "signature-length", "signature-high-s", "signature-out-of-range"],
)
def test_a_faulty_signature_does_not_leave(key: PrivateKey, detail: str) -> None:
    signer = CheckedSigner(FixedSigner(key.public_key, faults(key)[detail]))
    with pytest.raises(IssueError, match=detail) as caught:
        signer.sign(MESSAGE)
    assert caught.value.reason == "signature-unverifiable"
    assert caught.value.where == key.public_key.thumbprint


def test_the_signature_of_another_message_or_key_does_not_leave(key: PrivateKey) -> None:
    other = PrivateKey.generate("ES256").public_key
    for wrong in (
        FixedSigner(key.public_key, key.sign(b"another message")),
        FixedSigner(other, key.sign(MESSAGE)),
    ):
        with refused("signature-unverifiable", kind=IssueError):
            CheckedSigner(wrong).sign(MESSAGE)


WITHOUT = """
import sys
from pathlib import Path
sys.modules["pkcs11"] = None
from signedcert.custody.signer import open_signer
from signedcert.errors import ConfigurationError
try:
    open_signer("pkcs11:token=x?module-path=/l", Path(), "1234")
except ConfigurationError as error:
    print(error)
"""


def test_without_its_package_a_token_signer_says_what_to_install() -> None:
    command = [sys.executable, "-c", WITHOUT]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert "pip install 'signedcert[pkcs11]' [extra-missing]" in done.stdout


def test_another_package_that_is_missing_is_not_taken_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "signedcert.custody.pkcs11", raising=False)
    monkeypatch.setitem(sys.modules, "signedcert.core.keys", None)
    with pytest.raises(ModuleNotFoundError, match="keys"):
        open_signer("pkcs11:token=x?module-path=/l", Path(), "1234")


def test_a_file_signer_is_opened_relative_to_its_base(
    tmp_path: Path, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyfile, "SCRYPT_N", 2**15)
    (tmp_path / "keys").mkdir()
    write_key_file(tmp_path / "keys" / "issue.key", key, WORDS)
    signer = open_signer("file:keys/issue.key", tmp_path, WORDS)
    key.public_key.verify(signer.sign(MESSAGE), MESSAGE)
    absolute = open_signer(f"file:{tmp_path / 'keys' / 'issue.key'}", Path("elsewhere"), WORDS)
    assert absolute.public_key == key.public_key
    with refused("passphrase-wrong", kind=ConfigurationError):
        open_signer("file:keys/issue.key", tmp_path, "another")
    with refused("key-file", str(tmp_path / "keys" / "none.key"), ConfigurationError):
        open_signer("file:keys/none.key", tmp_path, WORDS)


def test_a_token_is_opened_by_its_pin_and_a_file_by_its_passphrase() -> None:
    assert opened_by("pkcs11:token=x?module-path=/l") == "PIN"
    assert opened_by("file:keys/issue.key") == "passphrase"


def test_a_token_counts_tries_and_a_file_does_not() -> None:
    assert counts_tries("pkcs11:token=x?module-path=/l")
    assert not counts_tries("file:keys/issue.key")
    assert not counts_tries("smoke:signals")


@pytest.mark.parametrize(
    "uri", ["awskms:alias/x", "PKCS11:token=x", "issue.key", "", ":", "FILE:issue.key"]
)
def test_an_unknown_scheme_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(ConfigurationError, match="known here: file:, pkcs11: ") as caught:
        open_signer(uri, tmp_path, WORDS)
    assert (caught.value.reason, caught.value.where) == ("signer-unknown", uri)
