"""What a verifier knows of the statuses of an institution's documents: a snapshot, and the lists
and reasons that it names, taken together or not at all.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from signedcert.core.encoding import format_time, require_aware
from signedcert.errors import MalformedError, SignedCertError
from signedcert.files import read_limited, write_atomic
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.reasons import MAX_REASONS_FILE, Reasons, Why
from signedcert.trust.snapshot import MAX_LISTS, MAX_SNAPSHOT, Snapshot
from signedcert.trust.statuslist import MAX_STATUS_LIST, StatusList, StatusListToken

#: The files' names, as they are published and in a trust store.
SNAPSHOT_FILE = "snapshot.json"
REASONS_FILE = "reasons.jws"

Standing: TypeAlias = Literal["valid", "revoked", "suspended", "replaced", "unknown"]
_STANDINGS: tuple[Standing, ...] = ("valid", "revoked", "suspended", "replaced")


class StatusFiles(NamedTuple):
    """The files as they are published, byte for byte: ``snapshot.json``, ``status/N.jwt`` from
    list 1 on, ``reasons.jws``. Nobody has checked them.
    """

    snapshot: bytes
    lists: tuple[bytes, ...] = ()
    reasons: bytes | None = None

    @classmethod
    def read(cls, folder: Path) -> "StatusFiles | None":
        """The files in a folder; None without a snapshot. Raises MalformedError."""
        if not (folder / SNAPSHOT_FILE).is_file():
            return None
        snapshot = read_limited(folder / SNAPSHOT_FILE, MAX_SNAPSHOT)
        lists = tuple(read_limited(file, MAX_STATUS_LIST) for file in _list_files(folder))
        reasons = folder / REASONS_FILE
        if not reasons.is_file():
            return cls(snapshot, lists)
        return cls(snapshot, lists, read_limited(reasons, MAX_REASONS_FILE))

    def write(self, folder: Path) -> None:
        """Writes the files, unless they are there. The snapshot goes first and comes last: without
        one, the rest is not read.
        """
        if StatusFiles.read(folder) == self:
            return
        StatusFiles.remove(folder)
        (folder / list_file(1)).parent.mkdir(exist_ok=True)
        for number, token in enumerate(self.lists, 1):
            write_atomic(folder / list_file(number), token)
        if self.reasons is not None:
            write_atomic(folder / REASONS_FILE, self.reasons)
        write_atomic(folder / SNAPSHOT_FILE, self.snapshot)

    @staticmethod
    def remove(folder: Path) -> None:
        """Leaves none of these files in a folder."""
        for file in (folder / SNAPSHOT_FILE, folder / REASONS_FILE, *_list_files(folder)):
            file.unlink(missing_ok=True)


class DocumentStatus(NamedTuple):
    """What is known of one document. ``as_of`` is the moment up to which it is known, ``reason``
    and ``since`` are what the institution says of a document that is not valid.
    """

    status: Standing
    as_of: datetime | None = None
    reason: Why | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusData:
    """Files that were checked against a manifest, and what is in them."""

    files: StatusFiles
    snapshot: Snapshot
    lists: tuple[StatusList, ...]
    reasons: Reasons | None

    @classmethod
    def load(
        cls,
        files: StatusFiles,
        manifest: KeyManifest,
        older: "StatusData | None",
        at: datetime,
        *,
        settled: bool = False,
    ) -> "StatusData":
        """The files of an institution that may take the place of ``older`` at the moment ``at``.
        Where a fork was settled, the manifest that they name may go back to ``manifest``.

        Raises what ``open_snapshot`` and ``parse`` raise.
        """
        open_snapshot(files.snapshot, manifest, older, at, settled=settled)
        return cls.parse(files, manifest)

    @classmethod
    def parse(cls, files: StatusFiles, manifest: KeyManifest) -> "StatusData":
        """The files, whenever they are from.

        Raises what ``Snapshot.parse``, ``StatusListToken.parse`` and ``Reasons.parse`` raise.
        MalformedError: ``status-incomplete``, not as many files as the snapshot names;
        ``digest-mismatch``, other ones; ``wrong-value``, a list in the place of another.
        """
        snapshot = Snapshot.parse(files.snapshot, manifest)
        _check_complete(files, snapshot)
        lists = tuple(
            _parse_list(number, token, snapshot, manifest)
            for number, token in enumerate(files.lists, 1)
        )
        return cls(files, snapshot, lists, _parse_reasons(files.reasons, snapshot, manifest))

    def under(self, manifest: KeyManifest) -> "StatusData | None":
        """The same under a later manifest; None if that takes the trust from it, as it does when
        a key was stolen or the institution has closed.
        """
        try:
            return StatusData.parse(self.files, manifest)
        except SignedCertError:
            return None

    def find(self, number: int, index: int) -> DocumentStatus | None:
        """What is said of the document at this place; None if there is no such list here."""
        if not 1 <= number <= len(self.lists):
            return None
        status = self.lists[number - 1].status(index)
        said = self.reasons.find(number, index, status) if status and self.reasons else None
        why, since = (said.why, said.since) if said else (None, None)
        return DocumentStatus(_STANDINGS[status], self.snapshot.issued, why, since)


def list_file(number: int) -> str:
    """The name of a status list."""
    return f"status/{number}.jwt"


def open_snapshot(
    data: bytes,
    manifest: KeyManifest,
    older: StatusData | None,
    at: datetime,
    *,
    settled: bool = False,
) -> Snapshot:
    """The snapshot alone, before the files that it names are at hand.

    Raises what ``Snapshot.parse`` and ``follows`` raise; MalformedError ``snapshot-in-future``,
    issued after ``at``: whoever has stolen the key could keep all later ones away with it;
    ConfigurationError for an ``at`` without time zone.
    """
    require_aware(at, "at")
    snapshot = Snapshot.parse(data, manifest)
    if snapshot.issued > at:
        message = (
            f"issued {format_time(snapshot.issued)}, and it is {format_time(at)}; if this "
            "computer's clock is right, tell the institution"
        )
        raise MalformedError("snapshot-in-future", message, where="snapshot")
    if older is not None:
        snapshot.follows(older.snapshot, manifest if settled else None)
    return snapshot


def _list_files(folder: Path) -> list[Path]:
    files = (folder / list_file(number) for number in range(1, MAX_LISTS + 1))
    return list(takewhile(Path.is_file, files))


def _check_complete(files: StatusFiles, snapshot: Snapshot) -> None:
    if len(files.lists) != len(snapshot.lists):
        message = f"{len(files.lists)} of {len(snapshot.lists)} status lists are here"
        raise MalformedError("status-incomplete", message, where="status lists")
    if files.reasons is None and snapshot.reasons is not None:
        message = "the snapshot names a file of reasons, which is not here"
        raise MalformedError("status-incomplete", message, where="reasons")


def _parse_list(number: int, token: bytes, snapshot: Snapshot, manifest: KeyManifest) -> StatusList:
    snapshot.check_list(number, token)
    parsed = StatusListToken.parse(token, manifest).status_list
    if parsed.number != number:
        message = f"this is list {parsed.number}, in the place of list {number}"
        raise MalformedError("wrong-value", message, where=f"status list {number}")
    return parsed


def _parse_reasons(data: bytes | None, snapshot: Snapshot, manifest: KeyManifest) -> Reasons | None:
    if data is None:
        return None
    snapshot.check_reasons(data)
    return Reasons.parse(data, manifest)
