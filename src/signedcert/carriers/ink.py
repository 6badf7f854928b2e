"""Whether text on a page is seen: the page is drawn with it and without it, and compared.

What hides a text does not matter then: an image or a shape or other text over it, an annotation, a
clip, a hidden layer, the colour of the paper, no colour at all, a place outside the page.
"""

import ctypes
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import pypdfium2 as pdfium
from PIL import Image, ImageChops
from pypdfium2 import raw

from signedcert.carriers.glyphs import Char, Handle, address, is_text
from signedcert.carriers.page import Box, Sight

#: Pixels per point, where the page is no larger than some sheets of A4.
_SCALE = 2.0
_MAX_PIXELS = 4_000_000
#: Text objects that overlap have to be looked at one after the other, twice each.
MAX_LAYERS = 6
#: Darkness of a pixel that is clearly ink, and of one in thin or small type; then how much of a
#: difference, of 255 in one of the colours, the text makes there if it is seen.
_CORE, _CORE_SEEN = 128, 24
_THIN, _THIN_SEEN = 24, 4
_FEW = 4
#: Text objects that PDFium looks back for doubles, and how much of their places doubles share.
_NEAR, _SAME_PLACE = 6, 0.5
#: More than a half of its ink is seen, or a letter is not seen.
_HIDDEN, _SEEN = 0.5, 0.6
_BLACK = (0, 0, 0, 255)
#: Text that is a window on what is drawn behind it shows by its surroundings.
_CLIPS = (
    raw.FPDF_TEXTRENDERMODE_FILL_CLIP,
    raw.FPDF_TEXTRENDERMODE_STROKE_CLIP,
    raw.FPDF_TEXTRENDERMODE_FILL_STROKE_CLIP,
    raw.FPDF_TEXTRENDERMODE_CLIP,
)


class _Layer(NamedTuple):
    """Text objects that do not touch each other, and their characters by index."""

    owners: set[int]
    boxes: list[Box]
    chars: list[int]


def sights(page: pdfium.PdfPage, objects: list[Handle], chars: list[Char]) -> list[Sight]:
    """For each character, whether it is seen; of a space, whether what is in front of it is.

    The page is changed by this: draw it no more.
    """
    found = [
        Sight.SEEN if char.text.isspace() or not char.owner else Sight.UNCLEAR for char in chars
    ]
    texts = [handle for handle in objects if is_text(handle)]
    layers = _layers(chars, _twins(texts, {char.owner for char in chars}))
    canvas = _Canvas.make(page)
    whole = canvas.draw()
    changes = [_change(canvas, whole, objects, layer) for layer in layers]
    unclear = _unclear(texts)
    _blacken(texts)
    for layer, change in zip(layers, changes, strict=True):
        pictures = _Pictures.make(_ink(canvas, objects, layer), change)
        for index in layer.chars:
            if chars[index].owner not in unclear and not chars[index].text.isspace():
                box = canvas.pixels(chars[index].box)
                found[index] = pictures.sight(box, letter=chars[index].text.isalnum())
    for index, char in enumerate(chars):
        if index and char.text == " ":
            found[index] = found[index - 1]
    return found


def _twins(texts: list[Handle], owners: set[int]) -> dict[int, set[int]]:
    """By text object, those that say the same in nearly the same place, as a shadow does, or bold
    type that is made by printing twice. PDFium gives their characters once.
    """
    twins: dict[int, set[int]] = {}
    recent: deque[tuple[int, Box]] = deque(maxlen=_NEAR)
    for handle in texts:
        number, box = address(handle), _bounds(handle)
        if number in owners:
            recent.append((number, box))
            continue
        for other, place in recent:
            if place.share(box) > _SAME_PLACE:
                twins.setdefault(other, set()).add(number)
    return twins


def _bounds(handle: Handle) -> Box:
    sides = [ctypes.c_float() for _ in range(4)]
    raw.FPDFPageObj_GetBounds(handle, *sides)
    left, bottom, right, top = (side.value for side in sides)
    return Box(left, bottom, right, top)


def _layers(chars: list[Char], twins: dict[int, set[int]]) -> list[_Layer]:
    """As few as it takes; what would need more than ``MAX_LAYERS`` is in none."""
    boxes: dict[int, Box] = {}
    members: dict[int, list[int]] = {}
    for index, char in enumerate(chars):
        if char.owner:
            boxes[char.owner] = boxes.get(char.owner, char.box).around(char.box)
            members.setdefault(char.owner, []).append(index)
    layers: list[_Layer] = []
    for owner, box in boxes.items():
        free = (one for one in layers if not any(box.touches(other, 1.0) for other in one.boxes))
        layer = next(free, None)
        if layer is None and len(layers) < MAX_LAYERS:
            layer = _Layer(set(), [], [])
            layers.append(layer)
        if layer is not None:
            layer.owners.update({owner}, twins.get(owner, ()))
            layer.boxes.append(box)
            layer.chars.extend(members[owner])
    return layers


