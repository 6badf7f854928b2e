"""The reference certificate, issued."""

import json

from tests.reference import ISSUED, World, course, credential, make_world

from benchmarks import peers, raw
from benchmarks.measure import Call, Figure, Scale, Section, at_most, measure
from signedcert.core.jws import signing_input
from signedcert.custody.signer import CheckedSigner
from signedcert.documents.certificate import Certificate
from signedcert.issue.issuer import Issuer
from signedcert.issue.requests import CertificateRequest
from signedcert.registry.registry import Registry

_MODEL = "Issuer.sign, from the model to the registry's row"
_FIELDS = "the same, the model made as well"
_LEARNER, _RUN, _PLACE = "s-1042", "2026-spring", (1, 77123)


def issuing(scale: Scale) -> Section:
    """A model signed, checked, given its code and ready for the registry, against the raw
    operations; and peers that sign only.
    """
    world = make_world()
    header, payload = world.header(), credential().encode()
    claims, kid = json.loads(payload), {"kid": str(header.kid)}
    others = peers.signing(claims, kid, raw.secret_of(world))
    yardstick = raw.signing(world, signing_input(header.segment(), payload))
    contenders = {raw.SIGNING: yardstick, **_ours(world), **others}
    measured = measure(contenders, runs=scale.runs, rounds=scale.rounds, block=scale.block)
    model = measured[_MODEL]
    figures = (
        Figure.of(f"{raw.SIGNING} (the yardstick)", measured[raw.SIGNING]),
        Figure.of(_MODEL, model, at_most(1.6, model.ratios, 1.4)),
        Figure.of(_FIELDS, measured[_FIELDS]),
        *(Figure.of(f"{name} (no check)", measured[name]) for name in others),
    )
    return Section("Issuing", "ratio to the yardstick", figures)


def _ours(world: World) -> dict[str, Call]:
    issuer = Issuer(world.manifest, CheckedSigner(world.key), Registry.create("sqlite://"))
    certificate = _certificate()
    return {
        _MODEL: lambda: issuer.sign(_request(certificate), _PLACE, ISSUED),
        _FIELDS: lambda: issuer.sign(_request(_certificate()), _PLACE, ISSUED),
    }


def _request(certificate: Certificate) -> CertificateRequest:
    return CertificateRequest(certificate, _LEARNER, _RUN)


def _certificate() -> Certificate:
    wanted = credential()
    return Certificate(learner=wanted.learner, course=course(), completed=wanted.completed)
