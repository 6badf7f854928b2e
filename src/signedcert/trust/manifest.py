"""The key manifest: an institution's key history, signed by its root keys.

Here it is read and written; whether to believe it is for ``trust.history``.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias, TypeVar, cast, get_args

from signedcert.core.encoding import dump_json, parse_canonical_json
from signedcert.core.jws import MAX_GENERAL, GeneralJWS
from signedcert.core.keys import POST_QUANTUM, PublicKey
from signedcert.core.shape import Members
from signedcert.documents.form import KINDS
from signedcert.documents.text import MAX_TITLE, check_text
from signedcert.errors import MalformedError

MANIFEST_TYPE = "signedcert-keys+jws"

Role: TypeAlias = Literal["issue", "snapshot", "log"]
State: TypeAlias = Literal["pre-published", "active", "retired", "compromised", "void"]
Logged: TypeAlias = Literal["expected", "required", "anchored"]

_MAX_GROUPS = 4
_MAX_ROOTS = 16
_MAX_KEYS = 1024
_MAX_LOGS = 32
_MAX_LISTS = 4096
_MAX_ORIGIN = 256

_ORIGIN = re.compile(KINDS["origin"])
_TIME = re.compile(KINDS["time"])
_DIGEST = re.compile("[0-9a-f]{64}")
_THUMBPRINT = re.compile("[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class RootGroup:
    """Root keys of which ``threshold`` must sign. All groups of a manifest are joined by AND."""

    threshold: int
    keys: tuple[PublicKey, ...]


@dataclass(frozen=True, slots=True)
class NextGroup:
    """A root group to come, by thumbprints: what the present one may rotate into."""

    threshold: int
    thumbprints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CutOff:
    """The head of a log up to which a compromised key is believed."""

    origin: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key of the institution, its role, and its state since a moment.

    ``ended`` is the log size at which a retired key ended, where there is a log; ``cutoff``
    belongs to a compromised key. ``url`` serves the JWK, and is the ``kid`` of what it signed.
    """

    key: PublicKey
    url: str
    role: Role
    state: State
    since: datetime
    logged: Logged = "expected"
    ended: int | None = None
    cutoff: CutOff | None = None


