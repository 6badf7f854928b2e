"""Public keys: material and algorithm together, one spelling each, as JWKs.

ES256 (RFC 7518), Ed25519 (RFC 8037 keys, RFC 9864 algorithm name), ML-DSA-44 and ML-DSA-65
(RFC 9964). A key has one algorithm; what a token says of it is compared, never obeyed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

from signedcert.core.encoding import b64url_decode, b64url_encode
from signedcert.core.shape import Members
from signedcert.errors import MalformedError

Algorithm: TypeAlias = Literal["ES256", "Ed25519", "ML-DSA-44", "ML-DSA-65"]

#: Order of the P-256 group (FIPS 186-5). A signature of ours has s in the lower half.
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ORDER = P256_ORDER.to_bytes(32)
_HALF_ORDER = (P256_ORDER // 2).to_bytes(32)
_ZERO = bytes(32)
_P256_PRIME = (2**256 - 2**224 + 2**192 + 2**96 - 1).to_bytes(32)
_P256 = ec.SECP256R1()
_ECDSA = ec.ECDSA(SHA256())

_ED25519_PRIME = 2**255 - 19
#: y of a point of order 8; those of the eight points of low order are 0, 1, this, and negatives.
_ED25519_Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_ED25519_LOW_ORDER = frozenset(
    {0, 1, _ED25519_PRIME - 1, _ED25519_Y8, _ED25519_PRIME - _ED25519_Y8}
)

#: Raw public key lengths in bytes; for P-256, x and y without the point prefix.
RAW_LENGTH: dict[Algorithm, int] = {
    "ES256": 64,
    "Ed25519": 32,
    "ML-DSA-44": 1312,
    "ML-DSA-65": 1952,
}
SIGNATURE_LENGTH: dict[Algorithm, int] = {
    "ES256": 64,
    "Ed25519": 64,
    "ML-DSA-44": 2420,
    "ML-DSA-65": 3309,
}
#: RFC 9964 has one key type for them all.
POST_QUANTUM: frozenset[Algorithm] = frozenset({"ML-DSA-44", "ML-DSA-65"})

_Check: TypeAlias = Callable[[bytes, bytes], None]


class BadSignatureError(Exception):
    """A signature that does not hold; ``detail`` says in which way. Never leaves the package."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that was checked when it was made: it is spelled in the one way that it has,
    and it is not one of the weak ones, for which signatures hold that nobody made.

    Whether Ed25519 has a point of this encoding is not checked then, since that takes a square
    root. If it has none, ``verify`` returns for no signature: it begins by decompressing the
    point (RFC 8032, 5.1.7), which fails.

    ``raw`` is x ‖ y for ES256, the key as its standard encodes it otherwise. ``thumbprint`` is
    that of RFC 7638, with SHA-256, in base64url. Two keys are equal if both agree.
    """

    algorithm: Algorithm
    raw: bytes = field(repr=False)
    thumbprint: str = field(init=False)
    _check: _Check = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises MalformedError ``key-invalid``: a wrong length, a point off the curve P-256, a
        low-order point, or a point in another encoding than its canonical one.
        """
        length = RAW_LENGTH[self.algorithm]
        if len(self.raw) != length:
            message = f"{len(self.raw)} bytes where {self.algorithm} has {length}"
            raise MalformedError("key-invalid", message)
        object.__setattr__(self, "_check", _CHECKS[self.algorithm](self.raw))
        object.__setattr__(self, "thumbprint", self._make_thumbprint())

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.algorithm, self.raw)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Returns if ``signature`` is this key's over ``message``, exactly as it was made.

        ES256: r ‖ s, s in the lower half, both in range (RFC 7518, 3.4; low-S is ours).
        Ed25519: cofactorless, S below the group order (RFC 8032, 5.1.7).
        Raises BadSignatureError.
        """
        if len(signature) != SIGNATURE_LENGTH[self.algorithm]:
            raise BadSignatureError("signature-length")
        self._check(signature, message)

    @classmethod
    def from_jwk(cls, value: object, where: str = "") -> "PublicKey":
        """The key that a parsed JWK holds (RFC 7517).

        Raises MalformedError: an unknown type or curve, private members, unknown members, a
        coordinate of another length, an ``alg``, ``use`` or ``kid`` that is not the key's own.
        """
        members = Members(value, where)
        for name in ("d", "priv"):
            if name in members:
                message = "this is a private key; publish its public half only"
                raise MalformedError("key-private", message, where=members.path(name))
        key = _FROM_JWK[_key_type(members)](members)
        if "alg" in members:
            members.text("alg", key.algorithm)
        if "use" in members:
            members.text("use", "sig")
        if "kid" in members and members.text("kid") != key.thumbprint:
            message = f"kid is not the key's thumbprint, {key.thumbprint}"
            raise MalformedError("kid-not-thumbprint", message, where=where)
        members.done()
        return key

    def to_jwk(self) -> dict[str, str]:
        """The JWK, members in one order: required ones, ``alg``, ``use``, ``kid``."""
        extra = {"alg": self.algorithm, "use": "sig", "kid": self.thumbprint}
        shape = {"kty": _KEY_TYPE[self.algorithm]}
        return {**shape, **self._required_members(), **extra}

    def _make_thumbprint(self) -> str:
        # Nothing in the members needs an escape.
        members = ",".join(
            f'"{name}":"{value}"' for name, value in self._required_members().items()
        )
        return b64url_encode(hashlib.sha256(f"{{{members}}}".encode()).digest())

    def _required_members(self) -> dict[str, str]:
        """What RFC 7638, 3.2 hashes: the required members, in lexical order."""
        if self.algorithm == "ES256":
            x, y = b64url_encode(self.raw[:32]), b64url_encode(self.raw[32:])
            return {"crv": "P-256", "kty": "EC", "x": x, "y": y}
        if self.algorithm == "Ed25519":
            return {"crv": "Ed25519", "kty": "OKP", "x": b64url_encode(self.raw)}
        return {"alg": self.algorithm, "kty": "AKP", "pub": b64url_encode(self.raw)}


_KEY_TYPE: dict[Algorithm, str] = {
    "ES256": "EC",
    "Ed25519": "OKP",
    "ML-DSA-44": "AKP",
    "ML-DSA-65": "AKP",
}


def _key_type(members: Members) -> str:
    kty = members.text("kty")
    if kty not in _FROM_JWK:
        message = f"key type {ascii(kty)[:20]} is none of: {', '.join(_FROM_JWK)}"
        raise MalformedError("key-type", message, where=members.where)
    return kty


def _coordinate(members: Members, name: str, length: int) -> bytes:
    where = members.path(name)
    text = members.text(name)
    if not text.isascii():
        raise MalformedError("base64-alphabet", "not base64url", where=where)
    value = b64url_decode(text.encode(), where)
    if len(value) != length:
        message = f"{len(value)} bytes, and {length} are expected"
        raise MalformedError("key-invalid", message, where=where)
    return value


def _curve(members: Members, name: str) -> None:
    if members.text("crv") != name:
        raise MalformedError("key-type", f"only the curve {name} is read", where=members.where)


def _make(algorithm: Algorithm, raw: bytes, where: str) -> PublicKey:
    try:
        return PublicKey(algorithm, raw)
    except MalformedError as error:
        raise MalformedError(error.reason, error.message, where=where) from error


def _from_ec(members: Members) -> PublicKey:
    _curve(members, "P-256")
    raw = _coordinate(members, "x", 32) + _coordinate(members, "y", 32)
    return _make("ES256", raw, members.where)


def _from_okp(members: Members) -> PublicKey:
    _curve(members, "Ed25519")
    return _make("Ed25519", _coordinate(members, "x", 32), members.where)


def _from_akp(members: Members) -> PublicKey:
    algorithm = members.text("alg")
    if algorithm not in POST_QUANTUM:
        message = f"algorithm {ascii(algorithm)[:20]} is neither ML-DSA-44 nor ML-DSA-65"
        raise MalformedError("key-type", message, where=members.where)
    named: Algorithm = "ML-DSA-44" if algorithm == "ML-DSA-44" else "ML-DSA-65"
    return _make(named, _coordinate(members, "pub", RAW_LENGTH[named]), members.where)


_FROM_JWK: dict[str, Callable[[Members], PublicKey]] = {
    "EC": _from_ec,
    "OKP": _from_okp,
    "AKP": _from_akp,
}


def _check_es256(raw: bytes) -> _Check:
    if max(raw[:32], raw[32:]) >= _P256_PRIME:
        raise MalformedError("key-invalid", "x or y is not reduced, so the key has two spellings")
    try:
        verify = ec.EllipticCurvePublicKey.from_encoded_point(_P256, b"\4" + raw).verify
    except ValueError as error:
        raise MalformedError("key-invalid", "the point is not on the curve P-256") from error

    def check(signature: bytes, message: bytes) -> None:
        r, s = signature[:32], signature[32:]  # of one length, so they compare as numbers
        if not (_ZERO < r < _ORDER and _ZERO < s < _ORDER):
            raise BadSignatureError("signature-out-of-range")
        if s > _HALF_ORDER:
            raise BadSignatureError("signature-high-s")
        r, s = r.lstrip(b"\0"), s.lstrip(b"\0")
        if r[0] & 128:  # an INTEGER of DER has a sign
            r = b"\0" + r
        if s[0] & 128:
            s = b"\0" + s
        # ECDSA-Sig-Value (RFC 3279, 2.2.3)
        der = b"\x30%c\x02%c%b\x02%c%b" % (len(r) + len(s) + 4, len(r), r, len(s), s)
        try:
            verify(der, message, _ECDSA)
        except InvalidSignature:
            raise BadSignatureError("signature-mismatch") from None

    return check


def _check_ed25519(raw: bytes) -> _Check:
    _refuse_weak_ed25519(raw)
    verify = ed25519.Ed25519PublicKey.from_public_bytes(raw).verify

    def check(signature: bytes, message: bytes) -> None:
        try:
            verify(signature, message)
        except InvalidSignature:
            raise BadSignatureError("signature-mismatch") from None

    return check


def _check_mldsa(algorithm: Algorithm) -> Callable[[bytes], _Check]:
    def make(raw: bytes) -> _Check:
        from cryptography.hazmat.primitives.asymmetric import mldsa  # noqa: PLC0415 - roots and logs

        kind = mldsa.MLDSA44PublicKey if algorithm == "ML-DSA-44" else mldsa.MLDSA65PublicKey
        verify = kind.from_public_bytes(raw).verify

        def check(signature: bytes, message: bytes) -> None:
            try:
                verify(signature, message)
            except InvalidSignature:
                raise BadSignatureError("signature-mismatch") from None

        return check

    return make


_CHECKS: dict[Algorithm, Callable[[bytes], _Check]] = {
    "ES256": _check_es256,
    "Ed25519": _check_ed25519,
    "ML-DSA-44": _check_mldsa("ML-DSA-44"),
    "ML-DSA-65": _check_mldsa("ML-DSA-65"),
}


def _refuse_weak_ed25519(raw: bytes) -> None:
    """A second spelling of a point (RFC 8032, 5.1.3), or one in the small subgroup: for such a key
    signatures hold that nobody made.
    """
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= _ED25519_PRIME:
        raise MalformedError("key-invalid", "y is not reduced, so the key has two spellings")
    if sign and y in (1, _ED25519_PRIME - 1):
        raise MalformedError("key-invalid", "x is zero and its sign is set")
    if y in _ED25519_LOW_ORDER:
        raise MalformedError("key-invalid", "the point has a low order")
