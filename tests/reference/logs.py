"""A log in memory, with the keys that sign its heads."""

from dataclasses import dataclass, field

from signedcert.core.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    ed25519_message,
    mldsa_message,
)
from signedcert.core.entry import log_entry
from signedcert.core.jws import CompactJWS
from signedcert.core.logproof import LogProof
from signedcert.core.sdjwt import SEPARATOR
from signedcert.core.tiles import TiledTree, TileName, append
from signedcert.custody.private import PrivateKey
from signedcert.trust.landmarks import Landmark, LandmarkList
from signedcert.trust.logs import LOG_ALGORITHMS, LogEntry, log_origin
from signedcert.trust.states import State
from tests.reference import ISSUER


def new_log_keys() -> tuple[PrivateKey, ...]:
    """One key of each algorithm."""
    return tuple(PrivateKey.generate(algorithm) for algorithm in LOG_ALGORITHMS)


def entry_of(document: bytes) -> bytes:
    """The log entry of a signed document."""
    jws = CompactJWS.parse(document.partition(SEPARATOR)[0])
    return log_entry(jws.signing_input, jws.signature)


@dataclass
class MemoryLog:
    """Entries, and proofs for any of its sizes."""

    origin: str = log_origin(ISSUER)
    keys: tuple[PrivateKey, ...] = field(default_factory=new_log_keys)
    size: int = 0
    tiles: dict[TileName, bytes] = field(default_factory=dict)

    def append(self, *documents: bytes) -> None:
        """One entry for each document."""
        self.append_entries([entry_of(document) for document in documents])

    def append_entries(self, entries: list[bytes]) -> None:
        """Entries as they are."""
        self.tiles.update(dict(append(self.size, entries, self.tiles.__getitem__)))
        self.size += len(entries)

    def fill(self, count: int) -> None:
        """Entries of somebody else's documents."""
        self.append_entries([b"%032d" % (self.size + i) for i in range(count)])

    def tree(self, size: int | None = None) -> TiledTree:
        """The tree as it is, or was at a size at which the caller has appended."""
        return TiledTree(self.size if size is None else size, self.tiles.__getitem__)

    def checkpoint(self, size: int | None = None) -> bytes:
        """A head, signed by both keys."""
        tree = self.tree(size)
        return sign_checkpoint(Checkpoint(self.origin, tree.size, tree.root()), self.keys)

    def proof(self, index: int, size: int | None = None) -> str:
        """The proof of an entry's place."""
        path = tuple(self.tree(size).inclusion_path(index))
        return LogProof(index, path, self.checkpoint(size)).encode().decode()

    def landmarks(self, *sizes: int) -> LandmarkList:
        """Heads that were, at sizes at which the caller has appended."""
        return LandmarkList(tuple(Landmark(size, self.tree(size).root()) for size in sizes))

    def entry(self, *landmarks: int, state: State = "active") -> LogEntry:
        """How a manifest names the log."""
        public = tuple(key.public_key for key in self.keys)
        return LogEntry(self.origin, public, state, self.landmarks(*landmarks).landmarks)


def sign_checkpoint(checkpoint: Checkpoint, keys: tuple[PrivateKey, ...]) -> bytes:
    """A checkpoint with the signatures of a log's two keys."""
    ed25519, mldsa = keys
    signatures = {
        ed25519.public_key: ed25519.sign(ed25519_message(checkpoint)),
        mldsa.public_key: mldsa.sign(mldsa_message(checkpoint)),
    }
    return SignedCheckpoint.assemble(checkpoint, signatures).encode()
