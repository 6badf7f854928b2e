"""The Bitstring status credential: what others read, and no certificate."""

import base64
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signedcert.core.encoding import dump_json, parse_canonical_json
from signedcert.core.jws import MAX_COMPACT
from signedcert.documents.openbadges import (
    CERTIFICATE_TYPES,
    STATUS_LIST_SIZE,
    parse_credential,
)
from signedcert.documents.statuscredential import (
    STATUS_CREDENTIAL_TYPE,
    encode_bitstring,
    encode_status_credential,
)
from signedcert.trust.statuslist import REPLACED, REVOKED, SUSPENDED, StatusList
from signedcert.verify.verifier import Verifier
from tests.core.refusal import refused
from tests.reference import AT, ISSUED, ISSUER, World, credential

LAST = STATUS_LIST_SIZE - 1
LIST = StatusList.make(1, {0: REVOKED, 9: REPLACED, 10: SUSPENDED, LAST: REVOKED})
PAYLOAD = encode_status_credential(ISSUER, 1, ISSUED, LIST.indices({REVOKED, REPLACED}))


def bits(encoded: str) -> str:
    """Bitstring Status List 1.0, 3.4, with the standard library; leftmost bit first."""
    assert encoded[0] == "u"
    packed = gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4)))
    return f"{int.from_bytes(packed):0{len(packed) * 8}b}"


def test_revoked_and_replaced_are_set_and_suspended_is_not() -> None:
    text = bits(json.loads(PAYLOAD)["credentialSubject"]["encodedList"])
    assert len(text) == STATUS_LIST_SIZE
    assert [index for index, bit in enumerate(text) if bit == "1"] == [0, 9, LAST]


def test_every_member_in_its_place() -> None:
    value = json.loads(PAYLOAD)
    url = "https://learn.example.edu/.well-known/signedcert/status/1"
    encoded = value["credentialSubject"].pop("encodedList")
    assert list(value.items()) == list(
        {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": url,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": ISSUER,
            "validFrom": "2026-07-01T10:30:00Z",
            "credentialSubject": {
                "id": f"{url}#list",
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
            },
            "iss": ISSUER,
            "jti": url,
            "nbf": 1782901800,
            "sub": f"{url}#list",
        }.items()
    )
    assert encoded.isascii()
    assert parse_canonical_json(PAYLOAD, MAX_COMPACT)["id"] == url


def test_a_certificate_points_to_it() -> None:
    status = json.loads(credential().encode())["credentialStatus"]
    value = json.loads(PAYLOAD)
    assert status["statusListCredential"] == value["id"]
    assert status["statusPurpose"] == value["credentialSubject"]["statusPurpose"]
    assert int(status["statusListIndex"]) < STATUS_LIST_SIZE


@settings(deadline=None)
@given(st.sets(st.integers(0, LAST), max_size=50))
def test_any_bits_are_set_and_no_others(indices: set[int]) -> None:
    text = bits(encode_bitstring(indices))
    assert text.count("1") == len(indices)
    assert all(text[index] == "1" for index in indices)


@pytest.mark.parametrize("index", [-1, STATUS_LIST_SIZE, 2**40])
def test_indices_beyond_the_list_are_refused(index: int) -> None:
    with refused("wrong-value", "encodedList"):
        encode_bitstring([0, index])


def test_the_same_bits_are_the_same_bytes_at_any_time() -> None:
    assert encode_bitstring([1]) == encode_bitstring(iter([1]))
    header = base64.urlsafe_b64decode(encode_bitstring([1])[1:17])
    assert header[:8] == b"\x1f\x8b\x08\0\0\0\0\0"  # RFC 1952, 2.3: no flags, no time
    assert len(encode_bitstring([])) < 1000


def test_it_is_no_certificate() -> None:
    with refused("wrong-value", "@context"):
        parse_credential(PAYLOAD)
    head = {name: json.loads(credential().encode())[name] for name in ("@context", "type")}
    with refused("wrong-value", "id"):
        parse_credential(dump_json(json.loads(PAYLOAD) | head))


@pytest.mark.parametrize("typ", CERTIFICATE_TYPES)
def test_the_verifier_refuses_it_as_a_certificate(world: World, typ: str | None) -> None:
    assert STATUS_CREDENTIAL_TYPE in CERTIFICATE_TYPES
    report = Verifier(world.trust).report(world.sign(PAYLOAD, world.header(typ=typ)), at=AT)
    assert (report.verdict.exit_status, report.reason) == (1, "claims-inconsistent")


def test_nor_is_one_with_a_certificate_grafted_on(world: World) -> None:
    """The members of both, in either order, are not of the profile."""
    certificate, status = json.loads(credential().encode()), json.loads(PAYLOAD)
    for value in (certificate | status, status | certificate):
        document = world.sign(dump_json(value), world.header(typ=STATUS_CREDENTIAL_TYPE))
        report = Verifier(world.trust).report(document, at=AT)
        assert (report.verdict.exit_status, report.reason) == (1, "claims-inconsistent")
