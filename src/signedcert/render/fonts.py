"""The fonts that are printed with: those in the package, and those of folders that are named."""

from functools import lru_cache
from pathlib import Path

import typst

from signedcert.errors import ConfigurationError

#: Latin, Greek, Cyrillic; under the Open Font License, which is beside the files.
OWN = "EB Garamond"
_FOLDER = Path(__file__).with_name("typefaces")
#: What goes best with it, where it is there. Others are found by their characters alone.
_PREFERRED = (
    "Noto Serif",
    "Noto Naskh Arabic",
    "Noto Serif Hebrew",
    "Noto Serif Devanagari",
    "Noto Serif Bengali",
    "Noto Serif Tamil",
    "Noto Serif Telugu",
    "Noto Serif Thai",
    "Noto Serif Ethiopic",
    "Noto Serif Georgian",
    "Noto Serif Armenian",
)
#: Han characters have other forms in other languages.
_HAN = {"zh": "SC", "ja": "JP", "ko": "KR", "zh-Hant": "TC", "zh-TW": "TC", "zh-HK": "HK"}
_EMOJI = "Noto Color Emoji"


@lru_cache(maxsize=4)
def load_fonts(folders: tuple[Path, ...]) -> typst.Fonts:
    """The package's fonts and those below ``folders``; never those of the system.

    Raises ConfigurationError ``setting-invalid`` for a folder that has none.
    """
    for folder in folders:
        if not _load(folder).fonts():
            message = "no font in this folder; TrueType and OpenType fonts are read"
            raise ConfigurationError("setting-invalid", message, where=str(folder))
    return _load(_FOLDER, *folders)


def _load(*folders: Path) -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in folders],
    )


def families(fonts: typst.Fonts, language: str) -> list[str]:
    """In which order fonts are tried for a text in a language."""
    there = set(fonts.families())
    han = _HAN.get(language, "SC")
    order = (
        *_PREFERRED,
        *(f"Noto Serif CJK {one}" for one in (han, "SC", "JP", "KR", "TC")),
        *(f"Noto Sans CJK {one}" for one in (han, "SC", "JP", "KR", "TC")),
        _EMOJI,
    )
    return [OWN, *dict.fromkeys(family for family in order if family in there)]
