"""The lower right corner of a printed page, as cameras see it."""

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Grey = npt.NDArray[np.float64]
#: Pixels a millimetre: the code is 25 mm wide, and 200 pixels in the picture.
SHARPNESS = 8
DPI = 25.4 * SHARPNESS


def corner(page: Image.Image) -> Image.Image:
    """90 by 60 mm of a page that was rastered at ``DPI``."""
    width, height = page.size
    return page.crop((width - 90 * SHARPNESS, height - 60 * SHARPNESS, width, height))


def plain(image: Image.Image) -> Image.Image:
    """As it is."""
    return image


def turned(image: Image.Image) -> Image.Image:
    """By 20 degrees, on a grey table."""
    return image.rotate(20, Image.Resampling.BICUBIC, expand=True, fillcolor=120)


def from_the_side(image: Image.Image) -> Image.Image:
    """In perspective: the far edge is three quarters as long as the near one."""
    width, height = image.size
    inset = width / 8
    goes_to = ((inset, height * 0.12), (width - inset, height * 0.12), (width, height), (0, height))
    comes_from = ((0, 0), (width, 0), (width, height), (0, height))
    return image.transform(
        image.size,
        Image.Transform.PERSPECTIVE,
        _coefficients(goes_to, comes_from),
        Image.Resampling.BICUBIC,
        fillcolor=120,
    )


def _coefficients(
    targets: tuple[tuple[float, float], ...], sources: tuple[tuple[float, float], ...]
) -> list[float]:
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(targets, sources, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    wanted = np.array(sources, dtype=float).reshape(8)
    return [float(one) for one in np.linalg.solve(np.array(rows), wanted)]


def blurred(image: Image.Image) -> Image.Image:
    """Out of focus by a third of a module."""
    return image.filter(ImageFilter.GaussianBlur(0.3 * SHARPNESS))


def in_low_light(image: Image.Image) -> Image.Image:
    """A quarter of the contrast, and noise."""
    grey = np.asarray(image, dtype=float) * 0.25 + 10
    noise = np.random.default_rng(7).normal(0, 9, grey.shape)
    return _image(grey + noise)


def compressed(image: Image.Image) -> Image.Image:
    """As a messenger sends it: JPEG of quality 40."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=40)
    return Image.open(file).convert("L")


def unevenly_lit(image: Image.Image) -> Image.Image:
    """Bright at one side, with the shadow of a hand on the other."""
    grey = np.asarray(image, dtype=float)
    height, width = grey.shape
    light = np.linspace(1.0, 0.35, width)[None, :] * np.linspace(1.0, 0.7, height)[:, None]
    return _image(grey * light)


def _image(grey: Grey) -> Image.Image:
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


PHOTOS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "plain": plain,
    "turned by 20 degrees": turned,
    "in perspective": from_the_side,
    "blurred": blurred,
    "in low light, with noise": in_low_light,
    "JPEG 40": compressed,
    "unevenly lit": unevenly_lit,
}
