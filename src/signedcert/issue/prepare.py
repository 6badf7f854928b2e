"""Rows made requests: with the course that they name and, for a record, its certificate."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from signedcert.carriers.bundle import Bundle
from signedcert.core.jws import CompactJWS
from signedcert.documents.certificate import Certificate
from signedcert.documents.course import Course
from signedcert.documents.digest import digest_sri
from signedcert.documents.openbadges import Credential, parse_credential
from signedcert.documents.record import CourseRecord
from signedcert.documents.text import visible
from signedcert.errors import IssueError, SignedCertError
from signedcert.issue.corrections import CorrectionRow
from signedcert.issue.fallen import Fallen
from signedcert.issue.gradebook import REQUIRED, GradebookRow
from signedcert.issue.issuer import Issuer
from signedcert.issue.reissue import ReissueRow
from signedcert.issue.replacement import Asked, Correction, no_certificate
from signedcert.issue.requests import (
    CERTIFICATE_KIND,
    RECORD_KIND,
    CertificateRequest,
    RecordRequest,
    Request,
    is_unicode,
)
from signedcert.issue.roster import RosterRow
from signedcert.issue.rows import BadRow
from signedcert.registry.registry import DocumentKey, DocumentRow, Registry
from signedcert.registry.statuses import unknown
from signedcert.trust.reasons import Why

Row: TypeAlias = RosterRow | GradebookRow | CorrectionRow | ReissueRow


_KINDS = (CERTIFICATE_KIND, RECORD_KIND)


class Prepared(NamedTuple):
    """A row, and what it asks for."""

    row: Row
    asked: Asked


def prepare(
    rows: Sequence[Row | BadRow],
    courses: Mapping[str, Course],
    issuer: Issuer,
    *,
    replace_records: bool = False,
) -> list[Prepared | BadRow]:
    """What each row asks for, in their order; ``courses`` is the catalogue by id. With
    ``replace_records``, a row of a gradebook asks for the place of a record with other results.
    """
    sources = _Sources(rows, courses, issuer, replace_records=replace_records)
    prepared: list[Prepared | BadRow] = []
    for row in rows:
        if isinstance(row, BadRow):
            prepared.append(row)
            continue
        try:
            asked = sources.asked(row)
        except SignedCertError as error:
            prepared.append(bad_row(row, error))
        else:
            prepared.append(Prepared(row, asked))
    return prepared


def bad_row(row: Row, error: SignedCertError) -> BadRow:
    """The row with what is wrong with it. A field may also be a result, whatever its name; it is
    named by its column.
    """
    field = error.where
    fields: tuple[str, ...] = row._fields
    if isinstance(row, GradebookRow):
        columns = {result.name: result.title or result.kind for result in row.record.results}
        field, fields = columns.get(field, field), REQUIRED
    elif isinstance(row, CorrectionRow | ReissueRow) and field in ("learner_id", row.label):
        field = "code"
    value = visible(str(getattr(row, field) or "")) if field in fields else ""
    return BadRow(row.line, visible(row.label), field, error.reason, value, error.message)


def correction(
    registry: Registry,
    old: DocumentRow,
    corrected: Certificate | CourseRecord,
    reason: Why,
    *,
    name_confirmed: bool,
) -> Correction:
    """What asks for ``corrected`` in the place of ``old``, for the same learner and run.

    Raises IssueError: ``document-differs``, it is another kind of document, or of another course;
    what ``record_request`` refuses.
    """
    learner_id, run = old.key.learner_id, old.key.run
    if isinstance(corrected, Certificate):
        request: Request = CertificateRequest(corrected, learner_id, run, name_confirmed)
    else:
        key = old.key._replace(kind=CERTIFICATE_KIND)
        certificate = registry.find_current([key]).get(key)
        request = record_request(corrected, certificate, Versions({}, registry))
    if request.key != old.key:
        message = (
            f"it is a {old.key.kind} of {old.key.course_id}, and what is to replace it is a "
            f"{request.key.kind} of {request.key.course_id}; revoke the one, issue the other"
        )
        raise IssueError("document-differs", message, where=str(old.code))
    return Correction(request, old, reason)


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
    credential = _credential(certificate)
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


class _Sources:
    """What a batch of rows refers to, read at once."""

    def __init__(
        self,
        rows: Sequence[Row | BadRow],
        courses: Mapping[str, Course],
        issuer: Issuer,
        *,
        replace_records: bool,
    ) -> None:
        keys = [_certificate_key(row) for row in rows if isinstance(row, GradebookRow)]
        keys = [key for key in keys if is_unicode(key)]
        records = [key._replace(kind=RECORD_KIND) for key in keys] if replace_records else []
        codes = [row.code for row in rows if isinstance(row, CorrectionRow | ReissueRow)]
        anew = {row.code for row in rows if isinstance(row, ReissueRow)}
        registry = issuer.registry
        self._courses = courses
        self._versions = Versions(courses, registry)
        self._documents = registry.find_all(codes)
        fell = [row for code, row in self._documents.items() if code in anew]
        theirs = [row.key._replace(kind=kind) for row in fell for kind in _KINDS]
        self._current = registry.find_current([*keys, *records, *theirs])
        recent = (self._current[key] for key in theirs if key in self._current)
        self._fallen = Fallen(issuer.manifest, registry).among([*fell, *recent])

    def asked(self, row: Row) -> Asked:
        """What one of the rows asks for."""
        if isinstance(row, RosterRow):
            return _certificate(row, self._courses)
        if isinstance(row, GradebookRow):
            return self._record(row)
        return self._correction(row) if isinstance(row, CorrectionRow) else self._reissue(row)

    def _record(self, row: GradebookRow) -> Asked:
        certificate = self._current.get(_certificate_key(row))
        request = record_request(row.record, certificate, self._versions)
        old = self._current.get(request.key)
        if old is None or old.claims == request.claims:
            return request
        # In whichever order the columns stand, they say the same.
        issued = Bundle(old.document).unverified_record().results
        if set(issued) == set(row.record.results):
            request = request._replace(record=CourseRecord(issued))
            if old.claims == request.claims:
                return request
        return Correction(request, old, "corrected", by_code=False)

    def _correction(self, row: CorrectionRow) -> Asked:
        old = self._documents.get(row.code)
        if old is None:
            raise unknown(row.code)
        if old.key.kind != CERTIFICATE_KIND:
            raise no_certificate(old.code)
        return Correction(self._corrected(old, row), old, row.reason)

    def _corrected(self, old: DocumentRow, row: CorrectionRow) -> CertificateRequest:
        said = _credential(old)
        certificate = Certificate(
            learner=said.learner if row.name is None else row.name,
            course=self._versions.find(said.course, said.version),
            completed=row.completed or said.completed,
            started=row.started or said.started,
            valid_until=said.valid_until,
        )
        # A name that stays was confirmed when it was issued, or had no need to be.
        confirmed = row.name_confirmed or row.name is None
        return CertificateRequest(certificate, old.key.learner_id, old.key.run, confirmed)

    def _reissue(self, row: ReissueRow) -> Asked:
        named = self._documents.get(row.code)
        if named is None:
            raise unknown(row.code)
        old = self._record_of(named) if row.its_record else named
        current = self._current.get(old.key, old)
        if not row.its_record and old.code not in self._fallen:
            raise _stands(old)
        if current.code != old.code and current.code in self._fallen:
            raise _fell_too(old, current)
        if old.key.kind == CERTIFICATE_KIND:
            same = self._corrected(old, CorrectionRow(row.line, old.code))
            return Correction(same, old, "other", anew=True)
        request = self._record_again(old)
        if row.its_record and old.claims == request.claims:
            return request
        return Correction(request, old, "other", by_code=not row.its_record, anew=True)

    def _record_of(self, certificate: DocumentRow) -> DocumentRow:
        return self._current[certificate.key._replace(kind=RECORD_KIND)]

    def _record_again(self, old: DocumentRow) -> RecordRequest:
        """The same results, for the certificate that there is now."""
        certificate = self._current.get(old.key._replace(kind=CERTIFICATE_KIND))
        if certificate is not None and certificate.code in self._fallen:
            message = f"its certificate, {certificate.code}, fell too, and was not issued anew"
            raise IssueError("certificate-missing", message, where=str(old.code))
        results = Bundle(old.document).unverified_record().results
        return record_request(CourseRecord(results), certificate, self._versions)


def _stands(old: DocumentRow) -> IssueError:
    message = (
        "it did not fall: by the newest manifest, its key is not stolen, or it was logged before "
        "the theft"
    )
    return IssueError("document-stands", message, where=str(old.code))


def _fell_too(old: DocumentRow, current: DocumentRow) -> IssueError:
    message = f"{current.code} has taken its place, and fell too; issue that one anew"
    return IssueError("status-final", message, where=str(old.code))


def _credential(certificate: DocumentRow) -> Credential:
    return parse_credential(CompactJWS.parse(certificate.document.encode()).payload)


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
