"""What can be done to the page of a PDF, and what is to come of it."""

from typing import NamedTuple

from signedcert.verify.answers import Answer, FieldName, Why
from tests.carriers.drawing import (
    CODE,
    COURSE,
    COVER,
    LEARNER,
    NAME_AT,
    NAME_SIZE,
    Pdf,
    box,
    certificate,
    name,
    pdf,
    picture,
    show,
    stream,
)

OTHER = "Boris Karlsson"
ALIKE = "Marino Lindqvist"
NEW = name(text=OTHER)
STATES = "/ExtGState<</A0<</ca 0>>/A1<</ca .02>>/A3<</ca .3>>/M<</BM/Multiply>>>>"
_OVER_NAME = "/Rect[235 388 555 433]"
_COVERING = box(0, 0, 320, 45) + show(OTHER, 5, 12, NAME_SIZE)
_LAYER = "/Properties<</L 20 0 R>>"
_LAYER_OFF = "/OCProperties<</OCGs[20 0 R]/D<</OFF[20 0 R]>>>>"
_LAYER_OBJECT = ("<</Type/OCG/Name(x)>>",)


class Edit(NamedTuple):
    """A file, and the answer for the one field that is not the same; ``page`` is a part of what is
    shown as the text of the page.
    """

    data: bytes
    field: FieldName = "learner"
    why: Why = "hidden"
    answer: Answer = Answer.DIFFERENT
    page: str = ""


def _actual(text: str, drawing: str) -> str:
    return f"/Span<</ActualText({text})>>BDC\n{drawing}EMC\n"


def _narrow(first: str, last: str) -> str:
    """A name, the last letters of which have no width."""
    x, y = NAME_AT
    return f"BT /F1 {NAME_SIZE} Tf {x} {y} Td ({first}) Tj 0 Tz ({last}) Tj 100 Tz ET\n"


def _map(*pairs: tuple[str, str]) -> str:
    """A font's map from its codes to characters, for these pairs."""
    rows = "".join(f"<{ord(code):02x}> <{ord(char):04x}>\n" for code, char in pairs)
    head = "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF>"
    body = f"{head} endcodespacerange {len(pairs)} beginbfchar\n{rows}endbfchar endcmap"
    return stream(body)


def _font(number: int) -> str:
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding"
    return f"{font}/ToUnicode {number} 0 R>>"


_UNMAPPED = _map(*((one, "\ue000") for one in sorted(set(LEARNER))))

#: Pages that are honest, and have to be found so, whatever is on them.
HONEST = {
    "plain": pdf(certificate()),
    "picture and colour behind": pdf(
        picture(0, 0, 842, 595) + box(20, 20, 802, 555, "0.95 0.95 1 rg") + certificate()
    ),
    "white on blue": pdf(box(0, 0, 842, 595, "0 0 .2 rg") + "1 g\n" + certificate()),
    "pale": pdf("0.75 g\n" + certificate()),
    "frame over the text": pdf(certificate() + "q 5 w 30 30 782 535 re S Q\n"),
    "line through the name": pdf(certificate() + box(240, 409, 300, 1, "1 0 0 rg")),
    "turned": pdf(certificate(), page="/Rotate 90"),
    "upside down": pdf(certificate(), page="/Rotate 180"),
    "trimmed": pdf(certificate(), page="/CropBox[10 10 832 585]"),
    "printed twice for bold": pdf(
        certificate(name=name() + show(LEARNER, NAME_AT[0] + 0.4, NAME_AT[1], NAME_SIZE))
    ),
    "with a shadow": pdf(
        certificate(name=show(LEARNER, 242, 398, NAME_SIZE, setup="0.7 g") + name())
    ),
    "outlined letters": pdf(certificate(name=name("1 Tr 1 w"))),
    "marked with a pen": pdf(
        certificate(),
        annotations=((f"/Subtype/Highlight{_OVER_NAME}", "/M gs 1 1 0 rg 0 0 320 45 re f"),),
        resources=STATES,
    ),
    "watermark in front": pdf(
        certificate() + "q /A3 gs 1 0 0 rg 200 250 400 300 re f Q\n", resources=STATES
    ),
    "capitals": pdf(certificate(issuer="EXAMPLE UNIVERSITY", course="OPERATIONS MANAGEMENT")),
    "replacement text": pdf(certificate(name=_actual(LEARNER, name()))),
    "layer that is on": pdf(
        certificate(name=f"/OC /L BDC\n{name()}EMC\n"),
        resources=_LAYER,
        objects=_LAYER_OBJECT,
        catalog="/OCProperties<</OCGs[20 0 R]/D<<>>>>",
    ),
    "in a form": pdf(
        "/X Do\n",
        resources="/XObject<</X 20 0 R>>",
        objects=(
            stream(
                certificate(),
                "/Type/XObject/Subtype/Form/BBox[0 0 842 595]/Resources<</Font<</F1 3 0 R>>>>",
            ),
        ),
    ),
    "wrapped": pdf(
        certificate(
            name=show("Marina", 240, 420, NAME_SIZE) + show("Lindqvist", 240, 385, NAME_SIZE)
        )
    ),
    "two dates": pdf(certificate(dates="1 February 2026 to 30 June 2026")),
    "numbers": pdf(certificate(dates="2026-06-30")),
    "American": pdf(certificate(dates="Completed on June 30, 2026")),
    "European": pdf(certificate(dates="30.6.2026")),
    "labels": pdf(certificate(learner=f"Name: {LEARNER}", course=f"Course: {COURSE}")),
    "code in the URL too": pdf(certificate() + show(f"x.example/verify/{CODE}", 100, 30, 9)),
    "second page": Pdf((certificate(), show("Syllabus of 1 May 2020", 100, 500, 12))).encode(),
}

