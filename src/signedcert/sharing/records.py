"""The course records of a learner, and as much of one as a link shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from signedcert.carriers.bundle import Bundle
from signedcert.core.code import VerificationCode
from signedcert.documents.recordbadge import RecordCredential
from signedcert.errors import IssueError, MalformedError
from signedcert.log.bundles import Bundles
from signedcert.registry.registry import DocumentRow, Registry
from signedcert.sharing.links import NewShare, Sharing

_KIND = "record"
#: No verifier finds a document in it.
_ALTERED = Bundle("")


class HeldRecord(NamedTuple):
    """A whole course record, as the registry holds it. ``signed`` was not verified again."""

    code: VerificationCode
    run: str
    bundle: Bundle
    signed: RecordCredential


@dataclass(frozen=True)
class CourseRecords:
    """What learners hold and share, by the host's own identifiers of learners."""

    registry: Registry
    iss: str
    bundles: Bundles

    @cached_property
    def links(self) -> Sharing:
        """The links that were made, and signing in."""
        return Sharing(self.registry.shares)

    def of(self, learner_id: str) -> list[HeldRecord]:
        """All current records of a learner, the newest first."""
        return [self._held(row) for row in self.registry.of_learner(_KIND, learner_id)]

    def one_of(self, learner_id: str, course: str, run: str | None = None) -> HeldRecord:
        """The learner's record of a course; of its latest run, if none is named.

        Raises IssueError ``record-missing``.
        """
        for row in self.registry.of_learner(_KIND, learner_id):
            if row.key.course_id == course and run in (None, row.key.run):
                return self._held(row)
        message = "this learner has no record of this course and run; see: signedcert issue-records"
        raise IssueError("record-missing", message, where=course)

    def share(
        self,
        record: HeldRecord,
        learner_id: str,
        *,
        results: Iterable[int] | None = None,
        with_name: bool = True,
        label: str,
        expires: datetime | None = None,
        at: datetime,
    ) -> NewShare:
        """Makes a link to a learner's record: to the results of these numbers, or to all.

        Raises what ``Sharing.share`` raises; IssueError: ``result-unknown`` for a number that the
        record does not have, ``record-missing`` for a record of somebody else.
        """
        row = self.registry.find(record.code)
        if row is None or row.key.kind != _KIND or row.key.learner_id != learner_id:
            raise IssueError("record-missing", "this learner has no such record")
        numbers = range(1, len(record.signed.results) + 1) if results is None else results
        chosen = tuple(sorted(set(numbers)))
        if chosen:
            record.bundle.present(chosen, with_name=with_name)
        return self.links.share(
            record.code,
            learner_id,
            results=chosen,
            with_name=with_name,
            label=label,
            expires=expires,
            at=at,
        )

    def url(self, share: NewShare) -> str:
        """The link, which goes to whom the learner chooses. It is known now and never again."""
        return f"{self.iss}/records/{share.token}"

    def open(self, token: str, at: datetime) -> Bundle | None:
        """What a link shows, if it is live; the learner will see that it was opened. Of a record
        that was altered in the registry, or changed for another one, it is an empty bundle.
        """
        share = self.links.open(token, at)
        row = None if share is None else self.registry.find(share.document)
        if share is None or row is None:
            return None
        try:
            shown = self.bundles.one(row).present(share.results, with_name=share.with_name)
        except (IssueError, MalformedError):
            return _ALTERED
        return shown if shown.code == share.document else _ALTERED

    def _held(self, row: DocumentRow) -> HeldRecord:
        bundle = self.bundles.one(row)
        return HeldRecord(row.code, row.key.run, bundle, bundle.unverified_record())
