"""Finding a signed text on a page: folding, places, and what stands beside them."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from signedcert.carriers.page import Page, Run, Sight

#: Not compared: space and what has no ink, and dashes, at which lines are broken.
_DROPPED = re.compile(
    "[\\s\u00ad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f\ufeff"
    "\u2010-\u2015\u2212-]"
)
_DROPPED_ASCII = dict.fromkeys(map(ord, " \t\n\v\f\r\x1c\x1d\x1e\x1f-"))
_QUOTES = str.maketrans("\u2018\u2019\u02bc", "'''")
#: Behind or in front of a value, these begin something else.
_SEPARATORS = frozenset(
    ':,;()[]{}|·•"«»\u2013\u2014\u201c\u201d\u201e\u3001\u3002\uff0c\uff1a\uff08\uff09\u300c\u300d'
)
#: Scripts in which words are written without a space between them, or take endings.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
#: A syllable that is said twice, since two of its glyphs stand for the whole of it.
_TWICE = re.compile(r"(.{1,8}?)\1+")
_WORST = (Sight.HIDDEN, Sight.UNCLEAR, Sight.SEEN)


def fold(text: str) -> str:
    """What is compared of a text: NFKC, case, white space, dashes and quotes do not count."""
    return _fold(text) if text.isascii() else "".join(_fold(one) for one, _ in _clusters(text))


def _fold(cluster: str) -> str:
    if cluster.isascii():
        return cluster.lower().translate(_DROPPED_ASCII)
    plain = unicodedata.normalize("NFKC", cluster).casefold().translate(_QUOTES)
    return _DROPPED.sub("", unicodedata.normalize("NFKC", plain))


def _clusters(text: str) -> Iterator[tuple[str, int]]:
    """Characters with the marks behind them, and where each begins."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or unicodedata.category(text[index])[0] != "M":
            yield text[start:index], start
            start = index


def is_intricate(text: str) -> bool:
    """Whether type-setters and readers of PDFs disagree on the order of these characters: it is
    written from the right, or has marks that do not combine with their letter.
    """
    return has_marks(text) or any(unicodedata.bidirectional(one) in ("R", "AL") for one in text)


def has_marks(text: str) -> bool:
    """Whether there are marks that do not combine with their letter to one character."""
    normal = unicodedata.normalize("NFC", text)
    return any(unicodedata.category(one) in ("Mn", "Mc") for one in normal)


class Place(NamedTuple):
    """Where a text stands. ``alone`` says that no other words are beside it in the same type,
    ``glued`` that it is a part of a longer word.
    """

    runs: tuple[Run, ...]
    sight: Sight
    size: float
    page: int
    alone: bool
    glued: bool


class _Char(NamedTuple):
    """A character as it is on the page."""

    text: str
    run: Run


class PageText:
    """The text of one page, ready to be searched."""

    def __init__(self, page: Page, number: int) -> None:
        self.runs = [run for run in page.runs if run.page == number]
        self._lines: dict[int, list[_Char]] = {}
        for run in self.runs:
            self._lines.setdefault(run.line, []).extend(_Char(char, run) for char in run.text)
        folded = [
            (char, line, start)
            for line, chars in self._lines.items()
            for cluster, start in _clusters("".join(char.text for char in chars))
            for char in _fold(cluster)
        ]
        self._text = "".join(char for char, _, _ in folded)
        self._origin = [(line, start) for _, line, start in folded]

    def lines(self, sight: Sight = Sight.SEEN) -> list[str]:
        """What is seen, or what is not, line by line."""
        texts = (
            "".join(char.text for char in chars if char.run.sight is sight).strip()
            for chars in self._lines.values()
        )
        return [text for text in texts if text]

    def others(self, texts: list[str]) -> list[tuple[float, str]]:
        """The lines that are seen and have no part of these texts, with the size of their type."""
        places = [place for text in texts for place in self.places(text) if not place.glued]
        taken = {run.line for place in places for run in place.runs}
        found = []
        for number, chars in self._lines.items():
            seen = [char for char in chars if char.run.sight is Sight.SEEN]
            if seen and number not in taken:
                size = max(char.run.size for char in seen)
                found.append((size, "".join(char.text for char in seen).strip()))
        return found

    def line_of(self, place: Place) -> str:
        """The whole of the line in which a place begins."""
        return "".join(char.text for char in self._lines[place.runs[0].line]).strip()

    def beneath(self, places: list[Place]) -> str:
        """What is seen where these places are hidden, by the boxes."""
        boxes = [run.box for place in places for run in place.runs if run.sight is Sight.HIDDEN]
        seen = [
            run.text.strip()
            for run in self.runs
            if run.sight is Sight.SEEN and any(run.box.touches(box) for box in boxes)
        ]
        return " ".join(seen)

    def places(self, text: str) -> list[Place]:
        """Where ``text`` stands. That of an intricate script is found by its letters, whatever
        their order.
        """
        wanted = fold(text)
        if not wanted:
            return []
        found = [match.start() for match in re.finditer(f"(?={re.escape(wanted)})", self._text)]
        spans = [(start, start + len(wanted)) for start in found]
        if not spans and is_intricate(text):
            spans = list(self._loose(wanted))
        return [self._place(*span) for span in spans]

    def _loose(self, wanted: str) -> Iterator[tuple[int, int]]:
        """Where the same letters stand, syllables said twice aside."""
        kept, origin = _collapse(self._text)
        aim = Counter(_collapse(wanted)[0])
        size = aim.total()
        window = Counter(kept[:size])
        for start in range(len(kept) - size + 1):
            if start:
                window[kept[start - 1]] -= 1
                window[kept[start + size - 1]] += 1
            if window == aim:
                yield origin[start], origin[start + size - 1] + 1

    def _place(self, start: int, end: int) -> Place:
        chars = [self._lines[line][index] for line, index in self._origin[start:end]]
        runs = tuple(dict.fromkeys(char.run for char in chars))
        sights = {run.sight for run in runs}
        beside = self._beside(start, -1), self._beside(end - 1, 1)
        return Place(
            runs,
            next(sight for sight in _WORST if sight in sights),
            min(run.size for run in runs),
            runs[0].page,
            alone=beside == ("", ""),
            glued="glued" in beside,
        )

    def _beside(self, position: int, step: int) -> str:
        """What is next to a character on its line: empty for nothing of the same type, "glued" for
        the rest of a word, "apart" for other words.
        """
        line, index = self._origin[position]
        chars = self._lines[line]
        here, gap = chars[index], False
        index += step
        while 0 <= index < len(chars):
            other = chars[index]
            if (other.run.font, other.run.size) != (here.run.font, here.run.size):
                return ""
            if other.text in _SEPARATORS:
                return ""
            if unicodedata.category(other.text)[0] in "LN":
                spaced = not (_UNSPACED.match(here.text) or is_intricate(here.text))
                return "glued" if spaced and not gap else "apart"
            gap = gap or other.text.isspace()
            index += step
        return ""


def _collapse(text: str) -> tuple[str, list[int]]:
    """``text`` with each syllable once where it is said twice, and where each character was."""
    kept: list[int] = []
    last = 0
    for match in _TWICE.finditer(text):
        kept.extend(range(last, match.end(1)))
        last = match.end()
    kept.extend(range(last, len(text)))
    return "".join(text[index] for index in kept), kept
