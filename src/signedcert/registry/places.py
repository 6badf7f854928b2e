"""Places in the status lists: which are taken, and others drawn at random."""

import secrets
from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, func, select

from signedcert.documents.openbadges import STATUS_LIST_SIZE
from signedcert.registry.tables import documents

#: Half of a list stays decoys, and a random index is free at the first or second draw.
_LIST_CAPACITY = STATUS_LIST_SIZE // 2
#: SQLite's limit on variables in a statement.
_MAX_INDICES = 500


def draw_places(connection: Connection, count: int) -> list[tuple[int, int]]:
    """``count`` pairs of list and index, at random among the free ones of the newest list, and of
    new ones once that is half full.
    """
    drawn: list[tuple[int, int]] = []
    number = connection.scalar(select(func.max(documents.c.status_list))) or 1
    while len(drawn) < count:
        used = connection.scalar(_USED.where(documents.c.status_list == number)) or 0
        room = max(_LIST_CAPACITY - used, 0)
        drawn += _draw(connection, number, min(count - len(drawn), room))
        number += 1
    return drawn


def taken_places(connection: Connection, places: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those of the pairs of list and index that a document has."""
    indices: dict[int, list[int]] = {}
    for number, index in places:
        indices.setdefault(number, []).append(index)
    return {
        (number, index)
        for number, wanted in indices.items()
        for index in _taken(connection, number, wanted)
    }


def _draw(connection: Connection, number: int, count: int) -> list[tuple[int, int]]:
    drawn: dict[int, None] = {}  # keeps the order, which is random too
    while len(drawn) < count:
        words = memoryview(secrets.token_bytes(4 * (count - len(drawn)))).cast("I")
        fresh = dict.fromkeys(word % STATUS_LIST_SIZE for word in words)
        taken = _taken(connection, number, list(fresh))
        drawn |= {index: None for index in fresh if index not in taken}
    return [(number, index) for index in drawn]


def _taken(connection: Connection, number: int, indices: list[int]) -> set[int]:
    return {
        index
        for start in range(0, len(indices), _MAX_INDICES)
        for index in connection.scalars(
            _TAKEN, {"number": number, "indices": indices[start : start + _MAX_INDICES]}
        )
    }


_USED = select(func.count()).select_from(documents)
_TAKEN = select(documents.c.status_index).where(
    documents.c.status_list == bindparam("number"),
    documents.c.status_index.in_(bindparam("indices", expanding=True)),
)
