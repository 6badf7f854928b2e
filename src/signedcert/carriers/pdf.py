"""The bundle that is attached to a PDF (docs/spec/carriers)."""

from collections.abc import Iterator

from signedcert.carriers.pdffile import PDFFile
from signedcert.carriers.pdfsyntax import PDFError, Ref, Value, beyond
from signedcert.errors import MalformedError

#: Files attached to a PDF, whatever they are. Mails and forms come to a dozen.
MAX_ATTACHMENTS = 64
#: A scanner makes one of a page; some cut it into strips.
MAX_PICTURES = 8
_JPEG = ("DCTDecode", ["DCTDecode"])
_MAX_NODES = 64
_NAMES = ("UF", "F")
_UTF_16, _UTF_8 = b"\xfe\xff", b"\xef\xbb\xbf"


def read_pdf(data: bytes, suffix: str, limit: int, where: str = "") -> bytes:
    """The one attachment whose name ends in ``suffix``, of at most ``limit`` bytes.

    What stands both in the tree of embedded files and among the associated files is one, and so are
    copies with the same bytes. The pages are not looked at.
    Raises MalformedError: ``no-document`` without such an attachment, ``carrier-ambiguous`` with
    different ones, ``carrier-encrypted``, ``carrier-damaged``, ``carrier-unsupported``, and
    ``carrier-limit``, in bounded time and memory whatever the bytes are.
    """
    try:
        found = _attached(PDFFile(data), suffix, limit)
    except PDFError as error:
        raise error.refusal(where) from error
    if not found:
        message = (
            "no certificate is attached to this PDF; if it was printed, scanned or converted, "
            "ask for the file as the institution sent it"
        )
        raise MalformedError("no-document", message, where=where)
    if len(found) > 1:
        message = f"{len(found)} different certificates are attached to this PDF; give each alone"
        raise MalformedError("carrier-ambiguous", message, where=where)
    return found.pop()


def pdf_pictures(data: bytes, where: str = "") -> list[bytes]:
    """The JPEG pictures on the first pages, which is what a scanned paper is made of; at most
    ``MAX_PICTURES``. Pictures in other forms are left out.

    Raises MalformedError, as ``read_pdf`` does.
    """
    try:
        file = PDFFile(data)
        pictures = [file.raw_stream(ref) for ref in _pictures(file)]
    except PDFError as error:
        raise error.refusal(where) from error
    return [raw for head, raw in pictures if head.get("Filter") in _JPEG]


def _pictures(file: PDFFile) -> list[Ref]:
    """External objects of the first pages (ISO 32000-2, 7.7.3 and 8.8), each once."""
    catalog = file.dictionary(file.trailer.get("Root"))
    waiting, nodes = [catalog.get("Pages")], 0
    found: dict[Ref, None] = {}
    while waiting and nodes < _MAX_NODES and len(found) < MAX_PICTURES:
        nodes += 1
        node = file.dictionary(waiting.pop(0))
        waiting[:0] = file.array(node.get("Kids"))[:_MAX_NODES]
        objects = file.dictionary(file.dictionary(node.get("Resources")).get("XObject"))
        found |= dict.fromkeys(one for one in objects.values() if isinstance(one, Ref))
    return list(found)[:MAX_PICTURES]


def _attached(file: PDFFile, suffix: str, limit: int) -> set[bytes]:
    """What is attached under such a name, each content once."""
    streams = set()
    for specification in _specifications(file):
        described = file.dictionary(specification)
        names = [_text(file.resolve(described.get(name))) for name in _NAMES]
        if any(name.lower().endswith(suffix) for name in names):
            embedded = file.dictionary(described.get("EF"))
            streams |= {ref for name in _NAMES if isinstance(ref := embedded.get(name), Ref)}
    return {file.stream(ref, limit) for ref in sorted(streams)}


def _specifications(file: PDFFile) -> list[Value]:
    """File specifications (ISO 32000-2, 7.11.3): each reference once."""
    catalog = file.dictionary(file.trailer.get("Root"))
    tree = file.dictionary(catalog.get("Names")).get("EmbeddedFiles")
    found: list[Value] = []
    for one in (*_leaves(file, tree), *file.array(catalog.get("AF"))):
        if one not in found:
            found.append(one)
        if len(found) > MAX_ATTACHMENTS:
            raise beyond(f"{MAX_ATTACHMENTS} attachments")
    return found


def _leaves(file: PDFFile, tree: Value) -> Iterator[Value]:
    """The values of a name tree (ISO 32000-2, 7.9.6), wherever its names are sorted to."""
    waiting = [tree]
    while waiting:  # a cycle ends with the look-ups
        node = file.dictionary(waiting.pop())
        yield from file.array(node.get("Names"))[1::2]
        waiting += file.array(node.get("Kids"))


def _text(value: Value) -> str:
    """A text string (ISO 32000-2, 7.9.2.2), as far as its ASCII letters go."""
    if not isinstance(value, bytes):
        return ""
    if value.startswith(_UTF_16):
        return value[2:].decode("utf-16-be", "replace")
    if value.startswith(_UTF_8):
        return value[3:].decode("utf-8", "replace")
    return value.decode("latin-1")
