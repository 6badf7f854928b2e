"""Step 9 on a page: whether the page says what was signed (docs/spec/printed-text)."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from difflib import SequenceMatcher
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias

from signedcert.carriers.page import Page, Sight, Unread
from signedcert.verify.pagetext import PageText, Place, fold, is_intricate
from signedcert.verify.pagevalues import codes_in, dates_in, is_code, numbers_in

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


class Claims(NamedTuple):
    """What was signed, as far as pages print it. ``issuers`` are the names that the institution
    has, the one to show first; ``dates`` all that the document has beside ``completed``.
    """

    learner: str | None
    course: str
    completed: date
    issuers: tuple[str, ...]
    code: str
    dates: tuple[date, ...] = ()


#: A code that is as like the signed one as this, and not the same, was that one; and so of a line
#: in type as large as that of the value.
_ALIKE, _RIVAL = 0.8, 0.85
_MAX_LINE = 400
#: A name is larger than the body text, or nothing is larger than the name.
_LARGER, _MUCH_LARGER = 1.1, 1.25
_ACCENTS = re.compile("[\u00a8\u00af\u00b4\u00b8\u02c6-\u02dd`^~]")


def compare(page: Page, claims: Claims) -> Printed:
    """Each field that a certificate prints, looked for on the first page.

    A difference is reported only where it is certain: the page is readable, and says another thing
    or hides what was signed. The rule is docs/spec/printed-text; it has limits.
    """
    if page.unread is not None:
        return Printed(unread=page.unread)
    first = PageText(page, 1)
    if not first.lines() and not first.lines(Sight.HIDDEN):
        return Printed(unread="page-without-text")
    others = [PageText(page, number) for number in sorted({run.page for run in page.runs} - {1})]
    texts: list[tuple[FieldName, tuple[str, ...]]] = [
        ("learner", (claims.learner or "",)),
        ("course", (claims.course,)),
        ("issuer", claims.issuers),
    ]
    texts = [(field, signed) for field, signed in texts if any(signed)]
    rivals = first.others([text for _, signed in texts for text in signed])
    findings = [_text_field(first, others, rivals, field, signed) for field, signed in texts]
    dated, coded = _date_field(first, claims), _code_field(first, claims.code)
    return Printed((*findings[:-1], dated, findings[-1], coded))


def _text_field(
    first: PageText,
    others: list[PageText],
    rivals: list[tuple[float, str]],
    field: FieldName,
    signed: tuple[str, ...],
) -> Finding:
    places = [place for text in signed for place in first.places(text) if not place.glued]
    if not places:
        if any(other.places(text) for other in others for text in signed):
            return Finding(field, Answer.NOT_COMPARED, signed[0], why="other-page")
        return _missing(first, field, signed)
    seen = [place for place in places if place.sight is Sight.SEEN]
    hidden = [place for place in places if place.sight is Sight.HIDDEN]
    best = max(seen, key=lambda place: (place.alone, place.size), default=None)
    if hidden and (best is None or max(one.size for one in hidden) > best.size * _LARGER):
        return Finding(field, Answer.DIFFERENT, signed[0], first.beneath(hidden), "hidden")
    if best is None:
        return Finding(field, Answer.NOT_COMPARED, signed[0], why="sight-unclear")
    return _found(first, rivals, field, signed[0], best)


def _found(
    first: PageText, rivals: list[tuple[float, str]], field: FieldName, signed: str, best: Place
) -> Finding:
    """The value stands there; whether it is what a reader takes for it is another question."""
    for size, line in rivals:
        if size >= best.size and _alike(line, signed) >= _RIVAL:
            return Finding(field, Answer.DIFFERENT, signed, line, "other-text")
    if field != "issuer" and first.is_small(best.size, _LARGER, _MUCH_LARGER):
        return Finding(field, Answer.NOT_COMPARED, signed, why="small-print")
    if not best.alone:
        return Finding(field, Answer.NOT_COMPARED, signed, first.line_of(best), "among-other-words")
    return Finding(field, Answer.SAME, signed)


def _missing(first: PageText, field: FieldName, signed: tuple[str, ...]) -> Finding:
    lines = first.lines()
    nearest = max(lines, key=lambda line: _alike(line, signed[0]), default="")
    if any(_may_be(line, text) for line in lines for text in signed):
        return Finding(field, Answer.NOT_COMPARED, signed[0], nearest, "unreadable-letters")
    shown = nearest if _alike(nearest, signed[0]) > _ALIKE / 2 else ""
    return Finding(field, Answer.DIFFERENT, signed[0], shown, "other-text")


def _may_be(line: str, signed: str) -> bool:
    """Whether a reader may see ``signed`` in this line, though its letters do not say so."""
    if any(one == "\ufffd" or unicodedata.category(one) == "Co" for one in line):
        return True
    if is_intricate(signed):
        return set(fold(signed)) <= set(fold(line))
    return _ACCENTS.search(line) is not None and _bare(signed) in _bare(line)


def _bare(text: str) -> str:
    """Letters and digits alone, without their accents."""
    return "".join(one for one in unicodedata.normalize("NFKD", fold(text)) if one.isalnum())


def _alike(line: str, signed: str) -> float:
    return SequenceMatcher(None, fold(line)[:_MAX_LINE], fold(signed), autojunk=False).ratio()


def _date_field(first: PageText, claims: Claims) -> Finding:
    signed = claims.completed.isoformat()
    read = [dates_in(line) for line in first.lines()]
    dates = [readings for found, _ in read for readings in found]
    known = {claims.completed, *claims.dates}
    others = sorted(str(min(one)) for one in dates if not one & known)
    if any(claims.completed in one for one in dates):
        if not others:
            return Finding("completed", Answer.SAME, signed)
        return Finding("completed", Answer.NOT_COMPARED, signed, ", ".join(others), "other-date")
    day_and_year = {claims.completed.day, claims.completed.year}
    if not others or any(day_and_year <= numbers_in(rest) for _, rest in read):
        return Finding("completed", Answer.NOT_COMPARED, signed, why="not-found")
    return Finding("completed", Answer.DIFFERENT, signed, ", ".join(others), "other-date")


def _code_field(first: PageText, code: str) -> Finding:
    found = [one for line in first.lines() for one in codes_in(line)]
    others = [one for one in found if not is_code(one, code)] or list(_almost(first, code))
    if others:
        return Finding("code", Answer.DIFFERENT, code, others[0], "other-text")
    places = first.places(code)
    if any(place.sight is Sight.SEEN for place in places):
        return Finding("code", Answer.SAME, code)
    if any(place.sight is Sight.HIDDEN for place in places):
        return Finding("code", Answer.DIFFERENT, code, first.beneath(places), "hidden")
    return Finding(
        "code", Answer.NOT_COMPARED, code, why="sight-unclear" if places else "not-found"
    )


def _almost(first: PageText, code: str) -> Iterator[str]:
    """Words that are nearly the code, a symbol more or less."""
    for line in first.lines():
        for word in re.split(r"[\s/]+", line):
            if fold(word) != fold(code) and _alike(word, code) >= _ALIKE:
                yield word
