"""Log proofs: index, path and checkpoint, one spelling, and no checkpoint is parsed unasked."""

import copy
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signedcert.core.checkpoint import Checkpoint
from signedcert.core.encoding import MAX_INTEGER, b64_encode
from signedcert.core.logproof import MAX_PATH, MAX_PROOF, LogProof
from signedcert.core.note import MAX_NOTE, SignedNote
from signedcert.errors import Malformed, MalformedError
from tests.core.refusal import outcome, refused
from tests.core.test_checkpoint import CHECKPOINT, KEYS, ORIGIN, SIGNED

FIRST = b"c2sp.org/tlog-proof@v1\n"
HASH = b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
SIGNED_BYTES = SIGNED.encode()

hashes = st.binary(min_size=32, max_size=32)
proofs = st.builds(
    LogProof,
    st.integers(0, MAX_INTEGER),
    st.lists(hashes, max_size=MAX_PATH).map(tuple),
    st.binary(min_size=1, max_size=100),
)


def encoded(data: bytes) -> bytes:
    """A line of a path, of whatever length."""
    return b64_encode(data).encode() + b"\n"


def proof(
    first: bytes = FIRST,
    index: bytes = b"index 7\n",
    path: bytes = HASH * 3,
    empty: bytes = b"\n",
    checkpoint: bytes = SIGNED_BYTES,
) -> bytes:
    """A proof with one part changed."""
    return first + index + path + empty + checkpoint


# reading and writing


@given(proofs)
@example(LogProof(0, (), b"\n"))
@example(LogProof(MAX_INTEGER, (b"\xff" * 32,) * MAX_PATH, b"\n\n"))
def test_a_proof_is_written_and_read_back(written: LogProof) -> None:
    assert LogProof.parse(written.encode()) == written


def test_a_proof_is_written_as_c2sp_says() -> None:
    """The example of C2SP without its extra data, which ours do not have, and with a checkpoint
    that is printed in full.
    """
    text = (
        "c2sp.org/tlog-proof@v1\n"
        "index 73894\n"
        "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"
        "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"
        "EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\n"
        "RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n"
        "AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n"
        "\n"
        "example.com/fancylog\n"
        "109482\n"
        "sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n"
        "\n"
        "\u2014 example.com/fancylog AAAAAAA=\n"
    ).encode()
    parsed = LogProof.parse(text)
    assert parsed.index == 73894
    assert [one.hex()[:8] for one in parsed.path] == [
        "8122b25e",
        "07de650d",
        "10a373a0",
        "468a2912",
        "0070a2a1",
    ]
    checkpoint = parsed.signed_checkpoint().unverified
    assert (checkpoint.origin, checkpoint.size) == ("example.com/fancylog", 109482)
    assert parsed.encode() == text


def test_the_checkpoint_is_parsed_when_it_is_asked_for() -> None:
    parsed = LogProof.parse(proof())
    assert parsed.checkpoint == SIGNED_BYTES
    assert parsed.signed_checkpoint() == SIGNED
    assert parsed.signed_checkpoint().verify(ORIGIN, KEYS) == CHECKPOINT


@pytest.mark.parametrize(
    ("checkpoint", "reason"),
    [
        (b"no checkpoint", "note-shape"),
        (b"\xff", "not-utf8"),
        (SIGNED_BYTES + b"\n", "note-shape"),
        (b"\n" + SIGNED_BYTES, "checkpoint-extension"),
        (SignedNote("a\n", SIGNED.note.signatures).encode(), "checkpoint-shape"),
        (SIGNED_BYTES + b"x" * (MAX_NOTE + 1 - len(SIGNED_BYTES)), "too-large"),
    ],
)
def test_a_bad_checkpoint_shows_when_it_is_asked_for(checkpoint: bytes, reason: Malformed) -> None:
    parsed = LogProof.parse(proof(checkpoint=checkpoint))
    assert parsed.encode() == proof(checkpoint=checkpoint)
    with refused(reason):
        parsed.signed_checkpoint()


