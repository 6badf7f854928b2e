"""What became of documents: each rule, and that a change is whole, durable and once."""

from datetime import timedelta

import pytest
from sqlalchemy import URL, event

from signedcert.errors import Reason
from signedcert.registry.errors import ConflictError
from signedcert.registry.registry import DocumentRow, Registry
from signedcert.registry.statuses import (
    STATUS_WORDS,
    CurrentStatus,
    NotValid,
    RefusedChangesError,
    StatusChange,
    StatusTable,
)
from signedcert.trust.reasons import WHY
from signedcert.trust.statuslist import REPLACED, REVOKED, SUSPENDED, VALID
from tests.institution.homes import NOW
from tests.registry.databases import execute
from tests.registry.test_registry import row
from tests.registry.test_shares import at_once

SINCE = "2026-07-01T10:30:00Z"


@pytest.fixture
def table(registry: Registry) -> StatusTable:
    return registry.statuses


@pytest.fixture
def document(registry: Registry) -> DocumentRow:
    """A document that is valid."""
    added = row("ada")
    registry.add([added])
    return added


def change(document: DocumentRow, status: int, reason: str | None = "other") -> StatusChange:
    """A change with a reason that every status but one has."""
    return StatusChange(document.code, status, None if status == VALID else reason)


def refusals(table: StatusTable, *changes: StatusChange) -> dict[int, Reason]:
    """The reasons for which changes are refused, by position."""
    with pytest.raises(RefusedChangesError) as caught:
        table.change(changes, NOW)
    return {position: error.reason for position, error in caught.value.errors.items()}


def rows(url: URL) -> list[tuple[object, ...]]:
    """All that is written down."""
    return execute(url, "SELECT status, reason, at FROM status_changes ORDER BY number")


def bring(table: StatusTable, document: DocumentRow, status: int) -> None:
    """Gives a new document a status."""
    if status != VALID:
        table.change([change(document, status)], NOW)


def replace(registry: Registry, old: DocumentRow, new: DocumentRow) -> None:
    """Puts one document in the place of another."""
    registry.replace([old.code], [change(old, REPLACED)], [new], NOW)


# one document


def test_a_new_document_is_valid_since_ever(table: StatusTable, document: DocumentRow) -> None:
    assert table.of(document.code) == CurrentStatus(VALID, None, None)
    assert table.not_valid() == []


def test_of_an_unknown_document_nothing_holds(table: StatusTable) -> None:
    assert table.of(row().code) is None


RULES = {
    (VALID, VALID): "status-unchanged",
    (VALID, REVOKED): None,
    (VALID, SUSPENDED): None,
    (VALID, REPLACED): None,
    (SUSPENDED, VALID): None,
    (SUSPENDED, REVOKED): None,
    (SUSPENDED, SUSPENDED): "status-unchanged",
    (SUSPENDED, REPLACED): None,
    (REVOKED, VALID): "status-final",
    (REVOKED, REVOKED): "status-unchanged",
    (REVOKED, SUSPENDED): "status-final",
    (REVOKED, REPLACED): "status-final",
    (REPLACED, VALID): "status-final",
    (REPLACED, REVOKED): "status-final",
    (REPLACED, SUSPENDED): "status-final",
    (REPLACED, REPLACED): "status-unchanged",
}


def test_the_table_of_rules_is_whole() -> None:
    assert len(RULES) == len(STATUS_WORDS) ** 2


@pytest.mark.parametrize(("before", "after"), RULES)
def test_each_step_is_made_or_refused(
    table: StatusTable, document: DocumentRow, url: URL, before: int, after: int
) -> None:
    bring(table, document, before)
    written = rows(url)
    reason = RULES[before, after]
    if reason is None:
        table.change([change(document, after)], NOW + timedelta(days=1))
        word = None if after == VALID else "other"
        assert table.of(document.code) == CurrentStatus(after, word, "2026-07-02T10:30:00Z")
        assert rows(url)[: len(written)] == written
        assert len(rows(url)) == len(written) + 1
    else:
        assert refusals(table, change(document, after)) == {0: reason}
        assert rows(url) == written


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        *((status, "") for status in range(4)),
        *((status, "under review") for status in range(4)),
        *((status, None) for status in (REVOKED, SUSPENDED, REPLACED)),
        (VALID, "other"),
        (REVOKED, "corrected"),
        (REVOKED, "under-review"),
        (SUSPENDED, "misconduct"),
        (REPLACED, "issued-in-error"),
    ],
)
def test_a_reason_of_another_status_is_refused(
    table: StatusTable, document: DocumentRow, url: URL, status: int, reason: str | None
) -> None:
    if status == VALID:
        bring(table, document, SUSPENDED)
    written = rows(url)
    assert refusals(table, StatusChange(document.code, status, reason)) == {0: "reason-unknown"}
    assert rows(url) == written


