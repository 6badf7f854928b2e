"""``revoke``, ``suspend``, ``restore`` and ``publish``."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from signedcert.core.code import VerificationCode
from signedcert.institution import Institution
from signedcert.trust.snapshot import Snapshot
from tests.cli.registrar import NEXT, Registrar
from tests.institution.homes import LATER
from tests.publish.press import add_snapshot_key

# revoke, suspend, restore


def test_documents_are_revoked_by_their_codes_in_any_spelling(registrar: Registrar) -> None:
    first, second, _ = registrar.codes
    spelled = second.lower().replace("-", " ")
    done = registrar.run("revoke", first, spelled, "--reason", "issued-in-error")
    assert (done.status, done.out, done.err) == (0, f"Revoked: 2. {NEXT}", "")
    expected = ["revoked issued-in-error", "revoked issued-in-error", "valid"]
    assert registrar.statuses() == expected


def test_what_is_suspended_is_restored(registrar: Registrar) -> None:
    code = registrar.codes[0]
    assert registrar.run("suspend", code).out == f"Suspended: 1. {NEXT}"
    assert registrar.statuses()[0] == "suspended other"
    assert registrar.run("restore", code).out == f"Restored: 1. {NEXT}"
    assert registrar.statuses()[0] == "valid"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_file_says_which_and_why(registrar: Registrar, separator: str, mark: str) -> None:
    first, second, third = registrar.codes
    rows = [("code", "reason"), (first, "misconduct"), (second, ""), (third, "other")]
    path = registrar.list(mark + separator.join(rows[0]), *map(separator.join, rows[1:]), "")
    done = registrar.run("revoke", "--from", path, "--reason", "withdrawn-by-learner", "--json")
    assert done.status == 0
    assert done.json == {"status": "revoked", "changed": registrar.codes, "errors": []}
    expected = ["revoked misconduct", "revoked withdrawn-by-learner", "revoked other"]
    assert registrar.statuses() == expected


def test_of_a_file_with_a_wrong_row_nothing_is_done_and_each_is_told(registrar: Registrar) -> None:
    first, second, third = registrar.codes
    registrar.run("revoke", first)
    wrong = third[:-1] + ("1" if third[-1] != "1" else "2")
    unknown = str(VerificationCode.derive(b"nobody", b""))
    path = registrar.list(
        "reason,code",
        f"other,{second}",
        f"other,{first}",
        f"other,{wrong}",
        f"mischief,{third}",
        f"other,{unknown}",
        "other,",
        f"other,{second},",
    )
    done = registrar.run("revoke", "--from", path)
    assert (done.status, done.out) == (1, "")
    lines = done.err.splitlines()
    assert lines[0] == f"line 3: {first}: it is revoked already [status-unchanged]"
    assert lines[1].startswith(f"line 4: {wrong}: ")
    assert lines[1].endswith("[code-check]")
    assert lines[2].startswith("line 5: mischief: 'mischief' is no reason for this; there is ")
    assert lines[3].startswith(f"line 6: {unknown}: no document with this code was issued here")
    assert lines[4] == "line 7: : code is empty [field-missing]"
    assert lines[5].endswith("[field-count]")
    assert lines[6:] == ["Nothing was changed: 6 of 7 cannot be."]
    assert registrar.statuses() == ["revoked other", "valid", "valid"]
    in_json = registrar.run("revoke", "--from", path, "--json")
    assert (in_json.status, in_json.json["changed"]) == (1, [])
    assert [error["line"] for error in in_json.json["errors"]] == [3, 4, 5, 6, 7, 8]
    assert in_json.json["errors"][2] == {
        "line": 5,
        "field": "reason",
        "reason": "reason-unknown",
        "value": "mischief",
        "message": lines[2].partition("mischief: ")[2].removesuffix(" [reason-unknown]"),
    }


def test_a_code_that_is_none_is_told_as_it_was_typed(registrar: Registrar) -> None:
    done = registrar.run("suspend", registrar.codes[0], "Ada\x1b[31m")
    assert (done.status, done.out) == (1, "")
    assert done.err.splitlines()[1] == "Nothing was changed: 1 of 2 cannot be."
    assert "\x1b" not in done.err
    assert registrar.statuses()[0] == "valid"


def test_what_is_final_stays(registrar: Registrar) -> None:
    code = registrar.codes[0]
    registrar.run("revoke", code)
    for command in ("suspend", "restore"):
        done = registrar.run(command, code)
        assert done.status == 1
        assert f"{code}: it is revoked, and that is final [status-final]" in done.err
    assert registrar.statuses()[0] == "revoked other"


@pytest.mark.parametrize(
    ("command", "header", "reason"),
    [
        ("revoke", "reason", "column-missing"),
        ("revoke", "code,reason,name", "column-unknown"),
        ("revoke", "code,code", "column-unknown"),
        ("restore", "code,reason", "column-unknown"),
    ],
)
def test_a_file_with_other_columns_is_refused(
    registrar: Registrar, command: str, header: str, reason: str
) -> None:
    done = registrar.run(command, "--from", registrar.list(header))
    assert done.status == 1
    assert f"[{reason}]" in done.err


def test_a_file_that_is_not_there_is_named(registrar: Registrar) -> None:
    done = registrar.run("revoke", "--from", registrar.directory / "missing.csv")
    assert done.status == 1
    assert "missing.csv" in done.err


def test_a_list_of_nothing_changes_nothing(registrar: Registrar) -> None:
    assert registrar.run("revoke", "--from", registrar.list("code")).out == f"Revoked: 0. {NEXT}"
    assert registrar.statuses() == ["valid"] * 3


@pytest.mark.parametrize("command", ["revoke", "suspend", "restore"])
def test_documents_are_named_in_one_way(registrar: Registrar, command: str) -> None:
    path = registrar.list("code", registrar.codes[0])
    for arguments in ((), (registrar.codes[0], "--from", path)):
        done = registrar.run(command, *arguments)
        assert done.status == 2
        assert "[usage]" in done.err
    assert registrar.statuses() == ["valid"] * 3


@pytest.mark.parametrize(
    ("command", "reason"),
    [("revoke", "renamed"), ("suspend", "misconduct"), ("replace", "misconduct")],
)
def test_a_reason_of_another_status_is_wrong_use(
    registrar: Registrar, command: str, reason: str
) -> None:
    done = registrar.run(command, registrar.codes[0], "--reason", reason)
    assert done.status == 2
    assert f"'{reason}' is not one of " in done.err


# publish


def test_publishing_says_what_was_written_and_until_when_it_is_fresh(registrar: Registrar) -> None:
    add_snapshot_key(registrar.place)
    registrar.run("revoke", registrar.codes[0])
    done = registrar.sign("publish")
    assert (done.status, done.err) == (0, "")
    folder = registrar.place.home / "published"
    sizes = {
        name: f"{(folder / name).stat().st_size:,}"
        for name in ("status/1", "status/1.jwt", "reasons.jws", "snapshot.json")
    }
    until = datetime.now(UTC) + timedelta(days=7)
    lines = done.out.splitlines()
    others = sizes["status/1"]
    assert lines[:4] == [
        f"{folder}:",
        f"  1 status list: {sizes['status/1.jwt']} bytes; for other verifiers: {others} bytes",
        f"  reasons.jws: {sizes['reasons.jws']} bytes",
        f"  snapshot.json: {sizes['snapshot.json']} bytes",
    ]
    assert re.fullmatch(rf"Not valid: 1\. Fresh until {until:%Y-%m-%d} \d\d:\d\d UTC\.", lines[4])
    assert lines[5:] == []


def test_publishing_says_the_same_in_json(registrar: Registrar) -> None:
    add_snapshot_key(registrar.place)
    done = registrar.sign("publish", "--json")
    assert done.status == 0
    folder = registrar.place.home / "published"
    with Institution.open(registrar.place.home) as institution:
        snapshot = Snapshot.parse((folder / "snapshot.json").read_bytes(), institution.manifest)
    assert done.json == {
        "directory": str(folder),
        "issued": f"{snapshot.issued:%Y-%m-%dT%H:%M:%SZ}",
        "expires": f"{snapshot.expires:%Y-%m-%dT%H:%M:%SZ}",
        "lists": 1,
        "not_valid": 0,
        "unexplained": 0,
        "head": snapshot.checkpoint and snapshot.checkpoint._asdict(),
        "files": {
            name: (folder / name).stat().st_size
            for name in ("status/1", "status/1.jwt", "reasons.jws", "snapshot.json")
        },
    }


def test_what_could_not_be_explained_is_told(
    registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_snapshot_key(registrar.place)
    for code in registrar.codes:
        registrar.run("revoke", code)
    monkeypatch.setattr("signedcert.publish.publisher.MAX_REASONS", 1)
    done = registrar.sign("publish")
    assert "Without a reason, the oldest, for want of room: 2." in done.out


def test_without_a_snapshot_key_it_is_said_what_to_do(registrar: Registrar) -> None:
    done = registrar.sign("publish")
    assert (done.status, done.out) == (2, "")
    assert "signedcert keys propose" in done.err


def test_what_was_published_later_than_now_is_not_published_over(registrar: Registrar) -> None:
    add_snapshot_key(registrar.place)
    with registrar.place.open() as institution:
        institution.publish(at=LATER + timedelta(days=36500))
    done = registrar.sign("publish")
    assert done.status == 1
    assert "[snapshot-older]" in done.err
