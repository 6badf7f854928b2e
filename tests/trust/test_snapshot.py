"""Snapshots, and what whoever has stolen a snapshot key can do: nothing to any other thing."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signedcert.carriers.bundle import Bundle
from signedcert.core.encoding import b64url_encode, dump_json
from signedcert.core.jws import GeneralJWS, Header, Signature, serialize_compact, signing_input
from signedcert.custody.ceremony import sign_manifest
from signedcert.documents.openbadges import CERTIFICATE_TYPES, RECORD_TYPE
from signedcert.errors import MalformedError, Reason, RejectedError, SignedCertError, UndecidedError
from signedcert.trust.entries import FinalState, KeyEntry, key_url
from signedcert.trust.history import History, Pin
from signedcert.trust.manifest import MANIFEST_TYPE, KeyManifest, SignedManifest
from signedcert.trust.reasons import REASONS_TYPE, Reasons
from signedcert.trust.snapshot import (
    MAX_LISTS,
    MAX_SNAPSHOT,
    SNAPSHOT_TYPE,
    ManifestVersion,
    Snapshot,
    digest,
)
from signedcert.trust.statuslist import STATUS_LIST_TYPE, StatusList, StatusListToken
from signedcert.trust.store import TrustStore
from signedcert.verify.verifier import Verifier
from tests.core.refusal import refused
from tests.reference import AT, ISSUED, World, credential
from tests.trust.house import DIGEST, ISS, USUAL, key, manifest, signed

#: An issuing key, a log key, and a snapshot key in each state; x is a stranger's.
MANIFEST = manifest(
    3,
    USUAL
    | {
        "keys": "k:active,l:active/log,s:active/snapshot,r:retired/snapshot,"
        "p:pre-published/snapshot,c:compromised/snapshot,v:void/snapshot"
    },
)
RETIRED = MANIFEST.keys[3].since
SNAPSHOT = Snapshot(
    iss=ISS,
    issued=ISSUED,
    expires=ISSUED + timedelta(days=7),
    manifest=ManifestVersion(MANIFEST.version, MANIFEST.digest),
    lists=(digest(b"one"), digest(b"two")),
    reasons=digest(b"reasons"),
)
TOKEN = StatusListToken(
    ISS, StatusList.make(1, {5: 1, 77123: 3}), ISSUED, ISSUED + timedelta(days=7), 86400
)
REASONS = Reasons(ISS, ISSUED, ())

#: What snapshot keys sign, and who reads it.
FILES: dict[str, tuple[bytes, Callable[[bytes, KeyManifest], object]]] = {
    SNAPSHOT_TYPE: (SNAPSHOT.encode(), Snapshot.parse),
    STATUS_LIST_TYPE: (TOKEN.encode(), StatusListToken.parse),
    REASONS_TYPE: (REASONS.encode(), Reasons.parse),
}
EACH_FILE = pytest.mark.parametrize("typ", FILES)


def sign(payload: bytes, typ: str | None, letter: str = "s", **header: str | None) -> bytes:
    """A compact JWS by the key of this letter."""
    private = key(letter)
    kid = key_url(ISS, private.public_key)
    parts: dict[str, str | None] = {"alg": private.algorithm, "kid": kid, "typ": typ}
    content = signing_input(Header(**(parts | header)).segment(), payload)  # type: ignore[arg-type]
    return serialize_compact(content, private.sign(content)).encode()


def sign_segment(payload: bytes, header: bytes) -> bytes:
    """A compact JWS with a header in any spelling."""
    content = signing_input(b64url_encode(header), payload)
    return serialize_compact(content, key("s").sign(content)).encode()


def test_a_snapshot_survives_the_way_to_the_wire_and_back() -> None:
    assert Snapshot.parse(sign(SNAPSHOT.encode(), SNAPSHOT_TYPE), MANIFEST) == SNAPSHOT


def test_members_are_written_in_the_order_of_the_format() -> None:
    value = json.loads(SNAPSHOT.encode())
    assert list(value) == [
        "iss", "issued", "expires", "manifest", "status", "reasons", "checkpoint",
    ]  # fmt: skip
    assert value["status"][1] == {"list": 2, "digest": digest(b"two")}
    assert value["checkpoint"] is None


def test_as_many_lists_as_an_institution_can_have_are_read() -> None:
    many = replace(SNAPSHOT, lists=(DIGEST,) * MAX_LISTS)
    token = sign(many.encode(), SNAPSHOT_TYPE)
    assert len(token) < MAX_SNAPSHOT
    assert Snapshot.parse(token, MANIFEST) == many
    more = replace(SNAPSHOT, lists=(DIGEST,) * (MAX_LISTS + 1))
    with refused("too-large", "snapshot.status"):
        Snapshot.parse(sign(more.encode(), SNAPSHOT_TYPE), MANIFEST)


@settings(deadline=None)
@given(
    st.integers(0, 2**31).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.integers(1, 7 * 86400),
    st.integers(4, 2**53 - 1),
    st.lists(st.binary(max_size=3), max_size=5),
    st.none() | st.just(DIGEST),
)
def test_any_snapshot_survives(
    issued: datetime, seconds: int, version: int, lists: list[bytes], reasons: str | None
) -> None:
    snapshot = Snapshot(
        iss=ISS,
        issued=issued,
        expires=issued + timedelta(seconds=seconds),
        manifest=ManifestVersion(version, DIGEST),
        lists=tuple(map(digest, lists)),
        reasons=reasons,
    )
    assert Snapshot.parse(sign(snapshot.encode(), SNAPSHOT_TYPE), MANIFEST) == snapshot


# Whatever a snapshot key signs


#: By key and header: who has signed, and what is said of it.
SIGNERS: dict[str, tuple[str, type[SignedCertError], Reason, str]] = {
    "issuing key": ("k", RejectedError, "key-not-authorised", "key-role"),
    "log key": ("l", RejectedError, "key-not-authorised", "key-role"),
    "root key": ("A", UndecidedError, "unknown-key", ""),
    "stranger": ("x", UndecidedError, "unknown-key", ""),
    "pre-published": ("p", RejectedError, "key-pre-published", ""),
    "compromised": ("c", RejectedError, "key-compromised", ""),
    "void": ("v", RejectedError, "key-void", ""),
}


@EACH_FILE
def test_an_active_and_a_retired_snapshot_key_are_believed(typ: str) -> None:
    payload, parse = FILES[typ]
    assert parse(sign(payload, typ), MANIFEST) == parse(sign(payload, typ, "r"), MANIFEST)


@EACH_FILE
@pytest.mark.parametrize("name", SIGNERS)
def test_nobody_else_is_believed(typ: str, name: str) -> None:
    payload, parse = FILES[typ]
    letter, kind, reason, detail = SIGNERS[name]
    with pytest.raises(SignedCertError) as caught:
        parse(sign(payload, typ, letter), MANIFEST)
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert getattr(caught.value, "detail", "") == detail


@EACH_FILE
@pytest.mark.parametrize("other", [*FILES, *CERTIFICATE_TYPES, RECORD_TYPE, MANIFEST_TYPE, "jwt"])
def test_each_typ_is_for_one_kind_of_file(typ: str, other: str | None) -> None:
    payload, parse = FILES[typ]
    if other != typ:
        with refused("typ-unexpected"):
            parse(sign(payload, other), MANIFEST)


@EACH_FILE
def test_typ_is_compared_byte_for_byte(typ: str) -> None:
    payload, parse = FILES[typ]
    for other in (typ.upper(), typ + " ", f"application/{typ}", typ[:-1], ""):
        with refused("typ-unexpected"):
            parse(sign(payload, other), MANIFEST)


@EACH_FILE
@pytest.mark.parametrize("other", FILES)
def test_what_is_signed_for_one_purpose_serves_no_other(typ: str, other: str) -> None:
    """The thief puts the content of one file under the ``typ`` of another."""
    if other != typ:
        with pytest.raises(SignedCertError):
            FILES[typ][1](sign(FILES[other][0], typ), MANIFEST)


@EACH_FILE
def test_headers_have_one_spelling(typ: str) -> None:
    payload, parse = FILES[typ]
    kid = key_url(ISS, key("s").public_key)
    members = {"alg": "Ed25519", "kid": kid, "typ": typ}
    with refused("header-spelling"):
        parse(sign_segment(payload, dump_json(dict(reversed(members.items())))), MANIFEST)
    with refused("not-canonical"):
        parse(sign_segment(payload, json.dumps(members).encode()), MANIFEST)
    jwk = key("s").public_key.to_jwk()
    with refused("header-parameter"):
        parse(sign_segment(payload, dump_json(members | {"jwk": jwk})), MANIFEST)
    with refused("key-not-authorised", kind=RejectedError):
        parse(sign(payload, typ, alg="ES256"), MANIFEST)
    for other in (None, key("s").public_key.thumbprint, kid + "/", kid.upper()):
        with refused("unknown-key", kind=UndecidedError):
            parse(sign(payload, typ, kid=other), MANIFEST)


@EACH_FILE
def test_every_changed_character_is_refused(typ: str) -> None:
    payload, parse = FILES[typ]
    token = sign(payload, typ)
    for position in {*range(0, len(token), 7), len(token) - 1}:
        other = b"A" if token[position : position + 1] != b"A" else b"B"
        with pytest.raises(SignedCertError):
            parse(token[:position] + other + token[position + 1 :], MANIFEST)
    for text in (token + b"\n", token + b"=", b" " + token, token[:-1], token + b".", b"", b".."):
        with pytest.raises(SignedCertError):
            parse(text, MANIFEST)


@EACH_FILE
@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused(typ: str, data: bytes) -> None:
    with pytest.raises(SignedCertError):
        FILES[typ][1](data, MANIFEST)


@EACH_FILE
@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_any_signed_bytes_are_refused(typ: str, data: bytes) -> None:
    with pytest.raises(SignedCertError):
        FILES[typ][1](sign(data, typ), MANIFEST)


_SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=9)
_VALUES = _SCALARS | st.lists(_SCALARS, max_size=3) | st.dictionaries(st.text(max_size=3), _SCALARS)


@EACH_FILE
@settings(deadline=None)
@given(data=st.data())
def test_any_value_in_any_member_is_refused_or_written_so(typ: str, data: st.DataObject) -> None:
    payload, parse = FILES[typ]
    value = json.loads(payload)
    value[data.draw(st.sampled_from(list(value)))] = data.draw(_VALUES)
    try:
        parsed: Any = parse(sign(dump_json(value), typ), MANIFEST)
    except SignedCertError:
        return
    assert parsed.encode() == dump_json(value)


@EACH_FILE
def test_white_space_order_and_repetition_are_refused(typ: str) -> None:
    payload, parse = FILES[typ]
    value = json.loads(payload)
    spellings: dict[bytes, Reason] = {
        payload + b"\n": "not-canonical",
        json.dumps(value).encode(): "not-canonical",
        dump_json(dict(reversed(value.items()))): "member-order",
        payload[:-1] + b',"iss":1}': "duplicate-member"
        if b'"iss"' in payload
        else "member-unknown",
        dump_json(value | {"keys": []}): "member-unknown",
        payload.replace(b'"i', b'"\\u0069', 1): "not-canonical",
        b"\xff": "not-utf8",
        b"[]": "wrong-type",
        b"{}": "member-missing",
    }
    for spelling, reason in spellings.items():
        with refused(reason):
            parse(sign(spelling, typ), MANIFEST)


@EACH_FILE
def test_what_is_too_large_is_not_looked_at(typ: str) -> None:
    with refused("too-large"):
        FILES[typ][1](b"A" * (4 * 1024 * 1024), MANIFEST)


def _dated(typ: str, issued: datetime) -> bytes:
    week = issued + timedelta(days=7)
    return {
        SNAPSHOT_TYPE: replace(SNAPSHOT, issued=issued, expires=week).encode(),
        STATUS_LIST_TYPE: TOKEN._replace(issued=issued, expires=week).encode(),
        REASONS_TYPE: replace(REASONS, issued=issued).encode(),
    }[typ]


@EACH_FILE
def test_a_retired_key_is_believed_for_the_time_before(typ: str) -> None:
    parse = FILES[typ][1]
    parse(sign(_dated(typ, RETIRED), typ, "r"), MANIFEST)
    later = _dated(typ, RETIRED + timedelta(seconds=1))
    parse(sign(later, typ), MANIFEST)
    with refused("key-not-authorised", kind=RejectedError):
        parse(sign(later, typ, "r"), MANIFEST)


@EACH_FILE
def test_keys_are_es256_too(typ: str, world: World) -> None:
    entry = KeyEntry(
        world.key.public_key, key_url(ISS, world.key.public_key), "snapshot", "active", ISSUED
    )
    known = replace(MANIFEST, keys=(entry,))
    payload, parse = FILES[typ]
    if typ == SNAPSHOT_TYPE:
        payload = replace(SNAPSHOT, manifest=ManifestVersion(3, known.digest)).encode()
    parse(world.sign(payload, world.header(typ=typ)), known)
    mine, other = (
        world.sign(content, world.header(typ=typ)).rpartition(b".") for content in (payload, b"{}")
    )
    with refused("bad-signature", kind=RejectedError):
        parse(mine[0] + b"." + other[2], known)


@EACH_FILE
def test_after_the_institution_closed_only_what_it_left_counts(typ: str) -> None:
    payload, parse = FILES[typ]
    token = sign(payload, typ)
    closed = replace(MANIFEST, final=FinalState((DIGEST,), DIGEST, DIGEST))
    with refused("manifest-final"):
        parse(token, closed)
    left = replace(MANIFEST, final=FinalState((DIGEST, digest(token)), digest(token), DIGEST))
    if typ == SNAPSHOT_TYPE:
        with refused("manifest-final"):
            parse(token, left)
    else:
        assert parse(token, left) == parse(token, MANIFEST)


@EACH_FILE
def test_files_of_another_institution_are_refused(typ: str) -> None:
    payload = FILES[typ][0].replace(ISS.encode(), b"https://other.example.org")
    with refused("not-under-issuer" if typ == STATUS_LIST_TYPE else "iss-mismatch"):
        FILES[typ][1](sign(payload, typ), MANIFEST)


# The thief of a snapshot key, elsewhere


def _trusted_for_snapshots(world: World) -> TrustStore:
    """A trust store in which the key of ``world`` is for snapshots."""
    entry = replace(world.manifest.keys[0], role="snapshot")
    known = replace(world.manifest, keys=(entry,))
    return TrustStore.empty().add([sign_manifest(known, world.roots).jws.encode()], known.pin)


@pytest.mark.parametrize("typ", [*CERTIFICATE_TYPES, *FILES])
def test_the_thief_signs_no_certificate(world: World, typ: str | None) -> None:
    trust = _trusted_for_snapshots(world)
    document = world.sign(credential().encode(), world.header(typ=typ))
    report = Verifier(trust).report(document, at=AT)
    assert not report
    assert report.verdict.exit_status in (1, 5)


def test_the_thief_signs_no_record(world: World) -> None:
    trust = _trusted_for_snapshots(world)
    report = Verifier(trust).report(Bundle(world.record().decode()), at=AT)
    assert (report.verdict.exit_status, report.reason) == (1, "key-not-authorised")


@pytest.mark.parametrize("typ", [MANIFEST_TYPE, *FILES])
def test_the_thief_signs_no_manifest(typ: str) -> None:
    """Neither with its thumbprint as ``kid``, as root keys have it, nor with its URL."""
    first = signed("1 keys=k:active,s:active/snapshot")
    history = History.start(first, Pin.parse(first.unverified.pin))
    wish = replace(first.unverified, version=2, name="The thief's")
    payload = wish.encode()
    for kid in (key("s").public_key.thumbprint, key_url(ISS, key("s").public_key)):
        header = Header("Ed25519", kid, typ)
        content = signing_input(header.segment(), payload)
        jws = GeneralJWS(payload, (Signature(header, content, key("s").sign(content)),))
        with pytest.raises(SignedCertError) as caught:
            history.accept(SignedManifest.parse(jws.encode()))
        assert caught.value.reason in ("key-not-authorised", "typ-unexpected")


FIELDS: dict[str, tuple[dict[str, object], Reason, str]] = {
    "a key": ({"keys": []}, "member-unknown", "snapshot"),
    "a root": ({"root": {"groups": []}}, "member-unknown", "snapshot"),
    "a cut-off": ({"cutoff": {"origin": "log", "size": 1}}, "member-unknown", "snapshot"),
    "a landmark": ({"landmarks": {"count": 1}}, "member-unknown", "snapshot"),
    "a final state": ({"final": None}, "member-unknown", "snapshot"),
    "a checkpoint in a note": (
        {"checkpoint": "log.example\n1\n"},
        "wrong-type",
        "snapshot.checkpoint",
    ),
    "a checkpoint without a root": (
        {"checkpoint": {"origin": "log.example", "size": 1}},
        "member-missing",
        "snapshot.checkpoint",
    ),
    "a checkpoint with its signature": (
        {"checkpoint": {"origin": "log.example", "size": 1, "root": DIGEST, "signature": ""}},
        "member-unknown",
        "snapshot.checkpoint",
    ),
    "a manifest whole": (
        {"manifest": {"version": 3, "digest": DIGEST, "keys": []}},
        "member-unknown",
        "snapshot.manifest",
    ),
    "version 0": (
        {"manifest": {"version": 0, "digest": DIGEST}},
        "wrong-value",
        "snapshot.manifest.version",
    ),
    "a version that is a text": (
        {"manifest": {"version": "3", "digest": DIGEST}},
        "wrong-type",
        "snapshot.manifest.version",
    ),
    "a digest in capitals": (
        {"manifest": {"version": 3, "digest": DIGEST.upper()}},
        "wrong-value",
        "snapshot.manifest.digest",
    ),
    "no manifest": ({"manifest": None}, "wrong-type", "snapshot.manifest"),
    "list 2 first": (
        {"status": [{"list": 2, "digest": DIGEST}]},
        "wrong-value",
        "snapshot.status[0].list",
    ),
    "a list twice": (
        {"status": [{"list": 1, "digest": DIGEST}] * 2},
        "wrong-value",
        "snapshot.status[1].list",
    ),
    "a list without a digest": ({"status": [{"list": 1}]}, "member-missing", "snapshot.status[0]"),
    "a list with a url": (
        {"status": [{"list": 1, "digest": DIGEST, "url": "https://evil.example"}]},
        "member-unknown",
        "snapshot.status[0]",
    ),
    "a short digest": (
        {"status": [{"list": 1, "digest": DIGEST[1:]}]},
        "wrong-value",
        "snapshot.status[0].digest",
    ),
    "reasons by name": ({"reasons": "reasons.jws"}, "wrong-value", "snapshot.reasons"),
    "reasons that are no text": ({"reasons": 7}, "wrong-type", "snapshot.reasons"),
    "another issuer": ({"iss": "https://evil.example"}, "iss-mismatch", "snapshot.iss"),
    "a time with an offset": (
        {"issued": "2026-07-01T12:30:00+02:00"},
        "wrong-value",
        "snapshot.issued",
    ),
    "a time in seconds": ({"issued": 1782901800}, "wrong-type", "snapshot.issued"),
    "years of freshness": ({"expires": "2036-07-01T10:30:00Z"}, "wrong-value", "snapshot.expires"),
    "a second too many": ({"expires": "2026-07-08T10:30:01Z"}, "wrong-value", "snapshot.expires"),
    "expired when issued": ({"expires": "2026-07-01T10:30:00Z"}, "wrong-value", "snapshot.expires"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_of_the_thief_is_refused(name: str) -> None:
    change, reason, where = FIELDS[name]
    value = json.loads(SNAPSHOT.encode()) | change
    with refused(reason, where):
        Snapshot.parse(sign(dump_json(value), SNAPSHOT_TYPE), MANIFEST)


def test_a_snapshot_of_a_manifest_that_root_has_not_signed_is_refused() -> None:
    other = replace(SNAPSHOT, manifest=ManifestVersion(MANIFEST.version, DIGEST))
    with refused("snapshot-manifest"):
        Snapshot.parse(sign(other.encode(), SNAPSHOT_TYPE), MANIFEST)


@pytest.mark.parametrize(("version", "newer"), [(2, False), (3, False), (4, True), (10**15, True)])
def test_newer_manifests_are_announced_and_nothing_more(version: int, *, newer: bool) -> None:
    named = MANIFEST.digest if version == 3 else DIGEST
    other = replace(SNAPSHOT, manifest=ManifestVersion(version, named))
    before = MANIFEST.encode()
    parsed = Snapshot.parse(sign(other.encode(), SNAPSHOT_TYPE), MANIFEST)
    assert parsed.announces_newer(MANIFEST) is newer
    assert MANIFEST.encode() == before


# One snapshot after another

DAY = timedelta(days=1)
FOLLOWING: dict[str, dict[str, Any]] = {
    "itself": {},
    "later": {"issued": ISSUED + DAY},
    "another list": {"lists": (*SNAPSHOT.lists, DIGEST)},
    "other digests": {"lists": (DIGEST, DIGEST), "reasons": None},
    "a newer manifest": {"manifest": ManifestVersion(4, DIGEST)},
    "an earlier end": {"expires": ISSUED + DAY},
}
BACKWARD: dict[str, tuple[dict[str, Any], str]] = {
    "a second earlier": ({"issued": ISSUED - timedelta(seconds=1)}, "2026-07-01T10:29:59Z"),
    "earlier, newer manifest": (
        {"issued": ISSUED - DAY, "manifest": ManifestVersion(4, DIGEST)},
        "issued goes back",
    ),
    "later, older manifest": (
        {"issued": ISSUED + DAY, "manifest": ManifestVersion(2, DIGEST)},
        "from version 3 to 2",
    ),
    "later, another manifest 3": (
        {"issued": ISSUED + DAY, "manifest": ManifestVersion(3, DIGEST)},
        "version 3 changes its digest",
    ),
    "later, fewer lists": (
        {"issued": ISSUED + DAY, "lists": SNAPSHOT.lists[:1]},
        "2 status lists become 1",
    ),
    "another institution": ({"iss": "https://other.example.org"}, "iss goes from"),
}


@pytest.mark.parametrize("name", FOLLOWING)
def test_what_may_follow(name: str) -> None:
    replace(SNAPSHOT, **FOLLOWING[name]).follows(SNAPSHOT)


@pytest.mark.parametrize("name", BACKWARD)
def test_what_goes_back_is_refused_in_words(name: str) -> None:
    change, words = BACKWARD[name]
    with pytest.raises(MalformedError) as caught:
        replace(SNAPSHOT, **change).follows(SNAPSHOT)
    assert str(caught.value.reason) == "snapshot-older"
    assert words in caught.value.message


def test_the_manifest_may_go_back_to_the_very_one_that_root_has_signed() -> None:
    """A fork was settled: the announced version is no more."""
    named = ManifestVersion(MANIFEST.version, MANIFEST.digest)
    announcing = replace(SNAPSHOT, manifest=ManifestVersion(named.version + 4, DIGEST))
    after = replace(SNAPSHOT, manifest=named, issued=ISSUED + DAY)
    after.follows(announcing, MANIFEST)
    after.follows(replace(announcing, manifest=named._replace(digest=DIGEST)), MANIFEST)
    for changed in (
        replace(after, manifest=named._replace(digest=DIGEST)),
        replace(after, manifest=named._replace(version=named.version + 3)),
        replace(after, issued=ISSUED - DAY),
        replace(after, lists=SNAPSHOT.lists[:1]),
    ):
        with refused("snapshot-older", "snapshot"):
            changed.follows(announcing, MANIFEST)


# The files that it names


def test_files_are_those_that_the_snapshot_means() -> None:
    SNAPSHOT.check_list(1, b"one")
    SNAPSHOT.check_list(2, b"two")
    SNAPSHOT.check_reasons(b"reasons")
    mismatch: Reason = "digest-mismatch"
    with refused(mismatch, "status list 1"):
        SNAPSHOT.check_list(1, b"two")
    with refused(mismatch, "reasons"):
        SNAPSHOT.check_reasons(b"one")
    with refused(mismatch, "reasons"):
        replace(SNAPSHOT, reasons=None).check_reasons(b"")
    for number in (0, 3, -1):
        with refused("status-unknown", f"status list {number}", UndecidedError):
            SNAPSHOT.check_list(number, b"two")
