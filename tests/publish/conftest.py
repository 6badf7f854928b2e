"""Homes for the tests of this room."""

from collections.abc import Iterator

import pytest

from signedcert.institution import Institution
from tests.institution.homes import Place, place, template
from tests.publish.press import add_snapshot_key

__all__ = ["place", "template"]


@pytest.fixture
def press(place: Place) -> Place:
    """An institution of this test's own, which can publish."""
    add_snapshot_key(place)
    return place


@pytest.fixture
def university(press: Place) -> Iterator[Institution]:
    """The same, opened."""
    with press.open() as institution:
        yield institution
