"""The registry: what is in it is on disk, whole, and once."""

from itertools import count, pairwise
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, event, select

from signedcert.core.code import VerificationCode
from signedcert.documents.course import Course
from signedcert.errors import ConfigurationError, IssueError
from signedcert.registry import places as module
from signedcert.registry.engine import sqlite_url
from signedcert.registry.errors import ConflictError
from signedcert.registry.registry import REVISION, DocumentKey, DocumentRow, Registry
from signedcert.registry.tables import documents, metadata
from tests.core.refusal import refused
from tests.institution.homes import NOW, another_course, newer
from tests.postgres import PostgreSQL
from tests.reference import course as reference_course
from tests.registry.databases import ON_POSTGRESQL, ON_SQLITE, add_file, execute

_numbers = count(1)
#: All that a database says of its tables.
SCHEMA = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%' ORDER BY name",
    "postgresql": """
        SELECT table_name, column_name, data_type || coalesce(character_maximum_length::text, '')
            || is_nullable || coalesce(column_default, '')
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        ORDER BY 1, 2, 3
    """,
}


def row(learner: str = "", **changes: object) -> DocumentRow:
    """A document like no other."""
    number = next(_numbers)
    values: dict[str, object] = {
        "key": DocumentKey("certificate", learner or f"s-{number}", "operations", "2026"),
        "code": VerificationCode.derive(number.to_bytes(8), b""),
        "document_id": str(UUID(int=number)),
        "course_version": 1,
        "claims": bytes(32),
        "document": f"header.{number}.signature",
        "issued": "2026-07-01T10:30:00Z",
        "entry": number.to_bytes(32),
        "status_list": 1,
        "status_index": number,
    }
    return DocumentRow(**(values | changes))  # type: ignore[arg-type]


