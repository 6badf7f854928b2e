"""A campus, its server, and visitors in a real browser."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.browser.campus import Campus, make_campus
from tests.browser.chromium import launched
from tests.browser.server import Server, serving
from tests.browser.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NewVisitor: TypeAlias = Callable[..., Visitor]


@pytest.fixture(scope="package")  # not longer: other tests run event loops on this thread
def chromium() -> Iterator["Browser"]:
    """One Chromium for all tests of this folder."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Campus:
    """An institution to which no test writes."""
    return make_campus(tmp_path_factory.mktemp("campus"))


@pytest.fixture(scope="session")
def server(campus: Campus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its server. One with other arguments is made with ``serving``."""
    with serving(campus.home, tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """Where pictures of the pages are kept: SIGNEDCERT_PICTURES."""
    name = os.environ.get("SIGNEDCERT_PICTURES")
    if not name:
        return None
    directory = Path(name)
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@pytest.fixture
def visit(
    chromium: "Browser", server: Server, pictures: Path | None, request: pytest.FixtureRequest
) -> NewVisitor:
    """Makes visitors, of ``server`` or of another one: ``visit(width=360, scheme="dark")``.

    They know nothing of each other, and are gone after the test.
    """

    def visit(origin: str = server.origin, *, width: int = 1280, scheme: str = "light") -> Visitor:
        visitor = Visitor(chromium, origin, width=width, scheme=scheme, pictures=pictures)
        request.addfinalizer(visitor.close)
        return visitor

    return visit
