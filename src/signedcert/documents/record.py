"""The claims of a course record: the detailed performance, as an institution states it."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from signedcert.documents.form import KINDS, MAX_ELEMENTS
from signedcert.documents.text import MAX_TITLE, check_assigned, check_text
from signedcert.errors import IssueError, MalformedError

if TYPE_CHECKING:
    from signedcert.documents.course import Course

#: The kind of the one result that stands for the whole course.
FINAL_SCORE = "final score"
#: Between the kind of a result and its title, where they are one text.
SEPARATOR = ": "

#: What Open Badges 3.0 knows. ``Enrolled`` without a value is work that was not handed in.
Status: TypeAlias = Literal[
    "Completed", "Enrolled", "Failed", "InProgress", "OnHold", "Provisional", "Withdrew"
]
STATUSES: tuple[Status, ...] = get_args(Status)

_DECIMAL = re.compile(KINDS["decimal"])
#: 1E+999999999 would take a gigabyte.
_MAX_DIGITS = 1000


class CourseResult(NamedTuple):
    """One result: of a quiz, an exam, peer work, or of the whole course.

    ``kind`` is a kind of work of the course's format, or ``final score``; ``title`` tells several
    of a kind apart. ``value`` is out of ``maximum``, with at most four decimals; ``achieved`` is
    the day. ``status`` is None if, and only if, the learner does not show the result.
    """

    kind: str
    maximum: Decimal
    title: str | None = None
    value: Decimal | None = None
    status: Status | None = "Completed"
    achieved: date | None = None

    @property
    def name(self) -> str:
        """Kind and title in one text, which no other result of the record has."""
        return self.kind if self.title is None else f"{self.kind}{SEPARATOR}{self.title}"

    @property
    def shown(self) -> bool:
        """Whether the learner shows it."""
        return self.status is not None

    def withheld(self) -> "CourseResult":
        """All that is known of it where the learner does not show it."""
        return CourseResult(self.kind, self.maximum, self.title, status=None)


@dataclass(frozen=True, slots=True)
class CourseRecord:
    """What a learner achieved in a course, result by result, with one ``final score``.

    Whose record it is, the certificate says to which it belongs.
    Raises MalformedError, naming the result and the field: no final score or several
    (``final-score-count``), a name twice (``result-twice``), a value out of its range
    (``value-out-of-range``), texts against the rules.
    """

    results: tuple[CourseResult, ...]

    def __post_init__(self) -> None:
        check_results(self.results)
        for number, result in enumerate(self.results, 1):
            check_assigned(result.name, f"results[{number}]")
            if not result.shown:
                message = "a result that is issued has a status"
                raise MalformedError("member-missing", message, where=f"results[{number}].status")
            if isinstance(result.achieved, datetime):
                message = "a day without a time is expected: a date, not a datetime"
                raise MalformedError("wrong-type", message, where=f"results[{number}].achieved")

    def check_format(self, course: "Course") -> None:
        """Returns if the course's format has a place for each result, so that weights are known.

        Raises IssueError ``kind-unknown``, naming the result.
        """
        room = {part.kind: part.count for part in course.format} | {FINAL_SCORE: 1}
        for result in self.results:
            room[result.kind] = room.get(result.kind, 0) - 1
            if room[result.kind] < 0:
                kinds = ", ".join(f"{part.count} {part.kind}" for part in course.format)
                message = f"the format of {course.id}, version {course.version}, has: {kinds}"
                raise IssueError("kind-unknown", message, where=result.name)


def check_results(results: tuple[CourseResult, ...]) -> None:
    """Returns if these can be the results of one record, whichever of them are shown.

    Raises MalformedError as ``CourseRecord`` does, and ``too-large`` for more than 100.
    """
    if len(results) > MAX_ELEMENTS:
        message = f"{len(results)} results, and at most {MAX_ELEMENTS} are allowed"
        raise MalformedError("too-large", message, where="results")
    names: set[str] = set()
    for number, result in enumerate(results, 1):
        where = f"results[{number}]"
        _check_name(result, where)
        _check_value(result, where)
        if result.name in names:
            raise MalformedError("result-twice", f"{result.name!r} stands twice", where=where)
        names.add(result.name)
    finals = sum(result.kind == FINAL_SCORE for result in results)
    if finals != 1:
        message = f"{finals} results of the kind {FINAL_SCORE!r}, and a record has one"
        raise MalformedError("final-score-count", message, where="results")


def split_name(name: str) -> tuple[str, str | None]:
    """Kind and title."""
    kind, separator, title = name.partition(SEPARATOR)
    return kind, title if separator else None


def parse_decimal(text: str) -> Decimal | None:
    """A number in its one spelling, as ``format_decimal`` writes it; None for any other text."""
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def format_decimal(number: Decimal) -> str:
    """A number without exponent and without zeros that say nothing. One of over a thousand digits
    keeps its exponent, which no reader takes.
    """
    if abs(number.adjusted()) > _MAX_DIGITS:
        return str(number)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _check_name(result: CourseResult, where: str) -> None:
    check_text(result.name, MAX_TITLE, where)
    if split_name(result.name) != (result.kind, result.title):
        message = f"{SEPARATOR!r} ends the kind, so it cannot stand in it"
        raise MalformedError("wrong-value", message, where=f"{where}.kind")
    check_text(result.kind, MAX_TITLE, f"{where}.kind")
    if result.title is not None:
        check_text(result.title, MAX_TITLE, f"{where}.title")


def _check_value(result: CourseResult, where: str) -> None:
    for field, number in (("maximum", result.maximum), ("value", result.value)):
        if number is not None and parse_decimal(format_decimal(number)) is None:
            message = f"{number} is not a number from 0 to 999999999 with at most four decimals"
            raise MalformedError("wrong-value", message, where=f"{where}.{field}")
    if not result.maximum:
        raise MalformedError("value-out-of-range", "0 is no maximum", where=f"{where}.maximum")
    if result.value is not None and result.value > result.maximum:
        message = f"{result.value} is more than the maximum, {result.maximum}"
        raise MalformedError("value-out-of-range", message, where=f"{where}.value")
    if result.shown and result.kind == FINAL_SCORE and result.value is None:
        raise MalformedError(
            "member-missing", "the final score has no value", where=f"{where}.value"
        )
