"""A corrected document, in the place of one that was issued."""

from typing import NamedTuple, TypeAlias

from signedcert.core.code import VerificationCode
from signedcert.errors import IssueError
from signedcert.issue.requests import CERTIFICATE_KIND, Request
from signedcert.registry.registry import DocumentRow
from signedcert.registry.statuses import StatusChange, refusal
from signedcert.trust.reasons import Why
from signedcert.trust.statuslist import REPLACED, REVOKED, SUSPENDED


class Correction(NamedTuple):
    """A request for what is to take the place of ``old``. It leads to one new document: asked
    again, to the same one, as long as that one is current and says what is asked for.

    ``by_code`` is for an ``old`` that was named itself: if it is revoked, it stays so, and the new
    document is issued all the same. Not so with ``anew``, where ``old`` fell with a stolen key: a
    document that did not stand when it fell is not made to stand again.
    """

    request: Request
    old: DocumentRow
    reason: Why
    by_code: bool = True
    anew: bool = False

    def ends(self, current: DocumentRow) -> bool:
        """Whether ``old`` is to be replaced yet; otherwise something has taken its place."""
        return current.code == self.old.code

    def changes(self, status: int) -> tuple[StatusChange, ...]:
        """What is said of ``old``, which has this status: nothing, if it is revoked.

        Raises IssueError: ``already-issued``, the new one would say the same, and neither is
        ``old`` revoked nor the reason "other"; ``status-final``, it is revoked, and was not named
        by its code or fell; ``document-suspended``, it is suspended and fell; what ``refusal`` says
        of the change.
        """
        if status == REVOKED:
            if self.by_code and not self.anew:
                return ()
            raise was_revoked(self.old)
        if status == SUSPENDED and self.anew:
            raise _is_suspended(self.old)
        old, request = self.old, self.request
        same = (old.claims, old.course_version) == (request.claims, request.course.version)
        if same and self.reason != "other":
            message = "it says exactly this; to issue it anew all the same, give the reason other"
            raise IssueError("already-issued", message, where=str(old.code))
        change = StatusChange(old.code, REPLACED, self.reason)
        if error := refusal(change, status):
            raise error
        return (change,)


#: What an issuer is asked for.
Asked: TypeAlias = Request | Correction


def request_of(asked: Asked) -> Request:
    """What is to be issued, whatever it replaces."""
    return asked.request if isinstance(asked, Correction) else asked


def other_claims(asked: Asked, current: DocumentRow) -> IssueError:
    """Of a request for whose learner, course and run there is a document with other claims."""
    kind, code = current.key.kind, current.code
    if isinstance(asked, Correction) and asked.by_code:
        message = (
            f"another one was issued in its place, {code}, which says something else; correct that "
            "one"
        )
        return IssueError("status-final", message, where=str(asked.old.code))
    how = f"replace {code}" if kind == CERTIFICATE_KIND else "issue-records GRADEBOOK --replace"
    message = (
        f"{kind} {code} was issued for this learner, course and run with other claims; what is "
        f"issued is not changed: a correction is a new document that replaces it: signedcert {how}"
    )
    return IssueError("already-issued", message, where="learner_id")


def was_revoked(current: DocumentRow) -> IssueError:
    """Of a request for whose learner, course and run there is a document that was revoked."""
    kind, code = current.key.kind, current.code
    how = f"signedcert replace {code}" if kind == CERTIFICATE_KIND else "Institution.replace"
    message = (
        f"{kind} {code}, for this learner, course and run, was revoked; if another one is to be "
        f"issued, say so: {how}"
    )
    return IssueError("status-final", message, where="learner_id")


def _is_suspended(old: DocumentRow) -> IssueError:
    """Of a document that fell, while nobody has decided yet whether it is to stand."""
    message = "it is suspended; restore it, and it can be issued anew, or revoke it"
    return IssueError("document-suspended", message, where=str(old.code))


def no_certificate(code: VerificationCode) -> IssueError:
    """Of a record that is to be replaced like a certificate."""
    message = (
        "it is a course record; correct its gradebook, and run: signedcert issue-records GRADEBOOK "
        "--replace"
    )
    return IssueError("document-differs", message, where=str(code))
