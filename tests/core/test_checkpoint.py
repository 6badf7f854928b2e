"""Checkpoints: three lines, one spelling, and both signatures or none."""

import hashlib
import struct
from collections.abc import Callable, Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signedcert.core.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    ed25519_message,
    mldsa_message,
)
from signedcert.core.encoding import MAX_INTEGER, b64_encode
from signedcert.core.keys import BadSignatureError, PublicKey
from signedcert.core.note import NoteKey, NoteSignature, SignedNote
from signedcert.custody.private import PrivateKey
from signedcert.errors import Malformed, MalformedError
from tests.core.refusal import outcome, refused
from tests.core.test_note import names

ORIGIN = "log.example.edu/2026"
ROOT = bytes(range(32))
TEXT = f"{ORIGIN}\n1000\n{b64_encode(ROOT)}\n"
CHECKPOINT = Checkpoint(ORIGIN, 1000, ROOT)

ED25519 = PrivateKey.generate("Ed25519")
ML_DSA = PrivateKey.generate("ML-DSA-44")
KEYS = (ED25519.public_key, ML_DSA.public_key)
OTHER_ED25519 = PrivateKey.generate("Ed25519")
OTHER_ML_DSA = PrivateKey.generate("ML-DSA-44")

checkpoints = st.builds(
    Checkpoint, names, st.integers(1, MAX_INTEGER), st.binary(min_size=32, max_size=32)
) | st.builds(Checkpoint, names, st.just(0), st.just(hashlib.sha256().digest()))


def assemble(
    checkpoint: Checkpoint = CHECKPOINT,
    ed25519: PrivateKey = ED25519,
    ml_dsa: PrivateKey = ML_DSA,
) -> SignedCheckpoint:
    """A checkpoint, signed as a log signs."""
    return SignedCheckpoint.assemble(
        checkpoint,
        {
            ed25519.public_key: ed25519.sign(ed25519_message(checkpoint)),
            ml_dsa.public_key: ml_dsa.sign(mldsa_message(checkpoint)),
        },
    )


SIGNED = assemble()
LINES = SIGNED.note.signatures
BY_ED25519, BY_ML_DSA = LINES


def detail_of_refusal(
    signed: SignedCheckpoint, origin: str = ORIGIN, keys: Iterable[PublicKey] = KEYS
) -> str:
    """In which way a checkpoint is not the log's."""
    with pytest.raises(BadSignatureError) as caught:
        signed.verify(origin, tuple(keys))
    return caught.value.detail


def with_lines(*lines: NoteSignature, text: str = TEXT) -> SignedCheckpoint:
    """The checkpoint under these signature lines, by way of its bytes."""
    return SignedCheckpoint.parse(SignedNote(text, lines).encode())


# the text


@given(checkpoints)
@example(Checkpoint("a", 0, hashlib.sha256().digest()))
@example(Checkpoint("é" * 127 + "a", MAX_INTEGER, ROOT))
def test_a_checkpoint_is_written_and_read_back(checkpoint: Checkpoint) -> None:
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


def test_the_text_is_origin_size_and_root() -> None:
    assert CHECKPOINT.text() == TEXT
    assert Checkpoint.parse(TEXT) == CHECKPOINT


def test_the_example_of_c2sp_is_read() -> None:
    note = (
        "example.com/behind-the-sofa\n"
        "20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
        "\n"
        "\u2014 example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "\u2014 witness.example.com/w1 "
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    ).encode()
    signed = SignedCheckpoint.parse(note)
    assert signed.unverified == Checkpoint(
        "example.com/behind-the-sofa",
        20852163,
        bytes.fromhex("0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"),
    )
    names_ = [line.name for line in signed.note.signatures]
    assert names_ == ["example.com/behind-the-sofa", "witness.example.com/w1"]
    assert signed.encode() == note


ENCODED = b64_encode(ROOT)


def text(origin: str = ORIGIN, size: str = "1000", root: str = ENCODED) -> str:
    """A text with one line changed."""
    return f"{origin}\n{size}\n{root}\n"


