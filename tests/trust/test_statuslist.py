"""Status lists: packing, zlib within bounds, and the token around them."""

import gzip
import json
import random
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signedcert.core.encoding import b64url_decode, b64url_encode, dump_json
from signedcert.core.shape import Members
from signedcert.documents.openbadges import STATUS_LIST_SIZE
from signedcert.errors import MalformedError, Reason
from signedcert.trust.snapshot import MAX_LISTS
from signedcert.trust.statuslist import (
    LIST_BYTES,
    MAX_STATUS_LIST,
    REPLACED,
    REVOKED,
    STATUS_LIST_TYPE,
    SUSPENDED,
    VALID,
    StatusList,
    StatusListToken,
    decompress,
    pack,
    parse_list,
    parse_status_list,
    status_at,
    unpack,
)
from tests.core.refusal import refused
from tests.reference import ISSUED
from tests.trust.house import ISS
from tests.trust.test_snapshot import MANIFEST, TOKEN, sign

NOT_ZLIB: Reason = "not-zlib"


def read(change: dict[str, Any] | None = None, **members: object) -> StatusListToken:
    """The token with members of its own, and of its ``status_list``, changed."""
    value = json.loads(TOKEN.encode())
    value["status_list"] |= members
    return StatusListToken.parse(
        sign(dump_json(value | (change or {})), STATUS_LIST_TYPE), MANIFEST
    )


def lst(packed: bytes) -> str:
    """An array of bytes as it stands in ``lst``."""
    return b64url_encode(zlib.compress(packed, 9))


def test_a_token_survives_the_way_to_the_wire_and_back() -> None:
    token = sign(TOKEN.encode(), STATUS_LIST_TYPE)
    assert StatusListToken.parse(token, MANIFEST) == TOKEN
    assert parse_status_list(token, MANIFEST) == TOKEN.status_list
    value = json.loads(TOKEN.encode())
    assert list(value) == ["sub", "iat", "exp", "ttl", "status_list"]
    assert list(value["status_list"]) == ["bits", "lst"]
    assert value["sub"] == "https://learn.example.edu/.well-known/signedcert/status/1.jwt"
    assert (value["iat"], value["exp"], value["ttl"]) == (1782901800, 1783506600, 86400)


def test_each_document_has_its_status() -> None:
    last = STATUS_LIST_SIZE - 1
    made = StatusList.make(1, {0: REVOKED, 1: SUSPENDED, 2: REPLACED, 77123: REVOKED, last: 3})
    assert [made.status(index) for index in (0, 1, 2, 3, 77122, 77123, last - 1, last)] == [
        REVOKED, SUSPENDED, REPLACED, VALID, VALID, REVOKED, VALID, REPLACED,
    ]  # fmt: skip
    assert made.statuses[0] == 0b00_11_10_01
    assert list(made.indices({REVOKED})) == [0, 77123]
    assert list(made.indices({REPLACED, SUSPENDED})) == [1, 2, last]
    for index in (-1, STATUS_LIST_SIZE):
        with refused("wrong-value"):
            made.status(index)


@pytest.mark.parametrize(("index", "status"), [(-1, 1), (STATUS_LIST_SIZE, 1), (0, 4), (0, -1)])
def test_what_does_not_fit_is_not_packed(index: int, status: int) -> None:
    with refused("wrong-value"):
        StatusList.make(1, {index: status})


