"""The application. Mount it at the root of the institution's host."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from signedcert.carriers.bundle import SUFFIX
from signedcert.errors import ConfigurationError
from signedcert.institution import Institution
from signedcert.web.learner import CurrentLearner, LearnerPages
from signedcert.web.pages import PublicPages
from signedcert.web.records import RecordPages
from signedcert.web.sessions import SessionPages
from signedcert.web.site import HEADERS, Clock, Site

if TYPE_CHECKING:
    from signedcert.render.renderer import Renderer

_GET = ["GET", "HEAD"]


def app(
    institution: Institution,
    clock: Clock = lambda: datetime.now(UTC),
    *,
    current_learner: CurrentLearner | None = None,
    sign_in_links: bool = False,
    renderer: "Renderer | None" = None,
) -> FastAPI:
    """The pages of one institution, as an ASGI application.

    It reads the registry and the manifests, and opens no private key; what it writes are links to
    course records, when they were opened, and who is signed in. ``clock`` tells the time at which
    documents are verified.

    Learners see and share their course records at ``/learner`` if there is a way to know them:
    ``current_learner``, the host's own login, returns the learner id of who sends a request, or
    None; or ``sign_in_links`` offers the one-time links that ``signedcert sign-in`` makes.

    With a ``renderer``, such as ``Home.renderer`` makes, the page of an authentic certificate
    offers it as PDF and PNG, and shows a picture where its address is quoted.

    Raises ConfigurationError ``setting-invalid``: both at once, or a ``current_learner`` that is
    a coroutine function, which nobody would wait for.
    """
    if current_learner is not None and (sign_in_links or iscoroutinefunction(current_learner)):
        message = "one plain function that knows learners, or sign-in links, not both"
        raise ConfigurationError("setting-invalid", message, where="current_learner")
    site = Site(institution, clock, learner_page=sign_in_links or current_learner is not None)
    sessions = SessionPages(site) if sign_in_links else None
    known = current_learner or (sessions.current_learner if sessions else None)
    result = FastAPI(
        title=f"{institution.name}: course certificates",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the header would repeat an address that may be a secret
        exception_handlers={
            HTTPException: site.error,
            ConfigurationError: site.unusable,
            Exception: site.error,
        },
    )
    result.middleware("http")(_add_headers)
    _add_public(result, PublicPages(site, renderer))
    _add_records(result, RecordPages(site))
    if known is not None:
        _add_learner(result, LearnerPages(site, known, can_sign_out=sessions is not None))
    if sessions is not None:
        _add_sessions(result, sessions)
    return result


def _add_public(result: FastAPI, pages: PublicPages) -> None:
    def route(path: str, endpoint: Callable[..., Any], *, schema: bool = False) -> None:
        _route(result, path, endpoint)
        if schema:  # never reached: an operation in the schema has one method
            result.add_api_route(path, endpoint, methods=["GET"], response_model=None)

    route("/", pages.home)
    route("/robots.txt", pages.robots)
    route("/static/style.css", pages.style)
    route("/static/icon.svg", pages.icon)
    for prefix in ("/verify", "/VERIFY"):
        first = prefix == "/verify"
        route(prefix + "/{code}.json", pages.certificate_json, schema=first)
        route(prefix + "/{code}" + SUFFIX, pages.bundle, schema=first)
        route(prefix + "/{code}.pdf", pages.pdf, schema=first)
        route(prefix + "/{code}.png", pages.png, schema=first)
        for slash in ("", "/"):  # which some programs add
            route(prefix + slash, pages.form)
            route(prefix + "/{code}" + slash, pages.certificate)
    for slash in ("", "/"):
        route("/courses" + slash, pages.courses)
        route("/courses/{course_id}" + slash, pages.course)
    route("/courses/{course_id}/{version}.json", pages.course_document, schema=True)
    route("/.well-known/jwks.json", pages.jwks, schema=True)
    route("/.well-known/keys/{thumbprint}", pages.key, schema=True)
    route("/.well-known/signedcert/keys.json", pages.newest_manifest, schema=True)
    route("/.well-known/signedcert/keys/{version}.json", pages.manifest, schema=True)
    route("/.well-known/signedcert/snapshot.json", pages.snapshot, schema=True)
    route("/.well-known/signedcert/reasons.jws", pages.reasons, schema=True)
    route("/.well-known/signedcert/status/{name}", pages.status, schema=True)
    route("/.well-known/signedcert/{log}/checkpoint", pages.checkpoint, schema=True)
    route("/.well-known/signedcert/{log}/tile/{name:path}", pages.tile, schema=True)
    route("/.well-known/signedcert/{log}/landmarks/{count}", pages.landmarks, schema=True)


def _add_records(result: FastAPI, pages: RecordPages) -> None:
    _route(result, "/records/{token}", pages.cover)
    _route(result, "/records/{token}", pages.record, ["POST"])
    _route(result, "/records/{token}/file", pages.file, ["POST"])


def _add_learner(result: FastAPI, pages: LearnerPages) -> None:
    _route(result, "/learner", pages.overview)
    _route(result, "/learner/share", pages.share, ["POST"])
    _route(result, "/learner/end", pages.end, ["POST"])
    _route(result, "/learner/{code}" + SUFFIX, pages.file)


def _add_sessions(result: FastAPI, pages: SessionPages) -> None:
    _route(result, "/sign-in/{token}", pages.cover)
    _route(result, "/sign-in/{token}", pages.sign_in, ["POST"])
    _route(result, "/sign-out", pages.sign_out, ["POST"])


def _route(
    result: FastAPI, path: str, endpoint: Callable[..., Any], methods: list[str] | None = None
) -> None:
    result.add_api_route(
        path, endpoint, methods=methods or _GET, include_in_schema=False, response_model=None
    )


async def _add_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
