"""What a home's logs have grown by: the next manifest vouches for all their heads."""

from collections.abc import Iterator
from dataclasses import replace

from signedcert.core.merkle import Frontier, leaf_hash
from signedcert.custody.growth import Growth
from signedcert.errors import ConfigurationError
from signedcert.registry.log import LogTable
from signedcert.registry.registry import Registry
from signedcert.trust.entries import KeyEntry
from signedcert.trust.landmarks import Landmark, LandmarkList
from signedcert.trust.logs import End, LogEntry, log_number
from signedcert.trust.manifest import KeyManifest

_CHUNK = 1 << 16


def grown(
    registry: Registry, before: KeyManifest, draft: KeyManifest
) -> tuple[KeyManifest, tuple[Growth, ...]]:
    """The draft, with every signed head of each log as a landmark, and where retired keys have
    ended; and what the holders recompute it from.

    Raises ConfigurationError ``log-behind``: the registry has not all the heads that the manifest
    before vouches for.
    """
    old = {log.origin: log for log in before.logs}
    growths = tuple(
        _growth(registry.log(log_number(draft.iss, log.origin)), log, old.get(log.origin))
        for log in draft.logs
    )
    lists = {one.origin: one.landmarks for one in growths}
    logs = tuple(log._replace(landmarks=lists[log.origin].landmarks) for log in draft.logs)
    draft = replace(draft, logs=logs)
    return replace(draft, keys=tuple(_ended(registry, before, draft, lists))), growths


def _growth(table: LogTable, log: LogEntry, before: LogEntry | None) -> Growth:
    heads = tuple(Landmark(row.size, row.root) for row in table.heads() if row.note is not None)
    count = 0 if before is None else before.landmarks.count
    known, landmarks = LandmarkList(heads[:count]), LandmarkList(heads)
    if before is not None and known.landmarks != before.landmarks:
        message = (
            "the registry has not the heads that the newest manifest vouches for: it is an older "
            "copy, or another home's. Restore the newest backup"
        )
        raise ConfigurationError("log-behind", message, where=log.origin)
    frontier = Frontier.empty()
    for entries in _entries(table, 0, known.size):
        frontier = frontier.append(map(leaf_hash, entries))
    added = b"".join(b"".join(one) for one in _entries(table, known.size, landmarks.size))
    return Growth(log.origin, landmarks, frontier, added)


def _entries(table: LogTable, start: int, stop: int) -> Iterator[list[bytes]]:
    for first in range(start, stop, _CHUNK):
        yield table.entries(first, min(first + _CHUNK, stop))


def _ended(
    registry: Registry,
    before: KeyManifest,
    draft: KeyManifest,
    lists: dict[str, LandmarkList],
) -> Iterator[KeyEntry]:
    """A key that the version before has retired signs no more. So once all is logged, the log says
    where it ended.
    """
    retired = {entry.key for entry in before.keys if entry.state == "retired"}
    log = draft.active_log
    if log is None or registry.log(log_number(draft.iss, log.origin)).pending():
        yield from draft.keys
        return
    end = End(log.origin, lists[log.origin].size)
    for entry in draft.keys:
        states_it = entry.role == "issue" and entry.state == "retired" and entry.ended is None
        yield replace(entry, ended=end) if states_it and entry.key in retired else entry
