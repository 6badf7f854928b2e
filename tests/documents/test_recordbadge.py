"""Course records as Open Badges in an SD-JWT: the rules of the profile, each with its reason."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signedcert.core.encoding import b64url_bytes, dump_json
from signedcert.core.sdjwt import SDJWT, Disclosure
from signedcert.documents.openbadges import (
    STATUS_LIST_SIZE,
    parse_credential,
)
from signedcert.documents.record import FINAL_SCORE, CourseResult
from signedcert.documents.recordbadge import (
    RecordCredential,
    encode_record,
    explain_record,
    parse_record,
    parse_sd_jwt,
    present,
    read_record,
    reveal,
)
from signedcert.errors import IssueError, Malformed, MalformedError
from tests.core.refusal import outcome, refused
from tests.documents.credentials import at, parent, paths, records
from tests.documents.edits import EDITS, rotate
from tests.reference import ISSUED, ISSUER, World, credential, record, salts

FINAL = CourseResult(FINAL_SCORE, Decimal(100), None, Decimal("82.5"), achieved=date(2026, 6, 30))
QUIZ = CourseResult("quiz", Decimal(10), "Week 1", Decimal("9.5"), achieved=date(2026, 5, 20))
EXAM = CourseResult("final exam", Decimal(100), None, None, "Enrolled")
FULL = record()._replace(
    started=date(2026, 5, 1),
    valid_until=datetime(2030, 1, 1, tzinfo=UTC),
    results=(QUIZ, EXAM, FINAL),
)
PASSED: Any = "Passed"
PAYLOAD, DISCLOSURES = encode_record(FULL, salts(4))
WHOLE = FULL._replace(digests=tuple(one.digest for one in DISCLOSURES))


def withheld(whole: RecordCredential, *shown: int) -> RecordCredential:
    """The record of which these are shown: the name is 0, results are there by their numbers."""
    return whole._replace(
        learner=whole.learner if 0 in shown else None,
        results=tuple(
            one if number in shown else one.withheld()
            for number, one in enumerate(whole.results, 1)
        ),
    )


def read(payload: bytes) -> RecordCredential:
    """What a payload says together with all disclosures of the record."""
    return parse_record(payload, DISCLOSURES)


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


@settings(max_examples=150, deadline=None)
@given(records, st.data())
def test_a_record_survives_the_way_to_the_wire_and_back(
    made: RecordCredential, data: st.DataObject
) -> None:
    count = len(made.results) + 1
    payload, disclosures = encode_record(made, salts(count))
    whole = made._replace(digests=tuple(one.digest for one in disclosures))
    assert parse_record(payload, disclosures) == whole
    assert read_record(payload) == withheld(whole) == parse_record(payload, [])
    assert whole.write() == payload
    shown = sorted(data.draw(st.sets(st.integers(0, count - 1))))
    part = parse_record(payload, [disclosures[number] for number in shown])
    assert part == withheld(whole, *shown)
    assert part.partial == (len(shown) < count)
    assert part.write() == payload


@settings(max_examples=50, deadline=None)
@given(records)
def test_the_payload_and_the_disclosures_are_the_canonical_spelling_of_what_they_say(
    made: RecordCredential,
) -> None:
    payload, (name, *outcomes) = encode_record(made, salts(len(made.results) + 1))
    value = json.loads(payload)
    assert dump_json(value) == payload
    subject = value["credentialSubject"]
    assert value["sub"] == subject["id"] == f"urn:uuid:{made.subject}"
    assert value["jti"] == value["id"] == f"urn:uuid:{made.id}"
    assert subject["identifier"] == [{"...": name.digest}]
    assert subject["result"] == [{"...": one.digest} for one in outcomes]
    assert value["_sd_alg"] == "sha-256"
    assert json.loads(name.value)["identityHash"] == made.learner
    descriptions = subject["achievement"]["resultDescription"]
    for number, (result, described, shown) in enumerate(
        zip(made.results, descriptions, outcomes, strict=True), 1
    ):
        inner = json.loads(shown.value)
        assert dump_json(inner) == shown.value
        assert described["id"] == inner["resultDescription"] == f"urn:uuid:{made.id}#{number}"
        assert described["name"] == result.name
        assert Decimal(described["valueMax"]) == result.maximum
        assert inner["status"] == result.status
        assert ("value" in inner) == (result.value is not None)
        assert ("awardedDate" in inner) == (result.achieved is not None)
        assert inner.get("awardedDate", "None")[:10] == str(result.achieved)


def test_what_is_selectively_disclosed_is_nowhere_in_the_payload() -> None:
    """A value that a salt does not protect could be guessed from it."""
    for secret in (str(FULL.learner), "82.5", "9.5", "2026-05-20", "Enrolled", 'Completed"'):
        assert secret.encode() not in PAYLOAD


def test_a_disclosure_of_a_result_has_its_members_in_order() -> None:
    name, *outcomes = (one.value.decode() for one in DISCLOSURES)
    assert name == (
        '{"type":"IdentityObject","hashed":false,'
        '"identityHash":"María-José Nguyễn","identityType":"name"}'
    )
    begin = f'{{"type":["Result"],"resultDescription":"urn:uuid:{FULL.id}'
    assert outcomes == [
        f'{begin}#1","status":"Completed","value":"9.5","awardedDate":"2026-05-20T00:00:00Z"}}',
        f'{begin}#2","status":"Enrolled"}}',
        f'{begin}#3","status":"Completed","value":"82.5","awardedDate":"2026-06-30T00:00:00Z"}}',
    ]


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
        "_sd_alg",
    ]
    assert list(document()["credentialSubject"]) == [
        "id",
        "type",
        "identifier",
        "activityStartDate",
        "activityEndDate",
        "achievement",
        "result",
    ]


def test_the_certificate_and_the_course_are_related_resources() -> None:
    assert document()["relatedResource"] == [
        {
            "id": f"{ISSUER}/courses/operations-management/1.json",
            "digestSRI": FULL.digest,
            "mediaType": "application/json",
        },
        {
            "id": f"urn:uuid:{credential().id}",
            "digestSRI": FULL.certificate_digest,
            "mediaType": "application/vc+jwt",
        },
    ]
    assert FULL.course_url == document()["relatedResource"][0]["id"]


def test_each_disclosure_has_a_salt_of_its_own() -> None:
    assert [json.loads(_decoded(one))[0] for one in DISCLOSURES] == [
        b64url_bytes(salt).decode() for salt in salts(4)
    ]


def _decoded(one: Disclosure) -> bytes:
    value: bytes = b'["%b",%b]' % (b64url_bytes(salts(4)[DISCLOSURES.index(one)]), one.value)
    assert b64url_bytes(value) == one.segment
    return value


@pytest.mark.parametrize("count", [0, 3, 5])
def test_there_are_as_many_salts_as_disclosures(count: int) -> None:
    with pytest.raises(ValueError, match="zip"):
        encode_record(FULL, salts(count))


# fields that do not fit, when writing


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "not-a-uuid"}, "wrong-value"),
        ({"subject": FULL.subject.upper()}, "wrong-value"),
        ({"issuer": "https://learn.example.edu/"}, "wrong-value"),
        ({"title": ""}, "text-blank"),
        ({"title": "a\nb"}, "not-json"),
        ({"title": "\ud800"}, "not-utf8"),
        ({"issuer_name": "a" * 257}, "text-too-long"),
        ({"learner": None}, "text-blank"),
        ({"learner": " "}, "text-blank"),
        ({"learner": "a" * 513}, "text-too-long"),
        ({"learner": "a\u202eb"}, "text-bidi"),
        ({"learner": "e\u0301"}, "text-not-nfc"),
        ({"learner": "a\nb"}, "not-json"),
        ({"learner": "\ud800"}, "not-utf8"),
        ({"description": "a" * 121}, "text-too-long"),
        ({"narrative": "a" * 121}, "text-too-long"),
        ({"course": "../x"}, "wrong-value"),
        ({"version": 0}, "wrong-value"),
        ({"digest": "sha256-"}, "wrong-value"),
        ({"certificate": "not-a-uuid"}, "wrong-value"),
        ({"certificate_digest": "sha256-"}, "wrong-value"),
        ({"status_list": 0}, "wrong-value"),
        ({"status_index": STATUS_LIST_SIZE}, "wrong-value"),
        ({"started": FULL.completed + timedelta(days=1)}, "dates-reversed"),
        ({"valid_until": FULL.valid_from}, "validity-reversed"),
        ({"valid_from": ISSUED.replace(microsecond=1)}, "not-canonical"),
        ({"results": (QUIZ, EXAM, FINAL.withheld())}, "wrong-value"),
        ({"results": (QUIZ._replace(status=PASSED), EXAM, FINAL)}, "wrong-value"),
        ({"results": (QUIZ._replace(kind="a\nb"), EXAM, FINAL)}, "not-json"),
        ({"results": (QUIZ._replace(kind="a: b"), EXAM, FINAL)}, "not-canonical"),
        ({"results": (QUIZ._replace(value=Decimal(11)), EXAM, FINAL)}, "value-out-of-range"),
        ({"results": (QUIZ._replace(value=Decimal("NaN")), EXAM, FINAL)}, "wrong-value"),
        ({"results": (QUIZ._replace(maximum=Decimal(-1)), EXAM, FINAL)}, "wrong-value"),
        ({"results": (QUIZ._replace(value=Decimal("0.00001")), EXAM, FINAL)}, "wrong-value"),
        ({"results": (QUIZ._replace(achieved=ISSUED), EXAM, FINAL)}, "wrong-value"),
        ({"results": (QUIZ, QUIZ, FINAL)}, "result-twice"),
        ({"results": (QUIZ, EXAM, EXAM._replace(title="b"))}, "final-score-count"),
        ({"results": (FINAL._replace(value=None), EXAM, QUIZ)}, "member-missing"),
    ],
)
def test_a_field_that_does_not_fit_is_not_written(
    changes: dict[str, Any], reason: Malformed
) -> None:
    with refused(reason):
        encode_record(FULL._replace(**changes), salts(4))


def test_no_record_is_without_results() -> None:
    with refused("wrong-value", "credentialSubject.achievement.resultDescription"):
        encode_record(FULL._replace(results=()), salts(1))


def many(count: int) -> RecordCredential:
    """A record of so many results."""
    quizzes = (QUIZ._replace(title=str(number)) for number in range(count - 1))
    return FULL._replace(results=(*quizzes, FINAL))


def test_up_to_100_results_are_written() -> None:
    payload, disclosures = encode_record(many(100), salts(101))
    assert len(parse_record(payload, disclosures).results) == 100
    with refused("wrong-value", "credentialSubject.achievement.resultDescription"):
        encode_record(many(101), salts(102))


def test_a_salt_of_another_length_is_not_written() -> None:
    with refused("disclosure-salt"):
        encode_record(FULL, [*salts(3), bytes(15)])


# payloads that are refused, when reading

SUBJECT = "credentialSubject"
DESCRIPTIONS = f"{SUBJECT}.achievement.resultDescription"
RESULTS = f"{SUBJECT}.result"
OTHER_ID = "urn:uuid:5a0c1b7e-6f1d-4c58-9d38-0f3c1f5be6a1"
DIGEST = WHOLE.digests[1]

REFUSED: list[tuple[str, bytes, Malformed, str | None]] = [
    # what SD-JWT adds
    ("another digest", with_value("_sd_alg", "sha-512"), "sd-alg", "_sd_alg"),
    ("a digest in upper case", with_value("_sd_alg", "SHA-256"), "sd-alg", "_sd_alg"),
    ("a digest that is null", with_value("_sd_alg", None), "sd-alg", "_sd_alg"),
    ("no digest", without("_sd_alg"), "member-missing", ""),
    (
        "a claim withheld",
        dump_json({**document(), "_sd": [DIGEST]}),
        "disclosure-nested",
        "_sd",
    ),
    (
        "a claim of the issuer withheld",
        with_value("issuer._sd", [DIGEST]),
        "disclosure-nested",
        "issuer._sd",
    ),
    (
        "a status withheld",
        with_value("credentialStatus._sd", [DIGEST]),
        "disclosure-nested",
        "credentialStatus._sd",
    ),
    (
        "a claim of the subject withheld",
        with_value(f"{SUBJECT}._sd", [DIGEST]),
        "disclosure-nested",
        f"{SUBJECT}._sd",
    ),
    (
        "a claim beside a withheld result",
        with_value(f"{RESULTS}[1]._sd", [DIGEST]),
        "disclosure-nested",
        f"{RESULTS}[1]._sd",
    ),
    (
        "an element withheld that is none",
        with_value("issuer", {"...": DIGEST}),
        "disclosure-nested",
        "issuer....",
    ),
    (
        "a description withheld",
        with_value(f"{DESCRIPTIONS}[0]", {"...": DIGEST}),
        "disclosure-nested",
        f"{DESCRIPTIONS}[0]....",
    ),
    (
        "a context withheld",
        with_value("@context[1]", {"...": DIGEST}),
        "wrong-value",
        "@context[1]",
    ),
    ("a type withheld", with_value("type[1]", {"...": DIGEST}), "wrong-value", "type[1]"),
    (
        "a related resource withheld",
        with_value("relatedResource[1]", {"...": DIGEST}),
        "disclosure-nested",
        "relatedResource[1]....",
    ),
    (
        "one related resource more, withheld",
        with_value("relatedResource", [*document()["relatedResource"], {"...": DIGEST}]),
        "wrong-value",
        "relatedResource",
    ),
    (
        "a digest twice",
        with_value(f"{RESULTS}[0]....", WHOLE.digests[2]),
        "disclosure-twice",
        RESULTS,
    ),
    (
        "the name's digest twice",
        with_value(f"{RESULTS}[0]....", WHOLE.digests[0]),
        "disclosure-twice",
        RESULTS,
    ),
    (
        "a digest with stray bits",
        with_value(f"{RESULTS}[0]....", "A" * 42 + "B"),
        "wrong-value",
        f"{RESULTS}[0]....",
    ),
    (
        "a digest in base64",
        with_value(f"{SUBJECT}.identifier[0]....", "+" * 42 + "A"),
        "wrong-value",
        f"{SUBJECT}.identifier[0]....",
    ),
    # results and their descriptions
    ("a digest less", without(f"{RESULTS}[2]"), "result-mismatch", RESULTS),
    (
        "a digest more, a decoy",
        with_value(RESULTS, [*document()[SUBJECT]["result"], {"...": "A" * 43}]),
        "result-mismatch",
        RESULTS,
    ),
    ("no digest at all", with_value(RESULTS, []), "wrong-value", RESULTS),
    ("a description less", without(f"{DESCRIPTIONS}[2]"), "result-mismatch", RESULTS),
    (
        "the first description missing",
        without(f"{DESCRIPTIONS}[0]"),
        "result-mismatch",
        f"{DESCRIPTIONS}[0].id",
    ),
    (
        "descriptions in another order",
        with_value(DESCRIPTIONS, document()[SUBJECT]["achievement"]["resultDescription"][::-1]),
        "result-mismatch",
        f"{DESCRIPTIONS}[0].id",
    ),
    (
        "a number twice",
        with_value(f"{DESCRIPTIONS}[1].id", f"urn:uuid:{FULL.id}#1"),
        "result-mismatch",
        f"{DESCRIPTIONS}[1].id",
    ),
    (
        "numbers from 0",
        with_value(f"{DESCRIPTIONS}[0].id", f"urn:uuid:{FULL.id}#0"),
        "result-mismatch",
        f"{DESCRIPTIONS}[0].id",
    ),
    (
        "a number with a zero in front",
        with_value(f"{DESCRIPTIONS}[0].id", f"urn:uuid:{FULL.id}#01"),
        "wrong-value",
        f"{DESCRIPTIONS}[0].id",
    ),
    (
        "a description of another record",
        with_value(f"{DESCRIPTIONS}[2].id", f"{OTHER_ID}#3"),
        "result-mismatch",
        f"{DESCRIPTIONS}[2].id",
    ),
    (
        "a description without a number",
        with_value(f"{DESCRIPTIONS}[0].id", f"urn:uuid:{FULL.id}"),
        "wrong-value",
        f"{DESCRIPTIONS}[0].id",
    ),
    (
        "a maximum of 0",
        with_value(f"{DESCRIPTIONS}[0].valueMax", "0"),
        "value-out-of-range",
        "results[1].maximum",
    ),
    (
        "a maximum that is a number",
        with_value(f"{DESCRIPTIONS}[0].valueMax", 10),
        "wrong-type",
        f"{DESCRIPTIONS}[0].valueMax",
    ),
    (
        "a maximum in another spelling",
        with_value(f"{DESCRIPTIONS}[1].valueMax", "100.0"),
        "wrong-value",
        f"{DESCRIPTIONS}[1].valueMax",
    ),
    (
        "a negative maximum",
        with_value(f"{DESCRIPTIONS}[1].valueMax", "-1"),
        "wrong-value",
        f"{DESCRIPTIONS}[1].valueMax",
    ),
    (
        "a percentage",
        with_value(f"{DESCRIPTIONS}[1].resultType", "Percent"),
        "wrong-value",
        f"{DESCRIPTIONS}[1].resultType",
    ),
    (
        "a name twice",
        with_value(f"{DESCRIPTIONS}[1].name", QUIZ.name),
        "result-twice",
        "results[2]",
    ),
    ("a blank name", with_value(f"{DESCRIPTIONS}[0].name", " "), "text-blank", "results[1]"),
    (
        "a blank title",
        with_value(f"{DESCRIPTIONS}[0].name", "quiz:  "),
        "text-blank",
        "results[1].title",
    ),
    (
        "a long name",
        with_value(f"{DESCRIPTIONS}[0].name", "a" * 257),
        "text-too-long",
        "results[1]",
    ),
    (
        "no final score",
        with_value(f"{DESCRIPTIONS}[2].name", "final mark"),
        "final-score-count",
        "results",
    ),
    (
        "two final scores",
        with_value(f"{DESCRIPTIONS}[0].name", "final score: b"),
        "final-score-count",
        "results",
    ),
    (
        "a required value",
        with_value(f"{DESCRIPTIONS}[0].requiredValue", "5"),
        "member-unknown",
        f"{DESCRIPTIONS}[0].requiredValue",
    ),
    (
        "a result that is not withheld",
        with_value(f"{RESULTS}[0]", json.loads(DISCLOSURES[1].value)),
        "member-unknown",
        f"{RESULTS}[0].type",
    ),
    (
        "a name that is not withheld",
        with_value(f"{SUBJECT}.identifier[0]", json.loads(DISCLOSURES[0].value)),
        "member-unknown",
        f"{SUBJECT}.identifier[0].type",
    ),
    # what a certificate has too
    ("another issuer claim", with_value("iss", "https://a"), "iss-mismatch", "iss"),
    ("another id claim", with_value("jti", OTHER_ID), "jti-mismatch", "jti"),
    ("another subject claim", with_value("sub", OTHER_ID), "sub-mismatch", "sub"),
    ("another nbf", with_value("nbf", 1782901801), "nbf-mismatch", "nbf"),
    ("another exp", with_value("exp", 1), "exp-mismatch", "exp"),
    ("no exp", without("exp"), "exp-mismatch", "exp"),
    ("no validUntil", without("validUntil"), "exp-mismatch", "exp"),
    (
        "another title",
        with_value(f"{SUBJECT}.achievement.name", "Other"),
        "name-mismatch",
        f"{SUBJECT}.achievement.name",
    ),
    (
        "an achievement elsewhere",
        with_value(f"{SUBJECT}.achievement.id", "https://a/courses/operations-management"),
        "not-under-issuer",
        f"{SUBJECT}.achievement.id",
    ),
    (
        "a course document elsewhere",
        with_value("relatedResource[0].id", "https://a/courses/operations-management/1.json"),
        "not-under-issuer",
        "relatedResource[0].id",
    ),
    (
        "a status list elsewhere",
        with_value(
            "credentialStatus.statusListCredential", "https://a/.well-known/signedcert/status/1"
        ),
        "status-mismatch",
        "credentialStatus.statusListCredential",
    ),
    (
        "a certificate that is no UUID",
        with_value("relatedResource[1].id", f"{ISSUER}/certificate"),
        "wrong-value",
        "relatedResource[1].id",
    ),
    (
        "another media type of the certificate",
        with_value("relatedResource[1].mediaType", "application/json"),
        "wrong-value",
        "relatedResource[1].mediaType",
    ),
    ("a vc claim", dump_json({**document(), "vc": {}}), "vc-claim", "vc"),
    ("evidence", dump_json({**document(), "evidence": []}), "evidence-reserved", "evidence"),
    (
        "a holder's key",
        dump_json({**document(), "cnf": {}}),
        "member-unknown",
        "cnf",
    ),
    (
        "a start after the end",
        with_value(f"{SUBJECT}.activityStartDate", "2026-07-01T00:00:00Z"),
        "dates-reversed",
        "activityStartDate",
    ),
    (
        "a 30th of February",
        with_value(f"{SUBJECT}.activityStartDate", "2026-02-30T00:00:00Z"),
        "wrong-value",
        "activityStartDate",
    ),
    (
        "a month 13",
        with_value(f"{SUBJECT}.activityEndDate", "2026-13-01T00:00:00Z"),
        "wrong-value",
        "activityEndDate",
    ),
    (
        "an impossible validUntil",
        with_value("validUntil", "2026-06-31T00:00:00Z"),
        "wrong-value",
        "validUntil",
    ),
    (
        "an impossible validFrom",
        with_value("validFrom", "2026-06-31T00:00:00Z"),
        "wrong-value",
        "validFrom",
    ),
    (
        "a place beyond the list",
        with_value("credentialStatus.statusListIndex", str(STATUS_LIST_SIZE)),
        "wrong-value",
        "credentialStatus.statusListIndex",
    ),
    ("a blank institution", with_value("issuer.name", " "), "text-blank", "issuer.name"),
    (
        "a description not in NFC",
        with_value(f"{SUBJECT}.achievement.description", "e\u0301"),
        "text-not-nfc",
        f"{SUBJECT}.achievement.description",
    ),
    # spelling
    ("nothing", b"", "not-json", "payload"),
    ("an array", b"[]", "wrong-type", ""),
    ("an empty object", b"{}", "member-missing", ""),
    ("a space behind", PAYLOAD + b" ", "not-canonical", "payload"),
    ("a byte that is not UTF-8", PAYLOAD.replace(b"quiz", b"\xff"), "not-utf8", "payload"),
    ("an escape", PAYLOAD.replace(b"RawScore", b"\\u0052awScore"), "not-canonical", "payload"),
    ("a member twice", PAYLOAD[:-1] + b',"_sd_alg":"sha-256"}', "duplicate-member", "payload"),
    ("much too much", b" " * 65537, "too-large", "payload"),
    ("a certificate", credential().encode(), "member-unknown", f"{SUBJECT}.identifier[0].type"),
]


@pytest.mark.parametrize(
    ("payload", "reason", "where"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_a_payload_is_refused(payload: bytes, reason: Malformed, where: str | None) -> None:
    with refused(reason, where):
        parse_record(payload, [])


def test_a_record_is_no_certificate() -> None:
    with refused("member-unknown", "_sd_alg"):
        parse_credential(PAYLOAD)
    with refused("score-in-certificate", RESULTS):
        parse_credential(without("_sd_alg"))


PATHS = paths(document())
OBJECTS = ["", *(path for path in PATHS if isinstance(at(document(), path), dict))]
LEAVES = [path for path in PATHS if not isinstance(at(document(), path), (dict, list))]


def test_the_record_has_fifteen_objects() -> None:
    assert len(OBJECTS) == 15


@pytest.mark.parametrize("path", PATHS)
def test_no_member_or_element_can_be_left_out_but_a_start_date(path: str) -> None:
    result = outcome(read, without(path))
    if path == f"{SUBJECT}.activityStartDate":
        assert result == WHOLE._replace(started=None)
    else:
        assert isinstance(result, MalformedError)


@pytest.mark.parametrize("path", PATHS)
def test_no_value_can_have_another_type(path: str) -> None:
    value = at(document(), path)
    others: list[object] = [None, True, 7, "7", [], {}]
    for other in others:
        if type(other) is not type(value):
            error = outcome(read, with_value(path, other))
            assert isinstance(error, MalformedError)
            assert error.reason in {"wrong-type", "wrong-value", "sd-alg"}
            assert error.where == path


#: What the issuer may say in any words.
FREE = [
    "issuer.name",
    f"{SUBJECT}.achievement.description",
    f"{SUBJECT}.achievement.criteria.narrative",
    f"{DESCRIPTIONS}[0].name",
    f"{DESCRIPTIONS}[1].name",
]


@pytest.mark.parametrize("path", LEAVES)
def test_no_value_can_have_one_more_character_but_free_texts(path: str) -> None:
    value = at(document(), path)
    changed = with_value(path, value * 10 + 1 if isinstance(value, int) else f"{value[:99]}!")
    result = outcome(read, changed)
    if path in FREE:
        assert not isinstance(result, MalformedError)
        assert result != WHOLE
        assert result.write() == changed
    else:
        assert isinstance(result, MalformedError)


@pytest.mark.parametrize("path", OBJECTS)
def test_no_object_can_hold_one_more_member(path: str) -> None:
    changed = document()
    at(changed, path)["extra"] = 1
    with refused("term-undefined", f"{path}.extra".lstrip(".")):
        read(dump_json(changed))


ORDERED = [path for path in OBJECTS if len(at(document(), path)) > 1]


@pytest.mark.parametrize("path", ORDERED)
def test_no_object_can_hold_its_members_in_another_order(path: str) -> None:
    changed = document()
    rotate(at(changed, path))
    with refused("member-order", path):
        read(dump_json(changed))


def test_a_hostile_member_name_is_shown_short_and_printable() -> None:
    error = outcome(read, dump_json({**document(), "\x1b[2J\u202e" + "a" * 99: 1}))
    assert isinstance(error, MalformedError)
    assert error.reason == "term-undefined"
    assert str(error).isprintable()
    assert len(error.where) <= 40


# disclosures, under digests that were signed


def with_disclosed(number: int, value: bytes) -> RecordCredential:
    """The record of an issuer who has signed another value in the place of a disclosure."""
    changed = list(DISCLOSURES)
    changed[number] = Disclosure.write(salts(4)[number], value.decode("utf-8", "surrogateescape"))
    return _read_anew(changed)


def _read_anew(disclosures: Sequence[Disclosure]) -> RecordCredential:
    signed = WHOLE._replace(digests=tuple(one.digest for one in disclosures))
    return parse_record(signed.write(), disclosures)


def edited(number: int, **changes: object) -> bytes:
    """The value of a disclosure with other members; those that are None are gone."""
    members = json.loads(DISCLOSURES[number].value) | changes
    return dump_json({name: value for name, value in members.items() if value is not None})


QUIZ_PLACE = f"{RESULTS}[0]"
EXAM_PLACE = f"{RESULTS}[1]"
NAME_PLACE = f"{SUBJECT}.identifier[0]"

DISCLOSED: list[tuple[str, int, bytes, Malformed, str]] = [
    (
        "a result with withheld claims",
        1,
        edited(1, _sd=[DIGEST]),
        "disclosure-nested",
        f"{QUIZ_PLACE}._sd",
    ),
    (
        "a name with withheld claims",
        0,
        edited(0, _sd=[DIGEST]),
        "disclosure-nested",
        f"{NAME_PLACE}._sd",
    ),
    ("a digest as a result", 1, dump_json({"...": DIGEST}), "disclosure-nested", QUIZ_PLACE),
    ("a digest as a name", 0, dump_json({"...": DIGEST}), "disclosure-nested", NAME_PLACE),
    ("an algorithm", 1, edited(1, _sd_alg="sha-256"), "member-unknown", f"{QUIZ_PLACE}._sd_alg"),
    (
        "a status withheld",
        1,
        edited(1, status={"...": DIGEST}),
        "wrong-type",
        f"{QUIZ_PLACE}.status",
    ),
    (
        "a type withheld",
        1,
        edited(1, type=[{"...": DIGEST}]),
        "wrong-value",
        f"{QUIZ_PLACE}.type[0]",
    ),
    (
        "a result in another's place",
        1,
        DISCLOSURES[2].value,
        "result-mismatch",
        f"{QUIZ_PLACE}.resultDescription",
    ),
    (
        "a result of another record",
        1,
        edited(1, resultDescription=f"{OTHER_ID}#1"),
        "result-mismatch",
        f"{QUIZ_PLACE}.resultDescription",
    ),
    (
        "a result of no number",
        1,
        edited(1, resultDescription=f"urn:uuid:{FULL.id}"),
        "wrong-value",
        f"{QUIZ_PLACE}.resultDescription",
    ),
    (
        "a number with a 0 in front",
        1,
        edited(1, resultDescription=f"urn:uuid:{FULL.id}#01"),
        "wrong-value",
        f"{QUIZ_PLACE}.resultDescription",
    ),
    (
        "a result of no description",
        3,
        edited(3, resultDescription=f"urn:uuid:{FULL.id}#4"),
        "result-mismatch",
        f"{RESULTS}[2].resultDescription",
    ),
    ("a name as a result", 1, DISCLOSURES[0].value, "member-unknown", f"{QUIZ_PLACE}.hashed"),
    (
        "a result as a name",
        0,
        DISCLOSURES[1].value,
        "member-unknown",
        f"{NAME_PLACE}.resultDescription",
    ),
    ("more than the maximum", 1, edited(1, value="10.5"), "value-out-of-range", "results[1].value"),
    (
        "more than the maximum, of the last",
        3,
        edited(3, value="100.0001"),
        "value-out-of-range",
        "results[3].value",
    ),
    ("a negative value", 1, edited(1, value="-1"), "wrong-value", f"{QUIZ_PLACE}.value"),
    (
        "a value in another spelling",
        1,
        edited(1, value="9.50"),
        "wrong-value",
        f"{QUIZ_PLACE}.value",
    ),
    ("a value with an exponent", 1, edited(1, value="1E+1"), "wrong-value", f"{QUIZ_PLACE}.value"),
    ("a value that is a number", 1, edited(1, value=9), "wrong-type", f"{QUIZ_PLACE}.value"),
    ("a value that is a grade", 1, edited(1, value="A"), "wrong-value", f"{QUIZ_PLACE}.value"),
    ("an empty value", 1, edited(1, value=""), "wrong-value", f"{QUIZ_PLACE}.value"),
    (
        "a final score without a value",
        3,
        edited(3, value=None),
        "member-missing",
        "results[3].value",
    ),
    ("an unknown status", 1, edited(1, status="Passed"), "wrong-value", f"{QUIZ_PLACE}.status"),
    ("no status", 1, edited(1, status=None), "member-missing", QUIZ_PLACE),
    ("no type", 1, edited(1, type=None), "member-missing", QUIZ_PLACE),
    ("no description", 2, edited(2, resultDescription=None), "member-missing", EXAM_PLACE),
    (
        "a 31st of June",
        1,
        edited(1, awardedDate="2026-06-31T00:00:00Z"),
        "wrong-value",
        f"{QUIZ_PLACE}.awardedDate",
    ),
    (
        "an hour",
        1,
        edited(1, awardedDate="2026-06-30T10:00:00Z"),
        "wrong-value",
        f"{QUIZ_PLACE}.awardedDate",
    ),
    (
        "a day alone",
        1,
        edited(1, awardedDate="2026-06-30"),
        "wrong-value",
        f"{QUIZ_PLACE}.awardedDate",
    ),
    ("an empty object", 1, b"{}", "member-missing", QUIZ_PLACE),
    ("a member more", 1, edited(1, extra=1), "term-undefined", f"{QUIZ_PLACE}.extra"),
    ("a level", 1, edited(1, achievedLevel="x"), "member-unknown", f"{QUIZ_PLACE}.achievedLevel"),
    (
        "another order",
        1,
        dump_json(dict(reversed(json.loads(DISCLOSURES[1].value).items()))),
        "member-order",
        QUIZ_PLACE,
    ),
    (
        "a date before the value",
        2,
        edited(2, awardedDate="2026-06-01T00:00:00Z", value="1"),
        "member-order",
        EXAM_PLACE,
    ),
    ("a space", 1, b'{"type": ["Result"]}', "not-canonical", QUIZ_PLACE),
    ("an escape", 0, edited(0).replace(b"name", b"\\u006eame"), "not-canonical", NAME_PLACE),
    ("a member twice", 0, b'{"type":"x","type":"x"}', "duplicate-member", NAME_PLACE),
    ("two objects", 1, b"{},{}", "not-json", QUIZ_PLACE),
    ("deep nesting", 1, b'{"a":' + b"[" * 32 + b"]" * 32 + b"}", "too-deep", QUIZ_PLACE),
    ("a blank name", 0, edited(0, identityHash=" "), "text-blank", f"{NAME_PLACE}.identityHash"),
    ("an empty name", 0, edited(0, identityHash=""), "text-blank", f"{NAME_PLACE}.identityHash"),
    (
        "a long name",
        0,
        edited(0, identityHash="a" * 513),
        "text-too-long",
        f"{NAME_PLACE}.identityHash",
    ),
    (
        "a name with an override",
        0,
        edited(0, identityHash="a\u202eb"),
        "text-bidi",
        f"{NAME_PLACE}.identityHash",
    ),
    (
        "a name not in NFC",
        0,
        edited(0, identityHash="e\u0301"),
        "text-not-nfc",
        f"{NAME_PLACE}.identityHash",
    ),
    (
        "a name with a line break",
        0,
        edited(0, identityHash="a\nb"),
        "wrong-value",
        f"{NAME_PLACE}.identityHash",
    ),
    ("a hashed name", 0, edited(0, hashed=True), "wrong-value", f"{NAME_PLACE}.hashed"),
    (
        "an e-mail",
        0,
        edited(0, identityType="emailAddress"),
        "wrong-value",
        f"{NAME_PLACE}.identityType",
    ),
]


@pytest.mark.parametrize(
    ("number", "value", "reason", "where"),
    [case[1:] for case in DISCLOSED],
    ids=[case[0] for case in DISCLOSED],
)
def test_a_disclosure_is_refused_though_its_digest_was_signed(
    number: int, value: bytes, reason: Malformed, where: str
) -> None:
    with refused(reason, where):
        with_disclosed(number, value)


def test_the_value_of_a_disclosure_is_read_where_it_keeps_the_rules() -> None:
    assert with_disclosed(1, edited(1)).results[0] == QUIZ
    assert with_disclosed(1, edited(1, value="10")).results[0].value == Decimal(10)
    assert with_disclosed(1, edited(1, value=None)).results[0].value is None
    assert with_disclosed(1, edited(1, awardedDate=None)).results[0].achieved is None
    assert with_disclosed(2, edited(2, status="Failed")).results[1].status == "Failed"
    assert with_disclosed(0, edited(0, identityHash='"\\')).learner == '"\\'


def test_digests_in_another_order_put_results_in_each_other_s_places() -> None:
    name, quiz, exam, final = DISCLOSURES
    with refused("result-mismatch", f"{QUIZ_PLACE}.resultDescription"):
        _read_anew([name, exam, quiz, final])
    with refused("member-unknown", f"{NAME_PLACE}.resultDescription"):
        _read_anew([quiz, name, exam, final])


def test_disclosures_of_another_record_are_unknown() -> None:
    other = encode_record(FULL, [salt[::-1] for salt in salts(4)])[1]
    with refused("disclosure-unknown", "disclosure 1"):
        parse_record(PAYLOAD, other)
    with refused("disclosure-unknown", "disclosure 2"):
        parse_record(PAYLOAD, [DISCLOSURES[0], other[1]])


def test_disclosures_stand_in_the_order_of_their_digests() -> None:
    with refused("disclosure-order", "disclosure 2"):
        parse_record(PAYLOAD, DISCLOSURES[::-1])


# the fast path and the slow one agree


def read_fast(payload: bytes) -> RecordCredential | None:
    """The fast path alone, with nothing disclosed."""
    found = read_record(payload)
    return None if found is None else reveal(found, [None] * len(found.digests))


def check_agreement(payload: bytes) -> None:
    """A payload is the spelling of what it says, or is refused; both ways say the same."""
    result = outcome(parse_record, payload, [])
    fast = outcome(read_fast, payload)
    if isinstance(result, MalformedError):
        if fast is not None:
            assert isinstance(fast, MalformedError)
            assert fast.reason == result.reason
        elif result.where != "payload":
            assert explain_record(json.loads(payload)).reason == result.reason != "not-canonical"
    else:
        assert fast == result
        assert result.write() == payload
        assert explain_record(json.loads(payload)).reason == "not-canonical"


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([FULL, record()]))
def test_a_payload_with_changed_members_is_its_own_spelling_or_refused(
    data: st.DataObject, original: RecordCredential
) -> None:
    payload, _ = encode_record(original, salts(len(original.results) + 1))
    changed = json.loads(payload)
    for edit in data.draw(st.lists(st.sampled_from(EDITS), max_size=3)):
        edit(data, changed)
    check_agreement(
        json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_payload_with_changed_bytes_is_its_own_spelling_or_refused(data: st.DataObject) -> None:
    changed = bytearray(PAYLOAD)
    for _ in range(data.draw(st.integers(1, 2))):
        position = data.draw(st.integers(0, len(changed)))
        changed[position : position + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=2)
            | st.sampled_from([b" ", b"\n", b"\\u0041", b'\\"', b"\\\\", b'"', b",", b"{", b"}"])
        )
    check_agreement(bytes(changed))


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(range(4)))
def test_a_disclosure_with_changed_members_is_read_or_refused(
    data: st.DataObject, number: int
) -> None:
    changed = json.loads(DISCLOSURES[number].value)
    for edit in data.draw(st.lists(st.sampled_from(EDITS), min_size=1, max_size=2)):
        if changed:
            edit(data, changed)
    result = outcome(with_disclosed, number, dump_json(changed))
    if not isinstance(result, MalformedError):
        shown = result.disclose(salts(4))[number]
        assert shown.value == dump_json(changed)


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_are_refused(payload: bytes) -> None:
    check_agreement(payload)
    assert isinstance(outcome(parse_record, payload, []), MalformedError)


# presentations


@pytest.fixture(scope="module")
def held(world: World) -> str:
    """A record as its learner has it."""
    return world.record(FULL).decode()


SUBSETS = [[], [1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3]]


@pytest.mark.parametrize("shown", SUBSETS)
@pytest.mark.parametrize("with_name", [True, False])
def test_a_presentation_shows_what_was_chosen_and_no_more(
    shown: list[int],
    with_name: bool,  # noqa: FBT001 - pytest fills it in
    held: str,
) -> None:
    part = present(held, shown, with_name=with_name)
    expected = withheld(WHOLE, *([0] if with_name else []), *shown)
    sd_jwt, found = parse_sd_jwt(part)
    assert found == expected
    assert part.partition("~")[0] == held.partition("~")[0]
    assert part.count("~") == len(shown) + with_name + 1
    assert str(sd_jwt) == part
    for number, one in enumerate(DISCLOSURES):
        visible = number in shown if number else with_name
        assert (one.segment.decode() in part) == visible


def test_all_of_a_record_is_the_record(held: str) -> None:
    assert present(held, [1, 2, 3], with_name=True) == held
    assert present(held, [3, 1, 2, 1], with_name=True) == held
    assert present(held, iter((2, 3, 1)), with_name=True) == held


def test_what_was_chosen_can_be_chosen_again_or_less_of_it(held: str) -> None:
    once = present(held, [1, 3], with_name=True)
    assert present(once, [1, 3], with_name=True) == once
    assert present(once, [3], with_name=False) == present(held, [3], with_name=False)


@pytest.mark.parametrize("number", [0, -1, -2, 4, 101, 10**9])
@pytest.mark.parametrize("with_name", [True, False])
def test_a_number_of_no_result_is_refused(
    number: int,
    with_name: bool,  # noqa: FBT001 - pytest fills it in
    held: str,
) -> None:
    """Number 0 is no way to the name."""
    with refused("result-unknown", "results", kind=IssueError):
        present(held, [number], with_name=with_name)
    with refused("result-unknown", "results", kind=IssueError):
        present(held, [1, number], with_name=with_name)


def test_what_is_withheld_cannot_be_shown_again(held: str) -> None:
    once = present(held, [1, 3], with_name=False)
    with pytest.raises(IssueError, match="this record shows no result 2, so") as caught:
        present(once, [1, 2], with_name=False)
    assert caught.value.reason == "result-unknown"
    with pytest.raises(IssueError, match="this record shows no name, so") as caught:
        present(once, [1], with_name=True)
    assert caught.value.reason == "result-unknown"


def test_what_is_no_record_cannot_be_presented(held: str, world: World) -> None:
    with refused("not-sd-jwt"):
        present(world.document().decode(), [], with_name=True)
    with refused("not-sd-jwt"):
        present(held.partition("~")[0], [], with_name=True)
    with refused("key-binding"):
        present(held + "x", [], with_name=True)
    with refused("member-unknown"):
        present(world.document().decode() + "~", [], with_name=True)
    with refused("disclosure-unknown"):
        foreign = Disclosure.write(bytes(16), "{}").segment.decode()
        present(f"{held.partition('~')[0]}~{foreign}~", [], with_name=True)


def test_a_document_is_read_with_its_parts(held: str) -> None:
    sd_jwt, found = parse_sd_jwt(held)
    assert found == WHOLE
    assert sd_jwt == SDJWT(held.partition("~")[0].encode(), tuple(DISCLOSURES))
    with refused("not-three-parts"):
        parse_sd_jwt("eyJ.x~")
    with refused("base64-alphabet"):
        parse_sd_jwt("eyJ.\ud800.x~")


# what is withheld


def test_partial_says_whether_anything_is_withheld() -> None:
    assert not WHOLE.partial
    assert withheld(WHOLE, 1, 2, 3).partial
    assert withheld(WHOLE, 0, 1, 2).partial
    assert withheld(WHOLE, 0, 2, 3).partial
    assert withheld(WHOLE).partial


def test_of_what_is_withheld_nothing_but_name_and_maximum_is_known() -> None:
    found = parse_record(PAYLOAD, DISCLOSURES[:2])
    assert found.learner == FULL.learner
    assert found.results == (QUIZ, EXAM.withheld(), FINAL.withheld())
    assert [one.maximum for one in found.results] == [10, 100, 100]
