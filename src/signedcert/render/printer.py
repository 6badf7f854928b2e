"""The printer: a bundle in, a picture out, as planned."""

import json
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import Literal, TypeAlias

from signedcert.carriers.bundle import MEDIA_TYPE, SUFFIX, Bundle
from signedcert.render.carry import carry_in_png, carry_in_svg
from signedcert.render.fonts import families, load_fonts
from signedcert.render.guard import GuardedPress
from signedcert.render.press import Format, Job, Press
from signedcert.render.script import is_even, is_right_to_left, language_of
from signedcert.render.sheet import Sheet

Paper: TypeAlias = Literal["a4", "letter"]
#: Sharp on a screen, and read well by cameras.
PPI = 150
_DAY = 86_400
_EPOCH = 719_163  # the ordinal of 1970-01-01


@dataclass(frozen=True, slots=True)
class Plan:
    """How certificates look; it can travel to another process.

    ``root`` is a folder with a template, in which are the images: ``logo``, and those of
    ``signatures`` by the name of an instructor. ``guarded`` says that nobody has read the template.
    """

    root: Path
    guarded: bool
    fonts: tuple[Path, ...]
    paper: Paper
    colour: str
    accent: str
    logo: str | None
    signatures: tuple[tuple[str, str], ...]
    explain: bool


class Printer:
    """Prints as a plan says. Threads may share it; one picture is made at a time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._families = lru_cache(maxsize=64)(partial(families, load_fonts(plan.fonts)))
        self.press: Press | GuardedPress = (GuardedPress if plan.guarded else Press)(
            plan.root, plan.fonts
        )
        self._signatures = dict(plan.signatures)
        self._one_at_a_time = Lock()

    def print(self, bundle: Bundle, form: Format, ppi: float = PPI) -> bytes:
        """The picture, which carries the bundle.

        Raises what ``Sheet.of`` refuses; RenderError: ``glyph-missing``, ``template-failed``,
        ``template-timeout``; ConfigurationError ``template-invalid`` for a template that hangs.
        """
        job = self.job(bundle, form, ppi)
        with self._one_at_a_time:
            picture = self.press.print(job)
        if form == "png":
            return carry_in_png(picture, bundle)
        return carry_in_svg(picture, bundle) if form == "svg" else picture

    def job(self, bundle: Bundle, form: Format, ppi: float = PPI) -> Job:
        """All that the press is given. Raises what ``Sheet.of`` refuses."""
        sheet = Sheet.of(bundle, self._signatures)
        return Job(self._data(sheet, bundle, form), form, _moment(sheet), ppi)

    def close(self) -> None:
        """Ends the process of a template of one's own."""
        self.press.close()

    def _data(self, sheet: Sheet, bundle: Bundle, form: Format) -> str:
        plan = self._plan
        style = {
            "paper": plan.paper,
            "explain": plan.explain and form == "pdf",
            "logo": plan.logo,
            "colour": plan.colour,
            "accent": plan.accent,
            "fonts": self._families(sheet.language),
            "learner": self._voice(sheet.learner, sheet.language),
            "course": self._voice(sheet.course, sheet.language),
        }
        attachment = {
            "name": f"{sheet.code}{SUFFIX}",
            "type": MEDIA_TYPE,
            "text": bundle.encode().decode(),
        }
        others = json.dumps({"style": style, "attachment": attachment}, ensure_ascii=False)
        return f'{{"sheet": {sheet.encode()}, {others.removeprefix("{")}'

    def _voice(self, text: str, context: str) -> dict[str, object]:
        """How a text is set that may be in another script than the rest."""
        language = language_of(text, context)
        return {
            "lang": language.partition("-")[0],
            "dir": "rtl" if is_right_to_left(text) else "ltr",
            "even": is_even(text),
            "fonts": self._families(language),
        }


def _moment(sheet: Sheet) -> int:
    """Midnight of the day of issue, in seconds since 1970."""
    return (sheet.issued.toordinal() - _EPOCH) * _DAY
