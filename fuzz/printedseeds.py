"""Seeds of the targets in ``fuzz.printed``."""

import json

from tests.carriers.drawing import CODE, COURSE, ISSUER, LEARNER

from signedcert.carriers.page import Box, Page, Run, Sight
from signedcert.carriers.pagereader import page_to_json

_LINES = ((ISSUER, 6), ("This is to certify", 3), (LEARNER, 8), (COURSE, 5), ("30 June 2026", 3))
_FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
_FORM = (
    "<</Type/XObject/Subtype/Form/BBox[0 0 60 40]/Length 16>> stream 1 g 0 0 60 9 re f endstream"
)
_REST = (_FONT, _FORM, "<</ca .5>>", "<</Type/OCG/Name(x)>>")


def printed_seeds() -> dict[str, bytes]:
    """A certificate on a stamp, and what hides it; the same as it comes from the process."""
    texts = [*_LINES, (CODE, 2)]
    shown = f"BT /F1 7 Tf 2 20 Td ( {LEARNER} ) Tj 0 -9 Td /F1 4 Tf ( 30 June 2026 ) Tj ET"
    said = "/Span << /ActualText (a) >> BDC BT /F2 8 Tf 2 20 Td (a) Tj ET EMC"
    drawings = {
        "plain": shown,
        "covered": f"{shown} q 1 g 0 18 60 9 re f Q",
        "form": f"{shown} /X Do q /G gs 0 0 20 20 re W n /X Do Q",
        "marked": f"{shown} /OC /L BDC {said} EMC",
    }
    return {
        "page-data/plain": _sent(Sight.SEEN, texts),
        "page-data/hidden": _sent(Sight.HIDDEN, texts),
        **{f"page/{name}": "\n".join((one, *_REST)).encode() for name, one in drawings.items()},
    }


def _sent(sight: Sight, texts: list[tuple[str, int]]) -> bytes:
    runs = tuple(
        Run(text, Box(2, 34 - 6 * number, 50, 38 - 6 * number), size, "Helvetica", 1, number, sight)
        for number, (text, size) in enumerate(texts)
    )
    return json.dumps(page_to_json(Page(runs))).encode()
