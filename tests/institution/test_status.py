"""Documents revoked, suspended, restored and replaced by a service."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from signedcert.core.code import VerificationCode
from signedcert.documents.certificate import Certificate
from signedcert.errors import ConfigurationError, IssueError, MalformedError
from signedcert.institution import Institution
from signedcert.issue.issuer import Issued
from signedcert.registry.errors import ConflictError
from signedcert.registry.registry import Registry
from signedcert.registry.statuses import CurrentStatus, RefusedChangesError, StatusChange
from signedcert.trust.reasons import Why
from signedcert.trust.statuslist import REPLACED, REVOKED, SUSPENDED, VALID
from tests.core.refusal import refused
from tests.institution.homes import (
    LATER,
    NOW,
    URL,
    Place,
    another_course,
    certificate,
    issue_one,
    newer,
)
from tests.issue.gradebooks import COURSE, certify, credential_of, issue_record, record
from tests.reference import course

SINCE = "2026-08-01T00:00:00Z"
UNKNOWN = VerificationCode.derive(b"nobody", b"")


@pytest.fixture
def issued(university: Institution) -> Issued:
    """A certificate that stands."""
    return issue_one(university)


# revoke, suspend, restore


def test_a_document_stands_until_it_is_said_that_it_does_not(
    university: Institution, issued: Issued
) -> None:
    assert university.status_of(issued.code) == CurrentStatus(VALID)
    university.suspend(issued.code, "under-review", at=LATER)
    assert university.status_of(issued.code) == CurrentStatus(SUSPENDED, "under-review", SINCE)
    university.restore(issued.code, at=LATER)
    assert university.status_of(issued.code) == CurrentStatus(VALID, None, SINCE)
    university.revoke(issued.code, "misconduct", at=LATER)
    assert university.status_of(issued.code) == CurrentStatus(REVOKED, "misconduct", SINCE)


def test_a_status_outlives_the_process(place: Place) -> None:
    with place.open() as institution:
        code = issue_one(institution).code
        institution.revoke(code, at=LATER)
    with Institution.open(place.home) as again:
        assert again.status_of(code) == CurrentStatus(REVOKED, "other", SINCE)


def test_changing_a_status_needs_no_passphrase(place: Place) -> None:
    with place.open() as institution:
        code = issue_one(institution).code
    with Institution.open(place.home) as registrar:
        registrar.suspend(code, at=LATER)
        registrar.restore(code, at=LATER)
        registrar.revoke(code, at=LATER)


CHANGES: list[Callable[[Institution, VerificationCode], object]] = [
    lambda institution, code: institution.revoke(code, at=LATER),
    lambda institution, code: institution.suspend(code, at=LATER),
    lambda institution, code: institution.restore(code, at=LATER),
    lambda institution, code: institution.replace(code, certificate("Ada"), at=LATER),
]


@pytest.mark.parametrize("change", [*CHANGES, Institution.status_of])
def test_a_code_of_no_document_is_refused(
    university: Institution, change: Callable[[Institution, VerificationCode], object]
) -> None:
    with refused("document-unknown", str(UNKNOWN), IssueError):
        change(university, UNKNOWN)


@pytest.mark.parametrize("change", CHANGES[1:3])
def test_revoked_is_final(
    university: Institution,
    issued: Issued,
    change: Callable[[Institution, VerificationCode], object],
) -> None:
    university.revoke(issued.code, at=NOW)
    with refused("status-final", str(issued.code), IssueError):
        change(university, issued.code)
    assert university.status_of(issued.code).status == REVOKED
    assert university.count() == 1


@pytest.mark.parametrize("change", CHANGES[:3])
def test_replaced_is_final(
    university: Institution,
    issued: Issued,
    change: Callable[[Institution, VerificationCode], object],
) -> None:
    university.replace(issued.code, certificate("Ada"), at=NOW)
    with refused("status-final", str(issued.code), IssueError):
        change(university, issued.code)
    with refused("status-final", str(issued.code), IssueError):
        university.replace(issued.code, certificate("Bob"), at=NOW)
    assert university.count() == 2


def test_many_are_changed_or_none(university: Institution) -> None:
    codes = [issue_one(university, learner_id=f"s-{n}").code for n in range(2)]
    changes = [StatusChange(code, REVOKED, "other") for code in (*codes, UNKNOWN)]
    with pytest.raises(RefusedChangesError) as caught:
        university.change_statuses(changes, at=NOW)
    assert list(caught.value.errors) == [2]
    university.change_statuses(changes[:2], at=NOW, only_check=True)
    assert [university.status_of(code).status for code in codes] == [VALID, VALID]
    university.change_statuses(changes[:2], at=NOW)
    assert [university.status_of(code).status for code in codes] == [REVOKED, REVOKED]


@pytest.mark.parametrize("change", ["revoke", "suspend", "restore"])
def test_the_time_of_a_change_has_a_zone(
    university: Institution, issued: Issued, change: str
) -> None:
    with refused("time-naive", kind=ConfigurationError):
        getattr(university, change)(issued.code, at=datetime(2026, 7, 1))  # noqa: DTZ001


def test_a_record_is_revoked_by_its_code(university: Institution) -> None:
    certify(university)
    code = issue_record(university).code
    university.revoke(code, "issued-in-error", at=LATER)
    assert university.status_of(code) == CurrentStatus(REVOKED, "issued-in-error", SINCE)


# replace


def test_who_lost_a_certificate_gets_another_one_only_when_that_is_said(
    university: Institution, issued: Issued
) -> None:
    university.revoke(issued.code, "issued-in-error", at=NOW)
    with refused("status-final", "learner_id", IssueError):
        issue_one(university)
    new = university.replace(issued.code, certificate(), at=LATER)
    assert issue_one(university).code == new.code != issued.code
    assert university.status_of(issued.code) == CurrentStatus(
        REVOKED, "issued-in-error", "2026-07-01T10:30:00Z"
    )
    assert university.status_of(new.code).status == VALID


def test_what_was_revoked_leads_to_one_certificate_only(
    university: Institution, issued: Issued
) -> None:
    university.revoke(issued.code, at=NOW)
    university.replace(issued.code, certificate("Ada"), at=LATER)
    with refused("status-final", str(issued.code), IssueError):
        university.replace(issued.code, certificate("Grace"), at=LATER)
    assert university.count() == 2


def test_a_corrected_certificate_takes_the_place_of_the_old_one(
    university: Institution, issued: Issued
) -> None:
    corrected = certificate("María José Nguyễn-Smith", completed=date(2026, 6, 29))
    new = university.replace(issued.code, corrected, "renamed", at=LATER)
    assert (new.again, new.url) == (False, f"{URL}/verify/{new.code}")
    verified = university.verifier().verify(new.bundle, at=LATER, code=str(new.code))
    assert (verified.learner, verified.completed) == (corrected.learner, corrected.completed)
    assert university.status_of(issued.code) == CurrentStatus(REPLACED, "renamed", SINCE)
    assert university.status_of(new.code) == CurrentStatus(VALID)
    again = university.issue(corrected, learner_id="s-1", run="2026", at=LATER)
    assert (again.code, again.again, again.bundle) == (new.code, True, new.bundle)


@pytest.mark.parametrize("reason", ["renamed", "other"])
def test_asked_again_it_is_the_same_certificate(
    university: Institution, issued: Issued, reason: Why
) -> None:
    corrected = certificate() if reason == "other" else certificate("Ada")
    new = university.replace(issued.code, corrected, reason, at=LATER)
    again = university.replace(issued.code, corrected, reason, at=LATER)
    assert (again.code, again.bundle, again.url) == (new.code, new.bundle, new.url)
    assert (new.again, again.again) == (False, True)
    assert university.count() == 2


def test_what_took_the_place_and_was_revoked_is_not_handed_out_again(
    university: Institution, issued: Issued
) -> None:
    new = university.replace(issued.code, certificate("Ada"), at=LATER)
    university.revoke(new.code, at=LATER)
    with refused("status-final", "learner_id", IssueError):
        university.replace(issued.code, certificate("Ada"), at=LATER)
    assert university.replace(new.code, certificate("Ada"), at=LATER).code != new.code


def test_the_old_certificate_points_nowhere_and_stays_what_it_is(
    university: Institution, issued: Issued
) -> None:
    new = university.replace(issued.code, certificate("Ada"), at=LATER)
    found = university.find(issued.code)
    assert found == issued.bundle
    old, replacing = credential_of(found), credential_of(new.bundle)
    for text in (replacing.id, replacing.subject, str(new.code)):
        assert text not in found.document
    for text in (old.id, old.subject, str(issued.code)):
        assert text not in new.bundle.document
    assert (old.status_list, old.status_index) != (replacing.status_list, replacing.status_index)


def test_a_replacement_is_replaced_in_turn(university: Institution, issued: Issued) -> None:
    second = university.replace(issued.code, certificate("Ada"), at=LATER)
    third = university.replace(second.code, certificate("Grace"), at=LATER)
    statuses = [university.status_of(code).status for code in (issued.code, second.code)]
    assert statuses == [REPLACED, REPLACED]
    assert university.status_of(third.code).status == VALID


def test_what_is_suspended_may_be_replaced(university: Institution, issued: Issued) -> None:
    university.suspend(issued.code, "under-review", at=NOW)
    university.replace(issued.code, certificate("Ada"), at=LATER)
    assert university.status_of(issued.code).status == REPLACED


def test_a_replacement_may_name_a_newer_version_of_the_course(
    university: Institution, issued: Issued
) -> None:
    university.add_course(newer(course()), at=NOW)
    corrected = certificate(course=newer(course()))
    new = university.replace(issued.code, corrected, at=LATER)
    assert new.bundle.course == newer(course()).text


def test_a_replacement_that_says_the_same_needs_the_reason_other(
    university: Institution, issued: Issued
) -> None:
    """A stolen key may be a reason to sign everything anew."""
    for reason in ("corrected", "renamed"):
        with refused("already-issued", str(issued.code), IssueError):
            university.replace(issued.code, certificate(), reason, at=LATER)
    new = university.replace(issued.code, certificate(), "other", at=LATER)
    assert new.code != issued.code
    assert university.status_of(issued.code) == CurrentStatus(REPLACED, "other", SINCE)


@pytest.mark.parametrize(
    ("corrected", "reason"),
    [
        (certificate("N/A"), "name-placeholder"),
        (certificate(completed=date(2027, 1, 1)), "date-in-future"),
        (certificate(valid_until=datetime(2026, 7, 1, tzinfo=UTC)), "validity-reversed"),
    ],
)
def test_a_replacement_is_checked_as_a_new_certificate_is(
    university: Institution, issued: Issued, corrected: Certificate, reason: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        university.replace(issued.code, corrected, at=LATER)
    assert caught.value.reason == reason
    assert university.status_of(issued.code).status == VALID
    assert university.count() == 1


def test_a_name_that_looks_like_a_placeholder_may_be_confirmed(
    university: Institution, issued: Issued
) -> None:
    new = university.replace(issued.code, certificate("N/A"), at=LATER, name_confirmed=True)
    assert credential_of(new.bundle).learner == "N/A"


def test_a_course_that_is_not_in_the_catalogue_is_refused(
    university: Institution, issued: Issued
) -> None:
    with refused("course-unknown", kind=IssueError):
        university.replace(issued.code, certificate(course=newer(course())), at=LATER)


def test_another_course_or_kind_is_no_correction(university: Institution) -> None:
    certified = certify(university)
    recorded = issue_record(university)
    for code, corrected in (
        (certified.code, certificate(course=another_course())),
        (certified.code, record("70")),
        (recorded.code, certificate("Ada Lovelace")),
    ):
        with refused("document-differs", str(code), IssueError):
            university.replace(code, corrected, at=LATER)
    assert university.count() == 2


def test_a_reason_of_another_status_is_refused(university: Institution, issued: Issued) -> None:
    with refused("reason-unknown", str(issued.code), IssueError):
        university.replace(issued.code, certificate("Ada"), "misconduct", at=LATER)
    assert university.count() == 1


# records


def test_a_corrected_record_takes_the_place_of_the_old_one(university: Institution) -> None:
    certify(university)
    old = issue_record(university, final="82.5")
    new = university.replace(old.code, record("85"), at=LATER)
    assert (new.url, new.again) == (None, False)
    held = university.records.one_of("s-1", COURSE)
    assert (held.code, held.bundle) == (new.code, new.bundle)
    assert university.status_of(old.code).status == REPLACED
    verified = university.verifier().verify_record(new.bundle, at=LATER, code=str(new.code))
    assert verified.results == record("85").results


def test_a_link_to_the_old_record_stays_a_link_to_it(university: Institution) -> None:
    certify(university)
    issue_record(university, final="82.5")
    held = university.records.one_of("s-1", COURSE)
    share = university.records.share(held, "s-1", label="Acme", at=NOW)
    university.replace(held.code, record("85"), at=LATER)
    opened = university.records.open(share.token, LATER)
    assert opened is not None
    assert opened.document == held.bundle.document


def test_with_its_certificate_a_record_is_not_replaced_but_may_be(
    university: Institution,
) -> None:
    certified = certify(university)
    recorded = issue_record(university)
    renamed = university.replace(certified.code, certificate("Ada Lovelace"), "renamed", at=LATER)
    assert university.status_of(recorded.code).status == VALID
    new = university.replace(recorded.code, record(), "renamed", at=LATER)
    verified = university.verifier().verify_record(new.bundle, at=LATER)
    assert verified.learner == "Ada Lovelace"
    assert verified.certificate == credential_of(renamed.bundle).id


# when others are at work


def test_a_place_that_somebody_else_took_is_drawn_again(
    university: Institution, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = university._registry.find(issued.code)
    assert row is not None
    drawn = [row.place, row.place, (1, (row.status_index + 1) % 2**20)]
    monkeypatch.setattr(Registry, "draw_status", lambda _, count: [drawn.pop(0)] * count)
    university.replace(issued.code, certificate("Ada"), at=LATER)
    assert drawn == []
    assert university.status_of(issued.code).status == REPLACED


def test_a_registry_that_stays_busy_is_given_up(
    university: Institution, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    def conflict(*_: object) -> None:
        raise ConflictError

    monkeypatch.setattr(Registry, "replace", conflict)
    with refused("registry-busy", kind=IssueError):
        university.replace(issued.code, certificate("Ada"), at=LATER)


def test_replacing_needs_the_passphrase_before_anything_is_written(place: Place) -> None:
    with place.open() as institution:
        code = issue_one(institution).code
    with Institution.open(place.home) as registrar:
        with refused("passphrase-missing", kind=ConfigurationError):
            registrar.replace(code, certificate("Ada"), at=LATER)
        assert registrar.status_of(code).status == VALID
