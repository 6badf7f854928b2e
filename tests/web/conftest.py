"""Pages of an institution for the tests of this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signedcert.institution import Institution
from signedcert.web import app
from tests.institution.homes import LATER, Place, place, template, university
from tests.web.browser import Browser
from tests.web.study import Study, issue_records, studying

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


@pytest.fixture(scope="session")
def archive(template: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An institution with course records to which no test writes."""
    archive = template.copy(tmp_path_factory.mktemp("archive"))
    issue_records(archive)
    return archive


@pytest.fixture
def faculty(archive: Place, tmp_path: Path) -> Place:
    """The same, of this test's own."""
    return archive.copy(tmp_path / "faculty")


@pytest.fixture
def study(faculty: Place) -> Iterator[Study]:
    """The same, opened, in August 2026; learners are signed in by the host."""
    with studying(faculty) as study:
        yield study


@pytest.fixture
def linked(faculty: Place) -> Iterator[Study]:
    """The same, where learners sign in by one-time links."""
    with studying(faculty, links=True) as study:
        yield study
