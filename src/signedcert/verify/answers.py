"""What came of comparing a page with what was signed, as data and in words."""

from enum import Enum
from typing import Literal, NamedTuple, TypeAlias

from signedcert.carriers.page import Unread
from signedcert.documents.text import visible

_MAX_TEXT = 120

FieldName: TypeAlias = Literal["learner", "course", "completed", "issuer", "code"]
#: Why a field is said to differ, or why it could not be compared.
Why: TypeAlias = Literal[
    "other-text",
    "hidden",
    "unreadable-letters",
    "among-other-words",
    "small-print",
    "other-page",
    "sight-unclear",
    "other-date",
    "not-found",
]


class Answer(Enum):
    """What came of comparing one field."""

    SAME = "same"
    NOT_COMPARED = "not compared"
    DIFFERENT = "different"


class Finding(NamedTuple):
    """One field: what was ``signed``, and what the page has in its place, if that could be told."""

    field: FieldName
    answer: Answer
    signed: str
    page: str = ""
    why: Why | None = None


class Printed(NamedTuple):
    """What came of comparing a page with what was signed: a finding for each field, or in
    ``unread`` why the page could not be read.
    """

    findings: tuple[Finding, ...] = ()
    unread: Unread | None = None

    @property
    def compared(self) -> bool:
        """Whether each field was found, as it was signed and as it is to be."""
        return bool(self.findings) and all(one.answer is Answer.SAME for one in self.findings)


_UNREAD: dict[Unread, str] = {
    "extractor-missing": "to read pages, install: pip install 'signedcert[scan]'",
    "page-broken": "the page is damaged, or is no PDF",
    "page-encrypted": "the page is encrypted",
    "page-too-large": "the page is larger than is read",
    "page-without-text": "the page has no text; it may be a picture",
    "page-reader-failed": "reading the page took too long, or came to no end",
}
_WHY: dict[Why, str] = {
    "other-text": "",
    "hidden": "it is covered or not visible",
    "unreadable-letters": "the letters of the page cannot be told for certain",
    "among-other-words": "it stands among other words",
    "small-print": "it stands in small print only",
    "other-page": "it is not on the first page",
    "sight-unclear": "it is not clear whether it is visible",
    "other-date": "there are other dates",
    "not-found": "it was not found in a form that is understood",
}
_FIELDS: dict[FieldName, str] = {
    "learner": "learner",
    "course": "course",
    "completed": "completed",
    "issuer": "institution",
    "code": "verification code",
}


def unread_in_words(unread: Unread) -> str:
    """Why a page could not be compared."""
    return _UNREAD[unread]


def finding_in_words(finding: Finding) -> str:
    """Both texts, and why they are not taken for the same."""
    said = f'{_FIELDS[finding.field]}: signed is "{visible(finding.signed, _MAX_TEXT)}"'
    if finding.page:
        said += f', the page has "{visible(finding.page, _MAX_TEXT)}"'
    elif finding.answer is Answer.DIFFERENT and finding.why != "hidden":
        said += ", which the page does not have"
    why = _WHY[finding.why] if finding.why else ""
    return f"{said} ({why})" if why else said
