"""The renderer: bundles in, pictures out that carry them."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

from signedcert.carriers.bundle import MEDIA_TYPE, SUFFIX, Bundle
from signedcert.render.carry import carry_in_png, carry_in_svg
from signedcert.render.fonts import families, load_fonts
from signedcert.render.press import Format, Job, Press
from signedcert.render.script import is_right_to_left, language_of
from signedcert.render.sheet import Branding, Sheet
from signedcert.render.workshop import furnish

Paper: TypeAlias = Literal["a4", "letter"]


class Renderer:
    """Makes certificates into pictures. The same document, template and fonts give the same bytes:
    no clock is read, no font of the system used.

    ``template`` is a folder with a ``certificate.typ``, by default the one of the package;
    ``fonts`` are folders; with ``explain``, a PDF has a second page, on how to check it and what
    the course was about. Close it, or use it in a ``with`` statement.
    Raises ConfigurationError: ``template-invalid``, ``setting-invalid``.
    """

    def __init__(
        self,
        template: Path | None = None,
        fonts: Sequence[Path] = (),
        *,
        paper: Paper = "a4",
        branding: Branding | None = None,
        explain: bool = False,
    ) -> None:
        self._branding = branding or Branding()
        self._paper, self._explain = paper, explain
        self._fonts = load_fonts(tuple(fonts))
        self._root = Path(tempfile.mkdtemp(prefix="signedcert-render-"))
        try:
            self._images = furnish(self._root, template, self._branding)
            self._press = Press(self._root, fonts)
        except BaseException:
            self.close()
            raise

    def pdf(self, bundle: Bundle) -> bytes:
        """PDF/A-3a and PDF/UA-1, with the bundle attached.

        Raises what ``Sheet.of`` refuses; RenderError: ``glyph-missing``, ``template-failed``,
        ``template-timeout``.
        """
        return self._print(bundle, "pdf")

    def png(self, bundle: Bundle, ppi: float = 150) -> bytes:
        """The first page, with the JWS and the bundle in a chunk each. Raises as ``pdf`` does."""
        return carry_in_png(self._print(bundle, "png", ppi), bundle)

    def svg(self, bundle: Bundle) -> bytes:
        """The first page, with the JWS and the bundle in an element each. Raises as ``pdf``."""
        return carry_in_svg(self._print(bundle, "svg"), bundle)

    def close(self) -> None:
        """Removes what it has put aside; it cannot be used after that."""
        if hasattr(self, "_press"):
            self._press.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _print(self, bundle: Bundle, form: Format, ppi: float = 150) -> bytes:
        sheet = Sheet.of(bundle, self._images.signatures)
        return self._press.print(Job(self._inputs(sheet, bundle, form), form, _moment(sheet), ppi))

    def _inputs(self, sheet: Sheet, bundle: Bundle, form: Format) -> dict[str, str]:
        style = {
            "paper": self._paper,
            "explain": self._explain and form == "pdf",
            "logo": self._images.logo,
            "colour": self._branding.colour,
            "accent": self._branding.accent,
            "fonts": families(self._fonts, sheet.language),
            "learner": self._voice(sheet.learner, sheet.language),
            "course": self._voice(sheet.course, sheet.language),
        }
        attachment = {
            "name": f"{sheet.code}{SUFFIX}",
            "type": MEDIA_TYPE,
            "text": bundle.encode().decode(),
        }
        return {
            "sheet": json.dumps(sheet.to_json(), ensure_ascii=False),
            "style": json.dumps(style, ensure_ascii=False),
            "attachment": json.dumps(attachment, ensure_ascii=False),
        }

    def _voice(self, text: str, context: str) -> dict[str, object]:
        """How a text is set that may be in another script than the rest."""
        language = language_of(text, context)
        return {
            "lang": language.split("-")[0],
            "dir": "rtl" if is_right_to_left(text) else "ltr",
            "fonts": families(self._fonts, language),
        }


def _moment(sheet: Sheet) -> int:
    """Midnight of the day of issue, in seconds since 1970."""
    return (sheet.issued.toordinal() - _EPOCH) * 86_400


_EPOCH = 719_163
