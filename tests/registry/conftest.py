"""Each test of this room is made twice: on SQLite, and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from signedcert.registry.engine import sqlite_url
from signedcert.registry.registry import Registry


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """Of a new database, which no other test has."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "registry.sqlite")
        return
    server = request.getfixturevalue("postgres")
    with server.database(migrated="registry" in request.fixturenames) as made:
        yield made


@pytest.fixture
def registry(url: URL) -> Iterator[Registry]:
    """A new registry."""
    sqlite = url.get_backend_name() == "sqlite"
    made = Registry.create(url) if sqlite else Registry.open(url)
    yield made
    made.close()
