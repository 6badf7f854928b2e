"""Certificates as PDF and PNG, from the page of the certificate."""

from collections.abc import Iterator
from html import unescape
from io import BytesIO

import httpx
import pytest
from pypdf import PdfReader

from signedcert.institution import Institution
from signedcert.render.renderer import Renderer
from signedcert.web import app
from tests.institution.homes import LATER, NOW, URL, Place, issue_one
from tests.publish.press import add_snapshot_key
from tests.web.browser import Browser
from tests.web.test_app import UNKNOWN

FORMS = ("pdf", "png")


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer(explain=True) as renderer:
        yield renderer


@pytest.fixture
def open_place(place: Place) -> Iterator[Institution]:
    """An institution that publishes statuses."""
    add_snapshot_key(place)
    with place.open() as institution:
        institution.publish(at=NOW)
        yield institution


@pytest.fixture
def browser(open_place: Institution, renderer: Renderer) -> Browser:
    """Who looks at its pages."""
    return Browser(app(open_place, lambda: NOW, renderer=renderer))


def links(response: httpx.Response) -> list[str]:
    """What of the pictures is on a page."""
    text = unescape(response.text)
    return [one for one in ('.pdf"', '.png"', "og:image") if one in text]


def test_a_page_offers_pictures_and_they_carry_the_certificate(
    browser: Browser, open_place: Institution
) -> None:
    issued = issue_one(open_place)
    page = browser.get(f"/verify/{issued.code}")
    assert links(page) == ['.pdf"', '.png"', "og:image"]
    assert f'content="{URL}/verify/{issued.code}.png"' in page.text
    expected = browser.get(f"/verify/{issued.code}.signedcert").content
    pdf = browser.get(f"/verify/{issued.code}.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.headers["content-disposition"] == f'attachment; filename="{issued.code}.pdf"'
    read = PdfReader(BytesIO(pdf.content))
    assert read.attachments[f"{issued.code}.signedcert"] == [expected]
    assert len(read.pages) >= 2  # how to check it
    png = browser.get(f"/VERIFY/{issued.code}.png")
    assert png.headers["content-type"] == "image/png"
    assert png.headers["content-disposition"] == f'inline; filename="{issued.code}.png"'
    assert png.content.startswith(b"\x89PNG")
    assert expected in png.content
    assert browser.get(f"/verify/{issued.code}.pdf").content == pdf.content


@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_authentic_has_no_picture(
    browser: Browser, open_place: Institution, form: str
) -> None:
    code = issue_one(open_place).code
    assert browser.get(f"/verify/{code}.{form}").status_code == 200
    open_place.revoke(code, at=NOW)
    open_place.publish(at=NOW)
    assert browser.get(f"/verify/{code}.{form}").status_code == 404
    assert links(browser.get(f"/verify/{code}")) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_character_that_no_font_has_is_told_and_no_error_of_the_server(
    browser: Browser, open_place: Institution, form: str
) -> None:
    code = issue_one(open_place, "சுப்பிரமணிய பாரதியார்").code
    page = browser.get(f"/verify/{code}")
    assert page.status_code == 200
    assert links(page) == []
    assert browser.get(f"/verify/{code}.{form}").status_code == 404


@pytest.mark.parametrize(("learner", "drawn"), [("Ada பாரதியார்", False), ("Ζωή Ёлкина", True)])
def test_all_of_a_name_is_drawn_or_there_are_no_links(
    browser: Browser, open_place: Institution, learner: str, *, drawn: bool
) -> None:
    code = issue_one(open_place, learner).code
    assert bool(links(browser.get(f"/verify/{code}"))) is drawn


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("code", [UNKNOWN, "x", "%00", "a" * 5000])
def test_other_codes_lead_to_nothing(browser: Browser, code: str, form: str) -> None:
    assert browser.get(f"/verify/{code}.{form}").status_code == 404


@pytest.mark.parametrize("form", FORMS)
def test_without_a_renderer_there_are_none(open_place: Institution, form: str) -> None:
    code = issue_one(open_place).code
    browser = Browser(app(open_place, lambda: LATER))
    assert links(browser.get(f"/verify/{code}")) == []
    assert browser.get(f"/verify/{code}.{form}").status_code == 404