def set_revision(url: URL, revision: str) -> None:
    """Says that another release wrote the registry."""
    execute(url, f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608


# create, open, migrate


def test_a_new_registry_is_empty_and_at_this_releases_revision(registry: Registry) -> None:
    assert registry.revision() == REVISION
    assert (registry.count(), registry.courses()) == (0, [])


def test_what_was_added_is_there_after_opening_again(registry: Registry, url: URL) -> None:
    document = row()
    registry.add([document])
    registry.close()
    again = Registry.open(url)
    try:
        assert again.find(document.code) == document
    finally:
        again.close()


def test_a_database_without_tables_is_refused_until_it_is_migrated(url: URL) -> None:
    add_file(url)
    empty = Registry.attach(url)
    assert empty.revision() is None
    with refused("registry-version", kind=ConfigurationError):
        Registry.open(url)
    assert empty.migrate() == (None, REVISION)
    empty.close()
    opened = Registry.open(url)
    assert opened.count() == 0
    opened.close()


def test_a_version_table_without_a_row_is_no_revision(registry: Registry, url: URL) -> None:
    execute(url, "DELETE FROM alembic_version")
    assert registry.revision() is None


@pytest.mark.parametrize(
    ("revision", "advice"), [("0000", "run: signedcert migrate"), ("9999", "newer release")]
)
def test_the_registry_of_another_release_is_refused_with_advice(
    registry: Registry, url: URL, revision: str, advice: str
) -> None:
    registry.close()
    set_revision(url, revision)
    with pytest.raises(ConfigurationError, match=advice) as caught:
        Registry.open(url)
    assert caught.value.reason == "registry-version"
    assert revision in caught.value.message


def test_the_registry_of_a_newer_release_is_not_migrated(registry: Registry, url: URL) -> None:
    registry.add([row()])
    set_revision(url, "9999")
    with refused("registry-version", kind=ConfigurationError):
        registry.migrate()
    assert registry.revision() == "9999"
    assert registry.count() == 1


def test_migrating_twice_changes_nothing(registry: Registry, url: URL) -> None:
    registry.add([row()])
    before = execute(url, SCHEMA[url.get_backend_name()])
    assert registry.migrate() == (REVISION, REVISION)
    assert execute(url, SCHEMA[url.get_backend_name()]) == before
    assert registry.count() == 1


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(registry: Registry) -> None:
    with registry._engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


@ON_SQLITE
def test_the_migrations_make_the_same_constraints_as_the_table_definitions(
    registry: Registry, url: URL, tmp_path: Path
) -> None:
    """Alembic compares no CHECK, no partial index and no AUTOINCREMENT; SQLite's own text does."""
    other = sqlite_url(tmp_path / "other.sqlite")
    (tmp_path / "other.sqlite").touch()
    plain = Registry.attach(other)
    metadata.create_all(plain._engine)
    plain.close()
    registry.close()

    def normal(rows: list[tuple[object, ...]]) -> list[tuple[object, str]]:
        return [(name, "".join(str(sql).split())) for name, sql in rows]

    assert normal(execute(url, SCHEMA["sqlite"])) == normal(execute(other, SCHEMA["sqlite"]))


@ON_POSTGRESQL
def test_the_migrations_make_the_same_constraints_on_a_server_but_for_one_condition(
    registry: Registry, url: URL, postgres: PostgreSQL
) -> None:
    """That one the table definitions do not have: there can be one current document only."""
    with postgres.database(migrated=False) as other:
        plain = Registry.attach(other)
        metadata.create_all(plain._engine)
        plain.close()
        made = set(execute(other, SCHEMA["postgresql"]))
    migrated = {one for one in execute(url, SCHEMA["postgresql"]) if "alembic" not in str(one)}
    ((_, _, without),) = made - migrated
    assert migrated - made == {("documents", "documents_current", f"{without} WHERE current")}
    assert registry.count() == 0


def test_a_migration_is_not_taken_back() -> None:
    from signedcert.registry.migrations.versions import m0001_documents  # noqa: PLC0415

    with pytest.raises(RuntimeError, match="restore a backup"):
        m0001_documents.downgrade()


def test_a_directory_that_does_not_exist_is_no_registry(tmp_path: Path) -> None:
    with refused("registry-missing", kind=ConfigurationError):
        Registry.open(sqlite_url(tmp_path / "missing" / "registry.sqlite"))


def test_a_file_that_is_no_database_is_no_registry(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    path.write_bytes(b"this is a text file, and a long one at that. " * 100)
    with refused("registry-version", kind=ConfigurationError):
        Registry.open(sqlite_url(path))
    assert path.read_bytes().startswith(b"this is a text file")


@pytest.mark.parametrize(
    "wrong", ["registry.sqlite", "", "unheard-of://host/registry", "mysql://host/registry"]
)
def test_a_url_that_names_no_database_is_a_wrong_setting(wrong: str) -> None:
    with refused("setting-invalid", "registry", ConfigurationError):
        Registry.attach(wrong)


def test_a_path_with_unusual_characters_is_the_file_of_that_name(tmp_path: Path) -> None:
    path = tmp_path / "50 %41 ümlaut #1 + & ; what?" / "registry.sqlite"
    path.parent.mkdir()
    Registry.create(sqlite_url(path)).close()
    assert path.is_file()


# durability


@ON_SQLITE
def test_every_connection_syncs_each_commit_and_lets_readers_read(registry: Registry) -> None:
    with registry._engine.connect() as first, registry._engine.connect() as second:
        for connection in (first, second):
            pragma = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("synchronous", "journal_mode", "busy_timeout")
            }
            full = 2
            assert pragma == {"synchronous": full, "journal_mode": "wal", "busy_timeout": 30000}


def test_a_reader_sees_nothing_of_a_batch_before_it_is_committed(
    registry: Registry, url: URL
) -> None:
    reader = Registry.open(url)
    seen: list[int] = []

    def look(*_: object) -> None:
        seen.append(reader.count())

    event.listen(registry._engine, "commit", look)
    registry.add([row(), row()])
    assert seen == [0]
    assert reader.count() == 2
    reader.close()


@ON_POSTGRESQL
def test_a_commit_is_synced_and_sees_what_others_committed_whatever_the_database_says(
    registry: Registry, url: URL
) -> None:
    settings = {"synchronous_commit": "off", "default_transaction_isolation": "serializable"}
    for name, value in settings.items():
        execute(url, f"ALTER DATABASE {url.database} SET {name} = '{value}'")
    again = Registry.open(url)
    with again._engine.connect() as connection:
        shown = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in settings]
    again.close()
    assert shown == ["on", "read committed"]
    assert registry.count() == 0


# courses


def test_a_course_is_published_once(registry: Registry) -> None:
    assert registry.add_course(reference_course(), NOW) is True
    assert registry.add_course(reference_course(), NOW) is False
    assert [found.text for found in registry.courses()] == [reference_course().text]


