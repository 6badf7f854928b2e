"""The small QR code: read from any rendering, and from photos of 25 mm on paper."""

import io
import re

import pytest
import zxingcpp
from PIL import Image

from signedcert.carriers.bundle import Bundle
from signedcert.render import Renderer
from signedcert.render.qr import QUIET_ZONE, qr_code
from tests.reference import ISSUER, World
from tests.render.certificates import bundle_of
from tests.render.pages import raster
from tests.render.photos import DPI, PHOTOS, corner

#: The longest host that leaves the URL in a symbol of 33 modules.
LONG_HOST = f"https://{'learn' * 8}.edu.au"
CODE = "NSPQ-8W1B-BCGX-GRPY-7QQP"


def url_of(bundle: Bundle) -> str:
    return f"{ISSUER}/verify/{bundle.code}".upper()


def read(image: Image.Image) -> zxingcpp.Barcode:
    """The only QR code in a picture."""
    (found,) = zxingcpp.read_barcodes(
        image, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    )
    return found


@pytest.fixture(scope="module")
def pdf(renderer: Renderer, bundle: Bundle) -> bytes:
    return renderer.pdf(bundle)


@pytest.mark.parametrize("dpi", [72, 96, 100, 110, 120, 150, 200, 240, 300])
def test_it_is_read_from_a_rendering(pdf: bytes, bundle: Bundle, dpi: int) -> None:
    assert read(raster(pdf, dpi)).text == url_of(bundle)


@pytest.mark.parametrize("dpi", [72, 150, 300])
def test_it_is_read_from_a_png(renderer: Renderer, bundle: Bundle, dpi: int) -> None:
    with Image.open(io.BytesIO(renderer.png(bundle, dpi))) as image:
        assert read(image.convert("L")).text == url_of(bundle)


@pytest.mark.parametrize("photo", PHOTOS)
def test_it_is_read_from_a_photo(pdf: bytes, bundle: Bundle, photo: str) -> None:
    assert read(PHOTOS[photo](corner(raster(pdf, DPI)))).text == url_of(bundle)


def test_it_is_alphanumeric_at_level_m(pdf: bytes) -> None:
    found = read(raster(pdf, 300))
    assert found.ec_level == "M"
    assert re.fullmatch(r"[0-9A-Z $%*+\-./:]+", found.text)


@pytest.mark.parametrize(("origin", "modules"), [(ISSUER, 29), (LONG_HOST, 33)])
def test_upper_case_keeps_the_symbol_small(origin: str, modules: int) -> None:
    assert qr_code(f"{origin}/verify/{CODE}").modules == modules
    mixed = zxingcpp.create_barcode(
        f"{origin}/verify/{CODE}", zxingcpp.BarcodeFormat.QRCode, ec_level="M"
    )
    assert mixed.to_image(add_quiet_zones=False).shape[0] > modules


@pytest.mark.parametrize("photo", PHOTOS)
def test_one_with_a_long_host_is_read_from_a_photo(
    renderer: Renderer, world: World, photo: str
) -> None:
    bundle = bundle_of(world, issuer=LONG_HOST)
    image = corner(raster(renderer.pdf(bundle), DPI))
    assert read(PHOTOS[photo](image)).text == f"{LONG_HOST}/verify/{bundle.code}".upper()


def test_it_is_one_path_of_whole_modules() -> None:
    code = qr_code(f"{ISSUER}/verify/{CODE}")
    assert code.svg.count("<path") == 2
    numbers = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", code.svg)
    assert len(numbers) > 200
    for x, y, width in numbers:
        assert int(x) >= QUIET_ZONE
        assert QUIET_ZONE <= int(y) < QUIET_ZONE + code.modules
        assert int(x) + int(width) <= QUIET_ZONE + code.modules
