"""The vectors of lists of landmarks that are not taken, and of proofs that show nothing: each has
one defect, and a good signature wherever one can cover it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from signedcert.core.checkpoint import Checkpoint, ed25519_message, mldsa_message
from signedcert.core.note import MAX_NOTE, NoteKey, NoteSignature
from signedcert.custody.private import PrivateKey
from signedcert.trust.landmarks import Landmark, LandmarkList
from signedcert.trust.logs import Landmarks
from tests.reference.logs import new_log_keys
from tests.vectors.log_edits import CHECKPOINT_EDITS, LIST_EDITS, NOTE_EDITS, PROOF_EDITS
from tests.vectors.logs import LANDMARKS, LANDMARKS_MISSING, Logbook
from tests.vectors.model import Expect, Refusal
from tests.vectors.verdicts import AUTHENTIC, Named, undecided
from tests.verify.test_log import BATCH, NEWEST, PLACE, key_of

if TYPE_CHECKING:
    from tests.vectors.model import Vector

_NO_TIME = bytes(8)
#: Where the time stands in what ML-DSA-44 signs: behind a label and the length and name of a key.
_LABEL = len(b"subtree/v1\n\0") + 1


def _invalid(detail: str) -> Expect:
    return undecided("proof-invalid", detail)


# Lists of landmarks


def _lists(book: Logbook) -> Iterator[Named]:
    """Root keys have signed the digest of each list that has a defect: otherwise it would show
    nothing else.
    """
    good = book.landmarks(*LANDMARKS)[book.log.origin]
    first, second = good.splitlines(keepends=True)
    parts = {
        "first": first,
        **dict(zip(("size", "space", "root"), second.partition(" "), strict=True)),
    }
    for edit in LIST_EDITS:
        data = edit.apply(parts)
        signed = Landmarks(data.count("\n"), hashlib.sha256(data.encode()).hexdigest())
        text = f"In the list of landmarks, {edit.part}: {edit.description}"
        yield f"list-{edit.name}", _refused(book, text, data, signed, edit.reason)
    signed = LandmarkList.parse(good.encode()).landmarks
    fork = LandmarkList((Landmark(BATCH, book.scene.fork.tree(BATCH).root()),))
    others = {
        "fork": ("a landmark of a fork", fork.encode().decode() + second),
        "size-changed": ("a landmark of another size", first + second.replace("20", "21", 1)),
        "longer": (
            "a landmark more than root has signed",
            book.landmarks(*LANDMARKS, NEWEST)[book.log.origin],
        ),
        "shorter": ("a landmark fewer than any version of the manifest names", first),
        "empty": ("nothing", ""),
    }
    for name, (text, data) in others.items():
        description = f"Another list of landmarks than root has signed: {text}"
        yield f"list-{name}", _refused(book, description, data, signed, "digest-mismatch")


def _refused(book: Logbook, text: str, data: str, signed: Landmarks, reason: str) -> "Vector":
    """A list is not taken, and no landmark is known."""
    log = book.log.entry()._replace(landmarks=signed)
    return book.vector(
        text,
        book.honest(book.log.proof(PLACE, BATCH)),
        LANDMARKS_MISSING._replace(refused=Refusal(reason)),
        institution=book.institution(key_of(book.scene, "active"), log),
        landmarks={book.log.origin: data},
    )


# Proofs


def _proofs(book: Logbook) -> Iterator[Named]:
    """The texts of proofs, up to the checkpoint."""
    parts = _parts(book)
    for edit in PROOF_EDITS:
        document = book.honest(edit.apply(parts))
        text = f"In the proof, {edit.part}: {edit.description}"
        yield f"proof-{edit.name}", book.vector(text, document, _invalid(edit.reason))
    yield (
        "proof-checkpoint-alone",
        book.vector(
            "A checkpoint in the place of a proof",
            book.honest(parts["checkpoint"]),
            _invalid("proof-shape"),
        ),
    )


def _parts(book: Logbook) -> dict[str, str]:
    """A good proof, under a head that is no landmark."""
    head, _, checkpoint = book.log.proof(PLACE, NEWEST).partition("\n\n")
    first, index, *path = (f"{line}\n" for line in head.split("\n"))
    return {
        "first": first,
        "index": index,
        "path": "".join(path),
        "empty": "\n",
        "checkpoint": checkpoint,
    }


def _with_checkpoint(book: Logbook, note: str) -> str:
    return book.honest("".join({**_parts(book), "checkpoint": note}.values()))


# Checkpoints


def _newest(book: Logbook) -> Checkpoint:
    return Checkpoint(book.log.origin, NEWEST, book.log.tree(NEWEST).root())


def _note_parts(book: Logbook, text: str | None = None) -> dict[str, str]:
    """The newest head in a note; its text, perhaps another one, is signed by both keys."""
    meant = _newest(book)
    text = meant.text() if text is None else text
    ed25519, mldsa = book.log.keys
    return {
        "text": text,
        "empty": "\n",
        "ed25519": _line(book.log.origin, ed25519, ed25519.sign(text.encode())),
        "mldsa": _line(book.log.origin, mldsa, _NO_TIME + mldsa.sign(mldsa_message(meant))),
    }


def _line(name: str, key: PrivateKey, signature: bytes) -> str:
    """A signature line of a key under a name."""
    return f"{NoteSignature(name, NoteKey(name, key.public_key).key_id, signature)}\n"


def _checkpoints(book: Logbook) -> Iterator[Named]:
    origin, size, root = _newest(book).text().splitlines(keepends=True)
    parts = {"origin": origin, "size": size, "root": root}
    for edit in CHECKPOINT_EDITS:
        note = "".join(_note_parts(book, edit.apply(parts)).values())
        text = f"In the checkpoint, {edit.part}: {edit.description}"
        document = _with_checkpoint(book, note)
        yield f"checkpoint-{edit.name}", book.vector(text, document, _invalid(edit.reason))
    parts = _note_parts(book)
    for edit in NOTE_EDITS:
        text = f"In the note of the checkpoint, {edit.part}: {edit.description}"
        document = _with_checkpoint(book, edit.apply(parts))
        yield f"note-{edit.name}", book.vector(text, document, _invalid(edit.reason))
    large = _line("x", book.log.keys[0], bytes(MAX_NOTE * 3 // 4))
    document = _with_checkpoint(book, "".join({**parts, "stranger": large}.values()))
    text = "In the note of the checkpoint, a line of a stranger that makes it too large"
    yield "note-over-128-kib", book.vector(text, document, _invalid("too-large"))


# Signatures


def _signatures(book: Logbook) -> Iterator[Named]:
    """Signature lines under the right names and key ids, which do not hold."""
    parts, origin = _note_parts(book), book.log.origin
    keys = dict(zip(("ed25519", "mldsa"), book.log.keys, strict=True))
    for name, (text, part, signature, detail) in _bad(book).items():
        note = "".join({**parts, part: _line(origin, keys[part], signature)}.values())
        document = _with_checkpoint(book, note)
        yield f"signature-{name}", book.vector(text, document, _invalid(detail))


def _bad(book: Logbook) -> Mapping[str, tuple[str, str, bytes, str]]:
    head, (ed25519, mldsa), (other_ed25519, other_mldsa) = (
        _newest(book),
        book.log.keys,
        new_log_keys(),
    )
    text, structure = ed25519_message(head), mldsa_message(head)
    smaller = Checkpoint(head.origin, BATCH, book.log.tree(BATCH).root())
    good, raw = ed25519.sign(text), mldsa.sign(structure)
    mismatch, length, timed = "signature-mismatch", "signature-length", "signature-timestamp"
    cases = {
        "zeros": ("64 zeros", good[:0] + bytes(64), mismatch),
        "changed": ("a bit changed", bytes([good[0] ^ 1]) + good[1:], mismatch),
        "of-another-head": (
            "that of another head",
            ed25519.sign(ed25519_message(smaller)),
            mismatch,
        ),
        "of-the-structure": ("over what ML-DSA signs", ed25519.sign(structure), mismatch),
        "of-another-key": ("by another key", other_ed25519.sign(text), mismatch),
        "longer": ("a byte more", good + b"\0", length),
        "shorter": ("a byte less", good[:-1], length),
        "with-a-time": ("eight bytes of a time in front", _NO_TIME + good, length),
    }
    found = {
        f"ed25519-{name}": (f"The Ed25519 signature: {said}", "ed25519", signature, detail)
        for name, (said, signature, detail) in cases.items()
    }
    at = structure[: _LABEL + len(head.origin.encode())]
    with_time = at + (7).to_bytes(8) + structure[len(at) + 8 :]
    changed = bytes([raw[0] ^ 1]) + raw[1:]
    cases = {
        "zeros": ("2,428 zeros", _NO_TIME + bytes(2420), mismatch),
        "changed": ("a bit changed", _NO_TIME + changed, mismatch),
        "of-another-head": (
            "that of another head",
            _NO_TIME + mldsa.sign(mldsa_message(smaller)),
            mismatch,
        ),
        "of-the-text": ("over the text of the note", _NO_TIME + mldsa.sign(text), mismatch),
        "of-another-key": ("by another key", _NO_TIME + other_mldsa.sign(structure), mismatch),
        "without-a-time": ("no eight bytes of a time in front", raw, length),
        "longer": ("a byte more", _NO_TIME + raw + b"\0", length),
        "shorter": ("a byte less", _NO_TIME + raw[:-1], length),
        "timed": ("with a time, which is signed", (7).to_bytes(8) + mldsa.sign(with_time), timed),
        "time-not-signed": ("with a time, which is not signed", (7).to_bytes(8) + raw, timed),
        "time-withheld": (
            "over a time that is not stated",
            _NO_TIME + mldsa.sign(with_time),
            mismatch,
        ),
    }
    found |= {
        f"mldsa-{name}": (f"The ML-DSA-44 signature: {said}", "mldsa", signature, detail)
        for name, (said, signature, detail) in cases.items()
    }
    return found


def _strangers(book: Logbook) -> Iterator[Named]:
    """Lines by other names and keys say nothing, good or bad."""
    parts, origin = _note_parts(book), book.log.origin
    ed25519, mldsa = new_log_keys()
    witness = _line("witness.example", ed25519, _NO_TIME + bytes(64))
    namesake = _line(origin, ed25519, ed25519.sign(parts["text"].encode()))
    post_quantum = _line(origin, mldsa, _NO_TIME + mldsa.sign(mldsa_message(_newest(book))))
    good: dict[str, tuple[str, dict[str, str]]] = {
        "witness": ("A witness's line behind those of the log", {**parts, "witness": witness}),
        "namesake": (
            "A line under the log's name by a key that is not the log's",
            {**parts, "ed25519": namesake + parts["ed25519"]},
        ),
        "order": (
            "The line of the ML-DSA-44 key in front of that of the Ed25519 key",
            {**parts, "ed25519": parts["mldsa"], "mldsa": parts["ed25519"]},
        ),
        "16-lines": ("Sixteen lines", {**parts, "witness": witness * 14}),
    }
    for name, (text, lines) in good.items():
        document = _with_checkpoint(book, "".join(lines.values()))
        yield f"valid-note-{name}", book.vector(text, document, AUTHENTIC)
    bad: dict[str, tuple[str, dict[str, str], str]] = {
        "ed25519": ("The Ed25519 line is a stranger's", {"ed25519": namesake}, "ed25519-missing"),
        "mldsa": (
            "The ML-DSA-44 line is a stranger's",
            {"mldsa": post_quantum},
            "ml-dsa-44-missing",
        ),
        "both": (
            "Both lines are a stranger's, under the log's name",
            {"ed25519": namesake, "mldsa": post_quantum},
            "ed25519-missing",
        ),
        "exchanged": (
            "Each key id stands in front of the other key's signature",
            _exchanged(parts, origin, book.log.keys),
            "signature-length",
        ),
    }
    for name, (text, lines, detail) in bad.items():
        document = _with_checkpoint(book, "".join({**parts, **lines}.values()))
        yield f"note-stranger-{name}", book.vector(text, document, _invalid(detail))


def _exchanged(
    parts: Mapping[str, str], origin: str, keys: tuple[PrivateKey, ...]
) -> dict[str, str]:
    ed25519, mldsa = (
        NoteSignature.parse(parts[name].rstrip("\n")).signature for name in ("ed25519", "mldsa")
    )
    return {"ed25519": _line(origin, keys[0], mldsa), "mldsa": _line(origin, keys[1], ed25519)}


PROOF_SECTIONS = (_lists, _proofs, _checkpoints, _signatures, _strangers)
