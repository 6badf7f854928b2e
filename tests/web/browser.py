"""A browser for an ASGI application, with no server and no network between."""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI

ORIGIN = "https://learn.example.edu"
FORM = "application/x-www-form-urlencoded"
#: What browsers say of a form that they send to the site that it is from.
FROM_HERE = {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}

Fields = Mapping[str, str | Sequence[str]]


class Browser:
    """Asks one application, and keeps its cookies.

    ``raises`` says whether a mistake in the application fails the test at once.
    """

    def __init__(self, application: FastAPI, *, root_path: str = "", raises: bool = True) -> None:
        self.application = application
        self._transport = httpx.ASGITransport(
            application, raise_app_exceptions=raises, root_path=root_path
        )
        self.cookies = httpx.Cookies()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        follow_redirects: bool = True,
    ) -> httpx.Response:
        """The response to a request."""

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url=ORIGIN, cookies=self.cookies
            ) as client:
                response = await client.request(
                    method,
                    path,
                    params=params,
                    content=content,
                    headers=_encoded(headers or {}),
                    follow_redirects=follow_redirects,
                )
                self.cookies = client.cookies
                return response

        return asyncio.run(ask())

    def get(
        self, path: str, *, params: dict[str, str] | None = None, follow_redirects: bool = True
    ) -> httpx.Response:
        """The response to a GET request."""
        return self.request("GET", path, params=params, follow_redirects=follow_redirects)

    def head(self, path: str) -> httpx.Response:
        """The response to a HEAD request."""
        return self.request("HEAD", path)

    def post(self, path: str) -> httpx.Response:
        """The response to a POST request, which says neither what it holds nor where it is from."""
        return self.request("POST", path)

    def send(
        self,
        path: str,
        fields: Fields | bytes = b"",
        *,
        headers: dict[str, str] | None = None,
        follow_redirects: bool = False,
    ) -> httpx.Response:
        """The response to a form, sent as browsers send it from the page that has it. ``headers``
        replace what they say of that page.
        """
        content = fields if isinstance(fields, bytes) else urlencode(fields, doseq=True).encode()
        return self.request(
            "POST",
            path,
            content=content,
            headers={"Content-Type": FORM} | (FROM_HERE if headers is None else headers),
            follow_redirects=follow_redirects,
        )


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """As they go over the wire; httpx itself takes ASCII only."""
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
