"""Edited PDFs."""

import io
import zlib
from collections.abc import Callable

import pypdf

from signedcert.carriers.bundle import MAX_BUNDLE, Bundle
from signedcert.carriers.carrier import MAX_CARRIER
from signedcert.carriers.pdffile import MAX_INFLATED, MAX_UPDATES
from signedcert.carriers.pdfsyntax import MAX_DEPTH
from tests.carriers import rawpdf
from tests.carriers.editing import (
    AMBIGUOUS,
    AUTHENTIC,
    DAMAGED,
    ENCRYPTED,
    FORGED,
    LIMIT,
    NOTHING,
    UNSUPPORTED,
    Edit,
    Make,
    altered,
    bomb,
    cut,
)
from tests.carriers.rawpdf import flate, pdf, stream


def _pdf(**changes: bytes) -> Make:
    return lambda bundle, _: pdf(rawpdf.objects(bundle.encode(), **changes))


def _attached(make: Callable[[Bundle, Bundle], bytes]) -> Make:
    """An honest PDF in all but the stream of its attachment."""
    return lambda bundle, other: pdf(rawpdf.objects(b"", stream=make(bundle, other)))


def _catalog(rest: bytes) -> bytes:
    return b"<</Type/Catalog/Pages 4 0 R%b>>" % rest


def _two(second: Callable[[Bundle, Bundle], bytes], name: bytes = b"(b.signedcert)") -> Make:
    """Two attachments, the second one in the tree of embedded files only."""

    def make(bundle: Bundle, other: Bundle) -> bytes:
        tree = b"[(a.signedcert)2 0 R(b)6 0 R]"
        names = b"/AF[2 0 R]/Names<</EmbeddedFiles<</Names%b>>>>" % tree
        both = rawpdf.objects(bundle.encode(), catalog=_catalog(names))
        both[6] = b"<</Type/Filespec/UF%b/EF<</F 7 0 R>>>>" % name
        both[7] = flate(second(bundle, other))
        return pdf(both)

    return make


def _rewritten(change: Callable[[pypdf.PdfWriter], object]) -> Make:
    """An honest PDF that pypdf has written anew, with a change."""

    def make(bundle: Bundle, _: Bundle) -> bytes:
        source = io.BytesIO(pdf(rawpdf.objects(bundle.encode())))
        writer = pypdf.PdfWriter(clone_from=source)
        change(writer)
        written = io.BytesIO()
        writer.write(written)
        return written.getvalue()

    return make


def _added(rest: Callable[[bytes, Bundle, Bundle], bytes]) -> Make:
    """An honest PDF, and what was written behind it."""

    def make(bundle: Bundle, other: Bundle) -> bytes:
        honest = pdf(rawpdf.objects(bundle.encode()))
        return honest + rest(honest, bundle, other)

    return make


def _update(honest: bytes, number: int, value: bytes) -> bytes:
    """An object that replaces an earlier one, as programs save a change."""
    at = len(honest)
    written = b"%d 0 obj\n%b\nendobj\n" % (number, value)
    previous = honest.rindex(b"xref\n0 ")
    rows = b"%d 1\n%010d 00000 n \n" % (number, at)
    return written + rawpdf.table(rows, at + len(written), trailer=b"/Prev %d" % previous)


def _end(at: int) -> bytes:
    return b"startxref\n%d\n%%%%EOF\n" % at


def _chain(count: int) -> bytes:
    """Cross-references of so many updates with nothing in them."""
    written, previous = b"%PDF-1.7\n", b""
    for _ in range(count):
        at = len(written)
        written += rawpdf.table(b"0 0\n", at, trailer=previous)
        previous = b"/Prev %d" % at
    return written


def _bomb_of_references() -> bytes:
    """A stream of cross-references that becomes a thousand times as large."""
    head = b"/Type/XRef/W[1 2 1]/Size 1/Root 1 0 R/Filter/FlateDecode"
    return b"%PDF-1.7\n1 0 obj\n" + stream(bomb(MAX_INFLATED + 1), head) + b"\nendobj\n" + _end(9)


