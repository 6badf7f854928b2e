"""What was signed with which key, and the newest documents."""

from sqlalchemy import URL

from signedcert.registry.registry import Registry
from signedcert.registry.uses import count_by_header, recent_documents
from tests.registry.test_registry import row

HEADERS = ("eyJoZWFkZXIi", "eyJoZWFkZXIifQ", "eyJvdGhlciJ9")


def test_documents_are_counted_by_the_key_that_signed_them(url: URL) -> None:
    registry = Registry.create(url)
    assert count_by_header(url, HEADERS) == dict.fromkeys(HEADERS, 0)
    texts = [f"{header}.{n}payload.sig" for n, header in enumerate(HEADERS) for _ in range(n + 1)]
    registry.add([row(document=text) for text in (*texts, "unknown.payload.sig")])
    registry.close()
    assert count_by_header(url, HEADERS) == dict(zip(HEADERS, (1, 2, 3), strict=True))
    assert count_by_header(url, []) == {}


def test_the_newest_documents_come_first(url: URL) -> None:
    registry = Registry.create(url)
    assert recent_documents(url, 10) == []
    rows = [row() for _ in range(5)]
    registry.add(rows)
    registry.close()
    found = recent_documents(url, 3)
    assert [one.document for one in found] == [one.document for one in reversed(rows[2:])]
    assert [one.code for one in found] == [one.code for one in reversed(rows[2:])]