def test_the_largest_proof_holds_the_largest_checkpoint() -> None:
    assert MAX_PATH == 53
    largest = LogProof(MAX_INTEGER, (bytes(32),) * MAX_PATH, b"x" * MAX_NOTE)
    assert len(largest.encode()) < MAX_PROOF
    assert LogProof.parse(largest.encode()) == largest


def test_a_tree_of_53_bits_has_no_longer_path() -> None:
    """RFC 9162, 2.1.3: a path is no longer than the base 2 logarithm of the size, rounded up."""
    assert 2 ** (MAX_PATH - 1) < MAX_INTEGER <= 2**MAX_PATH
    assert Checkpoint(ORIGIN, MAX_INTEGER, bytes(32)).size == MAX_INTEGER


PROOFS: list[tuple[str, bytes, Malformed, str]] = [
    ("nothing", b"", "proof-shape", ""),
    ("a checkpoint", SIGNED_BYTES, "proof-shape", ""),
    ("no first line", proof(first=b""), "proof-shape", ""),
    ("another version", proof(first=FIRST.replace(b"v1", b"v2")), "proof-shape", ""),
    ("a first line in capitals", proof(first=FIRST.upper()), "proof-shape", ""),
    ("a space behind the first line", proof(first=FIRST.replace(b"\n", b" \n")), "proof-shape", ""),
    ("a space in front", b" " + proof(), "proof-shape", ""),
    ("a byte-order mark", b"\xef\xbb\xbf" + proof(), "proof-shape", ""),
    ("carriage returns", proof().replace(b"\n", b"\r\n"), "proof-shape", ""),
    ("a first line alone", FIRST, "proof-shape", ""),
    ("an empty line behind the first", proof(first=FIRST + b"\n"), "proof-shape", ""),
    ("no empty line", proof(path=b"", empty=b"", checkpoint=b"x"), "proof-shape", ""),
    ("no checkpoint", proof(checkpoint=b""), "proof-shape", "checkpoint"),
    ("extra data", proof(index=b"extra AAAA\nindex 7\n"), "proof-extra", "line 2"),
    ("no extra data in its line", proof(index=b"extra \nindex 7\n"), "proof-extra", "line 2"),
    ("extra data behind", proof(index=b"index 7\nextra AAAA\n"), "base64-alphabet", "path"),
    ("no index", proof(index=b""), "proof-shape", "line 2"),
    ("an index in capitals", proof(index=b"INDEX 7\n"), "proof-shape", "line 2"),
    ("an index without a space", proof(index=b"index7\n"), "proof-shape", "line 2"),
    ("a tab in front of the index", proof(index=b"index\t7\n"), "proof-shape", "line 2"),
    ("an empty index", proof(index=b"index \n"), "not-an-integer", "index"),
    ("two spaces", proof(index=b"index  7\n"), "not-an-integer", "index"),
    ("a space behind the index", proof(index=b"index 7 \n"), "not-an-integer", "index"),
    ("a leading zero", proof(index=b"index 07\n"), "not-an-integer", "index"),
    ("two zeros", proof(index=b"index 00\n"), "not-an-integer", "index"),
    ("a plus sign", proof(index=b"index +7\n"), "not-an-integer", "index"),
    ("a negative index", proof(index=b"index -1\n"), "not-an-integer", "index"),
    ("an underscore", proof(index=b"index 1_0\n"), "not-an-integer", "index"),
    ("digits beyond ASCII", proof(index="index \u0667\n".encode()), "not-an-integer", "index"),
    ("an index of 54 bits", proof(index=b"index %d\n" % 2**53), "not-an-integer", "index"),
    ("an index of 64 bits", proof(index=b"index %d\n" % (2**64 - 1)), "not-an-integer", "index"),
    ("very many digits", proof(index=b"index %s\n" % (b"1" * 5000)), "not-an-integer", "index"),
    ("two indices", proof(index=b"index 7\nindex 7\n"), "base64-alphabet", "path"),
    ("a hash of 31 bytes", proof(path=encoded(bytes(31))), "proof-shape", "path"),
    ("a hash of 33 bytes", proof(path=encoded(bytes(33))), "proof-shape", "path"),
    ("stray bits", proof(path=HASH[:-3] + b"9=\n"), "base64-tail-bits", "path"),
    ("stray bits later", proof(path=HASH + HASH[:-3] + b"9=\n"), "base64-tail-bits", "path"),
    ("no padding", proof(path=HASH[:-2] + b"\n"), "base64-padding", "path"),
    ("base64url", proof(path=HASH.replace(b"A", b"_", 1)), "base64-alphabet", "path"),
    ("hexadecimal digits", proof(path=bytes(32).hex().encode() + b"\n"), "proof-shape", "path"),
    ("a space behind a hash", proof(path=HASH[:-1] + b" \n"), "base64-alphabet", "path"),
    ("54 hashes", proof(path=HASH * 54), "too-large", "path"),
    ("very many hashes", proof(path=HASH * 2000), "too-large", "path"),
    ("very many empty lines", FIRST + b"\n" * 100_000, "proof-shape", ""),
    ("a byte too much", proof(checkpoint=b"x" * MAX_PROOF)[: MAX_PROOF + 1], "too-large", ""),
]


