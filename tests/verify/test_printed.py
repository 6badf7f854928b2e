"""Step 9 on a page: honest pages raise no alarm, edited ones are found, limits are as stated."""

from datetime import date

import pytest

from signedcert.carriers.page import Page, Unread
from signedcert.carriers.pagereader import read_page
from signedcert.verify.answers import Answer, Finding, Printed
from signedcert.verify.printed import Claims, _may_be, compare
from tests.carriers.drawing import CODE, COURSE, ISSUER, LEARNER, certificate, pdf, picture
from tests.carriers.edits import EDITS, HONEST, NOT_FOUND
from tests.carriers.typeset import COURSES, EDITED, NAMES, require_font, typeset

SIGNED = Claims(
    LEARNER,
    COURSE,
    date(2026, 6, 30),
    (ISSUER,),
    CODE,
    (date(2026, 2, 1), date(2026, 7, 1)),
)
DATES = "1 February 2026 to 30 June 2026"


def open_(printed: Printed) -> list[Finding]:
    """The fields that are not the same."""
    assert printed.unread is None
    return [one for one in printed.findings if one.answer is not Answer.SAME]


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_page_says_what_was_signed(name: str) -> None:
    printed = compare(read_page(HONEST[name]), SIGNED)
    assert open_(printed) == []
    assert printed.compared


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_page_is_found_with_both_texts(name: str) -> None:
    edit = EDITS[name]
    found = open_(compare(read_page(edit.data), SIGNED))
    first = found[0]
    assert (first.field, first.answer, first.why) == (edit.field, edit.answer, edit.why)
    assert edit.page in first.page
    assert {one.field for one in found} - {edit.field} <= {"course", "issuer"}
    signed = {"learner": LEARNER, "course": COURSE, "issuer": ISSUER, "code": CODE}
    assert first.signed == signed.get(edit.field, "2026-06-30")


@pytest.mark.parametrize("name", NOT_FOUND)
def test_what_is_not_found_is_stated_and_still_so(name: str) -> None:
    assert compare(read_page(NOT_FOUND[name]), SIGNED).compared


def in_script(script: str) -> tuple[Claims, dict[str, str]]:
    """A certificate with a name and a course in this script."""
    name, course = NAMES[script], COURSES[script]
    claims = SIGNED._replace(learner=name, course=course)
    values = {"learner": name, "course": course, "issuer": ISSUER}
    return claims, {**values, "dates": DATES, "code": CODE}


@pytest.mark.parametrize("script", NAMES)
def test_an_honest_page_in_each_script_raises_no_alarm(script: str) -> None:
    require_font(script)
    claims, values = in_script(script)
    assert open_(compare(read_page(typeset(values)), claims)) == []


@pytest.mark.parametrize("script", NAMES)
def test_a_tagged_page_in_each_script_raises_no_alarm(script: str) -> None:
    require_font(script)
    claims, values = in_script(script)
    page = read_page(typeset(values, tagged=True))
    assert open_(compare(page, claims)) == []


@pytest.mark.parametrize("script", NAMES)
def test_a_name_over_several_lines_in_each_script_raises_no_alarm(script: str) -> None:
    require_font(script)
    claims, values = in_script(script)
    name = " ".join([NAMES[script]] * 3)
    page = read_page(typeset({**values, "learner": name}))
    assert open_(compare(page, claims._replace(learner=name))) == []


@pytest.mark.parametrize("script", NAMES)
def test_another_letter_in_each_script_is_found(script: str) -> None:
    require_font(script)
    claims, values = in_script(script)
    page = read_page(typeset({**values, "learner": EDITED[script]}))
    found = [one.field for one in open_(compare(page, claims)) if one.answer is Answer.DIFFERENT]
    assert found == ["learner"]


def test_a_picture_over_the_whole_page_hides_what_was_signed() -> None:
    found = open_(compare(read_page(pdf(certificate() + picture(0, 0, 842, 595))), SIGNED))
    assert {one.field for one in found} == {"learner", "course", "completed", "issuer", "code"}
    assert {(one.answer, one.why) for one in found} == {(Answer.DIFFERENT, "hidden")}


def test_a_scan_with_invisible_text_is_not_compared() -> None:
    data = pdf("3 Tr\n" + certificate() + picture(0, 0, 842, 595))
    assert compare(read_page(data), SIGNED) == Printed(unread="page-without-text")


@pytest.mark.parametrize("unread", ["page-broken", "extractor-missing"])
def test_a_page_that_was_not_read_is_not_compared(unread: Unread) -> None:
    printed = compare(Page(unread=unread), SIGNED)
    assert printed == Printed(unread=unread)
    assert not printed.compared


def test_a_record_that_shows_no_name_has_no_name_on_the_page() -> None:
    printed = compare(read_page(HONEST["plain"]), SIGNED._replace(learner=None))
    assert [one.field for one in printed.findings] == ["course", "completed", "issuer", "code"]
    assert printed.compared


def test_either_name_of_the_institution_is_right() -> None:
    names = ("University of Examples", ISSUER)
    assert compare(read_page(HONEST["plain"]), SIGNED._replace(issuers=names)).compared


@pytest.mark.parametrize(
    ("line", "signed", "answer"),
    [
        ("Jos\u00b4e Silva", "José Silva", True),
        ("Jose Silva", "José Silva", False),
        ("M\ufffdria", "Maria", True),
        ("M\ue000ria", "Maria", True),
        ("\ufffd" * 4, "Maria", True),
        ("\ue000 learn.example.edu", "Maria Silva", False),
        ("دمحم (Ada) يلع", "محمد علي", True),
        ("دمحم يلعع", "محمد علي", False),
        ("ศรีศรีสุวรรณ", "ศรีสุวรรณ", True),
        ("ศรีสุวรรณภิจ", "ศรีสุวรรณ", False),
        ("श्रीकृकृष्ण Ada", "श्रीकृष्ण", False),
    ],
)
def test_a_line_may_be_a_text_that_its_letters_do_not_say(
    line: str, signed: str, *, answer: bool
) -> None:
    assert _may_be(line, signed) is answer
