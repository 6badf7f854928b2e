"""PDFs put together by hand: whatever a writer would never write can be in them."""

import zlib
from collections.abc import Mapping

CATALOG, FILE, STREAM, PAGES, PAGE = 1, 2, 3, 4, 5
NAME = b"(maria.signedcert)"


def pdf(objects: Mapping[int, bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, with a table of cross-references."""
    written = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    offsets: dict[int, int] = {}
    for number, value in objects.items():
        offsets[number] = len(written)
        written += b"%d 0 obj\n%b\nendobj\n" % (number, value)
    size = max(objects) + 1
    rows = b"".join(
        b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 65535 f \n"
        for number in range(size)
    )
    return written + table(b"0 %d\n" % size + rows, len(written), size, trailer)


def table(rows: bytes, at: int, size: int = 6, trailer: bytes = b"") -> bytes:
    """A table of cross-references that stands at this byte, and the end of the file."""
    end = b"trailer\n<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, at)
    return b"xref\n" + rows + end


def stream(body: bytes, head: bytes = b"") -> bytes:
    """A stream, its length in its dictionary."""
    return b"<</Length %d%b>>\nstream\n%b\nendstream" % (len(body), head, body)


def flate(body: bytes, head: bytes = b"") -> bytes:
    """The same, compressed."""
    return stream(zlib.compress(body), b"/Filter/FlateDecode" + head)


def objects(attached: bytes, **changes: bytes) -> dict[int, bytes]:
    """A catalog, a file that is attached to it, a page with nothing on it; each can be changed."""
    whole = {
        "catalog": b"<</Type/Catalog/Pages 4 0 R/AF[2 0 R]"
        b"/Names<</EmbeddedFiles<</Names[(maria.signedcert)2 0 R]>>>>>>",
        "file": b"<</Type/Filespec/F(maria.signedcert)/UF(maria.signedcert)/EF<</F 3 0 R>>>>",
        "stream": flate(attached, b"/Type/EmbeddedFile"),
        "pages": b"<</Type/Pages/Kids[5 0 R]/Count 1>>",
        "page": b"<</Type/Page/Parent 4 0 R/MediaBox[0 0 842 595]>>",
    } | changes
    return dict(enumerate(whole.values(), 1))


def packed(attached: bytes, second: int = FILE, more: bytes = b"") -> bytes:
    """The same with an object stream, and cross-references in a stream, predicted as usual; the
    object stream calls its second object so, and there is ``more`` behind the cross-references.
    """
    whole = objects(attached)
    inner = [whole[number] for number in (CATALOG, FILE, PAGES, PAGE)]
    starts = [sum(len(one) + 1 for one in inner[:index]) for index in range(len(inner))]
    pairs = (
        b" ".join(b"%d %d" % pair for pair in zip((1, second, 4, 5), starts, strict=True)) + b" "
    )
    head = b"/Type/ObjStm/N 4/First %d" % len(pairs)
    holds = flate(pairs + b" ".join(inner), head)
    written = b"%PDF-1.7\n"
    at_stream = len(written)
    written += b"3 0 obj\n" + whole[STREAM] + b"\nendobj\n"
    at_holds = len(written)
    written += b"6 0 obj\n" + holds + b"\nendobj\n"
    places = [(0, 0, 255), (2, 6, 0), (2, 6, 1), (1, at_stream, 0), (2, 6, 2), (2, 6, 3)]
    places += [(1, at_holds, 0), (1, len(written), 0)]
    return written + xref_stream(places, len(written), more)


def xref_stream(places: list[tuple[int, int, int]], at: int, more: bytes = b"") -> bytes:
    """Cross-references in a stream that stands at this byte, and the end of the file."""
    rows = [bytes([kind]) + second.to_bytes(2) + bytes([third]) for kind, second, third in places]
    above = [bytes(4), *rows[:-1]]
    differences = b"".join(
        b"\2" + bytes((new - old) & 255 for new, old in zip(row, before, strict=True))
        for row, before in zip(rows, above, strict=True)
    )
    told = b"/Type/XRef/W[1 2 1]/Size %d/Root 1 0 R" % len(rows)
    parameters = b"/DecodeParms<</Predictor 12/Columns 4>>"
    written = b"%d 0 obj\n%b\nendobj\n" % (
        len(rows) - 1,
        flate(differences + more, told + parameters),
    )
    return written + b"startxref\n%d\n%%%%EOF\n" % at
