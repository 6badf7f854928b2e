"""The code that a paper bears: read from the QR on a picture of it (docs/spec/carriers)."""

import json
import re
from importlib.util import find_spec
from typing import NamedTuple, cast

from signedcert.carriers.carrier import Kind, kind_of
from signedcert.childprocess import ChildProcess, NoAnswerError
from signedcert.core.code import VerificationCode
from signedcert.documents.form import KINDS
from signedcert.errors import ConfigurationError, MalformedError, Reason

#: Seconds for one picture, on a machine that is busy with others. A photo takes one half.
TIME_LIMIT = 30.0
#: Bytes of memory: four a pixel, one without colours, and as much for the decoders.
_MEMORY_LIMIT = 1024 * 1024 * 1024
#: What a code can be read from.
PICTURES: tuple[Kind, ...] = ("JPEG", "PDF", "PNG", "WebP")
#: The small QR holds hosts of up to 49 characters.
MAX_URL = 256

_PACKAGES = ("PIL", "zxingcpp")
#: One for each picture, since it may use so much processor time and no more.
_PROCESS = "signedcert.carriers.qrprocess"
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
    read, ``carrier-limit`` for one that has too many pixels or takes longer than ``TIME_LIMIT``.
    Raises ConfigurationError ``extra-missing`` without the packages of the extra ``scan``.
    Native code reads pictures, so it does that in a process of its own, with limits; that is no
    sandbox.
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


def _texts(picture: bytes, where: str) -> list[str]:
    """What the QR codes on a picture say."""
    if not all(map(find_spec, _PACKAGES)):
        message = "reading codes on pictures needs more packages: pip install 'signedcert[scan]'"
        raise ConfigurationError("extra-missing", message, where=where)
    try:
        with ChildProcess(_PROCESS, seconds=TIME_LIMIT, memory=_MEMORY_LIMIT) as child:
            found: dict[str, list[str]] = json.loads(child.ask(picture))
    except NoAnswerError as error:
        message = (
            f"this picture was not read in {TIME_LIMIT:.0f} seconds"
            if error.late
            else "this picture cannot be read, or takes too long or too much memory"
        )
        raise MalformedError("carrier-limit", message, where=where) from error
    if "refused" in found:
        reason, message = found["refused"]
        raise MalformedError(cast("Reason", reason), message, where=where)
    return found["texts"]
