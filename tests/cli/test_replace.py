"""``replace``: one certificate, or as many as a list has."""

from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.core.code import VerificationCode
from signedcert.registry.registry import Registry
from tests.cli.registrar import NEXT, Registrar
from tests.institution.homes import URL
from tests.issue.gradebooks import credential_of, issue_record
from tests.issue.test_bulk import results

# one


def test_a_name_is_corrected(registrar: Registrar) -> None:
    old, target = registrar.codes[0], registrar.directory / "new.signedcert"
    arguments = ("--name", "Ada Lovelace", "--reason", "renamed", "--out", target)
    done = registrar.sign("replace", old, *arguments)
    assert (done.status, done.err) == (0, "")
    bundle = Bundle.read(target)
    code = str(bundle.code)
    assert done.out == (
        f"{code}  {URL}/verify/{code}\n{target} is for the learner. {old} is replaced.\n{NEXT}"
    )
    claims = credential_of(bundle)
    assert (claims.learner, str(claims.completed)) == ("Ada Lovelace", "2026-06-30")
    assert registrar.statuses()[0] == "replaced renamed"


def test_dates_are_corrected_and_the_rest_stays(
    registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(registrar.directory)
    old = registrar.codes[0]
    arguments = ("--completed", "2026-06-28", "--started", "2026-04-01", "--json")
    done = registrar.sign("replace", old, *arguments)
    assert done.status == 0
    code = done.json["code"]
    assert done.json == {
        "code": code,
        "url": f"{URL}/verify/{code}",
        "file": f"{code}.signedcert",
        "replaced": old,
    }
    claims = credential_of(Bundle.read(registrar.directory / f"{code}.signedcert"))
    assert (str(claims.completed), str(claims.started)) == ("2026-06-28", "2026-04-01")
    assert claims.learner == "Ada 0"
    assert registrar.statuses()[0] == "replaced corrected"


def test_who_lost_a_certificate_gets_another_one(registrar: Registrar) -> None:
    old, target = registrar.codes[0], registrar.directory / "new.signedcert"
    registrar.run("revoke", old, "--reason", "issued-in-error")
    done = registrar.sign("replace", old, "--out", target)
    assert (done.status, done.err) == (0, "")
    assert f"{target} is for the learner. {old} is revoked." in done.out
    assert credential_of(Bundle.read(target)).learner == "Ada 0"
    assert registrar.statuses()[0] == "revoked issued-in-error"


def test_a_correction_that_corrects_nothing_is_refused(registrar: Registrar) -> None:
    done = registrar.sign("replace", registrar.codes[0])
    assert done.status == 1
    assert "[already-issued]" in done.err
    assert registrar.statuses()[0] == "valid"


def test_a_record_is_not_replaced_here_but_it_is_said_how(registrar: Registrar) -> None:
    with registrar.place.open() as institution:
        code = issue_record(institution, "s-0").code
    done = registrar.sign("replace", code, "--name", "Ada")
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        f"error: {code}: it is a course record; correct its gradebook, and run: signedcert "
        "issue-records GRADEBOOK --replace [document-differs]\n"
    )


def test_a_code_of_no_certificate_is_refused(registrar: Registrar) -> None:
    code = VerificationCode.derive(b"nobody", b"")
    done = registrar.sign("replace", code, "--name", "Ada")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: {code}: no document with this code was issued here")
    mistyped = registrar.sign("replace", "NSPQ-8W1B-BCGX-GRPY-7QQ9", "--name", "Ada")
    assert (mistyped.status, "[code-check]" in mistyped.err) == (1, True)


def test_a_certificate_of_a_course_that_is_gone_is_not_replaced(
    registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registry, "course", lambda *_: None)
    monkeypatch.setattr(Registry, "courses", lambda _: [])
    done = registrar.sign("replace", registrar.codes[0], "--name", "Ada")
    assert (done.status, "[course-unknown]" in done.err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--completed", "30.6.2026"),
        ("--name", "Ada", "--out", "missing/new.signedcert"),
        ("--name", "Ada", "--out", "."),
        ("--from", "corrections.csv"),
    ],
)
def test_wrong_use_issues_nothing(registrar: Registrar, arguments: tuple[str, ...]) -> None:
    assert registrar.sign("replace", registrar.codes[0], *arguments).status == 2
    assert registrar.statuses()[0] == "valid"


def test_run_again_it_is_the_same_certificate(registrar: Registrar) -> None:
    """After a crash, the registry may know of it and nobody have it."""
    old, target = registrar.codes[0], registrar.directory / "new.signedcert"
    arguments = ("replace", old, "--name", "Ada Lovelace", "--out", target)
    first = registrar.sign(*arguments)
    issued = target.read_bytes()
    target.unlink()
    assert registrar.sign(*arguments) == first
    assert target.read_bytes() == issued
    done = registrar.sign("replace", old, "--name", "Ada King", "--out", target)
    assert done.status == 1
    assert f"another one was issued in its place, {Bundle.read(target).code}" in done.err
    assert "[status-final]" in done.err


def test_a_placeholder_has_to_be_confirmed_once(registrar: Registrar) -> None:
    target = registrar.directory / "new.signedcert"
    arguments = ("--out", target, "--name", "N/A")
    done = registrar.sign("replace", registrar.codes[0], *arguments)
    assert (done.status, "[name-placeholder]" in done.err) == (1, True)
    assert registrar.sign("replace", registrar.codes[0], *arguments, "--name-confirmed").status == 0
    code = Bundle.read(target).code
    done = registrar.sign("replace", code, "--completed", "2026-06-29", "--out", target)
    assert (done.status, credential_of(Bundle.read(target)).learner) == (0, "N/A")


