"""Seeds of the targets in ``fuzz.carriers``."""

from tests.carriers import pictures, rawpdf
from tests.reference import ISSUER, World

from signedcert.carriers.bundle import Bundle

_BUNDLE = Bundle("eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "{}", "a proof\n")


def carrier_seeds(world: World) -> dict[str, bytes]:
    """Each carrier as it is written, and as others save it."""
    code = Bundle(world.document().decode()).code
    url = f"{ISSUER}/verify/{code}"
    inside = _BUNDLE.encode()
    plain, packed = rawpdf.pdf(rawpdf.objects(inside)), rawpdf.packed(inside)
    png, svg = pictures.honest_png(_BUNDLE), pictures.honest_svg(_BUNDLE)
    return {
        "pdf/plain": plain,
        "pdf/packed": packed,
        "pdf/scanned": rawpdf.pdf(_scanned()),
        "pdf-objects/plain": b"\n".join([*_objects(inside), *_page()]),
        "pdf-objects/tree": b"\n".join([*_tree(inside), *_page()]),
        "png/both": png,
        "png/badge": pictures.png(pictures.badge_chunk(_BUNDLE)),
        "svg/both": svg,
        "svg/bundle": pictures.svg(pictures.bundle_element(_BUNDLE)),
        "svg/prefixes": svg.replace(b"signedcert:", b"s:").replace(b"xmlns:signedcert", b"xmlns:s"),
        "carrier/plain.pdf": plain,
        "carrier/packed.pdf": packed,
        "carrier/both.png": png,
        "carrier/both.svg": svg,
        "carrier/bundle": inside,
        "carrier/bare": _BUNDLE.document.encode(),
        "verify-url/plain": url.encode(),
        "verify-url/upper": url.upper().encode(),
        "verify-url/port": f"https://localhost:8000/verify/{code}".encode(),
    }


def _objects(attached: bytes) -> list[bytes]:
    whole = rawpdf.objects(attached)
    return [whole[1], whole[2], b"~/Type/EmbeddedFile\t" + attached]


def _page() -> list[bytes]:
    whole = rawpdf.objects(b"")
    return [whole[4], b"<< /Type /Page /Resources << /XObject << /I 6 0 R >> >> >>", _picture()]


def _picture() -> bytes:
    return b"= /Subtype /Image /Filter /DCTDecode\t\xff\xd8\xff\xd9"


def _tree(attached: bytes) -> list[bytes]:
    tree = b"<< /Kids [ << /Kids [ << /Names [ (a) 2 0 R (b) 2 0 R ] >> ] >> ] >>"
    return [
        b"<< /Pages 4 0 R /Names << /EmbeddedFiles %b >> >>" % tree,
        b"<< /UF <FEFF0061002E007300690067006E006500640063006500720074> /EF << /UF 3 0 R >> >>",
        b"=\t" + attached,
    ]


def _scanned() -> dict[int, bytes]:
    resources = b"<</Type/Page/Resources<</XObject<</I 6 0 R>>>>>>"
    head = b"/Subtype/Image/Filter/DCTDecode"
    objects = rawpdf.objects(_BUNDLE.encode(), page=resources)
    return objects | {6: rawpdf.stream(b"\xff\xd8\xff\xd9", head)}
