"""Requests for course records: what is claimed, what is refused, and the document it leads to."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from signedcert.core.encoding import b64url_decode, parse_json
from signedcert.core.jws import CompactJWS
from signedcert.core.sdjwt import SDJWT, Disclosure
from signedcert.custody.signer import CheckedSigner
from signedcert.documents.digest import digest_sri
from signedcert.documents.record import CourseRecord, CourseResult
from signedcert.documents.recordbadge import parse_record, parse_sd_jwt
from signedcert.errors import IssueError
from signedcert.issue import issuer as module
from signedcert.issue.issuer import Issuer
from signedcert.issue.requests import Place, RecordRequest
from signedcert.registry.registry import DocumentRow, Registry
from tests.core.refusal import refused
from tests.institution.homes import NOW, newer
from tests.issue.gradebooks import record, record_of
from tests.reference import World, credential, results
from tests.reference import course as reference_course

PLACE = (1, 77124)
FINAL = results()[-1]


def request(course_record: CourseRecord | None = None, **changes: object) -> RecordRequest:
    """A request for the record that belongs to the reference certificate."""
    digest = digest_sri("the certificate")
    usual = RecordRequest(
        course_record or record(), credential(), digest, reference_course(), "s-1", "2026"
    )
    return usual._replace(**changes)  # type: ignore[arg-type]


@pytest.fixture
def issuer(world: World) -> Issuer:
    """An issuer with nothing in its registry."""
    return Issuer(world.manifest, CheckedSigner(world.key), Registry.create("sqlite://"))


def sign(issuer: Issuer, wanted: RecordRequest, at: datetime = NOW) -> DocumentRow:
    """The row of a record that nobody has written down."""
    return issuer.sign(wanted, PLACE, at)


def salts(row: DocumentRow) -> list[bytes]:
    """The salts of its disclosures."""
    values = [parse_json(b64url_decode(one.segment), 10**6) for one in _disclosures(row.document)]
    return [b64url_decode(value[0].encode()) for value in values]


def _disclosures(document: str) -> tuple[Disclosure, ...]:
    return SDJWT.parse(document.encode()).disclosures


# what comes out


def test_a_record_says_what_was_achieved_and_is_whole(issuer: Issuer) -> None:
    _, signed = parse_sd_jwt(sign(issuer, request()).document)
    assert signed.results == results()
    assert signed.partial is False
    assert len(signed.results) == 15


def test_whose_record_it_is_and_when_its_certificate_says(issuer: Issuer) -> None:
    until = datetime(2030, 1, 1, tzinfo=UTC)
    certificate = credential()._replace(started=date(2026, 5, 2), valid_until=until)
    _, signed = parse_sd_jwt(sign(issuer, request(credential=certificate)).document)
    assert (signed.learner, signed.started, signed.completed, signed.valid_until) == (
        certificate.learner,
        date(2026, 5, 2),
        certificate.completed,
        until,
    )
    course = (signed.course, signed.version, signed.title, signed.digest)
    assert course == (
        certificate.course,
        certificate.version,
        certificate.title,
        certificate.digest,
    )
    assert (signed.description, signed.narrative) == (
        certificate.description,
        certificate.narrative,
    )


def test_it_names_its_certificate_by_id_and_by_the_digest_of_its_text(issuer: Issuer) -> None:
    _, signed = parse_sd_jwt(sign(issuer, request()).document)
    assert signed.certificate == credential().id
    assert signed.certificate_digest == digest_sri("the certificate")


def test_ids_place_and_moment_are_its_own(issuer: Issuer) -> None:
    at = datetime(2026, 7, 9, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    row = sign(issuer, request(), at)
    _, signed = parse_sd_jwt(row.document)
    _, other = parse_sd_jwt(sign(issuer, request(), at).document)
    ids = {one for each in (signed, other, credential()) for one in (each.id, each.subject)}
    assert len(ids) == 6
    assert {UUID(one).version for one in ids} == {4}
    assert row.document_id == signed.id
    assert (signed.status_list, signed.status_index) == PLACE == row.place
    assert signed.valid_from == datetime(2026, 7, 9, 10, 0, tzinfo=UTC)


def test_the_institution_is_named_as_it_is_now(world: World) -> None:
    renamed = replace(world.manifest, name="University of Elsewhere")
    issuer = Issuer(renamed, CheckedSigner(world.key), Registry.create("sqlite://"))
    _, signed = parse_sd_jwt(sign(issuer, request()).document)
    assert signed.issuer_name == "University of Elsewhere"
    assert signed.issuer == credential().issuer


def test_its_header_says_that_it_is_a_record(issuer: Issuer) -> None:
    row = sign(issuer, request())
    jws = CompactJWS.parse(row.document.partition("~")[0].encode())
    header = parse_json(b64url_decode(jws.signing_input.partition(b".")[0]), 10**4)
    assert header == {
        "alg": "ES256",
        "kid": issuer.manifest.keys[0].url,
        "typ": "vc+sd-jwt",
    }


def test_no_two_disclosures_share_a_salt(issuer: Issuer) -> None:
    found = salts(sign(issuer, request())) + salts(sign(issuer, request()))
    assert len(found) == 2 * 16
    assert len(set(found)) == len(found)
    assert {len(one) for one in found} == {16}


def test_neither_name_nor_values_are_in_what_is_signed(issuer: Issuer) -> None:
    row = sign(issuer, request())
    payload = CompactJWS.parse(row.document.partition("~")[0].encode()).payload
    for secret in ("María", "81.0625", "82.5", "Failed", "Enrolled", "2026-06-26"):
        assert secret.encode() not in payload
    assert b"Week 1" in payload
    assert parse_record(payload, ()).learner is None


def test_the_hosts_own_identifiers_are_not_in_it(issuer: Issuer) -> None:
    row = sign(issuer, request(learner_id="matriculation-4711", run="run-0815"))
    payload = CompactJWS.parse(row.document.partition("~")[0].encode()).payload
    shown = b"".join([payload, *(one.value for one in _disclosures(row.document))])
    assert b"4711" not in shown
    assert b"0815" not in shown
    assert row.key == ("record", "matriculation-4711", reference_course().id, "run-0815")


def test_an_offensive_code_is_never_given_and_another_is_drawn(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[str] = []

    def offensive(symbols: str) -> bool:
        codes.append(symbols)
        return len(codes) < 3

    monkeypatch.setattr(module, "is_offensive", offensive)
    row = sign(issuer, request())
    assert len(set(codes)) == 3
    assert row.code.symbols == codes[-1]


def test_a_document_that_no_verifier_would_read_is_not_issued(issuer: Issuer) -> None:
    parts = ({"kind": "quiz", "count": 99, "weight_percent": 100},)
    course = reference_course().model_copy(update={"version": 2, "format": parts})

    def of(length: int) -> RecordRequest:
        quizzes = [
            CourseResult("quiz", Decimal(10), f"{number:{length}}".replace(" ", "x"), Decimal(9))
            for number in range(99)
        ]
        return request(record_of(*quizzes), course=course)

    with refused("too-large", "results"):
        sign(issuer, of(250))
    assert len(sign(issuer, of(40)).document) < 64 * 1024


def test_a_draft_is_read_back_before_it_is_signed(world: World) -> None:
    """What a certificate said once does not make a record of a text that breaks a rule."""
    wrong = credential()._replace(learner="A\u202eda")
    with refused("text-bidi"):
        request(credential=wrong).draft(Place(world.manifest, *PLACE, NOW), set())


# claims

QUIZ = CourseResult("quiz", Decimal(10), "Week 1", Decimal(9), "Completed", date(2026, 5, 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Week 2"},
        {"title": None},
        {"kind": "practice problems"},
        {"maximum": Decimal(20)},
        {"value": Decimal("8.5")},
        {"value": None},
        {"status": "Provisional"},
        {"achieved": None},
        {"achieved": date(2026, 5, 2)},
    ],
    ids=str,
)
def test_claims_are_told_apart_by_every_field_of_a_result(changes: dict[str, object]) -> None:
    changed = QUIZ._replace(**changes)  # type: ignore[arg-type]
    assert request(record_of(changed)).claims != request(record_of(QUIZ)).claims


def test_claims_are_told_apart_by_certificate_and_by_order_and_number_of_results() -> None:
    other = QUIZ._replace(title="Week 2")
    variations = [
        request(record_of(QUIZ)),
        request(record_of(QUIZ, other)),
        request(record_of(other, QUIZ)),
        request(CourseRecord((FINAL, QUIZ))),
        request(record_of(QUIZ), credential=credential()._replace(id=str(UUID(int=7)))),
    ]
    assert len({one.claims for one in variations}) == len(variations)


@pytest.mark.parametrize("value", ["9.0", "9.00", "0.9E+1", "90E-1"])
def test_a_number_in_another_spelling_is_the_same_claim(value: str) -> None:
    respelled = QUIZ._replace(value=Decimal(value), maximum=Decimal("1E+1"))
    assert request(record_of(respelled)).claims == request(record_of(QUIZ)).claims


def test_the_same_request_claims_the_same() -> None:
    assert request().claims == request().claims
    assert len(request().claims) == 32


# refusals


@pytest.mark.parametrize(
    ("others", "where"),
    [
        ([QUIZ._replace(kind="essay")], "essay: Week 1"),
        ([QUIZ._replace(kind="Quiz")], "Quiz: Week 1"),
        ([QUIZ._replace(title=f"Week {n}") for n in range(7)], "quiz: Week 6"),
        (
            [CourseResult("final exam", Decimal(1), title) for title in (None, "again")],
            "final exam: again",
        ),
    ],
)
def test_a_result_that_the_format_has_no_place_for_is_refused(
    issuer: Issuer, others: list[CourseResult], where: str
) -> None:
    with pytest.raises(IssueError, match=r"has: .*6 quiz, 1 final exam") as caught:
        sign(issuer, request(record_of(*others)))
    assert (caught.value.reason, caught.value.where) == ("kind-unknown", where)


def test_as_many_results_as_the_format_has_are_taken(issuer: Issuer) -> None:
    quizzes = [QUIZ._replace(title=f"Week {n}") for n in range(6)]
    assert sign(issuer, request(record_of(*quizzes))).key.kind == "record"


def test_the_format_is_that_of_the_version_that_the_certificate_names(issuer: Issuer) -> None:
    parts = ({"kind": "essay", "count": 1, "weight_percent": 100},)
    second = newer(reference_course(), format=parts)
    essay = request(record_of(QUIZ._replace(kind="essay")), course=second)
    assert sign(issuer, essay).course_version == 2
    with refused("kind-unknown", kind=IssueError):
        sign(issuer, request(record_of(QUIZ), course=second))


@pytest.mark.parametrize(
    ("at", "latest"),
    [
        (datetime(2026, 7, 9, 9, 59, 59, tzinfo=UTC), date(2026, 7, 9)),
        (datetime(2026, 7, 9, 10, 0, tzinfo=UTC), date(2026, 7, 10)),
        (datetime(2026, 7, 8, 23, 0, tzinfo=timezone(-timedelta(hours=11))), date(2026, 7, 10)),
    ],
)
def test_a_result_is_achieved_today_at_the_date_line_at_the_latest(
    at: datetime, latest: date
) -> None:
    request(record_of(QUIZ._replace(achieved=latest))).check(at)
    with refused("date-in-future", "quiz: Week 1"):
        request(record_of(QUIZ._replace(achieved=latest + timedelta(days=1)))).check(at)


def test_of_a_certificate_that_has_run_out_there_is_no_new_record(issuer: Issuer) -> None:
    with refused("validity-reversed", "valid_until"):
        sign(issuer, request(credential=credential()._replace(valid_until=NOW)))
