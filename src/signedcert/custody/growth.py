"""What a log has grown by since its last landmark: root holders recompute it before they sign."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from signedcert.core.checkpoint import Checkpoint
from signedcert.core.merkle import HASH_LENGTH, Frontier, check_consistency, leaf_hash
from signedcert.core.tiles import ENTRY_LENGTH, ReadTile, TiledTree
from signedcert.errors import MalformedError, RejectedError
from signedcert.files import read_limited, write_atomic
from signedcert.trust.landmarks import MAX_LANDMARKS_FILE, Landmark, LandmarkList
from signedcert.trust.logs import LogEntry

#: Sixteen million documents between two manifests.
MAX_ENTRIES_FILE = 512 * 1024 * 1024
_MAX_FRONTIER_FILE = 64 * HASH_LENGTH
#: Leaf hashes that are in memory at a time.
_CHUNK = 1 << 16
_LANDMARKS, _FRONTIER, _ENTRIES = "landmarks", "frontier", "entries"


@dataclass(frozen=True, slots=True)
class Growth:
    """What a proposal brings of one log; nothing of it is believed for being there.

    ``landmarks`` is the new list, ``frontier`` the right edge of the tree at the last landmark of
    the version before, ``entries`` what came since, 32 bytes each, as the registry has it.
    """

    origin: str
    landmarks: LandmarkList
    frontier: Frontier
    entries: bytes

    def check(
        self, before: LogEntry | None, after: LogEntry, known: Iterable[Landmark] = ()
    ) -> None:
        """Returns if every landmark that ``after`` adds is a head of the tree that the ones of
        ``before`` and these entries lead to, and if the heads that this holder has seen elsewhere,
        ``known``, are among the landmarks, as far as they go.

        Raises MalformedError ``digest-mismatch``: not the list that a manifest names; RejectedError
        ``proof-forked``: a landmark, or a head that is known, is of another tree.
        """
        old = self._old(before)
        if self.landmarks.landmarks != after.landmarks:
            raise self._mismatch("the list is not the one that is to be signed")
        new = self.landmarks.heads[len(old.heads) :]
        self._recompute(old, new)
        for head in known:
            if head.size <= self.landmarks.size and self.landmarks.root(head.size) != head.root:
                raise self._forked(f"a head of {head.size} entries that this machine has seen")

    def check_published(self, head: Checkpoint, read: ReadTile) -> None:
        """Returns if the log that is published, whose newest head this is, extends the newest
        landmark.

        Raises RejectedError ``proof-forked``; MalformedError for tiles of another length.
        """
        if not self.landmarks.heads:
            return
        newest = self.landmarks.heads[-1]
        if head.size < newest.size:
            raise self._forked(f"the published log has {head.size} entries: that")
        path = TiledTree(head.size, read).consistency_path(newest.size)
        try:
            check_consistency(newest.size, head.size, path, newest.root, head.root)
        except MalformedError as error:
            raise self._forked(f"the published head of {head.size} entries") from error

    def _old(self, before: LogEntry | None) -> LandmarkList:
        """The landmarks of the version before, with which the new list has to begin."""
        count = 0 if before is None else before.landmarks.count
        old = LandmarkList(self.landmarks.heads[:count])
        if before is not None and old.landmarks != before.landmarks:
            raise self._mismatch("the list does not begin with the one of the version before")
        return old

    def _recompute(self, old: LandmarkList, new: tuple[Landmark, ...]) -> None:
        frontier = self.frontier
        end = new[-1].size if new else old.size
        if frontier.size != old.size or (old.heads and frontier.root() != old.heads[-1].root):
            raise self._forked("the edge of the tree at the last landmark")
        if len(self.entries) != (end - old.size) * ENTRY_LENGTH:
            message = f"{end - old.size} entries are expected, and there are others"
            raise MalformedError("tile-shape", message, where=f"log {self.origin}")
        for head in new:
            for leaves in self._leaves(frontier.size, head.size):
                frontier = frontier.append(leaves)
            if frontier.root() != head.root:
                raise self._forked(f"the landmark of {head.size} entries")

    def _leaves(self, start: int, stop: int) -> Iterator[list[bytes]]:
        first = self.frontier.size
        for begin in range(start - first, stop - first, _CHUNK):
            end = min(begin + _CHUNK, stop - first)
            places = range(begin * ENTRY_LENGTH, end * ENTRY_LENGTH, ENTRY_LENGTH)
            yield [leaf_hash(self.entries[place : place + ENTRY_LENGTH]) for place in places]

    def _mismatch(self, message: str) -> MalformedError:
        return MalformedError("digest-mismatch", message, where=f"landmarks of {self.origin}")

    def _forked(self, what: str) -> RejectedError:
        message = (
            f"{what} is not of the log that its entries make up; sign nothing, and find out "
            "who has written to the log"
        )
        return RejectedError("proof-forked", message, where=f"log {self.origin}")

    def page(self) -> Iterator[str]:
        """What the holders read, line by line."""
        count = len(self.entries) // ENTRY_LENGTH
        if not count:
            size = self.frontier.size
            yield f"- {self.origin}: no entries since its last landmark, at size {size}."
            return
        yield (
            f"- {self.origin}: {count} entries since its last landmark, at size "
            f"{self.frontier.size}; each has a record in the institution's registry, as the "
            "institution says. Your machine recomputes the new landmarks from them."
        )

    def write(self, directory: Path) -> None:
        """Three files in a directory that is there."""
        write_atomic(directory / _LANDMARKS, self.landmarks.encode())
        write_atomic(directory / _FRONTIER, b"".join(self.frontier.hashes))
        write_atomic(directory / _ENTRIES, self.entries)

    @classmethod
    def read(cls, directory: Path, origin: str, before: LogEntry | None) -> "Growth":
        """What lies in a directory, for a log of which the version before says ``before``.

        Raises MalformedError: damaged, too large, or missing.
        """
        data = read_limited(directory / _LANDMARKS, MAX_LANDMARKS_FILE)
        landmarks = LandmarkList.parse(data, str(directory / _LANDMARKS))
        count = 0 if before is None else before.landmarks.count
        size = LandmarkList(landmarks.heads[:count]).size
        edge = read_limited(directory / _FRONTIER, _MAX_FRONTIER_FILE)
        hashes = tuple(edge[i : i + HASH_LENGTH] for i in range(0, len(edge), HASH_LENGTH))
        entries = read_limited(directory / _ENTRIES, MAX_ENTRIES_FILE)
        return cls(origin, landmarks, Frontier(size, hashes), entries)
