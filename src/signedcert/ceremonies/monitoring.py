"""Whether a log, as it is published, is the one that the registry has; and whether keys keep to
their times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from signedcert.core.checkpoint import Checkpoint
from signedcert.core.jws import Header
from signedcert.core.merkle import Frontier, check_consistency, leaf_hash
from signedcert.core.tiles import ENTRIES, TILE_WIDTH, ReadTile, TiledTree, TileName, parse_entries
from signedcert.documents.openbadges import CERTIFICATE_TYPES, RECORD_TYPE
from signedcert.errors import MalformedError
from signedcert.registry.log import LogTable
from signedcert.registry.registry import Registry
from signedcert.trust.entries import KeyEntry
from signedcert.trust.logs import LogEntry, log_number
from signedcert.trust.manifest import KeyManifest

Kind: TypeAlias = Literal["entry-unknown", "log-forked", "log-behind", "key-outside-its-time"]


class Finding(NamedTuple):
    """Something that an honest institution does not do, and its place in the log, if it has one."""

    kind: Kind
    message: str
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Monitor:
    """One log: what is published of it (``head``, signed by its keys, and ``read``), what the
    registry has, and ``seen``, the newest head at the time of an earlier look. ``signed`` is the
    size of the newest head that was signed here, as the registry had it before ``head`` was read.
    """

    manifest: KeyManifest
    log: LogEntry
    registry: Registry
    head: Checkpoint
    read: ReadTile
    seen: Checkpoint | None = None
    signed: int = 0

    def findings(self) -> Iterator[Finding]:
        """What is wrong. Entries that an earlier look has seen are not compared again.

        Raises MalformedError: tiles that are missing or damaged, so that nothing can be compared.
        """
        if self.seen is not None:
            forked = self._fork_from(self.seen)
            if forked is not None:
                yield forked
                return
        if self.head.size < self.signed:
            message = (
                f"the published log has {self.head.size} entries, and a head over {self.signed} "
                "was signed here: a mirror is late, or the folder is from an old copy"
            )
            yield Finding("log-behind", message)
        yield from self._entries()
        yield from self._keys()

    @property
    def _table(self) -> LogTable:
        return self.registry.log(log_number(self.manifest.iss, self.log.origin))

    def _fork_from(self, seen: Checkpoint) -> Finding | None:
        if seen.size > self.head.size:
            message = (
                f"the published log has {self.head.size} entries, and had {seen.size} before: it "
                "was taken back, or somebody shows an old one"
            )
            return Finding("log-behind", message)
        if not seen.size:
            return None
        path = TiledTree(self.head.size, self.read).consistency_path(seen.size)
        try:
            check_consistency(seen.size, self.head.size, path, seen.root, self.head.root)
        except MalformedError:
            message = (
                f"the published head of {self.head.size} entries does not extend the one of "
                f"{seen.size} that was seen before: two logs are signed by the same keys"
            )
            return Finding("log-forked", message)
        return None

    def _entries(self) -> Iterator[Finding]:
        """The tiles against the head, and against the registry."""
        start = self.seen.size if self.seen else 0
        frontier = TiledTree(start, self._earlier).frontier() if start else Frontier.empty()
        known = self._table.size()
        for first, published in self._bundles(start):
            frontier = frontier.append(map(leaf_hash, published))
            ours = self._table.entries(first, first + len(published))
            for place, entry in enumerate(published, first):
                if place >= known:
                    message = "the registry knows no document that is this entry of the log"
                    yield Finding("entry-unknown", message, place)
                elif ours[place - first] != entry:
                    message = "another document is this entry in the registry"
                    yield Finding("entry-unknown", message, place)
        if frontier.root() != self.head.root:
            message = "the published entries do not lead to the published head"
            yield Finding("log-forked", message)

    def _bundles(self, start: int) -> Iterator[tuple[int, list[bytes]]]:
        size = self.head.size
        for number in range(start // TILE_WIDTH, -(-size // TILE_WIDTH)):
            first = number * TILE_WIDTH
            width = min(TILE_WIDTH, size - first)
            name = TileName(ENTRIES, number, width)
            entries = parse_entries(self.read(name), width, str(name))
            yield max(first, start), entries[max(start - first, 0) :]

    def _earlier(self, name: TileName) -> bytes:
        """A tile of the tree as it was: of one that has grown since, the beginning."""
        tree_width = self.head.size // TILE_WIDTH**name.level - name.number * TILE_WIDTH
        grown = TileName(name.level, name.number, min(TILE_WIDTH, tree_width))
        return self.read(grown)[: name.length]

    # Keys

    def _keys(self) -> Iterator[Finding]:
        """Documents of the registry that a key has signed before or after its time."""
        for entry in self.manifest.keys:
            if entry.role == "issue":
                yield from self._late(entry)

    def _late(self, entry: KeyEntry) -> Iterator[Finding]:
        first = _first_wrong(entry, self.log)
        if first is None:
            return
        headers = [
            Header(entry.key.algorithm, entry.url, typ).segment()
            for typ in (*CERTIFICATE_TYPES, RECORD_TYPE)
        ]
        number = log_number(self.manifest.iss, self.log.origin)
        for row in self.registry.signed(headers).beyond({number: first}, number):
            if row.entry is not None or entry.state == "pre-published":
                message = (
                    f"{row.code} is signed by key {entry.key.thumbprint}, which is {entry.state}"
                )
                yield Finding("key-outside-its-time", message, row.entry)


def _first_wrong(entry: KeyEntry, log: LogEntry) -> int | None:
    """The first entry of a log that a key should not have signed; None if there is none. What falls
    with a stolen key is told when that is declared, not each day again.
    """
    if entry.state == "pre-published":
        return 0
    if entry.state == "retired" and entry.ended is not None and entry.ended.origin == log.origin:
        return entry.ended.size
    return None
