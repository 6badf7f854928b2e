"""Pictures that carry their document: what is put into a PNG and an SVG (docs/spec/carriers)."""

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

_SVG = b"<svg "
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"


def carry_in_png(picture: bytes, bundle: Bundle) -> bytes:
    """``picture`` with the JWS and the bundle in a chunk each, right before the last chunk."""
    if not (picture.startswith(_SIGNATURE) and picture.endswith(_END)):
        message = "this is no PNG"
        raise ValueError(message)
    chunks = _itxt(BADGE_KEYWORD, bundle.document.encode()) + _itxt(BUNDLE_KEYWORD, bundle.encode())
    return picture[: -len(_END)] + chunks + _END


def _itxt(keyword: bytes, text: bytes) -> bytes:
    """PNG (third edition), 11.3.3.4: not compressed, without language and translated keyword."""
    body = b"iTXt" + keyword + b"\0\0\0\0\0" + text
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def carry_in_svg(picture: bytes, bundle: Bundle) -> bytes:
    """``picture`` with the JWS and the bundle in an element each, the first two of the root."""
    if not picture.startswith(_SVG):
        message = "this is no SVG"
        raise ValueError(message)
    head, close, rest = picture.removeprefix(_SVG).partition(b">")
    spaces = f'xmlns:openbadges="{BADGE_NAMESPACE}" xmlns:signedcert="{BUNDLE_NAMESPACE}" '
    elements = (
        f"<openbadges:credential verify={quoteattr(bundle.document)}/>"
        f"<signedcert:bundle>{escape(bundle.encode().decode())}</signedcert:bundle>"
    )
    return _SVG + spaces.encode() + head + close + elements.encode() + rest
