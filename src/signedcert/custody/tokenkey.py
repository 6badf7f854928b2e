"""The key that a URI names in a token: found, not used if it may leave, and signed with."""

import hashlib
from typing import Any, NamedTuple

from pkcs11.constants import Attribute, ObjectClass
from pkcs11.exceptions import AttributeTypeInvalid, PKCS11Error
from pkcs11.mechanisms import Mechanism
from pkcs11.types import Session

from signedcert.core.keys import P256_ORDER, RAW_LENGTH, Algorithm, PublicKey
from signedcert.custody.tokenuri import TokenURI, unusable
from signedcert.errors import MalformedError

#: CKA_EC_PARAMS: of P-256 its object identifier; of Ed25519 that of RFC 8410, the curve's name
#: (PKCS #11 3.0, 2.3.10), or the identifier that was used before there was either.
_CURVES: dict[bytes, Algorithm] = {
    bytes.fromhex("06082a8648ce3d030107"): "ES256",
    bytes.fromhex("06032b6570"): "Ed25519",
    b"\x13\x0cedwards25519": "Ed25519",
    bytes.fromhex("06092b06010401da470f01"): "Ed25519",
}
#: CKA_EC_POINT begins with it: an uncompressed point (SEC 1, 2.3.3), or the bytes of RFC 8032.
_POINT_PREFIX: dict[Algorithm, bytes] = {"ES256": b"\4", "Ed25519": b""}
_MECHANISM: dict[Algorithm, Mechanism] = {"ES256": Mechanism.ECDSA, "Ed25519": Mechanism.EDDSA}
_NEEDED = {
    Attribute.SIGN: (True, "is not meant for signing (CKA_SIGN)"),
    Attribute.SENSITIVE: (True, "can be read in the clear (CKA_SENSITIVE)"),
    Attribute.EXTRACTABLE: (False, "can be taken out of the token (CKA_EXTRACTABLE)"),
}


class TokenKey(NamedTuple):
    """A key in a token, as a session has it."""

    handle: Any  # the library makes its classes from the mixins of what a key can do
    public_key: PublicKey
    each_time: bool  # CKA_ALWAYS_AUTHENTICATE: the token asks for the PIN with each signature

    @classmethod
    def find(cls, session: Session, uri: TokenURI) -> "TokenKey":
        """The one key that fits. Raises ConfigurationError ``key-file``: none does, or several, or
        the key is not for signing, may leave its token, or is of another type.
        """
        handle = _private_key(session, uri)
        _check_private(handle, uri)
        return cls(handle, _public_key(session, handle, uri), _says_yes(handle))

    def sign(self, message: bytes, pin: str) -> bytes:
        """The raw signature; ES256 as r ‖ s with low S."""
        algorithm = self.public_key.algorithm
        data = hashlib.sha256(message).digest() if algorithm == "ES256" else message
        again = pin if self.each_time else None
        signature: bytes = self.handle.sign(data, mechanism=_MECHANISM[algorithm], pin=again)
        return _low_s(signature) if algorithm == "ES256" else signature


def _low_s(signature: bytes) -> bytes:
    """Of r ‖ s and r ‖ -s, which are both signatures, the one that we take. What is neither is left
    as it is, to be refused by ``CheckedSigner``.
    """
    s = int.from_bytes(signature[32:])
    if len(signature) != 64 or not P256_ORDER // 2 < s < P256_ORDER:
        return signature
    return signature[:32] + (P256_ORDER - s).to_bytes(32)


def _private_key(session: Session, uri: TokenURI) -> Any:  # noqa: ANN401 - see TokenKey
    keys = _objects(session, ObjectClass.PRIVATE_KEY, _template(uri))
    if len(keys) == 1:
        return keys[0]
    if keys:
        message = f"several keys fit; add object=… or id=… to the URI. They are: {_labels(keys)}"
        raise unusable(uri, message)
    there = _labels(_objects(session, ObjectClass.PRIVATE_KEY, {Attribute.TOKEN: True}))
    message = (
        "no private key in the token fits; make one there, or correct the URI. "
        f"There are: {there or 'none'}"
    )
    raise unusable(uri, message)


def _objects(session: Session, kind: ObjectClass, template: dict[Attribute, Any]) -> list[Any]:
    return list(session.get_objects({Attribute.CLASS: kind, **template}))


def _template(uri: TokenURI) -> dict[Attribute, object]:
    """What a key in the token has, if it is what the URI names."""
    named = {Attribute.LABEL: uri.label, Attribute.ID: uri.id}
    return {Attribute.TOKEN: True} | {
        name: value for name, value in named.items() if value is not None
    }


def _labels(keys: list[Any]) -> str:
    return ", ".join(
        sorted(f"{key[Attribute.LABEL]!r} (id {key[Attribute.ID].hex() or 'none'})" for key in keys)
    )


def _check_private(key: Any, uri: TokenURI) -> None:  # noqa: ANN401 - see TokenKey
    for attribute, (needed, problem) in _NEEDED.items():
        try:
            value = key[attribute]
        except AttributeTypeInvalid:
            value = None
        if value is not needed:
            advice = "make a new one in the token; this one is not used"
            raise unusable(uri, f"the key {problem}, or the token does not say; {advice}")


def _says_yes(key: Any) -> bool:  # noqa: ANN401 - see TokenKey
    try:
        return bool(key[Attribute.ALWAYS_AUTHENTICATE])
    except PKCS11Error:  # optional, and false where it is missing
        return False


def _public_key(session: Session, key: Any, uri: TokenURI) -> PublicKey:  # noqa: ANN401
    number = key[Attribute.ID]
    same = {Attribute.ID: number} if number else {Attribute.LABEL: key[Attribute.LABEL]}
    found = _objects(session, ObjectClass.PUBLIC_KEY, {Attribute.TOKEN: True, **same})
    if len(found) != 1:
        message = (
            f"{len(found)} public keys of this key's id are in the token, and one is needed; "
            "write it there with the token's own tool"
        )
        raise unusable(uri, message)
    try:
        return read_public_key(found[0][Attribute.EC_PARAMS], found[0][Attribute.EC_POINT])
    except AttributeTypeInvalid as error:
        raise unusable(uri, "the key is of another type than P-256 and Ed25519") from error
    except MalformedError as error:
        raise unusable(uri, error.message) from error


def read_public_key(parameters: bytes, point: bytes) -> PublicKey:
    """The key of a public object. ``point`` is a DER OCTET STRING, as PKCS #11 says, or what it
    should hold, as several tokens have it.

    Raises MalformedError: ``key-type`` for another curve, ``key-invalid``.
    """
    if parameters not in _CURVES:
        raise MalformedError("key-type", "the key is of another curve than P-256 and Ed25519")
    algorithm = _CURVES[parameters]
    prefix = _POINT_PREFIX[algorithm]
    length = len(prefix) + RAW_LENGTH[algorithm]
    raw = point.removeprefix(bytes([4, length])) if len(point) == length + 2 else point
    if len(raw) != length or not raw.startswith(prefix):
        raise MalformedError("key-invalid", "the token has the point in a form that is not read")
    return PublicKey(algorithm, raw.removeprefix(prefix))
