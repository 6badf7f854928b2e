"""The public pages: certificates, courses, keys."""

from typing import TYPE_CHECKING

from fastapi import HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from signedcert.carriers.bundle import MAX_BUNDLE, MEDIA_TYPE, SUFFIX, Bundle
from signedcert.core.code import Suggestion, VerificationCode, suggest
from signedcert.core.encoding import dump_json, parse_json
from signedcert.documents.course import Course
from signedcert.errors import ConfigurationError, MalformedError, RenderError
from signedcert.log.folder import CHECKPOINT, TILES, landmarks_name
from signedcert.log.folder import media_type as log_media_type
from signedcert.publish.folder import REASONS, SNAPSHOT, media_type
from signedcert.trust.jwks import jwks, served, standard_jwk
from signedcert.verify.messages import message_of
from signedcert.verify.report import Report, Verdict
from signedcert.verify.show import report_to_json, signed_fields
from signedcert.web.site import Site, root_of, steps_of

if TYPE_CHECKING:
    from signedcert.render.press import Format
    from signedcert.render.renderer import Renderer

_MAX_CODE = 80
_KEY_CACHE = {"Cache-Control": "public, max-age=300"}
#: The files name each other by digests: an old one beside a new one is fetched again, and soon.
_STATUS_CACHE = {"Cache-Control": "public, max-age=60"}
#: Of the files of a log, all but its newest head never change.
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_NO_CACHE = {"Cache-Control": "no-cache"}
_ROBOTS = "User-agent: *\nDisallow: /records/\nDisallow: /learner\nDisallow: /sign-in/\n"
_ENDED = ("compromised", "void")


