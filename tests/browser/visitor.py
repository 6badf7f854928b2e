"""Somebody who looks at the pages: a browser context with one page, and what went wrong in it."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

HEIGHT = 800
_PATIENCE_MS = 15_000
_STATUS = "Failed to load resource: the server responded with a status of"


class Visitor:
    """Has cookies and storage of its own. ``page`` is playwright's, to be used directly.

    ``pictures`` is where ``picture`` writes; without it, none is made.
    """

    def __init__(
        self,
        chromium: "Browser",
        origin: str,
        *,
        width: int = 1280,
        scheme: str = "light",
        pictures: Path | None = None,
    ) -> None:
        self.origin = origin
        self._look = (width, scheme)
        self._pictures = pictures
        self._context = chromium.new_context(
            viewport={"width": width, "height": HEIGHT}, color_scheme=scheme, locale="en"
        )
        self._context.set_default_timeout(_PATIENCE_MS)
        self._complaints: list[tuple[str, str]] = []
        self._opened: set[str] = set()
        self.page: Page = self._context.new_page()
        self._listen(self.page)

    def open(self, path: str) -> int:
        """Goes to a path of the server. The status of the answer."""
        response = self.page.goto(self.origin + path)
        assert response is not None
        status: int = response.status
        return status

    def look(self, *, width: int, scheme: str) -> None:
        """Changes the window and the colour scheme, "light" or "dark", of the page that is open."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.emulate_media(color_scheme=scheme)
        self._look = (width, scheme)

    def picture(self, name: str) -> None:
        """Keeps the whole page as it looks now, for people to look at."""
        if self._pictures is not None:
            path = self._pictures / "{}-{}-{}.png".format(name, *self._look)
            self.page.screenshot(path=path, full_page=True, animations="allow", caret="initial")

    @property
    def complaints(self) -> list[str]:
        """What the console showed, broken requests, and requests to other servers.

        Not that a page was opened with a status that is an error, for ``open`` tells that.
        """
        self.page.evaluate("0")  # what the page has sent before, has arrived
        return [
            f"{text} ({url})"
            for url, text in self._complaints
            if not (text.startswith(_STATUS) and url in self._opened)
        ]

    def close(self) -> None:
        """Forgets all cookies."""
        self._context.unroute_all(behavior="ignoreErrors")
        self._context.close()

    def _listen(self, page: "Page") -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complaints.append(("", str(error))))
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("requestfailed", self._failed)

    def _heard(self, message: "ConsoleMessage") -> None:
        if message.type in {"error", "warning"}:
            self._complaints.append((message.location["url"], message.text))

    def _asked(self, request: "Request") -> None:
        own = urlsplit(self.origin)
        asked = urlsplit(request.url)
        if (asked.scheme, asked.netloc) != (own.scheme, own.netloc):
            self._complaints.append((request.url, f"asked another server: {request.url}"))

    def _answered(self, response: "Response") -> None:
        if response.request.is_navigation_request():
            self._opened.add(response.url)

    def _failed(self, request: "Request") -> None:
        self._complaints.append((request.url, f"no answer: {request.url}, {request.failure}"))
