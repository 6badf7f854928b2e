"""The snapshot: what is newest of an institution's trust data, signed each few days.

It can say "nothing newer" and "there is something newer, get it"; no key, state of a key, landmark
or cut-off comes from it. ``open_signed`` reads whatever else snapshot keys sign, too.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from signedcert.core.encoding import (
    dump_json,
    format_time,
    parse_canonical_json,
    parse_json,
    parse_time,
)
from signedcert.core.jws import CompactJWS, Header
from signedcert.core.keys import BadSignatureError
from signedcert.core.note import MAX_KEY_NAME
from signedcert.core.shape import Members
from signedcert.documents.text import check_text
from signedcert.errors import MalformedError, RejectedError, UndecidedError
from signedcert.trust.entries import KeyEntry
from signedcert.trust.fields import match_text
from signedcert.trust.logs import LogHead
from signedcert.trust.manifest import KeyManifest

SNAPSHOT_TYPE = "signedcert-snapshot+jws"
#: For how long a snapshot can say that nothing is newer.
MAX_LIFETIME = timedelta(days=7)
#: Half a billion documents, at half a list each.
MAX_LISTS = 1024
#: A snapshot of 1,024 lists has 93 kB, and 125 in base64url.
MAX_SNAPSHOT = 160 * 1024

_DIGEST = re.compile("[0-9a-f]{64}")


class ManifestVersion(NamedTuple):
    """A manifest as a snapshot names it. It is not a pin: nobody trusts a manifest for it."""

    version: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The newest manifest, the digests of the newest status lists, in their order from list 1 on,
    and of the reasons, and the newest head of the log that is written to. Digests are over files as
    they are published, byte for byte.
    """

    iss: str
    issued: datetime
    expires: datetime
    manifest: ManifestVersion
    lists: tuple[str, ...]
    reasons: str | None = None
    checkpoint: LogHead | None = None

    def encode(self) -> bytes:
        """The payload, in its one spelling."""
        return dump_json(
            {
                "iss": self.iss,
                "issued": format_time(self.issued),
                "expires": format_time(self.expires),
                "manifest": self.manifest._asdict(),
                "status": [
                    {"list": number, "digest": one} for number, one in enumerate(self.lists, 1)
                ],
                "reasons": self.reasons,
                "checkpoint": self.checkpoint and self.checkpoint.to_json(),
            }
        )

    @classmethod
    def parse(cls, data: bytes, manifest: KeyManifest) -> "Snapshot":
        """The snapshot in a compact JWS that a snapshot key of ``manifest`` has signed.

        Raises what ``open_signed`` raises. MalformedError: another spelling than ``encode`` gives,
        another ``iss``, lists that are not 1, 2, 3 …, over 7 days between ``issued`` and
        ``expires``, another digest for ``manifest`` than its own, ``manifest-final`` after the
        institution has closed.
        """
        if manifest.final is not None:
            message = "the institution closed; its last manifest says what counts"
            raise MalformedError("manifest-final", message, where="snapshot")
        opened = open_signed(data, manifest, SNAPSHOT_TYPE, MAX_SNAPSHOT, "snapshot")
        snapshot = cls._parse_payload(opened.payload)
        opened.check_issued(snapshot.issued)
        check_iss(snapshot.iss, manifest, "snapshot")
        named = snapshot.manifest
        if named.version == manifest.version and named.digest != manifest.digest:
            message = f"it names another manifest of version {named.version} than root has signed"
            raise MalformedError("snapshot-manifest", message, where="snapshot")
        return snapshot

    @classmethod
    def _parse_payload(cls, payload: bytes) -> "Snapshot":
        members = Members(parse_json(payload, MAX_SNAPSHOT, "snapshot"), "snapshot")
        snapshot = cls(
            iss=members.text("iss"),
            issued=parse_time(members.text("issued"), members.path("issued")),
            expires=parse_time(members.text("expires"), members.path("expires")),
            manifest=_manifest(members.object("manifest")),
            lists=tuple(
                _list_digest(entry, number)
                for number, entry in enumerate(members.objects("status", MAX_LISTS), 1)
            ),
            reasons=_digest_or_null(members, "reasons"),
            checkpoint=_head_or_null(members, "checkpoint"),
        )
        members.done()
        check_written(payload, snapshot.encode(), MAX_SNAPSHOT, "snapshot")
        if not timedelta() < snapshot.expires - snapshot.issued <= MAX_LIFETIME:
            message = f"it has to expire after it is issued, within {MAX_LIFETIME.days} days"
            raise MalformedError("wrong-value", message, where=members.path("expires"))
        return snapshot

    def announces_newer(self, manifest: KeyManifest) -> bool:
        """Whether a manifest that is newer than this one is to be had. Nothing about it is known
        before it has arrived and root keys have signed it.
        """
        return self.manifest.version > manifest.version

    def follows(self, older: "Snapshot", accepted: KeyManifest | None = None) -> None:
        """Returns if this snapshot may take the place of ``older``.

        Raises MalformedError ``snapshot-older``: of another institution, earlier, of an older
        manifest or another one of the same version, with fewer status lists, with a smaller head of
        the log or another one of the same size; or, under the same manifest, with a head of another
        log, or none. The manifest may go back to the one that is ``accepted``, where one is given:
        it has settled a fork.
        """
        reason = self._step_back(older) or self._manifest_back(older.manifest, accepted)
        if reason:
            message = f"the snapshot at hand is newer: {reason}"
            raise MalformedError("snapshot-older", message, where="snapshot")

    def _step_back(self, older: "Snapshot") -> str:
        if self.iss != older.iss:
            return f"iss goes from {older.iss} to {self.iss}"
        if self.issued < older.issued:
            return f"issued goes back to {format_time(self.issued)}"
        if len(self.lists) < len(older.lists):
            return f"{len(older.lists)} status lists become {len(self.lists)}"
        return self._log_back(older)

    def _log_back(self, older: "Snapshot") -> str:
        before, after = older.checkpoint, self.checkpoint
        if before is None:
            return ""
        if after is None or after.origin != before.origin:
            if self.manifest != older.manifest:  # another manifest may name another log
                return ""
            return f"there is no head of {before.origin} any more"
        if after.size < before.size:
            return f"the log goes back from {before.size} to {after.size} entries"
        if after.size == before.size and after.root != before.root:
            return f"the log of {after.size} entries changes its root"
        return ""

    def _manifest_back(self, before: ManifestVersion, accepted: KeyManifest | None) -> str:
        after = self.manifest
        if accepted is not None and after == (accepted.version, accepted.digest):
            return ""
        if after.version < before.version:
            return f"the manifest goes back from version {before.version} to {after.version}"
        if after.version == before.version and after.digest != before.digest:
            return f"manifest version {after.version} changes its digest"
        return ""

    def check_list(self, number: int, token: bytes) -> None:
        """Returns if ``token`` is the status list of this number that the snapshot means.

        Raises MalformedError ``digest-mismatch``; UndecidedError ``status-unknown``: no such list.
        """
        where = f"status list {number}"
        if not 1 <= number <= len(self.lists):
            message = f"the snapshot has {len(self.lists)} lists; newer trust data may have more"
            raise UndecidedError("status-unknown", message, where=where)
        _check_digest(token, self.lists[number - 1], where)

    def check_reasons(self, data: bytes) -> None:
        """Returns if ``data`` is the file of reasons that the snapshot means.

        Raises MalformedError ``digest-mismatch``.
        """
        _check_digest(data, self.reasons, "reasons")