@settings(deadline=None)
@given(st.sampled_from([1, 2, 4, 8]), st.data())
def test_packing_is_that_of_a_textbook(bits: int, data: st.DataObject) -> None:
    """4.1: blocks of bits, from the least significant bit of the first byte on."""
    size = 8 * data.draw(st.integers(1, 40))
    statuses = data.draw(
        st.dictionaries(st.integers(0, size - 1), st.integers(0, 2**bits - 1), max_size=30)
    )
    number = sum(status << index * bits for index, status in statuses.items())
    packed = pack(statuses, bits, size)
    assert packed == number.to_bytes(size * bits // 8, "little")
    assert [status_at(packed, bits, index) for index in range(size)] == [
        statuses.get(index, 0) for index in range(size)
    ]
    assert dict(unpack(packed, bits)) == {i: status for i, status in statuses.items() if status}
    with refused("wrong-value"):
        status_at(packed, bits, size)


@pytest.mark.parametrize(("bits", "size"), [(0, 8), (3, 8), (16, 8), (-1, 8), (1, 7), (2, 3)])
def test_other_sizes_are_refused(bits: int, size: int) -> None:
    with refused("wrong-value"):
        pack({}, bits, size)


# zlib


@given(st.binary(max_size=600))
def test_any_bytes_are_decompressed(data: bytes) -> None:
    assert decompress(zlib.compress(data, 9), len(data)) == data


def test_any_stream_of_the_list_will_do() -> None:
    stored = TOKEN.encode(lambda packed: zlib.compress(packed, 0))
    assert len(stored) > len(TOKEN.encode())
    assert StatusListToken.parse(sign(stored, STATUS_LIST_TYPE), MANIFEST) == TOKEN


def test_a_list_full_of_everything_is_read() -> None:
    noise = random.Random(5).randbytes(LIST_BYTES)  # noqa: S311 - not secret
    token = TOKEN._replace(status_list=StatusList(1, noise))
    signed = sign(token.encode(), STATUS_LIST_TYPE)
    assert len(signed) < MAX_STATUS_LIST
    assert StatusListToken.parse(signed, MANIFEST) == token


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zlib.compress(bytes(64 * 1024 * 1024), 1)
    begun = time.thread_time()
    with refused("too-large"):
        decompress(bomb, LIST_BYTES)
    assert time.thread_time() - begun < 0.05
    with refused("too-large", "status list.status_list.lst"):
        read(lst=b64url_encode(zlib.compress(bytes(LIST_BYTES + 1))))
    assert decompress(zlib.compress(bytes(LIST_BYTES)), LIST_BYTES) == bytes(LIST_BYTES)


GOOD = zlib.compress(b"\xc9\x44\xf9", 9)
STREAMS: dict[str, bytes] = {
    "nothing": b"",
    "without the checksum": GOOD[:-4],
    "without its last byte": GOOD[:-1],
    "another checksum": GOOD[:-1] + bytes([GOOD[-1] ^ 1]),
    "a byte behind": GOOD + b"\0",
    "twice": GOOD * 2,
    "gzip": gzip.compress(b"\xc9\x44\xf9", 9),
    "raw deflate": GOOD[2:-4],
    "another method": b"\x79" + GOOD[1:],
    "noise": b"\x78\xda" + b"\xff" * 20,
}


@pytest.mark.parametrize("name", STREAMS)
def test_one_whole_stream_is_read_and_nothing_else(name: str) -> None:
    assert decompress(GOOD, 3) == b"\xc9\x44\xf9"
    with refused(NOT_ZLIB):
        decompress(STREAMS[name], 3)


def test_a_preset_dictionary_is_refused() -> None:
    compressor = zlib.compressobj(zdict=b"\xc9\x44\xf9")
    with refused(NOT_ZLIB):
        decompress(compressor.compress(b"\xc9\x44\xf9") + compressor.flush(), 3)


@settings(deadline=None)
@given(st.binary(max_size=100), st.integers(0, 200))
def test_any_stream_is_read_within_the_limit_or_refused(data: bytes, limit: int) -> None:
    for stream in (data, zlib.compress(data)):
        with suppress(MalformedError):
            assert len(decompress(stream, limit)) <= limit


# The token

EMPTY = lst(bytes(LIST_BYTES))
_SUB = json.loads(TOKEN.encode())["sub"]
REFUSED: dict[str, tuple[dict[str, Any], Reason, str]] = {
    "sub of another institution": (
        {"sub": _SUB.replace("learn", "other")},
        "not-under-issuer",
        "status list.sub",
    ),
    "sub without a number": ({"sub": _SUB[:-5]}, "not-under-issuer", "status list.sub"),
    "sub without its end": ({"sub": _SUB[:-4]}, "not-under-issuer", "status list.sub"),
    "sub twice ended": ({"sub": _SUB + ".jwt"}, "not-under-issuer", "status list.sub"),
    "list 0": ({"sub": _SUB.replace("1.", "0.")}, "not-under-issuer", "status list.sub"),
    "list 01": ({"sub": _SUB.replace("1.", "01.")}, "not-under-issuer", "status list.sub"),
    "list +1": ({"sub": _SUB.replace("1.", "+1.")}, "not-under-issuer", "status list.sub"),
    "list in other digits": (
        {"sub": _SUB.replace("1.", "\u0661.")},
        "not-under-issuer",
        "status list.sub",
    ),
    "list 1025": (
        {"sub": _SUB.replace("1.", f"{MAX_LISTS + 1}.")},
        "wrong-value",
        "status list.sub",
    ),
    "list 10000": ({"sub": _SUB.replace("1.", "10000.")}, "not-under-issuer", "status list.sub"),
    "only the number": ({"sub": "1"}, "not-under-issuer", "status list.sub"),
    "sub upper case": ({"sub": _SUB.upper()}, "not-under-issuer", "status list.sub"),
    "sub a number": ({"sub": 1}, "wrong-type", "status list.sub"),
    "iat a text": ({"iat": "1782901800"}, "wrong-type", "status list.iat"),
    "iat true": ({"iat": True}, "wrong-type", "status list.iat"),
    "iat negative": ({"iat": -1}, "wrong-value", "status list.iat"),
    "exp beyond the calendar": ({"exp": 253402300800}, "wrong-value", "status list.exp"),
    "exp null": ({"exp": None}, "wrong-type", "status list.exp"),
    "exp at iat": ({"exp": 1782901800}, "wrong-value", "status list.exp"),
    "ttl 0": ({"ttl": 0}, "wrong-value", "status list.ttl"),
    "ttl null": ({"ttl": None}, "wrong-type", "status list.ttl"),
    "iss": ({"iss": ISS}, "member-unknown", "status list"),
    "aggregation": ({"aggregation_uri": ISS}, "member-unknown", "status list"),
    "keys": ({"keys": []}, "member-unknown", "status list"),
    "an array": ({"status_list": []}, "wrong-type", "status list.status_list"),
    "no list": ({"status_list": {}}, "member-missing", "status list.status_list"),
}
_INNER = "status list.status_list"
INNER: dict[str, tuple[dict[str, Any], Reason, str]] = {
    "bits 1": ({"bits": 1}, "wrong-value", _INNER),
    "bits 4": ({"bits": 4}, "wrong-value", _INNER),
    "bits 3": ({"bits": 3}, "wrong-value", f"{_INNER}.bits"),
    "bits 0": ({"bits": 0}, "wrong-value", f"{_INNER}.bits"),
    "bits a text": ({"bits": "2"}, "wrong-type", f"{_INNER}.bits"),
    "bits true": ({"bits": True}, "wrong-type", f"{_INNER}.bits"),
    "half a list": ({"lst": lst(bytes(LIST_BYTES // 2))}, "wrong-value", _INNER),
    "a byte too few": ({"lst": lst(bytes(LIST_BYTES - 1))}, "wrong-value", _INNER),
    "no statuses": ({"lst": lst(b"")}, "wrong-value", _INNER),
    "padding": ({"lst": EMPTY + "="}, "base64-padding", f"{_INNER}.lst"),
    "a plus sign": ({"lst": "+" + EMPTY[1:]}, "base64-alphabet", f"{_INNER}.lst"),
    "a letter not ASCII": ({"lst": "é" + EMPTY}, "base64-alphabet", f"{_INNER}.lst"),
    "a line break": ({"lst": EMPTY + "\n"}, "base64-alphabet", f"{_INNER}.lst"),
    "an array": ({"lst": [0]}, "wrong-type", f"{_INNER}.lst"),
    "gzip": ({"lst": b64url_encode(b"\x1f\x8b" + bytes(9))}, NOT_ZLIB, f"{_INNER}.lst"),
    "aggregation": ({"aggregation_uri": ISS}, "member-unknown", _INNER),
}


@pytest.mark.parametrize("name", REFUSED)
def test_each_claim_is_checked(name: str) -> None:
    change, reason, where = REFUSED[name]
    with refused(reason, where):
        read(change)


@pytest.mark.parametrize("name", INNER)
def test_each_member_of_the_list_is_checked(name: str) -> None:
    members, reason, where = INNER[name]
    with refused(reason, where):
        read(**members)


def test_stray_bits_in_the_list_are_refused() -> None:
    text = b64url_encode(b64url_decode(EMPTY.encode()))
    while len(text) % 4 == 0:
        text = b64url_encode(zlib.compress(bytes(LIST_BYTES), len(text) % 9))
    with refused("base64-tail-bits", f"{_INNER}.lst"):
        read(lst=text[:-1] + chr(ord(text[-1]) + 1))


def test_another_order_in_the_list_is_refused() -> None:
    value = json.loads(TOKEN.encode())
    value["status_list"] = dict(reversed(value["status_list"].items()))
    with refused("member-order", "status list"):
        StatusListToken.parse(sign(dump_json(value), STATUS_LIST_TYPE), MANIFEST)


@pytest.mark.parametrize("level", range(10))
def test_however_zlib_has_written_it(level: int) -> None:
    """What others' zlib makes of a list is the same list."""
    stream = zlib.compress(TOKEN.status_list.statuses, level)
    if len(stream) < 300_000:
        assert read(lst=b64url_encode(stream)).status_list == TOKEN.status_list


UNWRITTEN: dict[str, Callable[[StatusListToken], StatusListToken]] = {
    "a short list": lambda one: one._replace(status_list=StatusList(1, b"")),
    "list 0": lambda one: one._replace(status_list=one.status_list._replace(number=0)),
    "list 1025": lambda one: one._replace(status_list=one.status_list._replace(number=1025)),
    "expired": lambda one: one._replace(expires=ISSUED),
    "ttl 0": lambda one: one._replace(ttl=0),
}


@pytest.mark.parametrize("name", UNWRITTEN)
def test_nothing_is_written_that_would_be_refused(name: str) -> None:
    with refused("wrong-value", "status list"):
        UNWRITTEN[name](TOKEN).encode()


def test_the_list_alone_is_any_of_the_standard() -> None:
    assert parse_list(Members({"bits": 4, "lst": lst(b"\x21")}), 1) == (4, b"\x21")
    with refused("too-large", "lst"):
        parse_list(Members({"bits": 8, "lst": lst(bytes(5))}), 4)
