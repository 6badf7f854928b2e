"""Targets for what a page shows: drawings, and pages as the reading process sends them.

``page`` draws its first line on a page of a few points and puts the other lines in as objects from
20 on, the first of which is a font: what is mutated is what stands in them, and not the frame.
"""

import json
from datetime import date
from random import Random

from tests.carriers.drawing import CODE, COURSE, ISSUER, LEARNER, Pdf

from fuzz import mutate
from fuzz.register import hold, target
from signedcert.carriers.page import Page
from signedcert.carriers.pagereader import NOT_A_PAGE, page_from_json, page_to_json, read_page
from signedcert.errors import MalformedError
from signedcert.verify.answers import finding_in_words
from signedcert.verify.onpage import check_of
from signedcert.verify.pagetext import fold
from signedcert.verify.printed import Claims, compare

#: A character takes some 0.05 ms, here and on a real page.
_MAX_DRAWING = 1024
_MAX_PAGE = 8 * 1024
_OPERATORS = (b"q", b"Q", b"BT", b"ET", b"Tj", b"Tf", b"Td", b"Tr", b"cm", b"re", b"f", b"S", b"W")
_MORE = (b"n", b"gs", b"g", b"rg", b"Do", b"BDC", b"EMC", b"BI", b"ID", b"EI", b"Tm", b"Tz", b"sh")
_OPERANDS = (
    b"0",
    b"1",
    b"-1",
    b"3",
    b"99999",
    b"1e9",
    b".001",
    b"/F1",
    b"/F2",
    b"/X",
    b"(a)",
    b"<<",
)
_CLAIMS = Claims(LEARNER, COURSE, date(2026, 6, 30), (ISSUER,), CODE)
_RESOURCES = "/XObject<</X 21 0 R>>/ExtGState<</G 22 0 R>>/Properties<</L 23 0 R>>"


def _drawing(data: bytes, rng: Random) -> bytes:
    """Tokens exchanged, or bytes."""
    lines = data.split(b"\n")
    place = rng.randrange(len(lines))
    if rng.randrange(4) == 0:
        lines[place] = mutate.raw(lines[place], rng)
    else:
        tokens = lines[place].split(b" ")
        other = rng.choice((*_OPERATORS, *_MORE, *_OPERANDS, *tokens))
        tokens[rng.randrange(len(tokens))] = other
        lines[place] = b" ".join(tokens)
    return b"\n".join(lines)


@target("page", _drawing, _MAX_DRAWING)
def read_drawing(data: bytes) -> None:
    """Any drawing is a page, or none; it is the same where it was sent to, and is compared."""
    if len(data) > _MAX_DRAWING:
        raise MalformedError("too-large", "more than is drawn")
    content, *objects = data.decode("latin-1").split("\n")
    framed = Pdf(
        (content,),
        resources=_RESOURCES,
        page="/CropBox[0 0 60 40]",
        fonts="/F2 20 0 R",
        objects=tuple(objects[:20]),
    )
    page = read_page(framed.encode("latin-1"))
    hold(page.unread is not None or bool(page.runs), "read, and there is nothing")
    sent = json.loads(json.dumps(page_to_json(page)))
    hold(page_from_json(sent) == page, "another page behind the process that read it")
    _compare(page)


@target("page-data", mutate.json_text, _MAX_PAGE)
def read_sent(data: bytes) -> None:
    """Whatever the reading process sends is a page, or is refused."""
    if len(data) > _MAX_PAGE:
        raise MalformedError("too-large", "more than is sent here")
    try:
        page = page_from_json(json.loads(data))
    except NOT_A_PAGE as error:
        raise MalformedError("not-json", "no page") from error
    _compare(page)


def _compare(page: Page) -> None:
    printed = compare(page, _CLAIMS)
    check = check_of(printed)
    hold(printed.compared is (check.outcome.value == "passed"), "passed, and not compared")
    hold(not printed.compared or fold(LEARNER) in _letters(page), "a name out of nothing")
    for finding in printed.findings:
        finding_in_words(finding).encode()


def _letters(page: Page) -> str:
    return fold("".join(run.text for run in page.runs))