def _resaved(bundle: Bundle) -> bytes:
    return rawpdf.packed(bundle.encode())


def _honest(bundle: Bundle) -> bytes:
    return pdf(rawpdf.objects(bundle.encode()))


def _wide_tree(bundle: Bundle) -> bytes:
    kids = b" ".join([b"6 0 R"] * 5000)
    names = b"/Names<</EmbeddedFiles<</Kids[%b]>>>>" % kids
    wide = rawpdf.objects(bundle.encode(), catalog=_catalog(names))
    return pdf(wide | {6: b"<</Names[(a)2 0 R]>>"})


def _in_pieces(bundle: Bundle) -> bytes:
    """The same file attached 64 times, each time through objects of its own."""
    numbers = [6 + 2 * index for index in range(64)]
    listed = b" ".join(b"%d 0 R" % number for number in numbers)
    whole = rawpdf.objects(bundle.encode(), catalog=_catalog(b"/AF[%b]" % listed))
    whole[2] = rawpdf.NAME
    for number in numbers:
        whole[number] = b"<</UF 2 0 R/F 2 0 R/EF %d 0 R>>" % (number + 1)
        whole[number + 1] = b"<</F 3 0 R>>"
    return pdf(whole)


def _nested_streams(bundle: Bundle) -> bytes:
    """The catalog is in object stream 6, which is said to be in itself."""
    packed = rawpdf.packed(bundle.encode())
    at = packed.rindex(b"7 0 obj")
    places = [(0, 0, 255), *[(2, 6, 0)] * 6, (1, at, 0)]
    return packed[:at] + rawpdf.xref_stream(places, at)


