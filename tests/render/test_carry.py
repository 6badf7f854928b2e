"""The bundle in each kind of picture, to the byte."""

import io
import os
import shutil
import subprocess
import zlib
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pypdf
import pytest
from openbadgeslib.ob3 import OB3Verifier
from PIL import Image

from signedcert.carriers.bundle import MEDIA_TYPE, Bundle
from signedcert.carriers.carried import BADGE_NAMESPACE, BUNDLE_NAMESPACE
from signedcert.render import Renderer
from signedcert.render.carry import carry_in_png, carry_in_svg
from tests.browser.chromium import launched
from tests.reference import World
from tests.render.certificates import bundle_of

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page


def test_a_pdf_has_the_bundle_attached(renderer: Renderer, bundle: Bundle) -> None:
    reader = pypdf.PdfReader(io.BytesIO(renderer.pdf(bundle)))
    (attached,) = reader.attachment_list
    assert attached.name == f"{bundle.code}.signedcert"
    assert attached.content == bundle.encode()
    assert attached.subtype == f"/{MEDIA_TYPE}"
    assert attached.associated_file_relationship == "/Source"


def test_poppler_finds_the_attachment(renderer: Renderer, bundle: Bundle, tmp_path: Path) -> None:
    program = shutil.which("pdfdetach")
    if program is None:
        message = "no pdfdetach; install poppler-utils"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    pdf, saved = tmp_path / "a.pdf", tmp_path / "a.signedcert"
    pdf.write_bytes(renderer.pdf(bundle))
    subprocess.run([program, "-save", "1", "-o", saved, pdf], check=True)
    assert saved.read_bytes() == bundle.encode()


def test_chromium_shows_the_attachment(renderer: Renderer, bundle: Bundle, tmp_path: Path) -> None:
    """Debian's build has the list of attachments behind a switch."""
    pdf = tmp_path / "a.pdf"
    pdf.write_bytes(renderer.pdf(bundle))
    with launched("--enable-features=PdfPortfolio", windows=True) as chromium:
        page = chromium.new_page()
        page.goto(pdf.as_uri())
        viewer = viewer_of(page)
        viewer.get_by_role("tab", name="Attachments").click()
        attached = viewer.locator("viewer-attachment #title")
        attached.first.wait_for()
        assert attached.all_text_contents() == [f"{bundle.code}.signedcert"]


def viewer_of(page: "Page") -> "Frame":
    """The frame in which Chromium shows a PDF. It comes when the page has loaded already."""
    for _ in range(300):
        for frame in page.frames:
            if frame.url.startswith("chrome-extension:"):
                return frame
        page.wait_for_timeout(100)
    raise AssertionError(page.frames)


def test_a_png_has_the_document_and_the_bundle(renderer: Renderer, bundle: Bundle) -> None:
    picture = renderer.png(bundle)
    with Image.open(io.BytesIO(picture)) as image:
        image.load()
        assert image.size == (1754, 1240)
        assert image.text["openbadgecredential"] == bundle.document  # type: ignore[attr-defined]
        assert image.text["signedcert"].encode() == bundle.encode()  # type: ignore[attr-defined]


def test_every_chunk_of_a_png_has_its_checksum(renderer: Renderer, bundle: Bundle) -> None:
    data, kinds = renderer.png(bundle)[8:], []
    while data:
        length = int.from_bytes(data[:4])
        body, checksum = data[4 : 8 + length], data[8 + length : 12 + length]
        assert zlib.crc32(body) == int.from_bytes(checksum)
        kinds.append(body[:4])
        data = data[12 + length :]
    assert kinds.count(b"iTXt") == 2
    assert kinds[-3:] == [b"iTXt", b"iTXt", b"IEND"]


def test_an_svg_has_the_document_and_the_bundle(renderer: Renderer, bundle: Bundle) -> None:
    root = ET.fromstring(renderer.svg(bundle))  # noqa: S314 - our own
    badge, companion = root[0], root[1]
    assert badge.tag == f"{{{BADGE_NAMESPACE}}}credential"
    assert badge.get("verify") == bundle.document
    assert companion.tag == f"{{{BUNDLE_NAMESPACE}}}bundle"
    assert (companion.text or "").encode() == bundle.encode()


def test_what_xml_would_take_for_markup_comes_back(renderer: Renderer, world: World) -> None:
    odd = bundle_of(world)._replace(proof='<&>"\\ ]]> \n\t café')
    root = ET.fromstring(renderer.svg(odd))  # noqa: S314 - our own
    assert Bundle.parse((root[1].text or "").encode()) == odd


def test_open_badges_software_finds_the_badge(renderer: Renderer, bundle: Bundle) -> None:
    assert OB3Verifier.extract_token_from_png(renderer.png(bundle)) == bundle.document
    assert OB3Verifier.extract_token_from_svg(renderer.svg(bundle)) == bundle.document


@pytest.mark.parametrize("carry", [carry_in_png, carry_in_svg])
@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<html></html>"])
def test_other_pictures_carry_nothing(carry: object, data: bytes, bundle: Bundle) -> None:
    with pytest.raises(ValueError, match="this is no"):
        carry(data, bundle)  # type: ignore[operator]
