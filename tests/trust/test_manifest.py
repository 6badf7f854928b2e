"""The key manifest on the wire: one spelling, and a refusal for everything else."""

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signedcert.core.encoding import b64url_encode, dump_json, format_time
from signedcert.core.jws import GeneralJWS
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.errors import MalformedError, SignedCertError
from signedcert.trust.entries import FinalState, StatusPolicy, key_url
from signedcert.trust.logs import CutOff, log_origin
from signedcert.trust.manifest import MANIFEST_TYPE, KeyManifest, SignedManifest
from tests.reference import ISSUED, ISSUER, World
from tests.trust.house import DIGEST, ISS, key, manifest, signature, signed

#: A manifest with everything that a manifest can have.
FULL = manifest(
    3,
    {
        "root": "2:ABC&1:P",
        "next": "2:DEF&1:Q",
        "keys": "k:retired@7,m:active,n:compromised,s:active/snapshot,l:pre-published/log",
        "logs": "L:active#3,M:retired#1",
        "final": "yes",
    },
)
FULL = replace(
    FULL,
    status=StatusPolicy(86400),
    keys=(
        *FULL.keys[:2],
        replace(FULL.keys[2], cutoffs=(CutOff(log_origin(ISS), 5, DIGEST),)),
        *FULL.keys[3:],
    ),
    final=FinalState((DIGEST, DIGEST), DIGEST, DIGEST),
)

CUTOFF = FULL.keys[2].cutoffs[0].to_json()
LOW_ORDER = b64url_encode(b"\x01" + bytes(31))


def test_full_manifest_survives_the_way_to_the_wire_and_back() -> None:
    payload = FULL.encode()
    assert KeyManifest.parse(payload) == FULL
    assert KeyManifest.parse(payload).encode() == payload


def test_small_manifest_survives_too(world: World) -> None:
    assert KeyManifest.parse(world.manifest.encode()) == world.manifest
    assert SignedManifest.parse(world.signed.jws.encode()) == world.signed


def test_members_are_written_in_the_order_of_the_format() -> None:
    assert list(json.loads(FULL.encode())) == [
        "iss", "name", "version", "issued", "expires", "root", "next", "keys", "logs", "status",
        "final",
    ]  # fmt: skip


def test_digest_and_pin_are_over_the_payload() -> None:
    assert FULL.pin == f"3:{FULL.digest}"
    assert FULL.digest != replace(FULL, name="Another").digest
    assert len(FULL.digest) == 64


def test_nothing_of_a_manifest_can_be_assigned() -> None:
    with pytest.raises(FrozenInstanceError):
        FULL.version = 4  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        FULL.keys[0].state = "active"  # type: ignore[misc]