# a list


def corrections(registrar: Registrar) -> Path:
    """Two that can be made, and five that cannot."""
    with registrar.place.open() as institution:
        record = issue_record(institution, "s-2").code
    first, second, third = registrar.codes
    unknown = VerificationCode.derive(b"nobody", b"")
    return registrar.list(
        "code;name;completed;started;reason;name_confirmed",
        f"{first};Ada Lovelace;;;renamed;",
        f"{record};Ada;;;;",
        f"{second.lower()};N/A;2026-06-29;2026-05-01;;yes",
        f"{third};;;;;",
        f"{third};;29.6.2026;;;",
        f"{third};;;;misconduct;",
        f"{unknown};;2026-06-29;;;",
    )


def test_a_list_is_made_row_by_row_with_reports(registrar: Registrar) -> None:
    path = corrections(registrar)
    done = registrar.sign("replace", "--from", path)
    out = registrar.directory / "list-replaced"
    assert done.status == 1
    assert done.out == (
        "Replaced: 2. Replaced before: 0.\n"
        f"Not replaced: 5; why, is in {out / 'errors.csv'}\n"
        f"Codes and file names: {out / 'replaced.csv'}\n{NEXT}"
    )
    assert registrar.statuses() == ["replaced renamed", "replaced corrected", "valid"]
    written = results(out / "replaced.csv")
    assert [line["old_code"] for line in written] == registrar.codes[:2]
    assert list(written[0]) == ["old_code", "code", "url", "file"]
    found = []
    for line in written:
        assert line["url"] == f"{URL}/verify/{line['code']}"
        bundle = Bundle.read(out / line["file"])
        assert str(bundle.code) == line["code"]
        claims = credential_of(bundle)
        found.append((claims.learner, str(claims.completed), str(claims.started)))
    assert found == [
        ("Ada Lovelace", "2026-06-30", "None"),
        ("N/A", "2026-06-29", "2026-05-01"),
    ]
    names = {path.name for path in out.iterdir()}
    assert names == {"replaced.csv", "errors.csv", *(line["file"] for line in written)}


def test_of_each_row_that_is_not_replaced_it_is_said_why(registrar: Registrar) -> None:
    path = corrections(registrar)
    registrar.sign("replace", "--from", path)
    errors = results(registrar.directory / "list-replaced" / "errors.csv")
    assert list(errors[0]) == ["line", "code", "field", "reason", "value", "message"]
    third, unknown = registrar.codes[2], str(VerificationCode.derive(b"nobody", b""))
    told = [(one["line"], one["field"], one["reason"]) for one in errors]
    assert told == [
        ("3", "code", "document-differs"),
        ("5", "code", "already-issued"),
        ("6", "completed", "date-invalid"),
        ("7", "reason", "reason-unknown"),
        ("8", "code", "document-unknown"),
    ]
    assert [one["code"] for one in errors[1:]] == [third, third, third, unknown]
    assert [one["value"] for one in errors[1:4]] == [third, "29.6.2026", "misconduct"]
    assert "signedcert issue-records GRADEBOOK --replace" in errors[0]["message"]


def test_a_list_run_again_leads_to_the_same_certificates(registrar: Registrar) -> None:
    path, out = corrections(registrar), registrar.directory / "out"
    arguments = ("replace", "--from", path, "--out", out, "--json")
    first = registrar.sign(*arguments)
    assert first.json == {"replaced": 2, "again": 0, "bad": 5, "directory": str(out)}
    files = {one.name: one.read_bytes() for one in out.iterdir()}
    (out / results(out / "replaced.csv")[0]["file"]).unlink()
    again = registrar.sign(*arguments)
    assert (again.status, again.err) == (1, "")
    assert again.json == {"replaced": 0, "again": 2, "bad": 5, "directory": str(out)}
    assert {one.name: one.read_bytes() for one in out.iterdir()} == files


def test_without_bad_rows_it_exits_0(registrar: Registrar) -> None:
    path = registrar.list("code,name", f"{registrar.codes[0]},Ada King")
    for said in ("Replaced: 1. Replaced before: 0.\n", "Replaced: 0. Replaced before: 1.\n"):
        done = registrar.sign("replace", "--from", path, "--reason", "renamed")
        assert (done.status, done.err) == (0, "")
        assert done.out.startswith(said)
    assert registrar.statuses()[0] == "replaced renamed"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("name,completed", "column-missing"),
        ("code,name,course", "column-unknown"),
        ("code,name,name", "column-unknown"),
        (None, "roster-unreadable"),
    ],
)
def test_a_list_that_is_refused_as_a_whole_writes_nothing(
    registrar: Registrar, header: str | None, reason: str
) -> None:
    path = registrar.list(header or "")
    if header is None:
        path.unlink()
    done = registrar.sign("replace", "--from", path)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: {path}: ")
    assert done.err.endswith(f"[{reason}]\n")
    assert not (registrar.directory / "list-replaced").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--name", "Ada"),
        ("--completed", "2026-06-30"),
        ("--started", "2026-06-30"),
        ("--name-confirmed",),
    ],
)
def test_what_a_list_says_is_not_said_beside_it(
    registrar: Registrar, arguments: tuple[str, ...]
) -> None:
    path = registrar.list("code,name", f"{registrar.codes[0]},Ada King")
    done = registrar.sign("replace", "--from", path, *arguments)
    assert (done.status, "[usage]" in done.err) == (2, True)
    assert registrar.statuses()[0] == "valid"


def test_something_has_to_be_named(registrar: Registrar) -> None:
    done = registrar.sign("replace", "--name", "Ada")
    assert (done.status, "[usage]" in done.err) == (2, True)
