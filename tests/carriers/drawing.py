"""PDFs written by hand, for whatever a type-setter would not draw."""

from typing import NamedTuple

LEARNER = "Marina Lindqvist"
COURSE = "Operations Management"
ISSUER = "Example University"
CODE = "NSPQ-8W1B-BCGX-GRPY-7QQP"
WIDTH, HEIGHT = 842, 595

#: What a page says besides what is compared.
WORDS = ("This is to certify that", "has completed the course")
NAME_AT = (240, 400)
NAME_SIZE = 34


def show(text: str, x: float, y: float, size: float, *, setup: str = "", font: str = "F1") -> str:
    """A text at a place; ``setup`` is what comes in front of it."""
    shown = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"q {setup} BT /{font} {size} Tf {x} {y} Td ({shown}) Tj ET Q\n"


def certificate(
    *,
    learner: str = LEARNER,
    course: str = COURSE,
    issuer: str = ISSUER,
    dates: str = "Completed on 30 June 2026",
    code: str = CODE,
    name: str | None = None,
) -> str:
    """The drawing of a certificate; ``name`` in the place of the drawing of the learner's name."""
    return "".join(
        (
            show(issuer, 300, 500, 20),
            show(WORDS[0], 340, 460, 12),
            show(learner, *NAME_AT, NAME_SIZE) if name is None else name,
            show(WORDS[1], 330, 360, 12),
            show(course, 290, 310, 24),
            show(dates, 330, 270, 12),
            show("Check this certificate at learn.example.edu/verify/", 560, 60, 9),
            show(code, 640, 45, 9) if code else "",
        )
    )


def name(setup: str = "", text: str = LEARNER) -> str:
    """The learner's name in its place."""
    return show(text, *NAME_AT, NAME_SIZE, setup=setup)


def box(left: float, bottom: float, width: float, height: float, colour: str = "1 g") -> str:
    """A filled rectangle, white unless another colour is given."""
    return f"q {colour} {left} {bottom} {width} {height} re f Q\n"


def picture(left: float, bottom: float, width: float, height: float) -> str:
    """An image of one grey pixel, stretched."""
    place = f"{width} 0 0 {height} {left} {bottom} cm"
    return f"q {place} BI /W 1 /H 1 /CS /G /BPC 8 /F /AHx ID E0> EI Q\n"


#: Over the whole name.
COVER = (235, 388, 320, 45)


class Pdf(NamedTuple):
    """What a file is made of, as PDF source."""

    pages: tuple[str, ...]
    resources: str = ""
    annotations: tuple[tuple[str, str], ...] = ()
    page: str = ""
    fonts: str = ""
    catalog: str = ""
    objects: tuple[str, ...] = ()

    def encode(self, encoding: str = "cp1252") -> bytes:
        """The file: ``objects`` from 20 on, two for each annotation from 40, pages from 60."""
        objects = {
            1: f"<</Type/Catalog/Pages 2 0 R {self.catalog}>>",
            3: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        }
        objects |= dict(enumerate(self.objects, 20))
        annotations = []
        for number, (entries, drawing) in enumerate(self.annotations):
            form, annotation = 40 + 2 * number, 41 + 2 * number
            objects[form] = stream(drawing, self._form(entries))
            objects[annotation] = f"<</Type/Annot {entries} /F 4 /AP<</N {form} 0 R>>>>"
            annotations.append(f"{annotation} 0 R")
        kids = []
        for number, content in enumerate(self.pages):
            page = 60 + 2 * number
            objects[page + 1] = stream(content)
            objects[page] = (
                f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]/Contents {page + 1} 0 R"
                f"/Resources<<{self._fonts()} {self.resources}>>"
                f"/Annots[{' '.join(annotations) if number == 0 else ''}] {self.page}>>"
            )
            kids.append(f"{page} 0 R")
        objects[2] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>"
        return _file(objects, encoding)

    def _fonts(self) -> str:
        return f"/Font<</F1 3 0 R {self.fonts}>>"

    def _form(self, entries: str) -> str:
        rectangle = entries.partition("/Rect[")[2].partition("]")[0]
        left, bottom, right, top = map(float, rectangle.split())
        size = f"[0 0 {right - left} {top - bottom}]"
        return (
            f"/Type/XObject/Subtype/Form/BBox{size}/Resources<<{self._fonts()} {self.resources}>>"
        )


def stream(text: str, entries: str = "") -> str:
    """An object with a stream."""
    return f"<<{entries}/Length {len(text)}>>\nstream\n{text}\nendstream"


def _file(objects: dict[int, str], encoding: str) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, body in objects.items():
        places[number] = len(out)
        out += f"{number} 0 obj\n{body}\nendobj\n".encode(encoding)
    start = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in sorted(places.items()):
        out += f"{number} 1\n{place:010} 00000 n \n".encode()
    size = max(objects) + 1
    out += f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def pdf(content: str, **parts: object) -> bytes:
    """A file of one page."""
    return Pdf((content,), **parts).encode()  # type: ignore[arg-type]
