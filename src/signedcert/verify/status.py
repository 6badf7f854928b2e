"""Step 7: whether the institution has taken a document back, and how old that knowledge is."""

from datetime import datetime, timedelta
from typing import NamedTuple

from signedcert.errors import Reason
from signedcert.trust.history import History
from signedcert.trust.status import DocumentStatus, Standing, StatusData
from signedcert.verify.policy import Policy
from signedcert.verify.report import Check, Outcome, Signed

NOT_PUBLISHED = Check(7, Outcome.NOT_PUBLISHED, technical="the manifest names no status lists")
_REASONS: dict[Standing, Reason] = {
    "revoked": "revoked",
    "suspended": "suspended",
    "replaced": "replaced",
}
_UTC = "%Y-%m-%d %H:%M:%S UTC"


class StatusRule(NamedTuple):
    """What is the same for all documents of an institution that publishes status lists.

    ``max_age`` is in seconds, for which a timedelta may have no room.
    """

    data: StatusData | None
    max_age: float
    accepts_unknown: bool
    passed: Check

    @classmethod
    def make(
        cls, history: History, data: StatusData | None, policy: Policy | None
    ) -> "StatusRule | None":
        """None for an institution that publishes no status lists."""
        published = history.newest.status
        if published is None:
            return None
        allowed = policy.max_status_age if policy else None
        as_of = f"valid as of {data.snapshot.issued:{_UTC}}" if data else ""
        return cls(
            data,
            published.max_age if allowed is None else allowed.total_seconds(),
            policy is not None and policy.unsafe_accept_unknown_status,
            Check(7, Outcome.PASSED, technical=as_of),
        )

    def check(self, credential: Signed, at: datetime) -> tuple[Check, DocumentStatus]:
        """Step 7 for what was signed. That a document was taken back is told however long ago it
        was said; that it was not, counts for a time.
        """
        if self.data is None:
            return self._unknown("no status list is at hand", "", None)
        issued = self.data.snapshot.issued
        found = self.data.find(credential.status_list, credential.status_index)
        if found is None:
            technical = (
                f"status not known: list {credential.status_list} is not among the "
                f"{len(self.data.lists)} that there were {issued:{_UTC}}"
            )
            return self._unknown(technical, "list-missing", issued)
        age = at - issued
        if found.status != "valid":
            return _not_standing(found, age), found
        if age.total_seconds() <= self.max_age:
            return self.passed, found
        technical = f"status not known since {issued:{_UTC}}, {_ago(age)}"
        return self._unknown(technical, "status-stale", issued)

    def _unknown(
        self, technical: str, detail: str, as_of: datetime | None
    ) -> tuple[Check, DocumentStatus]:
        status = DocumentStatus("unknown", as_of)
        if self.accepts_unknown:
            accepted = f"{technical}; accepted, as the policy has it"
            return Check(7, Outcome.PASSED, technical=accepted), status
        return Check(7, Outcome.UNDECIDED, "status-unknown", detail, technical), status


def _not_standing(found: DocumentStatus, age: timedelta) -> Check:
    since = f" since {found.since:{_UTC}}" if found.since else ""
    why = f" ({found.reason})" if found.reason else ""
    technical = f"{found.status}{since}{why}, as of {found.as_of:{_UTC}}, {_ago(age)}"
    return Check(7, Outcome.NOT_STANDING, _REASONS[found.status], found.reason or "", technical)


def _ago(age: timedelta) -> str:
    days = max(age.days, 0)
    return f"{days} {'day' if days == 1 else 'days'} ago"
