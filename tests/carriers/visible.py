"""PDFs with a genuine attachment, on whose page something else is seen than what was signed.

``VISIBLE_EDITS`` makes them out of the bundle of Ada Lovelace's certificate and another one, for
tests of what reads pages. ``expected`` is ``differs`` where the
page says something else in letters that can be read, and ``not-passed`` where it is enough that the
page does not count as compared, since a part of it is a picture or cannot be told.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from signedcert.carriers.bundle import Bundle
from signedcert.core.jws import CompactJWS
from signedcert.documents.openbadges import parse_credential
from tests.carriers import rawpdf
from tests.carriers.rawpdf import flate, objects, pdf, stream

Expected = Literal["differs", "not-passed"]
_Make = Callable[[Bundle, Bundle], bytes]
_LARGE, _SMALL = 36, 14
#: Where the fields stand, and in which size.
_PLACES = {
    "issuer": (100, 480, 20),
    "learner": (100, 380, _LARGE),
    "course": (100, 300, 30),
    "completed": (100, 250, _SMALL),
    "code": (560, 60, _SMALL),
}
_OTHER = {
    "issuer": "Example College of Anything",
    "learner": "Mallory Forger",
    "course": "Advanced Brain Surgery",
    "completed": "1 May 2019",
    "code": "NSPQ-8W1B-BCGX-GRPY-7QQP",
}
_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"


class VisibleEdit(NamedTuple):
    """What was done to the page of a genuine certificate, or to what lies over it."""

    name: str
    make: _Make
    expected: Expected = "differs"


def printed(bundle: Bundle) -> dict[str, str]:
    """What an honest page says of a certificate."""
    signed = parse_credential(CompactJWS.parse(bundle.document.encode()).payload)
    day = signed.completed
    return {
        "issuer": signed.issuer_name,
        "learner": signed.learner,
        "course": signed.title,
        "completed": f"{day.day} {day:%B %Y}",
        "code": str(bundle.code),
    }


def sheet(
    bundle: Bundle,
    page: bytes,
    *,
    fonts: bytes = b"/F1 7 0 R",
    resources: bytes = b"",
    rest: bytes = b"",
    catalog: bytes = b"",
    **more: bytes,
) -> bytes:
    """A PDF with this page, to which the bundle is attached; ``more`` are objects from 8 on."""
    inside = b"<</Font<<%b>>%b>>" % (fonts, resources)
    head = b"<</Type/Page/Parent 4 0 R/MediaBox[0 0 842 595]/Contents 6 0 R"
    whole = objects(bundle.encode(), page=b"%b/Resources%b%b>>" % (head, inside, rest))
    whole[1] = whole[1][:-2] + catalog + b">>"
    return pdf(whole | {6: flate(page), 7: _FONT} | dict(enumerate(more.values(), 8)))


def honest_sheet(bundle: Bundle) -> bytes:
    """A page that says what was signed."""
    return sheet(bundle, lines(printed(bundle)))


def lines(said: Mapping[str, str]) -> bytes:
    """The fields, each in its place."""
    return b"\n".join(line(name, text) for name, text in said.items())


def line(name: str, text: str, before: bytes = b"") -> bytes:
    """One of the fields."""
    x, y, size = _PLACES[name]
    return b"q BT %b /F1 %d Tf %d %d Td (%b) Tj ET Q" % (before, size, x, y, text.encode("cp1252"))


def _said(**changes: str) -> _Make:
    return lambda bundle, _: sheet(bundle, lines(printed(bundle) | changes))


def _shown(make: Callable[[dict[str, str]], bytes], **more: bytes) -> _Make:
    """A page made of what was signed; ``more`` goes to ``sheet``."""
    return lambda bundle, _: sheet(bundle, make(printed(bundle)), **more)


def _without(said: dict[str, str], name: str) -> bytes:
    return lines({key: text for key, text in said.items() if key != name})


def _box(name: str) -> bytes:
    """White, over the place of a field."""
    x, y, size = _PLACES[name]
    return b"q 1 1 1 rg %d %d 700 %d re f Q" % (x - 5, y - size // 3, size + size // 3)


def _painted_over(name: str) -> VisibleEdit:
    def make(said: dict[str, str]) -> bytes:
        return lines(said) + _box(name) + line(name, _OTHER[name])

    return VisibleEdit(f"{name} painted over and written anew", _shown(make))


def _hidden(how: str, before: bytes, after: bytes = b"") -> VisibleEdit:
    """The name that was signed is there and not seen, another one is."""

    def make(said: dict[str, str]) -> bytes:
        hidden = before + line("learner", said["learner"]) + after
        return _without(said, "learner") + hidden + line("learner", _OTHER["learner"])

    resources = b"/Properties<</L 8 0 R>>/ExtGState<</G<</ca 0>>>>"
    off = b"/OCProperties<</OCGs[8 0 R]/D<</OFF[8 0 R]>>>>"
    layer = b"<</Type/OCG/Name(hidden)>>"
    return VisibleEdit(how, _shown(make, resources=resources, catalog=off, layer=layer))


def _drawn(name: str) -> bytes:
    """An image over the place of a field."""
    x, y, size = _PLACES[name]
    return b"q 700 0 0 %d %d %d cm /I Do Q" % (size + size // 3, x - 5, y - size // 3)


_IMAGES = b"/XObject<</I 8 0 R>>"
_IMAGE = stream(
    b"\xff" * 64,
    b"/Type/XObject/Subtype/Image/Width 8/Height 8/ColorSpace/DeviceGray/BitsPerComponent 8",
)
_NAME_FORM = stream(
    _box("learner") + line("learner", _OTHER["learner"]),
    b"/Type/XObject/Subtype/Form/BBox[0 0 842 595]/Resources<</Font<</F1 7 0 R>>>>",
)


def _annotated(kind: bytes) -> _Make:
    """Something that lies over the page, and looks like the name."""
    note = b"<</Type/Annot/Subtype%b/Rect[0 0 842 595]/F 4/Contents(%b)/DA(/F1 36 Tf)%b>>" % (
        kind,
        _OTHER["learner"].encode(),
        b"/AP<</N 9 0 R>>",
    )
    fields = b"/AcroForm<</Fields[8 0 R]/DR<</Font<</F1 7 0 R>>>>>>"
    return _shown(lines, rest=b"/Annots[8 0 R]", catalog=fields, note=note, form=_NAME_FORM)


def _in_front(bundle: Bundle, _: Bundle) -> bytes:
    """Another page before the honest one."""
    head = b"<</Type/Page/Parent 4 0 R/MediaBox[0 0 842 595]/Resources<</Font<</F1 7 0 R>>>>"
    pages = b"<</Type/Pages/Kids[8 0 R 5 0 R]/Count 2>>"
    whole = objects(bundle.encode(), page=head + b"/Contents 6 0 R>>", pages=pages)
    false = lines(printed(bundle) | {"learner": _OTHER["learner"]})
    more = {7: _FONT, 8: head + b"/Contents 9 0 R>>", 9: flate(false)}
    return pdf(whole | {6: flate(lines(printed(bundle)))} | more)


def _saved_over(bundle: Bundle, _: Bundle) -> bytes:
    """The content of the page, changed and saved behind the old one."""
    whole = honest_sheet(bundle)
    changed = flate(lines(printed(bundle) | {"learner": _OTHER["learner"]}))
    written = b"6 0 obj\n%b\nendobj\n" % changed
    rows = b"6 1\n%010d 00000 n \n" % len(whole)
    previous = b"/Prev %d" % whole.rindex(b"xref\n0 ")
    return whole + written + rawpdf.table(rows, len(whole) + len(written), 8, previous)


def _read_aloud(said: dict[str, str]) -> bytes:
    """What programs read is the name that was signed (ActualText), what is seen is another one."""
    aloud = said["learner"].encode("utf-16-be").hex().encode()
    false = line("learner", _OTHER["learner"])
    return _without(said, "learner") + b"/Span<</ActualText<FEFF%b>>>BDC %b EMC" % (aloud, false)


def _lying_font(bundle: Bundle, _: Bundle) -> bytes:
    """The same by a table of the font, which says which letter a glyph is (ToUnicode)."""
    said = printed(bundle)
    name, false = said["learner"], "Eve Polastri"
    codes = bytes(range(1, len(name) + 1))
    glyphs = b"".join(
        b"/" + (b"space" if one == " " else one.encode()) for one in false[: len(name)]
    )
    encoding = b"<</Type/Encoding/Differences[1%b]>>" % glyphs
    pairs = b"".join(b"<%02x><%04x>\n" % pair for pair in zip(codes, map(ord, name), strict=True))
    table = (
        b"/CIDInit /ProcSet findresource begin begincmap\n1 begincodespacerange <00> <ff> "
        b"endcodespacerange\n%d beginbfchar\n%bendbfchar endcmap end" % (len(codes), pairs)
    )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding%b/ToUnicode 9 0 R>>" % encoding
    x, y, size = _PLACES["learner"]
    text = b"BT /F2 %d Tf %d %d Td <%b> Tj ET" % (size, x, y, codes.hex().encode())
    page = _without(said, "learner") + text
    fonts = b"/F1 7 0 R/F2 8 0 R"
    return sheet(bundle, page, fonts=fonts, font=font, table=stream(table))


VISIBLE_EDITS: tuple[VisibleEdit, ...] = (
    *(VisibleEdit(f"another {name}", _said(**{name: text})) for name, text in _OTHER.items()),
    VisibleEdit("everything another", _said(**_OTHER)),
    VisibleEdit("one letter of the name", _said(learner="Ada Loveluce")),
    VisibleEdit(
        "a name beside the name", _said(learner="Ada Lovelace and Mallory Forger"), "not-passed"
    ),
    VisibleEdit("one digit of the date", _said(completed="20 June 2026")),
    VisibleEdit("the year of the date", _said(completed="30 June 2025")),
    *map(_painted_over, _OTHER),
    VisibleEdit(
        "the name written over, and not painted over",
        _shown(lambda said: lines(said) + line("learner", _OTHER["learner"])),
    ),
    VisibleEdit(
        "an image over the name",
        _shown(lambda said: lines(said) + _drawn("learner"), resources=_IMAGES, image=_IMAGE),
        "not-passed",
    ),
    VisibleEdit(
        "an image over the name, and a name on it",
        _shown(
            lambda said: lines(said) + _drawn("learner") + line("learner", _OTHER["learner"]),
            resources=_IMAGES,
            image=_IMAGE,
        ),
    ),
    VisibleEdit(
        "an image over the whole page",
        _shown(
            lambda said: lines(said) + b" q 842 0 0 595 0 0 cm /I Do Q",
            resources=_IMAGES,
            image=_IMAGE,
        ),
        "not-passed",
    ),
    _hidden("the name invisible", b"q 3 Tr", b"Q"),
    _hidden("the name in white", b"q 1 1 1 rg", b"Q"),
    _hidden("the name outside the page", b"q 1 0 0 1 0 900 cm", b"Q"),
    _hidden("the name tiny", b"q 0.01 0 0 0.01 0 0 cm", b"Q"),
    _hidden("the name clipped away", b"q 0 0 1 1 re W n", b"Q"),
    _hidden("the name in a layer that is off", b"/OC /L BDC", b"EMC"),
    _hidden("the name transparent", b"q /G gs", b"Q"),
    VisibleEdit("a note over the name", _annotated(b"/FreeText")),
    VisibleEdit("a stamp over the name", _annotated(b"/Stamp")),
    VisibleEdit("a form over the name", _annotated(b"/Widget/FT/Tx/T(a)/V(Mallory Forger)")),
    VisibleEdit("another page in front", _in_front, "not-passed"),
    VisibleEdit("saved over", _saved_over),
    VisibleEdit("read aloud as the name", _shown(_read_aloud)),
    VisibleEdit("a font that lies", _lying_font),
    VisibleEdit(
        "a part of the page that is drawn again",
        _shown(
            lambda said: lines(said) + b" /I Do",
            resources=_IMAGES,
            form=_NAME_FORM,
        ),
    ),
    VisibleEdit("the page of another certificate", lambda a, b: sheet(a, lines(printed(b)))),
    VisibleEdit("nothing on the page", _shown(lambda _: b""), "not-passed"),
    VisibleEdit(
        "a scan of a page",
        _shown(lambda _: b"q 842 0 0 595 0 0 cm /I Do Q", resources=_IMAGES, image=_IMAGE),
        "not-passed",
    ),
)
