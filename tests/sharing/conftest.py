"""A registry with a document to share, and sharing over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from signedcert.core.code import VerificationCode
from signedcert.registry.engine import sqlite_url
from signedcert.registry.registry import DocumentKey, DocumentRow, Registry
from signedcert.sharing.links import Sharing
from tests.registry.test_registry import row


class Desk(NamedTuple):
    """Sharing, the record there is to share, and the database that both are in."""

    sharing: Sharing
    record: VerificationCode
    registry: Registry
    directory: Path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    registry = Registry.create(sqlite_url(tmp_path / "registry.sqlite"))
    record: DocumentRow = row(key=DocumentKey("record", "ada", "operations", "2026"))
    registry.add([record])
    yield Desk(Sharing(registry.shares), record.code, registry, tmp_path)
    registry.close()
