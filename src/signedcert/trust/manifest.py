"""The key manifest: an institution's key history, signed by its root keys.

Here it is read and written; whether to believe it is for ``trust.history``.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from signedcert.core.encoding import (
    dump_json,
    format_time,
    parse_canonical_json,
    parse_json,
    parse_time,
)
from signedcert.core.jws import MAX_GENERAL, GeneralJWS
from signedcert.core.keys import POST_QUANTUM
from signedcert.core.shape import Members
from signedcert.documents.form import KINDS
from signedcert.documents.text import MAX_TITLE, check_text
from signedcert.errors import MalformedError
from signedcert.trust.entries import (
    FinalState,
    KeyEntry,
    NextGroup,
    RootGroup,
    StatusPolicy,
    key_url,
)
from signedcert.trust.fields import match_text
from signedcert.trust.logs import LogEntry, log_folder, log_origin

MANIFEST_TYPE = "signedcert-keys+jws"

_MAX_GROUPS = 4
#: A new key each month for 20 years; no entry is ever taken out. What counts is the time to read:
#: some 50 µs a key.
_MAX_KEYS = 256
#: A new log each year, and some to spare.
_MAX_LOGS = 32

_ORIGIN = re.compile(KINDS["origin"])


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyManifest:
    """One version of an institution's keys (docs/spec/manifest)."""

    iss: str
    name: str
    version: int
    issued: datetime
    expires: datetime
    root: tuple[RootGroup, ...]
    next: tuple[NextGroup, ...]
    keys: tuple[KeyEntry, ...]
    logs: tuple[LogEntry, ...] = ()
    status: StatusPolicy | None = None
    final: FinalState | None = None

    def encode(self) -> bytes:
        """The payload, in its one spelling."""
        return dump_json(
            {
                "iss": self.iss,
                "name": self.name,
                "version": self.version,
                "issued": format_time(self.issued),
                "expires": format_time(self.expires),
                "root": {"groups": [group.to_json() for group in self.root]},
                "next": [group.to_json() for group in self.next],
                "keys": [entry.to_json() for entry in self.keys],
                "logs": [entry.to_json() for entry in self.logs],
                "status": self.status and self.status.to_json(),
                "final": self.final and self.final.to_json(),
            }
        )

    @classmethod
    def parse(cls, payload: bytes, where: str = "manifest") -> "KeyManifest":
        """Reads a payload. Its signatures are not looked at here.

        Raises MalformedError: another spelling than ``encode`` gives, a key that ``PublicKey``
        refuses, a key that stands twice, a threshold that cannot be reached, a ``url`` that is
        not the key's place under the issuer, fields that do not go with the state of a key.
        """
        members = Members(parse_json(payload, MAX_GENERAL, where), where)
        manifest = cls(
            iss=match_text(members, "iss", _ORIGIN, "an https origin, without a path"),
            name=_name(members),
            version=members.integer("version", 1),
            issued=parse_time(members.text("issued"), members.path("issued")),
            expires=parse_time(members.text("expires"), members.path("expires")),
            root=_roots(members.object("root")),
            next=tuple(map(NextGroup.from_json, members.objects("next", _MAX_GROUPS))),
            keys=tuple(map(KeyEntry.from_json, members.objects("keys", _MAX_KEYS))),
            logs=tuple(map(LogEntry.from_json, members.objects("logs", _MAX_LOGS))),
            status=_nullable(members, "status", StatusPolicy.from_json),
            final=_nullable(members, "final", FinalState.from_json),
        )
        members.done()
        if manifest.encode() != payload:
            parse_canonical_json(payload, MAX_GENERAL, where)  # it says where it is not
            message = "the members are in another order than the one they are written in"
            raise MalformedError("member-order", message, where=where)
        manifest._check(where)
        return manifest

    @property
    def digest(self) -> str:
        """SHA-256 of the payload, in hex."""
        return hashlib.sha256(self.encode()).hexdigest()

    @property
    def pin(self) -> str:
        """What a verifier holds on to: version and digest, computed from the payload."""
        return f"{self.version}:{self.digest}"

    @property
    def post_quantum(self) -> bool:
        """Whether a root group of ML-DSA keys alone has to sign."""
        return any(all(key.algorithm in POST_QUANTUM for key in group.keys) for group in self.root)

    def _check(self, where: str) -> None:
        keys = [key for group in self.root for key in group.keys]
        keys += [entry.key for entry in self.keys]
        keys += [key for log in self.logs for key in log.keys]
        thumbprints = [key.thumbprint for key in keys]
        if len(set(thumbprints)) != len(thumbprints):
            raise MalformedError("key-invalid", "a key stands twice", where=where)
        self._check_logs(where)
        for position, entry in enumerate(self.keys):
            if entry.url != key_url(self.iss, entry.key):
                message = f"the key's place is {key_url(self.iss, entry.key)}"
                place = f"{where}.keys[{position}]"
                raise MalformedError("kid-not-under-issuer", message, where=place)
        if self.next and all(map(self._is_present, self.next)):
            message = "the present root keys alone are enough for next; announce other ones"
            raise MalformedError("manifest-threshold", message, where=f"{where}.next")
        if self.expires <= self.issued:
            message = "expires before it is issued"
            raise MalformedError("manifest-expired-before-issued", message, where=where)

    def _check_logs(self, where: str) -> None:
        origins = [log.origin for log in self.logs]
        if len(set(origins)) != len(origins):
            raise MalformedError("wrong-value", "a log stands twice", where=where)
        for position, origin in enumerate(origins):
            if log_folder(self.iss, origin) is None:
                message = f"not where {self.iss} publishes a log: {log_origin(self.iss)}, -2, -3 …"
                place = f"{where}.logs[{position}].origin"
                raise MalformedError("not-under-issuer", message, where=place)
        for position, entry in enumerate(self.keys):
            if any(one and one.origin not in origins for one in (entry.ended, *entry.cutoffs)):
                message = "a place in a log that the manifest does not name"
                raise MalformedError("wrong-value", message, where=f"{where}.keys[{position}]")

    def _is_present(self, group: NextGroup) -> bool:
        """Whether who holds the present root keys reaches the threshold of a group to come."""
        present = {key.thumbprint for one in self.root for key in one.keys}
        return len(present & set(group.thumbprints)) >= group.threshold


