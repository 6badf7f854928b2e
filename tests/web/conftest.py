"""Pages of an institution for the tests of this room."""

from collections.abc import Iterator

import pytest

from signedcert.institution import Institution
from signedcert.web import app
from tests.institution.homes import LATER, Place, place, template, university
from tests.web.browser import Browser

__all__ = ["place", "template", "university"]


@pytest.fixture
def client(university: Institution) -> Browser:
    """A browser that looks at the pages of ``university``, in August 2026."""
    return Browser(app(university, lambda: LATER))


@pytest.fixture
def reader(template: Place) -> Iterator[Browser]:
    """A browser that looks at an institution to which no test writes."""
    with Institution.open(template.home) as institution:
        yield Browser(app(institution, lambda: LATER))
