"""The day an issuing key is stolen: what stays valid, what falls, and what is proposed."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from signedcert.ceremonies.proposing import Wanted
from signedcert.core.encoding import parse_time
from signedcert.core.jws import Header
from signedcert.documents.openbadges import CERTIFICATE_TYPES, RECORD_TYPE
from signedcert.documents.text import cell
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.home import Home
from signedcert.registry.log import HeadRow, LogTable
from signedcert.registry.registry import Registry
from signedcert.registry.signed import SignedRow, SignedTable
from signedcert.trust.changes import find_entry
from signedcert.trust.entries import MAX_CUTOFFS, KeyEntry
from signedcert.trust.landmarks import Landmark, LandmarkList
from signedcert.trust.logs import CutOff, LogEntry, log_number, writing
from signedcert.trust.manifest import KeyManifest

REISSUE_FILE = "reissue.csv"
REISSUE_COLUMNS = ("code", "kind", "learner_id", "course", "run", "issued", "entry")


@dataclass(frozen=True, slots=True)
class Theft:
    """What cut-offs mean: in each log the last head before the theft, the newest of them made
    ``at``. Of the documents that the registry knows, ``stays`` are below one of them, and ``falls``
    are not. Forgeries are not counted: nobody knows them.
    """

    entry: KeyEntry
    cutoffs: tuple[CutOff, ...]
    at: datetime
    stays: int
    falls: int

    @property
    def total(self) -> int:
        """How many documents the key has signed, as far as the registry knows."""
        return self.stays + self.falls


def assess(
    home: Home, kid: str, *, since_size: int | None = None, since: datetime | None = None
) -> Theft:
    """What falls if the key ``kid`` was stolen when the log had ``since_size`` entries, or at the
    moment ``since``: the cut-offs are the last heads before. Nothing is changed.

    Raises MalformedError: no such key (``manifest-key-missing``), not an issuing key
    (``key-type``); ConfigurationError ``proposal-invalid``: there is no log, or no head so early.
    """
    manifest = home.history().newest
    entry = find_entry(manifest, kid)
    if entry.role != "issue":
        message = "this is not an issuing key; a cut-off is for what issuing keys have signed"
        raise MalformedError("key-type", message, where=entry.key.thumbprint)
    with closing(Registry.open(home.registry_url)) as registry:
        last = _last_heads(registry, manifest, since_size, since)
        cutoffs = tuple(CutOff(origin, one.size, one.root.hex()) for origin, one in last.items())
        stays, falls = _signed(registry, entry).count(_sizes(manifest, cutoffs))
    return Theft(entry, cutoffs, max(parse_time(head.at) for head in last.values()), stays, falls)


def fallen(home: Home, theft: Theft) -> Iterator[SignedRow]:
    """The documents that fall, those in the newest log first, by their places there."""
    manifest = home.history().newest
    sizes = _sizes(manifest, theft.cutoffs)
    newest = log_number(manifest.iss, _newest_log(manifest).origin)
    with closing(Registry.open(home.registry_url)) as registry:
        yield from _signed(registry, theft.entry).beyond(sizes, newest)


def write_reissue(path: Path, rows: Iterable[SignedRow]) -> int:
    """Writes what has to be issued anew as a CSV file; how many rows it has."""
    count = 0
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(REISSUE_COLUMNS)
        for row in rows:
            entry = "" if row.entry is None else row.entry
            names = map(cell, (row.learner_id, row.course_id, row.run))
            writer.writerow([str(row.code), row.kind, *names, row.issued, entry])
            count += 1
    return count


def declare(home: Home, thefts: Sequence[Theft], wanted: Wanted) -> Wanted:
    """``wanted``, and that these keys are stolen. Unless another issuing key is active, or
    ``wanted`` names one to add or to activate, a new one is made, active at once.
    """
    stolen = [one.entry.key for one in thefts]
    others = [
        one
        for one in home.history().newest.keys
        if (one.role, one.state) == ("issue", "active") and one.key not in stolen
    ]
    enough = others or wanted.activate or wanted.keys
    return replace(
        wanted,
        stolen=tuple((one.entry.key.thumbprint, one.cutoffs) for one in thefts),
        generate=None if enough else stolen[0].algorithm,
    )


def issuing_keys_inside(home: Home) -> tuple[str, ...]:
    """The issuing keys, by thumbprint, of which the home has the files: who has copied the home
    has them all, retired ones too. Those of which root has said that they are stolen are left out.
    """
    return tuple(
        one.key.thumbprint
        for one in home.history().newest.keys
        if one.role == "issue"
        and one.state not in ("compromised", "void")
        and (home.signer_of(one.key) or "").startswith("file:")
    )


def replace_online_keys(home: Home, wanted: Wanted) -> Wanted:
    """``wanted``, and another log and, if there is one, another snapshot key: those of the home
    are stolen.
    """
    active = [
        one.key.thumbprint
        for one in home.history().newest.keys
        if (one.role, one.state) == ("snapshot", "active")
    ]
    return replace(wanted, log=True, snapshot=bool(active), void=(*wanted.void, *active))


def _newest_log(manifest: KeyManifest) -> LogEntry:
    """The log that is written; without one, the last that was."""
    read = [log for log in manifest.logs if log.state not in ("pre-published", "void")]
    if read:
        return writing(read) or read[-1]
    message = (
        "this institution has no log, so nothing shows which documents are from before the theft; "
        "declare the key void, and issue all that it signed anew: signedcert keys propose --void"
    )
    raise ConfigurationError("proposal-invalid", message, where="logs")


def _last_heads(
    registry: Registry, manifest: KeyManifest, size: int | None, since: datetime | None
) -> dict[str, HeadRow]:
    """In each log, by its origin, the last head before the theft. Where only the size of the newest
    log is known, the others are compared with the moment of its head. Of the newest logs only, as
    many as a manifest may name.
    """
    newest = _newest_log(manifest).origin
    heads = {
        log.origin: _signed_heads(registry.log(log_number(manifest.iss, log.origin)), log)
        for log in manifest.logs
        if log.state not in ("pre-published", "void")
    }
    if size is not None:
        own = heads[newest]
        heads[newest] = [head for head in own if head.size <= size]
        known = heads[newest][-1:] or own[:1]
        since = parse_time(known[0].at) if known else None
    last = {
        origin: found[-1]
        for origin, rows in heads.items()
        if (found := [row for row in rows if since is None or parse_time(row.at) <= since])
    }
    if last:
        return dict(list(last.items())[-MAX_CUTOFFS:])
    message = (
        "the log has no head so early: then no document of this key is from before the theft. "
        "Declare it void: signedcert keys propose --void"
    )
    raise ConfigurationError("proposal-invalid", message, where="cut-off")


def _signed_heads(table: LogTable, log: LogEntry) -> list[HeadRow]:
    """Those that a cut-off can be: of a log that is not written any more, root has to vouch for
    them already.
    """
    heads = [head for head in table.heads() if head.note is not None]
    if log.state == "active":
        return heads
    known = heads[: log.landmarks.count]
    landmarks = LandmarkList(tuple(Landmark(head.size, head.root) for head in known))
    return known if landmarks.landmarks == log.landmarks else []


def _sizes(manifest: KeyManifest, cutoffs: Iterable[CutOff]) -> dict[int, int]:
    return {log_number(manifest.iss, cutoff.origin): cutoff.size for cutoff in cutoffs}


def _signed(registry: Registry, entry: KeyEntry) -> SignedTable:
    headers = [
        Header(entry.key.algorithm, entry.url, typ).segment()
        for typ in (*CERTIFICATE_TYPES, RECORD_TYPE)
    ]
    return registry.signed(headers)
