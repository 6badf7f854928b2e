"""Signed notes and verifier keys: C2SP's own examples, one spelling, one defect at a time."""

import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signedcert.core.encoding import b64_encode
from signedcert.core.keys import Algorithm, PublicKey
from signedcert.core.note import (
    MAX_KEY_NAME,
    MAX_NOTE,
    MAX_SIGNATURES,
    NoteKey,
    NoteSignature,
    SignedNote,
    check_key_name,
)
from signedcert.custody.private import PrivateKey
from signedcert.errors import Malformed, MalformedError
from tests.core.refusal import outcome, refused

ED25519 = PrivateKey.generate("Ed25519")
ML_DSA = PrivateKey.generate("ML-DSA-44")
NAME = "log.example.edu/2026"
LINE = f"\u2014 {NAME} {b64_encode(b'idid' + bytes(64))}\n"

#: What Unicode calls white space, and Python too.
SPACES = " \u0085\u00a0\u1680\u2000\u2003\u200a\u2028\u2029\u202f\u205f\u3000"

CONTROLS = "".join(map(chr, range(32)))

names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=SPACES + "+"),
    min_size=1,
    max_size=20,
).filter(lambda name: not any(letter.isspace() for letter in name))
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS) | st.just("\n")
).map(lambda text: text + "\n")
signatures = st.builds(
    NoteSignature,
    names,
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=100),
)
notes = st.builds(
    SignedNote, texts, st.lists(signatures, min_size=1, max_size=MAX_SIGNATURES).map(tuple)
)


# the examples of C2SP signed-note and of Go's package note

EXAMPLES = {
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k": (
        "This is an example message.\n"
        "\n"
        "\u2014 example.com/foo "
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    ),
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW": (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "\u2014 PeterNeumann "
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    ),
}


@pytest.mark.parametrize("vkey", EXAMPLES)
def test_a_published_key_verifies_a_published_note(vkey: str) -> None:
    key, note = NoteKey.parse(vkey), SignedNote.parse(EXAMPLES[vkey].encode())
    assert (key.name, key.key_id.hex()) == tuple(vkey.split("+")[:2])
    assert str(key) == vkey
    (signature,) = note.signatures_by(key)
    key.key.verify(signature, note.text.encode())


def test_a_published_note_with_an_empty_line_in_it_is_written_again_as_it_is() -> None:
    note = (
        "Ognuno sta solo sul cuor della terra\n"
        "trafitto da un raggio di sole:\n"
        "\n"
        "ed è subito sera.\n"
        "\n"
        "\u2014 quasimodo.example/salvatore "
        "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
    ).encode()
    parsed = SignedNote.parse(note)
    assert parsed.text.endswith("sole:\n\ned è subito sera.\n")
    assert [line.name for line in parsed.signatures] == ["quasimodo.example/salvatore"]
    assert parsed.encode() == note


# verifier keys


@given(names, st.sampled_from([ED25519, ML_DSA]))
def test_a_key_is_printed_and_read(name: str, private: PrivateKey) -> None:
    key = NoteKey(name, private.public_key)
    assert NoteKey.parse(str(key)) == key
    assert pickle.loads(pickle.dumps(key)) == key  # noqa: S301 - our own


def test_each_part_of_a_key_makes_another_id() -> None:
    other = PrivateKey.generate("Ed25519").public_key
    ids = {
        NoteKey("a", ED25519.public_key).key_id,
        NoteKey("b", ED25519.public_key).key_id,
        NoteKey("a", other).key_id,
        NoteKey("a", ML_DSA.public_key).key_id,
    }
    assert [len(one) for one in ids] == [4, 4, 4, 4]


def test_only_the_two_algorithms_have_a_signature_type() -> None:
    others: list[Algorithm] = ["ES256", "ML-DSA-65"]
    for algorithm in others:
        with refused("key-type"):
            NoteKey(NAME, PrivateKey.generate(algorithm).public_key)


GOOD = str(NoteKey(NAME, ED25519.public_key))
ID, MATERIAL = GOOD.split("+", 2)[1:]


def vkey(material: bytes) -> str:
    """A verifier key with other material: its id is looked at last."""
    return f"{NAME}+{ID}+{b64_encode(material)}"


