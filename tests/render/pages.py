"""Pages as pictures and as boxes of text, with pdfium."""

from collections.abc import Iterator
from typing import NamedTuple

import pypdfium2
from PIL import Image


class Box(NamedTuple):
    """Text in a line, and where its ink is: points, from the lower left corner."""

    left: float
    bottom: float
    right: float
    top: float
    text: str

    def overlaps(self, other: "Box") -> bool:
        """More than the letters of one line do."""
        middle, height = (self.bottom + self.top) / 2, self.top - self.bottom
        if abs(middle - (other.bottom + other.top) / 2) < 0.4 * max(
            height, other.top - other.bottom
        ):
            return False
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return width > 1 and height > 1


def beside(found: list[Box]) -> Iterator[tuple[Box, Box]]:
    """Pairs of them that are at the same height somewhere: no others can overlap."""
    rising = sorted(found, key=lambda box: box.bottom)
    for number, one in enumerate(rising, 1):
        for other in rising[number:]:
            if other.bottom >= one.top:
                break
            yield one, other


def raster(pdf: bytes, dpi: float, page: int = 0) -> Image.Image:
    """A page as it is on paper, in grey."""
    with pypdfium2.PdfDocument(pdf) as document:
        image: Image.Image = document[page].render(scale=dpi / 72).to_pil()
        return image.convert("L")


def boxes(pdf: bytes, page: int = 0) -> list[Box]:
    """The lines of a page: characters of one baseline, as close as in a word or a sentence."""
    with pypdfium2.PdfDocument(pdf) as document:
        text = document[page].get_textpage()
        found = []
        for index in range(text.count_rects()):
            left, bottom, right, top = text.get_rect(index)
            said = text.get_text_bounded(left, bottom, right, top)
            found.append(Box(left, bottom, right, top, said))
        return found


def size(pdf: bytes) -> tuple[float, float]:
    """Of the first page, in points."""
    with pypdfium2.PdfDocument(pdf) as document:
        width, height = document[0].get_size()
        return float(width), float(height)


def pages(pdf: bytes) -> int:
    """How many there are."""
    with pypdfium2.PdfDocument(pdf) as document:
        return len(document)
