"""The day a key is stolen that signs no documents: a key of a log, or a snapshot key.

Whoever has them can show false heads, and false or old status lists. What was issued stands.
"""

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from signedcert.ceremonies.proposing import Wanted, propose
from signedcert.custody.proposal import Proposal
from signedcert.errors import MalformedError
from signedcert.home import Home
from signedcert.registry.registry import Registry
from signedcert.trust.changes import find_entry, find_log
from signedcert.trust.entries import KeyEntry
from signedcert.trust.logs import LogEntry, log_number
from signedcert.trust.manifest import KeyManifest

Stolen: TypeAlias = KeyEntry | LogEntry


@dataclass(frozen=True, slots=True)
class LogTheft:
    """What the theft of a log's keys means. Its ``heads``, the largest of which is over ``size``
    entries, become landmarks, and nothing else of it counts. ``moving`` documents have to go into
    another log: those behind its last head, and those that wait.
    """

    log: LogEntry
    heads: int
    size: int
    moving: int


def find_stolen(manifest: KeyManifest, kid: str) -> Stolen:
    """The key with this thumbprint, or whose thumbprint begins so; of a key of a log, the log.

    Raises MalformedError ``manifest-key-missing``.
    """
    return find_log(manifest, kid) or find_entry(manifest, kid)


def assess_log(home: Home, log: LogEntry) -> LogTheft:
    """What is to be told of the theft. Nothing is changed."""
    manifest = home.history().newest
    with closing(Registry.open(home.registry_url)) as registry:
        table = registry.log(log_number(manifest.iss, log.origin))
        heads = [head for head in table.heads() if head.note is not None]
        size = heads[-1].size if heads else 0
        moving = table.size() - size + table.pending()
    return LogTheft(log, len(heads), size, moving)


def propose_online(
    home: Home, directory: Path, stolen: Stolen, wanted: Wanted, *, at: datetime, passphrase: str
) -> Proposal:
    """Writes the proposal by which root declares them stolen, with what takes their place: another
    log, unless the stolen one is not written any more, or another snapshot key, active at once.

    Raises MalformedError ``manifest-key-state``: they are known to be stolen; what ``propose``
    raises.
    """
    if isinstance(stolen, LogEntry):
        wanted = replace(wanted, stolen_log=stolen.origin, log=stolen.state == "active")
        return propose(home, directory, wanted, at=at, passphrase=passphrase)
    kid = stolen.key.thumbprint
    if stolen.state in ("compromised", "void"):
        message = f"it is {stolen.state} already, since {stolen.since:%Y-%m-%d}"
        raise MalformedError("manifest-key-state", message, where=kid)
    wanted = replace(wanted, stolen=((kid, ()),), snapshot=True)
    return propose(home, directory, wanted, at=at, passphrase=passphrase)
