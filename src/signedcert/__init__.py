"""Course certificates that anyone can check, on the web or with no network at all.

Set an institution up, publish a course, issue a certificate::

    >>> from datetime import UTC, date, datetime
    >>> from signedcert import Bundle, Certificate, Course, Institution, TrustStore, Verifier
    >>> now = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
    >>> university = Institution.create(
    ...     home, name="Example University", url="https://learn.example.edu",
    ...     root=usb_stick, passphrase="correct horse battery staple", at=now)
    >>> course = university.add_course(Course.read(course_file), at=now)
    >>> issued = university.issue(
    ...     Certificate(learner="María-José Nguyễn", course=course, completed=date(2026, 6, 30)),
    ...     learner_id="s-1042", run="2026-spring", at=now)
    >>> issued.bundle.write(file)

Verify it, anywhere, with what the institution publishes::

    >>> trust = TrustStore.empty().add(university.manifests, pin=university.pin)
    >>> verified = Verifier(trust).verify(Bundle.read(file), at=now, code=str(issued.code))
    >>> verified.learner, verified.course.title, verified.issuer.name
    ('María-José Nguyễn', 'Introduction to Operations Management', 'Example University')

What is not authentic raises, and says why::

    >>> altered = Bundle(issued.bundle.document[:-4] + "AAAA")
    >>> Verifier(trust).verify(altered, at=now)
    Traceback (most recent call last):
    signedcert.errors.RejectedError: ... [bad-signature]

Times come in as ``at``, with a time zone; nothing here reads a clock or opens a connection.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from signedcert.errors import (
    ConfigurationError,
    IssueError,
    MalformedError,
    RejectedError,
    RenderError,
    SignedCertError,
    UndecidedError,
    VerificationError,
)

if TYPE_CHECKING:
    from signedcert.carriers.bundle import Bundle
    from signedcert.core.code import Suggestion, VerificationCode, suggest
    from signedcert.documents.certificate import Certificate
    from signedcert.documents.course import Course
    from signedcert.documents.record import CourseRecord, CourseResult
    from signedcert.institution import Institution
    from signedcert.issue.issuer import Issued
    from signedcert.trust.history import Pin
    from signedcert.trust.manifest import KeyManifest
    from signedcert.trust.store import TrustStore
    from signedcert.verify.policy import Policy
    from signedcert.verify.report import Check, Report, Verdict, VerifiedCertificate, VerifiedRecord
    from signedcert.verify.verifier import Verifier

__version__ = "0.1.0"

#: Where each public name is. They are loaded when they are first used: to verify costs no more
#: than verifying needs, and the issuing half may not even be installed.
_HOMES = {
    "Bundle": "carriers.bundle",
    "Certificate": "documents.certificate",
    "Check": "verify.report",
    "Course": "documents.course",
    "CourseRecord": "documents.record",
    "CourseResult": "documents.record",
    "Institution": "institution",
    "Issued": "issue.issuer",
    "KeyManifest": "trust.manifest",
    "Pin": "trust.history",
    "Policy": "verify.policy",
    "Report": "verify.report",
    "Suggestion": "core.code",
    "TrustStore": "trust.store",
    "Verdict": "verify.report",
    "VerificationCode": "core.code",
    "VerifiedCertificate": "verify.report",
    "VerifiedRecord": "verify.report",
    "Verifier": "verify.verifier",
    "suggest": "core.code",
}
_EXTRAS = {"alembic": "issue", "deflate": "issue", "sqlalchemy": "issue"}

__all__ = [
    "Bundle",
    "Certificate",
    "Check",
    "ConfigurationError",
    "Course",
    "CourseRecord",
    "CourseResult",
    "Institution",
    "IssueError",
    "Issued",
    "KeyManifest",
    "MalformedError",
    "Pin",
    "Policy",
    "RejectedError",
    "RenderError",
    "Report",
    "SignedCertError",
    "Suggestion",
    "TrustStore",
    "UndecidedError",
    "Verdict",
    "VerificationCode",
    "VerificationError",
    "VerifiedCertificate",
    "VerifiedRecord",
    "Verifier",
    "suggest",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        module = import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        message = f"{name} needs more packages: pip install 'signedcert[{_EXTRAS[error.name]}]'"
        raise ConfigurationError("extra-missing", message) from error
    value: object = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
