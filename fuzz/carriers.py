"""Targets for what a PDF, a PNG or an SVG carries, and for the text of a QR code.

``pdf`` reads files as they are. In ``pdf-objects`` each line is an object of a PDF that is put
together around them, so that what is mutated is what stands in the objects: ``~`` and ``=`` begin a
stream, compressed or not, whose dictionary and content have a tab between them.
"""

import zlib
from collections.abc import Iterator
from random import Random
from xml.sax.saxutils import quoteattr

from tests.carriers import pictures, rawpdf
from tests.carriers.editedpdf import PDF_EDITS
from tests.carriers.editedpng import PNG_EDITS
from tests.carriers.editing import Edit

from fuzz import mutate
from fuzz.register import SMALL, hold, target
from signedcert.carriers.bundle import MAX_BUNDLE, SUFFIX, Bundle
from signedcert.carriers.carried import BADGE_KEYWORD, BADGE_NAMESPACE, BUNDLE_KEYWORD
from signedcert.carriers.carrier import MAX_CARRIER, MAX_SVG, kind_of
from signedcert.carriers.pdf import pdf_pictures, read_pdf
from signedcert.carriers.png import read_png
from signedcert.carriers.scan import MAX_URL, PaperCode
from signedcert.carriers.svg import read_svg

_BUNDLE = Bundle("eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "{}")
_NUMBERS = (b"0", b"1", b"2", b"-1", b"3 0 R", b"9 0 R", b"99999999999", b"null", b"[", b"<<", b"(")
_WORDS = (b"/Kids", b"/Names", b"/EF", b"/F", b"/UF", b"/AF", b"/Filter", b"/FlateDecode", b"/W")


def _carrier(data: bytes, rng: Random) -> bytes:
    """Bytes changed, and sometimes parts of PDFs put in; mostly in as many bytes as there were, or
    else what points to a place points to another one.
    """
    place = rng.randrange(len(data) + 1)
    match rng.randrange(4):
        case 0:
            return mutate.raw(data, rng)
        case 1:
            part = rng.choice((*_NUMBERS, *_WORDS))
            return data[:place] + part + data[place + len(part) :]
        case 2:
            other = rng.randrange(len(data) + 1)
            size = rng.choice((1, 2, 4, 20))
            return data[:place] + data[other : other + size] + data[place + size :]
        case _:
            return data[:place] + rng.randbytes(1) + data[place + 1 :]


def _objects(data: bytes, rng: Random) -> bytes:
    """Lines exchanged or repeated; in them, tokens of PDFs."""
    lines = data.split(b"\n")
    place = rng.randrange(len(lines))
    match rng.randrange(6):
        case 0:
            lines[place] = mutate.raw(lines[place], rng)
        case 1:
            lines.insert(place, rng.choice(lines))
        case 2:
            other = rng.randrange(len(lines))
            lines[place], lines[other] = lines[other], lines[place]
        case _:
            tokens = lines[place].split(b" ")
            tokens[rng.randrange(len(tokens))] = rng.choice((*_NUMBERS, *_WORDS, *tokens))
            lines[place] = b" ".join(tokens)
    return b"\n".join(lines)


def _large_pdfs() -> Iterator[bytes]:
    return _made(PDF_EDITS)


def _large_pngs() -> Iterator[bytes]:
    yield from _made(PNG_EDITS)
    text = b"x" * (MAX_CARRIER - 200)
    for keyword in (b"Comment", b"signedcert", b"openbadgecredential"):
        yield pictures.png(pictures.text(keyword, text))


def _made(edits: tuple[Edit, ...]) -> Iterator[bytes]:
    """Bombs and traps; and a whole file at its largest."""
    for edit in edits:
        yield edit.make(_BUNDLE, _BUNDLE)


@target("pdf", _carrier, SMALL, _large_pdfs)
def read_any_pdf(data: bytes) -> None:
    """What is attached is of a bounded size, and is found again in another PDF; pictures are parts
    of the file.
    """
    for picture in pdf_pictures(data):
        hold(picture in data, "a picture that is not in the file")
    found = read_pdf(data, SUFFIX, MAX_BUNDLE)
    hold(len(found) <= MAX_BUNDLE, "larger than is read")
    if len(found) <= SMALL:
        again = rawpdf.pdf(rawpdf.objects(found))
        hold(read_pdf(again, SUFFIX, MAX_BUNDLE) == found, "not found again")


@target("pdf-objects", _objects, SMALL)
def read_any_objects(data: bytes) -> None:
    """The same for a PDF whose cross-references are right."""
    lines = data.split(b"\n")[:100]
    read_any_pdf.__wrapped__(rawpdf.pdf(dict(enumerate(map(_object, lines), 1))))  # type: ignore[attr-defined]


def _object(line: bytes) -> bytes:
    head, _, body = line[1:].partition(b"\t")
    if line.startswith(b"~"):
        return rawpdf.stream(zlib.compress(body, 1), b"/Filter/FlateDecode" + head)
    return rawpdf.stream(body, head) if line.startswith(b"=") else line


@target("png", _carrier, SMALL, _large_pngs)
def read_any_png(data: bytes) -> None:
    """What is carried stands in the file as it is, and is carried again by another PNG."""
    carried = read_png(data)
    if len(data) > SMALL:
        return
    chunks = []
    for keyword, one in zip((BUNDLE_KEYWORD, BADGE_KEYWORD), carried, strict=True):
        if one is not None:
            hold(one in data, "something that is not in the file")
            chunks.append(pictures.text(keyword, one))
    hold(read_png(pictures.png(*chunks)) == carried, "not found again")


@target("svg", mutate.text, MAX_SVG // 2)
def read_any_svg(data: bytes) -> None:
    """What is carried is text, and its credential is carried again by another SVG."""
    carried = read_svg(data)
    for one in carried:
        hold(one is None or one.decode("utf-8").encode() == one, "no text")
    if carried.badge is not None and len(data) <= SMALL:
        namespace = f'xmlns:o="{BADGE_NAMESPACE}"'
        element = f"<o:credential {namespace} verify={quoteattr(carried.badge.decode())}/>"
        hold(read_svg(pictures.svg(element)).badge == carried.badge, "not found again")


@target("carrier", _carrier, SMALL)
def unpack_any(data: bytes) -> None:
    """A bundle in any carrier, which goes on in another one."""
    bundle = Bundle.unpack(data, "file")
    hold(kind_of(data) is not None or bundle == Bundle.parse(data), "another bundle than it is")
    hold(Bundle.unpack(pictures.honest_png(bundle)).document == bundle.document, "not carried on")


@target("verify-url", mutate.text, MAX_URL)
def parse_any_url(data: bytes) -> None:
    """A verify URL is read again as it is written; a QR code has it in upper case."""
    paper = PaperCode.parse(data.decode("utf-8", "surrogateescape"))
    hold(PaperCode.parse(paper.url) == paper, "changed by writing and reading")
    hold(PaperCode.parse(paper.url.upper()) == paper, "another one in upper case")
    hold(len(paper.url) == len(data), "written in another length")
