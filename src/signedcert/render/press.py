"""Typst as it is used here: a template, data, one picture; nothing but those go in."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import Literal, TypeAlias

import typst

from signedcert.errors import RenderError
from signedcert.render.fonts import load_fonts
from signedcert.render.script import script_of

Format: TypeAlias = Literal["pdf", "png", "svg"]
#: What a template is called in its folder.
MAIN = "certificate.typ"
#: PDF/A-3a takes attachments and is tagged; PDF/UA-1 makes sure that it can be read aloud.
STANDARDS: "list[typst.PDFStandard]" = ["a-3a", "ua-1"]
NO_GLYPH = re.compile(r'the text `(".*")` could not be displayed', re.DOTALL)
_PLACE = re.compile(r"┌─ (.+:\d+:\d+)$", re.MULTILINE)
_PACKAGE = re.compile("failed to download package|package not found")
_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to be made: ``data`` is what the template reads, in JSON."""

    data: str
    format: Format
    timestamp: int
    ppi: float = 150


def new_data(root: Path) -> Path:
    """A file for the data of one press. No other template in this folder can guess its name."""
    descriptor, name = mkstemp(prefix="_data-", suffix=".json", dir=root)
    os.close(descriptor)
    return Path(name)


class Press:
    """Compiles the template in a folder. It reads nothing outside of it, but fonts.

    It runs as long as the template does: one that nobody has read belongs into ``GuardedPress``.

    Data come in a file of its own in the folder, whose name is in ``sys.inputs``. With data as
    inputs, all that Typst can look up would be another each time, and it would keep nothing that
    it has laid out, though certificates have most of it in common.
    """

    def __init__(self, root: Path, fonts: Sequence[Path], data: Path | None = None) -> None:
        self._folder = root.name
        nowhere = root / ".packages"  # which is not there
        self._data = data or new_data(root)
        self._compiler = typst.Compiler(
            str(root / MAIN),
            root=str(root),
            font_paths=load_fonts(tuple(fonts)),
            ignore_system_fonts=True,
            sys_inputs={"data": f"/{self._data.name}"},
            package_path=str(nowhere),
            package_cache_path=str(nowhere),
        )

    def print(self, job: Job) -> bytes:
        """The picture: of a PDF all pages, otherwise the first.

        Raises RenderError: ``glyph-missing``, ``template-failed``.
        """
        with self._data.open("r+b") as file:
            file.write(job.data.encode())
            file.truncate()  # now: what is emptied first, some file systems write out at once
        made = self._compile(job, "pdf")
        if job.format == "pdf":
            return made
        return self._compile(job, job.format)  # which leaves out what no font has, and says nothing

    def close(self) -> None:
        """Takes its data away; it prints no more."""
        self._data.unlink(missing_ok=True)

    def _compile(self, job: Job, form: Format) -> bytes:
        try:
            made = self._compiler.compile(
                format=form,
                ppi=job.ppi,
                pdf_standards=STANDARDS if form == "pdf" else [],
                timestamp=job.timestamp,
            )
        except typst.TypstError as error:
            raise self._explain(error) from error
        if isinstance(made, list):
            made = made[0]
        if made is None:
            message = "the template has no page"
            raise RenderError("template-failed", message)
        return made

    def _explain(self, error: typst.TypstError) -> RenderError:
        if found := NO_GLYPH.search(error.message):
            return _glyph_missing(_unescape(found.group(1)))
        place = _PLACE.search(error.diagnostic)
        where = place.group(1).rpartition(f"{self._folder}/")[2] if place else MAIN
        if _PACKAGE.search(error.message):
            message = "a template imports no packages; copy the files that it needs into its folder"
            return RenderError("template-failed", message, where=where)
        return RenderError("template-failed", f"Typst says: {error.message}", where=where)


def _unescape(quoted: str) -> str:
    """A text that Rust has put in quotation marks, mostly as JSON does."""
    text = _ESCAPE.sub(lambda one: json.dumps(chr(int(one[1], 16)))[1:-1], quoted)
    try:
        return str(json.loads(text))
    except ValueError:
        return quoted[1:-1]


def _glyph_missing(text: str) -> RenderError:
    character = text[0]
    script = script_of(character)
    others = f", or others for {text!r} as a whole" if len(text) > 1 else ""
    message = (
        f"no font has the {script.name} character {character} (U+{ord(character):04X}){others}; "
        f"install fonts, such as those of the package {script.package}, "
        "and name their folder with --fonts"
    )
    return RenderError("glyph-missing", message, where=character)
