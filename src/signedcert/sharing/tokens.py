"""Tokens: what a private link holds. Who has one is let in, so only digests of them are kept."""

import hashlib
import secrets

from signedcert.core.encoding import b64url_decode, b64url_encode
from signedcert.errors import MalformedError

#: 144 bits: no fewer than 128, so that none is guessed, and base64url has no bits to spare.
TOKEN_BYTES = 18

_TAG = hashlib.sha256(b"signedcert/share-token/v1").digest() * 2
_OTHER_TAG = hashlib.sha256(b"signedcert/not-a-share-token/v1").digest() * 2
_LENGTH = len(b64url_encode(bytes(TOKEN_BYTES)))


def new_token() -> str:
    """A random token, as 24 characters of base64url."""
    return b64url_encode(secrets.token_bytes(TOKEN_BYTES))


def token_digest(token: str) -> bytes:
    """The digest by which a token is kept and found again.

    Any text has one, and a text that is no token has one that no token has: it is looked up and
    not found, like a token that nobody was given. Raises nothing.
    """
    text = token.encode("utf-8", "surrogatepass")
    raw = _raw(text)
    return _digest(_OTHER_TAG, text) if raw is None else _digest(_TAG, raw)


def _raw(text: bytes) -> bytes | None:
    if len(text) != _LENGTH:
        return None
    try:
        return b64url_decode(text)
    except MalformedError:
        return None


def _digest(tag: bytes, data: bytes) -> bytes:
    return hashlib.sha256(tag + len(data).to_bytes(8) + data).digest()
