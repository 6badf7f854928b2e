"""What a key manifest is made of: root groups, keys, policies, each with its form in JSON."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias, cast, get_args

from signedcert.core.encoding import format_time, parse_time
from signedcert.core.keys import PublicKey
from signedcert.core.shape import Members
from signedcert.errors import MalformedError
from signedcert.trust.fields import DIGEST, hex_digest, public_key, public_keys
from signedcert.trust.logs import CutOff, End
from signedcert.trust.states import STATES, State

Role: TypeAlias = Literal["issue", "snapshot", "log"]
Logged: TypeAlias = Literal["expected", "required", "anchored"]

_MAX_KEYS = 16
#: Each in another log. A key that has signed under more was to be replaced long ago.
MAX_CUTOFFS = 4
_MAX_LISTS = 4096

_ROLES: tuple[str, ...] = get_args(Role)
LOGGED: tuple[str, ...] = get_args(Logged)
_THUMBPRINT = re.compile("[A-Za-z0-9_-]{43}")


class RootGroup(NamedTuple):
    """Root keys of which ``threshold`` must sign. All groups of a manifest are joined by AND."""

    threshold: int
    keys: tuple[PublicKey, ...]

    @classmethod
    def from_json(cls, members: Members) -> "RootGroup":
        """Raises MalformedError, among others for a threshold that cannot be reached."""
        keys = public_keys(members, _MAX_KEYS)
        group = cls(_threshold(members, len(keys)), keys)
        members.done()
        return group

    def to_json(self) -> dict[str, object]:
        """The member order of the wire."""
        return {"threshold": self.threshold, "keys": [key.to_jwk() for key in self.keys]}


class NextGroup(NamedTuple):
    """A root group to come, by thumbprints: what the present one may rotate into."""

    threshold: int
    thumbprints: tuple[str, ...]

    @classmethod
    def from_json(cls, members: Members) -> "NextGroup":
        """Raises MalformedError, among others for a thumbprint that stands twice."""
        thumbprints = members.texts("keys", _MAX_KEYS)
        if len(set(thumbprints)) != len(thumbprints) or not all(
            map(_THUMBPRINT.fullmatch, thumbprints)
        ):
            message = "thumbprints are expected, each once"
            raise MalformedError("wrong-value", message, where=members.path("keys"))
        group = cls(_threshold(members, len(thumbprints)), thumbprints)
        members.done()
        return group

    def to_json(self) -> dict[str, object]:
        """The member order of the wire."""
        return {"threshold": self.threshold, "keys": list(self.thumbprints)}


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key of the institution, its role, and its state since a moment.

    ``ended`` is the size of the log at which a retired key ended, where there is one; ``cutoffs``
    belong to a compromised key, at most one for each log. ``url`` serves the JWK, and is the
    ``kid`` of what it signed.
    """

    key: PublicKey
    url: str
    role: Role
    state: State
    since: datetime
    logged: Logged = "expected"
    ended: End | None = None
    cutoffs: tuple[CutOff, ...] = ()

    @classmethod
    def from_json(cls, members: Members) -> "KeyEntry":
        """Raises MalformedError, among others for fields that do not go with the state."""
        entry = cls(
            key=public_key(members.take("jwk"), members.path("jwk")),
            url=members.text("url"),
            role=cast("Role", members.text("role", *_ROLES)),
            state=cast("State", members.text("state", *STATES)),
            since=parse_time(members.text("since"), members.path("since")),
            logged=cast("Logged", members.text("logged", *LOGGED)),
            ended=End.from_json(members.object("ended")) if "ended" in members else None,
            cutoffs=_cutoffs(members) if "cutoffs" in members else (),
        )
        members.done()
        entry._check_state(members.where)
        return entry

    def to_json(self) -> dict[str, object]:
        """The member order of the wire."""
        members: dict[str, object] = {
            "jwk": self.key.to_jwk(),
            "url": self.url,
            "role": self.role,
            "state": self.state,
            "since": format_time(self.since),
            "logged": self.logged,
        }
        if self.ended is not None:
            members["ended"] = self.ended.to_json()
        if self.cutoffs:
            members["cutoffs"] = [cutoff.to_json() for cutoff in self.cutoffs]
        return members

    def _check_state(self, where: str) -> None:
        if self.cutoffs and self.state != "compromised":
            message = "only a compromised key has a cut-off"
            raise MalformedError("manifest-key-state", message, where=where)
        if self.ended is not None and self.state not in ("retired", "compromised", "void"):
            message = "only a key that is no longer used has a log size at which it ended"
            raise MalformedError("manifest-key-state", message, where=where)


def _cutoffs(members: Members) -> tuple[CutOff, ...]:
    cutoffs = tuple(map(CutOff.from_json, members.objects("cutoffs", MAX_CUTOFFS)))
    if not cutoffs or len({cutoff.origin for cutoff in cutoffs}) != len(cutoffs):
        message = "cut-offs are expected, one for each log"
        raise MalformedError("wrong-value", message, where=members.path("cutoffs"))
    return cutoffs


class StatusPolicy(NamedTuple):
    """The institution publishes status lists; ``max_age`` is in seconds."""

    max_age: int

    @classmethod
    def from_json(cls, members: Members) -> "StatusPolicy":
        """Raises MalformedError."""
        policy = cls(members.integer("max_age", 1))
        members.done()
        return policy

    def to_json(self) -> dict[str, object]:
        """The member order of the wire."""
        return {"max_age": self.max_age}


class FinalState(NamedTuple):
    """An institution that closed: digests of the only status data that count from then on."""

    lists: tuple[str, ...]
    reasons: str
    checkpoint: str

    @classmethod
    def from_json(cls, members: Members) -> "FinalState":
        """Raises MalformedError."""
        lists = members.texts("lists", _MAX_LISTS)
        if not all(map(DIGEST.fullmatch, lists)):
            message = "digests in lower-case hex are expected"
            raise MalformedError("wrong-value", message, where=members.path("lists"))
        final = cls(lists, hex_digest(members, "reasons"), hex_digest(members, "checkpoint"))
        members.done()
        return final

    def to_json(self) -> dict[str, object]:
        """The member order of the wire."""
        lists = list(self.lists)
        return {"lists": lists, "reasons": self.reasons, "checkpoint": self.checkpoint}


def key_url(iss: str, key: PublicKey) -> str:
    """Where an institution serves a key; the ``kid`` of what it signs."""
    return f"{iss}/.well-known/keys/{key.thumbprint}"


def is_key_url(url: str, iss: str) -> bool:
    """Whether ``url`` could be that of a key of ``iss``: its place, a thumbprint, nothing else."""
    prefix = f"{iss}/.well-known/keys/"
    return url.startswith(prefix) and bool(_THUMBPRINT.fullmatch(url.removeprefix(prefix)))


def _threshold(members: Members, count: int) -> int:
    threshold = members.integer("threshold", 1)
    if threshold > count:
        message = f"{threshold} signatures are asked of {count} keys"
        raise MalformedError("manifest-threshold", message, where=members.where)
    return threshold
