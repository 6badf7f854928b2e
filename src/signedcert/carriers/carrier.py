"""Which carrier some bytes are, and what it carries: by content, never by name."""

import re
from typing import Literal, TypeAlias

from signedcert.carriers.carried import Carried
from signedcert.errors import MalformedError

#: PDF, PNG and SVG carry a document; the others are pictures, and can at most show a code.
Kind: TypeAlias = Literal["PDF", "PNG", "SVG", "JPEG", "WebP"]

#: A page with the pictures of a logo and of four signatures has some 300 KiB, the same as a PNG at
#: 300 dpi some 500 KiB; scans and photos have several MiB.
MAX_CARRIER = 16 * 1024 * 1024
#: A page has some 400 KiB, and those pictures in base64. An XML parser takes its time: 0.1 s for
#: the worst of 4 MiB.
MAX_SVG = 4 * 1024 * 1024

#: What begins in another way, a comment of several KiB say, is no SVG.
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?[ \t\r\n]{0,64}<(?:[\s\S]{0,4096}?<)??(?:[A-Za-z]{1,16}:)?svg[\s/>]"
)
_BEGINNINGS: dict[Kind, re.Pattern[bytes]] = {
    "PDF": re.compile(rb"%PDF-"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "SVG": _SVG,
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "WebP": re.compile(rb"RIFF[\s\S]{4}WEBP"),
}


def kind_of(data: bytes) -> Kind | None:
    """What the first bytes say; None for what may be a bundle, a bare document, or nothing."""
    return next((kind for kind, begins in _BEGINNINGS.items() if begins.match(data)), None)


def unpack(data: bytes, kind: Kind, suffix: str, limit: int, where: str = "") -> Carried:
    """What a carrier of this kind carries: a PDF, the attachment with this suffix, of at most
    ``limit`` bytes.

    Raises MalformedError, in bounded time and memory whatever the bytes are: ``no-document``,
    ``carrier-ambiguous``, ``carrier-damaged``, ``carrier-encrypted``, ``carrier-limit``,
    ``carrier-unsupported``.
    """
    if len(data) > (most := MAX_SVG if kind == "SVG" else MAX_CARRIER):
        message = f"this {kind} is larger than the {most} bytes that are read"
        raise MalformedError("carrier-limit", message, where=where)
    match kind:
        case "PDF":
            from signedcert.carriers.pdf import read_pdf  # noqa: PLC0415 - for PDFs only

            return Carried(read_pdf(data, suffix, limit, where), None)
        case "PNG":
            from signedcert.carriers.png import read_png  # noqa: PLC0415 - likewise

            return read_png(data, where)
        case "SVG":
            from signedcert.carriers.svg import read_svg  # noqa: PLC0415 - loads an XML parser

            return read_svg(data, where)
    message = f"a {kind} carries no certificate; ask for the file as the institution sent it"
    raise MalformedError("no-document", message, where=where)
