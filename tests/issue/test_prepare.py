"""Rows of a gradebook made requests: with their certificates, or with why not."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from signedcert.custody.signer import CheckedSigner
from signedcert.documents.digest import digest_sri
from signedcert.documents.record import CourseResult
from signedcert.errors import IssueError
from signedcert.issue.bulk import issue_rows
from signedcert.issue.issuer import Issuer
from signedcert.issue.prepare import Prepared, Row, Versions, bad_row, prepare, record_request
from signedcert.issue.requests import CertificateRequest, RecordRequest
from signedcert.issue.results import IssuedRow
from signedcert.issue.rows import BadRow
from signedcert.registry.registry import DocumentKey, DocumentRow, Registry
from tests.core.refusal import refused
from tests.institution.homes import COMPLETED, NOW, another_course, newer
from tests.issue.gradebooks import COURSE, RUN, gradebook_row, record, record_of
from tests.issue.test_bulk import row as roster_row
from tests.reference import World
from tests.reference import course as reference_course

COURSES = {one.id: one for one in (reference_course(), another_course())}
#: The next version of the course has no quiz.
ESSAYS = newer(
    reference_course(),
    title="Operations, Revised",
    format=[{"kind": "essay", "count": 2, "weight_percent": 100}],
)


@pytest.fixture
def issuer(world: World) -> Iterator[Issuer]:
    """An issuer with certificates of s-2 to s-5 in its registry, in memory."""
    registry = Registry.create("sqlite://")
    registry.add_course(reference_course(), NOW)
    issuer = Issuer(world.manifest, CheckedSigner(world.key), registry)
    rows = [roster_row(line, f"Learner {line}") for line in range(2, 6)]
    assert all(isinstance(one, IssuedRow) for one in issue_rows(issuer, COURSES, rows, NOW))
    yield issuer
    registry.close()


def certificate(issuer: Issuer, learner_id: str) -> DocumentRow:
    """The certificate of somebody."""
    key = DocumentKey("certificate", learner_id, COURSE, RUN)
    return issuer.registry.find_current([key])[key]


def test_a_row_asks_for_a_record_of_its_learners_certificate(issuer: Issuer) -> None:
    rows = [gradebook_row(line, str(line)) for line in (4, 2)]
    prepared = prepare(rows, COURSES, issuer)
    for one, source in zip(prepared, rows, strict=True):
        assert isinstance(one, Prepared)
        assert isinstance(one.asked, RecordRequest)
        assert one.row == source
        assert one.asked.credential.learner == f"Learner {source.line}"
        found = certificate(issuer, source.learner_id)
        assert one.asked.credential.id == found.document_id
        assert one.asked.certificate_digest == digest_sri(found.document)
        assert one.asked.record == source.record
        assert one.asked.key == ("record", source.learner_id, COURSE, RUN)


@pytest.mark.parametrize(
    "changes",
    [
        {"learner_id": "s-99"},
        {"course": another_course().id},
        {"course": "alchemy"},
        {"run": "2025"},
        {"run": "\ud800"},
        {"learner_id": "\ud800"},
        {"learner_id": ""},
    ],
)
def test_without_a_certificate_of_learner_course_and_run_there_is_no_record(
    issuer: Issuer, changes: dict[str, str]
) -> None:
    bad, good = prepare([gradebook_row(2, **changes), gradebook_row(3)], COURSES, issuer)
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.field, bad.reason) == (2, "learner_id", "certificate-missing")
    assert "signedcert issue" in bad.message
    bad.message.encode()
    assert isinstance(good, Prepared)


def test_bad_rows_stay_in_their_places(issuer: Issuer) -> None:
    bad = BadRow(3, "s-3", "Overall", "number-invalid", "x", "no number")
    prepared = prepare([gradebook_row(2), bad, gradebook_row(4)], COURSES, issuer)
    assert prepared[1] is bad
    assert [isinstance(one, Prepared) for one in prepared] == [True, False, True]
    assert prepare([], COURSES, issuer) == []


def test_rows_of_both_kinds_may_stand_in_one_batch(issuer: Issuer) -> None:
    rows: list[Row | BadRow] = [roster_row(9), gradebook_row(2), roster_row(9, course="alchemy")]
    certificate_, record_, unknown = prepare(rows, COURSES, issuer)
    assert isinstance(certificate_, Prepared)
    assert isinstance(record_, Prepared)
    assert isinstance(certificate_.asked, CertificateRequest)
    assert isinstance(record_.asked, RecordRequest)
    assert isinstance(unknown, BadRow)


def test_the_course_is_the_version_of_the_certificate_and_not_the_newest(issuer: Issuer) -> None:
    issuer.registry.add_course(ESSAYS, NOW)
    (one,) = prepare([gradebook_row(2)], {COURSE: ESSAYS}, issuer)
    assert isinstance(one, Prepared)
    assert isinstance(one.asked, RecordRequest)
    assert one.asked.course.text == reference_course().text
    essay = record_of(CourseResult("essay", Decimal(10), None, Decimal(9)))
    rows = [gradebook_row(2), gradebook_row(3, record=essay)]
    good, bad = issue_rows(issuer, {COURSE: ESSAYS}, rows, NOW)
    assert isinstance(good, IssuedRow)
    assert good.issued.bundle.course == reference_course().text
    assert good.issued.bundle.unverified_record().version == 1
    assert isinstance(bad, BadRow)
    assert (bad.reason, bad.field) == ("kind-unknown", "essay")


def test_a_version_is_looked_up_once(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[tuple[object, ...]] = []
    find = Registry.course

    def course(self: Registry, *asked: str | int | None) -> object:
        looked.append(asked)
        return find(self, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Registry, "course", course)
    versions = Versions({COURSE: ESSAYS}, issuer.registry)
    found = [versions.find(COURSE, 1) for _ in range(3)]
    assert {one.text for one in found} == {reference_course().text}
    assert versions.find(COURSE, 2) is ESSAYS
    assert looked == [(COURSE, 1)]


def test_a_version_that_is_not_in_the_catalogue_is_named(issuer: Issuer) -> None:
    versions = Versions({}, Registry.create("sqlite://"))
    with pytest.raises(IssueError, match="version 1 of the certificate") as caught:
        record_request(record(), certificate(issuer, "s-2"), versions)
    assert (caught.value.reason, caught.value.where) == ("course-unknown", "course")


def test_no_certificate_is_refused_for_a_record_alone_as_well(issuer: Issuer) -> None:
    with refused("certificate-missing", "learner_id", IssueError):
        record_request(record(), None, Versions(COURSES, issuer.registry))


# what a bad row shows


def test_a_bad_row_shows_the_field_and_what_was_in_it() -> None:
    row = gradebook_row(7, learner_id="s\u202e7")
    bad = bad_row(row, IssueError("certificate-missing", "none", where="learner_id"))
    assert bad == (7, r"s\u202e7", "learner_id", "certificate-missing", r"s\u202e7", "none")


@pytest.mark.parametrize("name", ["count", "index", "record", "line", "_fields", "__class__"])
def test_a_result_may_be_called_as_nothing_that_a_row_has(name: str) -> None:
    bad = bad_row(gradebook_row(7), IssueError("kind-unknown", "no such kind", where=name))
    assert (bad.field, bad.value) == (name, "")


def test_every_kind_of_refusal_has_its_line(issuer: Issuer) -> None:
    future = NOW.date() + timedelta(days=2)
    rows = [
        gradebook_row(2),
        gradebook_row(3, record=record(achieved=future)),
        gradebook_row(4, record=record(kind="essay")),
        gradebook_row(2, "71"),
        gradebook_row(2),
        gradebook_row(5, course="alchemy"),
    ]
    outcomes = list(issue_rows(issuer, COURSES, rows, NOW))
    told = [(one.field, one.reason) for one in outcomes if isinstance(one, BadRow)]
    assert told == [
        ("Week 1", "date-in-future"),
        ("Week 1", "kind-unknown"),
        ("learner_id", "already-issued"),
        ("learner_id", "certificate-missing"),
    ]
    first, again = (one for one in outcomes if isinstance(one, IssuedRow))
    assert (first.issued.again, again.issued.again) == (False, True)
    assert again.issued.bundle == first.issued.bundle


def test_the_certificate_is_not_changed_by_its_record(issuer: Issuer) -> None:
    before = certificate(issuer, "s-2")
    (outcome,) = issue_rows(issuer, COURSES, [gradebook_row(2)], NOW)
    assert isinstance(outcome, IssuedRow)
    assert certificate(issuer, "s-2") == before
    found = issuer.registry.find(outcome.issued.code)
    assert found is not None
    assert found.place != before.place
    assert found.code != before.code
    signed = outcome.issued.bundle.unverified_record()
    assert signed.completed == COMPLETED
    assert signed.certificate == before.document_id
