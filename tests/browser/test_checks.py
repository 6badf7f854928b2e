"""The checks catch what they are for, in pages that were spoilt on purpose."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.checks import COLOURS, axe_finds_nothing, no_sideways_scroll, nothing_bursts
from tests.browser.conftest import NewVisitor
from tests.browser.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Route


@pytest.fixture
def visitor(visit: NewVisitor) -> Visitor:
    """Somebody at the form, on a phone."""
    visitor = visit(width=360)
    visitor.open("/verify")
    return visitor


def add(visitor: Visitor, html: str, css: str = "") -> None:
    """Puts an element into the page, in a way that the page's policy lets a script do."""
    visitor.page.evaluate(
        """([html, css]) => {
            document.querySelector("main").insertAdjacentHTML("beforeend", html);
            document.querySelector("main").lastElementChild.style.cssText = css;
        }""",
        [html, css],
    )


@pytest.mark.parametrize(
    ("html", "css"),
    [
        ("<div>x</div>", "width: 361px"),
        ("<div>x</div>", "width: 100px; margin-left: -40px"),
        ("<p>" + "x" * 80 + "</p>", "overflow-wrap: normal; overflow: clip"),
        ("<p><b>" + "x" * 80 + "</b></p>", "overflow: hidden; white-space: nowrap"),
    ],
)
def test_what_is_too_wide_is_caught(visitor: Visitor, html: str, css: str) -> None:
    no_sideways_scroll(visitor.page)
    add(visitor, html, css)
    with pytest.raises(AssertionError, match=r"beyond the window \(360 px, light\):\n<"):
        no_sideways_scroll(visitor.page)


def test_what_scrolls_in_its_own_box_is_no_fault(visitor: Visitor) -> None:
    add(visitor, "<div><p>" + "x" * 80 + "</p></div>", "overflow-x: auto; overflow-wrap: normal")
    no_sideways_scroll(visitor.page)
    nothing_bursts(visitor.page)


def test_what_sticks_out_of_its_box_is_caught(visitor: Visitor) -> None:
    add(visitor, "<div>wide enough</div>", "width: 20px; overflow-wrap: normal")
    no_sideways_scroll(visitor.page)
    with pytest.raises(AssertionError, match="wider than the box"):
        nothing_bursts(visitor.page)


@pytest.mark.parametrize(
    ("html", "css", "told"),
    [
        ('<input id="bare">', "", r"label: .*\n    #bare"),
        ("<p>faint</p>", "color: #aaa", "color-contrast: "),
        ("<h5>deep</h5>", "", "heading-order: "),  # a best practice
        ('<p><a href="/">1</a><a href="/a">2</a></p>', "font-size: 8px", "target-size: "),
        ('<p lang="qq">?</p>', "", "valid-lang: "),
    ],
)
def test_axe_catches(visitor: Visitor, html: str, css: str, told: str) -> None:
    add(visitor, html, css)
    with pytest.raises(AssertionError, match=told):
        axe_finds_nothing(visitor.page)


def _inline_style(route: "Route") -> None:
    if not route.request.is_navigation_request():
        route.continue_()
        return
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("<h1", '<h1 style="color: red"'))


def _script(route: "Route") -> None:
    if not route.request.is_navigation_request():
        route.continue_()
        return
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text() + "<script>alert(1)</script>")


def _no_answer(route: "Route") -> None:
    if route.request.url.endswith(".css"):
        route.abort()
    else:
        route.continue_()


def _missing(route: "Route") -> None:
    if route.request.url.endswith(".css"):
        route.fulfill(status=404)
    else:
        route.continue_()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_inline_style, "Content Security Policy"),
        (_script, "Content Security Policy"),
        (_no_answer, "no answer: "),
        (_missing, "Failed to load resource"),
    ],
)
def test_the_console_tells(visit: NewVisitor, change: "Callable[[Route], None]", told: str) -> None:
    visitor = visit()
    visitor.page.route("**/*", change)
    visitor.open("/")
    assert any(told in text for text in visitor.complaints)


def test_a_request_to_another_server_is_told(visitor: Visitor) -> None:
    visitor.page.route("https://elsewhere.example/**", lambda route: route.abort())
    visitor.page.goto("about:blank")  # which has no policy that forbids it
    visitor.page.evaluate("fetch('https://elsewhere.example/').catch(() => null)")
    assert any("asked another server: https://elsewhere" in text for text in visitor.complaints)


def test_colours_are_looked_at_in_the_scheme_that_is_preferred(visitor: Visitor) -> None:
    add(visitor, "<p>ink that is for paper</p>", "color: #333")
    axe_finds_nothing(visitor.page, *COLOURS)
    visitor.look(width=360, scheme="dark")
    with pytest.raises(AssertionError, match="color-contrast: "):
        axe_finds_nothing(visitor.page, *COLOURS)
