"""The day an issuing key is stolen: what stays valid, what falls, and what is proposed."""

import csv
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from signedcert.ceremonies.proposing import Wanted, propose
from signedcert.core.encoding import parse_time
from signedcert.core.jws import Header
from signedcert.custody.proposal import Proposal
from signedcert.documents.openbadges import CERTIFICATE_TYPES, RECORD_TYPE
from signedcert.documents.text import cell
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.home import Home
from signedcert.registry.log import HeadRow, LogTable
from signedcert.registry.registry import Registry
from signedcert.registry.signed import SignedRow, SignedTable
from signedcert.trust.changes import find_entry
from signedcert.trust.entries import KeyEntry
from signedcert.trust.logs import CutOff, LogEntry, log_number
from signedcert.trust.manifest import KeyManifest

REISSUE_FILE = "reissue.csv"
REISSUE_COLUMNS = ("code", "kind", "learner_id", "course", "run", "issued", "entry")


@dataclass(frozen=True, slots=True)
class Theft:
    """What a cut-off means. Of the documents that the registry knows, ``stays`` are below it, and
    ``falls`` are at or behind it, or in no log. Forgeries are not counted: nobody knows them.
    """

    entry: KeyEntry
    log: LogEntry
    cutoff: CutOff
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
    moment ``since``: the cut-off is the last head before. Nothing is changed.

    Raises MalformedError: no such key (``manifest-key-missing``), not an issuing key
    (``key-type``); ConfigurationError ``proposal-invalid``: there is no log, or no head so early.
    """
    manifest = home.history().newest
    entry = find_entry(manifest, kid)
    if entry.role != "issue":
        message = "this is not an issuing key; a cut-off is for what issuing keys have signed"
        raise MalformedError("key-type", message, where=entry.key.thumbprint)
    log = _active_log(manifest)
    with closing(Registry.open(home.registry_url)) as registry:
        head = _last_head(registry.log(log_number(manifest.iss, log.origin)), since_size, since)
        signed = _signed(registry, manifest, entry, log)
        stays, falls = signed.count(head.size)
    cutoff = CutOff(log.origin, head.size, head.root.hex())
    return Theft(entry, log, cutoff, stays, falls)


def fallen(home: Home, theft: Theft) -> Iterator[SignedRow]:
    """The documents that fall, those in the log first, by their places."""
    manifest = home.history().newest
    with closing(Registry.open(home.registry_url)) as registry:
        signed = _signed(registry, manifest, theft.entry, theft.log)
        yield from signed.from_entry(theft.cutoff.size)


def write_reissue(path: Path, rows: Iterator[SignedRow]) -> int:
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


def propose_theft(
    home: Home, directory: Path, theft: Theft, wanted: Wanted, *, at: datetime, passphrase: str
) -> Proposal:
    """Writes the proposal by which root declares the key stolen. Unless another issuing key is
    active, or ``wanted`` names one to add or to activate, a new one is made, active at once.

    Raises what ``propose`` raises.
    """
    manifest = home.history().newest
    others = [
        one
        for one in manifest.keys
        if (one.role, one.state) == ("issue", "active") and one.key != theft.entry.key
    ]
    enough = others or wanted.activate or wanted.keys
    generate = None if enough else theft.entry.key.algorithm
    stolen = ((theft.entry.key.thumbprint, theft.cutoff),)
    wanted = replace(wanted, stolen=stolen, generate=generate)
    return propose(home, directory, wanted, at=at, passphrase=passphrase)


def _active_log(manifest: KeyManifest) -> LogEntry:
    if manifest.active_log is not None:
        return manifest.active_log
    message = (
        "this institution has no log, so nothing shows which documents are from before the theft; "
        "declare the key void, and issue all that it signed anew: signedcert keys propose --void"
    )
    raise ConfigurationError("proposal-invalid", message, where="logs")


def _last_head(table: LogTable, size: int | None, since: datetime | None) -> HeadRow:
    heads = [head for head in table.heads() if head.note is not None]
    found = [
        head
        for head in heads
        if (size is None or head.size <= size) and (since is None or parse_time(head.at) <= since)
    ]
    if found:
        return found[-1]
    message = (
        "the log has no head so early: then no document of this key is from before the theft. "
        "Declare it void: signedcert keys propose --void"
    )
    raise ConfigurationError("proposal-invalid", message, where="cut-off")


def _signed(
    registry: Registry, manifest: KeyManifest, entry: KeyEntry, log: LogEntry
) -> SignedTable:
    headers = [
        Header(entry.key.algorithm, entry.url, typ).segment()
        for typ in (*CERTIFICATE_TYPES, RECORD_TYPE)
    ]
    return registry.signed(headers, log_number(manifest.iss, log.origin))
