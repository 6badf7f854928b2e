"""A corrected document, in the place of one that was issued."""

from datetime import datetime

from signedcert.core.encoding import whole_seconds
from signedcert.documents.certificate import Certificate
from signedcert.documents.record import CourseRecord
from signedcert.errors import IssueError
from signedcert.issue.issuer import Issuer
from signedcert.issue.prepare import Versions, record_request
from signedcert.issue.requests import CERTIFICATE_KIND, CertificateRequest, Request
from signedcert.registry.errors import ConflictError
from signedcert.registry.registry import DocumentRow, Registry
from signedcert.registry.statuses import RefusedChangesError, StatusChange
from signedcert.trust.reasons import Why
from signedcert.trust.statuslist import REPLACED, REVOKED

#: Others may take the place in a status list that was drawn; that they do so twice is rare.
_ATTEMPTS = 20


def correction(
    registry: Registry,
    old: DocumentRow,
    corrected: Certificate | CourseRecord,
    *,
    name_confirmed: bool,
) -> Request:
    """What asks for ``corrected``, for the learner and run of ``old``.

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
    return request


def replace_document(
    issuer: Issuer, old: DocumentRow, request: Request, reason: Why, at: datetime
) -> DocumentRow:
    """Issues what is asked for, and makes ``old`` replaced in the same transaction. An ``old`` that
    was revoked stays so.

    Raises IssueError: ``already-issued``, it says the same and neither is ``old`` revoked nor the
    reason "other"; what ``StatusTable.change`` and ``Issuer.sign`` refuse; ``registry-busy``.
    """
    at = whole_seconds(at, "at")
    change = _change(issuer.registry, old, request, reason)
    for _ in range(_ATTEMPTS):
        (place,) = issuer.registry.draw_status(1)
        row = issuer.sign(request, place, at)
        try:
            issuer.registry.replace(old.code, change, row, at)
        except ConflictError:  # another process was first: draw again
            continue
        except RefusedChangesError as refused:
            raise refused.errors[0] from None
        return row
    message = f"the registry was busy {_ATTEMPTS} times in a row; try again"
    raise IssueError("registry-busy", message)


def _change(
    registry: Registry, old: DocumentRow, request: Request, reason: Why
) -> StatusChange | None:
    """What is said of ``old``; None if that it is revoked, and stays so."""
    status = registry.statuses.of(old.code)
    if status is not None and status.status == REVOKED:
        current = registry.find_current([old.key]).get(old.key)
        if current is not None and current.code == old.code:
            return None
        message = "it is revoked, and another one was issued since; that is the one to replace"
        raise IssueError("status-final", message, where=str(old.code))
    same = (old.claims, old.course_version) == (request.claims, request.course.version)
    if same and reason != "other":
        message = "it says exactly this; to issue it anew all the same, give the reason other"
        raise IssueError("already-issued", message, where=str(old.code))
    return StatusChange(old.code, REPLACED, reason)