TEXTS: list[tuple[str, str, Malformed, str]] = [
    ("nothing", "", "checkpoint-shape", ""),
    ("an empty line", "\n", "checkpoint-shape", ""),
    ("an origin", f"{ORIGIN}\n", "checkpoint-shape", ""),
    ("no root", f"{ORIGIN}\n1000\n", "checkpoint-shape", ""),
    ("no line feed", TEXT[:-1], "checkpoint-shape", ""),
    ("a beginning of a fourth line", f"{TEXT}x", "checkpoint-shape", ""),
    ("an extension line", f"{TEXT}x\n", "checkpoint-extension", ""),
    ("two extension lines", f"{TEXT}x\ny\n", "checkpoint-extension", ""),
    ("an empty extension line", f"{TEXT}\n", "checkpoint-extension", ""),
    ("a second checkpoint", TEXT * 2, "checkpoint-extension", ""),
    ("no origin", text(origin=""), "key-name", "line 1"),
    ("a space in the origin", text(origin="go.sum database tree"), "key-name", "line 1"),
    ("a plus in the origin", text(origin="log+1"), "key-name", "line 1"),
    ("a long origin", text(origin="é" * 128), "key-name", "line 1"),
    ("half of a pair in the origin", text(origin="\ud800"), "key-name", "line 1"),
    ("an empty line in front", f"\n{TEXT[:-1]}", "checkpoint-shape", ""),
    ("no size", text(size=""), "not-an-integer", "line 2"),
    ("a leading zero", text(size="01000"), "not-an-integer", "line 2"),
    ("two zeros", text(size="00"), "not-an-integer", "line 2"),
    ("a plus sign", text(size="+1000"), "not-an-integer", "line 2"),
    ("a negative size", text(size="-1"), "not-an-integer", "line 2"),
    ("minus zero", text(size="-0"), "not-an-integer", "line 2"),
    ("an underscore", text(size="1_000"), "not-an-integer", "line 2"),
    ("a space", text(size=" 1000"), "not-an-integer", "line 2"),
    ("a space behind", text(size="1000 "), "not-an-integer", "line 2"),
    ("hexadecimal", text(size="0x3e8"), "not-an-integer", "line 2"),
    ("an exponent", text(size="1e3"), "not-an-integer", "line 2"),
    ("other digits", text(size="\u0661"), "not-an-integer", "line 2"),
    ("a size of 54 bits", text(size=str(2**53)), "not-an-integer", "line 2"),
    ("a size of 64 bits", text(size=str(2**64 - 1)), "not-an-integer", "line 2"),
    ("very many digits", text(size="1" * 5000), "not-an-integer", "line 2"),
    ("no hash", text(root=""), "checkpoint-shape", "line 3"),
    ("31 bytes", text(root=b64_encode(bytes(31))), "checkpoint-shape", "line 3"),
    ("33 bytes", text(root=b64_encode(bytes(33))), "checkpoint-shape", "line 3"),
    ("hexadecimal digits", text(root=ROOT.hex()), "checkpoint-shape", "line 3"),
    ("no padding", text(root=ENCODED[:-1]), "base64-padding", "line 3"),
    ("base64url", text(root="_" + ENCODED[1:]), "base64-alphabet", "line 3"),
    ("stray bits", text(root=ENCODED[:-2] + "9="), "base64-tail-bits", "line 3"),
    ("a carriage return", text(root=f"{ENCODED}\r"), "base64-alphabet", "line 3"),
    ("half of a pair in the root", text(root="\ud800"), "base64-alphabet", "line 3"),
    ("another root of no entries", text(size="0"), "wrong-value", "line 3"),
]


@pytest.mark.parametrize(
    ("changed", "reason", "where"), [case[1:] for case in TEXTS], ids=[case[0] for case in TEXTS]
)
def test_a_text_is_refused(changed: str, reason: Malformed, where: str) -> None:
    with refused(reason, where):
        Checkpoint.parse(changed)


@pytest.mark.parametrize(
    ("origin", "size", "root", "reason"),
    [
        ("log example", 1, ROOT, "key-name"),
        (ORIGIN, -1, ROOT, "not-an-integer"),
        (ORIGIN, 2**53, ROOT, "not-an-integer"),
        (ORIGIN, 1, ROOT[:-1], "checkpoint-shape"),
        (ORIGIN, 0, ROOT, "wrong-value"),
    ],
)
def test_no_checkpoint_is_made_that_would_not_be_read(
    origin: str, size: int, root: bytes, reason: Malformed
) -> None:
    with refused(reason):
        Checkpoint(origin, size, root)


# what is signed


@given(checkpoints)
def test_ed25519_signs_the_text(checkpoint: Checkpoint) -> None:
    assert ed25519_message(checkpoint) == checkpoint.text().encode()


