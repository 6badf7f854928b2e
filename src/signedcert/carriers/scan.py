"""The code that a paper bears: read from the QR on a picture of it (docs/spec/carriers)."""

import io
import re
import warnings
from typing import TYPE_CHECKING, NamedTuple

from signedcert.carriers.carrier import Kind, kind_of
from signedcert.core.code import VerificationCode
from signedcert.documents.form import KINDS
from signedcert.errors import ConfigurationError, MalformedError

if TYPE_CHECKING:
    from PIL.Image import Image

#: A telephone's largest photo has 50 million; a page at 600 dpi has 35.
MAX_PIXELS = 64_000_000
#: Larger pictures are made smaller: a QR of 25 mm on A4 still has some 300 of these pixels a side.
_MAX_SIDE = 4096
#: What a code can be read from.
PICTURES: tuple[Kind, ...] = ("JPEG", "PDF", "PNG", "WebP")
_FORMATS = ("JPEG", "PNG", "WEBP")
#: The small QR holds hosts of up to 49 characters.
MAX_URL = 256

_URL = re.compile(f"({KINDS['origin']})/verify/([0-9a-z]{{4}}(?:-[0-9a-z]{{4}}){{4}})")


class PaperCode(NamedTuple):
    """What the QR on a paper says: a code, and the institution that is said to answer for it.
    Anybody can print that, so it only finds a document.
    """

    code: VerificationCode
    origin: str

    @property
    def url(self) -> str:
        """The verify URL."""
        return f"{self.origin}/verify/{self.code}"

    @classmethod
    def parse(cls, text: str, where: str = "") -> "PaperCode":
        """A verify URL in any case, since QR codes are written in upper case.

        Raises MalformedError ``qr-foreign`` for any other text, ``code-check`` for a URL whose code
        is none.
        """
        found = _URL.fullmatch(text.lower()) if len(text) <= MAX_URL and text.isascii() else None
        if found is None:
            message = f"the QR code holds something else than a verify URL: {ascii(text)[:80]}"
            raise MalformedError("qr-foreign", message, where=where)
        try:
            code = VerificationCode.parse(found[2])
        except MalformedError as error:
            raise MalformedError(error.reason, error.message, where=where) from error
        return cls(code, found[1])


def scan(picture: bytes, where: str = "") -> PaperCode:
    """The code that is on a picture, or on the pictures of a scanned PDF: the one verify URL among
    its QR codes.

    Raises MalformedError: ``qr-missing`` without a QR code, ``qr-foreign`` with others only,
    ``qr-several`` with verify URLs that differ; ``carrier-damaged`` for a picture that cannot be
    read, ``carrier-limit`` for one of more than ``MAX_PIXELS``. Raises ConfigurationError
    ``extra-missing`` without the packages of the extra ``scan``.
    """
    texts = sorted({text for one in _pictures(picture, where) for text in _texts(one, where)})
    if not texts:
        message = (
            "no QR code was found on this picture; take it from straight above, sharp and in good "
            "light, or type the code that is printed beside it"
        )
        raise MalformedError("qr-missing", message, where=where)
    found, refused = set(), []
    for text in texts:
        try:
            found.add(PaperCode.parse(text, where))
        except MalformedError as error:
            refused.append(error)
    if len(found) > 1:
        urls = ", ".join(sorted(one.url for one in found))
        message = f"this picture shows several certificates, give each alone: {urls}"
        raise MalformedError("qr-several", message, where=where)
    if not found:
        raise refused[0]
    return found.pop()


def _pictures(picture: bytes, where: str) -> list[bytes]:
    if kind_of(picture) != "PDF":
        return [picture]
    from signedcert.carriers.pdf import pdf_pictures  # noqa: PLC0415 - for PDFs only

    return pdf_pictures(picture, where)


def _texts(picture: bytes, where: str) -> set[str]:
    """What the QR codes on a picture say."""
    try:
        import zxingcpp  # noqa: PLC0415 - in an extra
        from PIL import Image  # noqa: PLC0415 - likewise
    except ModuleNotFoundError as error:
        message = "reading codes on pictures needs more packages: pip install 'signedcert[scan]'"
        raise ConfigurationError("extra-missing", message, where=where) from error
    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # flaws beside the pixels do not matter here
            grey = _grey(picture)
        codes = [] if grey is None else zxingcpp.read_barcodes(grey, formats=formats)
    except Image.DecompressionBombError:
        grey = None
    except Exception as error:  # the decoders of pictures raise whatever they like
        message = f"this picture is damaged: {ascii(str(error))[:80]}"
        raise MalformedError("carrier-damaged", message, where=where) from error
    if grey is None:
        message = f"this picture has more than the {MAX_PIXELS} pixels that are read"
        raise MalformedError("carrier-limit", message, where=where)
    return {code.text for code in codes}


def _grey(picture: bytes) -> "Image | None":
    """A picture without colours, made smaller; None if it has too many pixels."""
    from PIL.Image import open as open_picture  # noqa: PLC0415 - in an extra

    with open_picture(io.BytesIO(picture), formats=_FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            return None
        image.draft("L", (_MAX_SIDE, _MAX_SIDE))
        grey = image.convert("L")
    grey.thumbnail((_MAX_SIDE, _MAX_SIDE))
    return grey
