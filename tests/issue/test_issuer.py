"""One certificate at a time: what is claimed, signed, stored, and told."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from signedcert.core.code import VerificationCode
from signedcert.core.encoding import b64url_decode
from signedcert.core.entry import log_entry
from signedcert.core.jws import CompactJWS
from signedcert.documents.certificate import Certificate
from signedcert.documents.openbadges import parse_credential
from signedcert.errors import (
    ConfigurationError,
    IssueError,
    MalformedError,
    Reason,
    SignedCertError,
)
from signedcert.institution import Institution
from signedcert.issue import issuer as module
from signedcert.issue.issuer import Issued, Issuer
from signedcert.issue.requests import CertificateRequest
from signedcert.registry.errors import ConflictError
from signedcert.registry.registry import DocumentRow, Registry
from tests.core.refusal import refused
from tests.institution.homes import (
    COMPLETED,
    LATER,
    NOW,
    URL,
    Place,
    another_course,
    certificate,
    issue_one,
    newer,
)
from tests.reference import course as reference_course


@pytest.fixture
def issuer(university: Institution) -> Issuer:
    """The part of the institution that issues."""
    return university._issuer


def request(
    learner: str = "Ada Lovelace", learner_id: str = "s-1", **changes: object
) -> CertificateRequest:
    """A request for the reference course."""
    return CertificateRequest(certificate(learner, **changes), learner_id, "2026")


def issued(result: Issued | SignedCertError) -> Issued:
    """The result, which has to be a certificate."""
    assert isinstance(result, Issued), result
    return result


# what comes out


def test_a_certificate_verifies_and_says_what_was_claimed(university: Institution) -> None:
    result = issue_one(university, "Zoë O'Neill")
    verified = university.verifier().verify(result.bundle, at=LATER, code=str(result.code))
    assert (verified.learner, verified.completed) == ("Zoë O'Neill", COMPLETED)
    assert (verified.course.id, verified.course.version) == (reference_course().id, 1)
    assert verified.course.text == reference_course().text
    assert verified.issued == NOW
    assert (verified.issuer.id, verified.issuer.name) == (URL, university.name)
    assert verified.code == result.code
    assert result.url == f"{URL}/verify/{result.code}"
    assert result.again is False


def test_every_optional_claim_is_signed(university: Institution) -> None:
    until = datetime(2027, 6, 30, 12, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    claims = certificate(started=date(2026, 5, 1), valid_until=until)
    result = university.issue(claims, learner_id="s-1", run="2026", at=NOW)
    verified = university.verifier().verify(result.bundle, at=LATER)
    assert verified.started == date(2026, 5, 1)
    assert verified.valid_until == datetime(2027, 6, 30, 10, 0, 0, tzinfo=UTC)


def test_the_hosts_own_identifiers_are_not_in_the_document(university: Institution) -> None:
    result = university.issue(
        certificate(), learner_id="matriculation-4711", run="run-0815", at=NOW
    )
    payload = CompactJWS.parse(result.bundle.document.encode()).payload
    for secret in (b"4711", b"0815"):
        assert secret not in payload
        assert secret not in result.bundle.encode()


def test_document_and_subject_ids_link_to_nothing(university: Institution) -> None:
    results = [issue_one(university, learner_id=f"s-{number}") for number in range(5)]
    credentials = [
        parse_credential(CompactJWS.parse(one.bundle.document.encode()).payload) for one in results
    ]
    ids = {text for one in credentials for text in (one.id, one.subject)}
    assert len(ids) == 10
    assert {UUID(text).version for text in ids} == {4}


def test_the_registry_holds_the_document_with_its_code_and_log_entry(
    university: Institution,
) -> None:
    result = issue_one(university)
    row = university._registry.find(result.code)
    assert row is not None
    jws = CompactJWS.parse(row.document.encode())
    assert row.document == result.bundle.document
    assert VerificationCode.derive(jws.signing_input, jws.signature) == row.code
    assert row.entry == log_entry(jws.signing_input, jws.signature)
    credential = parse_credential(jws.payload)
    assert row.document_id == credential.id
    assert (row.status_list, row.status_index) == (credential.status_list, credential.status_index)
    assert (row.issued, row.course_version) == ("2026-07-01T10:30:00Z", 1)
    assert row.key == ("certificate", "s-1", reference_course().id, "2026")


def test_the_moment_of_issuing_is_written_in_utc_and_whole_seconds(issuer: Issuer) -> None:
    at = datetime(2026, 7, 1, 12, 30, 15, 999_999, tzinfo=timezone(timedelta(hours=2)))
    result = issuer.issue(request(), at)
    payload = json.loads(b64url_decode(result.bundle.document.split(".")[1].encode()))
    assert payload["validFrom"] == "2026-07-01T10:30:15Z"


# the same again, and something else


def test_the_same_request_gives_the_same_certificate(university: Institution) -> None:
    first, second = issue_one(university), issue_one(university)
    assert second.again is True
    assert (second.code, second.url, second.bundle) == (first.code, first.url, first.bundle)
    assert university.count() == 1


def test_a_name_in_another_unicode_form_is_the_same_claim(university: Institution) -> None:
    first = issue_one(university, "Zoe\u0308")
    assert issue_one(university, " Zo\u00eb ").code == first.code


def test_a_confirmed_name_is_no_other_claim(issuer: Issuer) -> None:
    first = issuer.issue(request()._replace(name_confirmed=True), NOW)
    assert issuer.issue(request(), NOW).code == first.code


@pytest.mark.parametrize(
    "changes",
    [
        {"learner": "Ada King"},
        {"completed": COMPLETED - timedelta(days=1)},
        {"started": COMPLETED},
        {"valid_until": datetime(2030, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_other_claims_for_learner_course_and_run_point_to_replace(
    issuer: Issuer, changes: dict[str, object]
) -> None:
    first = issuer.issue(request(), NOW)
    with pytest.raises(IssueError, match="replace") as caught:
        issuer.issue(request(**{"learner": "Ada Lovelace"} | changes), NOW)  # type: ignore[arg-type]
    assert (caught.value.reason, caught.value.where) == ("already-issued", "learner_id")
    assert str(first.code) in caught.value.message
    assert issuer.registry.count() == 1


def test_another_run_course_or_learner_is_another_certificate(issuer: Issuer) -> None:
    requests = [
        request(),
        request()._replace(run="2025"),
        request()._replace(learner_id="s-2"),
        request(course=another_course()),
    ]
    codes = {issued(result).code for result in issuer.issue_batch(requests, NOW)}
    assert len(codes) == 4


def test_within_one_batch_the_same_request_gives_the_same_certificate(issuer: Issuer) -> None:
    first, second = map(issued, issuer.issue_batch([request(), request()], NOW))
    assert (first.again, second.again) == (False, True)
    assert first.bundle == second.bundle
    assert issuer.registry.count() == 1


def test_within_one_batch_other_claims_are_refused_and_the_first_stands(issuer: Issuer) -> None:
    first, second = issuer.issue_batch([request(), request("Ada King")], NOW)
    assert isinstance(second, IssueError)
    assert second.reason == "already-issued"
    assert str(issued(first).code) in second.message
    assert issuer.registry.count() == 1


def test_a_refused_request_does_not_take_the_place_of_a_good_one(issuer: Issuer) -> None:
    wrong, right = issuer.issue_batch([request("n/a"), request()], NOW)
    assert isinstance(wrong, MalformedError)
    assert issued(right).again is False


def test_no_requests_have_no_results(issuer: Issuer) -> None:
    assert issuer.issue_batch([], NOW) == []
    assert issuer.registry.count() == 0


# refusals


@pytest.mark.parametrize(
    ("changes", "reason", "where"),
    [
        ({"learner_id": ""}, "text-blank", "learner_id"),
        ({"learner_id": " \u200b"}, "text-blank", "learner_id"),
        ({"learner_id": "x" * 129}, "text-too-long", "learner_id"),
        ({"learner_id": "ä" * 65}, "text-too-long", "learner_id"),
        ({"learner_id": "s\n1"}, "text-control", "learner_id"),
        ({"learner_id": "s\u202e1"}, "text-bidi", "learner_id"),
        ({"learner_id": "e\u0301"}, "text-not-nfc", "learner_id"),
        ({"learner_id": "\ud800"}, "lone-surrogate", "learner_id"),
        ({"run": ""}, "text-blank", "run"),
        ({"run": "x" * 129}, "text-too-long", "run"),
        ({"run": "2026\0"}, "text-control", "run"),
    ],
)
def test_an_identifier_is_plain_text_of_up_to_128_bytes(
    issuer: Issuer, changes: dict[str, Any], reason: Reason, where: str
) -> None:
    with refused(reason, where):
        issuer.issue(request()._replace(**changes), NOW)
    assert issuer.registry.count() == 0


def test_the_longest_identifiers_are_taken(issuer: Issuer) -> None:
    longest = request()._replace(learner_id="ä" * 64, run="r" * 128)
    assert issuer.issue(longest, NOW).again is False


@pytest.mark.parametrize("name", ["undefined", "None", "N/A", "{{name}}", "Null", "%NAME%", "Test"])
def test_a_placeholder_is_no_name_unless_it_is_confirmed(issuer: Issuer, name: str) -> None:
    with pytest.raises(MalformedError, match="name_confirmed") as caught:
        issuer.issue(request(name), NOW)
    assert (caught.value.reason, caught.value.where) == ("name-placeholder", "name")
    assert issuer.issue(request(name)._replace(name_confirmed=True), NOW).again is False


@pytest.mark.parametrize("name", ["Nulla", "Christopher Null", "Jennifer Test", "Anon Nana"])
def test_a_name_with_such_a_word_in_it_is_a_name(issuer: Issuer, name: str) -> None:
    assert issuer.issue(request(name), NOW).again is False


@pytest.mark.parametrize(
    ("at", "latest"),
    [
        (datetime(2026, 6, 29, 9, 59, 59, tzinfo=UTC), date(2026, 6, 29)),
        (datetime(2026, 6, 29, 10, 0, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 6, 28, 23, 0, tzinfo=timezone(-timedelta(hours=11))), date(2026, 6, 30)),
        (datetime(2026, 6, 30, 1, 0, tzinfo=timezone(timedelta(hours=14))), date(2026, 6, 30)),
    ],
)
def test_a_course_is_completed_today_at_the_date_line_at_the_latest(
    at: datetime, latest: date
) -> None:
    request(completed=latest).check(at)
    with refused("date-in-future", "completed"):
        request(completed=latest + timedelta(days=1)).check(at)


def test_a_validity_that_is_over_before_it_begins_is_refused() -> None:
    request(valid_until=NOW + timedelta(seconds=1)).check(NOW)
    with refused("validity-reversed", "valid_until"):
        request(valid_until=NOW).check(NOW)


def test_a_moment_without_a_time_zone_is_refused(issuer: Issuer) -> None:
    naive = datetime(2026, 7, 1, 10, 30)  # noqa: DTZ001 - that is the point
    with refused("time-naive", kind=ConfigurationError):
        issuer.issue(request(), naive)
    assert issuer.registry.count() == 0


# codes and conflicts


def test_an_offensive_code_is_never_printed_and_another_is_drawn(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused_codes: list[str] = []

    def offensive(symbols: str) -> bool:
        if len(refused_codes) < 3:
            refused_codes.append(symbols)
            return True
        return False

    monkeypatch.setattr(module, "is_offensive", offensive)
    result = issuer.issue(request(), NOW)
    assert len(set(refused_codes)) == 3
    assert result.code.symbols not in refused_codes
    assert issuer.registry.count() == 1
    assert all(issuer.registry.find(VerificationCode(code)) is None for code in refused_codes)


def test_a_certificate_that_another_process_issued_meanwhile_is_given(
    issuer: Issuer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Registry.add
    theirs: list[Issued] = []

    def add_too_late(self: Registry, rows: list[DocumentRow]) -> None:
        if not theirs:
            monkeypatch.setattr(Registry, "add", add)
            with place.open() as other:
                theirs.append(issue_one(other, "Ada Lovelace"))
        add(self, rows)

    monkeypatch.setattr(Registry, "add", add_too_late)
    fresh = request("Grace Hopper", "s-2")
    mine, second = map(issued, issuer.issue_batch([request(), fresh], NOW))
    assert (mine.code, mine.again) == (theirs[0].code, True)
    assert second.again is False
    assert issuer.registry.count() == 2


def test_a_status_index_that_another_process_took_is_drawn_again(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = issuer.issue(request(), NOW)
    row = issuer.registry.find(first.code)
    assert row is not None
    draws = iter([[(row.status_list, row.status_index)], [(7, 42)]])
    monkeypatch.setattr(Registry, "draw_status", lambda *_: next(draws))
    second = issuer.issue(request(learner_id="s-2"), NOW)
    found = issuer.registry.find(second.code)
    assert found is not None
    assert (found.status_list, found.status_index) == (7, 42)


def conflict_once(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> list[int]:
    """The first transaction comes too late; how often something is signed from then on."""
    add, sign, signings = Registry.add, Issuer.sign, [0]

    def counted(self: Issuer, *arguments: Any) -> DocumentRow:  # noqa: ANN401
        signings[-1] += 1
        return sign(self, *arguments)

    def late(self: Registry, rows: list[DocumentRow]) -> None:
        if len(signings) == 1:
            signings.append(0)
            meanwhile()
            raise ConflictError
        add(self, rows)

    monkeypatch.setattr(Issuer, "sign", counted)
    monkeypatch.setattr(Registry, "add", late)
    return signings


def test_after_a_conflict_only_what_somebody_else_was_first_with_is_signed_again(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = issuer.issue(request("Somebody Else", "s-99"), NOW)
    taken = issuer.registry.find(theirs.code)
    assert taken is not None
    draw = Registry.draw_status
    drawn: list[int] = []

    def collide(self: Registry, count: int) -> list[tuple[int, int]]:
        places = draw(self, count)
        if not drawn:
            places[3] = taken.place
        drawn.append(count)
        return places

    monkeypatch.setattr(Registry, "draw_status", collide)
    signings = conflict_once(monkeypatch, lambda: None)
    requests = [request(f"Learner {i}", f"s-{i}") for i in range(8)]
    results = [issued(result) for result in issuer.issue_batch(requests, NOW)]
    assert (signings, drawn) == ([8, 1], [8, 1])
    assert len({result.code for result in results}) == 8
    for i, result in enumerate(results):
        credential = parse_credential(CompactJWS.parse(result.bundle.document.encode()).payload)
        assert credential.learner == f"Learner {i}"
    assert issuer.registry.count() == 9


def test_after_a_conflict_that_nothing_explains_everything_is_signed_again(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    signings = conflict_once(monkeypatch, lambda: None)
    issuer.issue_batch([request(f"Learner {i}", f"s-{i}") for i in range(3)], NOW)
    assert signings == [3, 3]
    assert issuer.registry.count() == 3


def test_a_bad_request_does_not_get_what_a_good_one_of_the_same_learner_had_before_a_conflict(
    issuer: Issuer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_process() -> None:
        with place.open() as other:
            issue_one(other, "Grace Hopper", "s-2")

    signings = conflict_once(monkeypatch, other_process)
    requests = [request("n/a"), request(), request("Grace Hopper", "s-2"), request("Eve", "s-3")]
    bad, good, known, fresh = issuer.issue_batch(requests, NOW)
    assert isinstance(bad, MalformedError)
    assert bad.reason == "name-placeholder"
    assert issued(good).again is False
    assert issued(known).again is True
    assert issued(fresh).again is False
    assert signings == [4, 2]  # the other process, and the bad one, which is refused again
    assert issuer.registry.count() == 3


def test_a_registry_that_always_conflicts_is_given_up_and_nothing_is_told(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def conflict(*_: object) -> None:
        tries.append(1)
        raise ConflictError

    monkeypatch.setattr(Registry, "add", conflict)
    with pytest.raises(IssueError, match="busy 20 times"):
        issuer.issue(request(), NOW)
    assert len(tries) == 20


def test_a_signer_that_makes_bad_signatures_spoils_no_registry(issuer: Issuer) -> None:
    inner = SimpleNamespace(
        algorithm="ES256", public_key=issuer.signer.public_key, sign=lambda _: bytes(64)
    )
    faulty = Issuer(issuer.manifest, type(issuer.signer)(inner), issuer.registry)  # type: ignore[call-arg]
    (result,) = faulty.issue_batch([request()], NOW)
    assert isinstance(result, IssueError)
    assert result.reason == "signature-unverifiable"
    assert issuer.registry.count() == 0


def test_another_version_of_the_course_is_another_claim_unless_any_will_do(
    issuer: Issuer,
) -> None:
    second = newer(reference_course())
    issuer.registry.add_course(second, NOW)
    first = issuer.issue(request(), NOW)
    asked = request(course=second)
    with refused("already-issued", "learner_id", IssueError):
        issuer.issue(asked, NOW)
    again = issuer.issue(asked._replace(any_version=True), NOW)
    assert (again.again, again.bundle) == (True, first.bundle)
    with refused("already-issued", "learner_id", IssueError):
        issuer.issue(request("Ada King", course=second)._replace(any_version=True), NOW)
    assert issuer.registry.count() == 1


def test_claims_are_told_apart_by_every_field() -> None:
    variations = [
        request(),
        request("Ada King"),
        request(started=COMPLETED),
        request(completed=COMPLETED - timedelta(days=1)),
        request(valid_until=LATER),
    ]
    assert len({one.claims for one in variations}) == len(variations)


def test_a_bundle_of_an_earlier_certificate_carries_its_course(university: Institution) -> None:
    first = issue_one(university)
    again = issue_one(university)
    assert again.bundle == first.bundle
    assert again.bundle.course == reference_course().text


def test_a_certificate_of_a_course_that_is_not_published_is_refused(
    university: Institution,
) -> None:
    respelled = type(reference_course()).parse(reference_course().text.encode() + b" ")
    claims = Certificate(learner="Ada", course=respelled, completed=COMPLETED)
    with refused("course-unknown", "course", IssueError):
        university.issue(claims, learner_id="s-1", run="2026", at=NOW)
