"""Two learners with course records, whose scores stand nowhere else in the world."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from fastapi import Request

from signedcert.core.code import VerificationCode
from signedcert.documents.record import FINAL_SCORE, CourseRecord, CourseResult
from signedcert.institution import Institution
from signedcert.registry.shares import ShareLog
from signedcert.sharing.records import HeldRecord
from signedcert.web import app
from tests.institution.homes import LATER, NOW, Place, issue_one
from tests.reference import course as reference_course
from tests.web.browser import Browser

ADA, GRACE = "s-1", "s-2"
NAMES = {ADA: "Ada Lovelace", GRACE: "Grace Hopper"}
_QUIZ, _PRACTICE = "quiz", "practice problems"

#: Of everyone: each number in it is in no date, size, digest or course.
RESULTS = {
    ADA: (
        CourseResult(FINAL_SCORE, Decimal(100), value=Decimal("73.31")),
        CourseResult(_QUIZ, Decimal(10), "Zebra crossings", Decimal("6.17"), "Failed"),
        CourseResult(_QUIZ, Decimal(10), "Yaks", Decimal("8.29"), achieved=date(2026, 6, 11)),
        CourseResult("final exam", Decimal(200), value=Decimal("141.83")),
        CourseResult(_PRACTICE, Decimal(20), "Xylophones", status="Enrolled"),
        CourseResult(_PRACTICE, Decimal(20), "Wombats", Decimal("11.09"), "Provisional"),
    ),
    GRACE: (
        CourseResult(FINAL_SCORE, Decimal(100), value=Decimal("97.67")),
        CourseResult(_QUIZ, Decimal(10), "Vultures", Decimal("8.43")),
    ),
}
ALL = tuple(range(1, 7))
#: How each of Ada's results is told, and nothing else is: its value, what is drawn, its day.
TELLS = {
    1: ("73.31",),
    2: ("6.17", "61.70", "failed"),
    3: ("8.29", "82.90", "2026-06-11"),
    4: ("141.83", "70.91", "70.92"),
    5: ("not handed in", "Enrolled"),
    6: ("11.09", "55.45", "rovisional"),
}
#: What no public page holds, decoded or not.
SECRETS = (
    *("73.31", "6.17", "8.29", "141.83", "11.09", "97.67", "8.43"),
    *("Zebra crossings", "Yaks", "Xylophones", "Wombats", "Vultures"),
)


def issue_records(place: Place) -> None:
    """Issues a certificate and a record to each of the two."""
    with place.open() as institution:
        for learner_id, results in RESULTS.items():
            issue_one(institution, NAMES[learner_id], learner_id)
            institution.issue_record(
                CourseRecord(results),
                learner_id=learner_id,
                course=reference_course().id,
                run="2026",
                at=NOW,
            )


class Clock:
    """Tells the time that a test has set."""

    def __init__(self, now: datetime = LATER) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def pass_by(self, time: timedelta) -> None:
        """Lets time pass."""
        self.now += time


class Study(NamedTuple):
    """The institution, its time, who is signed in at it by its own login, and who looks at it."""

    institution: Institution
    clock: Clock
    signed_in: list[str]
    browser: Browser

    def record(self, learner_id: str = ADA) -> HeldRecord:
        """The one record of a learner."""
        (record,) = self.institution.records.of(learner_id)
        return record

    def code(self, learner_id: str = ADA) -> VerificationCode:
        """Its code."""
        return self.record(learner_id).code

    def share(
        self,
        results: Iterable[int] | None = None,
        *,
        learner_id: str = ADA,
        with_name: bool = True,
        label: str = "Acme",
        expires: datetime | None = None,
    ) -> str:
        """The token of a new link."""
        return self.institution.records.share(
            self.record(learner_id),
            learner_id,
            results=results,
            with_name=with_name,
            label=label,
            expires=expires,
            at=self.clock.now,
        ).token

    def logs(self, learner_id: str = ADA) -> list[ShareLog]:
        """All links of a learner, the newest first."""
        return self.institution.records.links.shares(learner_id)

    def opened(self, learner_id: str = ADA) -> int:
        """How often links of a learner were opened."""
        logs = self.logs(learner_id)
        return sum(opening.times for log in logs for opening in log.openings)

    def session(self, learner_id: str = ADA) -> str:
        """A sign-in link's token."""
        return self.institution.records.links.sign_in_link(learner_id, self.clock.now)


@contextmanager
def studying(place: Place, *, links: bool = False) -> Iterator[Study]:
    """A study of a home with records: learners sign in by ``signed_in``, or else by links."""
    clock = Clock()
    signed_in: list[str] = []

    def current_learner(_: Request) -> str | None:
        return signed_in[0] if signed_in else None

    with Institution.open(place.home) as institution:
        application = (
            app(institution, clock, sign_in_links=True)
            if links
            else app(institution, clock, current_learner=current_learner)
        )
        yield Study(institution, clock, signed_in, Browser(application))