class PublicPages:
    """One method for each path. FastAPI runs them on threads; none keeps state."""

    def __init__(self, site: Site, renderer: "Renderer | None" = None) -> None:
        self._site = site
        self._renderer = renderer
        self._institution = site.institution

    def home(self, request: Request) -> Response:
        """What this site is."""
        return self._site.page(request, "home.html", courses=len(self._institution.courses()))

    def style(self) -> Response:
        """The style sheet of all pages."""
        return Response(self._site.style, media_type="text/css", headers=_KEY_CACHE)

    def icon(self) -> Response:
        """What browsers show beside the title."""
        return Response(self._site.icon, media_type="image/svg+xml", headers=_KEY_CACHE)

    def robots(self) -> Response:
        """What search engines are not to ask for; no page is theirs to keep, by its headers."""
        return Response(_ROBOTS, media_type="text/plain", headers=_KEY_CACHE)

    # Certificates

    def form(self, request: Request, code: str | None = None) -> Response:
        """Where a code is typed; leads to its page."""
        if code is None:
            return self._site.page(request, "form.html")
        try:
            spelled = str(_parse(code))
        except MalformedError:
            return self._not_found(request, code)
        return RedirectResponse(f"{root_of(request)}/verify/{spelled}", 303)

    def certificate(self, request: Request, code: str) -> Response:
        """The page behind the verify URL that is printed on a certificate."""
        bundle = self._find(code)
        if bundle is None:
            return self._not_found(request, code)
        report = self._report(bundle, code)
        course = Course.parse(report.course.encode()) if report.course else None
        return self._site.page(
            request,
            "certificate.html",
            report=report,
            words=message_of(report.verdict, report.reason, report.kind),
            fields=signed_fields(report),
            steps=steps_of(report),
            course=course,
            pin=self._institution.pin,
            pictures=self._has_pictures(report),
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
            "bundle": parse_json(bundle.encode(), MAX_BUNDLE),
        }
        return JSONResponse(members, headers=_NO_CACHE)

    def bundle(self, code: str) -> Response:
        """The certificate as a file, to be checked with no network."""
        bundle = self._find(code)
        if bundle is None:
            raise HTTPException(404)
        name = f"{bundle.code}{SUFFIX}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(bundle.encode(), media_type=MEDIA_TYPE, headers=headers)

    def pdf(self, code: str) -> Response:
        """The certificate as it is printed; its file is attached."""
        return self._picture(code, "pdf", "application/pdf", download=True)

    def png(self, code: str) -> Response:
        """The certificate as a picture, which carries its file."""
        return self._picture(code, "png", "image/png", download=False)

    def _picture(self, code: str, form: "Format", media_type: str, *, download: bool) -> Response:
        """404 for what is not authentic, or has a character that no font here has."""
        bundle = self._find(code)
        if self._renderer is None or bundle is None or not self._report(bundle, code):
            raise HTTPException(404)
        try:
            made = self._renderer.pdf(bundle) if form == "pdf" else self._renderer.png(bundle)
        except (RenderError, ConfigurationError) as error:
            raise HTTPException(404) from error
        way = "attachment" if download else "inline"
        headers = {"Content-Disposition": f'{way}; filename="{bundle.code}.{form}"', **_NO_CACHE}
        return Response(made, media_type=media_type, headers=headers)

    def _has_pictures(self, report: Report) -> bool:
        """Whether there is something to link to. To know it for certain, the page would have to be
        made; what is asked is what mostly is in the way, a name that no font here can draw.
        """
        signed = report.credential
        if self._renderer is None or report.verdict is not Verdict.AUTHENTIC or signed is None:
            return False
        return self._renderer.has_glyphs(signed.learner or "", signed.title, signed.issuer_name)

    def _find(self, code: str) -> Bundle | None:
        try:
            return self._institution.find(_parse(code))
        except MalformedError:
            return None

    def _report(self, bundle: Bundle, code: str) -> Report:
        at = self._site.clock()
        return self._site.verifier.report(bundle, at=at, code=code, kind="certificate")

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
        return self._site.page(
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
        return self._site.page(request, "courses.html", courses=self._institution.courses())

    def course(self, request: Request, course_id: str) -> Response:
        """The page of a course, in its newest version."""
        course = self._institution.course(course_id)
        if course is None:
            raise HTTPException(404)
        return self._site.page(request, "course.html", course=course)

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

    # Status

    def snapshot(self) -> Response:
        """What is newest, as ``signedcert publish`` wrote it."""
        return self._published(SNAPSHOT)

    def reasons(self) -> Response:
        """Why documents are not valid, by their places in the lists."""
        return self._published(REASONS)

    def status(self, name: str) -> Response:
        """One status list: ``N.jwt`` a Token Status List, ``N`` a status credential."""
        return self._published(f"status/{name}")

    # The log

    def checkpoint(self, log: str) -> Response:
        """The newest head of a log."""
        return self._log_file(log, CHECKPOINT, _NO_CACHE)

    def tile(self, log: str, name: str) -> Response:
        """A tile of a log, or an entry bundle."""
        return self._log_file(log, f"{TILES}/{name}", _FOR_EVER)

    def landmarks(self, log: str, count: str) -> Response:
        """The list of so many landmarks."""
        return self._log_file(log, landmarks_name(_number(count)), _FOR_EVER)

    def _log_file(self, log: str, name: str, headers: dict[str, str]) -> Response:
        folder = self._institution.published_logs.get(log)
        data = None if folder is None else folder.find(name)
        if data is None:
            raise HTTPException(404)
        return Response(data, media_type=log_media_type(name), headers=headers)

    def _published(self, name: str) -> Response:
        data = self._institution.published.read(name)
        if data is None:
            raise HTTPException(404)
        return Response(data, media_type=media_type(name), headers=_STATUS_CACHE)


def _parse(code: str) -> VerificationCode:
    """What is longer than any spelling of a code is none, whatever it begins with."""
    if len(code) > _MAX_CODE:
        raise MalformedError("code-length", "too long for a verification code")
    return VerificationCode.parse(code)


def _json(value: object, media_type: str) -> Response:
    return Response(dump_json(value), media_type=media_type, headers=_KEY_CACHE)


def _number(text: str) -> int:
    """A version in its one spelling; 404 for any other."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and text == str(int(text))):
        raise HTTPException(404)
    return int(text)
