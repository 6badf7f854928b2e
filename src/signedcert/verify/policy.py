"""What a relying party asks for beyond authenticity."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from signedcert.documents.text import same_name
from signedcert.errors import ConfigurationError
from signedcert.trust.history import History
from signedcert.verify.report import Check, Outcome, Signed

_MET = Check(10, Outcome.PASSED)
_WITHHELD = Check(
    10, Outcome.UNDECIDED, "learner-withheld", technical="the record does not show a name"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Issuer (its ``iss``), course (its id), learner (the name, case and spacing aside), and how
    old trust data may be.

    ``max_status_age`` takes the place of the age that the institution allows, be it more or less;
    with ``unsafe_accept_unknown_status``, a document passes of which nobody knows whether it was
    revoked. Neither matters where an institution publishes no status, nor for what it is known to
    have taken back.

    ``classical_broken`` is for the day on which a quantum computer can forge classical signatures:
    what such a key signed is believed if it is under a landmark of a log, and root keys that such a
    computer cannot forge vouch for that.

    Raises ConfigurationError ``policy-empty``: a policy that asks for nothing is a mistake; to
    ask for nothing, give none.
    """

    issuer: str | None = None
    course: str | None = None
    learner: str | None = None
    max_trust_age: timedelta | None = None
    max_status_age: timedelta | None = None
    unsafe_accept_unknown_status: bool = False
    classical_broken: bool = False

    def __post_init__(self) -> None:
        asked = (self.issuer, self.course, self.learner, self.max_trust_age, self.max_status_age)
        flags = self.unsafe_accept_unknown_status or self.classical_broken
        if asked == (None,) * 5 and not flags:
            message = "this policy asks for nothing; give no policy instead"
            raise ConfigurationError("policy-empty", message)

    def check(self, credential: Signed, history: History | None, at: datetime) -> Check:
        """Step 10 for a document that could be read, with the history of its issuer if known."""
        if self.issuer is not None and credential.issuer != self.issuer:
            return _differs("policy-issuer", f"issued by {credential.issuer}")
        if self.course is not None and credential.course != self.course:
            return _differs("policy-course", f"for the course {credential.course}")
        if self.learner is not None:
            if credential.learner is None:
                return _WITHHELD
            if not same_name(credential.learner, self.learner):
                return _differs("policy-learner", "the name in the document is another one")
        return self._age(history, at)

    def _age(self, history: History | None, at: datetime) -> Check:
        if self.max_trust_age is not None:
            if history is None:
                return Check(10, Outcome.NOT_MADE)
            age = at - history.newest.issued
            if age > self.max_trust_age:
                technical = (
                    f"the newest manifest, version {history.newest.version}, is {age.days} days old"
                )
                return Check(10, Outcome.UNDECIDED, "trust-stale", technical=technical)
        return _MET


def _differs(
    reason: Literal["policy-issuer", "policy-course", "policy-learner"], technical: str
) -> Check:
    return Check(10, Outcome.FAILED, reason, technical=technical)