@given(checkpoints)
def test_ml_dsa_signs_the_structure_of_c2sp(checkpoint: Checkpoint) -> None:
    """C2SP tlog-cosignature, ML-DSA-44 signed message, written down once more."""
    name = checkpoint.origin.encode()
    expected = struct.pack(
        f">12sB{len(name)}sQB{len(name)}sQQ32s",
        b"subtree/v1\n\0",
        len(name),
        name,
        0,
        len(name),
        name,
        0,
        checkpoint.size,
        checkpoint.root,
    )
    assert mldsa_message(checkpoint) == expected


# signed


def test_a_signed_checkpoint_is_written_read_and_verified() -> None:
    read = SignedCheckpoint.parse(SIGNED.encode())
    assert read == SIGNED
    assert read.verify(ORIGIN, KEYS) == CHECKPOINT
    assert read.verify(ORIGIN, KEYS[::-1]) == CHECKPOINT


def test_the_lines_are_those_of_c2sp() -> None:
    """The key id of the standard, and eight bytes of no time in front of the ML-DSA signature."""
    for line, private, byte in ((BY_ED25519, ED25519, b"\x01"), (BY_ML_DSA, ML_DSA, b"\x06")):
        hashed = ORIGIN.encode() + b"\n" + byte + private.public_key.raw
        assert line.name == ORIGIN
        assert line.key_id == hashlib.sha256(hashed).digest()[:4]
    ED25519.public_key.verify(BY_ED25519.signature, TEXT.encode())
    assert BY_ML_DSA.signature[:8] == bytes(8)
    ML_DSA.public_key.verify(BY_ML_DSA.signature[8:], mldsa_message(CHECKPOINT))


def stranger(private: PrivateKey, name: str) -> NoteSignature:
    """A line of somebody else's, over the same text."""
    key = NoteKey(name, private.public_key)
    return NoteSignature(name, key.key_id, private.sign(TEXT.encode()))


STRANGERS = [
    stranger(OTHER_ED25519, ORIGIN),
    stranger(OTHER_ML_DSA, ORIGIN),
    stranger(ED25519, "witness.example"),
    stranger(OTHER_ED25519, "witness.example"),
    BY_ED25519._replace(name="witness.example"),
    BY_ED25519._replace(key_id=b"none"),
    BY_ML_DSA._replace(name=ORIGIN.upper(), signature=b"?"),
]


@pytest.mark.parametrize("line", STRANGERS)
def test_strangers_are_ignored_wherever_they_stand(line: NoteSignature) -> None:
    for lines in ((line, *LINES), (*LINES, line), (BY_ML_DSA, line, line, BY_ED25519)):
        assert with_lines(*lines).verify(ORIGIN, KEYS) == CHECKPOINT


@pytest.mark.parametrize("line", STRANGERS)
def test_no_stranger_stands_for_a_key_of_the_log(line: NoteSignature) -> None:
    assert detail_of_refusal(with_lines(line, BY_ML_DSA)) == "ed25519-missing"
    assert detail_of_refusal(with_lines(BY_ED25519, line)) == "ml-dsa-44-missing"


def test_at_most_sixteen_lines_are_read() -> None:
    assert with_lines(*LINES, *[STRANGERS[0]] * 14).verify(ORIGIN, KEYS) == CHECKPOINT
    with refused("too-large"):
        with_lines(*LINES, *[STRANGERS[0]] * 15)


REFUSED: list[tuple[str, list[NoteSignature], str]] = [
    ("no Ed25519 signature", [BY_ML_DSA], "ed25519-missing"),
    ("no ML-DSA signature", [BY_ED25519], "ml-dsa-44-missing"),
    ("neither", [STRANGERS[0]], "ed25519-missing"),
    ("Ed25519 twice", [BY_ED25519, *LINES], "signature-twice"),
    ("ML-DSA twice", [*LINES, BY_ML_DSA], "signature-twice"),
    ("a bad one behind", [*LINES, BY_ED25519._replace(signature=b"?")], "signature-twice"),
    ("a bad one in front", [BY_ML_DSA._replace(signature=b"?"), *LINES], "signature-twice"),
    (
        "the signatures exchanged",
        [
            BY_ED25519._replace(signature=BY_ML_DSA.signature),
            BY_ML_DSA._replace(signature=BY_ED25519.signature),
        ],
        "signature-length",
    ),
]


