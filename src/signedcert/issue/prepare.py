"""Rows made requests: with the course that they name and, for a record, its certificate."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from signedcert.core.jws import CompactJWS
from signedcert.documents.certificate import Certificate
from signedcert.documents.course import Course
from signedcert.documents.digest import digest_sri
from signedcert.documents.openbadges import parse_credential
from signedcert.documents.record import CourseRecord
from signedcert.documents.text import visible
from signedcert.errors import IssueError, SignedCertError
from signedcert.issue.gradebook import REQUIRED, GradebookRow
from signedcert.issue.requests import (
    CERTIFICATE_KIND,
    CertificateRequest,
    RecordRequest,
    Request,
    is_unicode,
)
from signedcert.issue.roster import RosterRow
from signedcert.issue.rows import BadRow
from signedcert.registry.registry import DocumentKey, DocumentRow, Registry

Row: TypeAlias = RosterRow | GradebookRow


class Prepared(NamedTuple):
    """A row, and what it asks for."""

    row: Row
    request: Request


def prepare(
    rows: Sequence[Row | BadRow], courses: Mapping[str, Course], registry: Registry
) -> list[Prepared | BadRow]:
    """What each row asks for, in their order; ``courses`` is the catalogue by id."""
    keys = [_certificate_key(row) for row in rows if isinstance(row, GradebookRow)]
    certificates = registry.find_current([key for key in keys if is_unicode(key)])
    versions = Versions(courses, registry)
    prepared: list[Prepared | BadRow] = []
    for row in rows:
        if isinstance(row, BadRow):
            prepared.append(row)
            continue
        try:
            if isinstance(row, RosterRow):
                request: Request = _certificate(row, courses)
            else:
                certificate = certificates.get(_certificate_key(row))
                request = record_request(row.record, certificate, versions)
        except SignedCertError as error:
            prepared.append(bad_row(row, error))
        else:
            prepared.append(Prepared(row, request))
    return prepared


def bad_row(row: Row, error: SignedCertError) -> BadRow:
    """The row with what is wrong with it. A field may also be a result, whatever its name; it is
    named by its column.
    """
    results = row.record.results if isinstance(row, GradebookRow) else ()
    columns = {result.name: result.title or result.kind for result in results}
    fields = REQUIRED if isinstance(row, GradebookRow) else row._fields
    value = visible(str(getattr(row, error.where))) if error.where in fields else ""
    learner_id, field = visible(row.learner_id), columns.get(error.where, error.where)
    return BadRow(row.line, learner_id, field, error.reason, value, error.message)


def record_request(
    record: CourseRecord, certificate: DocumentRow | None, versions: "Versions"
) -> RecordRequest:
    """A record for the learner, course and run of a certificate.

    Raises IssueError ``certificate-missing``.
    """
    if certificate is None:
        message = (
            "no certificate was issued for this learner, course and run, and a record belongs to "
            "one; issue it first, with: signedcert issue"
        )
        raise IssueError("certificate-missing", message, where="learner_id")
    credential = parse_credential(CompactJWS.parse(certificate.document.encode()).payload)
    return RecordRequest(
        record,
        credential,
        digest_sri(certificate.document),
        versions.find(credential.course, credential.version),
        certificate.key.learner_id,
        certificate.key.run,
    )


class Versions:
    """Courses as certificates name them; ``courses`` are the newest versions, by id."""

    def __init__(self, courses: Mapping[str, Course], registry: Registry) -> None:
        self._registry = registry
        self._known = {(course.id, course.version): course for course in courses.values()}

    def find(self, course_id: str, version: int) -> Course:
        """One version of a course. Raises IssueError ``course-unknown``."""
        course = self._known.get((course_id, version))
        if course is None:
            row = self._registry.course(course_id, version)
            if row is None:
                message = f"version {version} of the certificate is not in the catalogue"
                raise IssueError("course-unknown", message, where="course")
            course = self._known[course_id, version] = Course.parse(row.text.encode())
        return course


def _certificate(row: RosterRow, courses: Mapping[str, Course]) -> CertificateRequest:
    course = courses.get(row.course)
    if course is None:
        known = ", ".join(sorted(courses)) or "none yet"
        message = f"not in the catalogue, which has: {known}"
        raise IssueError("course-unknown", message, where="course")
    certificate = Certificate(
        learner=row.name, course=course, completed=row.completed, started=row.started
    )
    # A roster names a course, not a version of it: run again after a new version, it is the same.
    return CertificateRequest(
        certificate, row.learner_id, row.run, row.name_confirmed, any_version=True
    )


def _certificate_key(row: GradebookRow) -> DocumentKey:
    return DocumentKey(CERTIFICATE_KIND, row.learner_id, row.course, row.run)
