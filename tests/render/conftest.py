"""What the tests of pictures share."""

from collections.abc import Iterator

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.render import Renderer
from tests.reference import World
from tests.render.certificates import bundle_of, noto


@pytest.fixture(scope="session")
def bundle(world: World) -> Bundle:
    """The reference certificate."""
    return bundle_of(world)


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    """Ours, with nothing but what comes along."""
    with Renderer() as made:
        yield made


@pytest.fixture(scope="session")
def with_noto() -> Iterator[Renderer]:
    """With fonts for all scripts."""
    with Renderer(fonts=noto()) as made:
        yield made
