"""The logs of an institution: what is issued goes in, proofs come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from signedcert.core.checkpoint import Checkpoint
from signedcert.core.code import VerificationCode
from signedcert.errors import MalformedError
from signedcert.log.folder import LogFolder
from signedcert.log.keys import LogSigner
from signedcert.log.proofs import ProvenLog, Prover
from signedcert.log.saved import SavedHead
from signedcert.log.writer import MOST, LogWriter
from signedcert.registry.log import LogTable
from signedcert.registry.registry import Registry
from signedcert.trust.landmarks import Landmark, LandmarkList
from signedcert.trust.logs import LogEntry, log_number, writing
from signedcert.trust.manifest import KeyManifest

#: What is issued one at a time shares the head of its minute.
_REST = timedelta(minutes=1)
#: States of a log under whose heads proofs are good for something.
_PROVEN = ("active", "retired", "compromised")


@dataclass(frozen=True)
class Log:
    """The newest active log of an institution."""

    writer: LogWriter
    prover: Prover

    @property
    def checkpoint(self) -> Checkpoint | None:
        """Its newest signed head; None if there is none yet."""
        head = self.writer.table.newest_signed()
        return head and Checkpoint(self.writer.entry.origin, head.size, head.root)

    @property
    def pending(self) -> int:
        """How many documents are not logged yet."""
        return self.writer.table.pending()

    def check(self) -> None:
        """Returns if the log may go on from what is here; raises as ``LogWriter.check`` does."""
        self.writer.check()

    def append(self, at: datetime) -> Checkpoint | None:
        """Logs all documents that wait for it, up to 25,000 under one head; the newest head.

        Raises ConfigurationError: ``log-behind``, the registry or the home is from a backup or is a
        copy; ``log-damaged``; what the keys are refused for.
        """
        while self.writer.append(at, limit=MOST) == MOST:
            pass
        return self.checkpoint

    def rebuild(self) -> int:
        """Makes the published files again; see ``LogWriter.rebuild``."""
        return self.writer.rebuild()

    def append_after_rest(self, at: datetime) -> None:
        """The same, unless the newest head is less than a minute old."""
        self.writer.append(at, rest=_REST)

    def proof(self, code: VerificationCode) -> str | None:
        """The proof of a document's place, in this log or an earlier one; None if it is under no
        head yet. Raises ConfigurationError ``log-damaged``.
        """
        return self.prover.proof(code)


@dataclass(frozen=True)
class Logs:
    """What a manifest, a registry and the folder of published files have of all the logs."""

    manifest: KeyManifest
    registry: Registry
    published: Path

    @property
    def active(self) -> LogEntry | None:
        """The one that is written to: the newest active one; None without any."""
        return writing(self.manifest.logs)

    @cached_property
    def landmarks(self) -> Mapping[str, LandmarkList]:
        """The landmarks that the manifest names, by origin, as far as they are here."""
        found = {entry.origin: self._landmarks(entry) for entry in self.manifest.logs}
        return {origin: known for origin, known in found.items() if known is not None}

    @cached_property
    def prover(self) -> Prover:
        """Proves places in all logs."""
        return Prover(
            [
                ProvenLog(
                    self._table(entry),
                    self.folder(entry),
                    self.landmarks.get(entry.origin, LandmarkList()),
                    landmarks_only=entry.state != "active",
                )
                for entry in reversed(self.manifest.logs)
                if entry.state in _PROVEN
            ]
        )

    def open(self, saved: SavedHead, signer: Callable[[LogEntry], LogSigner]) -> Log | None:
        """The log that is written to; None without any. See ``LogWriter``."""
        entry = writing(self.manifest.logs)
        if entry is None:
            return None
        landmarks = self.landmarks.get(entry.origin, LandmarkList())
        table, folder = self._table(entry), self.folder(entry)
        sizes = {origin: known.size for origin, known in self.landmarks.items()}
        earlier = proven_sizes(self.manifest, self.registry, sizes)
        writer = LogWriter(entry, table, folder, landmarks, saved, lambda: signer(entry), earlier)
        return Log(writer, self.prover)

    def folder(self, entry: LogEntry) -> LogFolder:
        """Where a log is published."""
        return LogFolder.of(self.published, self.manifest.iss, entry.origin)

    def _table(self, entry: LogEntry) -> LogTable:
        return self.registry.log(log_number(self.manifest.iss, entry.origin))

    def _landmarks(self, entry: LogEntry) -> LandmarkList | None:
        """From the published file, or else from the registry, whose first heads they are."""
        count = entry.landmarks.count
        try:
            data = self.folder(entry).landmarks(count)
            known = LandmarkList() if data is None else LandmarkList.parse(data)
        except MalformedError:
            known = LandmarkList()
        if known.landmarks != entry.landmarks:
            roots = self._table(entry).roots(count)
            known = LandmarkList(tuple(map(Landmark, roots.keys(), roots.values())))
        return known if known.landmarks == entry.landmarks else None


def proven_sizes(
    manifest: KeyManifest, registry: Registry, landmarks: Mapping[str, int]
) -> dict[int, int]:
    """Up to which sizes the logs before the one that is written to prove something, by their
    numbers. ``landmarks`` are the sizes of the largest ones, by origin; a log of which they are not
    known is left out.
    """
    newest = writing(manifest.logs)
    found = {}
    for entry in manifest.logs:
        if entry is newest:
            break
        number = log_number(manifest.iss, entry.origin)
        if entry.state == "active":
            head = registry.log(number).newest_signed()
            found[number] = head.size if head else 0
        elif entry.state not in _PROVEN:
            found[number] = 0
        elif entry.origin in landmarks:
            found[number] = landmarks[entry.origin]
    return found
