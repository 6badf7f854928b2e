"""Proofs of where documents are in a log, from its tiles."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from signedcert.core.checkpoint import Checkpoint
from signedcert.core.code import VerificationCode
from signedcert.core.logproof import LogProof
from signedcert.core.merkle import Frontier, leaf_hash
from signedcert.core.remembering import RememberingTree
from signedcert.core.tiles import TiledTree
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.log.folder import LogFolder
from signedcert.registry.log import HeadRow, LogPlace, LogTable
from signedcert.trust.landmarks import LandmarkList

#: Each with the tiles that were read for it.
_MAX_HEADS = 8
_REGISTRY = "registry"


class Prover:
    """Proves places in the logs of an institution, which come newest first; no proof leaves that
    does not hold. Threads may share one.
    """

    def __init__(self, logs: Sequence["ProvenLog"]) -> None:
        self._logs = logs
        self._lock = Lock()

    def proof(self, code: VerificationCode) -> str | None:
        """The proof of one document; None if it is under no head yet. Raises as ``proofs`` does."""
        return self.proofs([code]).get(code)

    def proofs(self, codes: Sequence[VerificationCode]) -> dict[VerificationCode, str]:
        """The proofs for those documents that are under a head.

        Raises ConfigurationError ``log-damaged``: the tiles do not lead to that head.
        """
        found: dict[VerificationCode, str] = {}
        with self._lock:
            for log in self._logs:
                found |= log.proofs([code for code in codes if code not in found])
        return found


@dataclass(frozen=True)
class ProvenLog:
    """A log. The head over a document is the smallest one that covers it: a landmark, if there is
    one, and none else if ``landmarks_only``. So a document has the same proof whenever one is made,
    until its head becomes a landmark, and then it stays the same.
    """

    table: LogTable
    folder: LogFolder
    landmarks: LandmarkList
    landmarks_only: bool = False
    _heads: "OrderedDict[int, _Head]" = field(default_factory=OrderedDict, init=False, repr=False)

    def proofs(self, codes: Sequence[VerificationCode]) -> dict[VerificationCode, str]:
        """See ``Prover.proofs``; for one thread at a time."""
        places = self.table.places(codes) if codes else {}
        found: dict[VerificationCode, str] = {}
        head: _Head | None = None
        try:
            for code, place in sorted(places.items(), key=lambda item: item[1].number):
                if head is None or place.number >= head.tree.size:
                    head = self._head_over(place.number)
                if head is None:
                    break
                found[code] = head.proof(place)
        except MalformedError as error:
            self._heads.clear()  # the tiles may be made again
            raise _damaged(error) from error
        return found

    def _head_over(self, number: int) -> "_Head | None":
        landmark = self.landmarks.over(number)
        if landmark is not None:
            row = self.table.head(landmark.size)
        else:
            row = None if self.landmarks_only else self.table.head_over(number)
        if row is None or row.note is None:
            return None
        known = self._heads.get(row.size)
        if known is None:
            if len(self._heads) >= _MAX_HEADS:
                self._heads.popitem(last=False)
            known = self._heads[row.size] = _Head(row, row.note, self.folder)
        return known


class _Head:
    """A signed head, with what was read and shown of its tree. Raises MalformedError: the note is
    not of this head.
    """

    def __init__(self, row: HeadRow, note: str, folder: LogFolder) -> None:
        self.tree = TiledTree(row.size, folder.tile, _frontier(row))
        self._shown = RememberingTree(row.size, row.root)
        self._note = note.encode()
        text, line_feed, _ = note.partition("\n\n")
        signed = Checkpoint.parse(text + line_feed[1:])
        if (signed.size, signed.root) != (row.size, row.root):
            message = "the registry has the note of another head"
            raise MalformedError("root-mismatch", message, where=_REGISTRY)

    def proof(self, place: LogPlace) -> str:
        """Raises MalformedError: the tiles do not lead to this head."""
        path = tuple(self.tree.inclusion_path(place.number))
        self._shown.check(place.number, leaf_hash(place.entry), path)
        return LogProof(place.number, path, self._note).encode().decode()


def _frontier(row: HeadRow) -> Frontier | None:
    """Raises MalformedError: it does not lead to the root of this head."""
    if row.frontier is None:
        return None
    try:
        frontier = Frontier.parse(row.size, row.frontier)
    except MalformedError as error:
        raise MalformedError(error.reason, error.message, where=_REGISTRY) from error
    if frontier.root() != row.root:
        message = "the registry has the frontier of another head"
        raise MalformedError("root-mismatch", message, where=_REGISTRY)
    return frontier


def _damaged(error: MalformedError) -> ConfigurationError:
    advice = "make the files of the log again: signedcert log rebuild"
    if error.where == _REGISTRY:
        advice = "restore the newest backup of the registry"
    message = f"a place in the log cannot be shown: {error.message}; {advice}"
    return ConfigurationError("log-damaged", message, where=error.where)
