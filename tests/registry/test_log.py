"""The log in the registry: each document has one place, for ever, and each size one head."""

import multiprocessing
from datetime import timedelta

import pytest
from sqlalchemy import URL, event

from signedcert.core.code import VerificationCode
from signedcert.core.merkle import Frontier
from signedcert.registry.errors import ConflictError
from signedcert.registry.log import HeadRow, LogPlace, LogTable
from signedcert.registry.registry import REVISION, DocumentRow, Registry
from tests.institution.homes import NOW
from tests.registry.databases import ON_SQLITE, execute
from tests.registry.test_registry import row
from tests.registry.test_shares import at_once

AT = "2026-07-01T10:30:00Z"


@pytest.fixture
def table(registry: Registry) -> LogTable:
    return registry.log()


def add(registry: Registry, count: int) -> list[DocumentRow]:
    """New documents."""
    rows = [row() for _ in range(count)]
    registry.add(rows)
    return rows


def keep(_: list[int]) -> None:
    """No shuffle at all."""


def edge(size: int) -> Frontier:
    """A frontier like no other."""
    return Frontier(size, tuple((size + i).to_bytes(32) for i in range(size.bit_count())))


def head(size: int, note: str | None = None) -> HeadRow:
    return HeadRow(size, edge(size).root(), AT, note, edge(size).encode())


# entries


def test_what_is_added_or_replaces_another_waits_to_be_logged(
    registry: Registry, table: LogTable
) -> None:
    assert (table.pending(), table.size()) == (0, 0)
    first, *_ = add(registry, 3)
    assert table.pending() == 3
    registry.replace([first.code], [], [row(key=first.key)], NOW)
    assert table.pending() == 4
    assert table.append(10, keep) == 4
    assert (table.pending(), table.size()) == (0, 4)


def test_places_are_given_from_0_on_without_gaps_and_kept(
    registry: Registry, table: LogTable
) -> None:
    rows = add(registry, 5)
    assert table.append(3, keep) == 3
    before = table.places([one.code for one in rows])
    assert sorted(place.number for place in before.values()) == [0, 1, 2]
    rows += add(registry, 4)
    assert [table.append(3, keep), table.append(3, keep), table.append(3, keep)] == [3, 3, 0]
    after = table.places([one.code for one in rows])
    assert sorted(place.number for place in after.values()) == list(range(9))
    assert before.items() <= after.items()
    entries = {after[one.code].number: one.entry for one in rows}
    assert table.entries(0, 9) == [entries[number] for number in range(9)]
    assert table.entries(3, 5) == [entries[3], entries[4]]
    assert table.entries(7, 100) == [entries[7], entries[8]]
    assert table.entries(9, 10) == []


def test_the_order_is_that_which_the_shuffle_leaves(registry: Registry, table: LogTable) -> None:
    rows = add(registry, 7)

    def shuffle(numbers: list[int]) -> None:
        assert sorted(numbers) == [1, 2, 3, 4, 5, 6, 7]
        numbers[:] = [3, 1, 7, 2, 6, 5, 4]

    table.append(10, shuffle)
    assert table.entries(0, 7) == [rows[i - 1].entry for i in (3, 1, 7, 2, 6, 5, 4)]


def test_places_are_found_by_codes_in_their_order(registry: Registry, table: LogTable) -> None:
    rows = add(registry, 1200)  # more than a statement takes
    table.append(1100, keep)
    codes = [one.code for one in reversed(rows)]
    found = table.places([*codes, VerificationCode.derive(b"nobody's", b"")])
    assert list(found) == [code for code in codes if code in found]
    assert len(found) == 1100
    by_code = {one.code: one.entry for one in rows}
    assert all(place.entry == by_code[code] for code, place in found.items())
    assert isinstance(next(iter(found.values())), LogPlace)
    assert table.places([]) == {}


def test_each_log_has_places_and_heads_of_its_own(registry: Registry, table: LogTable) -> None:
    rows = add(registry, 2)
    table.append(10, keep)
    table.add_head(edge(2), NOW)
    second = registry.log(2)
    assert (second.size(), second.newest_head(), second.places([rows[0].code])) == (0, None, {})
    rows += add(registry, 1)
    assert second.append(10, keep) == 1
    assert second.places([one.code for one in rows]) == {rows[2].code: LogPlace(0, rows[2].entry)}
    second.add_head(edge(1), NOW)
    assert table.newest_head() == head(2)
    assert (table.size(), second.size()) == (2, 1)


