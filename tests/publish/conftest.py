"""Homes for the tests of this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signedcert.institution import Institution
from tests.institution.homes import Place, place, template
from tests.publish.press import add_snapshot_key

__all__ = ["place", "template"]


@pytest.fixture(scope="package")
def pressed(template: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An institution which can publish, to which no test writes."""
    place = template.copy(tmp_path_factory.mktemp("pressed"))
    add_snapshot_key(place)
    return place


@pytest.fixture
def press(pressed: Place, tmp_path: Path) -> Place:
    """The same, of this test's own."""
    return pressed.copy(tmp_path)


@pytest.fixture
def university(press: Place) -> Iterator[Institution]:
    """The same, opened."""
    with press.open() as institution:
        yield institution
