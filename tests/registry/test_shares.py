"""Shares, their openings and logins: what is live is found, and only that."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from threading import Barrier, Thread

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, event, insert, text
from sqlalchemy.exc import DatabaseError

from signedcert.core.encoding import format_time
from signedcert.errors import ConfigurationError
from signedcert.registry import tables
from signedcert.registry.migrations.versions import m0002_shares
from signedcert.registry.registry import REVISION, DocumentRow, Registry, _values
from signedcert.registry.shares import MAX_OPENINGS, Opening, ShareLog, ShareRow, ShareTable
from tests.core.refusal import refused
from tests.institution.homes import NOW
from tests.registry.databases import ON_SQLITE, add_file, execute
from tests.registry.test_registry import row

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
END = NOW + timedelta(days=30)


def digest(word: str) -> bytes:
    """What stands for the digest of a token."""
    return hashlib.sha256(word.encode()).digest()


@pytest.fixture
def table(registry: Registry) -> ShareTable:
    return registry.shares


@pytest.fixture
def record(registry: Registry) -> DocumentRow:
    """A document to share."""
    added = row("ada")
    registry.add([added])
    return added


def add(table: ShareTable, record: DocumentRow, word: str = "token", **changes: object) -> int:
    """A share of two results, for a month."""
    values: dict[str, object] = {
        "document": record.code,
        "learner_id": "ada",
        "results": (1, 3),
        "with_name": True,
        "label": "Acme, for the job",
        "created": NOW,
        "expires": END,
    }
    return table.add(digest(word), **(values | changes))  # type: ignore[arg-type]


def at_once(count: int, function: Callable[[int], object]) -> list[object]:
    """What ``function`` returns to threads that call it at the same time."""
    barrier, results = Barrier(count), []

    def call(number: int) -> None:
        barrier.wait()
        try:
            results.append(function(number))
        except BaseException as error:  # noqa: BLE001 - reported by the test
            results.append(error)

    threads = [Thread(target=call, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# shares


def test_a_share_is_found_as_it_was_written(table: ShareTable, record: DocumentRow) -> None:
    number = add(table, record)
    expected = ShareRow(
        number,
        record.code,
        "ada",
        (1, 3),
        with_name=True,
        label="Acme, for the job",
        created="2026-07-01T10:30:00Z",
        expires="2026-07-31T10:30:00Z",
        ended=None,
    )
    assert table.find(digest("token"), NOW) == expected
    assert table.of_learner("ada") == [ShareLog(expected, (), 0)]


def test_a_share_may_show_nothing_and_have_no_end(table: ShareTable, record: DocumentRow) -> None:
    add(table, record, results=(), with_name=False, expires=None)
    found = table.find(digest("token"), NOW + timedelta(days=36500))
    assert found is not None
    assert (found.results, found.with_name, found.expires) == ((), False, None)
    assert type(found.with_name) is bool


def test_numbers_are_never_given_twice(table: ShareTable, record: DocumentRow, url: URL) -> None:
    first, second = add(table, record, "one"), add(table, record, "two")
    execute(url, "DELETE FROM shares")
    assert first < second < add(table, record, "three")


def test_a_document_that_is_not_there_is_not_shared(table: ShareTable) -> None:
    unknown = row()
    with refused("wrong-value", "document"):
        add(table, unknown)
    assert table.of_learner("ada") == []


def test_a_document_that_is_shared_is_not_deleted(
    table: ShareTable, registry: Registry, record: DocumentRow
) -> None:
    """SQLite keeps references only for those who ask it to."""
    add(table, record)
    with (
        pytest.raises(Exception, match=r"(?i)foreign key"),
        registry._engine.begin() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM documents")
    assert registry.count() == 1


@pytest.mark.parametrize(
    ("after", "live"),
    [(timedelta(0), True), (END - NOW - SECOND, True), (END - NOW, False), (END - NOW + SECOND, 0)],
)
def test_a_share_is_live_until_it_expires(
    table: ShareTable, record: DocumentRow, after: timedelta, live: object
) -> None:
    add(table, record)
    assert (table.find(digest("token"), NOW + after) is not None) == bool(live)


def test_an_ended_share_is_not_found(table: ShareTable, record: DocumentRow) -> None:
    add(table, record, expires=None)
    add(table, record, "another", expires=None)
    assert table.end("ada", 1, NOW) == 1
    assert table.find(digest("token"), NOW) is None
    assert table.find(digest("another"), NOW) is not None


@ON_SQLITE
def test_unknown_ended_and_expired_shares_take_the_same_path(
    table: ShareTable, registry: Registry, record: DocumentRow
) -> None:
    table.end("ada", add(table, record, "ended"), NOW)
    add(table, record, "expired", expires=NOW + SECOND)
    add(table, record, "live")
    statements: list[str] = []
    connection = registry._engine.raw_connection()
    connection.driver_connection.set_trace_callback(statements.append)  # type: ignore[union-attr]
    connection.close()

    def path(word: str) -> list[str]:
        statements.clear()
        assert (table.find(digest(word), NOW + MINUTE) is None) == (word != "live")
        return [re.sub("x'[0-9A-Fa-f]*'", "TOKEN", one, flags=re.IGNORECASE) for one in statements]

    paths = [path(word) for word in ("unknown", "ended", "expired", "live")]
    assert len(paths[0]) == 1
    assert paths[0][0].count("TOKEN") == 1
    assert paths == [paths[0]] * 4


@ON_SQLITE
def test_a_share_is_found_by_the_index_of_its_token(table: ShareTable, registry: Registry) -> None:
    with registry._engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {table._find}", (b"", ""))
        (step,) = [line.detail for line in plan]
    assert step == "SEARCH shares USING INDEX sqlite_autoindex_shares_1 (token=?)"


def test_a_connection_is_given_back_whatever_happens(
    table: ShareTable, registry: Registry, url: URL
) -> None:
    execute(url, "ALTER TABLE shares RENAME TO elsewhere")
    for _ in range(20):  # more than the pool has
        with pytest.raises(Exception, match=r"no such table|does not exist"):
            table.find(digest("token"), NOW)
    assert registry._engine.pool.checkedout() == 0  # type: ignore[attr-defined]


# openings


def test_openings_are_counted_by_the_minute(
    table: ShareTable, record: DocumentRow, url: URL
) -> None:
    number, other = add(table, record), add(table, record, "other")
    for seconds in (0, 1, 29.5, 30, 95, 3600):
        table.record_opening(number, NOW + timedelta(seconds=seconds))
    table.record_opening(other, NOW.astimezone(timezone(timedelta(hours=5, minutes=45))))
    first, second = table.of_learner("ada")[::-1]
    assert first.openings == (
        Opening("2026-07-01T11:30:00Z", 1),
        Opening("2026-07-01T10:31:00Z", 1),
        Opening("2026-07-01T10:30:00Z", 4),
    )
    assert second.openings == (Opening("2026-07-01T10:30:00Z", 1),)
    assert (first.times, second.times) == (6, 1)
    assert execute(url, "SELECT count(*) FROM openings") == [(4,)]


def test_of_very_many_openings_the_last_hundred_minutes_are_listed_and_all_counted(
    table: ShareTable, record: DocumentRow
) -> None:
    often, once = add(table, record), add(table, record, "other")
    for minute in range(103):
        table.record_opening(often, NOW + minute * MINUTE)
    table.record_opening(often, NOW)
    table.record_opening(once, NOW)
    last, first = table.of_learner("ada")
    assert (first.times, len(first.openings)) == (104, MAX_OPENINGS)
    assert first.openings[0].minute == format_time(NOW + 102 * MINUTE)
    assert first.openings[-1].minute == format_time(NOW + 3 * MINUTE)
    assert (last.times, len(last.openings)) == (1, 1)


def test_an_error_of_the_database_names_nobody(registry: Registry, record: DocumentRow) -> None:
    with pytest.raises(DatabaseError) as raised, registry._engine.begin() as connection:
        connection.execute(text("SELECT :name FROM nowhere"), {"name": record.key.learner_id})
    assert "nowhere" in str(raised.value)
    assert record.key.learner_id not in str(raised.value)


def test_openings_at_once_are_all_counted(table: ShareTable, record: DocumentRow) -> None:
    number = add(table, record)

    def open_it(_: int) -> None:
        for _ in range(5):
            table.record_opening(number, NOW)

    assert at_once(8, open_it) == [None] * 8
    ((_, (opening,), _),) = table.of_learner("ada")
    assert opening.times == 40


# a learner's shares


def test_a_learner_sees_all_own_shares_the_newest_first(
    table: ShareTable, record: DocumentRow
) -> None:
    numbers = [add(table, record, word, expires=NOW + MINUTE) for word in "abc"]
    add(table, record, "of another", learner_id="bob")
    table.end("ada", numbers[1], NOW)
    listed = [log.share for log in table.of_learner("ada")]
    assert [share.number for share in listed] == numbers[::-1]
    assert [share.ended for share in listed] == [None, "2026-07-01T10:30:00Z", None]
    assert table.of_learner("nobody") == []


def test_a_share_is_ended_once(table: ShareTable, record: DocumentRow) -> None:
    number = add(table, record)
    assert table.end("ada", number, NOW) == 1
    assert table.end("ada", number, NOW + SECOND) == 0
    assert table.end("ada", None, NOW + SECOND) == 0
    (log,) = table.of_learner("ada")
    assert log.share.ended == format_time(NOW)


def test_all_live_shares_of_a_learner_are_ended(table: ShareTable, record: DocumentRow) -> None:
    for word in ("a", "b", "c"):
        add(table, record, word)
    expired = add(table, record, "expired", expires=NOW + SECOND)
    add(table, record, "of another", learner_id="bob")
    assert table.end("ada", 1, NOW) == 1
    assert table.end("ada", None, NOW + SECOND) == 2
    assert table.end("ada", expired, NOW + SECOND) == 0
    assert [log.share.ended is None for log in table.of_learner("ada")] == [True, *[False] * 3]
    assert table.find(digest("of another"), NOW + SECOND) is not None


def test_a_share_of_another_learner_is_never_touched(
    table: ShareTable, record: DocumentRow
) -> None:
    number = add(table, record)
    assert table.end("bob", number, NOW) == 0
    assert table.end("bob", None, NOW) == 0
    assert table.find(digest("token"), NOW) is not None


def test_of_several_that_end_a_share_at_once_one_is_told(
    table: ShareTable, record: DocumentRow
) -> None:
    number = add(table, record)
    assert sorted(at_once(8, lambda _: table.end("ada", number, NOW)), key=str) == [0] * 7 + [1]


# logins


def test_a_link_is_taken_once(table: ShareTable) -> None:
    table.add_login(digest("link"), "link", "ada", expires=NOW + MINUTE, at=NOW)
    table.add_login(digest("other"), "link", "bob", expires=NOW + MINUTE, at=NOW)
    assert table.take_link(digest("link"), NOW) == "ada"
    assert table.take_link(digest("link"), NOW) is None
    assert table.take_link(digest("other"), NOW) == "bob"


@pytest.mark.parametrize("round_", range(5))
def test_of_several_that_take_a_link_at_once_one_gets_it(table: ShareTable, round_: int) -> None:
    word = str(round_)
    table.add_login(digest(word), "link", "ada", expires=NOW + MINUTE, at=NOW)
    taken = at_once(8, lambda _: table.take_link(digest(word), NOW))
    assert sorted(taken, key=str) == [None] * 7 + ["ada"]


def test_a_link_and_a_session_are_over_when_they_expire(table: ShareTable) -> None:
    for kind in ("link", "session"):
        table.add_login(digest(kind), kind, "ada", expires=NOW + MINUTE, at=NOW)
    assert table.take_link(digest("link"), NOW + MINUTE) is None
    assert table.find_session(digest("session"), NOW + MINUTE) is None
    assert table.find_session(digest("session"), NOW + MINUTE - SECOND) == "ada"
    assert table.take_link(digest("link"), NOW + MINUTE - SECOND) == "ada"


def test_a_link_is_no_session_and_a_session_no_link(table: ShareTable) -> None:
    table.add_login(digest("link"), "link", "ada", expires=END, at=NOW)
    table.add_login(digest("session"), "session", "ada", expires=END, at=NOW)
    assert table.find_session(digest("link"), NOW) is None
    assert table.take_link(digest("session"), NOW) is None
    table.end_session(digest("link"))
    assert table.take_link(digest("link"), NOW) == "ada"
    assert table.find_session(digest("session"), NOW) == "ada"


def test_a_session_ends_when_its_learner_signs_out(table: ShareTable) -> None:
    for word in ("one", "two"):
        table.add_login(digest(word), "session", "ada", expires=END, at=NOW)
    table.end_session(digest("one"))
    table.end_session(digest("one"))
    assert table.find_session(digest("one"), NOW) is None
    assert table.find_session(digest("two"), NOW) == "ada"


def test_logins_that_have_expired_are_deleted_with_the_next(table: ShareTable, url: URL) -> None:
    for seconds in (1, 2, 3):
        expires = NOW + seconds * SECOND
        table.add_login(digest(str(seconds)), "session", "ada", expires=expires, at=NOW)
    table.add_login(digest("new"), "link", "bob", expires=END, at=NOW + 2 * SECOND)
    kept = {one for (one,) in execute(url, "SELECT token FROM logins")}
    assert kept == {digest("3"), digest("new")}


@ON_SQLITE
def test_old_logins_are_found_by_their_index(table: ShareTable, registry: Registry) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []
    event.listen(
        registry._engine,
        "before_cursor_execute",
        lambda *values: asked.append((values[2], values[3])),
    )
    table.add_login(digest("new"), "link", "ada", expires=END, at=NOW)
    ((statement, values),) = [one for one in asked if one[0].startswith("DELETE")]
    with registry._engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        (step,) = [line.detail for line in plan]
    assert "INDEX logins_expires (expires<?)" in step


# migration


def make_first_revision(url: URL) -> Registry:
    """A registry as the first release left it."""
    add_file(url)
    registry = Registry.attach(url)
    config = Config()
    scripts = resources.files("signedcert.registry") / "migrations"
    config.set_main_option("script_location", str(scripts))
    with registry._engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    return registry


def test_a_registry_of_the_first_release_keeps_its_documents(url: URL) -> None:
    old = make_first_revision(url)
    documents = [row() for _ in range(3)]
    with old._engine.begin() as connection:
        connection.execute(insert(tables.documents), list(map(_values, documents)))
    with refused("registry-version", kind=ConfigurationError):
        Registry.open(url)
    before = execute(url, "SELECT * FROM documents ORDER BY number")
    assert (old.revision(), len(before)) == ("0001", 3)
    assert old.migrate() == ("0001", REVISION)
    old.close()
    assert execute(url, "SELECT * FROM documents ORDER BY number") == before
    migrated = Registry.open(url)
    assert [migrated.find(one.code) for one in documents] == documents
    add(migrated.shares, documents[0])
    assert migrated.shares.find(digest("token"), NOW) is not None
    migrated.close()


def test_the_second_migration_is_not_taken_back() -> None:
    with pytest.raises(RuntimeError, match="restore a backup"):
        m0002_shares.downgrade()


def test_times_that_are_written_are_utc(table: ShareTable, record: DocumentRow) -> None:
    elsewhere = NOW.astimezone(timezone(-timedelta(hours=7)))
    add(table, record, created=elsewhere, expires=elsewhere + MINUTE)
    found = table.find(digest("token"), elsewhere)
    assert found is not None
    assert (found.created, found.expires) == ("2026-07-01T10:30:00Z", "2026-07-01T10:31:00Z")
    assert datetime.fromisoformat(found.created).tzinfo is UTC
