"""The process that reads the QR codes on a picture, for ``scan``."""

import io
import json
import warnings
from typing import TYPE_CHECKING

import zxingcpp
from PIL import Image

from signedcert.childprocess import answer, limit
from signedcert.errors import MalformedError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

#: A telephone's largest photo has 50 million; a page at 600 dpi has 35.
MAX_PIXELS = 64_000_000
#: Processor time. What is made to look like a thousand QR codes would take minutes.
_MAX_SECONDS = 5
#: Larger pictures are made smaller: a QR of 25 mm on A4 still has some 300 of these pixels a side.
_MAX_SIDE = 4096
_FORMATS = ("JPEG", "PNG", "WEBP")


def read(picture: bytes) -> bytes:
    """``texts``, or ``refused`` with a reason and words, in JSON."""
    try:
        found = {"texts": texts_on(picture)}
    except MalformedError as error:
        found = {"refused": [error.reason, error.message]}
    return json.dumps(found).encode()


def texts_on(picture: bytes) -> list[str]:
    """What the QR codes on a picture say, each text once.

    Raises MalformedError: ``carrier-damaged``, ``carrier-limit`` for more than ``MAX_PIXELS``.
    """
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
        raise MalformedError("carrier-damaged", message) from error
    if grey is None:
        message = f"this picture has more than the {MAX_PIXELS} pixels that are read"
        raise MalformedError("carrier-limit", message)
    return sorted({code.text for code in codes})


def _grey(picture: bytes) -> "Picture | None":
    """A picture without colours, made smaller; None if it has too many pixels."""
    with Image.open(io.BytesIO(picture), formats=_FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            return None
        image.draft("L", (_MAX_SIDE, _MAX_SIDE))
        grey = image.convert("L")
    grey.thumbnail((_MAX_SIDE, _MAX_SIDE))
    return grey


if __name__ == "__main__":
    limit("RLIMIT_CPU", _MAX_SECONDS)
    answer(read)