@pytest.mark.parametrize(
    ("data", "reason", "where"), [case[1:] for case in PROOFS], ids=[case[0] for case in PROOFS]
)
def test_a_proof_is_refused(data: bytes, reason: Malformed, where: str) -> None:
    with refused(reason, where):
        LogProof.parse(data)


def test_the_first_empty_line_ends_the_path() -> None:
    parsed = LogProof.parse(proof(path=HASH + b"\n" + HASH))
    assert (len(parsed.path), parsed.checkpoint) == (1, HASH + b"\n" + SIGNED_BYTES)
    with refused("checkpoint-extension"):
        parsed.signed_checkpoint()


@pytest.mark.parametrize(
    ("index", "path", "checkpoint", "reason"),
    [
        (-1, (), b"x", "not-an-integer"),
        (2**53, (), b"x", "not-an-integer"),
        (0, (bytes(32),) * 54, b"x", "too-large"),
        (0, (bytes(32), bytes(31)), b"x", "proof-shape"),
        (0, (b"",), b"x", "proof-shape"),
        (0, (), b"", "proof-shape"),
    ],
)
def test_no_proof_is_made_that_would_not_be_read(
    index: int, path: tuple[bytes, ...], checkpoint: bytes, reason: Malformed
) -> None:
    with refused(reason):
        LogProof(index, path, checkpoint)


def test_a_proof_travels_between_processes() -> None:
    parsed = LogProof.parse(proof())
    assert pickle.loads(pickle.dumps(parsed)) == parsed  # noqa: S301 - our own
    assert copy.copy(parsed) == parsed


# whatever else comes


def test_every_change_of_a_byte_makes_another_proof_or_none() -> None:
    data = proof()
    good = LogProof.parse(data)
    for position in range(len(data) - len(SIGNED_BYTES) + 20):
        for other in {data[position] ^ 1, *b"A0\n =\x80"} - {data[position]}:
            changed = data[:position] + bytes([other]) + data[position + 1 :]
            found = outcome(LogProof.parse, changed)
            if not isinstance(found, MalformedError):
                assert found != good
                assert found.encode() == changed


@given(st.binary(max_size=60) | st.lists(st.binary(max_size=45)).map(b"\n".join).map(FIRST.__add__))
@example(FIRST + b"index 0\n\n")
def test_any_bytes_are_read_without_loss_or_refused(data: bytes) -> None:
    found = outcome(LogProof.parse, data)
    if isinstance(found, MalformedError):
        assert found.message
    else:
        assert found.encode() == data
