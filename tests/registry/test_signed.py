"""What was signed with one key: how much of it is below a place of the log, and the rest."""

from collections.abc import Iterator

import pytest
from sqlalchemy import URL

from signedcert.registry.registry import DocumentKey, Registry
from tests.registry.test_registry import row

OURS, RECORD, OTHER = "ours", "record", "ours2"


def leave(numbers: list[int]) -> None:
    """Entries in the order in which documents came."""
    numbers.sort()


@pytest.fixture
def registry(url: URL) -> Iterator[Registry]:
    """Log 1 has, by their headers: ours, ours2, record, ours; ours is not logged, twice."""
    made = Registry.create(url)
    headers = [OURS, OTHER, RECORD, OURS, OURS, OURS]
    rows = [
        row(
            document=f"{header}.{number}.signature",
            key=DocumentKey("certificate", f"s-{number}", "operations", "2026"),
        )
        for number, header in enumerate(headers)
    ]
    made.add(rows[:4])
    assert made.log().append(10, leave) == 4
    made.add(rows[4:])
    yield made
    made.close()


@pytest.mark.parametrize(
    ("headers", "size", "counts"),
    [
        ([OURS, RECORD], 0, (0, 5)),
        ([OURS, RECORD], 1, (1, 4)),
        ([OURS, RECORD], 3, (2, 3)),
        ([OURS, RECORD], 4, (3, 2)),
        ([OURS], 4, (2, 2)),
        ([OTHER], 4, (1, 0)),
        (["our"], 4, (0, 0)),
        (["ours.0"], 4, (1, 0)),
    ],
)
def test_documents_of_a_key_are_counted_by_whole_headers(
    registry: Registry, headers: list[str], size: int, counts: tuple[int, int]
) -> None:
    assert registry.signed(headers).count({1: size}) == counts


def test_those_behind_a_place_come_by_their_places_and_then_the_rest(registry: Registry) -> None:
    found = list(registry.signed([OURS, RECORD]).beyond({1: 1}, 1))
    assert [(one.learner_id, one.entry) for one in found] == [
        ("s-2", 2),
        ("s-3", 3),
        ("s-4", None),
        ("s-5", None),
    ]
    assert {(one.kind, one.course_id, one.run) for one in found} == {
        ("certificate", "operations", "2026")
    }
    assert len(list(registry.signed([OURS, RECORD]).beyond({1: 0}, 1))) == 5


def test_in_another_log_is_not_in_this_one(registry: Registry) -> None:
    assert registry.log(2).append(10, leave) == 2
    signed = registry.signed([OURS])
    assert [signed.count({1: 4}), signed.count({2: 1})] == [(2, 2), (1, 3)]
    found = list(signed.beyond({2: 1}, 2))
    assert [(one.learner_id, one.entry) for one in found] == [
        ("s-5", 1),
        ("s-0", None),
        ("s-3", None),
    ]


def test_below_the_size_of_any_log(registry: Registry) -> None:
    assert registry.log(2).append(10, leave) == 2
    signed = registry.signed([OURS])
    assert [signed.count(one) for one in ({}, {1: 1, 2: 1}, {1: 4, 2: 2})] == [
        (0, 4),
        (2, 2),
        (4, 0),
    ]
    found = list(signed.beyond({1: 1, 2: 1}, 2))
    assert [(one.learner_id, one.entry) for one in found] == [("s-5", 1), ("s-3", None)]
