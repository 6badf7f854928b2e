"""Certificates replaced by rows of a list: what each leads to, once and when asked again."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from signedcert.errors import IssueError
from signedcert.institution import Institution
from signedcert.issue.corrections import CorrectionRow
from signedcert.issue.issuer import Issued
from signedcert.issue.rows import BadRow
from signedcert.registry.errors import ConflictError
from signedcert.registry.registry import Registry
from signedcert.registry.statuses import CurrentStatus, StatusChange
from signedcert.trust.statuslist import REPLACED, REVOKED, SUSPENDED, VALID
from tests.core.refusal import refused
from tests.institution.homes import (
    LATER,
    NOW,
    Place,
    certificate,
    issue_one,
    newer,
)
from tests.issue.gradebooks import certify, credential_of, issue_record
from tests.reference import course

SINCE = "2026-08-01T00:00:00Z"


def correct(university: Institution, *rows: CorrectionRow) -> list[Issued | BadRow]:
    """What rows lead to."""
    outcomes = university.issue_rows(rows, at=LATER)
    return [one if isinstance(one, BadRow) else one.issued for one in outcomes]


def correct_one(university: Institution, row: CorrectionRow) -> Issued:
    """The certificate that a row leads to."""
    (outcome,) = correct(university, row)
    assert isinstance(outcome, Issued), outcome
    return outcome


def refuse_one(university: Institution, row: CorrectionRow) -> BadRow:
    """Why a row is refused. Nothing is written."""
    before = university.count()
    (outcome,) = correct(university, row)
    assert isinstance(outcome, BadRow)
    assert university.count() == before
    return outcome


# what a row leads to


def test_what_is_not_named_stays_as_it_was(university: Institution) -> None:
    until = datetime(2030, 1, 1, tzinfo=UTC)
    said = certificate("Ada", started=date(2026, 5, 1), valid_until=until)
    old = university.issue(said, learner_id="s-1", run="2026", at=NOW)
    university.add_course(newer(course()), at=NOW)
    new = correct_one(university, CorrectionRow(2, old.code, "Ada Lovelace", reason="renamed"))
    before, after = credential_of(old.bundle), credential_of(new.bundle)
    own = ("id", "subject", "valid_from", "status_list", "status_index")
    drawn = {name: getattr(after, name) for name in own}
    assert after == before._replace(learner="Ada Lovelace", **drawn)
    assert new.bundle.course == old.bundle.course
    assert university.status_of(old.code) == CurrentStatus(REPLACED, "renamed", SINCE)
    verified = university.verifier().verify(new.bundle, at=LATER, code=str(new.code))
    assert verified.course.version == 1


def test_the_same_claims_again_need_the_reason_other(university: Institution) -> None:
    old = issue_one(university)
    bad = refuse_one(university, CorrectionRow(2, old.code, "María-José Nguyễn"))
    assert (bad.field, bad.reason, bad.value) == ("code", "already-issued", str(old.code))
    new = correct_one(university, CorrectionRow(2, old.code, reason="other"))
    assert (new.again, new.code != old.code) == (False, True)
    again = correct_one(university, CorrectionRow(2, old.code, reason="other"))
    assert (again.again, again.code) == (True, new.code)


def test_in_the_place_of_a_revoked_one_another_is_issued_once(university: Institution) -> None:
    old = issue_one(university)
    university.revoke(old.code, "issued-in-error", at=NOW)
    new = correct_one(university, CorrectionRow(2, old.code))
    assert university.status_of(old.code).reason == "issued-in-error"
    again = correct_one(university, CorrectionRow(2, old.code))
    assert (again.code, again.again) == (new.code, True)
    assert refuse_one(university, CorrectionRow(2, old.code, "Ada")).reason == "status-final"


def test_a_name_that_stays_need_not_be_confirmed_again(university: Institution) -> None:
    said = certificate("Null")
    old = university.issue(said, learner_id="s-1", run="2026", at=NOW, name_confirmed=True)
    day = date(2026, 6, 29)
    assert refuse_one(university, CorrectionRow(2, old.code, "N/A")).reason == "name-placeholder"
    new = correct_one(university, CorrectionRow(2, old.code, completed=day))
    assert credential_of(new.bundle).learner == "Null"
    row = CorrectionRow(2, new.code, "N/A", name_confirmed=True)
    assert credential_of(correct_one(university, row).bundle).learner == "N/A"


@pytest.mark.parametrize(
    ("changes", "field", "reason", "value"),
    [
        ({"name": "A\x1bda"}, "name", "text-control", r"A\u001bda"),
        ({"name": ""}, "name", "text-blank", ""),
        ({"completed": date(2099, 1, 1)}, "completed", "date-in-future", "2099-01-01"),
        ({"started": date(2026, 7, 1)}, "started", "dates-reversed", "2026-07-01"),
    ],
)
def test_a_row_is_checked_as_a_new_certificate_is(
    university: Institution, changes: dict[str, object], field: str, reason: str, value: str
) -> None:
    old = issue_one(university)
    row = CorrectionRow(2, old.code)._replace(**changes)  # type: ignore[arg-type]
    bad = refuse_one(university, row)
    assert bad[:5] == (2, str(old.code), field, reason, value)
    assert university.status_of(old.code).status == VALID


def test_a_certificate_that_has_run_out_is_not_issued_again(university: Institution) -> None:
    said = certificate("Ada", valid_until=datetime(2026, 7, 15, tzinfo=UTC))
    old = university.issue(said, learner_id="s-1", run="2026", at=NOW)
    bad = refuse_one(university, CorrectionRow(2, old.code, "Ada Lovelace"))
    assert (bad.field, bad.reason, bad.value) == ("valid_until", "validity-reversed", "")


def test_a_record_is_refused_and_it_is_said_how_it_is_corrected(university: Institution) -> None:
    certify(university)
    bad = refuse_one(university, CorrectionRow(2, issue_record(university).code, "Ada King"))
    assert (bad.field, bad.reason) == ("code", "document-differs")
    assert "signedcert issue-records GRADEBOOK --replace" in bad.message


def test_a_reason_of_another_status_is_refused(university: Institution) -> None:
    old = issue_one(university)
    row = CorrectionRow(2, old.code, "Ada", reason="misconduct")
    assert refuse_one(university, row).reason == "reason-unknown"


# asked again


def test_the_current_one_is_given_if_it_says_what_the_row_asks_for(
    university: Institution,
) -> None:
    old = issue_one(university)
    row = CorrectionRow(2, old.code, "Ada")
    second = correct_one(university, row)
    third = correct_one(university, CorrectionRow(2, second.code, reason="other"))
    assert correct_one(university, row) == third._replace(again=True)
    fourth = correct_one(university, CorrectionRow(2, third.code, "Grace"))
    bad = refuse_one(university, row)
    assert (bad.field, bad.reason, bad.value) == ("code", "status-final", str(old.code))
    assert str(fourth.code) in bad.message


def test_another_version_of_the_course_is_not_what_the_row_asks_for(
    university: Institution,
) -> None:
    old = issue_one(university)
    revised = university.add_course(newer(course()), at=NOW)
    university.replace(old.code, certificate(course=revised), at=LATER)
    row = CorrectionRow(2, old.code, reason="other")
    assert refuse_one(university, row).reason == "status-final"


def test_what_was_revoked_meanwhile_is_not_handed_out_again(university: Institution) -> None:
    old = issue_one(university)
    row = CorrectionRow(2, old.code, "Ada")
    university.revoke(correct_one(university, row).code, at=LATER)
    bad = refuse_one(university, row)
    assert (bad.field, bad.reason) == ("code", "status-final")
    assert "was revoked" in bad.message


def test_what_was_suspended_meanwhile_is(university: Institution) -> None:
    old = issue_one(university)
    row = CorrectionRow(2, old.code, "Ada")
    new = correct_one(university, row)
    university.suspend(new.code, at=LATER)
    assert correct_one(university, row).code == new.code
    assert university.status_of(new.code).status == SUSPENDED


def test_of_rows_with_one_code_the_first_one_counts(university: Institution) -> None:
    old = issue_one(university)
    names = ("Ada", "Grace", "Ada")
    rows = [CorrectionRow(line, old.code, name) for line, name in enumerate(names, 2)]
    for again in (False, True):
        first, second, third = correct(university, *rows)
        assert isinstance(first, Issued)
        assert isinstance(third, Issued)
        assert isinstance(second, BadRow)
        assert (first.again, third.again) == (again, True)
        assert third.code == first.code
        assert (second.line, second.reason) == (3, "status-final")
    assert university.count() == 2


def test_what_was_replaced_by_nothing_is_told(university: Institution) -> None:
    """``change_statuses`` can say so."""
    old = issue_one(university)
    university.change_statuses([StatusChange(old.code, REPLACED, "other")], at=NOW)
    row = CorrectionRow(2, old.code, "Ada")
    assert refuse_one(university, row).reason == "status-unchanged"


# when others are at work


def before_the_first_write(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Somebody else does something, just before a replacement is written."""
    replace = Registry.replace

    def late(self: Registry, *arguments: object) -> None:
        monkeypatch.setattr(Registry, "replace", replace)
        act()
        replace(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Registry, "replace", late)