@dataclass(frozen=True, slots=True)
class Landmarks:
    """How many landmarks there are, and the digest of their list."""

    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A log of the institution: its origin line, the keys that sign its heads."""

    origin: str
    keys: tuple[PublicKey, ...]
    state: State
    landmarks: Landmarks


@dataclass(frozen=True, slots=True)
class StatusPolicy:
    """The institution publishes status lists; ``max_age`` is in seconds."""

    max_age: int


@dataclass(frozen=True, slots=True)
class FinalState:
    """An institution that closed: digests of the only status data that count from then on."""

    lists: tuple[str, ...]
    reasons: str
    checkpoint: str


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
                "root": {"groups": [_root_to_json(group) for group in self.root]},
                "next": [
                    {"threshold": group.threshold, "keys": list(group.thumbprints)}
                    for group in self.next
                ],
                "keys": [_key_to_json(entry) for entry in self.keys],
                "logs": [_log_to_json(entry) for entry in self.logs],
                "status": self.status and {"max_age": self.status.max_age},
                "final": self.final
                and {
                    "lists": list(self.final.lists),
                    "reasons": self.final.reasons,
                    "checkpoint": self.final.checkpoint,
                },
            }
        )

    @classmethod
    def parse(cls, payload: bytes, where: str = "manifest") -> "KeyManifest":
        """Reads a payload. Its signatures are not looked at here.

        Raises MalformedError: another spelling than ``encode`` gives, a key that ``PublicKey``
        refuses, a key that stands twice, a threshold that cannot be reached, a ``url`` that is
        not the key's place under the issuer, fields that do not go with the state of a key.
        """
        members = Members(parse_canonical_json(payload, MAX_GENERAL, where), where)
        manifest = cls(
            iss=_match(members, "iss", _ORIGIN, "an https origin, without a path"),
            name=_name(members),
            version=members.integer("version", 1),
            issued=_time(members, "issued"),
            expires=_time(members, "expires"),
            root=_roots(members.object("root")),
            next=_nexts(members),
            keys=tuple(_key_from_json(entry) for entry in members.objects("keys", _MAX_KEYS)),
            logs=tuple(_log_from_json(entry) for entry in members.objects("logs", _MAX_LOGS)),
            status=_nullable(members, "status", _status),
            final=_nullable(members, "final", _final),
        )
        members.done()
        if manifest.encode() != payload:
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
        if len({log.origin for log in self.logs}) != len(self.logs):
            raise MalformedError("wrong-value", "a log stands twice", where=where)
        for position, entry in enumerate(self.keys):
            _check_entry(entry, self.iss, f"{where}.keys[{position}]")
        if self.next and all(map(self._is_present, self.next)):
            message = "the present root keys alone are enough for next; announce other ones"
            raise MalformedError("manifest-threshold", message, where=f"{where}.next")
        if self.expires <= self.issued:
            message = "expires before it is issued"
            raise MalformedError("manifest-expired-before-issued", message, where=where)

    def _is_present(self, group: NextGroup) -> bool:
        """Whether who holds the present root keys reaches the threshold of a group to come."""
        present = {key.thumbprint for one in self.root for key in one.keys}
        return len(present & set(group.thumbprints)) >= group.threshold


@dataclass(frozen=True, slots=True)
class SignedManifest:
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


def key_url(iss: str, key: PublicKey) -> str:
    """Where an institution serves a key; the ``kid`` of what it signs."""
    return f"{iss}/.well-known/keys/{key.thumbprint}"


def is_key_url(url: str, iss: str) -> bool:
    """Whether ``url`` could be that of a key of ``iss``: its place, a thumbprint, nothing else."""
    prefix = f"{iss}/.well-known/keys/"
    return url.startswith(prefix) and bool(_THUMBPRINT.fullmatch(url.removeprefix(prefix)))


def format_time(moment: datetime) -> str:
    """UTC with whole seconds, as all times on the wire."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _check_entry(entry: KeyEntry, iss: str, where: str) -> None:
    if entry.url != key_url(iss, entry.key):
        message = f"the key's place is {key_url(iss, entry.key)}"
        raise MalformedError("kid-not-under-issuer", message, where=where)
    if entry.cutoff is not None and entry.state != "compromised":
        message = "only a compromised key has a cut-off"
        raise MalformedError("manifest-key-state", message, where=where)
    if entry.ended is not None and entry.state not in ("retired", "compromised", "void"):
        message = "only a key that is no longer used has a log size at which it ended"
        raise MalformedError("manifest-key-state", message, where=where)


# From JSON


_Value = TypeVar("_Value")


def _match(members: Members, name: str, pattern: re.Pattern[str], what: str) -> str:
    text = members.text(name)
    if not pattern.fullmatch(text):
        message = f"{ascii(text)[:80]} is not {what}"
        raise MalformedError("wrong-value", message, where=members.path(name))
    return text


def _name(members: Members) -> str:
    name = members.text("name")
    check_text(name, MAX_TITLE, members.path("name"))
    return name


def _time(members: Members, name: str) -> datetime:
    text = _match(members, name, _TIME, "a time in UTC with whole seconds")
    try:
        return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
    except ValueError as error:
        raise MalformedError("wrong-value", str(error), where=members.path(name)) from error


def _nullable(members: Members, name: str, read: Callable[[Members], _Value]) -> _Value | None:
    value = members.take(name)
    return None if value is None else read(Members(value, members.path(name)))


def _choice(members: Members, name: str, kind: object) -> str:
    return members.text(name, *get_args(kind))


def _public_key(value: object, where: str) -> PublicKey:
    key = PublicKey.from_jwk(value, where)
    if value != key.to_jwk():
        message = "alg, use and kid belong into every key of a manifest"
        raise MalformedError("member-missing", message, where=where)
    return key


def _public_keys(members: Members, limit: int) -> tuple[PublicKey, ...]:
    values = members.array("keys", limit)
    return tuple(
        _public_key(value, f"{members.path('keys')}[{i}]") for i, value in enumerate(values)
    )


def _threshold(members: Members, count: int) -> int:
    threshold = members.integer("threshold", 1)
    if threshold > count:
        message = f"{threshold} signatures are asked of {count} keys"
        raise MalformedError("manifest-threshold", message, where=members.where)
    return threshold


