"""Carriers that somebody has edited, damaged or made up, each with what has to come of it.

An ``Edit`` makes a file out of an honest bundle and another one of the same institution.
``expected`` is the verdict and, where that is not authentic, the detail or else the reason behind
it. Edits of what is seen on a page are in ``visible.py``.
"""

from collections.abc import Iterator

from tests.carriers.editedpdf import PDF_EDITS
from tests.carriers.editedpng import PNG_EDITS
from tests.carriers.editedsvg import SVG_EDITS
from tests.carriers.editing import Edit


def edits() -> Iterator[Edit]:
    """All of them, named by the carrier as well."""
    for kind, table in (("PDF", PDF_EDITS), ("PNG", PNG_EDITS), ("SVG", SVG_EDITS)):
        for one in table:
            yield one._replace(name=f"{kind}: {one.name}")
