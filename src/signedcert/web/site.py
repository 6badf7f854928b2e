"""What all pages have alike: templates, headers, and the words for what went wrong."""

import logging
from collections.abc import Callable
from datetime import datetime
from importlib import resources

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException

from signedcert.errors import ConfigurationError
from signedcert.institution import Institution
from signedcert.verify.messages import outcome_title, step_title
from signedcert.verify.report import Outcome, Report
from signedcert.verify.verifier import Verifier

Clock = Callable[[], datetime]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
#: For what only one person is meant to see: it stays in no cache, not even the browser's.
PRIVATE = {"Cache-Control": "no-store"}
#: For pages with forms that are taken from these pages only: the browser tells where a form is
#: from, and nothing of the address, which may hold a token.
BY_ORIGIN = {**PRIVATE, "Referrer-Policy": "strict-origin"}
_WORDS = {
    403: (
        "Not from here",
        "The form was sent from another site. Open this page itself, and retry.",
    ),
    404: ("Nothing here", "This address leads to nothing. Check it, symbol by symbol."),
    405: ("Not offered", "This address does not take that kind of request."),
    410: ("Withdrawn", "What was at this address was withdrawn by the institution."),
    413: ("Too much", "The form holds more than this page takes."),
    503: ("Not now", "The register cannot be asked at the moment. Try again later."),
}
_logger = logging.getLogger(__name__)


class Site:
    """The pages of one institution; ``learner_page`` is whether learners can sign in here."""

    def __init__(self, institution: Institution, clock: Clock, *, learner_page: bool) -> None:
        self.institution = institution
        self.clock = clock
        self._verifier = institution.verifier()
        self._learner_page = learner_page
        self._templates = Environment(
            loader=PackageLoader("signedcert.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        files = resources.files("signedcert.web")
        self.style = (files / "style.css").read_bytes()
        self.icon = (files / "icon.svg").read_bytes()

    @property
    def verifier(self) -> Verifier:
        """A verifier that knows what was published last."""
        trust = self.institution.trust
        if self._verifier.trust is not trust:
            self._verifier = Verifier(trust)
        return self._verifier

    def page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        *,
        headers: dict[str, str] | None = None,
        **values: object,
    ) -> Response:
        """A template with these values in it."""
        html = self._templates.get_template(template).render(
            institution=self.institution.name,
            url=self.institution.url,
            root=root_of(request),
            learner_page=self._learner_page,
            **values,
        )
        return HTMLResponse(html, status, headers={"Cache-Control": "no-cache", **(headers or {})})

    async def error(self, request: Request, error: Exception) -> Response:
        """A page for what is not there, and for what broke: that one passes no middleware."""
        known = error if isinstance(error, HTTPException) else HTTPException(500)
        title, text = _WORDS.get(known.status_code, ("Something went wrong", "Try again later."))
        page = self.page(request, "error.html", known.status_code, title=title, text=text)
        page.headers.update({**(known.headers or {}), **HEADERS})
        return page

    async def unusable(self, request: Request, error: ConfigurationError) -> Response:
        """A page for as long as the server of the registry is not reached, and a line in the log
        that says why. Anything else has broken.
        """
        if error.reason != "registry-unreachable":
            raise error
        _logger.error("%s", error)
        return await self.error(request, HTTPException(503))


def root_of(request: Request) -> str:
    """The path under which a host has mounted the pages."""
    root: str = request.scope.get("root_path", "")
    return root


def steps_of(report: Report) -> list[dict[str, object]]:
    """The ten steps, in words."""
    return [
        {
            "number": check.step,
            "title": step_title(check.step),
            "outcome": outcome_title(check.outcome),
            "kind": check.outcome.name.lower().replace("_", "-"),
            "technical": check.technical if check.outcome is not Outcome.NOT_MADE else "",
        }
        for check in report.checks
    ]