def _roots(members: Members) -> tuple[RootGroup, ...]:
    groups = []
    for group in members.objects("groups", _MAX_GROUPS):
        keys = _public_keys(group, _MAX_ROOTS)
        groups.append(RootGroup(_threshold(group, len(keys)), keys))
        group.done()
    members.done()
    if not groups:
        raise MalformedError("manifest-threshold", "no root group", where=members.where)
    return tuple(groups)


def _nexts(members: Members) -> tuple[NextGroup, ...]:
    groups = []
    for group in members.objects("next", _MAX_GROUPS):
        thumbprints = group.texts("keys", _MAX_ROOTS)
        if len(set(thumbprints)) != len(thumbprints) or not all(
            map(_THUMBPRINT.fullmatch, thumbprints)
        ):
            message = "thumbprints are expected, each once"
            raise MalformedError("wrong-value", message, where=group.path("keys"))
        groups.append(NextGroup(_threshold(group, len(thumbprints)), thumbprints))
        group.done()
    return tuple(groups)


def _key_from_json(members: Members) -> KeyEntry:
    entry = KeyEntry(
        key=_public_key(members.take("jwk"), members.path("jwk")),
        url=members.text("url"),
        role=cast("Role", _choice(members, "role", Role)),
        state=cast("State", _choice(members, "state", State)),
        since=_time(members, "since"),
        logged=cast("Logged", _choice(members, "logged", Logged)),
        ended=members.integer("ended") if "ended" in members else None,
        cutoff=_cutoff(members.object("cutoff")) if "cutoff" in members else None,
    )
    members.done()
    return entry


def _log_from_json(members: Members) -> LogEntry:
    entry = LogEntry(
        origin=_origin(members),
        keys=_public_keys(members, _MAX_ROOTS),
        state=cast("State", _choice(members, "state", State)),
        landmarks=_landmarks(members.object("landmarks")),
    )
    members.done()
    return entry


def _origin(members: Members) -> str:
    origin = members.text("origin")
    check_text(origin, _MAX_ORIGIN, members.path("origin"))
    return origin


def _landmarks(members: Members) -> Landmarks:
    landmarks = Landmarks(members.integer("count"), _hex(members, "digest"))
    members.done()
    return landmarks


def _cutoff(members: Members) -> CutOff:
    cutoff = CutOff(_origin(members), members.integer("size"), _hex(members, "root"))
    members.done()
    return cutoff


def _status(members: Members) -> StatusPolicy:
    policy = StatusPolicy(members.integer("max_age", 1))
    members.done()
    return policy


def _final(members: Members) -> FinalState:
    lists = members.texts("lists", _MAX_LISTS)
    if not all(map(_DIGEST.fullmatch, lists)):
        message = "digests in lower-case hex are expected"
        raise MalformedError("wrong-value", message, where=members.path("lists"))
    final = FinalState(lists, _hex(members, "reasons"), _hex(members, "checkpoint"))
    members.done()
    return final


def _hex(members: Members, name: str) -> str:
    return _match(members, name, _DIGEST, "a SHA-256 digest in lower-case hex")


# To JSON


def _root_to_json(group: RootGroup) -> dict[str, object]:
    return {"threshold": group.threshold, "keys": [key.to_jwk() for key in group.keys]}


def _key_to_json(entry: KeyEntry) -> dict[str, object]:
    members: dict[str, object] = {
        "jwk": entry.key.to_jwk(),
        "url": entry.url,
        "role": entry.role,
        "state": entry.state,
        "since": format_time(entry.since),
        "logged": entry.logged,
    }
    if entry.ended is not None:
        members["ended"] = entry.ended
    if entry.cutoff is not None:
        cutoff = entry.cutoff
        members["cutoff"] = {"origin": cutoff.origin, "size": cutoff.size, "root": cutoff.root}
    return members


def _log_to_json(entry: LogEntry) -> dict[str, object]:
    return {
        "origin": entry.origin,
        "keys": [key.to_jwk() for key in entry.keys],
        "state": entry.state,
        "landmarks": {"count": entry.landmarks.count, "digest": entry.landmarks.digest},
    }