VKEYS: list[tuple[str, str, Malformed]] = [
    ("nothing", "", "vkey-shape"),
    ("a name", NAME, "vkey-shape"),
    ("no key", f"{NAME}+{ID}", "vkey-shape"),
    ("no name", f"+{ID}+{MATERIAL}", "key-name"),
    ("a space in the name", f"log example+{ID}+{MATERIAL}", "key-name"),
    ("a space in front", f" {GOOD}", "key-name"),
    ("a line feed behind", f"{GOOD}\n", "base64-alphabet"),
    ("another name", f"other.example+{ID}+{MATERIAL}", "key-id"),
    ("a name with a plus", f"log+{GOOD}", "base64-length"),
    ("another id", f"{NAME}+00000000+{MATERIAL}", "key-id"),
    ("a short id", f"{NAME}+{ID[1:]}+{MATERIAL}", "key-id"),
    ("no id", f"{NAME}++{MATERIAL}", "key-id"),
    ("no material", vkey(b""), "key-type"),
    ("an Ed25519 cosigner", vkey(b"\x04" + ED25519.public_key.raw), "key-type"),
    ("a key without its type", vkey(ED25519.public_key.raw), "key-type"),
    ("a type without its key", vkey(b"\x01"), "key-invalid"),
    ("a longer key", vkey(b"\x01" + bytes(33)), "key-invalid"),
    ("a weak key", vkey(b"\x01\x01" + bytes(31)), "key-invalid"),
    ("the type of another key", vkey(b"\x06" + ED25519.public_key.raw), "key-invalid"),
    ("base64url", f"{NAME}+{ID}+-{MATERIAL[1:]}", "base64-alphabet"),
    ("padding", f"{GOOD}=", "base64-padding"),
    ("half of a pair in the name", f"\ud800+{ID}+{MATERIAL}", "key-name"),
    ("half of a pair in the key", f"{NAME}+{ID}+\ud800", "base64-alphabet"),
    ("very much", "a" * 2049, "too-large"),
]


@pytest.mark.parametrize(
    ("text", "reason"), [case[1:] for case in VKEYS], ids=[case[0] for case in VKEYS]
)
def test_a_verifier_key_is_refused(text: str, reason: Malformed) -> None:
    with refused(reason):
        NoteKey.parse(text)


def test_an_id_in_upper_case_is_another_spelling() -> None:
    example_ = next(iter(EXAMPLES))
    with refused("key-id"):
        NoteKey.parse(example_.replace("530d903a", "530D903A"))


@pytest.mark.parametrize("key", [ED25519.public_key, ML_DSA.public_key])
def test_the_longest_name_is_read_and_one_byte_more_is_not(key: PublicKey) -> None:
    longest = "é" * 127 + "a"
    assert len(longest.encode()) == MAX_KEY_NAME == 255
    assert NoteKey.parse(str(NoteKey(longest, key))).name == longest
    with refused("key-name"):
        NoteKey(longest + "a", key)


@pytest.mark.parametrize("letter", [*SPACES, "+", "\n", "\t", "\0", "\x1b", "\x1f", "\ud800"])
def test_a_name_has_neither_spaces_nor_plus_nor_what_no_note_can_hold(letter: str) -> None:
    for name in (letter, f"a{letter}", f"{letter}a", f"a{letter}a"):
        with refused("key-name", "there"):
            check_key_name(name, "there")


# notes


@given(notes)
@example(SignedNote("\n", (NoteSignature("a", b"\0\0\0\0", b"\0"),)))
@example(SignedNote("\n\n\u2014 a b\n\n\n", (NoteSignature("a", b"\0\0\0\0", b"\0"),)))
def test_a_note_is_written_and_read_back(note: SignedNote) -> None:
    assert SignedNote.parse(note.encode()) == note


def signed(line: str) -> str:
    """A note with this as its signature lines."""
    return f"text\n\n{line}"


def encoded(text: str) -> str:
    """A note with this in the place of base64."""
    return signed(f"\u2014 a {text}\n")


