"""A registry and the log of what is in it, in a directory, with documents that say nothing."""

import shutil
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from signedcert.core.checkpoint import Checkpoint, SignedCheckpoint
from signedcert.core.logproof import LogProof
from signedcert.core.merkle import check_consistency, check_inclusion, leaf_hash
from signedcert.core.tiles import ENTRIES, TiledTree, TileName, parse_entries, tiles_of
from signedcert.custody.private import PrivateKey
from signedcert.log.folder import LogFolder
from signedcert.log.keys import LogSigner
from signedcert.log.proofs import ProvenLog, Prover
from signedcert.log.saved import SavedHead
from signedcert.log.writer import LogWriter
from signedcert.registry.engine import sqlite_url
from signedcert.registry.log import HeadRow, LogTable
from signedcert.registry.registry import DocumentRow, Registry
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import LogEntry, log_origin
from tests.institution.homes import NOW, URL
from tests.reference.logs import new_log_keys
from tests.registry.test_registry import row


@dataclass
class Scribe:
    """What it takes to write a log. ``directory`` has the home, which may be copied and put back;
    the saved head is beside it.
    """

    directory: Path
    keys: tuple[PrivateKey, ...] = field(default_factory=new_log_keys)
    landmarks: LandmarkList = field(default_factory=LandmarkList)
    rows: list[DocumentRow] = field(default_factory=list)
    _registry: Registry | None = None

    @property
    def home(self) -> Path:
        """What a backup is made of."""
        return self.directory / "home"

    @property
    def registry(self) -> Registry:
        """The registry, which is made when it is first asked for."""
        if self._registry is None:
            self.home.mkdir(parents=True, exist_ok=True)
            path = self.home / "registry.sqlite"
            url = sqlite_url(path)
            self._registry = Registry.open(url) if path.exists() else Registry.create(url)
        return self._registry

    @property
    def table(self) -> LogTable:
        """The log in it."""
        return self.registry.log()

    @property
    def folder(self) -> LogFolder:
        """The files of the log."""
        return LogFolder(self.home / "published" / "log")

    @property
    def saved(self) -> SavedHead:
        """The head that is kept outside."""
        return SavedHead(self.directory / "saved-head")

    @property
    def entry(self) -> LogEntry:
        """The log, as a manifest names it."""
        public = tuple(key.public_key for key in self.keys)
        return LogEntry(log_origin(URL), public, "active", self.landmarks.landmarks)

    @property
    def writer(self) -> LogWriter:
        """A new writer, which knows of nothing."""
        signer = LogSigner(self.entry.origin, *self.keys)
        return LogWriter(
            self.entry, self.table, self.folder, self.landmarks, self.saved, lambda: signer
        )

    @property
    def prover(self) -> Prover:
        """A new prover."""
        return Prover([ProvenLog(self.table, self.folder, self.landmarks)])

    def add(self, count: int) -> list[DocumentRow]:
        """New documents, which wait to be logged."""
        rows = [row() for _ in range(count)]
        self.registry.add(rows)
        self.rows += rows
        return rows

    def log(self, count: int, at: datetime = NOW) -> list[DocumentRow]:
        """New documents under a new head."""
        rows = self.add(count)
        assert self.writer.append(at) == count
        return rows

    def close(self) -> None:
        """Gives the registry back."""
        if self._registry is not None:
            self._registry.close()
            self._registry = None

    def backup(self, name: str = "backup") -> Path:
        """A copy of the home, as it is."""
        self.close()
        return Path(shutil.copytree(self.home, self.directory / name))

    def restore(self, backup: Path, *parts: str) -> None:
        """Puts a copy in the place of the home, or of parts of it."""
        self.close()
        for part in parts or ("registry.sqlite", "published"):
            target = self.home / part
            for path in (target, *target.parent.glob(f"{part}-*")):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            source = backup / part
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)

    def copy(self, directory: Path) -> "Scribe":
        """The same elsewhere."""
        self.close()
        shutil.copytree(self.directory, directory)
        return replace(self, directory=directory, rows=list(self.rows), _registry=None)

    # What has to hold

    @property
    def checkpoint(self) -> Checkpoint:
        """The published head, as a verifier believes it."""
        data = self.folder.checkpoint()
        assert data is not None
        return SignedCheckpoint.parse(data).verify(self.entry.origin, self.entry.keys)

    def check(self, count: int | None = None) -> None:
        """Every document of this test, and no other, is logged once; the published files are those
        of the registry; every head that was signed is a prefix of the newest; every proof holds.
        """
        rows = self.rows
        head = self.checkpoint
        assert head.size == (len(rows) if count is None else count)
        assert self.table.pending() == 0
        entries = self.table.entries(0, head.size)
        assert sorted(entries) == sorted(one.entry for one in rows)
        self.check_files(head, entries)
        self.check_heads(head)
        self.check_proofs()

    def check_files(self, head: Checkpoint, entries: list[bytes]) -> None:
        """Tiles and bundles are exactly those of these entries."""
        expected = TiledTree(head.size, self.folder.tile)
        assert expected.root() == head.root
        names = list(tiles_of(head.size))
        for name in names:
            data = (self.folder.path / str(name)).read_bytes()
            assert len(data) == name.length
            if name.level == ENTRIES:
                first = name.number * 256
                assert parse_entries(data, name.width) == entries[first : first + name.width]
            elif not name.level:
                first = name.number * 256
                leaves = map(leaf_hash, entries[first : first + name.width])
                assert data == b"".join(leaves)
        self.check_no_rest(names)

    def check_no_rest(self, names: list[TileName]) -> None:
        """No partial tile is left where a full one is, and nothing half-written."""
        full = {str(name) for name in names if name.width == 256}
        for path in (self.folder.path / "tile").rglob("*"):
            name = str(path.relative_to(self.folder.path))
            assert not (name.endswith(".p") and name.removesuffix(".p") in full), name

    def check_heads(self, head: Checkpoint) -> None:
        """All heads that were signed are of one tree, and were signed by the log's keys."""
        tree = TiledTree(head.size, self.folder.tile)
        for one in self.table.heads():
            assert one.note is not None
            signed = SignedCheckpoint.parse(one.note.encode())
            found = signed.verify(self.entry.origin, self.entry.keys)
            assert (found.size, found.root) == (one.size, one.root)
            path = tree.consistency_path(one.size)
            check_consistency(one.size, head.size, path, one.root, head.root)
        newest = self.table.newest_head()
        assert newest is not None
        assert (newest.size, newest.root) == (head.size, head.root)

    def check_proofs(self) -> None:
        """Each document has a proof that holds, of a place of its own."""
        proofs = self.prover.proofs([one.code for one in self.rows])
        assert len(proofs) == len(self.rows)
        indices = set()
        for one in self.rows:
            proof = LogProof.parse(proofs[one.code].encode())
            head = proof.signed_checkpoint().verify(self.entry.origin, self.entry.keys)
            check_inclusion(proof.index, head.size, leaf_hash(one.entry), proof.path, head.root)
            indices.add(proof.index)
        assert indices == set(range(len(self.rows)))


def heads(scribe: Scribe) -> list[HeadRow]:
    """All heads in the registry, signed or not."""
    return scribe.table.heads()
