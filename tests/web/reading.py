"""Responses, read to the last byte."""

import re
from base64 import urlsafe_b64decode
from html import unescape
from urllib.parse import unquote

import httpx

from tests.web.html import Page

#: What a JWS and a disclosure are made of. What is shorter holds nothing to tell.
_ENCODED = re.compile(r"[A-Za-z0-9_-]{12,}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def page(response: httpx.Response, status: int = 200) -> Page:
    """The page in a response, checked for its form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)


def everything(response: httpx.Response) -> str:
    """All that a response holds, headers too: as it is, without what escapes it, and decoded,
    over and over, wherever it could be base64url.
    """
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return unpacked(headers + "\n" + response.content.decode("utf-8", "replace"))


def unpacked(text: str) -> str:
    """A text with all that is encoded in it."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), unquote(unescape(text)))
    inner = [unpacked(found) for part in set(_ENCODED.findall(text)) if (found := _decoded(part))]
    return "\n".join([text, plain, *inner])


def _decoded(part: str) -> str:
    whole = part[: len(part) - (len(part) % 4 == 1)]
    try:
        return urlsafe_b64decode(whole + "=" * (-len(whole) % 4)).decode("utf-8")
    except UnicodeDecodeError:
        return ""


def besides_date(response: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers in their order but the date, and body."""
    headers = [one for one in response.headers.multi_items() if one[0] != "date"]
    return response.status_code, headers, response.content
