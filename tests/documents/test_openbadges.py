"""Certificates as Open Badges: the rules of the profile, each with its reason."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signedcert.core.encoding import dump_json
from signedcert.documents.openbadges import (
    STATUS_LIST_SIZE,
    Credential,
    explain_credential,
    parse_credential,
    read_credential,
)
from signedcert.errors import Malformed, MalformedError
from tests.core.refusal import outcome, refused
from tests.documents.credentials import at, credentials, parent, paths
from tests.documents.edits import EDITS, rotate
from tests.reference import ISSUED, ISSUER, credential

FULL = credential()._replace(started=date(2026, 5, 1), valid_until=datetime(2030, 1, 1, tzinfo=UTC))
PAYLOAD = FULL.encode()


def document() -> Any:  # noqa: ANN401 - JSON is any
    """The payload with every optional member, parsed afresh."""
    return json.loads(PAYLOAD)


def with_value(path: str, value: object) -> bytes:
    """The payload with another value at a path."""
    changed = document()
    holder, last = parent(changed, path)
    holder[last] = value
    return dump_json(changed)


def without(path: str) -> bytes:
    """The payload without a member or element."""
    changed = document()
    holder, last = parent(changed, path)
    del holder[last]
    return dump_json(changed)


# round trips


@settings(max_examples=200)
@given(credentials)
def test_a_credential_survives_the_way_to_the_wire_and_back(made: Credential) -> None:
    payload = made.encode()
    assert parse_credential(payload) == made
    assert parse_credential(payload).encode() == payload
    assert read_credential(payload) == made


@settings(max_examples=50)
@given(credentials)
def test_the_payload_is_the_canonical_spelling_of_what_it_says(made: Credential) -> None:
    payload = made.encode()
    value = json.loads(payload)
    assert dump_json(value) == payload
    subject = value["credentialSubject"]
    assert subject["identifier"][0]["identityHash"] == made.learner
    assert value["iss"] == value["issuer"]["id"] == made.issuer
    assert value["sub"] == subject["id"] == f"urn:uuid:{made.subject}"
    assert value["jti"] == value["id"] == f"urn:uuid:{made.id}"
    assert value["nbf"] == int(made.valid_from.timestamp())
    assert ("exp" in value) == ("validUntil" in value) == (made.valid_until is not None)
    assert ("activityStartDate" in subject) == (made.started is not None)
    assert value["relatedResource"][0]["id"] == made.course_url


def test_members_stand_in_the_order_of_the_specification() -> None:
    assert list(document()) == [
        "@context",
        "id",
        "type",
        "name",
        "issuer",
        "validFrom",
        "validUntil",
        "credentialSubject",
        "relatedResource",
        "credentialStatus",
        "iss",
        "jti",
        "nbf",
        "sub",
        "exp",
    ]


def test_the_course_is_below_its_issuer() -> None:
    assert FULL.course_url == f"{ISSUER}/courses/operations-management/1.json"


# fields that do not fit, when writing


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "not-a-uuid"}, "wrong-value"),
        ({"id": FULL.id.upper()}, "wrong-value"),
        ({"subject": "5a0c1b7e-6f1d-1c58-9d38-0f3c1f5be6a1"}, "wrong-value"),
        ({"issuer": "http://a"}, "wrong-value"),
        ({"issuer": "https://learn.example.edu/"}, "wrong-value"),
        ({"title": ""}, "text-blank"),
        ({"title": "a" * 257}, "text-too-long"),
        ({"title": "a\nb"}, "not-json"),
        ({"title": "\ud800"}, "not-utf8"),
        ({"title": "e\u0301"}, "text-not-nfc"),
        ({"issuer_name": " "}, "text-blank"),
        ({"issuer_name": "a" * 257}, "text-too-long"),
        ({"learner": "a" * 513}, "text-too-long"),
        ({"learner": "a\u202eb"}, "text-bidi"),
        ({"learner": "a\x7fb"}, "text-control"),
        ({"description": "a" * 121}, "text-too-long"),
        ({"narrative": "a" * 121}, "text-too-long"),
        ({"narrative": ""}, "text-blank"),
        ({"course": "Operations"}, "wrong-value"),
        ({"course": "a" * 65}, "wrong-value"),
        ({"course": "../x"}, "wrong-value"),
        ({"version": 0}, "wrong-value"),
        ({"version": -1}, "wrong-value"),
        ({"version": 10**16}, "wrong-value"),
        ({"digest": "sha256-"}, "wrong-value"),
        ({"status_list": 0}, "wrong-value"),
        ({"status_list": -1}, "wrong-value"),
        ({"status_index": STATUS_LIST_SIZE}, "wrong-value"),
        ({"status_index": -1}, "wrong-value"),
        ({"started": FULL.completed + timedelta(days=1)}, "dates-reversed"),
        ({"valid_until": FULL.valid_from}, "validity-reversed"),
        ({"valid_until": FULL.valid_from - timedelta(seconds=1)}, "validity-reversed"),
        ({"valid_from": ISSUED.replace(microsecond=1)}, "not-canonical"),
        ({"valid_from": datetime(1969, 12, 31, tzinfo=UTC)}, "wrong-value"),
    ],
)
def test_a_field_that_does_not_fit_is_not_written(
    changes: dict[str, Any], reason: Malformed
) -> None:
    with refused(reason):
        FULL._replace(**changes).encode()


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    elsewhere = FULL._replace(valid_from=ISSUED.astimezone(timezone(timedelta(hours=2))))
    assert elsewhere.encode() == FULL._replace(valid_from=ISSUED).encode()


def test_a_time_without_zone_is_not_written() -> None:
    with pytest.raises(MalformedError) as caught:
        FULL._replace(valid_from=ISSUED.replace(tzinfo=None)).encode()
    assert caught.value.reason in {"not-canonical", "nbf-mismatch"}  # by the zone of the machine


def test_a_status_index_goes_up_to_the_last_of_its_list() -> None:
    last = FULL._replace(status_index=STATUS_LIST_SIZE - 1)
    assert parse_credential(last.encode()) == last


# payloads that are refused, when reading

REFUSED: list[tuple[str, bytes, Malformed, str | None]] = [
    ("a vc claim", with_value("vc", {}), "vc-claim", "vc"),
    (
        "a score below",
        with_value("credentialSubject.result", []),
        "score-in-certificate",
        "credentialSubject.result",
    ),
    (
        "a description of results",
        with_value("credentialSubject.achievement.resultDescription", []),
        "score-in-certificate",
        "credentialSubject.achievement.resultDescription",
    ),
    ("a score", with_value("score", 98), "score-in-certificate", "score"),
    ("a grade", with_value("grade", "A"), "score-in-certificate", "grade"),
    ("a final score", with_value("finalScore", 98), "score-in-certificate", "finalScore"),
    ("marks", with_value("issuer.marks", 98), "score-in-certificate", "issuer.marks"),
    ("evidence", with_value("evidence", []), "evidence-reserved", "evidence"),
    (
        "a term of the contexts",
        with_value("issuer.email", "a@b"),
        "member-unknown",
        "issuer.email",
    ),
    ("a registered claim", with_value("iat", 1), "member-unknown", "iat"),
    ("a term of nobody", with_value("learnerId", "7"), "term-undefined", "learnerId"),
    (
        "a term of nobody below",
        with_value("credentialStatus.x", "7"),
        "term-undefined",
        "credentialStatus.x",
    ),
    ("a proof", with_value("proof", {}), "member-unknown", "proof"),
    ("another issuer in iss", with_value("iss", "https://evil.example"), "iss-mismatch", "iss"),
    (
        "another issuer than iss",
        with_value("issuer.id", "https://evil.example"),
        "not-under-issuer",
        "credentialSubject.achievement.id",
    ),
    ("another jti", with_value("jti", f"urn:uuid:{FULL.subject}"), "jti-mismatch", "jti"),
    ("another sub", with_value("sub", f"urn:uuid:{FULL.id}"), "sub-mismatch", "sub"),
    ("another nbf", with_value("nbf", 1782901801), "nbf-mismatch", "nbf"),
    ("an nbf in quotes", with_value("nbf", "1782901800"), "wrong-type", "nbf"),
    ("an nbf that is true", with_value("nbf", value=True), "wrong-type", "nbf"),
    ("a negative nbf", with_value("nbf", -1), "wrong-value", "nbf"),
    ("another exp", with_value("exp", 1893456001), "exp-mismatch", "exp"),
    ("no exp", without("exp"), "exp-mismatch", "exp"),
    ("an exp without validUntil", without("validUntil"), "exp-mismatch", "exp"),
    (
        "another course title",
        with_value("credentialSubject.achievement.name", "Another"),
        "name-mismatch",
        "credentialSubject.achievement.name",
    ),
    (
        "a course of another institution",
        with_value("credentialSubject.achievement.id", "https://evil.example/courses/x"),
        "not-under-issuer",
        "credentialSubject.achievement.id",
    ),
    (
        "a document of another course",
        with_value("relatedResource[0].id", f"{ISSUER}/courses/another/1.json"),
        "not-under-issuer",
        "relatedResource[0].id",
    ),
    (
        "a document elsewhere",
        with_value("relatedResource[0].id", f"{ISSUER}/1.json"),
        "wrong-value",
        "relatedResource[0].id",
    ),
    (
        "version 0",
        with_value("relatedResource[0].id", f"{ISSUER}/courses/operations-management/0.json"),
        "wrong-value",
        "relatedResource[0].id",
    ),
    (
        "a status list of another institution",
        with_value(
            "credentialStatus.statusListCredential",
            "https://evil.example/.well-known/signedcert/status/1",
        ),
        "status-mismatch",
        "credentialStatus.statusListCredential",
    ),
    (
        "status list 0",
        with_value(
            "credentialStatus.statusListCredential", f"{ISSUER}/.well-known/signedcert/status/0"
        ),
        "wrong-value",
        None,
    ),
    (
        "an index beyond the list",
        with_value("credentialStatus.statusListIndex", str(STATUS_LIST_SIZE)),
        "wrong-value",
        "credentialStatus.statusListIndex",
    ),
    (
        "an index that is a number",
        with_value("credentialStatus.statusListIndex", 7),
        "wrong-type",
        "credentialStatus.statusListIndex",
    ),
    (
        "a status for suspension",
        with_value("credentialStatus.statusPurpose", "suspension"),
        "wrong-value",
        "credentialStatus.statusPurpose",
    ),
    ("no status", without("credentialStatus"), "member-missing", ""),
    ("no learner", without("credentialSubject.identifier"), "member-missing", "credentialSubject"),
    (
        "two learners",
        with_value(
            "credentialSubject.identifier", document()["credentialSubject"]["identifier"] * 2
        ),
        "wrong-value",
        "credentialSubject.identifier",
    ),
    (
        "a hashed learner",
        with_value("credentialSubject.identifier[0].hashed", value=True),
        "wrong-value",
        "credentialSubject.identifier[0].hashed",
    ),
    (
        "hashed as a number",
        with_value("credentialSubject.identifier[0].hashed", 0),
        "wrong-value",
        "credentialSubject.identifier[0].hashed",
    ),
    (
        "a blank learner",
        with_value("credentialSubject.identifier[0].identityHash", " "),
        "text-blank",
        "credentialSubject.identifier[0].identityHash",
    ),
    ("a blank title and course", PAYLOAD.replace(FULL.title.encode(), b" "), "text-blank", "name"),
    (
        "a long description",
        with_value("credentialSubject.achievement.description", "a" * 121),
        "text-too-long",
        "credentialSubject.achievement.description",
    ),
    (
        "a narrative not in NFC",
        with_value("credentialSubject.achievement.criteria.narrative", "e\u0301"),
        "text-not-nfc",
        "credentialSubject.achievement.criteria.narrative",
    ),
    (
        "a line break in a text",
        with_value("issuer.name", "a\nb"),
        "wrong-value",
        "issuer.name",
    ),
    (
        "another context",
        with_value("@context[1]", "https://x.example"),
        "wrong-value",
        "@context[1]",
    ),
    (
        "one more context",
        with_value("@context", [*document()["@context"], "x"]),
        "wrong-value",
        None,
    ),
    ("one context", with_value("@context", document()["@context"][0]), "wrong-type", "@context"),
    (
        "the types in another order",
        with_value("type", document()["type"][::-1]),
        "wrong-value",
        "type[0]",
    ),
    ("an issuer that is a text", with_value("issuer", ISSUER), "wrong-type", "issuer"),
    (
        "a month 13",
        with_value("credentialSubject.activityEndDate", "2026-13-01T00:00:00Z"),
        "wrong-value",
        "activityEndDate",
    ),
    (
        "a 30th of February",
        with_value("credentialSubject.activityStartDate", "2026-02-30T00:00:00Z"),
        "wrong-value",
        "activityStartDate",
    ),
    (
        "an hour of the day",
        with_value("credentialSubject.activityEndDate", "2026-06-30T12:00:00Z"),
        "wrong-value",
        "credentialSubject.activityEndDate",
    ),
    (
        "a start after the end",
        with_value("credentialSubject.activityStartDate", "2026-07-01T00:00:00Z"),
        "dates-reversed",
        "activityStartDate",
    ),
    (
        "an impossible validFrom",
        with_value("validFrom", "2026-06-31T00:00:00Z"),
        "wrong-value",
        "validFrom",
    ),
    (
        "an impossible validUntil",
        with_value("validUntil", "0000-01-01T00:00:00Z"),
        "wrong-value",
        "validUntil",
    ),
    (
        "midnight as hour 24",
        with_value("validFrom", "2026-06-30T24:00:00Z"),
        "wrong-value",
        "validFrom",
    ),
    ("an offset", with_value("validFrom", "2026-07-01T12:30:00+02:00"), "wrong-value", "validFrom"),
    ("a fraction", with_value("validFrom", "2026-07-01T10:30:00.0Z"), "wrong-value", "validFrom"),
    ("a validFrom that is null", with_value("validFrom", None), "wrong-type", "validFrom"),
    ("nothing", b"", "not-json", "payload"),
    ("an array", b"[]", "wrong-type", ""),
    ("an empty object", b"{}", "member-missing", ""),
    ("a space behind", PAYLOAD + b" ", "not-canonical", "payload"),
    ("a byte order mark", b"\xef\xbb\xbf" + PAYLOAD, "not-json", "payload"),
    ("a byte that is not UTF-8", PAYLOAD.replace(b"Mar", b"\xff"), "not-utf8", "payload"),
    ("an escape", PAYLOAD.replace(b'"Course"', b'"\\u0043ourse"'), "not-canonical", "payload"),
    ("a member twice", PAYLOAD[:-1] + b',"iss":"x"}', "duplicate-member", "payload"),
    ("a float", PAYLOAD.replace(b'"nbf":', b'"nbf":1.0,"x":'), "not-an-integer", "payload"),
    ("much too much", b" " * 65537, "too-large", "payload"),
]


@pytest.mark.parametrize(
    ("payload", "reason", "where"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_a_payload_is_refused(payload: bytes, reason: Malformed, where: str | None) -> None:
    with refused(reason, where):
        parse_credential(payload)


def test_a_validity_that_ends_at_once_is_refused() -> None:
    changed = document()
    changed["validUntil"], changed["exp"] = changed["validFrom"], changed["nbf"]
    with refused("validity-reversed", "validUntil"):
        parse_credential(dump_json(changed))


def test_a_hostile_member_name_is_shown_short_and_printable() -> None:
    changed = {**document(), "\x1b[2J\u202e" + "a" * 99: 1}
    error = outcome(parse_credential, dump_json(changed))
    assert isinstance(error, MalformedError)
    assert error.reason == "term-undefined"
    assert str(error).isprintable()
    assert len(error.where) <= 40


@pytest.mark.parametrize("path", paths(document()))
def test_no_member_or_element_can_be_left_out_but_a_start_date(path: str) -> None:
    result = outcome(parse_credential, without(path))
    if path == "credentialSubject.activityStartDate":
        assert result == FULL._replace(started=None)
    else:
        assert isinstance(result, MalformedError)


OBJECTS = ["", *(path for path in paths(document()) if isinstance(at(document(), path), dict))]


def test_the_certificate_has_eight_objects() -> None:
    assert len(OBJECTS) == 8


@pytest.mark.parametrize("path", OBJECTS)
def test_no_object_can_hold_one_more_member(path: str) -> None:
    changed = document()
    at(changed, path)["extra"] = 1
    with refused("term-undefined", f"{path}.extra".lstrip(".")):
        parse_credential(dump_json(changed))


@pytest.mark.parametrize("path", [path for path in OBJECTS if not path.endswith("criteria")])
def test_no_object_can_hold_its_members_in_another_order(path: str) -> None:
    changed = document()
    rotate(at(changed, path))
    with refused("member-order", path):
        parse_credential(dump_json(changed))


# the fast path and the slow one agree


def check_agreement(payload: bytes) -> None:
    """A payload is the spelling of what it says, or is refused; both ways say the same."""
    result = outcome(parse_credential, payload)
    fast = outcome(read_credential, payload)
    if isinstance(result, MalformedError):
        if fast is not None:
            assert isinstance(fast, MalformedError)
            assert fast.reason == result.reason
    else:
        assert fast == result
        assert result.encode() == payload
        assert explain_credential(json.loads(payload)).reason == "not-canonical"


@settings(max_examples=400, deadline=None)
@given(st.data(), st.sampled_from([FULL, credential()]))
def test_a_payload_with_changed_members_is_its_own_spelling_or_refused(
    data: st.DataObject, original: Credential
) -> None:
    changed = json.loads(original.encode())
    for edit in data.draw(st.lists(st.sampled_from(EDITS), max_size=3)):
        edit(data, changed)
    check_agreement(
        json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
    )


@settings(max_examples=300)
@given(st.data())
def test_a_payload_with_changed_bytes_is_its_own_spelling_or_refused(data: st.DataObject) -> None:
    changed = bytearray(PAYLOAD)
    for _ in range(data.draw(st.integers(1, 2))):
        position = data.draw(st.integers(0, len(changed)))
        changed[position : position + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=2)
            | st.sampled_from([b" ", b"\n", b"\\u0041", b"\\/", b'\\"', b"\\\\", b'"', b",", b"\\"])
        )
    check_agreement(bytes(changed))


@settings(max_examples=50)
@given(credentials, st.sampled_from([None, 1]), st.booleans())
def test_white_space_and_needless_escapes_are_refused(
    made: Credential,
    indent: int | None,
    ascii_only: bool,  # noqa: FBT001 - hypothesis fills it in
) -> None:
    payload = json.dumps(json.loads(made.encode()), indent=indent, ensure_ascii=ascii_only).encode()
    check_agreement(payload)
    error = outcome(parse_credential, payload)
    assert isinstance(error, MalformedError)
    assert error.reason == "not-canonical"


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_are_refused(payload: bytes) -> None:
    check_agreement(payload)
    assert isinstance(outcome(parse_credential, payload), MalformedError)
