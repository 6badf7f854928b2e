"""What the procedure found: ten numbered checks, and the worst of them."""

from datetime import date, datetime
from enum import Enum
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, Union

from signedcert.core.code import VerificationCode
from signedcert.documents.openbadges import Credential
from signedcert.errors import Reason
from signedcert.trust.status import DocumentStatus

if TYPE_CHECKING:
    from signedcert.documents.record import CourseResult
    from signedcert.documents.recordbadge import RecordCredential
    from signedcert.verify.answers import Printed

#: What is signed: a course certificate or a course record.
Kind: TypeAlias = Literal["certificate", "record"]
Signed: TypeAlias = Union[Credential, "RecordCredential"]


class Verdict(Enum):
    """The answer, with its exit status (docs/spec/verification)."""

    AUTHENTIC = "authentic"
    NOT_AUTHENTIC = "not authentic"
    NOT_STANDING = "not standing"
    UNDECIDED = "undecided"
    UNREADABLE = "unreadable"

    @property
    def exit_status(self) -> int:
        """What the command line exits with."""
        return _EXIT[self]


_EXIT = {
    Verdict.AUTHENTIC: 0,
    Verdict.NOT_AUTHENTIC: 1,
    Verdict.NOT_STANDING: 3,
    Verdict.UNDECIDED: 4,
    Verdict.UNREADABLE: 5,
}
#: From the worst to the best.
WORST_FIRST = (
    Verdict.NOT_AUTHENTIC,
    Verdict.UNREADABLE,
    Verdict.UNDECIDED,
    Verdict.NOT_STANDING,
    Verdict.AUTHENTIC,
)


def worst(verdicts: "list[Verdict]") -> Verdict:
    """The worst of several verdicts."""
    return min(verdicts, key=WORST_FIRST.index, default=Verdict.AUTHENTIC)


class Outcome(Enum):
    """What came of one check. ``NOT_MADE`` follows a step that failed; ``NOT_ASKED`` and
    ``NOT_PUBLISHED`` say that there was nothing to check, and why; ``NOT_COMPARED`` that there was,
    and that a person has to.
    """

    PASSED = "passed"
    FAILED = "failed"
    NOT_STANDING = "not standing"
    UNDECIDED = "undecided"
    NOT_MADE = "not made"
    NOT_ASKED = "not asked"
    NOT_PUBLISHED = "not published"
    NOT_COMPARED = "not compared"


_VERDICT = {
    Outcome.FAILED: Verdict.NOT_AUTHENTIC,
    Outcome.NOT_STANDING: Verdict.NOT_STANDING,
    Outcome.UNDECIDED: Verdict.UNDECIDED,
}


_REASON = itemgetter(2)


class Check(NamedTuple):
    """One step. ``reason`` is set if it did not pass; ``detail`` is the finer slug behind it,
    ``technical`` a line for those who want to know more.
    """

    step: int
    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""
    technical: str = ""

    @property
    def verdict(self) -> Verdict:
        """What this step alone would lead to."""
        if self.reason == "no-document":
            return Verdict.UNREADABLE
        return _VERDICT.get(self.outcome, Verdict.AUTHENTIC)


class Issuer(NamedTuple):
    """The institution, as the trust store knows it."""

    id: str
    name: str


class CourseReference(NamedTuple):
    """The course, as the document names it; ``text`` is the course document, if a copy with
    the signed digest was at hand.
    """

    id: str
    version: int
    title: str
    description: str
    criteria: str
    url: str
    digest: str
    text: str | None


