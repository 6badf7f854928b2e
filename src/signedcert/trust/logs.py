"""An institution's logs, as its manifest names them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, cast

from signedcert.core.checkpoint import Checkpoint
from signedcert.core.keys import Algorithm, PublicKey
from signedcert.core.note import MAX_KEY_NAME
from signedcert.core.shape import Members
from signedcert.documents.text import check_text
from signedcert.errors import MalformedError
from signedcert.trust.fields import hex_digest, public_keys
from signedcert.trust.states import STATES, State

#: A head has a signature of each, and both have to hold.
LOG_ALGORITHMS: tuple[Algorithm, ...] = ("Ed25519", "ML-DSA-44")
_PLACE = ".well-known/signedcert/"
_FOLDER = re.compile("log(-([2-9]|[1-9][0-9]))?")


class LogHead(NamedTuple):
    """A head of a log, as JSON has it. The origin may be any text: compare it with a log's."""

    origin: str
    size: int
    root: str

    @classmethod
    def from_json(cls, members: Members) -> "LogHead":
        """Raises MalformedError."""
        head = cls(members.text("origin"), members.integer("size"), hex_digest(members, "root"))
        members.done()
        return head

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "LogHead":
        """That of a checkpoint."""
        return cls(checkpoint.origin, checkpoint.size, checkpoint.root.hex())

    def to_json(self) -> dict[str, object]:
        """The member order of the wire."""
        return {"origin": self.origin, "size": self.size, "root": self.root}


#: The head of a log up to which a compromised key is believed.
CutOff: TypeAlias = LogHead


class End(NamedTuple):
    """The size that a log had when a key retired: nothing of that key is behind it. The origin may
    be any text.
    """

    origin: str
    size: int

    @classmethod
    def from_json(cls, members: Members) -> "End":
        """Raises MalformedError."""
        end = cls(members.text("origin"), members.integer("size"))
        members.done()
        return end

    def to_json(self) -> dict[str, object]:
        """The member order of the wire."""
        return self._asdict()


@dataclass(frozen=True, slots=True)
class Landmarks:
    """How many landmarks there are, and the digest of their list."""

    count: int
    digest: str

    @classmethod
    def from_json(cls, members: Members) -> "Landmarks":
        """Raises MalformedError."""
        landmarks = cls(members.integer("count"), hex_digest(members, "digest"))
        members.done()
        return landmarks

    def to_json(self) -> dict[str, object]:
        """The member order of the wire."""
        return {"count": self.count, "digest": self.digest}


class LogEntry(NamedTuple):
    """A log of the institution: its origin line, the keys that sign its heads."""

    origin: str
    keys: tuple[PublicKey, ...]
    state: State
    landmarks: Landmarks

    @classmethod
    def from_json(cls, members: Members) -> "LogEntry":
        """Raises MalformedError."""
        entry = cls(
            origin=members.text("origin"),
            keys=_log_keys(members),
            state=cast("State", members.text("state", *STATES)),
            landmarks=Landmarks.from_json(members.object("landmarks")),
        )
        members.done()
        check_text(entry.origin, MAX_KEY_NAME, members.path("origin"))
        return entry

    def to_json(self) -> dict[str, object]:
        """The member order of the wire."""
        return {
            "origin": self.origin,
            "keys": [key.to_jwk() for key in self.keys],
            "state": self.state,
            "landmarks": self.landmarks.to_json(),
        }


def writing(logs: Sequence[LogEntry]) -> LogEntry | None:
    """The one that is written to: the newest active one; None without any."""
    return next((log for log in reversed(logs) if log.state == "active"), None)


def log_origin(iss: str, number: int = 1) -> str:
    """The origin of an institution's first log, its second: where it is published, without the
    scheme (C2SP tlog-tiles, "Parameters").
    """
    folder = "log" if number == 1 else f"log-{number}"
    return f"{iss.removeprefix('https://')}/{_PLACE}{folder}"


def log_folder(iss: str, origin: str) -> str | None:
    """The folder of a log, within what an institution publishes; None for an origin that is not
    the institution's.
    """
    prefix = f"{iss.removeprefix('https://')}/{_PLACE}"
    folder = origin.removeprefix(prefix)
    return folder if origin.startswith(prefix) and _FOLDER.fullmatch(folder) else None


def log_number(iss: str, origin: str) -> int:
    """1 for an institution's first log, 2 for its second: what ``log_origin`` made it from."""
    folder = log_folder(iss, origin)
    if folder is None:
        message = f"not where {iss} publishes a log"
        raise MalformedError("not-under-issuer", message, where=origin)
    return int(folder.partition("-")[2] or 1)


def _log_keys(members: Members) -> tuple[PublicKey, ...]:
    keys = public_keys(members, len(LOG_ALGORITHMS))
    if tuple(key.algorithm for key in keys) != LOG_ALGORITHMS:
        message = f"a log has one key of each: {', '.join(LOG_ALGORITHMS)}"
        raise MalformedError("key-type", message, where=members.path("keys"))
    return keys
