"""What a PDF visibly says: runs of text, where they stand, and whether a reader sees them."""

from enum import Enum
from itertools import groupby
from typing import Literal, NamedTuple, TypeAlias

#: A certificate has one page or two; a syllabus may follow.
MAX_PAGES = 16

#: Why a page was not read.
Unread: TypeAlias = Literal[
    "extractor-missing",
    "page-broken",
    "page-encrypted",
    "page-too-large",
    "page-without-text",
    "page-reader-failed",
]


class Sight(Enum):
    """Whether the ink of a text is seen on the page as a viewer shows it."""

    SEEN = "seen"
    HIDDEN = "hidden"
    UNCLEAR = "unclear"


class Box(NamedTuple):
    """In points, from the lower left corner of the page."""

    left: float
    bottom: float
    right: float
    top: float

    def touches(self, other: "Box", margin: float = 0.0) -> bool:
        """Whether the two have a point in common, or come closer than ``margin``."""
        return (
            self.left - margin < other.right
            and other.left - margin < self.right
            and self.bottom - margin < other.top
            and other.bottom - margin < self.top
        )

    def share(self, other: "Box") -> float:
        """How much of the smaller box is in the larger one, from 0 to 1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        least = min(self.area, other.area)
        return max(width, 0.0) * max(height, 0.0) / least if least > 0 else 0.0

    @property
    def area(self) -> float:
        """Zero for what has no ink."""
        return max(self.right - self.left, 0.0) * max(self.top - self.bottom, 0.0)

    def around(self, other: "Box") -> "Box":
        """The smallest box with both in it."""
        return Box(
            min(self.left, other.left),
            min(self.bottom, other.bottom),
            max(self.right, other.right),
            max(self.top, other.top),
        )


class Run(NamedTuple):
    """Neighbours on one ``line`` in one font and ``size`` (points), which are seen, or are not.

    ``text`` is what the glyphs stand for; U+FFFD where the file does not say it. Lines are counted
    through all pages, from 0; pages from 1.
    """

    text: str
    box: Box
    size: float
    font: str
    page: int
    line: int
    sight: Sight


class Page(NamedTuple):
    """What the pages of a file say, or in ``unread`` why that cannot be told.

    It is what the file draws and calls its text: whoever makes a font draws an A for a B, and
    nothing in here notices (docs/spec/printed-text).
    """

    runs: tuple[Run, ...] = ()
    unread: Unread | None = None

    def lines(self) -> list[tuple[Run, ...]]:
        """The runs, line by line."""
        return [tuple(runs) for _, runs in groupby(self.runs, key=lambda run: run.line)]