class Opened(NamedTuple):
    """What a snapshot key has signed, before its payload is read."""

    payload: bytes
    entry: KeyEntry
    where: str

    def check_issued(self, issued: datetime) -> None:
        """What a retired key signed counts if it says that it is from before its retirement.

        This does not protect from who has stolen the key, and dates back: he shows old statuses.
        Raises RejectedError ``key-not-authorised``.
        """
        if self.entry.state == "retired" and issued > self.entry.since:
            message = f"key {self.entry.key.thumbprint} was retired before this was issued"
            raise RejectedError(
                "key-not-authorised", message, where=self.where, detail="key-retired"
            )


def open_signed(data: bytes, manifest: KeyManifest, typ: str, limit: int, where: str) -> Opened:
    """The payload of a compact JWS that a snapshot key of ``manifest`` has signed.

    Raises MalformedError: over ``limit`` bytes, a header in another spelling than ``Header`` has,
    another ``typ``, byte for byte. UndecidedError ``unknown-key``. RejectedError: a key of another
    role or algorithm, a signature that does not hold, a key that is neither active nor retired.
    """
    jws = CompactJWS.parse(data, limit)
    header = _header(jws.header_segment, typ, where)
    entry = _find(manifest, header.kid, where)
    key = entry.key
    if entry.role != "snapshot":
        message = f"key {key.thumbprint} is for the role {entry.role}, not for snapshots"
        raise RejectedError("key-not-authorised", message, where=where, detail="key-role")
    if header.alg != key.algorithm:
        message = f"alg is not {key.algorithm}"
        raise RejectedError("key-not-authorised", message, where=where, detail="algorithm-mismatch")
    try:
        key.verify(jws.signature, jws.signing_input)
    except BadSignatureError as error:
        message = f"not a signature of key {key.thumbprint}"
        raise RejectedError("bad-signature", message, where=where, detail=error.detail) from error
    _check_state(entry, where)
    return Opened(jws.payload, entry, where)


