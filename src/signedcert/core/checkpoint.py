"""Checkpoints: the head of a log, in a note that the log's two keys sign (C2SP tlog-checkpoint).

Ed25519 (type 0x01) signs the note text, ML-DSA-44 (type 0x06) a ``cosigned_message`` of C2SP
tlog-cosignature. Both have to hold. The name of both keys is the origin of the log.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from signedcert.core.encoding import MAX_INTEGER, b64_decode, b64_encode, parse_decimal
from signedcert.core.keys import SIGNATURE_LENGTH, Algorithm, BadSignatureError, PublicKey
from signedcert.core.note import NoteKey, NoteSignature, SignedNote, check_key_name
from signedcert.errors import MalformedError

HASH_LENGTH = 32

_LINES = 3
_LABEL = b"subtree/v1\n\0"
#: Our logs state no time: one that is signed by a key says nothing once the key was stolen.
_NO_TIME = bytes(8)
#: RFC 9162, 2.1.1.
_EMPTY_ROOT = hashlib.sha256().digest()

_MISSING: dict[Algorithm, str] = {"Ed25519": "ed25519-missing", "ML-DSA-44": "ml-dsa-44-missing"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's origin, the number of its entries, and the root hash of their tree."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Raises MalformedError: an origin that is no key's name (``key-name``), a size that is
        negative or over 2^53 - 1 (``not-an-integer``), a root of another length than 32 bytes
        (``checkpoint-shape``), another root of no entries than SHA-256 of nothing
        (``wrong-value``).
        """
        check_key_name(self.origin, "line 1")
        if not 0 <= self.size <= MAX_INTEGER:
            message = f"{self.size} is not a number of entries of at most 53 bits"
            raise MalformedError("not-an-integer", message, where="line 2")
        if len(self.root) != HASH_LENGTH:
            message = f"{len(self.root)} bytes where a root hash has {HASH_LENGTH}"
            raise MalformedError("checkpoint-shape", message, where="line 3")
        if not self.size and self.root != _EMPTY_ROOT:
            message = "the root hash of no entries is SHA-256 of nothing"
            raise MalformedError("wrong-value", message, where="line 3")

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """The checkpoint that is written so, as the text of a note: three lines.

        Raises MalformedError: fewer (``checkpoint-shape``), more (``checkpoint-extension``: the
        ML-DSA signature would not cover them), and what is wrong with one of them.
        """
        origin, *lines = text.split("\n", _LINES + 1)
        if len(lines) > _LINES:
            message = "a line behind the root hash; extension lines are not read"
            raise MalformedError("checkpoint-extension", message)
        if len(lines) < _LINES or lines[-1]:
            message = "a checkpoint is three lines: origin, size, root hash"
            raise MalformedError("checkpoint-shape", message)
        size = parse_decimal(lines[0], "line 2")
        return cls(origin, size, b64_decode(lines[1].encode("utf-8", "surrogatepass"), "line 3"))

    def text(self) -> str:
        """The note text."""
        return f"{self.origin}\n{self.size}\n{b64_encode(self.root)}\n"


def ed25519_message(checkpoint: Checkpoint) -> bytes:
    """What an Ed25519 key of the log signs: the note text."""
    return checkpoint.text().encode()


def mldsa_message(checkpoint: Checkpoint) -> bytes:
    """What an ML-DSA-44 key of the log signs: the ``cosigned_message`` in which the log is its own
    cosigner, states no time, and means the tree from its first entry on.
    """
    origin = checkpoint.origin.encode()
    name = len(origin).to_bytes(1) + origin
    start, end = bytes(8), checkpoint.size.to_bytes(8)
    return b"".join([_LABEL, name, _NO_TIME, name, start, end, checkpoint.root])


class SignedCheckpoint(NamedTuple):
    """A checkpoint in its note. ``unverified`` is what the note says, whoever signed it."""

    note: SignedNote
    unverified: Checkpoint

    @classmethod
    def parse(cls, data: bytes) -> "SignedCheckpoint":
        """Raises MalformedError: what ``SignedNote.parse`` and ``Checkpoint.parse`` refuse."""
        note = SignedNote.parse(data)
        return cls(note, Checkpoint.parse(note.text))

    @classmethod
    def assemble(
        cls, checkpoint: Checkpoint, signatures: Mapping[PublicKey, bytes]
    ) -> "SignedCheckpoint":
        """The signed checkpoint, of raw signatures over ``ed25519_message`` and ``mldsa_message``
        by the two keys that made them. Raises BadSignatureError unless it verifies.
        """
        keys = tuple(signatures)
        ed25519, mldsa = _log_keys(checkpoint.origin, keys)
        lines = (
            NoteSignature(ed25519.name, ed25519.key_id, signatures[ed25519.key]),
            NoteSignature(mldsa.name, mldsa.key_id, _NO_TIME + signatures[mldsa.key]),
        )
        signed = cls(SignedNote(checkpoint.text(), lines), checkpoint)
        signed.verify(checkpoint.origin, keys)
        return signed

    def encode(self) -> bytes:
        """The note as it is published."""
        return self.note.encode()

    def verify(self, origin: str, keys: Sequence[PublicKey]) -> Checkpoint:
        """The checkpoint, if it is of the log ``origin`` and both ``keys`` of that log signed it.
        Lines by other names or keys are ignored, so anyone can add some.

        Raises BadSignatureError, whose detail is one of: ``checkpoint-origin``; ``log-keys`` unless
        there is one key with Ed25519 and one with ML-DSA-44; ``ed25519-missing``,
        ``ml-dsa-44-missing``; ``signature-twice`` for two lines by one key;
        ``signature-timestamp`` if ML-DSA-44 signs a time; and those of ``PublicKey.verify``.
        It does not show that the log is append-only, or is the same for everyone: landmarks do.
        """
        if self.unverified.origin != origin:
            raise BadSignatureError("checkpoint-origin")
        ed25519, mldsa = _log_keys(origin, keys)
        signature, timestamped = self._line_by(ed25519), self._line_by(mldsa)
        ed25519.key.verify(signature, ed25519_message(self.unverified))
        mldsa.key.verify(_untimed(timestamped), mldsa_message(self.unverified))
        return self.unverified

    def _line_by(self, key: NoteKey) -> bytes:
        found = self.note.signatures_by(key)
        if not found:
            raise BadSignatureError(_MISSING[key.key.algorithm])
        if len(found) > 1:
            raise BadSignatureError("signature-twice")
        return found[0]


def _log_keys(origin: str, keys: Sequence[PublicKey]) -> tuple[NoteKey, NoteKey]:
    """The Ed25519 and the ML-DSA-44 key of a log."""
    named = {key.algorithm: key for key in keys}
    if len(keys) != len(_MISSING) or named.keys() != _MISSING.keys():
        raise BadSignatureError("log-keys")
    return NoteKey(origin, named["Ed25519"]), NoteKey(origin, named["ML-DSA-44"])


def _untimed(timestamped: bytes) -> bytes:
    """The signature in a ``timestamped_signature`` (C2SP tlog-cosignature) without a time."""
    timestamp, signature = timestamped[: len(_NO_TIME)], timestamped[len(_NO_TIME) :]
    if len(signature) == SIGNATURE_LENGTH["ML-DSA-44"] and timestamp != _NO_TIME:
        raise BadSignatureError("signature-timestamp")
    return signature