def test_times_are_written_in_utc() -> None:
    moment = datetime(2026, 7, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    assert format_time(moment) == "2026-07-01T10:30:00Z"
    assert format_time(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"


def test_post_quantum_needs_a_group_of_such_keys_alone() -> None:
    quantum = PrivateKey.generate("ML-DSA-65").public_key
    root = FULL.root
    assert not FULL.post_quantum
    mixed = root[1]._replace(keys=(*root[1].keys, quantum))
    assert not replace(FULL, root=(root[0], mixed)).post_quantum
    assert replace(FULL, root=(root[0], root[1]._replace(keys=(quantum,)))).post_quantum


def test_the_reference_institution_has_a_post_quantum_root(world: World) -> None:
    assert world.manifest.post_quantum


Edit = Callable[[dict[str, Any]], object]


def _set(*path: str | int, to: object) -> Edit:
    def edit(members: Any) -> None:  # noqa: ANN401 - JSON is any
        *before, last = path
        for step in before:
            members = members[step]
        members[last] = to

    return edit


def _delete(*path: str | int) -> Edit:
    def edit(members: Any) -> None:  # noqa: ANN401 - JSON is any
        *before, last = path
        for step in before:
            members = members[step]
        del members[last]

    return edit


def _move_last(*path: str | int) -> Edit:
    def edit(members: Any) -> None:  # noqa: ANN401 - JSON is any
        *before, last = path
        for step in before:
            members = members[step]
        members[last] = members.pop(last)

    return edit


def _reverse(*path: str | int) -> Edit:
    def edit(members: Any) -> None:  # noqa: ANN401 - JSON is any
        for step in path:
            members = members[step]
        members.reverse()

    return edit


def _duplicate(*path: str | int, into: tuple[str | int, ...]) -> Edit:
    def edit(members: Any) -> None:  # noqa: ANN401 - JSON is any
        value = members
        for step in path:
            value = value[step]
        target = members
        for step in into:
            target = target[step]
        target.append(value)

    return edit


JWK = key("k").public_key.to_jwk()
ROOT_KEYS = ("root", "groups", 0, "keys")

REFUSALS: dict[str, tuple[Edit, str]] = {
    "issuer with http": (_set("iss", to="http://learn.example.edu"), "wrong-value"),
    "issuer with a path": (_set("iss", to="https://learn.example.edu/"), "wrong-value"),
    "issuer in upper case": (_set("iss", to="https://Learn.example.edu"), "wrong-value"),
    "issuer a number": (_set("iss", to=1), "wrong-type"),
    "name blank": (_set("name", to=" "), "text-blank"),
    "name too long": (_set("name", to="x" * 257), "text-too-long"),
    "name with an override": (_set("name", to="a\u202eb"), "text-bidi"),
    "name decomposed": (_set("name", to="e\u0301"), "text-not-nfc"),
    "version zero": (_set("version", to=0), "wrong-value"),
    "version a string": (_set("version", to="3"), "wrong-type"),
    "version true": (_set("version", to=True), "wrong-type"),
    "issued with an offset": (_set("issued", to="2026-07-01T10:30:00+00:00"), "wrong-value"),
    "issued on 31 June": (_set("issued", to="2026-06-31T10:30:00Z"), "wrong-value"),
    "issued at 24:00": (_set("issued", to="2026-07-01T24:00:00Z"), "wrong-value"),
    "expires when it is issued": (
        _set("expires", to=format_time(FULL.issued)),
        "manifest-expired-before-issued",
    ),
    "no root group": (_set("root", "groups", to=[]), "manifest-threshold"),
    "root with another member": (_set("root", "note", to=""), "member-unknown"),
    "root an array": (_set("root", to=[]), "wrong-type"),
    "five root groups": (_set("root", "groups", to=[{}] * 5), "too-large"),
    "seventeen root keys": (_set(*ROOT_KEYS, to=[JWK] * 17), "too-large"),
    "root threshold zero": (_set("root", "groups", 0, "threshold", to=0), "wrong-value"),
    "root threshold beyond": (_set("root", "groups", 0, "threshold", to=4), "manifest-threshold"),
    "root group without keys": (_set(*ROOT_KEYS, to=[]), "manifest-threshold"),
    "root group with another member": (_set("root", "groups", 0, "x", to=1), "member-unknown"),
    "root key without kid": (_delete(*ROOT_KEYS, 0, "kid"), "member-missing"),
    "root key without use": (_delete(*ROOT_KEYS, 0, "use"), "member-missing"),
    "root key without alg": (_delete(*ROOT_KEYS, 0, "alg"), "member-missing"),
    "root key with another kid": (_set(*ROOT_KEYS, 0, "kid", to="x"), "kid-not-thumbprint"),
    "root key with another alg": (_set(*ROOT_KEYS, 0, "alg", to="ES256"), "wrong-value"),
    "root key that is private": (_set(*ROOT_KEYS, 0, "d", to="x"), "key-private"),
    "root key of low order": (_set(*ROOT_KEYS, 0, "x", to=LOW_ORDER), "key-invalid"),
    "root key twice": (_duplicate(*ROOT_KEYS, 0, into=ROOT_KEYS), "key-invalid"),
    "root key in both groups": (
        _duplicate(*ROOT_KEYS, 0, into=("root", "groups", 1, "keys")),
        "key-invalid",
    ),
    "root key that also issues": (_duplicate("keys", 0, "jwk", into=ROOT_KEYS), "key-invalid"),
    "log key that also issues": (
        _set("logs", 0, "keys", 0, to=FULL.root[0].keys[0].to_jwk()),
        "key-invalid",
    ),
    "issuing key twice": (_duplicate("keys", 0, into=("keys",)), "key-invalid"),
    "next threshold beyond": (_set("next", 0, "threshold", to=4), "manifest-threshold"),
    "next with a key twice": (
        _duplicate("next", 0, "keys", 0, into=("next", 0, "keys")),
        "wrong-value",
    ),
    "next with no thumbprint": (_set("next", 0, "keys", 0, to="x"), "wrong-value"),
    "next with a number": (_set("next", 0, "keys", 0, to=1), "wrong-type"),
    "next with another member": (_set("next", 0, "x", to=1), "member-unknown"),
    "key served elsewhere": (
        _set("keys", 0, "url", to="https://example.org/key"),
        "kid-not-under-issuer",
    ),
    "key with a role that none has": (_set("keys", 0, "role", to="root"), "wrong-value"),
    "key in a state that none has": (_set("keys", 0, "state", to="revoked"), "wrong-value"),
    "key logged as none is": (_set("keys", 0, "logged", to="yes"), "wrong-value"),
    "key since another spelling": (_set("keys", 0, "since", to="2026-07-01"), "wrong-value"),
    "key that ended below zero": (_set("keys", 0, "ended", "size", to=-1), "wrong-value"),
    "key that ended null": (_set("keys", 0, "ended", to=None), "wrong-type"),
    "key that ended nowhere": (_delete("keys", 0, "ended", "origin"), "member-missing"),
    "key that ended with another member": (_set("keys", 0, "ended", "x", to=1), "member-unknown"),
    "key that ended in no log of the manifest": (
        _set("keys", 0, "ended", "origin", to=log_origin(ISS, 3)),
        "wrong-value",
    ),
    "cut-off in no log of the manifest": (
        _set("keys", 2, "cutoffs", 0, "origin", to=log_origin(ISS, 3)),
        "wrong-value",
    ),
    "active key that ended": (_set("keys", 0, "state", to="active"), "manifest-key-state"),
    "announced key that ended": (
        _set("keys", 0, "state", to="pre-published"),
        "manifest-key-state",
    ),
    "active key with a cut-off": (_set("keys", 2, "state", to="active"), "manifest-key-state"),
    "void key with a cut-off": (_set("keys", 2, "state", to="void"), "manifest-key-state"),
    "key with another member": (_set("keys", 0, "x", to=1), "member-unknown"),
    "key that is a string": (_set("keys", 0, to="x"), "wrong-type"),
    "cut-off without a root": (_delete("keys", 2, "cutoffs", 0, "root"), "member-missing"),
    "cut-off with another member": (_set("keys", 2, "cutoffs", 0, "x", to=1), "member-unknown"),
    "cut-off of blank origin": (_set("keys", 2, "cutoffs", 0, "origin", to=""), "wrong-value"),
    "no cut-off in a list of them": (_set("keys", 2, "cutoffs", to=[]), "wrong-value"),
    "two cut-offs of one log": (_set("keys", 2, "cutoffs", to=[CUTOFF, CUTOFF]), "wrong-value"),
    "five cut-offs": (_set("keys", 2, "cutoffs", to=[{}] * 5), "too-large"),
    "a cut-off outside of a list": (_set("keys", 2, "cutoffs", to=CUTOFF), "wrong-type"),
    "keys out of order": (_move_last("keys", 0, "url"), "member-order"),
    "257 keys": (_set("keys", to=[{}] * 257), "too-large"),
    "33 logs": (_set("logs", to=[{}] * 33), "too-large"),
    "three keys of a log": (_set("logs", 0, "keys", to=[JWK] * 3), "too-large"),
    "one key of a log": (_delete("logs", 0, "keys", 1), "key-type"),
    "keys of a log in another order": (_reverse("logs", 0, "keys"), "key-type"),
    "log twice": (_set("logs", 1, "origin", to=log_origin(ISS)), "wrong-value"),
    "log elsewhere": (_set("logs", 0, "origin", to="example.org/log"), "not-under-issuer"),
    "log of number 1": (_set("logs", 0, "origin", to=f"{log_origin(ISS)}-1"), "not-under-issuer"),
    "log of number 02": (_set("logs", 0, "origin", to=f"{log_origin(ISS)}-02"), "not-under-issuer"),
    "log behind": (_set("logs", 0, "origin", to=f"{log_origin(ISS)}/"), "not-under-issuer"),
    "log of blank origin": (_set("logs", 0, "origin", to=" "), "text-blank"),
    "log of long origin": (_set("logs", 0, "origin", to="x" * 257), "text-too-long"),
    "log in a state that none has": (_set("logs", 0, "state", to="open"), "wrong-value"),
    "log with another member": (_set("logs", 0, "x", to=1), "member-unknown"),
    "landmarks in upper case": (
        _set("logs", 0, "landmarks", "digest", to=DIGEST.upper()),
        "wrong-value",
    ),
    "landmarks below zero": (_set("logs", 0, "landmarks", "count", to=-1), "wrong-value"),
    "landmarks with another member": (_set("logs", 0, "landmarks", "x", to=1), "member-unknown"),
    "status that is too old at once": (_set("status", "max_age", to=0), "wrong-value"),
    "status with another member": (_set("status", "x", to=1), "member-unknown"),
    "status false": (_set("status", to=False), "wrong-type"),
    "final with a list that is no digest": (_set("final", "lists", 0, to="x"), "wrong-value"),
    "final with another member": (_set("final", "x", to=1), "member-unknown"),
    "final without reasons": (_delete("final", "reasons"), "member-missing"),
    "a member that manifests do not have": (_set("comment", to=""), "member-unknown"),
    "another order": (_move_last("iss"), "member-order"),
    **{f"no {name}": (_delete(name), "member-missing") for name in json.loads(FULL.encode())},
}


@pytest.mark.parametrize("name", REFUSALS)
def test_payload_is_refused(name: str) -> None:
    edit, reason = REFUSALS[name]
    members = json.loads(FULL.encode())
    edit(members)
    with pytest.raises(MalformedError) as caught:
        KeyManifest.parse(dump_json(members), "keys.json")
    assert caught.value.reason == reason
    assert caught.value.where.startswith("keys.json")


def test_the_edits_begin_with_a_payload_that_is_read() -> None:
    assert KeyManifest.parse(dump_json(json.loads(FULL.encode()))) == FULL


def test_payload_in_another_spelling_is_refused() -> None:
    spaced = json.dumps(json.loads(FULL.encode())).encode()
    with pytest.raises(MalformedError) as caught:
        KeyManifest.parse(spaced)
    assert caught.value.reason == "not-canonical"


def _envelope(typ: str | None = MANIFEST_TYPE, **changes: object) -> bytes:
    """A signed manifest whose header has another typ, or whose JSON has other members."""
    jws = signed("1").jws
    header = replace(jws.signatures[0].header, typ=typ)
    protected = header.segment()
    one = {"protected": protected, "signature": b64url_encode(jws.signatures[0].signature)}
    value: dict[str, object] = {"payload": b64url_encode(jws.payload), "signatures": [one]}
    return dump_json({**value, **changes})


ENVELOPES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not-json"),
    "an array": (b"[]", "wrong-type"),
    "typ missing": (_envelope(None), "typ-unexpected"),
    "typ of a certificate": (_envelope("JWT"), "typ-unexpected"),
    "typ in upper case": (_envelope(MANIFEST_TYPE.upper()), "typ-unexpected"),
    "no signature": (_envelope(signatures=[]), "signature-count"),
    "an unprotected header": (_envelope(header={}), "member-unknown"),
    "a payload that is no manifest": (_envelope(payload="e30"), "member-missing"),
    "white space": (_envelope() + b"\n", "not-canonical"),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_envelope_is_refused(name: str) -> None:
    data, reason = ENVELOPES[name]
    with pytest.raises(MalformedError) as caught:
        SignedManifest.parse(data)
    assert caught.value.reason == reason


def test_the_envelopes_begin_with_one_that_is_read() -> None:
    assert SignedManifest.parse(_envelope()) == signed("1")


def test_a_key_cannot_sign_twice_in_one_manifest() -> None:
    payload = FULL.encode()
    twice = GeneralJWS(payload, (signature(payload, "A"), signature(payload, "A"))).encode()
    with pytest.raises(MalformedError) as caught:
        SignedManifest.parse(twice)
    assert caught.value.reason == "signature-count"


def test_a_key_has_its_place_under_the_issuer(world: World) -> None:
    public = world.key.public_key
    assert key_url(ISSUER, public) == f"{ISSUER}/.well-known/keys/{public.thumbprint}"


def test_signing_keeps_what_it_was_given(world: World) -> None:
    again = sign_manifest(world.manifest, world.roots)
    assert again.unverified == world.manifest
    assert world.manifest.issued == ISSUED - timedelta(days=1)


WIRE = signed("1 keys=k:active,m:retired@7 logs=L:active#2").jws.encode()


@given(
    position=st.integers(0, len(WIRE) - 1),
    length=st.integers(0, 4),
    insert=st.one_of(
        st.binary(max_size=4), st.sampled_from([b'"', b"\\", b",", b"{}", b"[", b"0"])
    ),
)
def test_mutated_bytes_are_refused_or_read_without_loss(
    position: int, length: int, insert: bytes
) -> None:
    data = WIRE[:position] + insert + WIRE[position + length :]
    _refused_or_lossless(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read_without_loss(data: bytes) -> None:
    _refused_or_lossless(data)


PAYLOAD = FULL.encode()


@given(position=st.integers(0, len(PAYLOAD) - 1), value=st.integers(0, 255))
def test_a_changed_payload_is_refused_or_another_manifest(position: int, value: int) -> None:
    data = PAYLOAD[:position] + bytes([value]) + PAYLOAD[position + 1 :]
    try:
        parsed = KeyManifest.parse(data)
    except SignedCertError as error:
        assert error.reason  # noqa: PT017 - any refusal will do
    else:
        assert parsed.encode() == data
        assert (parsed == FULL) == (data == PAYLOAD)


def _refused_or_lossless(data: bytes) -> None:
    try:
        parsed = SignedManifest.parse(data)
    except SignedCertError as error:
        assert error.reason  # noqa: PT017 - any refusal will do
    else:
        assert parsed.jws.encode() == data
        assert parsed.unverified.encode() == parsed.jws.payload