def check_iss(iss: str, manifest: KeyManifest, where: str) -> None:
    """Raises MalformedError ``iss-mismatch`` for what another institution says."""
    if iss != manifest.iss:
        message = f"{ascii(iss)[:80]} is not {manifest.iss}"
        raise MalformedError("iss-mismatch", message, where=f"{where}.iss")


def check_written(payload: bytes, written: bytes, limit: int, where: str) -> None:
    """Raises MalformedError if ``payload`` is another spelling than the one that is written."""
    if payload == written:
        return
    parse_canonical_json(payload, limit, where)  # it says where it is not
    message = "the members are in another order than the one they are written in"
    raise MalformedError("member-order", message, where=where)


def check_final(data: bytes, digests: tuple[str, ...], where: str) -> None:
    """Raises MalformedError ``manifest-final``: not what an institution left when it closed."""
    if digest(data) not in digests:
        message = "the institution closed, and this is not among what it left"
        raise MalformedError("manifest-final", message, where=where)


def digest(data: bytes) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(data).hexdigest()


def _header(segment: bytes, typ: str, where: str) -> Header:
    header = Header.parse(segment)
    if header.typ != typ:
        message = f"typ {ascii(header.typ)[:40]} is not {typ}"
        raise MalformedError("typ-unexpected", message, where=f"{where}: header.typ")
    if header.segment().encode() != segment:
        message = "written otherwise than alg, kid, typ in this order"
        raise MalformedError("header-spelling", message, where=f"{where}: header")
    return header


def _find(manifest: KeyManifest, kid: str | None, where: str) -> KeyEntry:
    for entry in manifest.keys:
        if entry.url == kid:
            return entry
    message = (
        f"kid {ascii(kid)[:160]} is not in manifest version {manifest.version}; a newer one may "
        "have it"
    )
    raise UndecidedError("unknown-key", message, where=where)


def _check_state(entry: KeyEntry, where: str) -> None:
    message = f"key {entry.key.thumbprint} is {entry.state}"
    match entry.state:
        case "pre-published":
            raise RejectedError("key-pre-published", message, where=where)
        case "compromised":
            raise RejectedError("key-compromised", message, where=where)
        case "void":
            raise RejectedError("key-void", message, where=where)


def _check_digest(data: bytes, wanted: str | None, where: str) -> None:
    if digest(data) != wanted:
        message = "not the file that the snapshot means; fetch both again"
        raise MalformedError("digest-mismatch", message, where=where)


def _manifest(members: Members) -> ManifestVersion:
    version = members.integer("version", 1)
    named = ManifestVersion(version, match_text(members, "digest", _DIGEST, "a digest in hex"))
    members.done()
    return named


def _list_digest(members: Members, number: int) -> str:
    if members.integer("list", 1) != number:
        message = f"list {number} is expected here; they count 1, 2, 3 …"
        raise MalformedError("wrong-value", message, where=members.path("list"))
    found = match_text(members, "digest", _DIGEST, "a digest in hex")
    members.done()
    return found


def _head_or_null(members: Members, name: str) -> LogHead | None:
    value = members.take(name)
    if value is None:
        return None
    head = LogHead.from_json(Members(value, members.path(name)))
    check_text(head.origin, MAX_KEY_NAME, f"{members.path(name)}.origin")
    return head


def _digest_or_null(members: Members, name: str) -> str | None:
    value = members.take(name)
    if value is None:
        return None
    return match_text(Members({name: value}, members.where), name, _DIGEST, "a digest in hex")
