"""What has to hold of a log, whatever happened to whoever wrote it."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

from signedcert.core.checkpoint import Checkpoint, SignedCheckpoint
from signedcert.core.code import VerificationCode
from signedcert.core.logproof import LogProof
from signedcert.core.merkle import check_consistency, check_inclusion, leaf_hash
from signedcert.core.tiles import ENTRIES, TiledTree, parse_entries, tiles_of
from signedcert.log.folder import LogFolder
from signedcert.log.proofs import Prover
from signedcert.registry.log import LogTable
from signedcert.trust.logs import LogEntry

#: A document, and what is logged of it.
Document: TypeAlias = tuple[VerificationCode, bytes]


class Whole(NamedTuple):
    """A log: in the manifest, in the registry, in its files, and who makes proofs of it."""

    entry: LogEntry
    table: LogTable
    folder: LogFolder
    prover: Prover

    @property
    def head(self) -> Checkpoint:
        """The published head, as a verifier believes it."""
        return self.verify(self.folder.checkpoint() or b"")

    def verify(self, note: bytes) -> Checkpoint:
        """A head that the keys of the log have signed."""
        return SignedCheckpoint.parse(note).verify(self.entry.origin, self.entry.keys)

    def check(self, documents: Sequence[Document]) -> None:
        """These documents, and no others, are logged, each once; the published files are those of
        the registry; every head that was signed is a prefix of the newest; every proof holds.
        """
        head = self.head
        assert head.size == len(documents)
        assert self.table.pending() == 0
        entries = self.table.entries(0, head.size)
        assert sorted(entries) == sorted(entry for _, entry in documents)
        self.check_files(entries)
        self.check_heads()
        self.check_proofs(documents)

    def check_files(self, entries: list[bytes]) -> None:
        """Tiles and bundles are exactly those of these entries."""
        head = self.head
        assert TiledTree(head.size, self.folder.tile).root() == head.root
        names = list(tiles_of(head.size))
        for name in names:
            data = (self.folder.path / str(name)).read_bytes()
            first = name.number * 256
            these = entries[first : first + name.width]
            if name.level == ENTRIES:
                assert parse_entries(data, name.width) == these
            elif not name.level:
                assert data == b"".join(map(leaf_hash, these))
        full = {str(name) for name in names if name.width == 256}
        for path in self.folder.path.rglob("*.p"):  # where a full tile is, no partial one is left
            assert str(path.relative_to(self.folder.path)).removesuffix(".p") not in full

    def check_heads(self) -> None:
        """All heads in the registry are signed, and of one tree; the newest one is published."""
        head = self.head
        tree = TiledTree(head.size, self.folder.tile)
        heads = self.table.heads()
        for one in heads:
            found = self.verify((one.note or "").encode())
            assert (found.size, found.root) == (one.size, one.root)
            path = tree.consistency_path(one.size)
            check_consistency(one.size, head.size, path, one.root, head.root)
        assert (heads[-1].size, heads[-1].root) == (head.size, head.root)

    def check_proofs(self, documents: Sequence[Document]) -> None:
        """Each document has a proof that holds, of a place of its own."""
        proofs = self.prover.proofs([code for code, _ in documents])
        known = cache(self.known)  # many documents are under one head
        places = [check_place(proofs[code], entry, known) for code, entry in documents]
        assert sorted(places) == list(range(len(documents)))

    def check_proof(self, text: str, entry: bytes) -> int:
        """The place that a proof shows, under a head that the registry knows."""
        return check_place(text, entry, self.known)

    def known(self, note: bytes) -> Checkpoint:
        """A head that the keys of the log have signed, and the registry knows."""
        head = self.verify(note)
        row = self.table.head(head.size)
        assert row is not None
        assert row.root == head.root
        return head


def check_place(text: str, entry: bytes, known: Callable[[bytes], Checkpoint]) -> int:
    """The place that a proof shows, under a head that is known."""
    proof = LogProof.parse(text.encode())
    head = known(proof.checkpoint)
    check_inclusion(proof.index, head.size, leaf_hash(entry), proof.path, head.root)
    return proof.index
