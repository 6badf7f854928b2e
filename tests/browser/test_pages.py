"""Every page, as a browser shows it: on a phone and on a desk, by day and by night."""

from typing import NamedTuple

import pytest

from signedcert.carriers.bundle import Bundle
from tests.browser.campus import ARABIC_TITLE, LEARNERS, LONG_TITLE, Campus
from tests.browser.checks import COLOURS, axe_finds_nothing, no_sideways_scroll, nothing_bursts
from tests.browser.conftest import NewVisitor
from tests.browser.visitor import Visitor

AUTHENTIC = "This course certificate is authentic"
WIDTHS = (360, 1280)
UNKNOWN = "NSPQ-8W1B-BCGX-GRPY-7QQP"


class View(NamedTuple):
    """A page: where it is, and what tells it from any other."""

    path: str
    shows: str
    status: int = 200


VIEWS = {
    "home": View("/", "Course certificates of Example University"),
    "form": View("/verify", "Verify a course certificate"),
    "certificate": View("/verify/{plain}", LEARNERS["plain"]),
    "certificate-long": View("/verify/{long}", LEARNERS["long"]),
    "certificate-arabic": View("/verify/{arabic}", LEARNERS["arabic"]),
    "certificate-cjk": View("/verify/{cjk}", LEARNERS["cjk"]),
    "suggestion": View("/verify/{typo}", "Did you mean this one?", 404),
    "unknown": View(f"/verify/{UNKNOWN}", "it leads to no certificate of ours", 404),
    "no-code": View("/verify/" + "W" * 80, "not a complete code", 404),
    "courses": View("/courses", LONG_TITLE),
    "course": View("/courses/operations-management", "About the course"),
    "course-long": View("/courses/long", LONG_TITLE),
    "course-arabic": View("/courses/arabic", ARABIC_TITLE),
    "absent": View("/nothing/here", "Nothing here", 404),
}


def unfold(visitor: Visitor) -> None:
    """Opens what a reader can open."""
    for summary in visitor.page.locator("summary").all():
        summary.click()


def check(visitor: Visitor, name: str, *rules: str) -> None:
    """What holds for every look of a page, by some of axe's rules or by all."""
    visitor.picture(name)
    no_sideways_scroll(visitor.page)
    nothing_bursts(visitor.page)
    axe_finds_nothing(visitor.page, *rules)


@pytest.mark.parametrize("name", VIEWS)
def test_a_page_fits_and_neither_axe_nor_the_console_complains(
    visit: NewVisitor, campus: Campus, name: str
) -> None:
    view = VIEWS[name]
    visitor = visit()
    assert visitor.open(campus.spell(view.path)) == view.status
    unfold(visitor)
    assert view.shows in visitor.page.locator("main").inner_text()
    for width in WIDTHS:
        visitor.look(width=width, scheme="light")
        check(visitor, name)
        visitor.look(width=width, scheme="dark")
        check(visitor, name, *COLOURS)
    assert visitor.complaints == []


def test_a_page_fits_a_window_of_the_least_width(visit: NewVisitor, campus: Campus) -> None:
    """320 px is what WCAG 2.2 asks for (1.4.10)."""
    visitor = visit(width=320)
    for view in VIEWS.values():
        visitor.open(campus.spell(view.path))
        unfold(visitor)
        no_sideways_scroll(visitor.page)
        nothing_bursts(visitor.page)


def test_the_pages_follow_the_colour_scheme(visit: NewVisitor) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    dark, light = visit(scheme="dark"), visit()
    for visitor in (dark, light):
        visitor.open("/")
    assert dark.page.evaluate(paper) == "rgb(18, 23, 29)"
    assert light.page.evaluate(paper) == "rgb(255, 255, 255)"
    light.look(width=1280, scheme="dark")
    assert light.page.evaluate(paper) == "rgb(18, 23, 29)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_example_in_the_field_is_as_clear_as_the_hint(visit: NewVisitor, scheme: str) -> None:
    """The hint is measured by axe, on the same background; what is in a field is not."""
    visitor = visit(scheme=scheme)
    visitor.open("/verify")
    field, hint = (
        visitor.page.evaluate(f"getComputedStyle({where}).color")
        for where in (
            'document.querySelector("#code"), "::placeholder"',
            'document.querySelector(".hint")',
        )
    )
    assert field == hint


def test_a_code_that_is_typed_leads_to_its_certificate(visit: NewVisitor, campus: Campus) -> None:
    visitor = visit(width=360)
    visitor.open("/")
    visitor.page.get_by_label("Verification code").fill(campus.codes["plain"].symbols.lower())
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url(f"**/verify/{campus.codes['plain']}")
    assert visitor.page.get_by_role("heading", level=1).inner_text().startswith(AUTHENTIC)
    assert visitor.complaints == []


def test_a_slip_is_put_right_with_one_click(visit: NewVisitor, campus: Campus) -> None:
    visitor = visit()
    visitor.open("/verify")
    visitor.page.get_by_label("Verification code").fill(campus.spell("{typo}"))
    visitor.page.get_by_role("button", name="Verify").click()
    visitor.page.get_by_role("link", name=str(campus.codes["plain"])).click()
    visitor.page.wait_for_url(f"**/verify/{campus.codes['plain']}")
    assert visitor.page.get_by_role("heading", level=1).inner_text().startswith(AUTHENTIC)
    assert visitor.complaints == []


def test_the_certificate_can_be_downloaded(visit: NewVisitor, campus: Campus) -> None:
    visitor = visit()
    visitor.open(campus.spell("/verify/{plain}"))
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Download the certificate").click()
    assert download.value.suggested_filename == f"{campus.codes['plain']}.signedcert"
    bundle = Bundle.parse(download.value.path().read_bytes())
    assert bundle.code == campus.codes["plain"]


def test_everything_that_can_be_used_is_reached_by_the_keyboard_and_shows_it(
    visit: NewVisitor, campus: Campus
) -> None:
    visitor = visit()
    visitor.open(campus.spell("/verify/{plain}"))
    usable = visitor.page.locator("a, button, input, summary").count()
    reached = []
    for _ in range(usable):
        visitor.page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineWidth"
        assert visitor.page.evaluate(outline) == "3px"
        reached.append(visitor.page.evaluate("document.activeElement.outerHTML"))
    assert len(set(reached)) == usable >= 6


def test_visitors_share_nothing(visit: NewVisitor) -> None:
    one, other = visit(), visit()
    for visitor in (one, other):
        visitor.open("/")
    one.page.evaluate("document.cookie = 'who=one'")
    assert one.page.evaluate("document.cookie") == "who=one"
    assert other.page.evaluate("document.cookie") == ""
