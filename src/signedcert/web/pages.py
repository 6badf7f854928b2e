"""The application: verify pages, courses, keys. Mount it at the root of the institution's host."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException as StarletteHTTPException

from signedcert.carriers.bundle import MEDIA_TYPE, SUFFIX, Bundle
from signedcert.core.code import Suggestion, VerificationCode, suggest
from signedcert.core.encoding import dump_json
from signedcert.documents.course import Course
from signedcert.errors import MalformedError
from signedcert.institution import Institution
from signedcert.trust.jwks import jwks, served, standard_jwk
from signedcert.verify.messages import message_of, outcome_title, step_title
from signedcert.verify.report import Outcome, Report
from signedcert.verify.show import report_to_json, signed_fields

Clock = Callable[[], datetime]

_GET = ["GET", "HEAD"]
_MAX_CODE = 80
_KEY_CACHE = {"Cache-Control": "public, max-age=300"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
_WORDS = {
    404: ("Nothing here", "This address leads to nothing. Check it, symbol by symbol."),
    405: ("Not offered", "This address can only be read."),
    410: ("Withdrawn", "What was at this address was withdrawn by the institution."),
}
_ENDED = ("compromised", "void")


def app(institution: Institution, clock: Clock = lambda: datetime.now(UTC)) -> FastAPI:
    """The pages of one institution, as an ASGI application.

    It reads the registry and the manifests, writes nothing, and opens no private key. ``clock``
    tells the time at which certificates are verified.
    """
    pages = _Pages(institution, clock)
    result = FastAPI(
        title=f"{institution.name}: course certificates",
        docs_url=None,
        redoc_url=None,
        exception_handlers={StarletteHTTPException: pages.error, Exception: pages.error},
    )
    result.middleware("http")(_add_headers)

    def route(path: str, endpoint: Callable[..., Any], *, schema: bool = False) -> None:
        result.add_api_route(
            path, endpoint, methods=_GET, include_in_schema=False, response_model=None
        )
        if schema:  # never reached: an operation in the schema has one method
            result.add_api_route(path, endpoint, methods=["GET"], response_model=None)

    route("/", pages.home)
    route("/static/style.css", pages.style)
    for prefix in ("/verify", "/VERIFY"):
        first = prefix == "/verify"
        route(prefix, pages.form)
        route(prefix + "/{code}.json", pages.certificate_json, schema=first)
        route(prefix + "/{code}" + SUFFIX, pages.bundle, schema=first)
        route(prefix + "/{code}", pages.certificate)
    route("/courses", pages.courses)
    route("/courses/{course_id}/{version}.json", pages.course_document, schema=True)
    route("/courses/{course_id}", pages.course)
    route("/.well-known/jwks.json", pages.jwks, schema=True)
    route("/.well-known/keys/{thumbprint}", pages.key, schema=True)
    route("/.well-known/signedcert/keys.json", pages.newest_manifest, schema=True)
    route("/.well-known/signedcert/keys/{version}.json", pages.manifest, schema=True)
    return result


async def _add_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


class _Pages:
    """One method for each path. FastAPI runs them on threads; none keeps state."""

    def __init__(self, institution: Institution, clock: Clock) -> None:
        self._institution = institution
        self._clock = clock
        self._verifier = institution.verifier()
        self._templates = Environment(
            loader=PackageLoader("signedcert.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._style = (resources.files("signedcert.web") / "style.css").read_bytes()

    def home(self, request: Request) -> Response:
        """What this site is."""
        return self._page(request, "home.html", courses=len(self._institution.courses()))

    def style(self) -> Response:
        """The style sheet of all pages."""
        return Response(self._style, media_type="text/css", headers=_KEY_CACHE)

    # Certificates

    def form(self, request: Request, code: str | None = None) -> Response:
        """Where a code is typed; leads to its page."""
        if code is None:
            return self._page(request, "form.html")
        try:
            spelled = str(_parse(code))
        except MalformedError:
            return self._not_found(request, code)
        return RedirectResponse(f"{request.scope.get('root_path', '')}/verify/{spelled}", 303)

    def certificate(self, request: Request, code: str) -> Response:
        """The page behind the verify URL that is printed on a certificate."""
        bundle = self._find(code)
        if bundle is None:
            return self._not_found(request, code)
        report = self._report(bundle, code)
        course = Course.parse(report.course.encode()) if report.course else None
        return self._page(
            request,
            "certificate.html",
            report=report,
            words=message_of(report.verdict, report.reason),
            fields=signed_fields(report),
            steps=_steps(report),
            course=course,
            pin=self._institution.pin,
        )

    def certificate_json(self, code: str) -> Response:
        """The same for programs: the report, and the bundle to check for oneself."""
        bundle = self._find(code)
        if bundle is None:
            suggestion = self._suggestion(code)
            error = {
                "reason": "unknown-code",
                "suggestion": str(suggestion.code) if suggestion else None,
                "positions": list(suggestion.positions) if suggestion else None,
            }
            return JSONResponse({"error": error}, 404)
        members = {
            **report_to_json(self._report(bundle, code)),
            "bundle": {"version": 1, "document": bundle.document, "course": bundle.course},
        }
        return JSONResponse(members, headers={"Cache-Control": "no-cache"})

    def bundle(self, code: str) -> Response:
        """The certificate as a file, to be checked with no network."""
        bundle = self._find(code)
        if bundle is None:
            raise HTTPException(404)
        name = f"{bundle.code}{SUFFIX}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(bundle.encode(), media_type=MEDIA_TYPE, headers=headers)

    def _find(self, code: str) -> Bundle | None:
        try:
            return self._institution.find(_parse(code))
        except MalformedError:
            return None

    def _report(self, bundle: Bundle, code: str) -> Report:
        return self._verifier.report(bundle, at=self._clock(), code=code)

    def _suggestion(self, code: str) -> Suggestion | None:
        """What was probably meant, if, and only if, it leads to a document."""
        try:
            suggestion = suggest(code)
        except MalformedError:
            return None
        if suggestion is None or self._institution.find(suggestion.code) is None:
            return None
        return suggestion

    def _not_found(self, request: Request, code: str) -> Response:
        problem = None
        try:
            _parse(code)
        except MalformedError as error:
            problem = error.message
        return self._page(
            request,
            "unknown.html",
            404,
            code=code[:_MAX_CODE],
            problem=problem,
            suggestion=self._suggestion(code),
        )

    # Courses

    def courses(self, request: Request) -> Response:
        """The catalogue."""
        return self._page(request, "courses.html", courses=self._institution.courses())

    def course(self, request: Request, course_id: str) -> Response:
        """The page of a course, in its newest version."""
        course = self._institution.course(course_id)
        if course is None:
            raise HTTPException(404)
        return self._page(request, "course.html", course=course)

    def course_document(self, course_id: str, version: str) -> Response:
        """The course document, in exactly the bytes that certificates refer to."""
        course = self._institution.course(course_id, _number(version))
        if course is None:
            raise HTTPException(404)
        return Response(course.text.encode(), media_type="application/json", headers=_KEY_CACHE)

    # Keys

    def jwks(self) -> Response:
        """The issuing keys as a JWK Set (RFC 7517)."""
        return _json(jwks(self._institution.manifest), "application/jwk-set+json")

    def key(self, thumbprint: str) -> Response:
        """The one key that a ``kid`` names; 410 if it was withdrawn."""
        for entry in self._institution.manifest.keys:
            if entry.key.thumbprint == thumbprint and served(entry):
                return _json(standard_jwk(entry), "application/jwk+json")
            if entry.key.thumbprint == thumbprint and entry.state in _ENDED:
                raise HTTPException(410)
        raise HTTPException(404)

    def newest_manifest(self) -> Response:
        """The newest key manifest."""
        return self.manifest(str(self._institution.manifest.version))

    def manifest(self, version: str) -> Response:
        """One key manifest; every version stays published."""
        manifests = dict(enumerate(self._institution.manifests, 1))
        data = manifests.get(_number(version))
        if data is None:
            raise HTTPException(404)
        return Response(data, media_type="application/jose+json", headers=_KEY_CACHE)

    # Pages

    async def error(self, request: Request, error: Exception) -> Response:
        """A page for what is not there, and for what broke: that one passes no middleware."""
        known = error if isinstance(error, StarletteHTTPException) else StarletteHTTPException(500)
        title, text = _WORDS.get(known.status_code, ("Something went wrong", "Try again later."))
        page = self._page(request, "error.html", known.status_code, title=title, text=text)
        page.headers.update({**(known.headers or {}), **_HEADERS})
        return page

    def _page(
        self, request: Request, template: str, status: int = 200, **values: object
    ) -> Response:
        html = self._templates.get_template(template).render(
            institution=self._institution.name,
            url=self._institution.url,
            root=request.scope.get("root_path", ""),
            **values,
        )
        return HTMLResponse(html, status, headers={"Cache-Control": "no-cache"})


def _parse(code: str) -> VerificationCode:
    """What is longer than any spelling of a code is none, whatever it begins with."""
    if len(code) > _MAX_CODE:
        raise MalformedError("code-length", "too long for a verification code")
    return VerificationCode.parse(code)


def _steps(report: Report) -> list[dict[str, object]]:
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


def _json(value: object, media_type: str) -> Response:
    return Response(dump_json(value), media_type=media_type, headers=_KEY_CACHE)


def _number(text: str) -> int:
    """A version in its one spelling; 404 for any other."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and text == str(int(text))):
        raise HTTPException(404)
    return int(text)
