"""A log of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.institution.homes import place, template
from tests.log.scribe import Scribe

__all__ = ["place", "template"]


@pytest.fixture
def scribe(tmp_path: Path) -> Iterator[Scribe]:
    """A registry without documents, and a log without entries."""
    made = Scribe(tmp_path / "scribe")
    yield made
    made.close()
