"""The renderer: bundles in, pictures out that carry them."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from signedcert.carriers.bundle import Bundle
from signedcert.render.fonts import load_fonts
from signedcert.render.glyphs import Glyphs
from signedcert.render.printer import PPI, Paper, Plan, Printer
from signedcert.render.sheet import Branding
from signedcert.render.workshop import furnish


class Renderer:
    """Makes certificates into pictures. The same document, template and fonts give the same bytes:
    no clock is read, no font of the system used. Nothing is verified: see ``Sheet.of``.

    ``template`` is a folder with a ``certificate.typ``, by default the one of the package;
    ``fonts`` are folders; with ``explain``, a PDF has a second page, on how to check it and what
    the course was about. Threads may share it. Close it, or use it in a ``with`` statement.

    A template of one's own is compiled in a process of its own, with limits (``GuardedPress``).
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
        look = branding or Branding()
        load_fonts(tuple(fonts))
        self._workshop = TemporaryDirectory(prefix="signedcert-render-")
        try:
            root = Path(self._workshop.name)
            images = furnish(root, template, look)
        except BaseException:
            self._workshop.cleanup()
            raise
        self.plan = Plan(
            root=root,
            guarded=template is not None,
            fonts=tuple(fonts),
            paper=paper,
            colour=look.colour,
            accent=look.accent,
            logo=images.logo,
            signatures=images.signatures,
            explain=explain,
        )
        self.printer = Printer(self.plan)
        self._glyphs = Glyphs(root, load_fonts(tuple(fonts)))

    def pdf(self, bundle: Bundle) -> bytes:
        """PDF/A-3a and PDF/UA-1, with the bundle attached. Raises what ``Printer.print`` does."""
        return self.printer.print(bundle, "pdf")

    def png(self, bundle: Bundle, ppi: float = PPI) -> bytes:
        """The first page, with the JWS and the bundle in a chunk each. Raises as ``pdf`` does."""
        return self.printer.print(bundle, "png", ppi)

    def svg(self, bundle: Bundle) -> bytes:
        """The first page, with the JWS and the bundle in an element each. Raises as ``pdf``."""
        return self.printer.print(bundle, "svg")

    def has_glyphs(self, *texts: str) -> bool:
        """Whether the fonts have all that these texts take, without making a picture: if not, it
        would be refused as ``glyph-missing``.
        """
        return all(map(self._glyphs.has, texts))

    def close(self) -> None:
        """Removes what it has put aside; it prints no more after that."""
        self.printer.close()
        self._workshop.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
