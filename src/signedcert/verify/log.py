"""Steps 5 and 6: where a document is in its institution's log, and what that makes of its key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from signedcert.carriers.bundle import Bundle
from signedcert.core.checkpoint import Checkpoint
from signedcert.core.entry import log_entry
from signedcert.core.jws import CompactJWS
from signedcert.core.keys import POST_QUANTUM, BadSignatureError
from signedcert.core.logproof import LogProof
from signedcert.core.merkle import leaf_hash
from signedcert.core.remembering import RememberingTree
from signedcert.errors import MalformedError
from signedcert.trust.entries import KeyEntry
from signedcert.trust.history import History
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import LogEntry
from signedcert.verify.report import Check, Outcome

_NO_LOG = Check(5, Outcome.NOT_PUBLISHED, technical="the manifest names no log")
_NO_PROOF = Check(5, Outcome.NOT_ASKED, technical="no proof of its place came with it")
#: Documents come with the head of their batch. So many heads are remembered.
_MAX_HEADS = 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document was shown to be. ``landmark`` is the size of the landmark under which it
    is; None if the keys of the log alone say so.
    """

    origin: str
    index: int
    landmark: int | None = None


class _Head(NamedTuple):
    """A head under which a proof shows something."""

    origin: str
    landmark: int | None
    tree: RememberingTree


@dataclass(frozen=True, slots=True)
class LogRule:
    """What is the same for all documents of an institution. It remembers the heads that it has
    judged, and the nodes that were shown to be under them.
    """

    history: History
    landmarks: Mapping[tuple[str, str], LandmarkList]
    _heads: dict[bytes, _Head | Check] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def place(self, bundle: Bundle, jws: CompactJWS) -> tuple[Check, Place | None]:
        """Step 5, for a document and what came with it."""
        if not self.history.newest.logs:
            return _NO_LOG, None
        if bundle.proof is None:
            if "proof" in bundle.damaged:
                return _invalid("wrong-type", "the proof beside the document is damaged"), None
            return _NO_PROOF, None
        try:
            return self._place(LogProof.parse(bundle.proof.encode("utf-8", "replace")), jws)
        except MalformedError as error:
            return _invalid(
                error.reason, f"{error.where}: {error.message}".removeprefix(": ")
            ), None

    def _place(self, proof: LogProof, jws: CompactJWS) -> tuple[Check, Place | None]:
        head = self._head(proof)
        if isinstance(head, Check):
            return head, None
        entry = log_entry(jws.signing_input, jws.signature)
        head.tree.check(proof.index, leaf_hash(entry), proof.path)
        kind = "head" if head.landmark is None else "landmark"
        technical = f"entry {proof.index} of {head.origin}, under a {kind} of {head.tree.size}"
        place = Place(head.origin, proof.index, head.landmark)
        return Check(5, Outcome.PASSED, technical=technical), place

    def _head(self, proof: LogProof) -> _Head | Check:
        """Raises MalformedError for a checkpoint that cannot be read."""
        head = self._heads.get(proof.checkpoint)
        if head is None:
            head = self._judge(proof)
            if len(self._heads) >= _MAX_HEADS:
                self._heads.clear()
            self._heads[proof.checkpoint] = head
        return head

    def _judge(self, proof: LogProof) -> _Head | Check:
        """A head, or why it shows nothing."""
        signed = proof.signed_checkpoint()
        origin = signed.unverified.origin
        log = next((one for one in self.history.newest.logs if one.origin == origin), None)
        if log is None:
            return _invalid("log-unknown", f"no log {origin} is in the newest manifest")
        if log.state in ("pre-published", "void"):
            return Check(5, Outcome.NOT_ASKED, technical=f"{origin} is {log.state}")
        try:
            checkpoint = signed.verify(origin, log.keys)
        except BadSignatureError as error:
            return _invalid(error.detail, f"not a head that the keys of {origin} have signed")
        return self._compare(log, checkpoint)

    def _compare(self, log: LogEntry, checkpoint: Checkpoint) -> _Head | Check:
        """A head that is no larger than the newest landmark has to be one of them."""
        known = self.landmarks.get((self.history.newest.iss, log.origin), LandmarkList())
        tree = RememberingTree(checkpoint.size, checkpoint.root)
        if known.root(checkpoint.size) == checkpoint.root:
            return _Head(log.origin, checkpoint.size, tree)
        if checkpoint.size <= known.size:
            technical = f"root keys vouch for other heads of {log.origin} than this one"
            return Check(5, Outcome.FAILED, "proof-forked", technical=technical)
        if len(known.heads) < log.landmarks.count:
            technical = f"{len(known.heads)} of {log.landmarks.count} landmarks are at hand"
            return Check(5, Outcome.UNDECIDED, "trust-stale", "landmarks-missing", technical)
        if log.state != "active":
            technical = f"{log.origin} is {log.state}, and this head is none of its landmarks"
            return Check(5, Outcome.NOT_ASKED, technical=technical)
        return _Head(log.origin, None, tree)


