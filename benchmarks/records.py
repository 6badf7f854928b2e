"""The reference record with its 15 results, issued and verified."""

from tests.reference import AT, ISSUED, World, course, credential, make_world, results

from benchmarks import raw
from benchmarks.measure import Call, Figure, Measured, Scale, Section, measure
from signedcert.carriers.bundle import Bundle
from signedcert.core.jws import CompactJWS
from signedcert.custody.signer import CheckedSigner
from signedcert.documents.digest import digest_sri
from signedcert.documents.record import CourseRecord
from signedcert.issue.issuer import Issuer
from signedcert.issue.requests import RecordRequest
from signedcert.registry.registry import Registry
from signedcert.verify.verifier import Verifier

_MODEL = "Issuer.sign, from the model to the registry's row"
_FIELDS = "the same, the model made as well"
_WHOLE = "Verifier.verify_record, all results and the name, with code"
_PART = "Verifier.verify_record, the final score alone, with code"
_LEARNER, _RUN, _PLACE = "s-1042", "2026-spring", (1, 77123)


def records(scale: Scale) -> Section:
    """A model signed, checked, given its code and ready for the registry; and a document verified;
    each against the raw operations over the same bytes.
    """
    world = make_world()
    document = _issuer(world).sign(_request(world, _results()), _PLACE, ISSUED).document
    jwt = document.partition("~")[0].encode()
    signed = CompactJWS.parse(jwt).signing_input
    issuing = _measure(scale, {raw.SIGNING: raw.signing(world, signed), **_issuing(world)})
    verifying = _measure(
        scale, {raw.VERIFICATION: raw.verification(world, jwt), **_verifying(world, document)}
    )
    figures = tuple(
        Figure.of(
            f"{name} (the yardstick)" if name in (raw.SIGNING, raw.VERIFICATION) else name, one
        )
        for name, one in (issuing | verifying).items()
    )
    return Section(f"Records of {len(results())} results", "ratio to the yardstick above", figures)


def _measure(scale: Scale, contenders: dict[str, Call]) -> dict[str, Measured]:
    return measure(contenders, runs=scale.runs, rounds=scale.rounds, block=scale.block)


def _issuer(world: World) -> Issuer:
    return Issuer(world.manifest, CheckedSigner(world.key), Registry.create("sqlite://"))


def _results() -> CourseRecord:
    return CourseRecord(results())


def _request(world: World, record: CourseRecord) -> RecordRequest:
    digest = digest_sri(world.document().decode())
    return RecordRequest(record, credential(), digest, course(), _LEARNER, _RUN)


def _issuing(world: World) -> dict[str, Call]:
    issuer, request = _issuer(world), _request(world, _results())
    return {
        _MODEL: lambda: issuer.sign(request, _PLACE, ISSUED),
        _FIELDS: lambda: issuer.sign(request._replace(record=_results()), _PLACE, ISSUED),
    }


def _verifying(world: World, document: str) -> dict[str, Call]:
    """Bytes to VerifiedRecord."""
    verifier = Verifier(world.trust)
    part = Bundle(document).present([len(results())], with_name=False).document
    code = str(Bundle(document).code)
    whole, final = document.encode(), part.encode()
    return {
        _WHOLE: lambda: verifier.verify_record(whole, at=AT, code=code),
        _PART: lambda: verifier.verify_record(final, at=AT, code=code),
    }