#: What a forger does, or what leaves open what the page says.
EDITS = {
    # other text
    "one letter": Edit(pdf(certificate(learner=ALIKE)), why="other-text", page=ALIKE),
    "another name": Edit(pdf(certificate(learner=OTHER)), why="other-text", page=OTHER),
    "letters added": Edit(pdf(certificate(learner=f"{LEARNER}son")), why="other-text"),
    "many letters added": Edit(
        pdf(certificate(learner=f"{LEARNER}sdotter-Andersson")), why="other-text"
    ),
    "word added": Edit(
        pdf(certificate(learner=f"Eva {LEARNER}")),
        why="among-other-words",
        answer=Answer.NOT_COMPARED,
        page=f"Eva {LEARNER}",
    ),
    "left in small print": Edit(
        pdf(certificate(learner=OTHER) + show(LEARNER, 30, 20, 7)),
        why="small-print",
        answer=Answer.NOT_COMPARED,
    ),
    "left in the size of the text": Edit(
        pdf(certificate(learner=OTHER) + show(LEARNER, 30, 20, 12)),
        why="small-print",
        answer=Answer.NOT_COMPARED,
    ),
    "one letter, the right one in small print": Edit(
        pdf(certificate(learner=ALIKE) + show(LEARNER, 30, 20, 12)), why="other-text", page=ALIKE
    ),
    "another course": Edit(
        pdf(certificate(course="Nuclear Physics")), "course", "other-text", page="Nuclear Physics"
    ),
    "letter in the course": Edit(
        pdf(certificate(course="Operations Managements")), "course", "other-text"
    ),
    "more of a course": Edit(
        pdf(certificate(course=f"Advanced {COURSE}")),
        "course",
        "among-other-words",
        Answer.NOT_COMPARED,
    ),
    "another institution": Edit(
        pdf(certificate(issuer="Harvard University")), "issuer", "other-text"
    ),
    "letter in the institution": Edit(
        pdf(certificate(issuer="Exemple University")), "issuer", "other-text"
    ),
    "year": Edit(
        pdf(certificate(dates="Completed on 30 June 2027")),
        "completed",
        "other-date",
        page="2027-06-30",
    ),
    "month": Edit(pdf(certificate(dates="Completed on 30 July 2026")), "completed", "other-date"),
    "day": Edit(pdf(certificate(dates="2026-06-03")), "completed", "other-date"),
    "year, and the right one elsewhere": Edit(
        pdf(certificate(dates="Completed on 30 June 2027") + show("2026-06-30", 30, 20, 7)),
        "completed",
        "other-date",
        Answer.NOT_COMPARED,
        "2027-06-30",
    ),
    "date in words that are not understood": Edit(
        pdf(certificate(dates="Abgeschlossen am 30. Juni 2026")),
        "completed",
        "not-found",
        Answer.NOT_COMPARED,
    ),
    "symbol of the code": Edit(
        pdf(certificate(code=f"{CODE[:-1]}R")), "code", "other-text", page=f"{CODE[:-1]}R"
    ),
    "symbol of the code is missing": Edit(pdf(certificate(code=CODE[:-1])), "code", "other-text"),
    "another code beside the right one": Edit(
        pdf(certificate() + show("0123-4567-89AB-CDEF-GHJK", 100, 30, 9)), "code", "other-text"
    ),
    "no code": Edit(pdf(certificate(code="")), "code", "not-found", Answer.NOT_COMPARED),
    "page put in front": Edit(
        Pdf((certificate(learner=OTHER), certificate())).encode(),
        why="other-page",
        answer=Answer.NOT_COMPARED,
    ),
    # covered
    "white box and another name": Edit(pdf(certificate() + box(*COVER) + NEW), page=OTHER),
    "white box": Edit(pdf(certificate() + box(*COVER))),
    "white box over one letter": Edit(
        pdf(certificate() + box(331, 395, 19, 25) + show("o", 331, 400, NAME_SIZE)), page="o"
    ),
    "box, and the name in small print": Edit(
        pdf(certificate() + box(*COVER) + NEW + show(LEARNER, 30, 20, 12)), page=OTHER
    ),
    "image over the name": Edit(pdf(certificate() + picture(*COVER))),
    "nearly opaque box": Edit(pdf(certificate(name=f"q /A1 gs\n{name()}Q\n"), resources=STATES)),
    "stamp": Edit(pdf(certificate(), annotations=((f"/Subtype/Stamp{_OVER_NAME}", _COVERING),))),
    "comment": Edit(
        pdf(certificate(), annotations=((f"/Subtype/FreeText{_OVER_NAME}", _COVERING),))
    ),
    "form field": Edit(
        pdf(
            certificate(),
            annotations=((f"/Subtype/Widget/FT/Tx/T(n)/V(x){_OVER_NAME}", _COVERING),),
            catalog="/AcroForm<</Fields[41 0 R]>>",
        )
    ),
    "box over the date": Edit(
        pdf(certificate() + box(325, 265, 200, 20) + show("30 June 2027", 330, 270, 12)),
        "completed",
        "hidden",
        page="2027-06-30",
    ),
    "box over the code": Edit(pdf(certificate() + box(630, 40, 190, 14)), "code"),
    "box over the course": Edit(
        pdf(certificate() + box(280, 300, 300, 30) + show("Physics", 290, 310, 24)),
        "course",
        page="Physics",
    ),
    # not visible
    "colour of the paper": Edit(pdf(certificate(name=name("1 g") + NEW)), page=OTHER),
    "nearly the colour of the paper": Edit(pdf(certificate(name=name("0.97 g")))),
    "invisible": Edit(pdf(certificate(name=name("3 Tr") + NEW)), page=OTHER),
    "transparent": Edit(pdf(certificate(name=name("/A0 gs") + NEW), resources=STATES), page=OTHER),
    "cut away": Edit(pdf(certificate(name=name("0 0 10 10 re W n") + NEW)), page=OTHER),
    "half cut away": Edit(pdf(certificate(name=name("0 0 400 595 re W n")))),
    "beside the page": Edit(pdf(certificate(name=show(LEARNER, 240, 900, NAME_SIZE) + NEW))),
    "hidden layer": Edit(
        pdf(
            certificate(name=f"/OC /L BDC\n{name()}EMC\n{NEW}"),
            resources=_LAYER,
            objects=_LAYER_OBJECT,
            catalog=_LAYER_OFF,
        ),
        page=OTHER,
    ),
    "in one pixel": Edit(pdf(certificate(name=show(LEARNER, *NAME_AT, 0.1) + NEW))),
    # what the file calls its text
    "false replacement text": Edit(
        pdf(certificate(name=_actual(LEARNER, NEW))), why="other-text", page=OTHER
    ),
    "false replacement text, one letter": Edit(
        pdf(certificate(name=_actual(LEARNER, name(text=ALIKE)))), why="other-text", page=ALIKE
    ),
    "replacement text, one letter without extent": Edit(
        pdf(certificate(name=_actual(LEARNER, _narrow(LEARNER[:-1], LEARNER[-1])))),
        why="other-text",
        page=LEARNER[:-1],
    ),
    "letters that stand for nothing": Edit(
        pdf(
            certificate(name=f"BT /F2 34 Tf {NAME_AT[0]} {NAME_AT[1]} Td ({LEARNER}) Tj ET\n"),
            fonts="/F2 20 0 R",
            objects=(_font(21), _UNMAPPED),
        ),
        why="unreadable-letters",
        answer=Answer.NOT_COMPARED,
    ),
    "font that calls an a an o": Edit(
        pdf(
            certificate(name=f"BT /F2 34 Tf {NAME_AT[0]} {NAME_AT[1]} Td ({LEARNER}) Tj ET\n"),
            fonts="/F2 20 0 R",
            objects=(_font(21), _map(("a", "o"))),
        ),
        why="other-text",
        page="Morino",
    ),
}

#: What is not found, and docs/spec/printed-text says so.
NOT_FOUND = {
    "font that calls an o an a": pdf(
        certificate(name=f"BT /F2 34 Tf {NAME_AT[0]} {NAME_AT[1]} Td ({ALIKE}) Tj ET\n"),
        fonts="/F2 20 0 R",
        objects=(_font(21), _map(("o", "a"))),
    ),
    "more words in a place of their own": pdf(certificate() + show("with honours", 380, 385, 14)),
    "a stamp with more": pdf(
        certificate(),
        annotations=(("/Subtype/Stamp/Rect[600 388 700 433]", show("PhD", 5, 12, NAME_SIZE)),),
    ),
}