class VerifiedCertificate(NamedTuple):
    """An authentic certificate. Only ``Verifier.verify`` returns one.

    ``signed`` is all of what was signed, field by field. ``issuer`` is the institution as the
    trust store names it, which is what to show; ``code`` is the document's own; ``course_text``
    is the course document, if a copy with the signed digest was at hand; ``status`` says up to
    when it is known to stand, and is None if the institution publishes no status.
    """

    signed: Credential
    code: VerificationCode
    issuer: Issuer
    course_text: str | None = None
    status: DocumentStatus | None = None

    @property
    def course(self) -> CourseReference:
        """The course, with its document if a copy was at hand."""
        return _course(self.signed, self.course_text)

    @property
    def id(self) -> str:
        """The certificate's UUID."""
        return self.signed.id

    @property
    def learner(self) -> str:
        """The name of who completed the course."""
        return self.signed.learner

    @property
    def started(self) -> date | None:
        """The day on which the course began, if the certificate says it."""
        return self.signed.started

    @property
    def completed(self) -> date:
        """The day on which the course was completed."""
        return self.signed.completed

    @property
    def issued(self) -> datetime:
        """When the certificate was issued."""
        return self.signed.valid_from

    @property
    def valid_until(self) -> datetime | None:
        """When it runs out, if it does."""
        return self.signed.valid_until


class VerifiedRecord(NamedTuple):
    """An authentic course record, whole or partial. Only ``Verifier.verify_record`` returns one.

    ``signed`` is all of what was signed and shown; the rest is as in ``VerifiedCertificate``.
    """

    signed: "RecordCredential"
    code: VerificationCode
    issuer: Issuer
    course_text: str | None = None
    status: DocumentStatus | None = None

    @property
    def course(self) -> CourseReference:
        """The course, with its document if a copy was at hand."""
        return _course(self.signed, self.course_text)

    @property
    def id(self) -> str:
        """The record's UUID."""
        return self.signed.id

    @property
    def certificate(self) -> str:
        """The UUID of the certificate that the record belongs to."""
        return self.signed.certificate

    @property
    def learner(self) -> str | None:
        """Whose record it is; None if the name is withheld."""
        return self.signed.learner

    @property
    def results(self) -> "tuple[CourseResult, ...]":
        """All results that there are, those that are withheld without their value."""
        return self.signed.results

    @property
    def partial(self) -> bool:
        """Whether anything is withheld."""
        return self.signed.partial

    @property
    def started(self) -> date | None:
        """The day on which the course began, if the record says it."""
        return self.signed.started

    @property
    def completed(self) -> date:
        """The day on which the course was completed."""
        return self.signed.completed

    @property
    def issued(self) -> datetime:
        """When the record was issued."""
        return self.signed.valid_from

    @property
    def valid_until(self) -> datetime | None:
        """When it runs out, if it does."""
        return self.signed.valid_until


def _course(signed: Signed, text: str | None) -> CourseReference:
    return CourseReference(
        id=signed.course,
        version=signed.version,
        title=signed.title,
        description=signed.description,
        criteria=signed.narrative,
        url=signed.course_url,
        digest=signed.digest,
        text=text,
    )


class Report(NamedTuple):
    """The outcome of all steps; true if, and only if, the document is authentic.

    ``code`` is the document's own, where it could be read. ``credential`` is what was signed,
    where steps 1 to 6 found it genuine, and None otherwise; ``issuer`` is from the trust store.
    ``kind`` is what the document is, or was wanted to be. ``status`` is what is known of it in
    step 7, where it was found genuine and its institution publishes statuses. ``printed`` is what
    came of comparing a page with it, field by field, where one was given.
    """

    checks: tuple[Check, ...]
    code: VerificationCode | None = None
    credential: Signed | None = None
    issuer: Issuer | None = None
    course: str | None = None
    unverified: Signed | None = None
    kind: Kind = "certificate"
    status: DocumentStatus | None = None
    printed: "Printed | None" = None

    def __bool__(self) -> bool:
        return not any(map(_REASON, self.checks))

    @property
    def verdict(self) -> Verdict:
        """The worst of all steps."""
        return self.decisive.verdict

    @property
    def decisive(self) -> Check:
        """The first of the steps with the worst outcome; the last step if all is well."""
        flawed = [check for check in self.checks if check.reason is not None]
        if not flawed:
            return self.checks[-1]
        return min(flawed, key=lambda check: WORST_FIRST.index(check.verdict))

    @property
    def reason(self) -> Reason | None:
        """The slug of the decisive step; None if the document is authentic."""
        return self.decisive.reason

    def unverified_claims(self) -> Signed | None:
        """What the document claims, where it could be read. Nobody has confirmed it."""
        return self.unverified
