"""A page in a report: its place among the steps, both texts, and what it leaves alone."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.carriers.page import Page, Run, Unread
from signedcert.carriers.pagereader import read_page
from signedcert.errors import RejectedError
from signedcert.trust.store import TrustStore
from signedcert.verify.answers import Answer, finding_in_words
from signedcert.verify.report import Outcome, Verdict
from signedcert.verify.show import page_in_words, report_to_json
from signedcert.verify.verifier import Verifier
from tests.carriers.visible import VISIBLE_EDITS, VisibleEdit, honest_sheet, lines, printed, sheet
from tests.reference import AT, World, credential

OTHER_CODE = "NSPQ-8W1B-BCGX-GRPY-7QQP"


@pytest.fixture(scope="module")
def ada(world: World) -> Bundle:
    """A certificate of a name that any font has."""
    signed = credential()._replace(learner="Ada Lovelace")
    return Bundle(world.sign(signed.encode()).decode())


@pytest.fixture(scope="module")
def other(world: World) -> Bundle:
    """Another one of the same institution."""
    signed = credential()._replace(
        id="0d2f5f6e-58c1-4f0a-9a1d-3b9b8a3d7c11", learner="Grace Hopper"
    )
    return Bundle(world.sign(signed.encode()).decode())


@pytest.fixture(scope="module")
def honest(ada: Bundle) -> Page:
    return read_page(honest_sheet(ada))


@pytest.fixture(scope="module")
def edited(ada: Bundle) -> Page:
    """Another name on it."""
    return read_page(sheet(ada, lines(printed(ada) | {"learner": "Ada Loveluce"})))


def test_an_honest_page_passes(world: World, ada: Bundle, honest: Page) -> None:
    report = Verifier(world.trust).report(ada, at=AT, page=honest)
    assert report.verdict is Verdict.AUTHENTIC
    assert report.checks[8].outcome is Outcome.PASSED
    assert report.printed is not None
    assert report.printed.compared
    assert page_in_words(report) == (
        "The text of the page is the one that was signed, as far as a program can see."
    )


@pytest.mark.parametrize("edit", VISIBLE_EDITS, ids=lambda edit: edit.name)
def test_an_edited_page_does_not_pass(
    edit: VisibleEdit, world: World, ada: Bundle, other: Bundle
) -> None:
    data = edit.make(ada, other)
    report = Verifier(world.trust).report(data, at=AT, page=read_page(data))
    assert report.checks[8].outcome in (Outcome.FAILED, Outcome.NOT_COMPARED)
    if edit.expected == "differs":
        assert (report.verdict, report.reason) == (Verdict.NOT_AUTHENTIC, "printed-text-differs")
        assert report.checks[8].detail.startswith("page-")


def test_without_a_page_nothing_is_said_of_one(world: World, ada: Bundle) -> None:
    report = Verifier(world.trust).report(ada, at=AT)
    assert report.printed is None
    assert report.checks[8].outcome is Outcome.NOT_ASKED
    assert page_in_words(report) is None
    assert report_to_json(report)["printed"] is None


def test_both_texts_are_in_the_report(world: World, ada: Bundle, edited: Page) -> None:
    report = Verifier(world.trust).report(ada, at=AT, page=edited)
    check = report.checks[8]
    assert check.detail == "page-learner"
    assert check.technical == 'learner: signed is "Ada Lovelace", the page has "Ada Loveluce"'
    found = json.loads(json.dumps(report_to_json(report)))["printed"]
    assert (found["compared"], found["unread"]) == (False, None)
    assert found["fields"][0] == {
        "field": "learner",
        "answer": "different",
        "why": "other-text",
        "signed": "Ada Lovelace",
        "page": "Ada Loveluce",
    }
    assert [one["answer"] for one in found["fields"][1:]] == ["same"] * 4


def test_what_was_signed_is_still_known(world: World, ada: Bundle, edited: Page) -> None:
    report = Verifier(world.trust).report(ada, at=AT, page=edited)
    assert report.credential is not None
    assert report.credential.learner == "Ada Lovelace"


def test_verify_refuses_a_page_that_differs(
    world: World, ada: Bundle, honest: Page, edited: Page
) -> None:
    verifier = Verifier(world.trust)
    assert verifier.verify(ada, at=AT, page=honest).learner == "Ada Lovelace"
    with pytest.raises(RejectedError) as caught:
        verifier.verify(ada, at=AT, page=edited)
    assert (caught.value.reason, caught.value.step) == ("printed-text-differs", 9)


def test_hostile_text_is_escaped(world: World, ada: Bundle, honest: Page) -> None:
    def spoil(run: Run) -> Run:
        return run._replace(text=run.text.replace("Ada Lovelace", "Ada\x1b[2J\u202eecalevoL"))

    page = Page(tuple(map(spoil, honest.runs)))
    technical = Verifier(world.trust).report(ada, at=AT, page=page).checks[8].technical
    assert technical.isprintable()
    assert "\\u001b[2J\\u202e" in technical


@pytest.mark.parametrize("unread", ["page-broken", "extractor-missing", "page-reader-failed"])
def test_a_page_that_was_not_read_leaves_the_verdict_alone(
    world: World, ada: Bundle, unread: Unread
) -> None:
    report = Verifier(world.trust).report(ada, at=AT, page=Page(unread=unread))
    check = report.checks[8]
    assert report.verdict is Verdict.AUTHENTIC
    assert (check.outcome, check.reason, check.detail) == (Outcome.NOT_COMPARED, None, unread)
    words = page_in_words(report)
    assert words is not None
    assert "was not compared" in words
    assert "by eye" in words
    assert ("pip install 'signedcert[scan]'" in words) is (unread == "extractor-missing")


def test_a_field_that_was_not_compared_is_named(world: World, ada: Bundle) -> None:
    page = read_page(sheet(ada, lines(printed(ada) | {"completed": "am 30. Juni 2026"})))
    report = Verifier(world.trust).report(ada, at=AT, page=page)
    assert report.verdict is Verdict.AUTHENTIC
    assert report.checks[8].detail == "not-found"
    words = page_in_words(report)
    assert words is not None
    assert 'completed: signed is "2026-06-30"' in words


# with other steps


def test_a_typed_code_that_differs_goes_first(world: World, ada: Bundle, edited: Page) -> None:
    report = Verifier(world.trust).report(ada, at=AT, code=OTHER_CODE, page=edited)
    assert report.reason == "code-mismatch"
    assert report.printed is not None


def test_a_typed_code_that_is_right_does_not_cover_a_page_that_differs(
    world: World, ada: Bundle, honest: Page, edited: Page
) -> None:
    verifier = Verifier(world.trust)
    assert verifier.report(ada, at=AT, code=str(ada.code), page=honest)
    report = verifier.report(ada, at=AT, code=str(ada.code), page=edited)
    assert report.reason == "printed-text-differs"


def test_what_is_not_genuine_is_not_compared(ada: Bundle, edited: Page) -> None:
    verifier = Verifier(TrustStore.empty())
    report = verifier.report(ada, at=AT, page=edited)
    assert report.reason == "unknown-issuer"
    assert report.checks[8].outcome is Outcome.NOT_MADE
    assert report.printed is None
    assert verifier.report(ada, at=AT, code=str(ada.code), page=edited).checks[8].outcome is (
        Outcome.PASSED
    )


def test_a_page_around_nothing_is_not_compared(world: World, honest: Page) -> None:
    report = Verifier(world.trust).report(b"nothing", at=AT, page=honest)
    assert report.reason == "no-document"
    assert report.checks[8].outcome is Outcome.NOT_MADE


def test_a_page_that_differs_is_worse_than_what_does_not_stand(
    world: World, ada: Bundle, edited: Page
) -> None:
    report = Verifier(world.trust).report(ada, at=AT - timedelta(days=365), page=edited)
    assert report.checks[7].reason == "not-yet-valid"
    assert report.reason == "printed-text-differs"


@pytest.mark.parametrize(
    ("until", "printed_day"),
    [(datetime(2027, 1, 1, tzinfo=UTC), "31 December 2026"), (None, "2 July 2026")],
)
def test_other_days_of_the_document_may_be_printed_in_local_time(
    world: World, until: datetime | None, printed_day: str
) -> None:
    signed = credential()._replace(learner="Ada Lovelace", valid_until=until)
    bundle = Bundle(world.sign(signed.encode()).decode())
    said = printed(bundle)
    page = read_page(sheet(bundle, lines(said | {"completed": f"30 June 2026, {printed_day}"})))
    assert Verifier(world.trust).report(bundle, at=AT, page=page).printed is not None
    report = Verifier(world.trust).report(bundle, at=AT, page=page)
    assert report.checks[8].outcome is Outcome.PASSED


def test_the_last_day_of_all_is_no_trouble(world: World, honest: Page) -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    signed = credential()._replace(learner="Ada Lovelace", valid_until=last)
    document = world.sign(signed.encode())
    assert Verifier(world.trust).report(document, at=AT, page=honest).printed is not None


def test_words_say_what_is_hidden_and_what_is_missing(world: World, ada: Bundle) -> None:
    said = printed(ada)
    missing = {key: text for key, text in said.items() if key == "issuer"}
    report = Verifier(world.trust).report(ada, at=AT, page=read_page(sheet(ada, lines(missing))))
    assert report.printed is not None
    found = [one for one in report.printed.findings if one.answer is Answer.DIFFERENT]
    assert 'signed is "Ada Lovelace", which the page does not have' in finding_in_words(found[0])
