"""The claims of a course certificate, as an institution states them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from signedcert.core.encoding import whole_seconds
from signedcert.documents.text import MAX_NAME, check_assigned, check_text, normalize
from signedcert.errors import MalformedError

if TYPE_CHECKING:
    from signedcert.documents.course import Course


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """This learner completed this course. No score, ever.

    ``learner`` is the name as it is printed; it is stored in NFC. ``started`` and ``completed``
    are dates of the course, ``valid_until`` is for certificates that run out.
    Raises MalformedError: a name that is blank, over 512 bytes, or holds control or
    bidirectional characters; a start after the end. ConfigurationError ``time-naive``.
    """

    learner: str
    course: "Course"
    completed: date
    started: date | None = None
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "learner", normalize(self.learner))
        check_text(self.learner, MAX_NAME, "name")
        check_assigned(self.learner, "name")
        for field, day in (("completed", self.completed), ("started", self.started)):
            if isinstance(day, datetime):
                message = "a day without a time is expected: a date, not a datetime"
                raise MalformedError("wrong-type", message, where=field)
        if self.started is not None and self.started > self.completed:
            message = f"started {self.started}, after it was completed on {self.completed}"
            raise MalformedError("dates-reversed", message, where="started")
        if self.valid_until is not None:
            object.__setattr__(self, "valid_until", whole_seconds(self.valid_until, "valid_until"))
