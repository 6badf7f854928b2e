"""The reference certificate, issued."""

import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from tests.reference import ISSUED, World, course, credential, make_world

from benchmarks import peers
from benchmarks.measure import Call, Figure, Scale, Section, at_most, measure
from signedcert.core.jws import signing_input
from signedcert.custody.signer import CheckedSigner
from signedcert.documents.certificate import Certificate
from signedcert.issue.issuer import Issuer, Request
from signedcert.registry.registry import Registry

_RAW = "raw ES256 signing and verification"
_MODEL = "Issuer.sign, from the model to the registry's row"
_FIELDS = "the same, the model made as well"
_LEARNER, _RUN, _PLACE = "s-1042", "2026-spring", (1, 77123)


def issuing(scale: Scale) -> Section:
    """A model signed, checked, given its code and ready for the registry, against the raw
    operations; and peers that sign only.
    """
    world = make_world()
    secret = _secret(world)
    header = world.header()
    others = peers.signing(json.loads(credential().encode()), {"kid": str(header.kid)}, secret)
    contenders = {_RAW: _raw(world, secret), **_ours(world), **others}
    measured = measure(contenders, runs=scale.runs, rounds=scale.rounds, block=scale.block)
    model = measured[_MODEL]
    figures = (
        Figure.of(f"{_RAW} (the yardstick)", measured[_RAW]),
        Figure.of(_MODEL, model, at_most(1.6, model.ratios, 1.4)),
        Figure.of(_FIELDS, measured[_FIELDS]),
        *(Figure.of(f"{name} (no check)", measured[name]) for name in others),
    )
    return Section("Issuing", "ratio to the yardstick", figures)


def _secret(world: World) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(world.key.secret_bytes()), ec.SECP256R1())


def _raw(world: World, secret: ec.EllipticCurvePrivateKey) -> Call:
    """Signs with nonces of RFC 6979, as ours does, and verifies that, in one call."""
    message = signing_input(world.header().segment(), credential().encode())
    public = secret.public_key()
    signing, verifying = ec.ECDSA(SHA256(), deterministic_signing=True), ec.ECDSA(SHA256())
    return lambda: public.verify(secret.sign(message, signing), message, verifying)


def _ours(world: World) -> dict[str, Call]:
    issuer = Issuer(world.manifest, CheckedSigner(world.key), Registry.create("sqlite://"))
    certificate = _certificate()
    return {
        _MODEL: lambda: issuer.sign(Request(certificate, _LEARNER, _RUN), _PLACE, ISSUED),
        _FIELDS: lambda: issuer.sign(Request(_certificate(), _LEARNER, _RUN), _PLACE, ISSUED),
    }


def _certificate() -> Certificate:
    wanted = credential()
    return Certificate(learner=wanted.learner, course=course(), completed=wanted.completed)
