"""The life of a share, as its learner and a stranger live it, on a phone and on a desk."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from signedcert.documents.record import FINAL_SCORE, CourseRecord, CourseResult
from signedcert.institution import Institution
from tests.browser.campus import ARABIC_TITLE, LEARNERS, LONG_NAME, UNBROKEN, make_campus
from tests.browser.checks import COLOURS
from tests.browser.conftest import NewVisitor
from tests.browser.server import Server, serving
from tests.browser.test_pages import WIDTHS, check
from tests.browser.visitor import Visitor
from tests.cli.running import spawn
from tests.institution.homes import PASSPHRASE, URL

if TYPE_CHECKING:
    from playwright.sync_api import Page

_DAY = date(2026, 4, 20)
RESULTS = (
    CourseResult(FINAL_SCORE, Decimal(100), value=Decimal("73.31")),
    CourseResult("quiz", Decimal(10), "Process analysis", Decimal("6.17"), achieved=_DAY),
    CourseResult("quiz", Decimal(10), "Queues", Decimal("8.29"), "Failed"),
    CourseResult("final exam", Decimal(200), value=Decimal("141.83")),
    CourseResult("practice problems", Decimal(20), "Forecasting", status="Enrolled"),
)
#: What is hard to lay out.
LONG_RESULTS = (
    *RESULTS[:1],
    CourseResult("quiz", Decimal(999999999), UNBROKEN, Decimal("123456789.1234"), "Provisional"),
    CourseResult("quiz", Decimal(10), ARABIC_TITLE, Decimal("8.29"), achieved=_DAY),
    CourseResult("final exam", Decimal(200), "x" * 200, Decimal("141.83"), "Failed", _DAY),
    CourseResult("practice problems", Decimal("0.5"), UNBROKEN[::-1], status="Enrolled"),
)
#: What tells the results that are not shared below: values, what is drawn, status.
WITHHELD = ("8.29", "82.90", "failed", "141.83", "70.91", "70.92", "not handed in")
#: What a browser calls a page that it has put into a file instead.
_DOWNLOADED = "/file, net::ERR_ABORTED"
RECORD, LEARNERS_PAGE = "A course record", "Course records"


class School(NamedTuple):
    """A home with course records, its server, and a relying party's trust in it."""

    home: Path
    server: Server
    trust: Path

    def sign_in(self, learner_id: str) -> str:
        """The path of the link that the command prints."""
        printed = spawn(
            "sign-in", learner_id, "--home", self.home, "--address", self.server.origin
        ).out
        assert printed.startswith(f"{self.server.origin}/sign-in/")
        return printed.strip().removeprefix(self.server.origin)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    directory = tmp_path_factory.mktemp("school")
    home = make_campus(directory).home
    with Institution.open(home, PASSPHRASE) as institution:
        for learner_id, course, results in (
            ("plain", "operations-management", RESULTS),
            ("long", "long", LONG_RESULTS),
        ):
            institution.issue_record(
                CourseRecord(results),
                learner_id=learner_id,
                course=course,
                run="now",
                at=datetime.now(UTC),
            )
        pin = institution.pin
    trust = directory / "trust"
    added = spawn("trust", "add", home / "manifests", "--pin", pin, "--trust", trust)
    assert added.status == 0, added.err
    with serving(home, directory / "log") as server:
        yield School(home, server, trust)


def heading(page: "Page") -> str:
    """The heading of the page that is shown."""
    text: str = page.get_by_role("heading", level=1).inner_text()
    return text


def examine(visitor: Visitor, name: str, width: int) -> None:
    """Looks at the page as it is, with all that can be unfolded, by day and by night."""
    visitor.page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    visitor.look(width=width, scheme="dark")
    check(visitor, f"share-{name}", *COLOURS)
    visitor.look(width=width, scheme="light")
    check(visitor, f"share-{name}")


def sign_in(visitor: Visitor, school: School, learner_id: str, width: int) -> None:
    """Opens the link that a learner was sent."""
    assert visitor.open(school.sign_in(learner_id)) == 200
    assert heading(visitor.page) == "Sign in"
    examine(visitor, f"{learner_id}-sign-in", width)
    visitor.page.get_by_role("button", name="Sign in").click()
    visitor.page.wait_for_url("**/learner")
    assert heading(visitor.page) == LEARNERS_PAGE


