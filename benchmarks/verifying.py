"""The reference certificate, verified."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from tests.reference import AT, ISSUER, World, course, make_world

from benchmarks import peers
from benchmarks.measure import Bar, Call, Figure, Measured, Scale, Section, at_most, measure
from signedcert.core.encoding import b64url_decode
from signedcert.trust.jwks import standard_jwk
from signedcert.verify.policy import Policy
from signedcert.verify.verifier import Verifier

_RAW = "raw ES256 verification"
_WHOLE = "Verifier.verify, with code"
_POLICY = "Verifier.verify, with code and policy"


def verification(scale: Scale) -> Section:
    """All steps of ours, and signature and claims of the peers, against the raw operation."""
    world = make_world()
    document = world.document()
    others = peers.verifying(document.decode(), standard_jwk(world.manifest.keys[0]))
    contenders = {_RAW: _raw(world, document), **_ours(world, document), **others}
    measured = measure(contenders, runs=scale.runs, rounds=scale.rounds, block=scale.block)
    ours, bar = (_WHOLE, _POLICY), measured[_POLICY]
    figures = (
        Figure.of(f"{_RAW} (the yardstick)", measured[_RAW]),
        *(
            Figure.of(name, measured[name], at_most(1.6, measured[name].ratios, 1.35))
            for name in ours
        ),
        *(Figure.of(name, measured[name], _slower(measured[name], bar)) for name in others),
    )
    return Section("Verification", "ratio to the yardstick", figures)


def _slower(peer: Measured, ours: Measured) -> Bar:
    return Bar("ours is faster", min(peer.ratios) > min(ours.ratios))


def _raw(world: World, document: bytes) -> Call:
    """Everything that can be prepared is: the key, the bytes signed, the signature in DER."""
    signed, _, signature = document.rpartition(b".")
    raw = b64url_decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    point = b"\x04" + world.key.public_key.raw
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    algorithm = ec.ECDSA(SHA256())
    return lambda: key.verify(der, signed, algorithm)


def _ours(world: World, document: bytes) -> dict[str, Call]:
    """Bytes to VerifiedCertificate."""
    verifier = Verifier(world.trust)
    strict = Verifier(world.trust, Policy(issuer=ISSUER, course=course().id))
    code = str(verifier.verify(document, at=AT).code)
    return {
        _WHOLE: lambda: verifier.verify(document, at=AT, code=code),
        _POLICY: lambda: strict.verify(document, at=AT, code=code),
    }
