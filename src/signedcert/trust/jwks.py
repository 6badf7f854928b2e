"""What a manifest says, for clients that know only the standards."""

from typing import TYPE_CHECKING

from signedcert.core.jws import CompactJWS, Header
from signedcert.errors import MalformedError, UndecidedError
from signedcert.trust.entries import KeyEntry
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.store import TrustStore

if TYPE_CHECKING:
    from jwt import PyJWK

_SERVED = ("active", "retired")


def served(entry: KeyEntry) -> bool:
    """Whether a key is published for clients that cannot tell a state: issuing keys that are
    active or retired, no others.
    """
    return entry.role == "issue" and entry.state in _SERVED


def jwks(manifest: KeyManifest) -> dict[str, list[dict[str, str]]]:
    """A JWK Set (RFC 7517, section 5). ``kid`` is each key's URL, as the headers have it."""
    return {"keys": [standard_jwk(entry) for entry in manifest.keys if served(entry)]}


def standard_jwk(entry: KeyEntry) -> dict[str, str]:
    """One JWK, as its ``kid`` URL serves it."""
    return {**entry.key.to_jwk(), "kid": entry.url}


def pyjwk(trust: TrustStore, token: str) -> "PyJWK":
    """The key with which ``jwt.decode`` checks a certificate, for services that use PyJWT.

    ``jwt.decode(token, pyjwk(trust, token), algorithms=["ES256"])`` then checks signature and
    dates, and no more: not the profile, the status, or the state of the key.
    Raises UndecidedError for a key that the trust store does not serve; MalformedError.
    """
    from jwt import PyJWK  # noqa: PLC0415 - 150 ms, for those who want it

    header = Header.parse(CompactJWS.parse(token.encode("utf-8", "surrogatepass")).header_segment)
    found = trust.find_key(header.kid or "")
    if found is None or not served(found.entry):
        message = "no active or retired issuing key of the trust store has this kid"
        raise UndecidedError("unknown-key", message, step=2)
    if found.entry.key.algorithm == "Ed25519":
        # PyJWT registers RFC 8037's name only.
        message = "PyJWT does not know the algorithm name Ed25519 (RFC 9864)"
        raise MalformedError("key-type", message)
    return PyJWK.from_dict(standard_jwk(found.entry))