class _Canvas(NamedTuple):
    """A page, and the size in pixels in which it is drawn."""

    page: pdfium.PdfPage
    scale: float
    width: int
    height: int

    @classmethod
    def make(cls, page: pdfium.PdfPage) -> "_Canvas":
        width, height = (max(side, 1.0) for side in page.get_size())
        scale = min(_SCALE, (_MAX_PIXELS / (width * height)) ** 0.5)
        return cls(page, scale, max(1, int(width * scale)), max(1, int(height * scale)))

    def draw(self, *, annotations: bool = True) -> Image.Image:
        """As a viewer shows it, forms and annotations included."""
        bitmap = pdfium.PdfBitmap.new_native(self.width, self.height, raw.FPDFBitmap_BGRx)
        try:
            bitmap.fill_rect((255, 255, 255, 255), 0, 0, self.width, self.height)
            place = (0, 0, self.width, self.height, 0, raw.FPDF_ANNOT if annotations else 0)
            raw.FPDF_RenderPageBitmap(bitmap, self.page, *place)
            if annotations and self.page.formenv is not None:
                raw.FPDF_FFLDraw(self.page.formenv, bitmap, self.page, *place)
            picture: Image.Image = bitmap.to_pil()
            return picture.convert("RGB")
        finally:
            bitmap.close()

    def pixels(self, box: Box) -> tuple[int, int, int, int]:
        """Left, upper, right and lower border of the pixels that a box covers, some of it at least;
        empty for a box beside the page.
        """
        corners = [self._pixel(box.left, box.bottom), self._pixel(box.right, box.top)]
        (left, right), (upper, lower) = (sorted(side) for side in zip(*corners, strict=True))
        return (
            min(max(left, 0), self.width),
            min(max(upper, 0), self.height),
            max(min(right + 1, self.width), 0),
            max(min(lower + 1, self.height), 0),
        )

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        column, row = ctypes.c_int(), ctypes.c_int()
        size = (0, 0, self.width, self.height, 0)
        raw.FPDF_PageToDevice(self.page, *size, x, y, column, row)
        return column.value, row.value


def _change(
    canvas: _Canvas, whole: Image.Image, objects: list[Handle], layer: _Layer
) -> Image.Image:
    """By how much each pixel differs where this text is left out."""
    _switch((one for one in objects if address(one) in layer.owners), on=False)
    without = canvas.draw()
    _switch((one for one in objects if address(one) in layer.owners), on=True)
    return _strongest(ImageChops.difference(whole, without))


def _ink(canvas: _Canvas, objects: list[Handle], layer: _Layer) -> Image.Image:
    """This text alone, black on white, as darkness."""
    _switch((one for one in objects if address(one) not in layer.owners), on=False)
    alone = canvas.draw(annotations=False)
    _switch((one for one in objects if address(one) not in layer.owners), on=True)
    return _strongest(ImageChops.invert(alone))


def _switch(handles: Iterable[Handle], *, on: bool) -> None:
    for handle in handles:
        raw.FPDFPageObj_SetIsActive(handle, on)


def _strongest(image: Image.Image) -> Image.Image:
    red, green, blue = image.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _blacken(texts: Iterable[Handle]) -> None:
    """So that what has no colour, or that of the paper, has ink as well."""
    for handle in texts:
        raw.FPDFPageObj_SetFillColor(handle, *_BLACK)
        raw.FPDFPageObj_SetStrokeColor(handle, *_BLACK)
        if raw.FPDFTextObj_GetTextRenderMode(handle) == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
            raw.FPDFTextObj_SetTextRenderMode(handle, raw.FPDF_TEXTRENDERMODE_FILL)


def _unclear(texts: list[Handle]) -> set[int]:
    """Text of which the ink says nothing: a window on what is drawn behind it; and where all of it
    is invisible, what a scanner has read, and laid over its picture.
    """
    modes = {address(text): raw.FPDFTextObj_GetTextRenderMode(text) for text in texts}
    if set(modes.values()) == {raw.FPDF_TEXTRENDERMODE_INVISIBLE}:
        return set(modes)
    return {text for text, mode in modes.items() if mode in _CLIPS}


class _Pictures(NamedTuple):
    """Where a layer has ink, and where of that it is seen: of clear ink, and of any."""

    core: Image.Image
    core_seen: Image.Image
    thin: Image.Image
    thin_seen: Image.Image

    @classmethod
    def make(cls, ink: Image.Image, change: Image.Image) -> "_Pictures":
        core, thin = _mask(ink, _CORE), _mask(ink, _THIN)
        core_seen = ImageChops.darker(core, _mask(change, _CORE_SEEN))
        return cls(core, core_seen, thin, ImageChops.darker(thin, _mask(change, _THIN_SEEN)))

    def sight(self, box: tuple[int, int, int, int], *, letter: bool) -> Sight:
        """Of a character in this rectangle."""
        total, seen = _count(self.core, box), self.core_seen
        if total < _FEW:
            total, seen = _count(self.thin, box), self.thin_seen
        if not total:
            return Sight.HIDDEN if letter else Sight.UNCLEAR
        share = _count(seen, box) / total
        if share < _HIDDEN:
            return Sight.HIDDEN
        return Sight.SEEN if share >= _SEEN else Sight.UNCLEAR


def _mask(image: Image.Image, least: int) -> Image.Image:
    return image.point([255 if value >= least else 0 for value in range(256)])


def _count(mask: Image.Image, box: tuple[int, int, int, int]) -> int:
    return mask.crop(box).histogram()[255]
