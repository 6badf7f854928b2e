"""Private links to course records: made, opened and ended; and how a learner signs in to them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from signedcert.core.code import VerificationCode
from signedcert.core.encoding import whole_seconds
from signedcert.documents.text import check_text
from signedcert.errors import MalformedError
from signedcert.registry.shares import LoginKind, ShareLog, ShareRow, ShareTable
from signedcert.sharing.tokens import new_token, token_digest

#: Bytes of UTF-8. A label is the learner's own note of whom a link is for.
MAX_LABEL = 200
LINK_LIFETIME = timedelta(minutes=15)
SESSION_LIFETIME = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class NewShare:
    """A share that was just made. Its token is in no other place, and in no repr."""

    number: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A learner who has just signed in. The session's token is in no other place, and in no
    repr.
    """

    session: str = field(repr=False)
    learner_id: str


@dataclass(frozen=True, slots=True)
class Sharing:
    """Shares of the course records in a registry, and the learners' way to them.

    Tokens go out once, when they are made; a text that never was one is answered like a token
    that is over. Every ``at`` is aware, or ConfigurationError ``time-naive`` is raised.
    """

    table: ShareTable

    def share(
        self,
        record: VerificationCode,
        learner_id: str,
        *,
        results: tuple[int, ...],
        with_name: bool,
        label: str,
        expires: datetime | None,
        at: datetime,
    ) -> NewShare:
        """Makes a link to some results of a record, until ``expires`` or until it is ended.

        That ``record`` is a course record of this learner and has these results is for the caller
        to see to.
        Raises MalformedError: ``wrong-value`` for results that are none, not ascending or below 1,
        and for a record that is not in the registry; what ``check_text`` refuses in ``label``;
        ``validity-reversed`` if the link would be over at once.
        """
        at = whole_seconds(at, "at")
        _check_results(results)
        check_text(label, MAX_LABEL, "label")
        token = new_token()
        number = self.table.add(
            token_digest(token),
            document=record,
            learner_id=learner_id,
            results=results,
            with_name=with_name,
            label=label,
            created=at,
            expires=_check_expiry(expires, at),
        )
        return NewShare(number, token)

    def open(self, token: str, at: datetime) -> ShareRow | None:
        """The share that a token lets see, if it is live; the learner will see that it was
        opened.
        """
        share = self.peek(token, at)
        if share is not None:
            self.table.record_opening(share.number, at)
        return share

    def peek(self, token: str, at: datetime) -> ShareRow | None:
        """What ``open`` returns, without a trace: for the learner's own look at a link."""
        return self.table.find(token_digest(token), whole_seconds(at, "at"))

    def shares(self, learner_id: str) -> list[ShareLog]:
        """All shares of a learner with their openings, the newest first."""
        return self.table.of_learner(learner_id)

    def reset(self, learner_id: str, number: int | None = None, *, at: datetime) -> int:
        """Ends one link of a learner, or all of them; how many were live until now. A number that
        is another learner's ends nothing.
        """
        return self.table.end(learner_id, number, whole_seconds(at, "at"))

    # Signing in

    def sign_in_link(
        self, learner_id: str, at: datetime, lifetime: timedelta = LINK_LIFETIME
    ) -> str:
        """A token with which this learner can sign in, once, within ``lifetime``. It is for the
        caller to see that it reaches the learner and nobody else.
        """
        return self._add_login("link", learner_id, at, lifetime)

    def sign_in(self, token: str, at: datetime) -> SignedIn | None:
        """A session of 8 hours for whoever comes first with this token; None for all others."""
        learner_id = self.table.take_link(token_digest(token), whole_seconds(at, "at"))
        if learner_id is None:
            return None
        return SignedIn(self._add_login("session", learner_id, at, SESSION_LIFETIME), learner_id)

    def learner_of(self, session: str, at: datetime) -> str | None:
        """The learner who is signed in with this session."""
        return self.table.find_session(token_digest(session), whole_seconds(at, "at"))

    def sign_out(self, session: str) -> None:
        """Ends a session; nothing happens if there is no such."""
        self.table.end_session(token_digest(session))

    def _add_login(
        self, kind: LoginKind, learner_id: str, at: datetime, lifetime: timedelta
    ) -> str:
        at, token = whole_seconds(at, "at"), new_token()
        self.table.add_login(token_digest(token), kind, learner_id, expires=at + lifetime, at=at)
        return token


def _check_results(results: tuple[int, ...]) -> None:
    if not results:
        raise MalformedError("wrong-value", "choose at least one result", where="results")
    if results[0] < 1 or any(first >= second for first, second in pairwise(results)):
        message = "results are numbered from 1, and named once each in ascending order"
        raise MalformedError("wrong-value", message, where="results")


def _check_expiry(expires: datetime | None, at: datetime) -> datetime | None:
    if expires is None:
        return None
    expires = whole_seconds(expires, "expires")
    if expires <= at:
        message = "the link would be over before anyone can open it"
        raise MalformedError("validity-reversed", message, where="expires")
    return expires
