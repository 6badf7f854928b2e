"""PNGs and SVGs put together by hand."""

import struct
import zlib
from xml.sax.saxutils import escape, quoteattr

from signedcert.carriers.bundle import Bundle
from signedcert.carriers.carried import (
    BADGE_KEYWORD,
    BADGE_NAMESPACE,
    BUNDLE_KEYWORD,
    BUNDLE_NAMESPACE,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes, flaw: int = 0) -> bytes:
    """A chunk; with a flaw, its checksum is wrong."""
    checksum = zlib.crc32(kind + body) ^ flaw
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
PIXELS = chunk(b"IDAT", zlib.compress(b"\0\xff"))
END = chunk(b"IEND", b"")


def text(keyword: bytes, value: bytes, flags: bytes = b"\0\0\0\0", flaw: int = 0) -> bytes:
    """A chunk of text: by default not compressed, without language and translated keyword."""
    return chunk(b"iTXt", keyword + b"\0" + flags + value, flaw)


def badge_chunk(bundle: Bundle) -> bytes:
    return text(BADGE_KEYWORD, bundle.document.encode())


def bundle_chunk(bundle: Bundle) -> bytes:
    return text(BUNDLE_KEYWORD, bundle.encode())


def png(*chunks: bytes) -> bytes:
    """A picture of one pixel, with these chunks between its header and its pixels."""
    return b"".join([SIGNATURE, HEADER, *chunks, PIXELS, END])


def honest_png(bundle: Bundle) -> bytes:
    return png(badge_chunk(bundle), bundle_chunk(bundle))


def credential(bundle: Bundle) -> str:
    return (
        f'<openbadges:credential xmlns:openbadges="{BADGE_NAMESPACE}"'
        f" verify={quoteattr(bundle.document)}/>"
    )


def bundle_element(bundle: Bundle) -> str:
    inner = escape(bundle.encode().decode())
    return f'<signedcert:bundle xmlns:signedcert="{BUNDLE_NAMESPACE}">{inner}</signedcert:bundle>'


def svg(*elements: str, before: str = "") -> bytes:
    """A picture of a rectangle, with these elements before it."""
    root = '<svg xmlns="http://www.w3.org/2000/svg" width="842" height="595">'
    return f'{before}{root}{"".join(elements)}<rect width="842" height="595"/></svg>\n'.encode()


def honest_svg(bundle: Bundle) -> bytes:
    return svg(credential(bundle), bundle_element(bundle))
