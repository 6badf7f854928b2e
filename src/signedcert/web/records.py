"""A shared course record, for whoever was given the link.

What the link shows comes only to who asks for it with a button: what merely fetches addresses, to
preview them, to scan mail or to fill a search engine, sees a cover, and opens nothing.
"""

from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from fastapi import Request, Response

from signedcert.carriers.bundle import MEDIA_TYPE, SUFFIX, Bundle
from signedcert.documents.course import Course
from signedcert.documents.record import FINAL_SCORE, CourseResult
from signedcert.documents.recordbadge import RecordCredential
from signedcert.verify.messages import message_of
from signedcert.verify.show import capital, partial_in_words, signed_fields, status_in_words
from signedcert.web.site import PRIVATE, Site, steps_of


class Bar(NamedTuple):
    """A result as it is drawn. ``percent`` is None where there is no value."""

    name: str
    shown: bool
    value: str | None
    maximum: str
    percent: float | None
    notes: str


class Group(NamedTuple):
    """The results of one kind, with what the course's format says of it."""

    kind: str
    weight: int | None
    bars: list[Bar]


class RecordPages:
    """The pages behind a link. Unknown, ended and expired links are one case."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._records = site.institution.records

    def cover(self, request: Request, token: str) -> Response:
        """What a link shows to who has not asked yet: nothing of the record."""
        if self._records.links.peek(token, self._site.clock()) is None:
            return self._ended(request)
        return self._site.page(request, "record_cover.html", headers=PRIVATE)

    def record(self, request: Request, token: str) -> Response:
        """The record, as much as its learner shows; the learner will see that it was opened."""
        bundle = self._records.open(token, self._site.clock())
        return self._ended(request) if bundle is None else self._page(request, token, bundle)

    def file(self, request: Request, token: str) -> Response:
        """The same as a file, to be checked with no network."""
        bundle = self._records.open(token, self._site.clock())
        if bundle is None:
            return self._ended(request)
        if not bundle.document:  # somebody has altered it
            return self._page(request, token, bundle)
        return record_file(bundle)

    def _page(self, request: Request, token: str, bundle: Bundle) -> Response:
        report = self._site.verifier.report(bundle, at=self._site.clock(), kind="record")
        course = Course.parse(report.course.encode()) if report.course else None
        signed = report.credential if isinstance(report.credential, RecordCredential) else None
        return self._site.page(
            request,
            "record.html",
            headers=PRIVATE,
            report=report,
            signed=signed,
            words=message_of(report.verdict, report.reason, report.kind),
            final=None if signed is None else bar_of(_final(signed)),
            groups=[] if signed is None else _groups(signed, course),
            partial="" if signed is None else partial_in_words(signed),
            fields=signed_fields(report),
            steps=steps_of(report),
            course=course,
            pin=self._site.institution.pin,
            file=f"{token}/file",
        )

    def _ended(self, request: Request) -> Response:
        return self._site.page(request, "record_ended.html", 404, headers=PRIVATE)


def record_file(bundle: Bundle) -> Response:
    """A record as a download."""
    name = f"record-{bundle.code}{SUFFIX}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **PRIVATE}
    return Response(bundle.encode(), media_type=MEDIA_TYPE, headers=headers)


def bar_of(result: CourseResult) -> Bar:
    """A result, drawn."""
    value = None if result.value is None else f"{result.value:f}"
    percent = None if result.value is None else float(100 * result.value / result.maximum)
    notes = [status_in_words(result)] if result.status not in (None, "Completed") else []
    if result.achieved is not None:
        notes.append(result.achieved.isoformat())
    return Bar(
        capital(result.title or result.kind),
        result.shown,
        value,
        f"{result.maximum:f}",
        percent,
        ", ".join(notes),
    )


def _final(record: RecordCredential) -> CourseResult:
    return next(result for result in record.results if result.kind == FINAL_SCORE)


def _groups(record: RecordCredential, course: Course | None) -> list[Group]:
    """In the order of the course's format."""
    weights = {} if course is None else {part.kind: part.weight_percent for part in course.format}
    order = {kind: position for position, kind in enumerate(weights)}
    others = [result for result in record.results if result.kind != FINAL_SCORE]
    ordered = sorted(others, key=lambda one: (order.get(one.kind, len(order)), one.kind))
    return [
        Group(capital(kind), weights.get(kind), [bar_of(one) for one in group])
        for kind, group in groupby(ordered, attrgetter("kind"))
    ]