@pytest.mark.parametrize(
    ("status", "reason"), [(status, why) for status, words in WHY.items() for why in words]
)
def test_every_reason_of_a_status_is_taken(
    table: StatusTable, document: DocumentRow, status: int, reason: str
) -> None:
    table.change([StatusChange(document.code, status, reason)], NOW)
    assert table.of(document.code) == CurrentStatus(status, reason, SINCE)


# many documents


def test_all_changes_are_made_or_none_with_each_error_in_its_place(
    table: StatusTable, registry: Registry, url: URL
) -> None:
    known = [row() for _ in range(3)]
    registry.add(known)
    table.change([change(known[0], REVOKED)], NOW)
    written = rows(url)
    assert refusals(
        table,
        change(known[1], REVOKED),
        change(known[0], SUSPENDED),
        change(row(), REVOKED),
        change(known[2], REVOKED, "misconducts"),
        change(known[1], REVOKED),
    ) == {1: "status-final", 2: "document-unknown", 3: "reason-unknown", 4: "status-unchanged"}
    assert rows(url) == written
    assert table.of(known[1].code) == CurrentStatus(VALID)


def test_changes_follow_one_another_as_they_stand(
    table: StatusTable, document: DocumentRow, url: URL
) -> None:
    steps = (SUSPENDED, VALID, SUSPENDED, REVOKED)
    table.change([change(document, status) for status in steps], NOW)
    assert [status for status, *_ in rows(url)] == list(steps)
    assert table.of(document.code) == CurrentStatus(REVOKED, "other", SINCE)


def test_no_changes_are_nothing_to_do(table: StatusTable, url: URL) -> None:
    table.change([], NOW)
    assert rows(url) == []


def test_more_than_a_statement_takes_are_one_transaction(
    table: StatusTable, registry: Registry, url: URL
) -> None:
    known = [row() for _ in range(1201)]
    registry.add(known)
    changes = [change(one, REVOKED) for one in known]
    assert refusals(table, *changes, change(row(), REVOKED)) == {1201: "document-unknown"}
    assert rows(url) == []
    table.change(changes, NOW)
    assert len(rows(url)) == len(table.not_valid()) == 1201


def test_what_is_not_valid_comes_by_list_and_index_with_its_newest_status(
    table: StatusTable, registry: Registry
) -> None:
    places = [(2, 7), (1, 9), (1, 3), (2, 1), (1, 1)]
    known = [row(status_list=number, status_index=index) for number, index in places]
    registry.add(known)
    for one in known[:4]:
        table.change([change(one, SUSPENDED, "under-review")], NOW)
    table.change([change(known[2], REVOKED, "misconduct")], NOW + timedelta(hours=1))
    table.change([change(known[1], VALID)], NOW + timedelta(hours=2))
    assert table.not_valid() == [
        NotValid(1, 3, REVOKED, "misconduct", "2026-07-01T11:30:00Z"),
        NotValid(2, 1, SUSPENDED, "under-review", SINCE),
        NotValid(2, 7, SUSPENDED, "under-review", SINCE),
    ]
    assert table.lists() == 2


def test_of_many_the_newest_status_of_those_that_ever_changed_is_told(
    table: StatusTable, registry: Registry
) -> None:
    known = [row() for _ in range(1201)]
    registry.add(known)
    for one in known[::400]:
        table.change([change(one, SUSPENDED)], NOW)
    table.change([change(known[0], REVOKED), change(known[400], VALID)], NOW)
    assert table.among([one.code for one in (*known, row())]) == {
        known[0].code: REVOKED,
        known[400].code: VALID,
        known[800].code: SUSPENDED,
        known[1200].code: SUSPENDED,
    }
    assert table.among([one.code for one in known[1:400]]) == table.among([]) == {}


def test_there_is_a_list_before_there_is_a_document(table: StatusTable) -> None:
    assert table.lists() == 1