class SignedManifest(NamedTuple):
    """A manifest as it arrives: ``unverified`` says what it claims; nobody has checked it."""

    unverified: KeyManifest
    jws: GeneralJWS

    @classmethod
    def parse(cls, data: bytes, where: str = "manifest") -> "SignedManifest":
        """Raises MalformedError: what ``GeneralJWS`` and ``KeyManifest`` refuse, and a header
        whose ``typ`` is not that of a manifest.
        """
        jws = GeneralJWS.parse(data, where)
        for signature in jws.signatures:
            if signature.header.typ != MANIFEST_TYPE:
                message = f"typ is not {MANIFEST_TYPE}"
                raise MalformedError("typ-unexpected", message, where=where)
        return cls(KeyManifest.parse(jws.payload, where), jws)


def _name(members: Members) -> str:
    name = members.text("name")
    check_text(name, MAX_TITLE, members.path("name"))
    return name


def _roots(members: Members) -> tuple[RootGroup, ...]:
    groups = tuple(map(RootGroup.from_json, members.objects("groups", _MAX_GROUPS)))
    members.done()
    if not groups:
        raise MalformedError("manifest-threshold", "no root group", where=members.where)
    return groups


_Value = TypeVar("_Value")


def _nullable(members: Members, name: str, read: Callable[[Members], _Value]) -> _Value | None:
    value = members.take(name)
    return None if value is None else read(Members(value, members.path(name)))
