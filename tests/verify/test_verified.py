"""What ``verify`` returns is what was signed, field by field."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.documents.openbadges import Credential
from signedcert.verify.report import VerifiedCertificate
from signedcert.verify.verifier import Verifier
from tests.reference import AT, ISSUED, ISSUER, NAME, World, course, credential
from tests.verify.test_steps import code_of

SIGNED = credential()._replace(
    started=date(2026, 5, 11),
    valid_until=ISSUED + timedelta(days=100),
    issuer_name="Another name",
    version=3,
    digest="sha256-" + "A" * 43 + "=",
)

#: Where each signed field is shown.
SHOWN: dict[str, Callable[[VerifiedCertificate], object]] = {
    "id": lambda shown: shown.id,
    "title": lambda shown: shown.course.title,
    "issuer": lambda shown: shown.issuer.id,
    "valid_from": lambda shown: shown.issued,
    "valid_until": lambda shown: shown.valid_until,
    "learner": lambda shown: shown.learner,
    "started": lambda shown: shown.started,
    "completed": lambda shown: shown.completed,
    "course": lambda shown: shown.course.id,
    "version": lambda shown: shown.course.version,
    "description": lambda shown: shown.course.description,
    "narrative": lambda shown: shown.course.criteria,
    "digest": lambda shown: shown.course.digest,
    "issuer_name": lambda shown: shown.signed.issuer_name,
    "subject": lambda shown: shown.signed.subject,
    "status_list": lambda shown: shown.signed.status_list,
    "status_index": lambda shown: shown.signed.status_index,
}


def verify(world: World, signed: Credential, **more: Any) -> VerifiedCertificate:  # noqa: ANN401
    return Verifier(world.trust).verify(world.sign(signed.encode()), at=AT, **more)


def test_every_signed_field_is_shown() -> None:
    assert set(SHOWN) == set(Credential._fields)


@pytest.mark.parametrize("field", SHOWN)
def test_a_field_is_shown_as_it_was_signed(field: str, world: World, ed25519_world: World) -> None:
    for one in (world, ed25519_world):
        for signed in (SIGNED, credential()):
            assert SHOWN[field](verify(one, signed)) == getattr(signed, field)


def test_the_issuer_s_name_is_the_one_that_the_trust_store_knows(world: World) -> None:
    assert verify(world, SIGNED).issuer.name == NAME


def test_the_course_has_its_address_under_the_issuer(world: World) -> None:
    shown = verify(world, SIGNED).course
    assert shown.url == f"{ISSUER}/courses/operations-management/3.json"


def test_the_code_is_the_document_s(world: World) -> None:
    document = world.sign(SIGNED.encode())
    shown = Verifier(world.trust).verify(document, at=AT, code=code_of(document))
    assert str(shown.code) == code_of(document)


def test_the_text_of_the_course_is_there_if_it_was_at_hand(world: World) -> None:
    document = world.document().decode()
    verifier = Verifier(world.trust)
    assert verifier.verify(Bundle(document), at=AT).course.text is None
    assert verifier.verify(Bundle(document, course().text), at=AT).course.text == course().text


def test_a_report_of_an_authentic_document_holds_the_same(world: World) -> None:
    report = Verifier(world.trust).report(world.sign(SIGNED.encode()), at=AT)
    assert report.credential == report.unverified_claims() == SIGNED


def test_bytes_and_bundle_are_the_same_document(world: World) -> None:
    document = world.document()
    verifier = Verifier(world.trust)
    assert (
        verifier.verify(document, at=AT)
        == verifier.verify(Bundle(document.decode()), at=AT)
        == verifier.verify(Bundle(document.decode()).encode(), at=AT)
    )