def _invalid(detail: str, technical: str) -> Check:
    return Check(5, Outcome.UNDECIDED, "proof-invalid", detail, technical)


class KeyRule(NamedTuple):
    """What the state of a key means. With ``classical_broken``, a key that a quantum computer can
    break is believed under landmarks only, where ``post_quantum`` root keys vouch for them.
    """

    entry: KeyEntry
    classical_broken: bool = False
    post_quantum: bool = False

    def check(self, place: Place | None) -> Check:
        """Step 6, for a document at a place that step 5 has shown, or at none."""
        match self.entry.state:
            case "pre-published":
                return self._undecided("key-pre-published", "")
            case "void":
                return Check(6, Outcome.FAILED, "key-void", technical=self._technical)
            case "compromised":
                return self._compromised(place)
        missing = self._missing(place)
        if missing:
            return self._undecided("proof-missing", missing)
        if place is None:
            technical = f"{self._technical}; a place in a log was not shown"
            return Check(6, Outcome.PASSED, technical=technical)
        return self._until_it_ended(place)

    def _missing(self, place: Place | None) -> str:
        """What a key that is not known to be stolen asks of a document, and it does not have."""
        under_landmark = place is not None and place.landmark is not None
        if self.classical_broken and self.entry.key.algorithm not in POST_QUANTUM:
            if not self.post_quantum:
                return "classical-root"
            if not under_landmark:
                return "classical-broken"
        match self.entry.logged:
            case "required":
                return "" if place else "logged-required"
            case "anchored":
                return "" if under_landmark else "logged-anchored"
        return ""

    def _until_it_ended(self, place: Place) -> Check:
        end = self.entry.ended
        if end is not None and place.origin == end.origin and place.index >= end.size:
            technical = f"{self._technical}, and ended at size {end.size} of {end.origin}"
            return Check(6, Outcome.FAILED, "key-not-authorised", "key-retired", technical)
        return Check(6, Outcome.PASSED, technical=self._technical)

    def _compromised(self, place: Place | None) -> Check:
        """In each log, the key is believed up to its cut-off, under a landmark at or below that.
        What documents say of their dates does not count.
        """
        origin = None if place is None else place.origin
        cutoff = next((one for one in self.entry.cutoffs if one.origin == origin), None)
        if place is None or cutoff is None:
            return self._undecided("proof-missing", "key-compromised")
        technical = f"{self._technical}; believed up to size {cutoff.size} of {cutoff.origin}"
        if place.index >= cutoff.size:
            return Check(6, Outcome.FAILED, "key-compromised", technical=technical)
        if place.landmark is None or place.landmark > cutoff.size:
            return Check(6, Outcome.UNDECIDED, "proof-missing", "landmark-beyond", technical)
        if self.classical_broken and not self.post_quantum:
            return self._undecided("proof-missing", "classical-root")
        return Check(6, Outcome.PASSED, technical=technical)

    def _undecided(
        self, reason: Literal["key-pre-published", "proof-missing"], detail: str
    ) -> Check:
        return Check(6, Outcome.UNDECIDED, reason, detail, self._technical)

    @property
    def _technical(self) -> str:
        entry = self.entry
        return f"key {entry.key.thumbprint} is {entry.state} since {entry.since:%Y-%m-%d}"
