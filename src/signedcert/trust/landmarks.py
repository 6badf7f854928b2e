"""Landmarks: the heads of a log that root keys vouch for (docs/spec/log).

The manifest has their number and digest. A list begins with every list before it, byte for byte, so
that a proof under one of its heads stays good for ever.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

from signedcert.core.checkpoint import HASH_LENGTH
from signedcert.core.encoding import b64_decode, b64_encode, check_size, parse_decimal
from signedcert.errors import MalformedError
from signedcert.trust.history import History
from signedcert.trust.logs import Landmarks

#: A head a day for 350 years, or one every ten minutes for two and a half.
MAX_LANDMARKS_FILE = 8 * 1024 * 1024


class Landmark(NamedTuple):
    """A head of the log: its size and its root hash."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class LandmarkList:
    """Heads in ascending order of size. Whether root vouches for them is in the manifest."""

    heads: tuple[Landmark, ...] = ()
    _roots: Mapping[int, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_roots", MappingProxyType(dict(self.heads)))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.heads,)

    @classmethod
    def parse(cls, data: bytes, where: str = "landmarks") -> "LandmarkList":
        """A line for each head: size, space, root hash in base64.

        Raises MalformedError: ``too-large``; what ``parse_decimal`` and ``b64_decode`` refuse;
        ``wrong-value`` for sizes that do not ascend, and hashes of another length.
        """
        check_size(data, MAX_LANDMARKS_FILE, where)
        return cls(tuple(_heads(data, where)))

    def encode(self) -> bytes:
        """The file, in its one spelling."""
        return "".join(f"{size} {b64_encode(root)}\n" for size, root in self.heads).encode()

    @property
    def landmarks(self) -> Landmarks:
        """What the manifest says of this list."""
        return Landmarks(len(self.heads), hashlib.sha256(self.encode()).hexdigest())

    @property
    def size(self) -> int:
        """The size of the newest head; 0 without one."""
        return self.heads[-1].size if self.heads else 0

    def root(self, size: int) -> bytes | None:
        """The root hash of the head of this size; None if there is none."""
        return self._roots.get(size)

    def over(self, index: int) -> Landmark | None:
        """The smallest head that covers the entry with this index; None if none does."""
        position = bisect_right(self.heads, index, key=attrgetter("size"))
        return self.heads[position] if position < len(self.heads) else None

    def begins_with(self, older: "LandmarkList") -> bool:
        """Whether this list goes on where ``older`` ends."""
        return self.heads[: len(older.heads)] == older.heads

    def add(self, heads: Iterable[Landmark]) -> "LandmarkList":
        """The list with newer heads. Raises MalformedError: their sizes do not ascend."""
        return LandmarkList.parse(LandmarkList((*self.heads, *heads)).encode())


def vouched_for(history: History, origin: str, landmarks: Landmarks) -> bool:
    """Whether root keys have signed this number and digest for a log, in any accepted version."""
    return any(
        (log.origin, log.landmarks) == (origin, landmarks)
        for manifest in history.versions
        for log in manifest.logs
    )


def _heads(data: bytes, where: str) -> Iterator[Landmark]:
    *lines, rest = data.split(b"\n")
    if rest:
        raise MalformedError("wrong-value", "the last line has no end", where=where)
    before = 0
    for number, line in enumerate(lines, 1):
        head = _head(line, f"{where}, line {number}")
        if head.size <= before:
            message = "sizes ascend, from 1 on"
            raise MalformedError("wrong-value", message, where=f"{where}, line {number}")
        yield head
        before = head.size


def _head(line: bytes, where: str) -> Landmark:
    size, _, root = line.partition(b" ")
    head = Landmark(parse_decimal(size.decode("ascii", "replace"), where), b64_decode(root, where))
    if len(head.root) != HASH_LENGTH:
        message = f"a root hash has {HASH_LENGTH} bytes"
        raise MalformedError("wrong-value", message, where=where)
    return head
