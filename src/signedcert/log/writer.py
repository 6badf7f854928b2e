"""The writer of a log, which cannot fork it: whenever it is broken off, the next one goes on.

Documents get their places (in the registry, for good); tiles and bundles are written and synced;
the head that is to be signed is written down; it is signed; the signed head is written down,
published, and saved outside of the home. Who finds a head that is written down and not signed
finishes exactly that one first. One of several processes writes at a time. Of several machines with
one registry, the first that writes places or a head down wins, and the others look again.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from signedcert.core.checkpoint import SignedCheckpoint
from signedcert.core.encoding import parse_time, whole_seconds
from signedcert.core.keys import BadSignatureError
from signedcert.errors import ConfigurationError, IssueError, MalformedError
from signedcert.log.folder import CHECKPOINT, LogFolder
from signedcert.log.keys import LogSigner
from signedcert.log.projection import Projection
from signedcert.log.saved import SavedHead
from signedcert.registry.errors import ConflictError
from signedcert.registry.log import HeadRow, LogTable
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import LogEntry

#: Documents under one head: what is in memory while they get their places.
MOST = 25_000
_ATTEMPTS = 20


class KnownHead(NamedTuple):
    """A head that was signed, and where it is known from."""

    size: int
    root: bytes
    where: str


@dataclass(frozen=True)
class LogWriter:
    """Writes one log: its ``entry`` in the manifest, its rows in the registry, its files.

    ``landmarks`` are those of the newest manifest, ``saved`` is the head that is kept outside of
    the home. ``signer`` is called when, and only if, a head is to be signed. ``earlier`` logs, by
    their numbers, prove nothing from these sizes on; what is there comes into this one.
    """

    entry: LogEntry
    table: LogTable
    folder: LogFolder
    landmarks: LandmarkList
    saved: SavedHead
    signer: Callable[[], LogSigner]
    earlier: Mapping[int, int] = field(default_factory=dict)

    def append(self, at: datetime, *, rest: timedelta | None = None, limit: int = MOST) -> int:
        """Logs up to ``limit`` documents that wait for it, at random places among each other, under
        a head that is signed and published when this returns; how many they were. None are, if the
        newest head is not as old as ``rest``.

        Raises ConfigurationError: ``log-behind`` as ``check`` does, and nothing was signed then;
        ``log-damaged``; what the keys are refused for. IssueError ``registry-busy``.
        """
        at = whole_seconds(at, "at")
        with self.folder.alone():
            for _ in range(_ATTEMPTS):
                try:
                    return self._append(at, rest, limit)
                except ConflictError:  # another machine was first: look again
                    continue
        message = f"others wrote the log {_ATTEMPTS} times in a row; try again"
        raise IssueError("registry-busy", message)

    def rebuild(self) -> int:
        """Makes all published files again from the registry, as far as its newest signed head goes;
        how many entries that has. Nothing is signed.

        Raises ConfigurationError: ``log-behind``; ``log-damaged``, the registry does not lead to
        that head, and the files are as they were.
        """
        with self.folder.alone():
            self.check()
            head = self.table.newest_signed()
            if head is None:
                return 0
            projection = Projection(self.table, self.folder, 0)
            projection.rebuild(head.size, head)
            self._publish(head, projection)
            return head.size

    def check(self) -> None:
        """Returns if the registry knows every head that was published here, was saved, or is the
        newest landmark: what is here is the newest state of the log.

        Raises ConfigurationError ``log-behind``: it is from a backup, or a copy beside another one;
        what it signed would be a second log under the same name.
        """
        if len(self.landmarks.heads) < self.entry.landmarks.count:
            raise _lost(self.entry.landmarks.count)
        for known in list(self._known()):  # before the registry is asked, which may have more
            head = self.table.head(known.size)
            if head is None or head.root != known.root:
                raise _behind(known, self.table.size())

    def _append(self, at: datetime, rest: timedelta | None, limit: int) -> int:
        published = self._published()
        self.check()
        self.table.requeue(self.earlier)
        projection = Projection(self.table, self.folder, published.size if published else 0)
        head = self.table.newest_head()
        if head is not None and head.note is None:  # what a crash has left
            head = self._sign(head.size, projection)
        count = 0
        if head is None or rest is None or abs(at - parse_time(head.at)) >= rest:
            count = self.table.append(limit, _shuffle)
            size = self.table.size()
            if size > (head.size if head else 0):
                self.table.add_head(projection.frontier(size, head), at)
                head = self._sign(size, projection)
        if head is not None:
            self._publish(head, projection)
        return count

    def _sign(self, size: int, projection: Projection) -> HeadRow:
        """The head of this size, which is written down, with its signature; that is in the registry
        then. Before it was signed, it was shown to extend the one before, and to have its tiles.
        """
        head = self._head(size)
        if projection.frontier(size, self.table.signed_below(size)).root() != head.root:
            raise _contradictory(size)
        note = self.signer().sign(size, head.root).encode()
        if self._verified(lambda: note, "") is None:
            message = "these are not the keys that the manifest names for this log"
            raise ConfigurationError("key-file", message, where=self.entry.origin)
        self.table.sign_head(size, note.decode())
        return self._head(size)  # another machine may have been first

    def _publish(self, head: HeadRow, projection: Projection) -> None:
        note = (head.note or "").encode()
        known = self._verified(lambda: note, "registry")
        if known is None or (known.size, known.root) != (head.size, head.root):
            raise _contradictory(head.size)
        if _or_none(self.folder.checkpoint) != note:
            projection.frontier(head.size, head)
            self.folder.write_checkpoint(note)
        if _or_none(self.saved.read) != note:
            self.saved.write(note)
        count = len(self.landmarks.heads)
        if count and _or_none(lambda: self.folder.landmarks(count)) is None:
            self.folder.write_landmarks(count, self.landmarks.encode())

    def _head(self, size: int) -> HeadRow:
        head = self.table.head(size)
        if head is None:
            raise _contradictory(size)
        return head

    def _known(self) -> Iterator[KnownHead]:
        if published := self._published():
            yield published
        if saved := self._verified(self.saved.read, str(self.saved.path)):
            yield saved
        if self.landmarks.heads:
            yield KnownHead(*self.landmarks.heads[-1], "the newest landmark of the manifest")

    def _published(self) -> KnownHead | None:
        return self._verified(self.folder.checkpoint, str(self.folder.path / CHECKPOINT))

    def _verified(self, read: Callable[[], bytes | None], where: str) -> KnownHead | None:
        """The head in a file. One that is damaged, or is of another log, says nothing."""
        note = _or_none(read)
        if note is None:
            return None
        try:
            head = SignedCheckpoint.parse(note).verify(self.entry.origin, self.entry.keys)
        except (MalformedError, BadSignatureError):
            return None
        return KnownHead(head.size, head.root, where)


def _shuffle(numbers: list[int]) -> None:
    """Any order is as likely as any other: a place in the log says nothing of a rank."""
    length = 16  # so long that no two are the same
    random = secrets.token_bytes(length * len(numbers))
    keys = (random[i : i + length] for i in range(0, len(random), length))
    numbers.sort(key=lambda _: next(keys))


def _or_none(read: Callable[[], bytes | None]) -> bytes | None:
    """A file that cannot be read is written again."""
    try:
        return read()
    except MalformedError:
        return None


def _behind(known: KnownHead, size: int) -> ConfigurationError:
    has = f"has {size} entries" if size < known.size else "was continued in another way"
    message = (
        f"a head over {known.size} entries of this log was signed, and the registry {has}: it is "
        "from a backup, or of a copy. Nothing was signed now. Restore the newest registry; if "
        "there is none any more, begin another log: signedcert keys propose --add-log"
    )
    return ConfigurationError("log-behind", message, where=known.where)


def _lost(count: int) -> ConfigurationError:
    message = (
        f"the manifest names {count} landmarks of this log, and neither its files nor the registry "
        "has them: it is from a backup. Nothing was signed now. Restore the newest registry"
    )
    return ConfigurationError("log-behind", message, where="registry")


def _contradictory(size: int) -> ConfigurationError:
    message = f"what the registry says of the head over {size} entries contradicts its entries"
    return ConfigurationError("log-damaged", f"{message}; restore its newest backup")
