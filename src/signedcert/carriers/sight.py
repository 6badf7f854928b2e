"""From a PDF to its runs: characters and their sight, put together."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pypdfium2 as pdfium

from signedcert.carriers.glyphs import (
    Char,
    TooLargeError,
    characters,
    is_text,
    leaves,
    take_actual_texts,
)
from signedcert.carriers.ink import sights
from signedcert.carriers.page import MAX_PAGES, Page, Run, Sight, Unread

#: A page has some dozens.
MAX_LINES = 1000


class _Seen(NamedTuple):
    """A character and its sight."""

    char: Char
    sight: Sight


def read_runs(pdf: bytes) -> Page:
    """As ``read_page``, with PDFium at hand."""
    try:
        document = pdfium.PdfDocument(pdf)
    except pdfium.PdfiumError as error:
        return Page(unread=_why(error))
    try:
        if len(document) > MAX_PAGES:
            return Page(unread="page-too-large")
        document.init_forms()
        runs = tuple(_runs(document))
    except TooLargeError:
        return Page(unread="page-too-large")
    except pdfium.PdfiumError:
        return Page(unread="page-broken")
    finally:
        document.close()
    return Page(runs) if runs else Page(unread="page-without-text")


def _why(error: pdfium.PdfiumError) -> Unread:
    return "page-encrypted" if "password" in str(error).lower() else "page-broken"


def _runs(document: pdfium.PdfDocument) -> Iterator[Run]:
    line = 0
    for number in range(len(document)):
        for seen in _lines(_page(document[number])):
            if line == MAX_LINES:
                raise TooLargeError
            yield from _parted(seen, number + 1, line)
            line += 1


def _page(page: pdfium.PdfPage) -> list[_Seen]:
    objects = leaves(page)
    claimed = take_actual_texts([one for one in objects if is_text(one)])
    chars = characters(page)
    seen = [_Seen(*pair) for pair in zip(chars, sights(page, objects, chars), strict=True)]
    return _replaced(seen, claimed)


def _replaced(chars: list[_Seen], claimed: dict[int, tuple[int, str]]) -> list[_Seen]:
    """The replacement texts in the place of their glyphs, where the two agree."""
    glyphs: dict[int, list[_Seen]] = {}
    for one in chars:
        if one.char.owner in claimed:
            glyphs.setdefault(claimed[one.char.owner][0], []).append(one)
    found: list[_Seen] = []
    for one in chars:
        mark, text = claimed.get(one.char.owner, (0, ""))
        group = glyphs.get(mark, [])
        if not group or not agrees(text, "".join(each.char.text for each in group)):
            found.append(one)
        elif one is group[0]:
            found.extend(_spread(text, group))
    return found


def agrees(claimed: str, drawn: str) -> bool:
    """Whether a replacement text can be what the glyphs say.

    It has the same characters as the glyphs, in any order. Where these have combining marks, there
    may be more of them: type-setters map a glyph to one of the syllables that it is part of.
    """
    said, glyphs = Counter(_plain(claimed)), Counter(_plain(drawn))
    if any(unicodedata.category(one) in ("Mn", "Mc") for one in glyphs):
        return set(said) <= set(glyphs)
    return said == glyphs


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(one for one in folded if one.isalnum() or unicodedata.category(one)[0] in "MS")


def _spread(text: str, group: list[_Seen]) -> list[_Seen]:
    """Each character has the place of all glyphs, and the worst sight. A glyph without extent, as
    fonts have for a letter that became a part of another one, is left out if the rest says it all.
    """
    box = group[0].char.box
    for one in group:
        box = box.around(one.char.box)
    inked = [one for one in group if one.char.box.area]
    if not agrees(text, "".join(one.char.text for one in inked)):
        inked = group
    seen = {one.sight for one in inked}
    sight = next(one for one in (Sight.HIDDEN, Sight.UNCLEAR, Sight.SEEN) if one in seen)
    return [_Seen(group[0].char._replace(text=one, box=box), sight) for one in text]


def _lines(chars: list[_Seen]) -> Iterator[list[_Seen]]:
    line: list[_Seen] = []
    for one in chars:
        if one.char.text in "\r\n":
            if line:
                yield line
            line = []
        else:
            line.append(one)
    if line:
        yield line


def _parted(line: list[_Seen], page: int, number: int) -> Iterator[Run]:
    """A gap belongs to the run in front of it."""
    part: list[_Seen] = []
    for one in line:
        if part and one.char.owner and _style(one) != _style(part[0]):
            yield _run(part, page, number)
            part = []
        part.append(one)
    yield _run(part, page, number)


def _style(one: _Seen) -> tuple[str, float, Sight]:
    return one.char.font, one.char.size, one.sight


def _run(part: list[_Seen], page: int, line: int) -> Run:
    first, box = part[0], part[0].char.box
    for one in part:
        box = box.around(one.char.box)
    text = "".join(one.char.text for one in part)
    return Run(text, box, first.char.size, first.char.font, page, line, first.sight)
