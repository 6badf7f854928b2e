"""Course records of an institution: issued, held by learners, shared by links."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.documents.digest import digest_sri
from signedcert.documents.record import CourseRecord, CourseResult
from signedcert.errors import (
    ConfigurationError,
    IssueError,
    MalformedError,
    Reason,
    SignedCertError,
)
from signedcert.institution import Institution
from signedcert.issue.results import IssuedRow
from signedcert.sharing.records import HeldRecord
from tests.core.refusal import refused
from tests.institution.homes import LATER, NOW, URL, Place, another_course, certificate, newer
from tests.issue.gradebooks import (
    COURSE,
    RUN,
    certify,
    credential_of,
    gradebook_row,
    issue_record,
    record,
)
from tests.reference import course as reference_course
from tests.reference import results

NAIVE = datetime(2026, 7, 1)  # noqa: DTZ001 - that is the point


def held(institution: Institution, learner_id: str = "s-1") -> HeldRecord:
    """The record of somebody who had neither certificate nor record."""
    certify(institution, learner_id, f"Learner {learner_id}")
    issue_record(institution, learner_id)
    return institution.records.one_of(learner_id, COURSE)


# issued


def test_a_record_verifies_and_says_what_was_claimed(university: Institution) -> None:
    issued_certificate = certify(university, learner="Zoë O'Neill")
    issued = issue_record(university)
    verified = university.verifier().verify_record(issued.bundle, at=LATER, code=str(issued.code))
    assert verified.results == results()
    assert verified.learner == "Zoë O'Neill"
    assert verified.issued == NOW
    assert verified.partial is False
    assert verified.course.text == reference_course().text
    assert verified.certificate == credential_of(issued_certificate.bundle).id
    assert (issued.url, issued.again) == (None, False)


def test_it_names_its_certificate_which_stays_as_it_is(university: Institution) -> None:
    before = certify(university)
    issued = issue_record(university)
    signed = issued.bundle.unverified_record()
    assert signed.certificate == credential_of(before.bundle).id
    assert signed.certificate_digest == digest_sri(before.bundle.document)
    assert university.find(before.code) == before.bundle
    assert certify(university).bundle == before.bundle
    assert issued.code != before.code
    credential = credential_of(before.bundle)
    place = (signed.status_list, signed.status_index)
    assert place != (credential.status_list, credential.status_index)
    assert university.count() == 2


def test_the_same_results_again_give_the_same_record(university: Institution) -> None:
    certify(university)
    first, second = issue_record(university), issue_record(university, final="82.50")
    assert (first.again, second.again) == (False, True)
    assert (second.code, second.bundle) == (first.code, first.bundle)
    assert university.count() == 2


def test_other_results_are_refused_and_the_record_stands(university: Institution) -> None:
    certify(university)
    first = issue_record(university)
    with pytest.raises(IssueError, match="replace") as caught:
        issue_record(university, final="99")
    assert (caught.value.reason, caught.value.where) == ("already-issued", "learner_id")
    assert f"record {first.code}" in caught.value.message
    assert [one.bundle for one in university.records.of("s-1")] == [first.bundle]


def test_two_runs_have_two_records(university: Institution) -> None:
    for run in ("2026", "2027"):
        university.issue(certificate(), learner_id="s-1", run=run, at=NOW)
    first, second = (issue_record(university, run=run, final="50") for run in ("2026", "2027"))
    assert first.code != second.code
    ids = {one.bundle.unverified_record().certificate for one in (first, second)}
    assert len(ids) == 2
    assert [one.run for one in university.records.of("s-1")] == ["2027", "2026"]


def test_the_version_is_that_of_the_certificate(university: Institution) -> None:
    certify(university)
    parts = [{"kind": "essay", "count": 1, "weight_percent": 100}]
    university.add_course(newer(reference_course(), format=parts), at=NOW)
    issued = issue_record(university)
    verified = university.verifier().verify_record(issued.bundle, at=LATER)
    assert (verified.course.version, verified.course.text) == (1, reference_course().text)
    assert issue_record(university).again


@pytest.mark.parametrize(
    "changes",
    [
        {"learner_id": "s-2"},
        {"course": another_course().id},
        {"course": "alchemy"},
        {"run": "2025"},
        {"learner_id": "\ud800"},
        {"run": "\ud800"},
        {"learner_id": ""},
    ],
)
def test_without_a_certificate_there_is_no_record(
    university: Institution, changes: dict[str, str]
) -> None:
    certify(university)
    whose = {"learner_id": "s-1", "course": COURSE, "run": RUN} | changes
    with refused("certificate-missing", "learner_id", IssueError):
        university.issue_record(record(), **whose, at=NOW)
    assert university.count() == 1


@pytest.mark.parametrize(
    ("course_record", "reason", "where", "kind"),
    [
        (lambda: record(kind="essay"), "kind-unknown", "essay: Week 1", IssueError),
        (
            lambda: record(achieved=NOW.date() + timedelta(days=2)),
            "date-in-future",
            "quiz: Week 1",
            MalformedError,
        ),
    ],
)
def test_what_is_refused_issues_nothing(
    university: Institution,
    course_record: Callable[[], CourseRecord],
    reason: Reason,
    where: str,
    kind: type[SignedCertError],
) -> None:
    certify(university)
    with refused(reason, where, kind):
        university.issue_record(course_record(), learner_id="s-1", course=COURSE, run=RUN, at=NOW)
    assert university.count() == 1


def test_a_moment_without_a_time_zone_is_refused(university: Institution) -> None:
    record_ = held(university)
    certify(university, "s-2")
    calls: list[Callable[[], object]] = [
        lambda: university.issue_record(
            record(), learner_id="s-2", course=COURSE, run=RUN, at=NAIVE
        ),
        lambda: list(university.issue_rows([gradebook_row(2)], at=NAIVE)),
        lambda: university.records.share(record_, "s-1", label="Acme", at=NAIVE),
    ]
    for call in calls:
        with refused("time-naive", kind=ConfigurationError):
            call()
    assert university.count() == 3


def test_issuing_one_and_issuing_a_gradebook_know_of_each_other(university: Institution) -> None:
    certify(university, "s-2")
    (outcome,) = university.issue_rows([gradebook_row(2)], at=NOW)
    assert isinstance(outcome, IssuedRow)
    issued = issue_record(university, "s-2")
    assert (issued.code, issued.again) == (outcome.issued.code, True)


def test_a_record_needs_the_passphrase_and_reading_it_does_not(place: Place) -> None:
    with place.open() as university:
        certify(university)
        issued = issue_record(university)
    with Institution.open(place.home) as university:
        with refused("passphrase-missing", kind=ConfigurationError):
            issue_record(university)
        assert university.records.one_of("s-1", COURSE).bundle == issued.bundle
        share = university.records.share(
            university.records.one_of("s-1", COURSE), "s-1", label="Acme", at=NOW
        )
        assert university.records.open(share.token, LATER) == issued.bundle


# found


def test_a_record_is_not_found_by_its_code(university: Institution) -> None:
    certificate_ = certify(university)
    issued = issue_record(university)
    assert university.find(issued.code) is None
    assert university.find(certificate_.code) == certificate_.bundle


def test_a_learner_has_records_the_newest_first_and_no_one_elses(university: Institution) -> None:
    assert university.records.of("s-1") == []
    first = held(university)
    held(university, "s-2")
    university.issue(certificate(course=another_course()), learner_id="s-1", run=RUN, at=NOW)
    assert [one.code for one in university.records.of("s-1")] == [first.code]
    final = CourseRecord(results()[-1:])
    university.issue_record(final, learner_id="s-1", course=another_course().id, run=RUN, at=NOW)
    memory, operations = university.records.of("s-1")
    assert (memory.signed.course, operations.signed.course) == (another_course().id, COURSE)
    assert operations == first
    assert memory.bundle.course == another_course().text
    assert memory.signed.results == results()[-1:]
    assert university.records.one_of("s-1", COURSE) == first
    assert university.records.of("s-3") == []


def test_the_latest_run_counts_unless_one_is_named(university: Institution) -> None:
    for run in ("2027", "2026"):
        university.issue(certificate(), learner_id="s-1", run=run, at=NOW)
        issue_record(university, run=run)
    records = university.records
    assert records.one_of("s-1", COURSE).run == "2026"
    assert records.one_of("s-1", COURSE, "2027").run == "2027"


@pytest.mark.parametrize(
    "asked", [("s-2", COURSE), ("s-1", "alchemy"), ("s-1", COURSE, "2025"), ("", COURSE)]
)
def test_a_record_that_is_not_there_is_named_by_its_course(
    university: Institution, asked: tuple[str, ...]
) -> None:
    held(university)
    certify(university, "s-2")
    with pytest.raises(IssueError, match="issue-records") as caught:
        university.records.one_of(*asked)
    assert (caught.value.reason, caught.value.where) == ("record-missing", asked[1])


# shared


@pytest.mark.parametrize(
    ("chosen", "with_name"),
    [
        (None, True),
        (None, False),
        ([15], True),
        ([1, 7, 15], False),
        ([15, 1, 15, 7], True),
        (range(1, 16), True),
    ],
)
def test_a_link_shows_exactly_what_was_chosen(
    university: Institution, chosen: list[int] | None, *, with_name: bool
) -> None:
    mine = held(university)
    share = university.records.share(
        mine, "s-1", results=chosen, with_name=with_name, label="Acme", at=NOW
    )
    shown = university.records.open(share.token, NOW)
    assert shown is not None
    numbers = set(range(1, 16) if chosen is None else chosen)
    verified = university.verifier().verify_record(shown, at=LATER, code=str(mine.code))
    expected = [
        one if number in numbers else one.withheld() for number, one in enumerate(results(), 1)
    ]
    assert list(verified.results) == expected
    assert verified.learner == ("Learner s-1" if with_name else None)
    assert verified.partial is not (with_name and len(numbers) == 15)
    assert shown.document.count("~") == 1 + len(numbers) + with_name
    assert shown.course == reference_course().text


def test_the_link_is_under_the_institution_and_nowhere_in_the_registry(
    university: Institution, place: Place
) -> None:
    share = university.records.share(held(university), "s-1", label="Acme", at=NOW)
    assert university.records.url(share) == f"{URL}/records/{share.token}"
    assert share.token not in repr(share)
    university.close()
    for file in place.home.glob("registry.sqlite*"):
        assert share.token.encode() not in file.read_bytes()


@pytest.mark.parametrize("chosen", [[16], [1, 16], [0], [0, 1], [-1], [1000]])
def test_a_result_that_is_not_there_is_refused(university: Institution, chosen: list[int]) -> None:
    mine = held(university)
    with refused("result-unknown", "results", IssueError):
        university.records.share(mine, "s-1", results=chosen, label="Acme", at=NOW)
    assert university.records.links.shares("s-1") == []


def test_a_link_to_no_result_is_refused(university: Institution) -> None:
    mine = held(university)
    with refused("wrong-value", "results"):
        university.records.share(mine, "s-1", results=[], label="Acme", at=NOW)
    assert university.records.links.shares("s-1") == []


def test_another_learners_record_is_not_shared(university: Institution) -> None:
    mine, theirs = held(university), held(university, "s-2")
    for record_, learner_id in ((theirs, "s-1"), (mine, "s-2"), (mine, ""), (mine, "s-3")):
        with refused("record-missing", kind=IssueError):
            university.records.share(record_, learner_id, label="Acme", at=NOW)
    assert [university.records.links.shares(one) for one in ("s-1", "s-2")] == [[], []]


def test_a_certificate_is_not_shared(university: Institution) -> None:
    mine = held(university)
    disguised = mine._replace(code=certify(university, learner="Learner s-1").code)
    with refused("record-missing", kind=IssueError):
        university.records.share(disguised, "s-1", label="Acme", at=NOW)


def test_another_learners_record_in_ones_own_code_shows_ones_own(
    university: Institution,
) -> None:
    """What is shown is what the registry has, whatever the caller holds."""
    mine, theirs = held(university), held(university, "s-2")
    disguised = theirs._replace(code=mine.code)
    share = university.records.share(disguised, "s-1", label="Acme", at=NOW)
    shown = university.records.open(share.token, NOW)
    assert shown is not None
    assert shown.unverified_record().learner == "Learner s-1"


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("", "text-blank"),
        (" \u200b", "text-blank"),
        ("x" * 201, "text-too-long"),
        ("ä" * 101, "text-too-long"),
        ("Acme\u202e", "text-bidi"),
        ("Ac\nme", "text-control"),
        ("\ud800", "lone-surrogate"),
    ],
)
def test_a_label_is_plain_text(university: Institution, label: str, reason: Reason) -> None:
    mine = held(university)
    with refused(reason, "label"):
        university.records.share(mine, "s-1", label=label, at=NOW)


def test_a_link_is_open_until_it_ends_and_each_opening_is_seen(university: Institution) -> None:
    records = university.records
    share = records.share(
        held(university), "s-1", label="Acme", expires=NOW + timedelta(days=1), at=NOW
    )
    before = NOW + timedelta(days=1) - timedelta(seconds=1)
    assert isinstance(records.open(share.token, before), Bundle)
    assert records.open(share.token, NOW + timedelta(days=1)) is None
    (log,) = records.links.shares("s-1")
    assert [(one.minute, one.times) for one in log.openings] == [("2026-07-02T10:29:00Z", 1)]
    again = records.share(held(university), "s-1", label="Acme", at=NOW)
    assert records.links.reset("s-1", again.number, at=NOW) == 1
    assert records.open(again.token, NOW) is None
    assert records.open("x" * 24, NOW) is None
    assert len(records.links.shares("s-1")) == 2


def test_a_link_that_would_be_over_at_once_is_refused(university: Institution) -> None:
    with refused("validity-reversed", "expires"):
        university.records.share(held(university), "s-1", label="Acme", expires=NOW, at=NOW)


def test_a_link_goes_on_showing_the_record_after_a_new_version_of_the_course(
    university: Institution,
) -> None:
    share = university.records.share(held(university), "s-1", label="Acme", at=NOW)
    university.add_course(newer(reference_course()), at=NOW)
    shown = university.records.open(share.token, datetime(2027, 1, 1, tzinfo=UTC))
    assert shown is not None
    assert shown.course == reference_course().text


def test_a_record_of_one_result_is_whole_with_it(university: Institution) -> None:
    certify(university)
    final = CourseResult("final score", Decimal(1), value=Decimal(0))
    issued = university.issue_record(
        CourseRecord((final,)), learner_id="s-1", course=COURSE, run=RUN, at=NOW
    )
    verified = university.verifier().verify_record(issued.bundle, at=LATER)
    assert verified.results == (final,)
    assert verified.partial is False
