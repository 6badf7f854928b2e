"""The compact serialisation and General JSON, read strictly."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signedcert.core.encoding import b64url_encode, dump_json
from signedcert.core.jws import (
    MAX_COMPACT,
    MAX_GENERAL,
    MAX_SIGNATURES,
    CompactJWS,
    GeneralJWS,
    Header,
    Signature,
    serialize_compact,
    signing_input,
)
from signedcert.errors import Malformed, MalformedError
from tests.core.refusal import outcome, refused

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
headers = st.builds(Header, texts, st.none() | texts, st.none() | texts)


def segment(header: object) -> bytes:
    """A header of any content, in base64url."""
    return b64url_encode(dump_json(header)).encode()


# headers


@given(headers)
def test_a_header_survives_the_way_to_a_segment_and_back(header: Header) -> None:
    assert Header.parse(header.segment().encode()) == header


def test_a_header_is_written_in_one_order_without_white_space() -> None:
    header = Header("ES256", "https://example.edu/k", "JWT")
    assert header.encode() == b'{"alg":"ES256","kid":"https://example.edu/k","typ":"JWT"}'
    assert Header("Ed25519").encode() == b'{"alg":"Ed25519"}'


@pytest.mark.parametrize("name", ["crit", "b64", "jwk", "jku", "x5c", "x5u", "cty", "zip", "ALG"])
def test_any_other_header_parameter_is_refused(name: str) -> None:
    with refused("header-parameter", "there"):
        Header.parse(segment({"alg": "ES256", "kid": "k", name: "x"}), "there")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({}, "member-missing"),
        ({"kid": "k", "typ": "JWT"}, "member-missing"),
        ({"alg": 1}, "wrong-type"),
        ({"alg": None}, "wrong-type"),
        ({"alg": "ES256", "kid": None}, "wrong-type"),
        ({"alg": "ES256", "typ": ["JWT"]}, "wrong-type"),
        ([], "wrong-type"),
        ("ES256", "wrong-type"),
    ],
)
def test_a_header_of_another_shape_is_refused(header: object, reason: Malformed) -> None:
    with refused(reason):
        Header.parse(segment(header))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"alg": "ES256"}', "not-canonical"),
        (b'{"alg":"ES256"}\n', "not-canonical"),
        (b'{"\\u0061lg":"ES256"}', "not-canonical"),
        (b'{"alg":"ES256","alg":"ES256"}', "duplicate-member"),
        (b'{"alg":"ES256"', "not-json"),
        (b"", "not-json"),
        (b"\xff", "not-utf8"),
    ],
)
def test_a_header_in_another_spelling_is_refused(data: bytes, reason: Malformed) -> None:
    with refused(reason, "header"):
        Header.parse(b64url_encode(data).encode())


def test_a_header_segment_is_strict_base64url() -> None:
    with refused("base64-padding", "there"):
        Header.parse(b"e30=", "there")


def test_a_header_segment_has_at_most_1024_characters() -> None:
    room = 1024 * 3 // 4 - len(dump_json({"alg": ""}))
    assert Header.parse(segment({"alg": "x" * room})).alg == "x" * room
    with refused("too-large", "there"):
        Header.parse(segment({"alg": "x" * (room + 1)}), "there")
    with refused("too-large", "there"):
        Header.parse(b"A" * 1025, "there")


# compact


def test_the_limits_are_those_of_the_specification() -> None:
    assert (MAX_COMPACT, MAX_GENERAL, MAX_SIGNATURES) == (65_536, 1_048_576, 32)


@given(headers, st.binary(max_size=50), st.binary(max_size=50))
@example(Header(""), b"", b"")
def test_a_compact_jws_survives_the_way_to_text_and_back(
    header: Header, payload: bytes, signature: bytes
) -> None:
    signed = signing_input(header.segment(), payload)
    text = serialize_compact(signed, signature)
    parsed = CompactJWS.parse(text.encode())
    assert Header.parse(parsed.header_segment) == header
    assert (parsed.payload, parsed.signature, parsed.signing_input) == (payload, signature, signed)


def test_the_example_of_rfc7515_a_1_is_split_as_it_says() -> None:
    signed = (
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    text = f"{signed}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    parsed = CompactJWS.parse(text.encode())
    assert json.loads(parsed.payload)["exp"] == 1300819380
    assert parsed.signing_input == signed.encode()
    assert parsed.signature[:4] == bytes([116, 24, 223, 180])
    with refused("not-canonical"):  # its header has a line break
        Header.parse(parsed.header_segment)


@pytest.mark.parametrize("parts", [1, 2, 4, 5, 100])
def test_three_parts_and_no_other_number(parts: int) -> None:
    with pytest.raises(MalformedError, match=f"{parts} parts") as caught:
        CompactJWS.parse(b".".join([b"AAAA"] * parts))
    assert caught.value.reason == "not-three-parts"


@pytest.mark.parametrize(
    ("text", "reason", "where"),
    [
        (b"", "not-three-parts", ""),
        (b"e30.AA==.AAAA", "base64-padding", "payload"),
        (b"e30.AAAA.AA==", "base64-padding", "signature"),
        (b"e30.A+AA.AAAA", "base64-alphabet", "payload"),
        (b"e30.AAAA.A/AA", "base64-alphabet", "signature"),
        (b"e30.AA AA.AAAA", "base64-alphabet", "payload"),
        (b"e30.AAAA.AAAA\n", "base64-alphabet", "signature"),
        (b"e30.AAAAA.AAAA", "base64-length", "payload"),
        (b"e30.AAAA.AB", "base64-tail-bits", "signature"),
    ],
)
def test_a_compact_jws_is_refused(text: bytes, reason: Malformed, where: str) -> None:
    with refused(reason, where):
        CompactJWS.parse(text)


def test_a_compact_jws_has_at_most_64_kib() -> None:
    text = b"e30.." + b"A" * (MAX_COMPACT - 5 - (MAX_COMPACT - 5) % 4)
    assert CompactJWS.parse(text).payload == b""
    with refused("too-large"):
        CompactJWS.parse(text + b"A" * 8)
    with refused("too-large"):
        CompactJWS.parse(b"." * 11, 10)


@given(st.lists(st.sampled_from(b"Ae30_-.+= "), max_size=20).map(bytes) | st.binary(max_size=30))
def test_any_bytes_are_a_compact_jws_in_one_spelling_or_refused(text: bytes) -> None:
    parsed = outcome(CompactJWS.parse, text)
    if isinstance(parsed, MalformedError):
        assert parsed.reason == "not-three-parts" or parsed.where in {"payload", "signature"}
    else:
        payload = b64url_encode(parsed.payload).encode()
        assert parsed.signing_input == parsed.header_segment + b"." + payload
        assert parsed.signing_input + b"." + b64url_encode(parsed.signature).encode() == text


# General JSON


def general(payload: bytes, signers: list[Header], signature: bytes = b"sig") -> GeneralJWS:
    """A JWS with one signature for each header."""
    return GeneralJWS(
        payload,
        tuple(
            Signature(header, signing_input(header.segment(), payload), signature)
            for header in signers
        ),
    )


def document(**changes: object) -> dict[str, Any]:
    """The JSON of a good one, with changes."""
    jws = general(b"{}", [Header("ES256", "a", "t"), Header("Ed25519", "b", "t")])
    return {**json.loads(jws.encode()), **changes}


@given(
    st.binary(max_size=50),
    st.lists(
        st.builds(Header, texts, texts, st.none() | texts),
        min_size=1,
        max_size=5,
        unique_by=lambda header: header.kid,
    ),
    st.binary(max_size=20),
)
def test_a_general_jws_survives_the_way_to_bytes_and_back(
    payload: bytes, signers: list[Header], signature: bytes
) -> None:
    jws = general(payload, signers, signature)
    parsed = GeneralJWS.parse(jws.encode())
    assert parsed == jws
    assert parsed.encode() == jws.encode()


def test_a_general_jws_takes_one_spelling_of_a_header() -> None:
    protected = segment({"typ": "t", "kid": "k", "alg": "ES256"}).decode()
    data = dump_json(document(signatures=[{"protected": protected, "signature": "AAAA"}]))
    with pytest.raises(MalformedError) as caught:
        GeneralJWS.parse(data)
    assert caught.value.reason == "header-spelling"
    assert caught.value.where == "signatures[0].protected"


def entry(**changes: object) -> dict[str, object]:
    """A signature with changes; None takes a member away."""
    members = {"protected": Header("ES256", "k").segment(), "signature": "AAAA", **changes}
    return {name: value for name, value in members.items() if value is not None}


@pytest.mark.parametrize(
    ("value", "reason", "where"),
    [
        ([], "wrong-type", "there"),
        ({}, "member-missing", "there"),
        (document(payload=1), "wrong-type", "there.payload"),
        (document(payload="e30="), "base64-padding", "there.payload"),
        (document(payload="\u00e9"), "base64-alphabet", "there.payload"),
        (document(signatures={}), "wrong-type", "there.signatures"),
        (document(signatures=[1]), "wrong-type", "there.signatures[0]"),
        (document(header={}), "member-unknown", "there"),
        (document(protected="e30", signature="AAAA"), "member-unknown", "there"),
        (document(signatures=[]), "signature-count", "there"),
        (document(signatures=[entry(), entry()]), "signature-count", "there"),
        (
            document(signatures=[entry(protected=Header("ES256").segment())]),
            "signature-count",
            "there",
        ),
        (document(signatures=[entry()] * 33), "too-large", "there.signatures"),
        (
            document(signatures=[entry(header={"kid": "k"})]),
            "member-unknown",
            "there.signatures[0]",
        ),
        (
            document(signatures=[entry(signature=None)]),
            "member-missing",
            "there.signatures[0]",
        ),
        (
            document(signatures=[entry(protected=None)]),
            "member-missing",
            "there.signatures[0]",
        ),
        (document(signatures=[{}]), "member-missing", "there.signatures[0]"),
        (
            document(signatures=[entry(), entry(protected=None, signature=None)]),
            "member-missing",
            "there.signatures[1]",
        ),
        (
            document(signatures=[dict(reversed(entry().items()))]),
            "member-order",
            "there.signatures[0]",
        ),
        (
            document(signatures=[entry(protected=["e30"])]),
            "wrong-type",
            "there.signatures[0].protected",
        ),
        (
            document(signatures=[entry(protected="\u00e9")]),
            "base64-alphabet",
            "there.signatures[0].protected",
        ),
        (
            document(signatures=[entry(protected="e30")]),
            "member-missing",
            "there.signatures[0].protected",
        ),
        (
            document(signatures=[entry(signature="AAAA\u2028")]),
            "base64-alphabet",
            "there.signatures[0].signature",
        ),
        (
            document(signatures=[entry(signature="AB")]),
            "base64-tail-bits",
            "there.signatures[0].signature",
        ),
        (dict(reversed(document().items())), "member-order", "there"),
    ],
)
def test_a_general_jws_is_refused(value: object, reason: Malformed, where: str) -> None:
    with refused(reason, where):
        GeneralJWS.parse(dump_json(value), "there")


def test_a_general_jws_has_up_to_32_signatures() -> None:
    signers = [Header("ES256", str(number)) for number in range(MAX_SIGNATURES)]
    assert len(GeneralJWS.parse(general(b"", signers).encode()).signatures) == 32


def test_white_space_in_a_general_jws_is_refused() -> None:
    with refused("not-canonical", "there"):
        GeneralJWS.parse(json.dumps(document()).encode(), "there")


def test_a_general_jws_has_at_most_a_mebibyte() -> None:
    with refused("too-large"):
        GeneralJWS.parse(b" " * (MAX_GENERAL + 1))


@given(st.data())
def test_a_changed_general_jws_is_refused_or_its_own_spelling(data: st.DataObject) -> None:
    changed = bytearray(dump_json(document()))
    position = data.draw(st.integers(0, len(changed)))
    changed[position : position + data.draw(st.integers(0, 3))] = data.draw(
        st.binary(max_size=3) | st.sampled_from([b"A", b"B", b"_", b'"', b","])
    )
    parsed = outcome(GeneralJWS.parse, bytes(changed))
    assert isinstance(parsed, MalformedError) or parsed.encode() == bytes(changed)