def test_what_was_revoked_in_that_moment_stays_so(
    university: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, other = issue_one(university), issue_one(university, "Grace", "s-2")
    before_the_first_write(monkeypatch, lambda: university.revoke(old.code, at=NOW))
    rows = [CorrectionRow(2, old.code, "Ada"), CorrectionRow(3, other.code, "Grace Hopper")]
    assert all(isinstance(one, Issued) for one in correct(university, *rows))
    assert university.status_of(old.code).status == REVOKED
    assert university.status_of(other.code).status == REPLACED
    assert university.count() == 4


@pytest.mark.parametrize(("name", "again"), [("Ada", True), ("Grace", False)])
def test_what_somebody_else_replaced_in_that_moment_is_theirs(
    place: Place,
    university: Institution,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    again: bool,  # noqa: FBT001 - a case
) -> None:
    old = issue_one(university)
    theirs: list[Issued] = []

    def act() -> None:
        with place.open() as other:
            theirs.append(other.replace(old.code, certificate(name), at=LATER))

    before_the_first_write(monkeypatch, act)
    (outcome,) = correct(university, CorrectionRow(2, old.code, "Ada"))
    if again:
        assert outcome == theirs[0]._replace(again=True)
    else:
        assert isinstance(outcome, BadRow)
        assert outcome.reason == "status-final"
    assert university.count() == 2


def test_a_conflict_signs_only_that_again_which_had_it(
    university: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [issue_one(university, learner_id=f"s-{n}").code for n in range(3)]
    signed: list[str] = []
    sign = type(university._issuer).sign

    def count(self: object, request: object, *others: object) -> object:
        signed.append(request.certificate.learner)  # type: ignore[attr-defined]
        return sign(self, request, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(type(university._issuer), "sign", count)
    before_the_first_write(
        monkeypatch, lambda: university.replace(codes[1], certificate("Theirs"), at=LATER)
    )
    rows = [CorrectionRow(n, code, f"Ada {n}") for n, code in enumerate(codes)]
    outcomes = correct(university, *rows)
    assert [isinstance(one, Issued) for one in outcomes] == [True, False, True]
    assert signed == ["Ada 0", "Ada 1", "Ada 2", "Theirs"]


def test_a_registry_that_stays_busy_is_given_up(
    university: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = issue_one(university)

    def conflict(*_: object) -> None:
        raise ConflictError

    monkeypatch.setattr(Registry, "replace", conflict)
    with refused("registry-busy", kind=IssueError):
        correct(university, CorrectionRow(2, old.code, "Ada"))
