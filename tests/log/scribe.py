"""A registry and the log of what is in it, in a directory, with documents that say nothing."""

import shutil
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from signedcert.core.checkpoint import Checkpoint
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
from tests.log.whole import Whole
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

    def log_any(self, count: int) -> None:
        """New documents under a head, whoever makes it."""
        self.add(count)
        self.writer.append(NOW)

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
        return Whole(self.entry, self.table, self.folder, self.prover).head

    def check(self, count: int | None = None) -> None:
        """Every document of this test, and no other, is logged; see ``whole``."""
        assert self.checkpoint.size == (len(self.rows) if count is None else count)
        whole = Whole(self.entry, self.table, self.folder, self.prover)
        whole.check([(one.code, one.entry) for one in self.rows])

    def check_proofs(self) -> None:
        """Each document has a proof that holds."""
        whole = Whole(self.entry, self.table, self.folder, self.prover)
        whole.check_proofs([(one.code, one.entry) for one in self.rows])


def heads(scribe: Scribe) -> list[HeadRow]:
    """All heads in the registry, signed or not."""
    return scribe.table.heads()