def make_link(visitor: Visitor, label: str, *shown: str) -> str:
    """Unchecks all results but some, and makes a link; the path of it."""
    page = visitor.page
    if not page.get_by_label("What the link is for").is_visible():
        page.get_by_text("Share it by a link").click()
    page.get_by_label("What the link is for").fill(label)
    for box in page.locator("input[name=result]").all():
        name = box.locator("xpath=..").inner_text()
        if not any(one in name for one in shown):
            box.uncheck()
    page.get_by_role("button", name="Make the link").click()
    page.wait_for_url("**/learner/share")
    link: str = page.get_by_label("Copy it now").input_value()
    assert link.startswith(f"{URL}/records/")
    return link.removeprefix(URL)


def open_record(visitor: Visitor, path: str, name: str, width: int) -> None:
    """Presses the button behind a link."""
    assert visitor.open(path) == 200
    assert heading(visitor.page) == RECORD
    examine(visitor, f"{name}-cover", width)
    visitor.page.get_by_role("button", name="Open the record").click()
    visitor.page.wait_for_selector("text=Check it yourself")
    examine(visitor, f"{name}-record", width)


def two_results_and_no_more(page: "Page") -> None:
    """What is read, and what the page is made of."""
    html, text = page.content(), page.locator("html").inner_text()
    for shown in ("73.31", "6.17", LEARNERS["plain"], "shows 2 of 5 results"):
        assert shown in text
    for withheld in (*WITHHELD, "Application to Acme"):
        assert withheld not in text, withheld
        assert withheld not in html, withheld


def download(visitor: Visitor, school: School, directory: Path) -> None:
    """Takes the file, and verifies it at the command line."""
    with visitor.page.expect_download() as started:
        visitor.page.get_by_role("button", name="Download the record").click()
    file = directory / started.value.suggested_filename
    started.value.save_as(file)
    assert file.name.startswith("record-")
    done = spawn("verify", file, "--trust", school.trust, "--json")
    assert done.status == 0, done.err
    (result,) = done.json["results"]
    assert result["verdict"] == "authentic"
    record = result["record"]
    assert record["learner"] == LEARNERS["plain"]
    assert [one["value"] for one in record["results"]] == ["73.31", "6.17", None, None, None]
    assert [one["shown"] for one in record["results"]] == [True, True, False, False, False]
    assert not any(withheld in done.out for withheld in WITHHELD)


def has_ended(visitor: Visitor, path: str) -> None:
    """What the stranger is told then."""
    assert visitor.open(path) == 404
    assert heading(visitor.page) == "This link has ended"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_life_of_a_share(school: School, visit: NewVisitor, tmp_path: Path, width: int) -> None:
    learner = visit(school.server.origin, width=width)
    stranger = visit(school.server.origin, width=width)
    sign_in(learner, school, "plain", width)
    examine(learner, "plain-learner", width)
    label = f"Application to Acme, by way of {width} px"
    path = make_link(learner, label, "Final score", "Process analysis")
    examine(learner, "plain-made", width)

    open_record(stranger, path, "plain", width)
    two_results_and_no_more(stranger.page)
    download(stranger, school, tmp_path)
    assert stranger.page.url == school.server.origin + path

    learner.open("/learner")
    listed = learner.page.locator(".links > li", has_text=label)
    listed.get_by_text("Opened or downloaded 2 times").click()
    assert f"{datetime.now(UTC):%Y-%m-%d}" in listed.locator("time").first.inner_text()
    assert "2 of 5 results" in listed.inner_text()
    examine(learner, "plain-links", width)

    second = make_link(learner, "Second", "Queues")
    learner.page.locator(".links > li", has_text=label).get_by_role("button").click()
    learner.page.wait_for_url("**/learner")
    examine(learner, "plain-one-ended", width)
    has_ended(stranger, path)
    examine(stranger, "plain-ended", width)
    assert stranger.open(second) == 200
    learner.page.get_by_role("button", name="End all links").click()
    learner.page.wait_for_selector("text=None of them is live.")
    has_ended(stranger, second)
    stranger.open(path)
    assert stranger.page.get_by_role("button").count() == 0

    learner.page.get_by_role("button", name="Sign out").click()
    learner.page.wait_for_selector("text=You are not signed in.")
    examine(learner, "plain-signed-out", width)
    assert learner.complaints == []
    assert [one for one in stranger.complaints if _DOWNLOADED not in one] == []


