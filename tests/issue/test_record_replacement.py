"""Records replaced by rows of a gradebook: those with other results, and no others."""

from pathlib import Path

import pytest

from signedcert.documents.record import CourseRecord
from signedcert.errors import IssueError
from signedcert.institution import Institution
from signedcert.issue import bulk
from signedcert.issue.issuer import Issued
from signedcert.issue.prepare import Row
from signedcert.issue.results import Counts, IssuedRow
from signedcert.issue.rows import BadRow
from signedcert.registry.registry import Registry
from signedcert.registry.statuses import CurrentStatus
from signedcert.trust.statuslist import REPLACED, REVOKED, VALID
from tests.core.refusal import refused
from tests.institution.homes import LATER, NOW, Place, certificate
from tests.issue.gradebooks import (
    COURSE,
    RUN,
    certify,
    credential_of,
    gradebook_row,
    issue_record,
    record,
)
from tests.issue.test_bulk import results
from tests.issue.test_bulk import row as roster_row

#: Learners with certificates; those before ``RECORDED`` have records as well.
CERTIFIED, RECORDED = 6, 4


@pytest.fixture
def school(university: Institution) -> Institution:
    """An institution with certificates and records."""
    prepare(university, CERTIFIED, RECORDED)
    return university


def prepare(university: Institution, certified: int, recorded: int) -> None:
    """Issues certificates, and then records."""
    certificates: list[Row] = [roster_row(line) for line in range(certified)]
    records: list[Row] = [gradebook_row(line) for line in range(recorded)]
    for rows in (certificates, records):
        assert all(isinstance(one, IssuedRow) for one in university.issue_rows(rows, at=NOW))


def grade(school: Institution, *rows: Row | BadRow) -> list[IssuedRow | BadRow]:
    """What rows lead to, where records are replaced."""
    return list(school.issue_rows(rows, at=LATER, replace_records=True))


def grade_one(school: Institution, row: Row) -> IssuedRow:
    """What a good row leads to."""
    (outcome,) = grade(school, row)
    assert isinstance(outcome, IssuedRow), outcome
    return outcome


def refuse_one(school: Institution, row: Row) -> BadRow:
    """Why a row is refused. Nothing is written."""
    before = school.count()
    (outcome,) = grade(school, row)
    assert isinstance(outcome, BadRow)
    assert school.count() == before
    return outcome


def held(school: Institution, line: int) -> Issued:
    """The record that stands for the learner of a line."""
    row = school.records.one_of(f"s-{line}", COURSE)
    return Issued(row.code, None, row.bundle, again=True)


def test_others_are_replaced_the_same_stay_and_new_ones_are_issued(school: Institution) -> None:
    before = [held(school, line).code for line in range(RECORDED)]
    rows = [gradebook_row(0), gradebook_row(1, "90"), gradebook_row(5), gradebook_row(2, "91")]
    outcomes = grade(school, *rows)
    assert [one.way for one in outcomes if isinstance(one, IssuedRow)] == [
        "again",
        "replaced",
        "issued",
        "replaced",
    ]
    for outcome, row in zip(outcomes, rows, strict=True):
        assert isinstance(outcome, IssuedRow)
        assert (outcome.row, outcome.issued.code) == (row, held(school, row.line).code)
        verified = school.verifier().verify_record(outcome.issued.bundle, at=LATER)
        assert verified.results == row.record.results
    statuses = [school.status_of(code) for code in before]
    replaced = CurrentStatus(REPLACED, "corrected", "2026-08-01T00:00:00Z")
    assert statuses == [CurrentStatus(VALID), replaced, replaced, CurrentStatus(VALID)]


def test_run_again_nothing_is_replaced_any_more(school: Institution) -> None:
    rows = [gradebook_row(0, "90"), gradebook_row(1)]
    first = [one.issued.code for one in grade(school, *rows) if isinstance(one, IssuedRow)]
    again = grade(school, *rows)
    assert [one.issued.code for one in again if isinstance(one, IssuedRow)] == first
    assert [one.way for one in again if isinstance(one, IssuedRow)] == ["again", "again"]


def test_what_is_said_back_and_forth_leads_to_a_new_record_each_time(school: Institution) -> None:
    codes = {held(school, 0).code}
    for final in ("90", "82.5", "90"):
        codes.add(grade_one(school, gradebook_row(0, final)).issued.code)
    assert len(codes) == 4


def test_without_the_flag_it_is_refused_and_the_flag_named(school: Institution) -> None:
    (outcome,) = school.issue_rows([gradebook_row(0, "90")], at=LATER)
    assert isinstance(outcome, BadRow)
    assert (outcome.field, outcome.reason) == ("learner_id", "already-issued")
    assert "signedcert issue-records GRADEBOOK --replace" in outcome.message
    with refused("already-issued", "learner_id", IssueError):
        issue_record(school, "s-0", "90")


def test_in_whichever_order_the_columns_stand_the_results_are_the_same(
    school: Institution,
) -> None:
    results = record().results
    row = gradebook_row(0, record=CourseRecord(results[::-1]))
    assert grade_one(school, row).way == "again"
    other = record("90").results[::-1]
    outcome = grade_one(school, row._replace(record=CourseRecord(other)))
    assert outcome.way == "replaced"
    assert outcome.issued.bundle.unverified_record().results == other


