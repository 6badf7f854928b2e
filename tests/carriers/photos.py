"""Papers with QR codes, and what cameras make of them."""

import io
from collections.abc import Callable
from random import Random

import zxingcpp
from PIL import Image, ImageEnhance, ImageFilter

#: 150 dpi: an A4 page, and a QR of 25 mm on it.
PAGE, SIDE = (1754, 1240), 148


def paper(*texts: str) -> Image.Image:
    """A page with a QR code for each text, in the lower right corner and left of it."""
    page = Image.new("L", PAGE, 250)
    for number, text in enumerate(texts, 1):
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
        symbol = Image.fromarray(code.to_image(scale=8, add_quiet_zones=True))
        symbol = symbol.resize((SIDE, SIDE), Image.Resampling.BOX)
        page.paste(symbol, (PAGE[0] - (SIDE + 60) * number, PAGE[1] - SIDE - 60))
    return page


def written(picture: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    """A file with this picture."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def _perspective(page: Image.Image) -> Image.Image:
    """As seen from the lower left."""
    slant = (1.0, 0.12, -60.0, 0.05, 1.0, -40.0, -0.00008, -0.00006)
    return page.transform(PAGE, Image.Transform.PERSPECTIVE, slant, Image.Resampling.BICUBIC)


def _uneven(page: Image.Image) -> Image.Image:
    """Dark towards the right, where the code is."""
    light = Image.linear_gradient("L").rotate(90).resize(PAGE)
    return Image.composite(page, page.point(lambda value: value // 3), light)


def _dark(page: Image.Image) -> Image.Image:
    """Little light, and the noise of it."""
    dark = ImageEnhance.Brightness(page).enhance(0.3)
    noise = Image.frombytes("L", PAGE, Random(7).randbytes(PAGE[0] * PAGE[1]))  # noqa: S311 - not secret
    return Image.blend(dark, noise, 0.12)


PHOTOS: dict[str, Callable[[Image.Image], bytes]] = {
    "plain": written,
    "a PNG": lambda page: written(page, "PNG"),
    "a WebP": lambda page: written(page, "WEBP"),
    "turned by 20 degrees": lambda page: written(
        page.rotate(20, Image.Resampling.BICUBIC, expand=True)
    ),
    "upside down": lambda page: written(page.rotate(180)),
    "in perspective": lambda page: written(_perspective(page)),
    "blurred": lambda page: written(page.filter(ImageFilter.GaussianBlur(1.5))),
    "dark and noisy": lambda page: written(_dark(page)),
    "JPEG at 40": lambda page: written(page, quality=40),
    "uneven light": lambda page: written(_uneven(page)),
    "48 million pixels": lambda page: written(page.resize((8000, 6000))),
    "in colours": lambda page: written(page.convert("RGB")),
    "in CMYK": lambda page: written(page.convert("CMYK")),
}
