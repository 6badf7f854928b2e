"""Course records through the ten steps: whole, partial, tampered with, and in another's place."""

import ast
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import signedcert
from signedcert.carriers.bundle import Bundle
from signedcert.core.encoding import b64url_bytes
from signedcert.core.sdjwt import Disclosure, serialize_sd_jwt
from signedcert.documents.openbadges import RECORD_TYPE
from signedcert.documents.record import CourseResult
from signedcert.documents.recordbadge import RecordCredential, encode_record, parse_sd_jwt, present
from signedcert.errors import ConfigurationError, RejectedError, UndecidedError
from signedcert.trust.entries import StatusPolicy, key_url
from signedcert.verify.policy import Policy
from signedcert.verify.report import Kind, Outcome, Report, Verdict, VerifiedRecord
from signedcert.verify.verifier import Verifier
from tests.reference import (
    AT,
    ISSUED,
    ISSUER,
    NAME,
    World,
    course,
    credential,
    make_world,
    record,
    salts,
)
from tests.verify.test_steps import OTHER, UNTIL, code_of, forked, letters, trust_of, with_log

SHARE = st.floats(0, 1, exclude_max=True)
KINDS: list[Kind | None] = [None, "record"]


@pytest.fixture(scope="module", params=["world", "ed25519_world"])
def either(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def whole(either: World) -> bytes:
    return either.record()


@pytest.fixture(scope="module")
def verifier(either: World) -> Verifier:
    return Verifier(either.trust)


def part(document: bytes, *numbers: int, with_name: bool = True) -> bytes:
    """As much of a record as its learner shows."""
    return present(document.decode(), numbers, with_name=with_name).encode()


def jwt_of(document: bytes) -> bytes:
    """The issuer-signed JWT of a record."""
    return document.partition(b"~")[0]


def signed(document: bytes) -> RecordCredential:
    """What a record says."""
    return parse_sd_jwt(document.decode())[1]


# authentic ones


def test_a_whole_record_is_authentic(whole: bytes, verifier: Verifier) -> None:
    for kind in KINDS:
        found = verifier.report(whole, at=AT, kind=kind)
        assert letters(found) == "ppppnpnp--"
        assert (found.verdict, found.kind, found.reason) == (Verdict.AUTHENTIC, "record", None)
        assert found.credential == found.unverified_claims() == signed(whole)
    shown = verifier.verify_record(whole, at=AT)
    assert not shown.partial
    assert shown.results == record().results


@pytest.mark.parametrize("numbers", [(), (15,), (1, 2, 3), (4, 14), tuple(range(1, 16))])
@pytest.mark.parametrize("with_name", [True, False])
def test_any_part_of_a_record_is_authentic(
    numbers: tuple[int, ...],
    with_name: bool,  # noqa: FBT001 - pytest fills it in
    whole: bytes,
    verifier: Verifier,
) -> None:
    shown = verifier.verify_record(part(whole, *numbers, with_name=with_name), at=AT)
    assert shown.partial == (len(numbers) < 15 or not with_name)
    assert shown.learner == (record().learner if with_name else None)
    for number, (one, expected) in enumerate(zip(shown.results, record().results, strict=True), 1):
        assert one == (expected if number in numbers else expected.withheld())
    assert (shown.code, shown.id) == (verifier.verify_record(whole, at=AT).code, record().id)


def test_bytes_and_bundle_are_the_same_record(whole: bytes, verifier: Verifier) -> None:
    bundle = Bundle(whole.decode())
    assert (
        verifier.verify_record(whole, at=AT)
        == verifier.verify_record(bundle, at=AT)
        == verifier.verify_record(bundle.encode(), at=AT)
    )


def test_a_verifier_may_see_both_kinds_in_any_order(either: World, whole: bytes) -> None:
    seen = Verifier(either.trust)
    documents = {"record": whole, "certificate": either.document()}
    for kind in ("record", "certificate", "record"):
        assert seen.report(documents[kind], at=AT).kind == kind
        assert seen.report(documents[kind], at=AT)


# disclosures with a fault, at the step and with the reason of their row


def resigned(world: World, *changes: tuple[int, str]) -> bytes:
    """A record that says something else, signed by the institution itself: values of disclosures,
    by number, with the digests that they have.
    """
    disclosures = list(encode_record(record(), salts())[1])
    for number, value in changes:
        disclosures[number] = Disclosure.write(salts()[number], value)
    return _sign_digests(world, disclosures)


def with_nested_result() -> tuple[bytes, list[Disclosure]]:
    """The payload and the disclosures of a record in which a result withholds something."""
    disclosures = list(encode_record(record(), salts())[1])
    disclosures[1] = Disclosure.write(salts()[1], '{"_sd":[]}')
    digests = tuple(one.digest for one in disclosures)
    return record()._replace(digests=digests).write(), disclosures


def _sign_digests(world: World, disclosures: list[Disclosure]) -> bytes:
    digests = tuple(one.digest for one in disclosures)
    return world.sign_record(record()._replace(digests=digests).write(), disclosures)


def with_segments(document: bytes, edit: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """The record with other disclosures behind the same JWT."""
    jwt, *segments, _ = document.split(b"~")
    return b"~".join([jwt, *edit(segments), b""])


def in_another_place(world: World) -> bytes:
    """Two digests signed in each other's place."""
    name, first, second, *rest = encode_record(record(), salts())[1]
    return _sign_digests(world, [name, second, first, *rest])


RESULT = '"type":["Result"],"resultDescription":"urn:uuid:9b1f6c0d-2a47-4d3e-8f65-7c0e9a5d1b24#1"'
SALT = b64url_bytes(bytes(16))
CLAIM = b64url_bytes(b'["%b","iss","%b"]' % (SALT, OTHER.encode()))
FOREIGN = Disclosure.write(bytes(16), '{"type":["Result"]}').segment

#: What is wrong, the step that finds it, and the finer reason.
FAULTS: dict[str, tuple[Callable[[World, bytes], bytes], int, str]] = {
    "no ~ behind the JWT": (lambda _, whole: jwt_of(whole), 1, "typ-unexpected"),
    "no ~ behind the last disclosure": (lambda _, whole: whole[:-1], 1, "key-binding"),
    "a key binding": (lambda _, whole: whole + jwt_of(whole), 1, "key-binding"),
    "an empty disclosure": (lambda _, whole: whole + b"~", 1, "not-json"),
    "a disclosure twice": (
        lambda _, whole: with_segments(whole, lambda all_: [*all_, all_[0]]),
        1,
        "disclosure-twice",
    ),
    "too many": (
        lambda _, whole: with_segments(whole, lambda all_: all_ * 9),
        1,
        "too-large",
    ),
    "too much": (lambda _, whole: whole + b"A" * 65536, 1, "too-large"),
    "another order": (
        lambda _, whole: with_segments(whole, lambda all_: all_[::-1]),
        1,
        "disclosure-order",
    ),
    "a foreign one": (
        lambda _, whole: with_segments(whole, lambda all_: [*all_[:-1], FOREIGN]),
        1,
        "disclosure-unknown",
    ),
    "one too many": (
        lambda _, whole: with_segments(whole, lambda all_: [*all_, FOREIGN]),
        1,
        "disclosure-unknown",
    ),
    "one of another record of the learner": (
        lambda world, whole: with_segments(
            whole, lambda all_: [*all_[:-1], another(world).split(b"~")[-2]]
        ),
        1,
        "disclosure-unknown",
    ),
    "all of another learner's record": (
        lambda world, whole: with_segments(whole, lambda _: another(world).split(b"~")[1:-1]),
        1,
        "disclosure-unknown",
    ),
    "another value": (
        lambda _, whole: with_segments(
            whole, lambda all_: [all_[0], written(f'{{{RESULT},"status":"Completed","value":"9"}}')]
        ),
        1,
        "disclosure-unknown",
    ),
    "a claim that would replace the issuer": (
        lambda _, whole: with_segments(whole, lambda all_: [*all_, CLAIM]),
        1,
        "disclosure-claim",
    ),
    "a short salt": (
        lambda _, whole: with_segments(
            whole, lambda all_: [*all_, b64url_bytes(b'["AAAA",{"type":["Result"]}]')]
        ),
        1,
        "disclosure-salt",
    ),
    "a text": (
        lambda _, whole: with_segments(
            whole, lambda all_: [*all_, b64url_bytes(b'["%b","FR"]' % SALT)]
        ),
        1,
        "disclosure-shape",
    ),
    "padding": (
        lambda _, whole: with_segments(whole, lambda all_: [*all_, FOREIGN + b"="]),
        1,
        "base64-padding",
    ),
    "no JSON, though signed": (
        lambda world, _: resigned(world, (1, "{},{}")),
        1,
        "not-json",
    ),
    "a space, though signed": (
        lambda world, _: resigned(world, (1, '{"type": ["Result"]}')),
        1,
        "not-canonical",
    ),
    "a member twice, though signed": (
        lambda world, _: resigned(world, (0, '{"a":1,"a":1}')),
        1,
        "duplicate-member",
    ),
    "no JSON, and another fault before it": (
        lambda world, _: resigned(world, (1, "{}"), (2, "{},{}")),
        1,
        "not-json",
    ),
    "a withheld claim in a disclosure": (
        lambda world, _: resigned(world, (1, '{"_sd":[]}')),
        4,
        "disclosure-nested",
    ),
    "a digest in a disclosure": (
        lambda world, _: resigned(world, (1, '{"...":"x"}')),
        4,
        "disclosure-nested",
    ),
    "a member of no result": (
        lambda world, _: resigned(world, (1, '{"grade":"A"}')),
        4,
        "term-undefined",
    ),
    "a result without a status": (
        lambda world, _: resigned(world, (1, f"{{{RESULT}}}")),
        4,
        "member-missing",
    ),
    "more than the maximum": (
        lambda world, _: resigned(world, (1, f'{{{RESULT},"status":"Completed","value":"11"}}')),
        4,
        "value-out-of-range",
    ),
    "a result in another's place": (lambda world, _: in_another_place(world), 4, "result-mismatch"),
    "the same result in two places": (
        lambda world, _: resigned(world, (2, f'{{{RESULT},"status":"Completed","value":"1"}}')),
        4,
        "result-mismatch",
    ),
    "a blank name": (
        lambda world, _: resigned(
            world,
            (
                0,
                '{"type":"IdentityObject","hashed":false,"identityHash":" ","identityType":"name"}',
            ),
        ),
        4,
        "text-blank",
    ),
    "a digest twice": (
        lambda world, _: world.sign_record(record()._replace(digests=("A" * 43,) * 16).write()),
        4,
        "disclosure-twice",
    ),
    "a digest too few": (
        lambda world, whole: world.sign_record(
            record()._replace(digests=signed(whole).digests[:-1]).write()
        ),
        4,
        "result-mismatch",
    ),
    "another algorithm for digests": (
        lambda world, whole: world.sign_record(
            signed(whole).write().replace(b'"sha-256"', b'"sha-384"')
        ),
        4,
        "sd-alg",
    ),
    "a withheld claim in the payload": (
        lambda world, whole: world.sign_record(signed(whole).write()[:-1] + b',"_sd":["x"]}'),
        4,
        "disclosure-nested",
    ),
    "no final score": (
        lambda world, whole: world.sign_record(
            signed(whole).write().replace(b'"final score"', b'"final mark"')
        ),
        4,
        "final-score-count",
    ),
    "a payload that is no JSON": (
        lambda world, whole: world.sign_record(signed(whole).write()[:-1]),
        1,
        "not-json",
    ),
    "a payload with a space": (
        lambda world, whole: world.sign_record(signed(whole).write() + b" "),
        1,
        "not-canonical",
    ),
}


def written(value: str) -> bytes:
    """A disclosure in which only the value is another one."""
    return Disclosure.write(salts()[1], value).segment


def another(world: World) -> bytes:
    """Another learner's record, from the same course."""
    other = record()._replace(
        id="11111111-2222-4333-8444-555555555555", learner="Somebody Else", status_index=5
    )
    payload, disclosures = encode_record(other, [salt[::-1] for salt in salts()])
    return world.sign_record(payload, disclosures)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_record_is_found_at_its_step(
    name: str, either: World, whole: bytes, verifier: Verifier
) -> None:
    edit, step, detail = FAULTS[name]
    document = edit(either, whole)
    assert document != whole
    for kind in KINDS:
        found = verifier.report(document, at=AT, kind=kind)
        assert not found
        assert found.verdict is Verdict.NOT_AUTHENTIC
        assert (found.decisive.step, found.decisive.detail) == (step, detail)
        assert found.reason == ("malformed-document" if step == 1 else "claims-inconsistent")
        assert found.credential is found.unverified_claims() is None
        assert letters(found) == ("F" + "m" * 9 if step == 1 else "pppFnmnm--")
        assert found.decisive.technical
    with pytest.raises(RejectedError) as caught:
        verifier.verify_record(document, at=AT)
    assert (caught.value.step, caught.value.detail) == (step, detail)


def test_a_disclosure_with_a_fault_has_its_place_in_front(
    either: World, whole: bytes, verifier: Verifier
) -> None:
    for name, begin in {
        "another order": "disclosure 2: ",
        "one too many": "disclosure 17: ",
        "a claim that would replace the issuer": "disclosure 17: ",
        "no JSON, though signed": "disclosure 2: ",
        "no JSON, and another fault before it": "disclosure 3: ",
        "more than the maximum": "results[1].value: ",
        "a result in another's place": "credentialSubject.result[0].resultDescription: ",
        "a digest too few": "credentialSubject.result: ",
    }.items():
        found = verifier.report(FAULTS[name][0](either, whole), at=AT)
        assert found.decisive.technical.startswith(begin), name


# one kind in the place of the other


def typ_and_payload(world: World) -> dict[str, tuple[bytes, int, str]]:
    """Each payload under each ``typ``, with and without ~, all signed by the genuine key; with the
    step that refuses it and why.
    """
    payload, disclosures = encode_record(record(), salts())
    certificate = credential().encode()
    as_record = world.header(typ=RECORD_TYPE)
    rows: dict[str, tuple[bytes, int, str]] = {
        "a certificate as a record": (
            world.sign_record(certificate),
            4,
            "member-unknown",
        ),
        "a certificate as a record, without ~": (
            world.sign(certificate, as_record),
            1,
            "typ-unexpected",
        ),
        "a record as a record, without ~": (world.sign(payload, as_record), 1, "typ-unexpected"),
        "a certificate with a ~": (world.document() + b"~", 1, "typ-unexpected"),
        "a certificate with disclosures": (
            serialize_sd_jwt(world.document(), disclosures),
            1,
            "typ-unexpected",
        ),
    }
    for typ in ("JWT", "vc+jwt", None):
        header = world.header(typ=typ)
        rows[f"a record as {typ}"] = (world.sign(payload, header), 4, "member-unknown")
        rows[f"a record as {typ}, with its disclosures"] = (
            serialize_sd_jwt(world.sign(payload, header), disclosures),
            1,
            "typ-unexpected",
        )
    for typ in ("sd-jwt", "dc+sd-jwt", "VC+SD-JWT", "vc+sd-jwt ", "application/vc+sd-jwt", ""):
        rows[f"a certificate as {typ!r}"] = (
            world.sign(certificate, world.header(typ=typ)),
            1,
            "typ-unexpected",
        )
        rows[f"a record as {typ!r}"] = (
            world.sign_record(payload, disclosures, world.header(typ=typ)),
            1,
            "typ-unexpected",
        )
    return rows


MIXED = list(typ_and_payload(make_world()))


@pytest.mark.parametrize("name", MIXED)
def test_typ_and_payload_and_serialisation_go_together(
    name: str, either: World, verifier: Verifier
) -> None:
    document, step, detail = typ_and_payload(either)[name]
    found = verifier.report(document, at=AT)
    assert (found.decisive.step, found.decisive.detail) == (step, detail)
    assert found.verdict is Verdict.NOT_AUTHENTIC
    for verify in (verifier.verify, verifier.verify_record):
        with pytest.raises(RejectedError) as caught:
            verify(document, at=AT)
        assert caught.value.step in (1, step)


def test_a_kind_that_is_not_wanted_is_refused_at_once(
    either: World, whole: bytes, verifier: Verifier
) -> None:
    wanted: list[tuple[bytes, Kind, Callable[..., object]]] = [
        (whole, "certificate", verifier.verify),
        (either.document(), "record", verifier.verify_record),
    ]
    for document, kind, verify in wanted:
        found = verifier.report(document, at=AT, kind=kind)
        assert letters(found) == "F" + "m" * 9
        assert (found.reason, found.decisive.detail) == ("malformed-document", "typ-unexpected")
        other = "record" if kind == "certificate" else "certificate"
        assert found.decisive.technical == (
            f"header.typ: this is a course {other}, and a course {kind} is wanted"
        )
        assert found.kind == kind
        with pytest.raises(RejectedError) as caught:
            verify(document, at=AT)
        assert (caught.value.step, caught.value.detail) == (1, "typ-unexpected")


def test_a_kind_is_refused_before_a_key_is_looked_for(whole: bytes) -> None:
    nobody = Verifier(make_world().trust)
    found = nobody.report(whole, at=AT, kind="certificate")
    assert (found.decisive.step, found.decisive.detail) == (1, "typ-unexpected")


def test_a_report_says_what_it_is_about(either: World, whole: bytes, verifier: Verifier) -> None:
    stranger = Verifier(make_world().trust)
    assert stranger.report(whole, at=AT).kind == "record"
    assert stranger.report(either.document(), at=AT).kind == "certificate"
    assert verifier.report(whole + b"x", at=AT).kind == "record"
    assert verifier.report(either.document() + b"x", at=AT).kind == "certificate"
    assert verifier.report(b"", at=AT).kind == "certificate"
    assert verifier.report(b"", at=AT, kind="record").kind == "record"


def test_words_are_about_what_was_wanted(either: World, whole: bytes, verifier: Verifier) -> None:
    with pytest.raises(RejectedError, match="looks like a course record") as caught:
        verifier.verify_record(either.document(), at=AT)
    assert "looks like a course certificate" not in str(caught.value)
    with pytest.raises(RejectedError, match="looks like a course certificate"):
        verifier.verify(whole, at=AT)


# the other steps, as of a certificate


def row(
    world: World,
    steps: str,
    reason: str | None,
    document: bytes | Bundle | None = None,
    **given_: Any,  # noqa: ANN401 - trust, policy, at and code
) -> tuple[Report, str, str | None]:
    """A report, and what is expected of it."""
    verifier = Verifier(given_.pop("trust", world.trust), given_.pop("policy", None))
    at = given_.pop("at", AT)
    found = verifier.report(document or world.record(), at=at, **given_)
    return found, steps, reason


def rows(world: World) -> dict[str, tuple[Report, str, str | None]]:
    """Every outcome of the steps that have to do with the key, the place and the time."""
    whole = world.record()
    partial = part(whole, 1, 15, with_name=False)
    code = code_of(jwt_of(whole))
    stranger = make_world()
    payload, disclosures = encode_record(record(), salts())
    unknown = stranger.header(typ=RECORD_TYPE, kid=key_url(ISSUER, stranger.key.public_key))
    elsewhere = world.record(record()._replace(issuer=OTHER))
    ending = world.record(record()._replace(valid_until=UNTIL))
    jwt, _, rest = whole.partition(b"~")
    broken = jwt[:-9] + (b"A" if jwt[-9:-8] != b"A" else b"B") + jwt[-8:] + b"~" + rest
    snapshot = replace(world.manifest.keys[0], role="snapshot")
    status = trust_of(replace(world.manifest, status=StatusPolicy(60)), world)
    other = "ES256" if world.key.algorithm == "Ed25519" else "Ed25519"
    return {
        "unknown key": row(
            world, "pUmpmmmm--", "unknown-key", stranger.sign_record(payload, disclosures, unknown)
        ),
        "unknown issuer": row(
            world,
            "pUmpmmmm--",
            "unknown-issuer",
            stranger.sign_record(
                *encode_record(record()._replace(issuer=OTHER), salts()),
                stranger.header(typ=RECORD_TYPE, kid=key_url(OTHER, stranger.key.public_key)),
            ),
        ),
        "another institution": row(world, "pFmpmmmm--", "key-not-authorised", elsewhere),
        "another role": row(
            world,
            "pFmpmmmm--",
            "key-not-authorised",
            trust=trust_of(replace(world.manifest, keys=(snapshot,)), world),
        ),
        "another algorithm": row(
            world,
            "pFmpmmmm--",
            "key-not-authorised",
            world.sign_record(payload, disclosures, world.header(typ=RECORD_TYPE, alg=other)),
        ),
        "a fork": row(world, "pUmpmmmm--", "trust-fork", trust=forked(world)),
        "unknown key and a fault": row(
            world, "pmmFmmmm--", "claims-inconsistent", stranger.sign_record(b"{}", (), unknown)
        ),
        "unknown key and a digest too few": row(
            world,
            "pmmFmmmm--",
            "claims-inconsistent",
            stranger.sign_record(record()._replace(digests=("A" * 43,)).write(), (), unknown),
        ),
        "unknown key and a disclosure with a fault": row(
            world,
            "pmmFmmmm--",
            "claims-inconsistent",
            stranger.sign_record(*with_nested_result(), unknown),
        ),
        "a broken signature": row(world, "ppFpnmnm--", "bad-signature", broken),
        "a broken signature of a part": row(
            world, "ppFpnmnm--", "bad-signature", part(broken, 1, with_name=False)
        ),
        "its course": row(world, "ppppnpnp--", None, Bundle(partial.decode(), course().text)),
        "another course": row(
            world, "pppUnpnp--", "course-digest-mismatch", Bundle(whole.decode(), "{}")
        ),
        "a damaged course": row(
            world,
            "pppUnpnp--",
            "course-digest-mismatch",
            Bundle(whole.decode(), damaged=("course",)),
        ),
        "a log and no proof": row(world, "pppp-pnp--", None, trust=with_log(world)),
        "a log and a proof": row(
            world,
            "ppppUpnp--",
            "proof-invalid",
            Bundle(whole.decode(), proof="p"),
            trust=with_log(world),
        ),
        "retired": row(world, "ppppnpnp--", None, trust=world.with_state("retired")),
        "void": row(world, "ppppnFnp--", "key-void", partial, trust=world.with_state("void")),
        "pre-published": row(
            world, "ppppnUnp--", "key-pre-published", trust=world.with_state("pre-published")
        ),
        "compromised": row(
            world, "ppppnUnp--", "proof-missing", trust=world.with_state("compromised")
        ),
        "logged required": row(
            world,
            "ppppnUnp--",
            "proof-missing",
            trust=world.with_state("active", logged="required"),
        ),
        "status lists": row(world, "ppppnpUp--", "status-unknown", trust=status),
        "not yet": row(
            world, "ppppnpnS--", "not-yet-valid", partial, at=ISSUED - timedelta(seconds=1)
        ),
        "in its first second": row(world, "ppppnpnp--", None, at=ISSUED),
        "in its last second": row(
            world, "ppppnpnp--", None, ending, at=UNTIL - timedelta(microseconds=1)
        ),
        "expired": row(world, "ppppnpnS--", "expired", part(ending, 1), at=UNTIL),
        "its code": row(world, "ppppnpnpp-", None, code=code),
        "its code, of a part": row(world, "ppppnpnpp-", None, partial, code=code),
        "the code of its certificate": row(
            world, "ppppnpnpF-", "code-mismatch", code=code_of(world.document())
        ),
        "its learner": row(world, "ppppnpnp-p", None, policy=Policy(learner=str(record().learner))),
        "another learner": row(
            world, "ppppnpnp-F", "policy-learner", policy=Policy(learner="Somebody")
        ),
        "a learner, and no name is shown": row(
            world,
            "ppppnpnp-U",
            "learner-withheld",
            partial,
            policy=Policy(learner=str(record().learner)),
        ),
        "any learner, and no name is shown": row(
            world, "ppppnpnp-U", "learner-withheld", partial, policy=Policy(learner="")
        ),
        "issuer and course, and no name is shown": row(
            world, "ppppnpnp-p", None, partial, policy=Policy(issuer=ISSUER, course=course().id)
        ),
        "another course was asked for, and no name is shown": row(
            world,
            "ppppnpnp-F",
            "policy-course",
            partial,
            policy=Policy(course="other", learner="Somebody"),
        ),
        "another issuer was asked for, and no name is shown": row(
            world,
            "ppppnpnp-F",
            "policy-issuer",
            partial,
            policy=Policy(issuer=OTHER, learner="Somebody"),
        ),
        "stale trust": row(
            world, "ppppnpnp-U", "trust-stale", policy=Policy(max_trust_age=timedelta(1))
        ),
        "no name of one that was revoked by its key": row(
            world,
            "ppppnFnp-U",
            "key-void",
            partial,
            trust=world.with_state("void"),
            policy=Policy(learner="Somebody"),
        ),
    }


ROWS = list(rows(make_world()))


@pytest.fixture(scope="module")
def table(either: World) -> dict[str, tuple[Report, str, str | None]]:
    return rows(either)


@pytest.mark.parametrize("name", ROWS)
def test_steps_have_the_outcomes_of_their_row(
    name: str, table: dict[str, tuple[Report, str, str | None]]
) -> None:
    found, steps, reason = table[name]
    assert letters(found) == steps
    assert found.reason == reason
    assert found.kind == "record"
    genuine = steps[:3] == "ppp" and steps[5] == "p"
    assert (found.credential is not None) == genuine
    assert genuine or found.course is None


def test_a_withheld_name_leaves_it_undecided(either: World, whole: bytes) -> None:
    asking = Verifier(either.trust, Policy(learner="Somebody"))
    with pytest.raises(UndecidedError) as caught:
        asking.verify_record(part(whole, 1, with_name=False), at=AT)
    assert (caught.value.reason, caught.value.step) == ("learner-withheld", 10)
    assert asking.report(part(whole, 1, with_name=False), at=AT).checks[9].technical == (
        "the record does not show a name"
    )


def test_a_course_is_shown_only_if_it_is_the_one_that_was_signed(
    table: dict[str, tuple[Report, str, str | None]],
) -> None:
    assert table["its course"][0].course == course().text
    assert table["another course"][0].course is None


def test_the_code_of_a_record_covers_the_jwt_alone(whole: bytes, verifier: Verifier) -> None:
    expected = code_of(jwt_of(whole))
    parts = [whole, part(whole, 3), part(whole, with_name=False), jwt_of(whole) + b"~"]
    for document in parts:
        assert str(verifier.report(document, at=AT).code) == expected
        assert str(verifier.verify_record(document, at=AT, code=expected).code) == expected


def test_a_moment_without_a_time_zone_is_refused(whole: bytes, verifier: Verifier) -> None:
    naive = datetime(2026, 8, 1, 12, 0)  # noqa: DTZ001 - that is the point
    with pytest.raises(ConfigurationError):
        verifier.verify_record(whole, at=naive)


# what ``verify_record`` returns

SIGNED = record()._replace(
    started=date(2026, 5, 11),
    valid_until=ISSUED + timedelta(days=100),
    issuer_name="Another name",
    version=3,
    digest="sha256-" + "A" * 43 + "=",
    certificate_digest="sha256-" + "B" * 42 + "A=",
)

#: Where each signed field is shown.
SHOWN: dict[str, Callable[[VerifiedRecord], object]] = {
    "id": lambda shown: shown.id,
    "title": lambda shown: shown.course.title,
    "issuer": lambda shown: shown.issuer.id,
    "valid_from": lambda shown: shown.issued,
    "valid_until": lambda shown: shown.valid_until,
    "learner": lambda shown: shown.learner,
    "started": lambda shown: shown.started,
    "completed": lambda shown: shown.completed,
    "course": lambda shown: shown.course.id,
    "version": lambda shown: shown.course.version,
    "description": lambda shown: shown.course.description,
    "narrative": lambda shown: shown.course.criteria,
    "digest": lambda shown: shown.course.digest,
    "certificate": lambda shown: shown.certificate,
    "results": lambda shown: shown.results,
    "certificate_digest": lambda shown: shown.signed.certificate_digest,
    "issuer_name": lambda shown: shown.signed.issuer_name,
    "subject": lambda shown: shown.signed.subject,
    "status_list": lambda shown: shown.signed.status_list,
    "status_index": lambda shown: shown.signed.status_index,
    "digests": lambda shown: shown.signed.digests,
}


def test_every_signed_field_is_shown() -> None:
    assert set(SHOWN) == set(RecordCredential._fields)


@pytest.mark.parametrize("field", SHOWN)
def test_a_field_is_shown_as_it_was_signed(field: str, either: World, verifier: Verifier) -> None:
    for one in (SIGNED, record()):
        document = either.record(one)
        shown = verifier.verify_record(document, at=AT)
        assert SHOWN[field](shown) == getattr(signed(document), field)
        assert field == "digests" or getattr(signed(document), field) == getattr(one, field)


def test_issuer_and_course_are_as_of_a_certificate(either: World, verifier: Verifier) -> None:
    document = Bundle(
        either.record(record()._replace(issuer_name="Harvard")).decode(), course().text
    )
    shown = verifier.verify_record(document, at=AT)
    assert (shown.issuer.id, shown.issuer.name) == (ISSUER, NAME)
    assert shown.course.url == f"{ISSUER}/courses/{course().id}/1.json"
    assert shown.course.text == course().text
    assert verifier.verify_record(document._replace(course=None), at=AT).course.text is None


def test_a_record_belongs_to_its_certificate(either: World, verifier: Verifier) -> None:
    shown = verifier.verify_record(either.record(), at=AT)
    certificate = verifier.verify(either.document(), at=AT)
    assert shown.certificate == certificate.id
    assert shown.id != certificate.id
    assert shown.code != certificate.code
    assert shown.signed.subject != certificate.signed.subject


def test_only_a_verifier_makes_what_is_verified() -> None:
    made: dict[str, set[str]] = {}
    for path in Path(signedcert.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                made.setdefault(name, set()).add(path.name)
    for name in ("VerifiedCertificate", "VerifiedRecord"):
        assert made[name] == {"verifier.py"}
    assert made["Report"] == {"verifier.py", "paper.py"}  # the latter with nothing in it


# whatever is changed is refused


@pytest.mark.no_cover  # thousands of reports, most of which take one way
def test_the_lowest_bit_of_every_byte_counts(whole: bytes, verifier: Verifier) -> None:
    document = part(whole, 2, 15)
    for position, value in enumerate(document):
        changed = document[:position] + bytes([value ^ 1]) + document[position + 1 :]
        assert not verifier.report(changed, at=AT), position


def test_another_letter_in_a_disclosure_is_refused(whole: bytes, verifier: Verifier) -> None:
    """One that stays within base64url, so that more than the alphabet has to notice."""
    document = part(whole, 2, 15)
    for position in range(len(jwt_of(whole)), len(document)):
        letter = b"Q" if document[position] != ord("Q") else b"g"
        changed = document[:position] + letter + document[position + 1 :]
        assert not verifier.report(changed, at=AT), position


@settings(max_examples=300, deadline=None)
@given(share=SHARE, value=st.integers(0, 255))
def test_a_changed_byte_anywhere_is_refused(
    whole: bytes, verifier: Verifier, share: float, value: int
) -> None:
    position = int(share * len(whole))
    assume(value != whole[position])
    changed = whole[:position] + bytes([value]) + whole[position + 1 :]
    report = verifier.report(changed, at=AT)
    assert not report
    assert report.credential is None


@settings(deadline=None)
@given(share=SHARE, length=st.integers(1, 8))
def test_removed_bytes_are_refused(
    whole: bytes, verifier: Verifier, share: float, length: int
) -> None:
    position = int(share * len(whole))
    assert not verifier.report(whole[:position] + whole[position + length :], at=AT)


def test_a_truncated_record_is_refused_or_shows_less(whole: bytes, verifier: Verifier) -> None:
    """Between two disclosures, it is one that its learner could have made."""
    document = part(whole, 2, 15)
    ends = [i + 1 for i, byte in enumerate(document) if byte == ord("~")]
    accepted = [n for n in range(len(document)) if verifier.report(document[:n], at=AT)]
    assert accepted == ends[:-1]


@settings(deadline=None)
@given(payload=st.binary(max_size=200))
def test_any_payload_under_a_good_signature_leads_to_a_report(
    either: World, verifier: Verifier, payload: bytes
) -> None:
    report = verifier.report(either.sign_record(payload), at=AT)
    assert report.verdict is Verdict.NOT_AUTHENTIC
    assert report.decisive.step in (1, 4)


@settings(deadline=None)
@example(tail=b" \r\n")
@given(
    tail=st.binary(max_size=60) | st.lists(st.binary(max_size=30).map(b64url_bytes)).map(b"~".join)
)
def test_anything_behind_a_good_jwt_leads_to_a_report(
    whole: bytes, verifier: Verifier, tail: bytes
) -> None:
    report = verifier.report(jwt_of(whole) + b"~" + tail, at=AT)
    behind = tail.rstrip(b" \t\r\n")  # which is the file's, not the format's
    assert bool(report) == (not behind)
    if behind:
        assert report.verdict is Verdict.NOT_AUTHENTIC
        assert report.decisive.step == 1


def test_a_result_that_was_not_handed_in_is_not_one_that_is_withheld(
    whole: bytes, verifier: Verifier
) -> None:
    fourth = verifier.verify_record(whole, at=AT).results[3]
    assert fourth == CourseResult("quiz", Decimal(10), "Week 4", None, "Enrolled", None)
    withheld = verifier.verify_record(part(whole, 1), at=AT).results[3]
    assert (fourth.shown, withheld.shown) == (True, False)


def test_outcomes_are_reported_without_a_finer_reason_where_all_is_well(
    whole: bytes, verifier: Verifier
) -> None:
    for check in verifier.report(whole, at=AT).checks:
        assert check.outcome not in (Outcome.FAILED, Outcome.UNDECIDED, Outcome.NOT_STANDING)
        assert not check.detail
