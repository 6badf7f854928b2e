"""The sheet: everything that is printed on a certificate, as plain data."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

from signedcert.carriers.bundle import Bundle
from signedcert.core.jws import CompactJWS, Header
from signedcert.core.sdjwt import SEPARATOR
from signedcert.documents.course import Course
from signedcert.documents.digest import digest_sri
from signedcert.documents.openbadges import CERTIFICATE_TYPES, Credential, parse_credential
from signedcert.errors import ConfigurationError, MalformedError, RenderError
from signedcert.render.qr import qr_code

#: Who signs on the first page; the others are on the second.
MAX_SIGNERS = 4
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Branding:
    """What makes a certificate the institution's own. The name is not in here: it is printed as it
    was signed.

    ``colour`` is that of headings and rules, ``accent`` that of the ornament, both ``#rrggbb``;
    ``signatures`` has an image for the name of an instructor. Images are SVG, PNG or JPEG.
    Raises ConfigurationError ``setting-invalid`` for a colour that is none.
    """

    logo: Path | None = None
    colour: str = "#1d2f4f"
    accent: str = "#a8894f"
    signatures: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in (("colour", self.colour), ("accent", self.accent)):
            if not _COLOUR.fullmatch(value):
                message = f"{value!r} is no colour; write it as #1d2f4f"
                raise ConfigurationError("setting-invalid", message, where=name)


@dataclass(frozen=True, slots=True)
class Signatory:
    """An instructor as printed; ``signature`` is the name of an image beside the template."""

    name: str
    title: str
    signature: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the syllabus."""

    title: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Everything that is printed, and nothing else: there is no score in it.

    ``url`` is the verify URL without its last part, the ``code``; ``qr`` an SVG that holds both.
    """

    institution: str
    learner: str
    course: str
    language: str
    description: str
    started: date | None
    completed: date
    issued: date
    valid_until: date | None
    weeks: int
    hours: tuple[int, int]
    instructors: tuple[Signatory, ...]
    syllabus: tuple[Part, ...]
    disclaimer: str
    url: str
    code: str
    qr: str
    qr_modules: int

    @classmethod
    def of(cls, bundle: Bundle, signatures: Mapping[str, str] | None = None) -> "Sheet":
        """What the document in a bundle says, and the course document that it names. Nobody has
        verified it: who renders it has issued it, or says so.

        Raises MalformedError: what is no certificate, or not of the form; RenderError: without
        its course document (``course-missing``), or with another (``course-digest-mismatch``).
        """
        credential = _credential(bundle)
        course = _course(bundle, credential)
        code, url = str(bundle.code), f"{credential.issuer}/verify/"
        qr, images = qr_code(url + code), signatures or {}
        until = credential.valid_until
        return cls(
            institution=credential.issuer_name,
            learner=credential.learner,
            course=credential.title,
            language=course.language,
            description=course.description,
            started=credential.started,
            completed=credential.completed,
            issued=credential.valid_from.date(),
            valid_until=None if until is None else until.date(),
            weeks=course.workload.weeks,
            hours=(course.workload.hours_per_week.start, course.workload.hours_per_week.to),
            instructors=tuple(
                Signatory(one.name, one.title, images.get(one.name)) for one in course.instructors
            ),
            syllabus=tuple(Part(unit.title, unit.topics) for unit in course.syllabus),
            disclaimer=course.disclaimer,
            url=url,
            code=code,
            qr=qr.svg,
            qr_modules=qr.modules,
        )

    def encode(self) -> str:
        """In JSON, as the template reads it: dates as texts."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(values, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Signatory | Part):
        return {name: getattr(value, name) for name in value.__slots__}
    raise TypeError(type(value).__name__)


def _credential(bundle: Bundle) -> Credential:
    text = bundle.document.encode("utf-8", "surrogatepass")
    jws = CompactJWS.parse(text.partition(SEPARATOR)[0])
    if SEPARATOR in text or Header.parse(jws.header_segment).typ not in CERTIFICATE_TYPES:
        message = "this is no certificate; course records are not printed"
        raise MalformedError("typ-unexpected", message)
    return parse_credential(jws.payload)


def _course(bundle: Bundle, credential: Credential) -> Course:
    if bundle.course is None:
        message = "the course document is not in the bundle, and it says who teaches the course"
        raise RenderError("course-missing", message)
    if digest_sri(bundle.course) != credential.digest:
        message = "the course document in the bundle is not the one that was signed"
        raise RenderError("course-digest-mismatch", message)
    return _parse_course(bundle.course)


@lru_cache(maxsize=32)
def _parse_course(text: str) -> Course:
    """It is in the bundle of everyone who took the course."""
    return Course.parse(text.encode("utf-8", "surrogatepass"), "course")
