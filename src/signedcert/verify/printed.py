"""Step 9 on a page: whether the page says what was signed (docs/spec/printed-text)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import date
from difflib import SequenceMatcher
from typing import NamedTuple

from signedcert.carriers.page import Page, Sight
from signedcert.verify.answers import Answer, FieldName, Finding, Printed
from signedcert.verify.pagetext import PageText, Place, fold, has_marks, is_intricate
from signedcert.verify.pagevalues import codes_in, dates_in, is_code, numbers_in


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
#: A line that is less like a value than this is shown in its place only for its size.
_RELATED = 0.5
_MAX_LINE = 400
#: What one glyph stands for at most, as a ligature.
_LETTERS = 4
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
        return _missing(first, rivals, field, signed)
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
    if field != "issuer" and _is_small(best.size, rivals):
        return Finding(field, Answer.NOT_COMPARED, signed, why="small-print")
    if not best.alone:
        return Finding(field, Answer.NOT_COMPARED, signed, first.line_of(best), "among-other-words")
    return Finding(field, Answer.SAME, signed)


def _is_small(size: float, rivals: list[tuple[float, str]]) -> bool:
    """Whether type of this size is no larger than most of the other text, and some of that is."""
    sizes = sorted(other for other, line in rivals for _ in line)
    if not sizes:
        return False
    middle = sizes[len(sizes) // 2]
    return size < _LARGER * middle and sizes[-1] > _MUCH_LARGER * size


def _missing(
    first: PageText, rivals: list[tuple[float, str]], field: FieldName, signed: tuple[str, ...]
) -> Finding:
    lines = first.lines()
    nearest = max(lines, key=lambda line: _alike(line, signed[0]), default="")
    if any(_may_be(line, text) for line in lines for text in signed):
        return Finding(field, Answer.NOT_COMPARED, signed[0], nearest, "unreadable-letters")
    if _alike(nearest, signed[0]) < _RELATED:
        nearest = max(rivals, default=(0.0, ""))[1]
    return Finding(field, Answer.DIFFERENT, signed[0], nearest, "other-text")


def _may_be(line: str, signed: str) -> bool:
    """Whether a reader may see ``signed`` in this line, though its letters do not say so."""
    known = "".join(one for one in line if one != "\ufffd" and unicodedata.category(one) != "Co")
    missing = Counter(fold(signed)) - Counter(fold(known))
    if len(known) < len(line) and missing.total() <= _LETTERS * (len(line) - len(known)):
        return True
    if not is_intricate(signed):
        return _ACCENTS.search(line) is not None and _bare(signed) in _bare(line)
    if has_marks(signed):  # syllables may be said twice, but none comes in
        return set(fold(line)) <= set(fold(signed)) and _alike(line, signed) >= _RELATED
    directions = {unicodedata.bidirectional(one) for one in line}
    return "L" in directions and set(fold(signed)) <= set(fold(line))


def _bare(text: str) -> str:
    """Letters and digits alone, without their accents."""
    return "".join(one for one in unicodedata.normalize("NFKD", fold(text)) if one.isalnum())


def _alike(line: str, signed: str) -> float:
    """From 0 to 1; 0 for all that is less than related."""
    matcher = SequenceMatcher(None, fold(line[:_MAX_LINE]), fold(signed), autojunk=False)
    if min(matcher.real_quick_ratio(), matcher.quick_ratio()) < _RELATED:
        return 0.0
    return matcher.ratio()


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
    hidden = [one for line in first.lines(Sight.HIDDEN) for one in dates_in(line)[0]]
    if any(claims.completed in one for one in hidden):
        return Finding("completed", Answer.DIFFERENT, signed, ", ".join(others), "hidden")
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