@ON_SQLITE
def test_finding_some_documents_does_not_go_through_the_whole_log(
    registry: Registry, table: LogTable
) -> None:
    """SQLite would, if it were left to it, for as many codes as this."""
    rows = add(registry, 600)
    table.append(1000, keep)
    plans: list[str] = []

    def explain(*arguments: object) -> None:
        _, cursor, statement, values, *_ = arguments
        if "documents.code IN" in str(statement):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[attr-defined]
            plans.extend(str(line[3]) for line in cursor.fetchall())  # type: ignore[attr-defined]

    event.listen(registry._engine, "before_cursor_execute", explain)
    table.places([one.code for one in rows[:500]])
    assert [plan for plan in plans if "log_entries" in plan] == [
        "SEARCH log_entries USING INDEX sqlite_autoindex_log_entries_2 (document=? AND log=?)"
    ]


# heads


def test_a_head_is_written_down_and_signed_once(table: LogTable) -> None:
    assert (table.newest_head(), table.newest_signed(), table.heads()) == (None, None, [])
    table.add_head(edge(5), NOW)
    assert table.newest_head() == table.head(5) == head(5)
    assert table.newest_signed() is None
    table.sign_head(5, "signed")
    table.sign_head(5, "signed again")
    assert table.newest_signed() == head(5, "signed")
    with pytest.raises(ConflictError):
        table.add_head(edge(5), NOW)
    assert table.heads() == [head(5, "signed")]
    assert table.head(4) is None


def test_heads_are_found_by_their_sizes(table: LogTable) -> None:
    for size in (3, 9, 12):
        table.add_head(edge(size), NOW + timedelta(minutes=size))
        table.sign_head(size, f"note {size}")
    table.add_head(edge(15), NOW)
    assert [head.size for head in table.heads()] == [3, 9, 12, 15]
    assert list(table.roots().items()) == [(size, edge(size).root()) for size in (3, 9, 12)]
    assert list(table.roots(2)) == [3, 9]
    below = [table.signed_below(size) for size in (16, 15, 12, 9, 7, 3)]
    assert [head and head.size for head in below] == [12, 12, 9, 3, 3, None]
    over = [table.head_over(index) for index in (0, 2, 3, 8, 9, 11, 12)]
    assert [head and head.size for head in over] == [3, 3, 9, 9, 12, 12, None]
    newest = table.newest_signed()
    assert newest is not None
    assert (newest.size, newest.at, newest.note) == (12, "2026-07-01T10:42:00Z", "note 12")
    assert table.newest_head() == table.head(15) == head(15)


def test_there_is_one_head_to_be_signed_and_it_is_the_largest(table: LogTable) -> None:
    """Or lists of landmarks would not go on where they ended."""
    table.add_head(edge(5), NOW)
    for size in (4, 5, 6):
        with pytest.raises(ConflictError):
            table.add_head(edge(size), NOW)
    table.sign_head(5, "signed")
    for size in (4, 5):
        with pytest.raises(ConflictError):
            table.add_head(edge(size), NOW)
    table.add_head(edge(6), NOW)
    assert [head.size for head in table.heads()] == [5, 6]


def test_a_head_of_an_older_release_has_no_frontier(
    registry: Registry, table: LogTable, url: URL
) -> None:
    table.add_head(edge(5), NOW)
    execute(url, "ALTER TABLE log_heads DROP COLUMN frontier")
    execute(url, "UPDATE alembic_version SET version_num = '0004'")
    assert registry.migrate() == ("0004", REVISION)
    assert table.newest_head() == head(5)._replace(frontier=None)
    table.sign_head(5, "signed")
    table.add_head(edge(6), NOW)
    assert table.newest_head() == head(6)


# several writers


