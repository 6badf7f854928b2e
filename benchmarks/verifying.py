"""The reference certificate, verified."""

from tests.reference import AT, ISSUER, World, course, make_world

from benchmarks import peers, raw
from benchmarks.measure import Bar, Call, Figure, Measured, Scale, Section, at_most, measure
from signedcert.trust.jwks import standard_jwk
from signedcert.verify.policy import Policy
from signedcert.verify.verifier import Verifier

_WHOLE = "Verifier.verify, with code"
_POLICY = "Verifier.verify, with code and policy"


def verification(scale: Scale) -> Section:
    """All steps of ours, and signature and claims of the peers, against the raw operation."""
    world = make_world()
    document = world.document()
    others = peers.verifying(document.decode(), standard_jwk(world.manifest.keys[0]))
    contenders = {
        raw.VERIFICATION: raw.verification(world, document),
        **_ours(world, document),
        **others,
    }
    measured = measure(contenders, runs=scale.runs, rounds=scale.rounds, block=scale.block)
    ours, bar = (_WHOLE, _POLICY), measured[_POLICY]
    figures = (
        Figure.of(f"{raw.VERIFICATION} (the yardstick)", measured[raw.VERIFICATION]),
        *(
            Figure.of(name, measured[name], at_most(1.6, measured[name].ratios, 1.35))
            for name in ours
        ),
        *(Figure.of(name, measured[name], _slower(measured[name], bar)) for name in others),
    )
    return Section("Verification", "ratio to the yardstick", figures)


def _slower(peer: Measured, ours: Measured) -> Bar:
    return Bar("ours is faster", min(peer.ratios) > min(ours.ratios))


def _ours(world: World, document: bytes) -> dict[str, Call]:
    """Bytes to VerifiedCertificate."""
    verifier = Verifier(world.trust)
    strict = Verifier(world.trust, Policy(issuer=ISSUER, course=course().id))
    code = str(verifier.verify(document, at=AT).code)
    return {
        _WHOLE: lambda: verifier.verify(document, at=AT, code=code),
        _POLICY: lambda: strict.verify(document, at=AT, code=code),
    }
