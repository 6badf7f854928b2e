"""Signers: something that can sign, found by the scheme of its URI."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeAlias

from signedcert.core.keys import Algorithm, BadSignatureError, PublicKey
from signedcert.custody.keyfile import read_key_file
from signedcert.custody.tokenuri import TokenURI
from signedcert.errors import ConfigurationError, IssueError

#: What opens a signer: the passphrase of a key file, or the PIN of a token.
OpenedBy: TypeAlias = Literal["passphrase", "PIN"]

#: What a signer is tried with. What a JWS signs has no spaces, so this counts as nothing.
_TRIAL = b"signedcert tries whether this key signs"


class Signer(Protocol):
    """What a back end has to offer. ``sign`` returns the raw signature."""

    @property
    def algorithm(self) -> Algorithm:
        """What it signs with."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message``."""


@dataclass(frozen=True, slots=True)
class CheckedSigner:
    """A signer of which no signature leaves before the public key has verified it.

    A fault in memory or hardware can turn one bad signature into a leaked key.
    """

    inner: Signer

    @property
    def algorithm(self) -> Algorithm:
        """What it signs with."""
        return self.inner.algorithm

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self.inner.public_key

    def sign(self, message: bytes) -> bytes:
        """The signature. Raises IssueError ``signature-unverifiable`` instead of returning one
        that does not hold, or that has a high S.
        """
        signature = self.inner.sign(message)
        try:
            self.public_key.verify(signature, message)
        except BadSignatureError as error:
            text = f"the signer made a signature that does not hold ({error.detail}); do not use it"
            where = self.public_key.thumbprint
            raise IssueError("signature-unverifiable", text, where=where) from error
        return signature


def open_signer(uri: str, base: Path, secret: str) -> CheckedSigner:
    """The signer behind a URI such as ``file:keys/issue.key``, relative to ``base``; ``secret`` is
    what ``opened_by`` says.

    Raises ConfigurationError: ``signer-unknown`` for a scheme without a back end; what the back
    end refuses.
    """
    scheme, _, rest = uri.partition(":")
    if scheme not in _BACK_ENDS:
        known = ", ".join(f"{name}:" for name in _BACK_ENDS)
        message = f"no signer for {scheme!r}; known here: {known}"
        raise ConfigurationError("signer-unknown", message, where=uri)
    return CheckedSigner(_BACK_ENDS[scheme].open(rest, base, secret))


def opened_by(uri: str) -> OpenedBy | None:
    """What somebody has to know to open the signer behind a URI; None if that says where its PIN
    is. Raises ConfigurationError ``setting-invalid`` as ``TokenURI.parse`` does.
    """
    scheme, _, rest = uri.partition(":")
    if scheme != "pkcs11":
        return "passphrase"
    return "PIN" if TokenURI.parse(rest).pin_source is None else None


def prove_signer(uri: str, base: Path, secret: str) -> PublicKey:
    """The public key of the signer behind a URI, which has shown that it signs with it.

    Raises what ``open_signer`` and ``CheckedSigner.sign`` do.
    """
    signer = open_signer(uri, base, secret)
    signer.sign(_TRIAL)
    return signer.public_key


def counts_tries(uri: str) -> bool:
    """Whether what is behind a URI counts who guesses, and locks itself after a few."""
    scheme, _, _ = uri.partition(":")
    return scheme in _BACK_ENDS and _BACK_ENDS[scheme].counts_tries


def _open_file(rest: str, base: Path, passphrase: str) -> Signer:
    return read_key_file(base / rest, passphrase)


def _open_token(rest: str, _: Path, pin: str) -> Signer:
    try:
        from signedcert.custody.pkcs11 import open_token  # noqa: PLC0415 - for those who have one
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pkcs11":
            raise
        message = "a signer in a token needs one more package: pip install 'signedcert[pkcs11]'"
        raise ConfigurationError("extra-missing", message) from error
    return open_token(rest, pin)


class _BackEnd(NamedTuple):
    open: Callable[[str, Path, str], Signer]
    counts_tries: bool


_BACK_ENDS = {
    "file": _BackEnd(_open_file, counts_tries=False),
    "pkcs11": _BackEnd(_open_token, counts_tries=True),
}