def test_a_stranger_who_has_the_page_open_gets_no_file_once_the_link_has_ended(
    school: School, visit: NewVisitor
) -> None:
    learner, stranger = visit(school.server.origin), visit(school.server.origin)
    learner.open(school.sign_in("plain"))
    learner.page.get_by_role("button", name="Sign in").click()
    path = make_link(learner, "Acme", "Queues")
    stranger.open(path)
    stranger.page.get_by_role("button", name="Open the record").click()
    stranger.page.wait_for_selector("text=Check it yourself")
    learner.page.get_by_role("button", name="End all links").click()
    learner.page.wait_for_selector("text=None of them is live.")
    stranger.page.get_by_role("button", name="Download the record").click()
    stranger.page.wait_for_selector("text=This link has ended")
    with pytest.raises(Exception, match="ERR_CACHE_MISS"):  # it would have to ask again
        stranger.page.go_back()


@pytest.mark.parametrize("width", [320, *WIDTHS])
def test_a_record_whose_texts_are_hard_to_lay_out(
    school: School, visit: NewVisitor, width: int
) -> None:
    learner = visit(school.server.origin, width=width)
    stranger = visit(school.server.origin, width=width)
    sign_in(learner, school, "long", width)
    examine(learner, "long-learner", width)
    path = make_link(learner, UNBROKEN[:100], "Final score", UNBROKEN, ARABIC_TITLE)
    examine(learner, "long-made", width)
    open_record(stranger, path, "long", width)
    assert LONG_NAME in stranger.page.locator("main").inner_text()
    assert "123456789.1234" in stranger.page.locator("main").inner_text()
    assert "141.83" not in stranger.page.content()
    assert learner.complaints == stranger.complaints == []


def test_what_cannot_be_shared_is_told(school: School, visit: NewVisitor) -> None:
    learner = visit(school.server.origin, width=360)
    learner.open(school.sign_in("plain"))
    learner.page.get_by_role("button", name="Sign in").click()
    learner.page.wait_for_url("**/learner")
    page = learner.page
    if not page.get_by_label("What the link is for").is_visible():
        page.get_by_text("Share it by a link").click()
    page.get_by_role("button", name="Make the link").click()
    assert page.url.endswith("/learner")  # the browser asks for a label
    page.get_by_label("What the link is for").fill("Acme")
    for box in page.locator("input[name=result]").all():
        box.uncheck()
    page.get_by_role("button", name="Make the link").click()
    page.wait_for_url("**/learner/share")
    assert "choose at least one result" in page.get_by_role("alert").inner_text()
    examine(learner, "plain-problem", 360)
    assert learner.complaints == []


def test_a_sign_in_link_is_good_once(school: School, visit: NewVisitor) -> None:
    path = school.sign_in("plain")
    first, second = visit(school.server.origin, width=360), visit(school.server.origin, width=360)
    for visitor in (first, second):
        visitor.open(path)
    first.page.get_by_role("button", name="Sign in").click()
    first.page.wait_for_url("**/learner")
    second.page.get_by_role("button", name="Sign in").click()
    second.page.wait_for_selector("text=This sign-in link has ended")
    examine(second, "sign-in-ended", 360)
    (cookie,) = first.page.context.cookies()
    assert cookie["name"] == "__Host-signedcert"
    assert cookie["secure"] is cookie["httpOnly"] is True
    assert (cookie["sameSite"], cookie["path"]) == ("Lax", "/")
    assert second.page.context.cookies() == []
    assert first.complaints == second.complaints == []


def test_everything_on_the_learners_page_is_reached_by_the_keyboard_and_shows_it(
    school: School, visit: NewVisitor
) -> None:
    learner = visit(school.server.origin)
    learner.open(school.sign_in("plain"))
    learner.page.get_by_role("button", name="Sign in").click()
    make_link(learner, "Acme", "Queues")
    learner.page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    usable = learner.page.locator("a, button, input:not([type=hidden]), select, summary").count()
    reached = []
    for _ in range(usable):
        learner.page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineWidth"
        assert learner.page.evaluate(outline) == "3px"
        reached.append(learner.page.evaluate("document.activeElement.outerHTML"))
    assert len(set(reached)) >= usable - 1 > 15  # two summaries may read the same
