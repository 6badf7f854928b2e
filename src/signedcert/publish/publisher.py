"""Status lists, reasons and snapshot, signed and written as static files.

The snapshot key, which is online, signs what our own verifiers read; an issuing key signs the
status credentials that other Open Badges verifiers read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple, cast

import deflate

from signedcert.core.encoding import parse_time, whole_seconds
from signedcert.core.jws import Header, serialize_compact, signing_input
from signedcert.custody.signer import Signer
from signedcert.documents.statuscredential import (
    STATUS_CREDENTIAL_TYPE,
    encode_status_credential,
)
from signedcert.errors import IssueError, MalformedError, VerificationError
from signedcert.publish.folder import (
    REASONS,
    SNAPSHOT,
    PublishedFolder,
    credential_name,
    list_name,
)
from signedcert.registry.statuses import NotValid, StatusTable
from signedcert.trust.entries import key_url
from signedcert.trust.logs import LogHead
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.reasons import MAX_REASONS, REASONS_TYPE, Reasons, StatusReason, Why
from signedcert.trust.snapshot import (
    MAX_LIFETIME,
    SNAPSHOT_TYPE,
    ManifestVersion,
    Snapshot,
    digest,
)
from signedcert.trust.statuslist import (
    REPLACED,
    REVOKED,
    STATUS_LIST_TYPE,
    StatusList,
    StatusListToken,
)

#: How often who holds on to a list should look for a newer one.
_TTL = timedelta(hours=12)
#: libdeflate's best: a seventh smaller than zlib's.
_LEVEL = 12


class Published(NamedTuple):
    """What was written: ``sizes`` in bytes by the names of the files. ``unexplained`` documents
    are not valid, and for want of room in the file of reasons nothing says why. ``head`` is the
    newest of the log; None without a log, or entries in it.
    """

    issued: datetime
    expires: datetime
    lists: int
    not_valid: int
    unexplained: int
    sizes: dict[str, int]
    head: LogHead | None


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes for one institution: under ``manifest``, what ``statuses`` say, in ``folder``."""

    manifest: KeyManifest
    issuing: Signer
    snapshot: Signer
    statuses: StatusTable
    folder: PublishedFolder

    def publish(self, at: datetime, head: LogHead | None = None) -> Published:
        """Writes all files anew. Each was read back as verifiers read it before the first is
        written, the snapshot last. Good for seven days. ``head`` is the newest of the log.

        Raises IssueError: ``snapshot-older``, what is published is newer than this, and verifiers
        would refuse it; ``signature-unverifiable``. VerificationError, MalformedError: no verifier
        would believe it, since a key may not sign it under the manifest.
        """
        at = whole_seconds(at, "at")
        with self.folder.alone():
            rows = self.statuses.not_valid()
            count = self.statuses.lists()  # asked second: no row is beyond it
            files = dict(self._files(rows, count, at, head))
            snapshot = self._prove(files)
            self._check_follows(snapshot)
            self.folder.write(files)
        unexplained = max(len(rows) - MAX_REASONS, 0)
        sizes = {name: len(data) for name, data in files.items()}
        return Published(at, snapshot.expires, count, len(rows), unexplained, sizes, head)

    def _files(
        self, rows: Sequence[NotValid], count: int, at: datetime, head: LogHead | None
    ) -> Iterator[tuple[str, bytes]]:
        """The files in the order in which they are to be written."""
        by_list = {number: list(group) for number, group in groupby(rows, lambda row: row[0])}
        digests = []
        for number in range(1, count + 1):
            statuses = {row.status_index: row.status for row in by_list.get(number, ())}
            status_list = StatusList.make(number, statuses)
            yield credential_name(number), self._credential(status_list, at)
            token = self._token(status_list, at)
            digests.append(digest(token))
            yield list_name(number), token
        reasons = self._reasons(rows, at)
        yield REASONS, reasons
        yield SNAPSHOT, self._snapshot(tuple(digests), digest(reasons), at, head)

    def _credential(self, status_list: StatusList, at: datetime) -> bytes:
        gone = status_list.indices((REVOKED, REPLACED))
        payload = encode_status_credential(self.manifest.iss, status_list.number, at, gone)
        return self._sign(self.issuing, STATUS_CREDENTIAL_TYPE, payload)

    def _token(self, status_list: StatusList, at: datetime) -> bytes:
        ttl = int(_TTL.total_seconds())
        token = StatusListToken(self.manifest.iss, status_list, at, at + MAX_LIFETIME, ttl)
        return self._sign(self.snapshot, STATUS_LIST_TYPE, token.encode(_compress))

    def _reasons(self, rows: Sequence[NotValid], at: datetime) -> bytes:
        newest = sorted(rows, key=lambda row: row.since)[-MAX_REASONS:]
        entries = tuple(map(_reason, sorted(newest)))
        payload = Reasons(self.manifest.iss, at, entries).encode()
        return self._sign(self.snapshot, REASONS_TYPE, payload)

    def _snapshot(
        self, lists: tuple[str, ...], reasons: str, at: datetime, head: LogHead | None
    ) -> bytes:
        snapshot = Snapshot(
            iss=self.manifest.iss,
            issued=at,
            expires=at + MAX_LIFETIME,
            manifest=ManifestVersion(self.manifest.version, self.manifest.digest),
            lists=lists,
            reasons=reasons,
            checkpoint=head,
        )
        return self._sign(self.snapshot, SNAPSHOT_TYPE, snapshot.encode())

    def _sign(self, signer: Signer, typ: str, payload: bytes) -> bytes:
        kid = key_url(self.manifest.iss, signer.public_key)
        signed = signing_input(Header(signer.algorithm, kid, typ).segment(), payload)
        return serialize_compact(signed, signer.sign(signed)).encode()

    def _prove(self, files: dict[str, bytes]) -> Snapshot:
        """The snapshot, after everything was read as a verifier reads it."""
        snapshot = Snapshot.parse(files[SNAPSHOT], self.manifest)
        for number in range(1, len(snapshot.lists) + 1):
            token = files[list_name(number)]
            snapshot.check_list(number, token)
            StatusListToken.parse(token, self.manifest)
        snapshot.check_reasons(files[REASONS])
        Reasons.parse(files[REASONS], self.manifest)
        return snapshot

    def _check_follows(self, snapshot: Snapshot) -> None:
        """A file that is damaged, or was signed by a key that is not believed any more, stops
        nobody.
        """
        published = self.folder.read(SNAPSHOT)
        if published is None:
            return
        try:
            older = Snapshot.parse(published, self.manifest)
        except (MalformedError, VerificationError):
            return
        try:
            snapshot.follows(older)
        except MalformedError as error:
            message = (
                f"{error.message}; verifiers would refuse this one. Is the clock right, and is "
                "this the newest home, not one from a backup?"
            )
            raise IssueError(error.reason, message, where=SNAPSHOT) from error


def _compress(packed: bytes) -> bytes:
    return bytes(deflate.zlib_compress(packed, _LEVEL))


def _reason(row: NotValid) -> StatusReason:
    # The second in which a document was replaced is that in which the new one was issued.
    day = parse_time(row.since).replace(hour=0, minute=0, second=0)
    return StatusReason(row.status_list, row.status_index, cast("Why", row.reason), day)