def test_who_stands_twice_is_refused_the_second_time_whenever_it_is_run(
    school: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the rows would replace what the other led to."""
    monkeypatch.setattr(bulk, "BATCH", 2)
    rows = [gradebook_row(0, "90"), gradebook_row(1), gradebook_row(2)]
    rows += [gradebook_row(9, "91", learner_id="s-0"), gradebook_row(10, learner_id="s-1")]
    codes = []
    for _ in range(2):
        outcomes = grade(school, *rows)
        bad = [one for one in outcomes if isinstance(one, BadRow)]
        assert [(one.line, one.label, one.field, one.reason) for one in bad] == [
            (9, "s-0", "learner_id", "row-twice"),
            (10, "s-1", "learner_id", "row-twice"),
        ]
        codes.append([one.issued.code for one in outcomes if isinstance(one, IssuedRow)])
    assert codes[0] == codes[1]


def test_another_run_of_the_course_is_another_row(school: Institution) -> None:
    school.issue(certificate("Ada"), learner_id="s-0", run="2027", at=NOW)
    rows = [gradebook_row(0, "90"), gradebook_row(1, "90", learner_id="s-0", run="2027")]
    assert [one.way for one in grade(school, *rows) if isinstance(one, IssuedRow)] == [
        "replaced",
        "issued",
    ]


def test_a_bad_row_takes_nobodys_place(school: Institution) -> None:
    bad = BadRow(4, "s-0", "Week 1", "number-invalid", "x", "no number")
    same, outcome = grade(school, bad, gradebook_row(0, "90"))
    assert same == bad
    assert isinstance(outcome, IssuedRow)


def test_what_was_revoked_stays_so_and_nothing_is_issued(school: Institution) -> None:
    code = held(school, 0).code
    school.revoke(code, "misconduct", at=NOW)
    for final in ("82.5", "90"):
        bad = refuse_one(school, gradebook_row(0, final))
        assert (bad.field, bad.reason) == ("learner_id", "status-final")
        assert f"record {code}, for this learner, course and run, was revoked" in bad.message
        assert "Institution.replace" in bad.message
    new = school.replace(code, record("90"), at=LATER)
    assert held(school, 0).code == new.code
    assert school.status_of(code).status == REVOKED


def test_what_was_revoked_in_that_moment_stays_so(
    school: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, replace = held(school, 0).code, Registry.replace

    def late(self: Registry, *arguments: object) -> None:
        monkeypatch.setattr(Registry, "replace", replace)
        school.revoke(code, at=NOW)
        replace(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Registry, "replace", late)
    bad, good = grade(school, gradebook_row(0, "90"), gradebook_row(1, "90"))
    assert isinstance(bad, BadRow)
    assert bad.reason == "status-final"
    assert isinstance(good, IssuedRow)
    assert school.status_of(code).status == REVOKED


def test_what_somebody_else_replaced_in_that_moment_is_told(
    school: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, replace = held(school, 0).code, Registry.replace

    def late(self: Registry, *arguments: object) -> None:
        monkeypatch.setattr(Registry, "replace", replace)
        school.replace(code, record("70"), at=NOW)
        replace(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Registry, "replace", late)
    bad = [one for one in grade(school, gradebook_row(0, "90")) if isinstance(one, BadRow)]
    assert [one.reason for one in bad] == ["already-issued"]
    assert grade_one(school, gradebook_row(0, "90")).way == "replaced"


def test_after_its_certificate_was_replaced_the_record_names_the_new_one(
    school: Institution,
) -> None:
    """So is a record brought to a new name."""
    key = {"learner_id": "s-0", "run": RUN, "at": NOW}
    old = school.issue(certificate("Ada Lovelace"), **key)  # type: ignore[arg-type]
    renamed = school.replace(old.code, certificate("Ada King"), "renamed", at=LATER)
    outcome = grade_one(school, gradebook_row(0))
    assert outcome.way == "replaced"
    verified = school.verifier().verify_record(outcome.issued.bundle, at=LATER)
    assert (verified.learner, verified.results) == ("Ada King", record().results)
    assert verified.certificate == credential_of(renamed.bundle).id


def test_a_roster_replaces_nothing(school: Institution) -> None:
    bad = refuse_one(school, roster_row(0, "Grace Hopper"))
    assert (bad.field, bad.reason) == ("learner_id", "already-issued")
    assert "signedcert replace " in bad.message


def test_a_link_stays_a_link_to_the_old_record(school: Institution) -> None:
    old = school.records.one_of("s-0", COURSE)
    share = school.records.share(old, "s-0", label="Acme", at=NOW)
    grade_one(school, gradebook_row(0, "90"))
    assert school.records.open(share.token, LATER) == old.bundle


def test_two_processes_do_what_one_does(
    template: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 10)
    rows = [gradebook_row(line, "82.5" if line % 3 else "90") for line in range(120)]
    rows += [gradebook_row(130, "70", learner_id="s-3"), gradebook_row(131, "70")]
    told = []
    for jobs in (1, 2):
        out = tmp_path / str(jobs)
        place = template.copy(tmp_path / f"home-{jobs}")
        with place.open() as university:
            prepare(university, 120, 90)
            done = university.issue_roster(rows, out, at=LATER, jobs=jobs, replace_records=True)
            told.append(list(done))
            verifier = university.verifier()
        expected = {one.learner_id: one.record.results for one in rows[:120]}
        issued = results(out / "issued.csv")
        assert [line["learner_id"] for line in issued] == list(expected)
        for line in issued:
            found = verifier.verify_record((out / line["file"]).read_bytes(), at=LATER)
            assert found.results == expected[line["learner_id"]]
        reasons = [line["reason"] for line in results(out / "errors.csv")]
        assert reasons == ["row-twice", "certificate-missing"]
    assert told[0] == told[1]
    assert told[0][-1] == Counts(30, 60, 2, 30)


def test_a_record_without_a_certificate_is_refused_as_ever(university: Institution) -> None:
    certify(university)
    assert refuse_one(university, gradebook_row(7)).reason == "certificate-missing"
