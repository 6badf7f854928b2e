"""A browser for an ASGI application, with no server and no network between."""

import asyncio

import httpx
from fastapi import FastAPI


class Browser:
    """Asks one application. ``raises`` says whether a mistake in it fails the test at once."""

    def __init__(self, application: FastAPI, *, root_path: str = "", raises: bool = True) -> None:
        self._transport = httpx.ASGITransport(
            application, raise_app_exceptions=raises, root_path=root_path
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        follow_redirects: bool = True,
    ) -> httpx.Response:
        """The response to a request."""

        async def ask() -> httpx.Response:
            origin = "https://learn.example.edu"
            async with httpx.AsyncClient(transport=self._transport, base_url=origin) as client:
                return await client.request(
                    method, path, params=params, follow_redirects=follow_redirects
                )

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
        """The response to a POST request."""
        return self.request("POST", path)