NOTES: list[tuple[str, str, Malformed, str]] = [
    ("nothing", "", "note-shape", ""),
    ("a text", "text\n", "note-shape", ""),
    ("a signature", LINE, "note-shape", ""),
    ("no text", f"\n{LINE}", "note-shape", ""),
    ("no empty line", f"text\n{LINE}", "note-shape", ""),
    ("no signature", signed(""), "note-shape", ""),
    ("no line feed at the end", signed(LINE)[:-1], "note-shape", ""),
    ("an empty line at the end", signed(f"{LINE}\n"), "note-shape", ""),
    ("two empty lines at the end", signed(f"{LINE}\n\n"), "note-shape", ""),
    ("a text behind", signed(f"{LINE}text\n"), "note-shape", "signature 2"),
    ("a hyphen", signed(f"-{LINE[1:]}"), "note-shape", "signature 1"),
    ("an en dash", signed(f"\u2013{LINE[1:]}"), "note-shape", "signature 1"),
    ("no space behind the dash", signed(f"\u2014{LINE[2:]}"), "note-shape", "signature 1"),
    ("no name", signed("\u2014 AAAAAAA=\n"), "note-shape", "signature 1"),
    ("an empty name", signed("\u2014  AAAAAAA=\n"), "key-name", "signature 1"),
    ("a plus in a name", signed("\u2014 a+b AAAAAAA=\n"), "key-name", "signature 1"),
    ("a wide space in a name", signed("\u2014 a\u3000 AAAAAAA=\n"), "key-name", "signature 1"),
    ("a space in a name", signed("\u2014 a b AAAAAAA=\n"), "base64-alphabet", "signature 1"),
    ("nothing encoded", encoded(""), "note-shape", "signature 1"),
    ("a key id alone", encoded("AAAAAA=="), "note-shape", "signature 1"),
    ("a short key id", encoded("AAAA"), "note-shape", "signature 1"),
    ("a space in front of base64", encoded(" AAAAAAA="), "base64-alphabet", "signature 1"),
    ("a space behind base64", encoded("AAAAAAA= "), "base64-alphabet", "signature 1"),
    ("base64url", encoded("AAAAAA-_"), "base64-alphabet", "signature 1"),
    ("letters beyond ASCII", encoded("AAAAAAAé"), "base64-alphabet", "signature 1"),
    ("no padding", encoded("AAAAAAA"), "base64-padding", "signature 1"),
    ("too much padding", encoded("AAAAAAAA="), "base64-padding", "signature 1"),
    ("an impossible length", encoded("AAAAAAAAA"), "base64-length", "signature 1"),
    ("stray bits", encoded("AAAAAAB="), "base64-tail-bits", "signature 1"),
    ("stray bits later", signed(f"{LINE}\u2014 a AAAAAAB=\n"), "base64-tail-bits", "signature 2"),
    ("carriage returns", signed(LINE).replace("\n", "\r\n"), "text-control", ""),
    ("a tab", f"te\txt\n\n{LINE}", "text-control", ""),
    ("a NUL at the end", signed(f"{LINE}\0"), "text-control", ""),
    ("an escape in a name", signed("\u2014 a\x1bb AAAAAAA=\n"), "text-control", ""),
    ("17 signatures", signed(LINE * 17), "too-large", ""),
    ("a byte too much", "x" * (MAX_NOTE - len(LINE.encode()) - 1) + f"\n\n{LINE}", "too-large", ""),
]


@pytest.mark.parametrize(
    ("text", "reason", "where"), [case[1:] for case in NOTES], ids=[case[0] for case in NOTES]
)
def test_a_note_is_refused(text: str, reason: Malformed, where: str) -> None:
    with refused(reason, where):
        SignedNote.parse(text.encode())


@pytest.mark.parametrize("data", [b"\xff", b"te\xc3xt", b"\xed\xa0\x80", b"\xc0\x8a", b"\xef"])
def test_a_note_that_is_not_utf8_is_refused(data: bytes) -> None:
    with refused("not-utf8"):
        SignedNote.parse(data + b"\n\n" + LINE.encode())
    with refused("not-utf8"):
        SignedNote.parse(b"text\n\n" + LINE.encode() + data)


def test_what_c2sp_allows_in_a_text_is_read() -> None:
    for text in ("\ufeff", "\x7f\u0085", "\u202e\u2028", " ", "\u2014 a AAAAAAA=", "é e\u0301"):
        note = f"{text}\n\n{LINE}".encode()
        assert SignedNote.parse(note).encode() == note


def test_sixteen_of_the_largest_signatures_are_read() -> None:
    line = f"\u2014 {'x' * MAX_KEY_NAME} {b64_encode(bytes(4 + 8 + 4627))}\n"
    note = f"text\n\n{line * 16}".encode()
    assert MAX_SIGNATURES == 16
    assert len(SignedNote.parse(note).signatures) == 16


def test_a_note_may_be_as_large_as_the_limit() -> None:
    text = "x" * (MAX_NOTE - len(LINE.encode()) - 2)
    note = f"{text}\n\n{LINE}".encode()
    assert len(note) == MAX_NOTE == 131072
    assert SignedNote.parse(note).text == f"{text}\n"


def test_a_line_is_found_by_name_and_id_together() -> None:
    key = NoteKey(NAME, ED25519.public_key)
    lines = (
        NoteSignature(NAME, b"none", b"1"),
        NoteSignature("other.example", key.key_id, b"2"),
        NoteSignature(NAME, key.key_id, b"3"),
        NoteSignature(NAME.upper(), key.key_id, b"4"),
        NoteSignature(NAME, key.key_id, b"5"),
    )
    assert SignedNote("text\n", lines).signatures_by(key) == [b"3", b"5"]
    assert SignedNote("text\n", lines[:2]).signatures_by(key) == []


@pytest.mark.parametrize("line", ["\u2014 a \ud800", "\u2014 \ud800 AAAAAAA=", "\ud800"])
def test_half_of_a_pair_in_a_line_is_refused(line: str) -> None:
    assert isinstance(outcome(NoteSignature.parse, line), MalformedError)


@given(
    st.binary(max_size=80)
    | notes.map(SignedNote.encode).flatmap(
        lambda note: st.builds(
            lambda place, byte: note[:place] + byte + note[place + 1 :],
            st.integers(0, len(note)),
            st.binary(max_size=2),
        )
    )
)
def test_any_bytes_are_read_without_loss_or_refused(data: bytes) -> None:
    found = outcome(SignedNote.parse, data)
    if not isinstance(found, MalformedError):
        assert found.encode() == data