def test_a_published_version_keeps_its_text(registry: Registry) -> None:
    course = reference_course()
    registry.add_course(course, NOW)
    respelled = Course.parse(course.text.encode() + b"\n")
    with refused("course-exists", f"course {course.id}", IssueError):
        registry.add_course(respelled, NOW)
    found = registry.course(course.id)
    assert found is not None
    assert found.text == course.text


def test_the_catalogue_has_the_newest_version_of_each_course_by_id(registry: Registry) -> None:
    course = reference_course()
    tenth = newer(course, version=10, title="Ten")
    for one in (tenth, another_course(), newer(course), course):
        registry.add_course(one, NOW)
    expected = [(another_course().id, 1), (course.id, 10)]
    assert [(found.id, found.version) for found in registry.courses()] == expected


def test_courses_have_one_order_in_all_databases(registry: Registry) -> None:
    names = ["a-c", "a0", "ab", "ab-a", "aba", "b"]
    for name in reversed(names):
        registry.add_course(newer(reference_course(), id=name), NOW)
    assert [found.id for found in registry.courses()] == names


def test_a_course_is_found_by_id_and_version_or_the_newest(registry: Registry) -> None:
    course = reference_course()
    registry.add_course(course, NOW)
    registry.add_course(newer(course), NOW)
    versions = [registry.course(course.id, version) for version in (None, 1, 2, 3)]
    assert [found and found.version for found in versions] == [2, 1, 2, None]
    assert registry.course("unheard-of") is None
    assert registry.course(f"{course.id}\0") is None


