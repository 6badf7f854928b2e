"""What was signed with which key, and the documents that were issued last."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import URL, func, select

from signedcert.core.code import VerificationCode
from signedcert.registry.engine import open_engine
from signedcert.registry.tables import documents


class RecentDocument(NamedTuple):
    """A document, and the code by which it is known."""

    code: VerificationCode
    document: str


def count_by_header(url: str | URL, headers: Sequence[str]) -> dict[str, int]:
    """How many documents have each of these header segments; the database reads them all once."""
    if not headers:
        return {}
    # A header ends at the first full stop. What follows it is the same for all documents of a kind,
    # so that a few bytes of it make no more groups.
    start = func.substr(documents.c.document, 1, max(map(len, headers)) + 1).label("start")
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(select(start, func.count()).group_by("start")).all()
    finally:
        engine.dispose()
    counts: Counter[str] = Counter()
    for text, count in rows:
        counts[text.partition(".")[0]] += count
    return {header: counts[header] for header in headers}


def recent_documents(url: str | URL, limit: int) -> list[RecentDocument]:
    """The documents that were issued last, the newest first."""
    wanted = select(documents.c.code, documents.c.document)
    wanted = wanted.order_by(documents.c.number.desc()).limit(limit)
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(wanted).all()
    finally:
        engine.dispose()
    return [RecentDocument(VerificationCode(code), document) for code, document in rows]