# at the same time, and after a crash


def test_of_many_who_revoke_at_once_one_does(
    table: StatusTable, document: DocumentRow, url: URL
) -> None:
    def revoke(_: int) -> str:
        try:
            table.change([change(document, REVOKED)], NOW)
        except RefusedChangesError as refused:
            return refused.errors[0].reason
        return "done"

    assert sorted(map(str, at_once(8, revoke))) == ["done", *["status-unchanged"] * 7]
    assert len(rows(url)) == 1


def test_of_two_who_restore_and_revoke_the_final_one_stays(
    table: StatusTable, document: DocumentRow, url: URL
) -> None:
    for _ in range(5):
        bring(table, document, SUSPENDED)

        def step(number: int) -> str:
            try:
                table.change([change(document, REPLACED if number else VALID)], NOW)
            except RefusedChangesError as refused:
                return refused.errors[0].reason
            return "done"

        outcomes = sorted(map(str, at_once(2, step)))
        assert outcomes in (["done", "done"], ["done", "status-final"])
        status = table.of(document.code)
        assert status is not None
        assert status.status == REPLACED
        execute(url, "DELETE FROM status_changes")


def test_a_transaction_that_does_not_end_leaves_nothing(
    table: StatusTable, registry: Registry, document: DocumentRow, url: URL
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    event.listen(registry._engine, "commit", fail)
    with pytest.raises(KeyboardInterrupt):
        table.change([change(document, REVOKED)], NOW)
    event.remove(registry._engine, "commit", fail)
    assert rows(url) == []
    assert table.of(document.code) == CurrentStatus(VALID)


# replaced


def test_a_replacement_is_the_current_document_and_the_old_one_stays_beside_it(
    table: StatusTable, registry: Registry, document: DocumentRow
) -> None:
    new = row("ada")
    registry.replace([document.code], [change(document, REPLACED, "renamed")], [new], NOW)
    assert registry.find_current([document.key]) == {document.key: new}
    assert registry.find(document.code) == document
    assert table.of(document.code) == CurrentStatus(REPLACED, "renamed", SINCE)
    assert table.of(new.code) == CurrentStatus(VALID)


def test_a_replacement_that_conflicts_changes_nothing(
    table: StatusTable, registry: Registry, document: DocumentRow
) -> None:
    for wrong in ({"code": document.code}, {"status_index": document.status_index}):
        with pytest.raises(ConflictError):
            replace(registry, document, row("ada", **wrong))
    assert registry.find_current([document.key]) == {document.key: document}
    assert table.of(document.code) == CurrentStatus(VALID)


def test_of_many_replacements_all_are_written_or_none(
    table: StatusTable, registry: Registry, url: URL
) -> None:
    known = [row(f"s-{n}") for n in range(3)]
    registry.add(known)
    table.change([change(known[1], REVOKED)], NOW)
    new, others = [row(one.key.learner_id) for one in known], [row("fresh")]
    codes = [one.code for one in known]
    changes = [change(one, REPLACED) for one in known]
    with pytest.raises(RefusedChangesError) as caught:
        registry.replace(codes, changes, [*new, *others], NOW)
    assert list(caught.value.errors) == [1]
    taken = row("ada", status_index=known[0].status_index)
    with pytest.raises(ConflictError):
        registry.replace(codes, changes[::2], [*new, taken], NOW)
    keys = [one.key for one in known]
    assert registry.find_current(keys) == {one.key: one for one in known}
    assert len(rows(url)) == 1
    registry.replace(codes, changes[::2], [*new, *others], NOW)
    assert registry.find_current(keys) == {one.key: one for one in new}
    assert registry.find_all(codes) == {one.code: one for one in known}
    assert table.among(codes) == dict(zip(codes, (REPLACED, REVOKED, REPLACED), strict=True))
    assert registry.find_current([others[0].key]) == {others[0].key: others[0]}


def test_of_two_who_replace_one_document_one_does(
    registry: Registry, document: DocumentRow
) -> None:
    def attempt(_: int) -> str:
        try:
            replace(registry, document, row("ada"))
        except RefusedChangesError as refused:
            return refused.errors[0].reason
        return "done"

    assert sorted(map(str, at_once(4, attempt))) == ["done", *["status-unchanged"] * 3]
    assert registry.count() == 2
