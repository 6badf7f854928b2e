"""Whether the fonts have what a text takes: asked of Typst, a page with nothing else on it."""

import json
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock

import typst

from signedcert.render.fonts import families
from signedcert.render.press import NO_GLYPH, STANDARDS

_PAGE = """\
#set document(title: "Text")
#set page(width: auto, height: auto)
#set text(font: json(bytes(sys.inputs.fonts)))
#sys.inputs.text
"""
#: Texts whose answers are kept.
_KEPT = 4096


class Glyphs:
    """Answers in about a millisecond, and from memory what was asked lately: for whoever wants to
    know before there is a picture, and has no time to make it. Threads may share it.

    A look into the fonts' tables would not know about sequences (docs/decisions/0047).
    """

    def __init__(self, root: Path, fonts: typst.Fonts) -> None:
        folder = Path(mkdtemp(prefix="_glyphs-", dir=root))
        (folder / "text.typ").write_text(_PAGE, encoding="utf-8")
        self._compiler = typst.Compiler(
            str(folder / "text.typ"), root=str(folder), font_paths=fonts, ignore_system_fonts=True
        )
        self._families = json.dumps(families(fonts, "en"), ensure_ascii=False)
        self._one_at_a_time = Lock()
        self.has = lru_cache(maxsize=_KEPT)(self._has)

    def _has(self, text: str) -> bool:
        inputs = {"fonts": self._families, "text": text}
        with self._one_at_a_time:
            try:
                self._compiler.compile(
                    format="pdf", sys_inputs=inputs, pdf_standards=STANDARDS, timestamp=0
                )
            except typst.TypstError as error:
                return NO_GLYPH.search(error.message) is None
        return True
