"""Signing in with a one-time link, for institutions whose own login does not reach these pages."""

from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from signedcert.sharing.links import SESSION_LIFETIME
from signedcert.web.forms import Fields, read_form
from signedcert.web.site import BY_ORIGIN, Site, root_of

#: The prefix makes browsers refuse it for other hosts, other paths, and without https.
COOKIE = "__Host-signedcert"
Form = Annotated[Fields, Depends(read_form)]


class SessionPages:
    """Sign-in links, and the cookie of who has used one."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._links = site.institution.records.links

    def current_learner(self, request: Request) -> str | None:
        """The learner who is signed in."""
        session = request.cookies.get(COOKIE)
        return None if session is None else self._links.learner_of(session, self._site.clock())

    def cover(self, request: Request, token: str) -> Response:  # noqa: ARG002 - of no concern yet
        """A button: what merely fetches addresses must not use the link up."""
        return self._site.page(request, "sign_in.html", headers=BY_ORIGIN, failed=False)

    def sign_in(self, request: Request, token: str, _: Form) -> Response:
        """Uses the link up, and opens the learner's page."""
        signed_in = self._links.sign_in(token, self._site.clock())
        if signed_in is None:
            return self._site.page(request, "sign_in.html", 404, headers=BY_ORIGIN, failed=True)
        response = RedirectResponse(f"{root_of(request)}/learner", 303, headers=BY_ORIGIN)
        response.set_cookie(
            COOKIE,
            signed_in.session,
            max_age=int(SESSION_LIFETIME.total_seconds()),
            secure=True,
            httponly=True,
            samesite="lax",
        )
        return response

    def sign_out(self, request: Request, _: Form) -> Response:
        """Ends the session."""
        session = request.cookies.get(COOKIE)
        if session is not None:
            self._links.sign_out(session)
        response = RedirectResponse(f"{root_of(request)}/learner", 303, headers=BY_ORIGIN)
        response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
        return response