def test_writers_at_once_give_every_document_one_place(registry: Registry, url: URL) -> None:
    rows = add(registry, 90)

    def write(_: int) -> int:
        other = Registry.open(url)
        count = sum(other.log().append(1, keep) for _ in range(30))
        other.close()
        return count

    assert at_once(3, write) == [30, 30, 30]
    places = registry.log().places([one.code for one in rows])
    assert sorted(place.number for place in places.values()) == list(range(90))
    assert registry.log().pending() == 0


def _issue(url: URL, start: int, count: int) -> None:
    registry = Registry.open(url)
    for i in range(start, start + count):
        code = VerificationCode.derive(i.to_bytes(8), b"issued elsewhere")
        registry.add([row(f"other-{i}", code=code, status_index=i, document_id=str(i))])
    registry.close()


def test_a_writer_goes_on_beside_processes_that_issue(registry: Registry, url: URL) -> None:
    """Whoever reads first and writes then would be told that the database is busy."""
    context = multiprocessing.get_context("spawn")
    issuing = [context.Process(target=_issue, args=(url, 10_000 * i, 40)) for i in (1, 2)]
    for process in issuing:
        process.start()
    logged = 0
    while any(process.is_alive() for process in issuing):
        logged += registry.log().append(7, keep)
    while count := registry.log().append(7, keep):
        logged += count
    for process in issuing:
        process.join()
        assert process.exitcode == 0
    assert logged == registry.log().size() == registry.count() == 80


def test_a_place_or_a_document_twice_is_a_conflict_and_changes_nothing(
    registry: Registry, table: LogTable, url: URL
) -> None:
    first, second = add(registry, 2)
    table.append(1, keep)
    (known,) = table.places([first.code, second.code])
    execute(url, f"INSERT INTO log_pending VALUES ('{known.symbols}')")  # noqa: S608
    with pytest.raises(ConflictError):
        table.append(10, keep)
    assert (table.size(), table.pending()) == (1, 2)


# what was there before


def test_documents_of_an_older_registry_wait_to_be_logged(registry: Registry, url: URL) -> None:
    add(registry, 3)
    for statement in ("log_entries", "log_heads", "log_pending"):
        execute(url, f"DROP TABLE {statement}")
    execute(url, "UPDATE alembic_version SET version_num = '0003'")
    assert registry.migrate() == ("0003", REVISION)
    assert registry.log().pending() == 3
    assert registry.log().append(10, keep) == 3


# another log

#: The first log has six entries, of which four are under its last good head.
GOOD = {1: 4}


def test_what_has_no_good_place_waits_for_another_log(registry: Registry, table: LogTable) -> None:
    rows = add(registry, 6)
    table.append(10, keep)
    waiting = add(registry, 1)
    second = registry.log(2)
    assert second.stranded(GOOD)
    assert (second.requeue(GOOD), second.pending()) == (2, 3)
    assert (second.requeue(GOOD), second.stranded(GOOD)) == (0, False)
    assert second.append(10, keep) == 3
    first = table.places([one.code for one in rows])
    expected = {code for code, place in first.items() if place.number >= 4} | {waiting[0].code}
    assert set(second.places([one.code for one in (*rows, *waiting)])) == expected
    assert (second.requeue(GOOD), second.pending()) == (0, 0)
    assert len(table.places([one.code for one in rows])) == 6


def test_a_good_place_in_any_of_the_logs_is_enough(registry: Registry, table: LogTable) -> None:
    add(registry, 6)
    table.append(10, keep)
    second, third = registry.log(2), registry.log(3)
    second.requeue(GOOD)
    second.append(10, keep)
    assert not third.stranded({**GOOD, 2: 2})
    assert third.stranded({**GOOD, 2: 1})
    assert (third.requeue({**GOOD, 2: 1}), third.pending()) == (1, 1)
    assert (third.requeue({1: 0, 2: 0}), third.requeue({})) == (5, 0)


def _requeue(url: URL) -> None:
    other = Registry.open(url)
    other.log(2).requeue(GOOD)
    other.log(2).append(10, keep)
    other.close()


def test_several_that_requeue_at_once_move_each_document_once(
    registry: Registry, table: LogTable, url: URL
) -> None:
    rows = add(registry, 6)
    table.append(10, keep)
    at_once(3, lambda _: _requeue(url))
    assert sorted(
        place.number for place in registry.log(2).places([one.code for one in rows]).values()
    ) == [0, 1]
