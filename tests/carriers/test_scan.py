"""Pictures of papers: the code in their QR code, or clear words on why there is none."""

import io
import struct
import sys
import zlib

import pytest

pytest.importorskip("PIL", reason="needs the extra scan")
pytest.importorskip("zxingcpp", reason="needs the extra scan")

from PIL import Image

from signedcert.carriers import qrprocess
from signedcert.carriers import scan as module
from signedcert.carriers.qrprocess import MAX_PIXELS, texts_on
from signedcert.carriers.scan import MAX_URL, PaperCode, scan
from signedcert.errors import ConfigurationError, MalformedError
from tests.carriers import pictures, rawpdf
from tests.carriers.photos import PHOTOS, paper, written

CODE = "NSPQ-8W1B-BCGX-GRPY-7QQP"
OTHER = "https://learn.example.edu/verify/XDVK-WFCY-J9BV-GT7W-E6ZY"
URL = f"https://learn.example.edu/verify/{CODE}"


def refused(data: bytes) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        scan(data, "photo")
    assert caught.value.where == "photo"
    return caught.value


@pytest.mark.parametrize("photo", PHOTOS)
def test_the_code_is_read_from_a_photo(photo: str) -> None:
    found = scan(PHOTOS[photo](paper(URL.upper())))
    assert (str(found.code), found.origin, found.url) == (CODE, "https://learn.example.edu", URL)


def test_the_code_is_read_from_a_scanned_pdf() -> None:
    resources = b"/Resources<</XObject<</I 6 0 R/J 7 0 R>>>>"
    head = b"/Subtype/Image/Width 1754/Height 1240/ColorSpace/DeviceGray/BitsPerComponent 8"
    page = b"<</Type/Page/Parent 4 0 R/MediaBox[0 0 842 595]%b>>" % resources
    objects = rawpdf.objects(b"", catalog=b"<</Pages 4 0 R>>", page=page)
    objects[6] = rawpdf.stream(written(paper(URL)), head + b"/Filter/DCTDecode")
    objects[7] = rawpdf.flate(bytes(1754 * 1240), head)
    assert scan(rawpdf.pdf(objects)).url == URL
    assert refused(rawpdf.pdf(rawpdf.objects(b""))).reason == "qr-missing"


TEXTS = {
    "a web page": "https://learn.example.edu/",
    "another path": f"https://learn.example.edu/check/{CODE}",
    "not https": f"http://learn.example.edu/verify/{CODE}",
    "a user in it": f"https://learn.example.edu@evil.example/verify/{CODE}",
    "a query": f"{URL}?x",
    "a fragment": f"{URL}#x",
    "a space": f"{URL} ",
    "a line end": f"{URL}\n",
    "no host": f"https:///verify/{CODE}",
    "a host with a hyphen first": f"https://-a.example/verify/{CODE}",
    "the usual port": f"https://learn.example.edu:443/verify/{CODE}",
    "a letter that looks like another": URL.replace("a", "\u0430"),
    "the Kelvin sign": "https://bank.example/verify/".replace("k", "\u212a") + CODE,
    "no hyphens": URL.replace("-", ""),
    "the document itself": "HTTPS://LEARN.EXAMPLE.EDU/VERIFY#123456789",
    "nothing": "",
    "very long": "https://" + "a." * MAX_URL + f"example/verify/{CODE}",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_another_text_is_no_verify_url(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        PaperCode.parse(text, "photo")
    assert (caught.value.reason, caught.value.where) == ("qr-foreign", "photo")
    assert caught.value.message.isascii()


def test_a_code_that_is_none_is_named() -> None:
    with pytest.raises(MalformedError) as caught:
        PaperCode.parse(URL[:-1] + "Q")
    assert caught.value.reason == "code-check"
    assert refused(written(paper(URL[:-1] + "Q"))).reason == "code-check"


def test_a_qr_code_of_something_else_is_shown() -> None:
    error = refused(written(paper("WIFI:S:campus;;")))
    assert error.reason == "qr-foreign"
    assert "WIFI:S:campus;;" in error.message


def test_the_one_verify_url_among_other_codes_counts() -> None:
    assert scan(written(paper("WIFI:S:campus;;", URL))).url == URL
    assert scan(written(paper(URL, URL.upper()))).url == URL


def test_two_verify_urls_are_refused_and_named() -> None:
    error = refused(written(paper(URL, OTHER)))
    assert error.reason == "qr-several"
    assert URL in error.message
    assert OTHER in error.message
    evil = refused(written(paper(URL, URL.replace("learn", "evil"))))
    assert evil.reason == "qr-several"


def test_a_picture_without_a_code_says_what_to_do() -> None:
    error = refused(written(paper()))
    assert error.reason == "qr-missing"
    assert "type the code" in error.message


def test_too_many_pixels_are_refused_before_they_are_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert MAX_PIXELS == 64_000_000
    monkeypatch.setattr(qrprocess, "MAX_PIXELS", 1_000_000)
    assert texts_on(written(paper(URL).resize((1000, 1000)))) == [URL]
    with pytest.raises(MalformedError) as caught:
        texts_on(written(paper(URL)))
    assert caught.value.reason == "carrier-limit"


def _finders() -> bytes:
    """A picture that is all finder patterns: each three of them could be those of a QR code."""
    rings = [b"\xff" * 9, *(b"\xff%b\xff" % row for row in _RINGS), b"\xff" * 9]
    row = b"".join(one * 450 for one in rings)
    return written(Image.frombytes("L", (4050, 4050), row * 450), "PNG")


_RINGS = (
    bytes(7),
    b"\0\xff\xff\xff\xff\xff\0",
    *[b"\0\xff\0\0\0\xff\0"] * 3,
    b"\0\xff\xff\xff\xff\xff\0",
    bytes(7),
)


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of processor time")
def test_a_picture_that_takes_minutes_is_stopped() -> None:
    import resource  # noqa: PLC0415 - POSIX

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert refused(_finders()).reason == "carrier-limit"
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 8


def test_a_picture_is_given_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIME_LIMIT", 0.001)
    assert refused(written(paper(URL))).reason == "carrier-limit"


@pytest.mark.parametrize("side", [8_001, 20_000, 2**31 - 1])
def test_a_bomb_of_pixels_is_refused(side: int) -> None:
    header = pictures.chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    pixels = pictures.chunk(b"IDAT", zlib.compress(bytes(1000)))
    data = b"".join([pictures.SIGNATURE, header, pixels, pictures.END])
    assert refused(data).reason == "carrier-limit"


def test_a_damaged_picture_is_refused() -> None:
    whole = written(paper(URL))
    assert refused(whole[: len(whole) // 2]).reason == "carrier-damaged"
    assert refused(whole[:4]).reason == "carrier-damaged"
    assert refused(b"GIF89a").reason == "carrier-damaged"
    assert refused(written(Image.new("1", (9, 9)), "GIF")).reason == "carrier-damaged"
    bomb = pictures.chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**26 + 2**20)))
    assert refused(pictures.png(bomb)).reason == "carrier-damaged"


@pytest.mark.parametrize("package", ["PIL", "zxingcpp"])
def test_without_its_packages_it_says_which_extra_is_needed(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigurationError) as caught:
        scan(io.BytesIO(b"\xff\xd8\xff").getvalue())
    assert caught.value.reason == "extra-missing"
    assert "signedcert[scan]" in caught.value.message
