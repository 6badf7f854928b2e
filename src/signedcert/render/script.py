"""Which script a text is in: its direction, its language as far as fonts go, where fonts are."""

import unicodedata
from collections import Counter
from functools import lru_cache
from typing import NamedTuple


class Script(NamedTuple):
    """``prefix`` begins the names of its characters; ``language`` is one that is written in it,
    by which forms and breaks are chosen; ``package`` has fonts for it.
    """

    prefix: str
    name: str
    language: str | None
    package: str


_NOTO = "fonts-noto-core"
_CJK = "fonts-noto-cjk"
_SCRIPTS = (
    Script("LATIN", "Latin", None, _NOTO),
    Script("GREEK", "Greek", "el", _NOTO),
    Script("CYRILLIC", "Cyrillic", None, _NOTO),
    Script("ARABIC", "Arabic", "ar", _NOTO),
    Script("HEBREW", "Hebrew", "he", _NOTO),
    Script("DEVANAGARI", "Devanagari", "hi", _NOTO),
    Script("BENGALI", "Bengali", "bn", _NOTO),
    Script("TAMIL", "Tamil", "ta", _NOTO),
    Script("TELUGU", "Telugu", "te", _NOTO),
    Script("THAI", "Thai", "th", _NOTO),
    Script("ETHIOPIC", "Ethiopic", "am", _NOTO),
    Script("GEORGIAN", "Georgian", "ka", _NOTO),
    Script("ARMENIAN", "Armenian", "hy", _NOTO),
    Script("HANGUL", "Hangul", "ko", _CJK),
    Script("HIRAGANA", "Hiragana", "ja", _CJK),
    Script("KATAKANA", "Katakana", "ja", _CJK),
    Script("KATAKANA-HIRAGANA", "Katakana", "ja", _CJK),
    Script("BOPOMOFO", "Bopomofo", "zh-TW", _CJK),
    Script("CJK", "Han", "zh", _CJK),
)
_OF_PREFIX = {script.prefix: script for script in _SCRIPTS}
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_EVEN = frozenset({"LATIN", "GREEK", "CYRILLIC"})
_FIRST_EMOJI = 0x1F000


@lru_cache(maxsize=1024)
def script_of(character: str) -> Script:
    """The script of a character, as its Unicode name tells. One that is unknown here is called by
    the first word of that name.
    """
    name = unicodedata.name(character, "UNNAMED")
    prefix = name.split(" ")[0]
    known = _OF_PREFIX.get(prefix)
    if known is not None:
        return known
    if ord(character) >= _FIRST_EMOJI and unicodedata.category(character) in {"So", "Sk"}:
        return Script(prefix, "emoji", None, "fonts-noto-color-emoji")
    return Script(prefix, prefix.capitalize(), None, _NOTO)


def is_right_to_left(text: str) -> bool:
    """As the first character with a strong direction has it (UAX 9, P2)."""
    kinds = map(unicodedata.bidirectional, text)
    return next((kind != "L" for kind in kinds if kind in {"L", *_RIGHT_TO_LEFT}), False)


def is_even(text: str) -> bool:
    """Whether its letters keep to about the same height and depth; those of other scripts than
    Latin, Greek and Cyrillic go far out.
    """
    letters = (one for one in text if unicodedata.category(one).startswith("L"))
    return all(script_of(one).prefix in _EVEN for one in letters)


def language_of(text: str, context: str) -> str:
    """A language that ``text`` could be in, as far as its letters tell: kana are Japanese. What
    does not tell, as Han characters alone do not, is as its ``context`` is.
    """
    letters = Counter(script_of(one) for one in text if unicodedata.category(one).startswith("L"))
    found = [one.language for one, _ in letters.most_common() if one.language]
    for certain in ("ja", "ko", "zh-TW"):
        if certain in found:
            return certain
    if found and found[0] == "zh" and context.partition("-")[0] in {"ja", "ko", "zh"}:
        return context
    return found[0] if found else context
