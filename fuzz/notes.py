"""The targets for what a log publishes and what is shown of it."""

from contextlib import suppress
from functools import cache

from fuzz import mutate
from fuzz.extremes import large_notes, large_proofs
from fuzz.register import CORPUS, hold, target
from signedcert.core.checkpoint import Checkpoint, SignedCheckpoint, mldsa_message
from signedcert.core.encoding import decode_utf8
from signedcert.core.keys import SIGNATURE_LENGTH, BadSignatureError
from signedcert.core.logproof import MAX_PATH, MAX_PROOF, LogProof
from signedcert.core.note import MAX_NOTE, MAX_SIGNATURES, NoteKey, NoteSignature, SignedNote


@target("signed-note", mutate.note, MAX_NOTE, large_notes)
def parse_note(data: bytes) -> None:
    """A note has one spelling, and so has each of its lines."""
    note = SignedNote.parse(data)
    hold(note.encode() == data, "not written again as it was read")
    hold(note.text.endswith("\n"), "a text that does not end")
    hold(0 < len(note.signatures) <= MAX_SIGNATURES, "another number of signatures")
    for line in note.signatures:
        hold(NoteSignature.parse(str(line)) == line, "a line is read otherwise by itself")


@target("checkpoint", mutate.note, MAX_NOTE, large_notes)
def parse_checkpoint(data: bytes) -> None:
    """A checkpoint has one spelling, and is the log's only if the log signed it."""
    signed = SignedCheckpoint.parse(data)
    checkpoint = signed.unverified
    hold(signed.encode() == data, "not written again as it was read")
    hold(checkpoint.text() == signed.note.text, "the text is not written as it was read")
    length = 12 + 2 * (1 + len(checkpoint.origin.encode())) + 8 * 3 + 32
    hold(len(mldsa_message(checkpoint)) == length, "another structure than that of C2SP")
    known = _signed()
    with suppress(BadSignatureError):
        verified = _verified(signed)
        hold(verified == checkpoint, "another checkpoint than the one that was read")
        hold(verified in known, "a checkpoint that nobody signed")


@target("log-proof", mutate.note, MAX_PROOF, large_proofs)
def parse_log_proof(data: bytes) -> None:
    """A log proof has one spelling, whatever stands in the place of its checkpoint."""
    proof = LogProof.parse(data)
    hold(proof.encode() == data, "not written again as it was read")
    hold(proof.index >= 0 and len(proof.path) <= MAX_PATH, "beyond its limits")
    hold(proof.signed_checkpoint().encode() == proof.checkpoint, "another checkpoint")


@target("vkey", mutate.note, 4096)
def parse_vkey(data: bytes) -> None:
    """A verifier key has one spelling, and refuses a signature that it did not make."""
    text = decode_utf8(data)
    key = NoteKey.parse(text)
    hold(str(key) == text, "not written again as it was read")
    with suppress(BadSignatureError):
        key.key.verify(b"\1" * SIGNATURE_LENGTH[key.key.algorithm], data)
        hold(promise=False, what="a signature that nobody made")


@cache
def _log_keys() -> list[NoteKey]:
    """The keys of the log of the corpus, whose private halves were thrown away."""
    names = ("Ed25519", "ML-DSA-44")
    return [NoteKey.parse((CORPUS / "vkey" / name).read_text("utf-8")) for name in names]


def _verified(signed: SignedCheckpoint) -> Checkpoint:
    ed25519, ml_dsa = _log_keys()
    return signed.verify(ed25519.name, [ed25519.key, ml_dsa.key])


@cache
def _signed() -> list[Checkpoint]:
    """All that it has signed. Raises BadSignatureError, which is a find, if it has not."""
    names = ("empty", "large")
    read = [(CORPUS / "checkpoint" / name).read_bytes() for name in names]
    return [_verified(SignedCheckpoint.parse(data)) for data in read]