PDF_EDITS: tuple[Edit, ...] = (
    # honest hands
    Edit("as it was written", lambda a, _: _honest(a), AUTHENTIC),
    Edit("saved with object streams", lambda a, _: _resaved(a), AUTHENTIC),
    Edit("saved by pypdf", _rewritten(lambda _: None), AUTHENTIC),
    Edit("pages added", _rewritten(lambda one: one.add_blank_page(100, 100)), AUTHENTIC),
    Edit("a note attached as well", _two(lambda *_: b"Dear Sir", b"(note.txt)"), AUTHENTIC),
    Edit("attached twice", _two(lambda a, _: a.encode()), AUTHENTIC),
    Edit(
        "name in UTF-16",
        _pdf(file=b"<</UF<FEFF0061002E007300690067006E006500640063006500720074>/EF<</UF 3 0 R>>>>"),
        AUTHENTIC,
    ),
    Edit("name in upper case", _pdf(file=b"<</F(MARIA.SIGNEDCERT)/EF<</F 3 0 R>>>>"), AUTHENTIC),
    Edit(
        "name in octal",
        _pdf(
            file=rb"<</F(\(mar\151a\)\56signed\
cert)/EF<</F 3 0 R>>>>"
        ),
        AUTHENTIC,
    ),
    Edit("not compressed", _attached(lambda a, _: stream(a.encode())), AUTHENTIC),
    Edit(
        "saved once more",
        _added(lambda whole, a, _: _update(whole, 3, flate(a.encode()))),
        AUTHENTIC,
    ),
    # other documents
    Edit("the attachment of another certificate", lambda _, b: _honest(b), AUTHENTIC),
    Edit("two attachments", _two(lambda _, b: b.encode()), AMBIGUOUS),
    Edit("an altered one beside it", _two(lambda a, _: altered(a).encode()), AMBIGUOUS),
    Edit("an altered one in its place", lambda a, _: _honest(altered(a)), FORGED),
    Edit(
        "an altered one saved over it",
        _added(lambda whole, a, _: _update(whole, 3, flate(altered(a).encode()))),
        FORGED,
    ),
    Edit("a bare document attached", _attached(lambda a, _: flate(a.document.encode())), AUTHENTIC),
    Edit("a letter attached as one", _attached(lambda *_: flate(b"Dear Sir")), NOTHING),
    Edit("a PDF attached as one", _attached(lambda a, _: flate(_honest(a))), NOTHING),
    Edit("nothing attached as one", _attached(lambda *_: flate(b"")), NOTHING),
    Edit(
        "attachment reformatted",
        _attached(lambda a, _: flate(a.encode().replace(b":1,", b": 1,"))),
        ("not authentic", "not-canonical"),
    ),
    Edit("attachment removed", _pdf(catalog=_catalog(b"")), NOTHING),
    Edit("attachment renamed", _pdf(file=b"<</F(maria.json)/EF<</F 3 0 R>>>>"), NOTHING),
    Edit("file without content", _pdf(file=b"<</F(maria.signedcert)>>"), NOTHING),
    Edit("saved without it", _added(lambda whole, *_: _update(whole, 1, _catalog(b""))), NOTHING),
    # protection
    Edit(
        "encrypted", _rewritten(lambda one: one.encrypt("secret", algorithm="AES-256")), ENCRYPTED
    ),
    Edit(
        "encrypted for nobody",
        _rewritten(lambda one: one.encrypt("", "owner", algorithm="RC4-40")),
        ENCRYPTED,
    ),
    Edit(
        "said to be encrypted",
        lambda a, _: pdf(rawpdf.objects(a.encode()), b"/Encrypt null"),
        ENCRYPTED,
    ),
    # damage
    *(Edit(f"cut off after {n}/16", cut(_honest, n, 16), DAMAGED) for n in range(1, 16)),
    *(Edit(f"packed, cut off after {n}/8", cut(_resaved, n, 8), DAMAGED) for n in range(1, 8)),
    Edit("only its first line", lambda *_: b"%PDF-1.7\n", DAMAGED),
    Edit("something before it", lambda a, _: b"\n" + _honest(a), NOTHING),
    Edit(
        "a letter before each object",
        lambda a, _: _honest(a).replace(b"\xd3\n", b"\xd3\nx"),
        DAMAGED,
    ),
    Edit("much behind it", _added(lambda *_: b"\0" * 2000), DAMAGED),
    Edit("cross-references nowhere", _added(lambda *_: _end(10**9)), DAMAGED),
    Edit("cross-references in the middle", _added(lambda *_: _end(100)), DAMAGED),
    Edit(
        "another object in its place",
        lambda a, _: _honest(a).replace(b"2 0 obj", b"9 0 obj"),
        DAMAGED,
    ),
    Edit(
        "a key that stands twice",
        _pdf(file=b"<</F(a.signedcert)/F(a.txt)/EF<</F 3 0 R>>>>"),
        DAMAGED,
    ),
    Edit("a text without end", _pdf(file=b"<</F(a.signedcert/EF<</F 3 0 R>>>>"), DAMAGED),
    Edit(
        "a stream of another length",
        _attached(lambda a, _: flate(a.encode()).replace(b"/Length ", b"/Length 1")),
        DAMAGED,
    ),
    Edit(
        "a compressed stream cut off",
        _attached(lambda a, _: stream(zlib.compress(a.encode())[:-9], b"/Filter/FlateDecode")),
        DAMAGED,
    ),
    Edit(
        "a compressed stream of noise",
        _attached(lambda *_: stream(b"noise", b"/Filter/FlateDecode")),
        DAMAGED,
    ),
    # traps
    Edit("a catalog that is itself", _pdf(catalog=b"1 0 R"), DAMAGED),
    Edit(
        "a length that is itself",
        _attached(lambda *_: b"<</Length 3 0 R>>\nstream\nx\nendstream"),
        DAMAGED,
    ),
    Edit(
        "a tree that is itself",
        _pdf(catalog=_catalog(b"/Names<</EmbeddedFiles 2 0 R>>"), file=b"<</Kids[2 0 R 2 0 R]>>"),
        LIMIT,
    ),
    Edit("a tree of 5,000 branches", lambda a, _: _wide_tree(a), LIMIT),
    Edit("attached 64 times in pieces", lambda a, _: _in_pieces(a), LIMIT),
    Edit(
        "a thousand files attached",
        _pdf(catalog=_catalog(b"/AF[%b]" % b"".join(b"<</F(%d)>>" % n for n in range(1000)))),
        LIMIT,
    ),
    Edit("an object stream in itself", lambda a, _: _nested_streams(a), DAMAGED),
    Edit(
        "updates that lead back",
        lambda *_: b"%PDF-1.7\n" + rawpdf.table(b"0 0\n", 9, 1, b"/Prev 9"),
        DAMAGED,
    ),
    Edit("very many updates", lambda *_: _chain(MAX_UPDATES + 2), LIMIT),
    Edit(
        "10,000 runs of cross-references",
        lambda *_: b"%PDF-1.7\n" + rawpdf.table(b"0 0\n" * 10_000, 9),
        LIMIT,
    ),
    Edit(
        "a run of 9,999,999,999",
        lambda *_: b"%PDF-1.7\n" + rawpdf.table(b"0 9999999999\n", 9),
        DAMAGED,
    ),
    Edit("very deep arrays", _pdf(catalog=_catalog(b"/A" + b"[" * 100_000)), LIMIT),
    Edit("very deep dictionaries", _pdf(catalog=_catalog(b"/A" + b"<</A" * 100_000)), LIMIT),
    Edit(
        "just too deep", _pdf(catalog=_catalog(b"/A" + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)), LIMIT
    ),
    Edit("a million numbers", _pdf(catalog=_catalog(b"/A[" + b"0 " * 1_000_000 + b"]")), LIMIT),
    Edit(
        "nothing to read, in a large file",
        lambda a, _: pdf(
            rawpdf.objects(a.encode(), catalog=b"}") | {6: rawpdf.stream(bytes(2**22))}
        ),
        DAMAGED,
    ),
    Edit("a comment of 8 MiB", _pdf(catalog=b"%" + b"x" * 2**23 + b"\n<<>>"), LIMIT),
    Edit("a text of 8 MiB", _pdf(catalog=_catalog(b"/A(" + b"x" * 2**23 + b")")), LIMIT),
    Edit("parentheses of 8 MiB", _pdf(catalog=_catalog(b"/A(" + b"(" * 2**23)), LIMIT),
    Edit("a name of 8 MiB", _pdf(catalog=_catalog(b"/" + b"#41" * 2**21 + b" 0")), LIMIT),
    # bombs
    Edit(
        "an attachment of 256 MiB in 256 KiB",
        _attached(lambda *_: stream(bomb(2**28), b"/Filter/FlateDecode")),
        LIMIT,
    ),
    Edit(
        "an attachment that is too large",
        _attached(lambda *_: stream(b" " * (MAX_BUNDLE + 1))),
        LIMIT,
    ),
    Edit(
        "a bomb in a bomb",
        _attached(
            lambda *_: stream(zlib.compress(bomb(2**28)), b"/Filter[/FlateDecode/FlateDecode]")
        ),
        UNSUPPORTED,
    ),
    Edit("a bomb of cross-references", lambda *_: _bomb_of_references(), LIMIT),
    Edit("another filter", _attached(lambda *_: stream(b"x", b"/Filter/LZWDecode")), UNSUPPORTED),
    Edit(
        "a filter for pictures",
        _attached(
            lambda a, _: flate(a.encode(), b"/DecodeParms<</Predictor 15/Colors 4/Columns 999>>")
        ),
        UNSUPPORTED,
    ),
    Edit(
        "a content elsewhere",
        _attached(lambda a, _: flate(a.encode(), b"/F(https://a.example/)")),
        UNSUPPORTED,
    ),
    Edit(
        "larger than is read",
        _added(lambda whole, *_: b" " * (MAX_CARRIER + 1 - len(whole))),
        LIMIT,
    ),
)
