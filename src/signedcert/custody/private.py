"""A private key in memory."""

from collections.abc import Callable
from typing import NoReturn

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from signedcert.core.keys import P256_ORDER, Algorithm, PublicKey
from signedcert.errors import ConfigurationError

#: RFC 6979: the nonce comes from key and message, so no random source can leak the key.
_DETERMINISTIC = ec.ECDSA(SHA256(), deterministic_signing=True)
_SECRET_LENGTH = 32


class PrivateKey:
    """A signing key. Its ``repr`` shows the thumbprint only, and it refuses to be pickled:
    a worker process opens its own.

    It does not protect the key from whoever can read this process's memory.
    """

    __slots__ = ("_secret", "_sign", "public_key")

    def __init__(self, algorithm: Algorithm, secret: bytes) -> None:
        """``secret``: 32 bytes, the scalar of an ES256 key, the seed of any other."""
        if len(secret) != _SECRET_LENGTH:
            message = f"{len(secret)} bytes where a private key has {_SECRET_LENGTH}"
            raise ConfigurationError("key-file", message)
        self._secret = secret
        self.public_key, self._sign = _OPEN[algorithm](secret)

    @classmethod
    def generate(cls, algorithm: Algorithm) -> "PrivateKey":
        """A new key from the operating system's random source."""
        return cls(algorithm, _GENERATE[algorithm]())

    @property
    def algorithm(self) -> Algorithm:
        """What this key signs with."""
        return self.public_key.algorithm

    def sign(self, message: bytes) -> bytes:
        """The raw signature; ES256 as r ‖ s with RFC 6979 nonces and low S."""
        return self._sign(message)

    def secret_bytes(self) -> bytes:
        """The key itself, for a key file to encrypt. Most callers have no use for it."""
        return self._secret

    def __repr__(self) -> str:
        return f"<PrivateKey {self.algorithm} {self.public_key.thumbprint}>"

    def __reduce__(self) -> NoReturn:
        message = "a private key does not travel between processes; open it where it is used"
        raise TypeError(message)


def _open_es256(secret: bytes) -> tuple[PublicKey, Callable[[bytes], bytes]]:
    try:
        key = ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())
    except ValueError as error:
        raise ConfigurationError("key-file", "not a private key of P-256") from error
    numbers = key.public_key().public_numbers()
    public = PublicKey("ES256", numbers.x.to_bytes(32) + numbers.y.to_bytes(32))

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, _DETERMINISTIC))
        return r.to_bytes(32) + min(s, P256_ORDER - s).to_bytes(32)

    return public, sign


def _open_ed25519(secret: bytes) -> tuple[PublicKey, Callable[[bytes], bytes]]:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    return PublicKey("Ed25519", key.public_key().public_bytes_raw()), key.sign


def _open_mldsa44(secret: bytes) -> tuple[PublicKey, Callable[[bytes], bytes]]:
    key = mldsa.MLDSA44PrivateKey.from_seed_bytes(secret)
    return PublicKey("ML-DSA-44", key.public_key().public_bytes_raw()), key.sign


def _open_mldsa65(secret: bytes) -> tuple[PublicKey, Callable[[bytes], bytes]]:
    key = mldsa.MLDSA65PrivateKey.from_seed_bytes(secret)
    return PublicKey("ML-DSA-65", key.public_key().public_bytes_raw()), key.sign


def _generate_es256() -> bytes:
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    return numbers.private_value.to_bytes(_SECRET_LENGTH)


_OPEN: dict[Algorithm, Callable[[bytes], tuple[PublicKey, Callable[[bytes], bytes]]]] = {
    "ES256": _open_es256,
    "Ed25519": _open_ed25519,
    "ML-DSA-44": _open_mldsa44,
    "ML-DSA-65": _open_mldsa65,
}
_GENERATE: dict[Algorithm, Callable[[], bytes]] = {
    "ES256": _generate_es256,
    "Ed25519": lambda: ed25519.Ed25519PrivateKey.generate().private_bytes_raw(),
    "ML-DSA-44": lambda: mldsa.MLDSA44PrivateKey.generate().private_bytes_raw(),
    "ML-DSA-65": lambda: mldsa.MLDSA65PrivateKey.generate().private_bytes_raw(),
}
