"""The yardsticks: what the cryptography alone costs, with everything prepared."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from tests.reference import World

from benchmarks.measure import Call
from signedcert.core.encoding import b64url_decode

SIGNING = "raw ES256 signing and verification"
VERIFICATION = "raw ES256 verification"


def secret_of(world: World) -> ec.EllipticCurvePrivateKey:
    """The issuing key, as cryptography has it."""
    return ec.derive_private_key(int.from_bytes(world.key.secret_bytes()), ec.SECP256R1())


def signing(world: World, message: bytes) -> Call:
    """Signs with nonces of RFC 6979, as ours does, and verifies that, in one call."""
    secret = secret_of(world)
    public = secret.public_key()
    signing, verifying = ec.ECDSA(SHA256(), deterministic_signing=True), ec.ECDSA(SHA256())
    return lambda: public.verify(secret.sign(message, signing), message, verifying)


def verification(world: World, document: bytes) -> Call:
    """Everything that can be prepared is: the key, the bytes signed, the signature in DER."""
    signed, _, signature = document.rpartition(b".")
    raw = b64url_decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    point = b"\x04" + world.key.public_key.raw
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    algorithm = ec.ECDSA(SHA256())
    return lambda: key.verify(der, signed, algorithm)