def test_two_processes_that_publish_the_same_course_both_succeed(
    registry: Registry, url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Registry.open(url)
    course = reference_course()
    look = Registry.course

    def look_too_early(self: Registry, *arguments: object) -> object:
        found = look(self, *arguments)  # type: ignore[arg-type]
        if self is registry and other.course(course.id) is None:
            other.add_course(course, NOW)
        return found

    monkeypatch.setattr(Registry, "course", look_too_early)
    assert registry.add_course(course, NOW) is False
    other.close()


# documents


def test_a_document_is_found_by_its_code_and_no_other(registry: Registry) -> None:
    first, second = row(), row()
    registry.add([first, second])
    assert registry.find(first.code) == first
    assert registry.find(second.code) == second
    assert registry.find(VerificationCode.derive(b"", b"")) is None


def test_a_thousand_keys_are_looked_up_at_once(registry: Registry) -> None:
    rows = [row() for _ in range(1000)]
    registry.add(rows)
    missing = [one.key._replace(run="another") for one in rows[:300]]
    wanted = [key for pair in zip(missing, [one.key for one in rows[:300]]) for key in pair]  # noqa: B905
    wanted += [one.key for one in rows[300:]]
    assert registry.find_current(wanted) == {one.key: one for one in rows}
    assert registry.count() == 1000


def test_only_the_document_of_the_key_asked_for_is_found(registry: Registry) -> None:
    wanted = row("s-1")
    others = [
        row("s-1", key=wanted.key._replace(run="2025")),
        row("s-1", key=wanted.key._replace(course_id="memory")),
        row("s-1", key=wanted.key._replace(kind="record")),
        row("s-2"),
    ]
    registry.add([wanted, *others])
    assert registry.find_current([wanted.key]) == {wanted.key: wanted}
    assert registry.find_current([]) == {}


def test_a_replaced_document_is_found_by_code_but_is_not_current(
    registry: Registry, url: URL
) -> None:
    old = row("s-1")
    registry.add([old])
    execute(url, "UPDATE documents SET current = false")
    assert registry.find_current([old.key]) == {}
    assert registry.find(old.code) == old
    new = row("s-1")
    registry.add([new])
    assert registry.find_current([old.key]) == {old.key: new}


def test_documents_carry_what_log_and_status_will_need(registry: Registry) -> None:
    registry.add([row()])
    with registry._engine.connect() as connection:
        found = connection.execute(select(documents)).one()
    assert found.log_index is None
    assert found.current is True
    assert len(found.entry) == 32


@pytest.mark.parametrize("taken", ["key", "code", "status"])
def test_a_batch_with_one_taken_value_is_written_not_at_all(registry: Registry, taken: str) -> None:
    there = row()
    registry.add([there])
    names = ("status_list", "status_index") if taken == "status" else (taken,)
    colliding = row(**{name: getattr(there, name) for name in names})
    fresh = [row(), row()]
    with pytest.raises(ConflictError):
        registry.add([fresh[0], colliding, fresh[1]])
    assert registry.count() == 1
    assert registry.find_current([one.key for one in fresh]) == {}
    registry.add(fresh)
    assert registry.count() == 3


def test_a_status_index_beyond_the_list_is_not_written(registry: Registry) -> None:
    with pytest.raises(ConflictError):
        registry.add([row(status_index=2**20)])
    assert registry.count() == 0


# status indices


def test_free_distinct_indices_are_drawn_from_the_first_list(registry: Registry) -> None:
    drawn = registry.draw_status(1000)
    assert len(set(drawn)) == len(drawn) == 1000
    assert {number for number, _ in drawn} == {1}
    assert all(0 <= index < 2**20 for _, index in drawn)
    assert registry.draw_status(0) == []


def test_the_order_in_which_indices_are_drawn_tells_nothing(registry: Registry) -> None:
    indices = [index for _, index in registry.draw_status(1000)]
    assert indices != sorted(indices)
    ascents = sum(a < b for a, b in pairwise(indices))
    assert 350 < ascents < 650  # half of 999; ten standard deviations of 9


def test_taken_indices_are_not_drawn_again(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 600
    monkeypatch.setattr(module, "STATUS_LIST_SIZE", size)
    monkeypatch.setattr(module, "_LIST_CAPACITY", size)
    taken = {(1, index) for index in range(0, size, 2)}
    registry.add(row(status_index=index) for _, index in taken)
    drawn = registry.draw_status(size // 2)
    assert set(drawn) == {(1, index) for index in range(1, size, 2)}


def test_the_next_list_is_begun_when_one_is_half_full(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LIST_CAPACITY", 10)
    registry.add(row() for _ in range(7))
    numbers = [number for number, _ in registry.draw_status(15)]
    assert numbers == [1] * 3 + [2] * 10 + [3] * 2


def test_a_full_list_is_not_drawn_from_again(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LIST_CAPACITY", 10)
    registry.add([*(row() for _ in range(12)), row(status_list=2)])
    assert {number for number, _ in registry.draw_status(9)} == {2}


# two at once


def test_of_two_processes_with_the_same_key_one_is_told(registry: Registry, url: URL) -> None:
    other = Registry.open(url)
    mine, theirs = row("s-1"), row("s-1")
    other.add([theirs])
    with pytest.raises(ConflictError):
        registry.add([mine])
    assert registry.find_current([mine.key]) == {mine.key: theirs}
    other.close()


def test_writers_at_once_wait_for_each_other(url: URL) -> None:
    Registry.create(url).close()
    failures: list[BaseException] = []

    def write(rows: list[DocumentRow]) -> None:
        registry = Registry.open(url)
        try:
            for one in rows:
                registry.add([one])
        except BaseException as error:  # noqa: BLE001 - reported by the test
            failures.append(error)
        finally:
            registry.close()

    threads = [Thread(target=write, args=([row() for _ in range(25)],)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    registry = Registry.open(url)
    assert failures == []
    assert registry.count() == 100
    registry.close()


# speed


@ON_SQLITE
def test_current_documents_are_found_by_their_index_whatever_their_kinds(
    registry: Registry,
) -> None:
    rows = [row(), row(), row(key=DocumentKey("record", "s-0", "operations", "2026"))]
    registry.add(rows)
    asked: list[tuple[str, tuple[object, ...]]] = []

    def listen(
        _: object, __: object, statement: str, values: tuple[object, ...], *___: object
    ) -> None:
        asked.append((statement, values))

    event.listen(registry._engine, "before_cursor_execute", listen)
    assert registry.find_current([one.key for one in rows]) == {one.key: one for one in rows}
    event.remove(registry._engine, "before_cursor_execute", listen)
    asked = [one for one in asked if one[0] != "BEGIN"]
    assert len(asked) == 2
    with registry._engine.connect() as connection:
        for statement, values in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            (step,) = [line.detail for line in plan]
            assert step.startswith(
                "SEARCH documents USING INDEX documents_current (kind=? AND learner_id=?"
            )
