"""The characters that a page of a PDF draws, and the text objects that draw them, by PDFium."""

import ctypes
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import pypdfium2 as pdfium
from pypdfium2 import raw

from signedcert.carriers.page import Box

#: A page of a certificate has some hundreds of each.
MAX_OBJECTS = 20_000
MAX_CHARACTERS = 20_000
#: Forms in forms; real ones have one or two.
MAX_DEPTH = 8
_MAX_SIZE = 100_000.0
_MAX_ACTUAL = 4096

#: An object on the page; PDFium owns it, as long as the page is open.
Handle: TypeAlias = Any


class TooLargeError(Exception):
    """More on a page than is looked at."""


class Char(NamedTuple):
    """A character with its place. ``owner`` names the text object that draws it; 0 for white space
    that is on the page as a gap only.
    """

    text: str
    box: Box
    size: float
    font: str
    owner: int


def address(handle: Handle) -> int:
    """What tells one object from another."""
    return ctypes.addressof(handle.contents)


def leaves(page: pdfium.PdfPage) -> list[Handle]:
    """All that is drawn, in drawing order, forms taken apart. Raises TooLargeError."""
    found: list[Handle] = []
    for handle in _walk(page.raw, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, 0):
        found.append(handle)
        if len(found) > MAX_OBJECTS:
            raise TooLargeError
    return found


def _walk(holder: Handle, count: Any, get: Any, depth: int) -> Iterator[Handle]:  # noqa: ANN401 - functions of C
    for index in range(count(holder)):
        handle = get(holder, index)
        if raw.FPDFPageObj_GetType(handle) != raw.FPDF_PAGEOBJ_FORM:
            yield handle
        elif depth == MAX_DEPTH:
            raise TooLargeError
        else:
            yield from _walk(
                handle, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, depth + 1
            )


def is_text(handle: Handle) -> bool:
    """Whether this object draws text."""
    return bool(raw.FPDFPageObj_GetType(handle) == raw.FPDF_PAGEOBJ_TEXT)


def take_actual_texts(texts: list[Handle]) -> dict[int, tuple[int, str]]:
    """By text object: the replacement text that its marks claim (ISO 32000-2, 14.9.4), with a
    number that all objects under one mark share. The marks are removed: PDFium would believe them.
    """
    found = {}
    for handle in texts:
        for index in reversed(range(raw.FPDFPageObj_CountMarks(handle))):
            mark = raw.FPDFPageObj_GetMark(handle, index)
            claimed = _actual_text(mark)
            if claimed is not None:
                found[address(handle)] = address(mark), claimed
                raw.FPDFPageObj_RemoveMark(handle, mark)
    return found


def _actual_text(mark: Handle) -> str | None:
    size = ctypes.c_ulong()
    name = b"ActualText"
    if not raw.FPDFPageObjMark_GetParamBlobValue(mark, name, None, 0, size):
        return None
    if size.value > _MAX_ACTUAL:
        raise TooLargeError
    buffer = (ctypes.c_ubyte * size.value)()
    raw.FPDFPageObjMark_GetParamBlobValue(mark, name, buffer, size.value, size)
    return _text_string(bytes(buffer))


def _text_string(data: bytes) -> str:
    """ISO 32000-2, 7.9.2.2. PDFDocEncoding is read as Latin-1, which it is for letters."""
    for mark, encoding in ((b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    return data.decode("latin-1")


def characters(page: pdfium.PdfPage) -> list[Char]:
    """What the glyphs stand for by the maps of their fonts, in reading order of each line; lines
    end with a line feed. Raises TooLargeError.
    """
    text = raw.FPDFText_LoadPage(page.raw)
    if not text:
        return []
    try:
        count = raw.FPDFText_CountChars(text)
        if count > MAX_CHARACTERS:
            raise TooLargeError
        fonts: dict[int, str] = {}
        return list(_joined(_character(text, index, fonts) for index in range(count)))
    finally:
        raw.FPDFText_ClosePage(text)


def _character(text: Handle, index: int, fonts: dict[int, str]) -> Char:
    sides = [ctypes.c_double() for _ in range(4)]
    raw.FPDFText_GetCharBox(text, index, *sides)
    left, right, bottom, top = (side.value for side in sides)
    unit = raw.FPDFText_GetUnicode(text, index)
    if raw.FPDFText_HasUnicodeMapError(text, index) or unit == 0:
        unit = 0xFFFD
    elif raw.FPDFText_IsHyphen(text, index) == 1:
        unit = 0x2D
    handle = raw.FPDFText_GetTextObject(text, index)
    owner = address(handle) if handle else 0
    if owner not in fonts:
        fonts[owner] = _font(handle)
    size = _size(text, index)
    return Char(chr(unit), Box(left, bottom, right, top), size, fonts[owner], owner)


def _size(text: Handle, index: int) -> float:
    """As it stands on the page, whatever the matrix in front of it."""
    matrix = raw.FS_MATRIX()
    size = raw.FPDFText_GetFontSize(text, index)
    if raw.FPDFText_GetMatrix(text, index, matrix):
        size *= abs(matrix.a * matrix.d - matrix.b * matrix.c) ** 0.5
    return round(float(size), 1) if 0 <= size < _MAX_SIZE else 0.0  # which NaN is not


def _font(handle: Handle) -> str:
    """The name of the font, without the mark of a subset."""
    if not handle:
        return ""
    font = raw.FPDFTextObj_GetFont(handle)
    buffer = ctypes.create_string_buffer(128)
    raw.FPDFFont_GetBaseFontName(font, buffer, 128)
    return buffer.value.decode("utf-8", "replace").rpartition("+")[2]


def _joined(chars: Iterator[Char]) -> Iterator[Char]:
    """PDFium gives UTF-16: two halves are one character."""
    high: Char | None = None
    for char in chars:
        if high is not None:
            pair = (high.text + char.text).encode("utf-16-be", "surrogatepass")
            yield high._replace(text=pair.decode("utf-16-be", "replace")[:1])
            both, high = "\udc00" <= char.text <= "\udfff", None
            if both:
                continue
        if "\ud800" <= char.text <= "\udbff":
            high = char
        elif "\udc00" <= char.text <= "\udfff":
            yield char._replace(text="\ufffd")
        else:
            yield char
    if high is not None:
        yield high._replace(text="\ufffd")
