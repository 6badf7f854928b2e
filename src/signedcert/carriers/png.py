"""The document and the bundle that a PNG carries in chunks of text (docs/spec/carriers)."""

import zlib
from collections.abc import Iterator

from signedcert.carriers.carried import BADGE_KEYWORD, BUNDLE_KEYWORD, Carried
from signedcert.errors import MalformedError

#: Encoders cut pixels into pieces of 8 KiB, or into larger ones.
#: 16 MiB are 2,048 of them.
MAX_CHUNKS = 8192

_SIGNATURE = 8
_FRAME = 12
_KEYWORDS = (BADGE_KEYWORD, BUNDLE_KEYWORD)
#: Chunks of text in their three forms (PNG, third edition, 11.3.3); only iTXt is read.
_TEXTS = (b"iTXt", b"tEXt", b"zTXt")
#: Flags of a text that is not compressed, no language, no translated keyword.
_UNCOMPRESSED = b"\0\0\0\0"


def read_png(data: bytes, where: str = "") -> Carried:
    """What stands in the chunks ``openbadgecredential`` and ``signedcert``. Pixels are not looked
    at.

    Raises MalformedError: ``no-document`` without such a chunk, ``carrier-ambiguous`` with one of
    them twice, ``carrier-unsupported`` for one that is compressed or no iTXt, ``carrier-damaged``
    for chunks that do not follow one another to the end, or a checksum of ours that is wrong, and
    ``carrier-limit``.
    """
    found: dict[bytes, bytes] = {}
    for kind, body, is_sound in _chunks(data, where):
        keyword, null, text = body[:80].partition(b"\0")
        if kind not in _TEXTS or not null or keyword not in _KEYWORDS:
            continue
        if keyword in found:
            message = f"this PNG has two chunks {keyword.decode()}; ask for the original file"
            raise MalformedError("carrier-ambiguous", message, where=where)
        if not is_sound:
            raise _damaged(f"the checksum of chunk {keyword.decode()} is wrong", where)
        text = body[len(keyword) + 1 :]
        if kind != b"iTXt" or text[:4] != _UNCOMPRESSED:
            message = f"chunk {keyword.decode()} of this PNG is not an uncompressed iTXt"
            raise MalformedError("carrier-unsupported", message, where=where)
        found[keyword] = text[4:]
    if not found:
        message = (
            "this PNG carries no certificate; pictures lose it when they are edited, converted or "
            "sent by a messenger, so ask for the original file"
        )
        raise MalformedError("no-document", message, where=where)
    return Carried(found.get(BUNDLE_KEYWORD), found.get(BADGE_KEYWORD))


def _chunks(data: bytes, where: str) -> Iterator[tuple[bytes, bytes, bool]]:
    """Chunks of text: kind, body, whether the checksum holds. Of all others, only the lengths
    count (PNG, third edition, 5.3).
    """
    kind, position = b"", _SIGNATURE
    for _ in range(MAX_CHUNKS):
        length = int.from_bytes(data[position : position + 4])
        kind = data[position + 4 : position + 8]
        end = position + _FRAME + length
        if end > len(data) or (position == _SIGNATURE) is not (kind == b"IHDR"):
            raise _damaged(f"its chunks end at byte {position}", where)
        if kind in _TEXTS:
            body, checksum = data[position + 8 : end - 4], data[end - 4 : end]
            yield kind, body, zlib.crc32(kind + body).to_bytes(4) == checksum
        position = end
        if kind == b"IEND":
            break
    else:
        message = f"this PNG has more than the {MAX_CHUNKS} chunks that are read"
        raise MalformedError("carrier-limit", message, where=where)
    if position != len(data):
        raise _damaged(f"something stands behind its end, at byte {position}", where)


def _damaged(what: str, where: str) -> MalformedError:
    return MalformedError("carrier-damaged", f"this PNG is damaged: {what}", where=where)
