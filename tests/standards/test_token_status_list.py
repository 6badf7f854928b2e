"""Token Status List: all the examples and test vectors of draft-ietf-oauth-status-list."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from signedcert.core.jws import CompactJWS, Header
from signedcert.core.shape import Members
from signedcert.trust.statuslist import (
    STATUS_LIST_TYPE,
    decompress,
    pack,
    parse_list,
    status_at,
    unpack,
)
from tests.core.refusal import refused
from tests.trust.test_snapshot import FILES, MANIFEST

#: 2^20 statuses of a whole byte: more than we read of our own.
LIMIT = 2**20
SIZE = 2**20

#: The examples of 4.1 as they are printed there: bits, statuses, bytes.
SMALL = {
    "status_list_encoding": (
        1,
        [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1],
        "b9a3",
    ),
    "status_list_encoding2": (2, [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3], "c944f9"),
}
#: The test vectors, each list twice: in JSON and in CBOR.
LARGE = {
    "1-bit": (1, "status_list_encoding1_long_json", "status_list_encoding1_long_cbor"),
    "2-bit": (2, "status_list_encoding2_long_json", "status_list_encoding2_long_cbor"),
    "4-bit": (4, "status_list_encoding4_json", "status_list_encoding4_cbor"),
    "8-bit": (8, "status_list_encoding8_json", "status_list_encoding8_cbor"),
}


@pytest.fixture
def examples(vectors: Path) -> Path:
    """The folder with the draft's examples."""
    return vectors / "token-status-list" / "examples"


def text(examples: Path, name: str) -> str:
    """An example, the line that says what was encoded left out, and line breaks."""
    whole = (examples / f"{name}.md").read_text()
    return re.sub(r"\s+", "", whole.rpartition("encoded:")[2])


def from_json(examples: Path, name: str) -> tuple[int, bytes]:
    """Bits and byte array of a ``status_list`` in JSON."""
    return parse_list(Members(json.loads(text(examples, name))), LIMIT)


def from_cbor(examples: Path, name: str) -> tuple[int, bytes]:
    """Likewise in CBOR (4.3), of which we read no more than this: the map of ``bits`` and ``lst``,
    the latter a byte string of a length in one or two bytes.
    """
    return _cbor_list(bytes.fromhex(text(examples, name)))


def _cbor_list(data: bytes) -> tuple[int, bytes]:
    head = re.fullmatch(
        rb"\xa2\x64bits([\1\2\4\x08])\x63lst(?:[\x40-\x57]|\x58.|\x59..)(\x78\xda.*)",
        data,
        re.DOTALL,
    )
    assert head is not None
    return head[1][0], decompress(head[2], LIMIT)


def vector(vectors: Path, name: str) -> dict[int, int]:
    """The statuses that a section of the appendix lists, by index."""
    appendix = (vectors / "token-status-list" / "appendix-test-vectors.md").read_text()
    section = appendix.split(f"## {name} Status List")[1].split("JSON encoding")[0]
    found = re.findall(r"status\[(\d+)\] *= *0b([01]+)", section)
    return {int(index): int(status, 2) for index, status in found}


@pytest.mark.parametrize("name", SMALL)
def test_the_examples_of_the_text_agree(examples: Path, name: str) -> None:
    bits, statuses, packed = SMALL[name]
    expected = bytes.fromhex(packed)
    assert from_json(examples, f"{name}_json") == (bits, expected)
    assert from_cbor(examples, f"{name}_cbor") == (bits, expected)
    assert pack(dict(enumerate(statuses)), bits, len(statuses)) == expected
    assert [status_at(expected, bits, index) for index in range(len(statuses))] == statuses


@pytest.mark.parametrize(("name", "count"), [("1-bit", 11), ("2-bit", 11), ("4-bit", 15)])
def test_the_vectors_are_whole(vectors: Path, name: str, count: int) -> None:
    assert len(vector(vectors, name)) == count


def test_the_vector_of_bytes_has_every_status_once(vectors: Path) -> None:
    assert sorted(vector(vectors, "8-bit").values()) == list(range(256))


@pytest.mark.parametrize("name", LARGE)
def test_the_test_vectors_agree(vectors: Path, examples: Path, name: str) -> None:
    bits, in_json, in_cbor = LARGE[name]
    statuses = vector(vectors, name)
    packed = pack(statuses, bits, SIZE)
    assert from_json(examples, in_json) == (bits, packed)
    assert from_cbor(examples, in_cbor) == (bits, packed)
    assert dict(unpack(packed, bits)) == {i: status for i, status in statuses.items() if status}
    assert all(status_at(packed, bits, index) == status for index, status in statuses.items())


def test_the_list_of_bytes_is_over_our_own_limit(examples: Path) -> None:
    value = json.loads(text(examples, "status_list_encoding8_json"))
    with refused("too-large", "lst"):
        parse_list(Members(value), 256 * 1024)


def test_the_token_has_the_header_that_we_write(examples: Path) -> None:
    jws = CompactJWS.parse(text(examples, "status_list_jwt_raw").encode())
    header = Header.parse(jws.header_segment)
    assert (header.alg, header.kid, header.typ) == ("ES256", "12", STATUS_LIST_TYPE)
    assert header.segment().encode() == jws.header_segment
    claims: dict[str, Any] = json.loads(jws.payload)
    assert parse_list(Members(claims["status_list"]), LIMIT) == (1, b"\xb9\xa3")
    shown, _, payload = text(examples, "status_list_jwt").partition("}.{")
    assert json.loads(shown + "}") == json.loads(header.encode())
    assert json.loads("{" + payload) == {k: v for k, v in claims.items() if k != "iss"}


def test_the_token_in_cbor_holds_the_same_list(examples: Path) -> None:
    token = bytes.fromhex(text(examples, "status_list_cwt"))
    start = token.index(b"\xa2\x64bits")
    assert _cbor_list(token[start : token.index(b"\x58\x40", start)]) == (1, b"\xb9\xa3")


def test_the_payload_that_we_write_has_the_claims_of_the_example(examples: Path) -> None:
    claims = json.loads("{" + text(examples, "status_list_jwt").partition("}.{")[2])
    ours = json.loads(FILES[STATUS_LIST_TYPE][0])
    assert ours.keys() == claims.keys()
    assert {type(value) for value in ours.values()} == {type(value) for value in claims.values()}


def test_every_example_is_looked_at(examples: Path) -> None:
    """Those that are left are the CBOR ones once more, with comments, and tokens that refer to a
    list, which ours do in another way.
    """
    read = {f"{name}_{form}" for name in SMALL for form in ("json", "cbor")}
    read |= {name for _, *names in LARGE.values() for name in names}
    read |= {"status_list_jwt", "status_list_jwt_raw", "status_list_cwt"}
    left = {path.stem for path in examples.iterdir()} - read
    assert all(name.endswith("_diag") or name.startswith("referenced_token_") for name in left)


def test_a_stranger_s_token_is_not_believed(examples: Path) -> None:
    token = text(examples, "status_list_jwt_raw").encode()
    with pytest.raises(Exception, match="kid '12' is not in manifest version 3"):
        FILES[STATUS_LIST_TYPE][1](token, MANIFEST)