@pytest.mark.parametrize(
    ("lines", "detail"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_both_keys_sign_once(lines: list[NoteSignature], detail: str) -> None:
    assert detail_of_refusal(with_lines(*lines)) == detail


STRUCTURE = mldsa_message(CHECKPOINT)
LARGER = Checkpoint(ORIGIN, 1001, ROOT)
BY_ED25519_ALONE = [
    ("zeros", bytes(64), "signature-mismatch"),
    ("over another text", ED25519.sign(ed25519_message(LARGER)), "signature-mismatch"),
    ("over what ML-DSA signs", ED25519.sign(STRUCTURE), "signature-mismatch"),
    ("by another key", OTHER_ED25519.sign(TEXT.encode()), "signature-mismatch"),
    ("a byte more", BY_ED25519.signature + b"\0", "signature-length"),
    ("a byte less", BY_ED25519.signature[:-1], "signature-length"),
    ("with a time", bytes(8) + BY_ED25519.signature, "signature-length"),
]


@pytest.mark.parametrize(
    ("signature", "detail"),
    [case[1:] for case in BY_ED25519_ALONE],
    ids=[case[0] for case in BY_ED25519_ALONE],
)
def test_another_ed25519_signature_is_refused(signature: bytes, detail: str) -> None:
    signed = with_lines(BY_ED25519._replace(signature=signature), BY_ML_DSA)
    assert detail_of_refusal(signed) == detail


AT = len(b"subtree/v1\n\0") + 1 + len(ORIGIN)


def with_time(seconds: int) -> bytes:
    """What ML-DSA-44 signs of a checkpoint that states a time, as C2SP allows."""
    return STRUCTURE[:AT] + seconds.to_bytes(8) + STRUCTURE[AT + 8 :]


def timed(seconds: int) -> bytes:
    """A good cosignature of C2SP, with a time."""
    return seconds.to_bytes(8) + ML_DSA.sign(with_time(seconds))


RAW = BY_ML_DSA.signature[8:]
BY_ML_DSA_ALONE = [
    ("zeros", bytes(2428), "signature-mismatch"),
    ("over the text", bytes(8) + ML_DSA.sign(TEXT.encode()), "signature-mismatch"),
    ("over another size", bytes(8) + ML_DSA.sign(mldsa_message(LARGER)), "signature-mismatch"),
    ("over a time", bytes(8) + timed(7)[8:], "signature-mismatch"),
    ("by another key", bytes(8) + OTHER_ML_DSA.sign(STRUCTURE), "signature-mismatch"),
    ("no time in front", RAW, "signature-length"),
    ("a time alone", bytes(8), "signature-length"),
    ("a piece of a time", b"\1", "signature-length"),
    ("a byte more", bytes(8) + RAW + b"\0", "signature-length"),
    ("a byte less", bytes(8) + RAW[:-1], "signature-length"),
    ("the first second", timed(1), "signature-timestamp"),
    ("a time", timed(1798761600), "signature-timestamp"),
    ("the last second", timed(2**63 - 1), "signature-timestamp"),
    ("a time that is not signed", bytes(7) + b"\1" + RAW, "signature-timestamp"),
]


@pytest.mark.parametrize(
    ("signature", "detail"),
    [case[1:] for case in BY_ML_DSA_ALONE],
    ids=[case[0] for case in BY_ML_DSA_ALONE],
)
def test_another_ml_dsa_signature_is_refused(signature: bytes, detail: str) -> None:
    signed = with_lines(BY_ED25519, BY_ML_DSA._replace(signature=signature))
    assert detail_of_refusal(signed) == detail


def test_the_time_is_all_that_is_wrong_with_a_signature_that_states_one() -> None:
    assert with_time(0) == STRUCTURE
    ML_DSA.public_key.verify(timed(7)[8:], with_time(7))


@pytest.mark.parametrize(
    "changed", [text(origin="other.example"), text(size="999"), text(root=b64_encode(bytes(32)))]
)
def test_another_text_under_the_same_signatures_is_refused(changed: str) -> None:
    signed = with_lines(*LINES, text=changed)
    assert detail_of_refusal(signed) in ("checkpoint-origin", "signature-mismatch")
    assert detail_of_refusal(signed, signed.unverified.origin) in (
        "ed25519-missing",
        "signature-mismatch",
    )


def test_a_checkpoint_of_another_log_by_the_same_keys_is_refused() -> None:
    other = Checkpoint("other.example", 1000, ROOT)
    signed = assemble(other)
    assert signed.verify("other.example", KEYS) == other
    assert detail_of_refusal(signed) == "checkpoint-origin"


@pytest.mark.parametrize(
    "keys",
    [
        (),
        KEYS[:1],
        KEYS[1:],
        (KEYS[0], KEYS[0]),
        (KEYS[0], OTHER_ED25519.public_key),
        (*KEYS, OTHER_ED25519.public_key),
        (*KEYS, *KEYS),
        (KEYS[0], PrivateKey.generate("ML-DSA-65").public_key),
        (PrivateKey.generate("ES256").public_key, KEYS[1]),
    ],
)
def test_a_log_has_one_key_of_each_kind(keys: tuple[PublicKey, ...]) -> None:
    assert detail_of_refusal(SIGNED, keys=keys) == "log-keys"


def test_what_was_put_together_by_hand_is_checked_as_it_is_returned() -> None:
    """The text of the note and what is said to be in it are two things then."""
    other = Checkpoint(ORIGIN, 7, ROOT)
    assert detail_of_refusal(SignedCheckpoint(SIGNED.note, other)) == "signature-mismatch"


# assembling


@pytest.mark.parametrize(
    "message", [lambda _: b"", ed25519_message, mldsa_message], ids=["none", "text", "structure"]
)
def test_nothing_is_assembled_that_does_not_hold(message: Callable[[Checkpoint], bytes]) -> None:
    for key, other in ((ED25519, ML_DSA), (ML_DSA, ED25519)):
        signatures = {
            ED25519.public_key: ED25519.sign(ed25519_message(CHECKPOINT)),
            ML_DSA.public_key: ML_DSA.sign(mldsa_message(CHECKPOINT)),
        }
        good = mldsa_message if key is ML_DSA else ed25519_message
        if message is not good:
            signatures[key.public_key] = key.sign(message(CHECKPOINT))
            with pytest.raises(BadSignatureError, match="signature-mismatch"):
                SignedCheckpoint.assemble(CHECKPOINT, signatures)
        del signatures[other.public_key]
        with pytest.raises(BadSignatureError, match="log-keys"):
            SignedCheckpoint.assemble(CHECKPOINT, signatures)


# whatever else comes

LINE_OF_STRANGER = str(STRANGERS[3]).encode() + b"\n"
WITH_STRANGER = with_lines(BY_ED25519, STRANGERS[3], BY_ML_DSA).encode()
BEGIN = WITH_STRANGER.index(LINE_OF_STRANGER)


def verified(data: bytes) -> bool:
    """Whether these bytes are a checkpoint of the log."""
    try:
        found = SignedCheckpoint.parse(data).verify(ORIGIN, KEYS)
    except (MalformedError, BadSignatureError):
        return False
    assert found == CHECKPOINT
    return True


def test_every_change_of_a_byte_is_refused_or_in_the_line_of_a_stranger() -> None:
    assert verified(WITH_STRANGER)
    strange = range(BEGIN, BEGIN + len(LINE_OF_STRANGER))
    accepted = 0
    for position, value in enumerate(WITH_STRANGER):
        changed = bytearray(WITH_STRANGER)
        changed[position] = ord("A") if value != ord("A") else ord("B")
        if verified(bytes(changed)):
            assert position in strange
            accepted += 1
    assert 0 < accepted < len(strange)


@pytest.mark.parametrize("other", b"\n\r +=/\x00\x80")
def test_no_change_of_a_byte_in_front_of_the_long_line_leads_anywhere(other: int) -> None:
    data = SIGNED.encode()
    for position in range(len(TEXT) + len(str(BY_ED25519)) + 40):
        if data[position] != other:
            assert not verified(data[:position] + bytes([other]) + data[position + 1 :])
        assert not verified(data[:position] + bytes([other]) + data[position:])


def test_every_truncation_is_refused() -> None:
    data = SIGNED.encode()
    assert not any(verified(data[:length]) for length in range(len(data)))


@given(st.text(max_size=60) | st.lists(st.text(max_size=50), max_size=5).map("\n".join))
@example(f"{ORIGIN}\n0\n{b64_encode(hashlib.sha256().digest())}\n")
def test_any_text_is_read_without_loss_or_refused(data: str) -> None:
    found = outcome(Checkpoint.parse, data)
    if not isinstance(found, MalformedError):
        assert found.text() == data
