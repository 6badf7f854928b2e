"""``init``, ``course``, ``issue`` and ``migrate``, as a registrar's office runs them."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from signedcert.custody.keyfile import read_key_file
from signedcert.documents.course import Course
from signedcert.institution import Institution
from signedcert.registry.registry import REVISION
from tests.cli.running import Done, spawn
from tests.cli.test_app import Terminal
from tests.institution.homes import (
    NAME,
    PASSPHRASE,
    URL,
    Place,
    another_course,
    newer,
)
from tests.reference import course as reference_course

Run = Callable[..., Done]
HEADER = "learner_id,name,course,run,completed"
GOOD = "s-1,Ada Lovelace,operations-management,2026,2026-06-30"


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)


def write_course(directory: Path, course: Course) -> Path:
    """A course document in a file."""
    path = directory / f"{course.id}-{course.version}.json"
    path.write_bytes(course.text.encode())
    return path


# init


def both(secret: Path) -> list[object]:
    """One file for both passphrases, said on purpose; and one holder, which is faster."""
    return ["--passphrase-file", secret, "--root-passphrase-file", secret, "--holders", 1]


def test_the_root_keys_do_not_get_the_issuing_passphrase_in_passing(
    run: Run, tmp_path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNEDCERT_PASSPHRASE_FILE", str(secret))
    settings = ["--home", tmp_path / "home", "--root", tmp_path / "usb", "--name", NAME]
    done = run("init", *settings, "--url", URL)
    assert done.status == 2
    assert "--root-passphrase-file [passphrase-missing]" in done.err
    assert [path.name for path in tmp_path.iterdir()] == [secret.name]


def test_an_institution_is_set_up_and_says_what_to_do_next(
    run: Run, tmp_path: Path, secret: Path
) -> None:
    home, root = tmp_path / "home", tmp_path / "usb"
    settings = ["--home", home, "--root", root, "--name", NAME, "--url", f"{URL}/"]
    done = run("init", *settings, *both(secret))
    assert (done.status, done.err) == (0, "")
    with Institution.open(home) as institution:
        assert (institution.name, institution.url) == (NAME, URL)
        assert f"\n  {institution.pin}\n" in done.out
    assert "Take them offline" in done.out
    assert f"signedcert course add COURSE.json --home {home}" in done.out
    assert f"signedcert issue ROSTER.csv --home {home}" in done.out
    assert "one medium that is stolen and opened" in done.out
    assert {read_key_file(path, PASSPHRASE).algorithm for path in root.rglob("*.key")} == {
        "ES256",
        "ML-DSA-65",
    }


def test_by_default_two_of_three_holders_sign_and_one_medium_is_warned_of(
    run: Run, tmp_path: Path, secret: Path
) -> None:
    home, root = tmp_path / "home", tmp_path / "usb"
    settings = ["--home", home, "--root", root, "--name", NAME, "--url", URL]
    done = run("init", *settings, *both(secret)[:4])
    assert (done.status, done.err) == (0, "")
    assert "Root keys for 3 holders" in done.out
    assert "of whom 2 have to sign" in done.out
    assert "ONE MEDIUM" in done.out
    assert len(list(root.glob("holder-*/holder.json"))) == 3
    told = run("keys", "status", "--home", home, "--json").json
    assert [(group["threshold"], len(group["keys"])) for group in told["root"]] == [(2, 3)] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give either --root"),
        (["--root", "usb", "--holder", "a.json"], "give either --root"),
        (["--holder", "a.json", "--holders", 2], "--holders is for --root"),
        (["--root", "usb", "--propose", "out"], "--propose is for --holder"),
    ],
)
def test_root_keys_are_made_here_or_elsewhere(
    run: Run, tmp_path: Path, secret: Path, arguments: list[object], words: str
) -> None:
    settings = ["--home", tmp_path / "home", "--name", NAME, "--url", URL]
    done = run("init", *settings, *both(secret)[:4], *arguments)
    assert done.status == 2
    assert words in done.err


@pytest.mark.parametrize(
    ("count", "threshold", "words"),
    [(2, 1, "One signature is enough"), (2, 2, "All have to sign")],
)
def test_what_a_threshold_gives_up_is_said(  # noqa: PLR0917
    run: Run, tmp_path: Path, secret: Path, count: int, threshold: int, words: str
) -> None:
    settings = ["--home", tmp_path / "home", "--root", tmp_path / "usb", "--name", NAME]
    shape = ["--holders", count, "--threshold", threshold]
    done = run("init", *settings, "--url", URL, *both(secret)[:4], *shape)
    assert done.status == 0
    assert words in done.out


def test_setting_up_is_told_in_json_and_takes_every_option(
    run: Run, tmp_path: Path, secret: Path
) -> None:
    home, root = tmp_path / "home", tmp_path / "usb"
    other = tmp_path / "other"
    other.write_text("of the root keys", encoding="utf-8")
    settings = [
        "--home",
        home,
        "--root",
        root,
        "--name",
        NAME,
        "--url",
        URL,
        "--algorithm",
        "Ed25519",
    ]
    secrets = ["--passphrase-file", secret, "--root-passphrase-file", other, "--holders", 1]
    done = run("init", *settings, *secrets, "--json")
    assert done.status == 0
    with Institution.open(home, PASSPHRASE) as institution:
        told = {"home": str(home), "root": str(root), "pin": institution.pin}
        assert done.json == told | {"holders": 1, "threshold": 1}
        assert institution._issuer.signer.algorithm == "Ed25519"
    (first, *_) = root.rglob("root-*.key")
    assert read_key_file(first, "of the root keys").algorithm in ("ES256", "ML-DSA-65")


def test_at_a_terminal_both_passphrases_are_typed_twice(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["issuing", "issuing", "root", "root"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: next(answers))
    home, root = tmp_path / "home", tmp_path / "usb"
    settings = ["--home", home, "--root", root, "--name", NAME, "--url", URL, "--holders", 1]
    done = run("init", *settings)
    assert done.status == 0
    assert list(answers) == []
    (key,) = (home / "keys").glob("issue-*.key")
    assert read_key_file(key, "issuing").algorithm == "ES256"
    for path in root.rglob("*.key"):
        assert read_key_file(path, "root").algorithm in ("ES256", "ML-DSA-65")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"--url": "http://learn.example.edu"}, "setting-invalid"),
        ({"--url": "https://learn.example.edu/path"}, "setting-invalid"),
        ({"--name": " "}, "setting-invalid"),
        ({"--root": "home/root"}, "root-inside-home"),
        ({"--passphrase-file": "missing"}, "passphrase-missing"),
        ({"--root-passphrase-file": "missing"}, "passphrase-missing"),
    ],
)
def test_a_refusal_names_the_reason_and_leaves_nothing_behind(  # noqa: PLR0917
    run: Run,
    tmp_path: Path,
    secret: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    usual = {"--home": "home", "--root": "usb", "--name": NAME, "--url": URL}
    files = {"--passphrase-file": secret.name, "--root-passphrase-file": secret.name}
    options = usual | files | changes
    done = run("init", *(word for pair in options.items() for word in pair))
    assert done.status == 2
    assert f"[{reason}]" in done.err
    assert [path.name for path in tmp_path.iterdir()] == [secret.name]


def test_a_home_in_use_is_not_touched(run: Run, place: Place, secret: Path) -> None:
    before = sorted(path.name for path in place.home.rglob("*"))
    settings = ["--home", place.home, "--root", place.root, "--name", "Mallory", "--url", URL]
    done = run("init", *settings, *both(secret))
    assert done.status == 2
    assert "[home-exists]" in done.err
    assert sorted(path.name for path in place.home.rglob("*")) == before
    assert len(list(place.root.rglob("*.key"))) == 4


# course


def test_courses_are_added_listed_and_shown(run: Run, place: Place, tmp_path: Path) -> None:
    second = newer(reference_course(), title="Operations, Revised")
    done = run("course", "add", write_course(tmp_path, second), "--home", place.home)
    assert (done.status, done.err) == (0, "")
    assert "operations-management, version 2: Operations, Revised" in done.out
    listed = run("course", "list", "--home", place.home).out.splitlines()
    assert len(listed) == 2
    assert "v2" in listed[1]
    assert "Operations, Revised" in listed[1]
    assert "(no verified certificate)" in listed[0]
    shown = run("course", "show", second.id, "--home", place.home).out
    assert "Operations, Revised (operations-management, version 2)" in shown
    assert second.digest in shown
    for unit in second.syllabus:
        assert unit.title in shown
    for part in second.format:
        assert f"{part.count} x {part.kind}, {part.weight_percent} %" in shown
    older = run("course", "show", second.id, "--version", "1", "--home", place.home).out
    assert reference_course().title in older
    assert "version 1)" in older


def test_courses_are_told_in_json(run: Run, place: Place, tmp_path: Path) -> None:
    second = newer(another_course())
    expected = {
        "id": second.id,
        "version": 2,
        "title": second.title,
        "verified_track": False,
        "digest": second.digest,
    }
    added = run("course", "add", write_course(tmp_path, second), "--home", place.home, "--json")
    assert added.json == [expected]
    listed = run("course", "list", "--home", place.home, "--json")
    assert listed.json[0] == expected
    assert len(listed.json) == 2
    shown = run("course", "show", second.id, "--home", place.home, "--json")
    assert shown.out == second.text


def test_one_bad_course_among_several_publishes_none(
    run: Run, place: Place, tmp_path: Path
) -> None:
    good = write_course(tmp_path, newer(reference_course()))
    bad = tmp_path / "bad.json"
    values = json.loads(reference_course().text) | {"workload": {"weeks": 0}}
    bad.write_text(json.dumps(values), encoding="utf-8")
    done = run("course", "add", good, bad, "--home", place.home)
    assert done.status == 1
    assert str(bad) in done.err
    assert "workload" in done.err
    with Institution.open(place.home) as institution:
        assert institution.course(reference_course().id, 2) is None


def test_a_course_file_that_is_missing_or_changed_is_refused(
    run: Run, place: Place, tmp_path: Path
) -> None:
    missing = run("course", "add", tmp_path / "missing.json", "--home", place.home)
    assert missing.status == 2
    assert "[unreadable-file]" in missing.err
    changed = newer(reference_course(), version=1, title="Changed")
    done = run("course", "add", write_course(tmp_path, changed), "--home", place.home)
    assert done.status == 1
    assert "count the version up" in done.err


def test_an_empty_catalogue_says_how_to_fill_it(run: Run, place: Place) -> None:
    with sqlite3.connect(place.home / "registry.sqlite") as connection:
        connection.execute("DELETE FROM courses")
    connection.close()
    done = run("course", "list", "--home", place.home)
    assert done.status == 0
    assert f"signedcert course add COURSE.json --home {place.home}" in done.out
    assert run("course", "list", "--home", place.home, "--json").json == []


@pytest.mark.parametrize("arguments", [["alchemy"], ["operations-management", "--version", "7"]])
def test_an_unknown_course_is_wrong_use(run: Run, place: Place, arguments: list[str]) -> None:
    done = run("course", "show", *arguments, "--home", place.home)
    assert done.status == 2
    assert "signedcert course list" in done.err


# issue


def results(path: Path) -> list[dict[str, str]]:
    """A report, as a spreadsheet reads it."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_roster(directory: Path, *rows: str) -> Path:
    """A roster with these rows."""
    path = directory / "spring.csv"
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


def test_a_good_roster_exits_0_and_leaves_certificates(
    run: Run, place: Place, tmp_path: Path, secret: Path
) -> None:
    roster = write_roster(tmp_path, GOOD, GOOD.replace("s-1", "s-2"))
    options = ["--home", place.home, "--passphrase-file", secret]
    done = run("issue", roster, *options)
    assert (done.status, done.err) == (0, "")
    out = tmp_path / "spring-issued"
    assert "Issued: 2. Issued before: 0." in done.out
    assert f"Codes and file names: {out / 'issued.csv'}" in done.out
    assert "not issued" not in done.out
    issued = results(out / "issued.csv")
    assert [line["learner_id"] for line in issued] == ["s-1", "s-2"]
    assert results(out / "errors.csv") == []
    with Institution.open(place.home) as institution:
        institution.trust.write(tmp_path / "trust")
    assert run("verify", out, "--trust", tmp_path / "trust").status == 0
    again = run("issue", roster, *options)
    assert "Issued: 0. Issued before: 2." in again.out
    assert results(out / "issued.csv") == issued


def test_a_roster_with_bad_rows_exits_1_and_reports_them(
    run: Run, place: Place, tmp_path: Path, secret: Path
) -> None:
    roster = write_roster(tmp_path, GOOD, "s-2,,operations-management,2026,2026-06-30", "s-3,short")
    out = tmp_path / "out"
    options = ["--home", place.home, "--passphrase-file", secret, "--out", out]
    done = run("issue", roster, *options)
    assert done.status == 1
    assert f"Not issued: 2; why, is in {out / 'errors.csv'}" in done.out
    errors = [(line["line"], line["reason"]) for line in results(out / "errors.csv")]
    assert errors == [("3", "field-missing"), ("4", "field-count")]
    as_json = run("issue", roster, *options, "--json")
    assert as_json.status == 1
    assert as_json.json == {"issued": 0, "again": 1, "bad": 2, "directory": str(out)}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name,score\n", "column-missing"),
        (f"{HEADER},score\n".encode(), "column-unknown"),
        (HEADER.encode("utf-16"), "roster-unreadable"),
        (None, "roster-unreadable"),
    ],
)
def test_a_file_that_is_no_roster_exits_1_and_issues_nothing(  # noqa: PLR0917
    run: Run, place: Place, tmp_path: Path, secret: Path, content: bytes | None, reason: str
) -> None:
    roster = tmp_path / "roster.csv"
    if content is not None:
        roster.write_bytes(content)
    done = run("issue", roster, "--home", place.home, "--passphrase-file", secret)
    assert done.status == 1
    assert f"[{reason}]" in done.err
    assert str(roster) in done.err


def test_a_wrong_passphrase_exits_2_and_leaves_no_directory(
    run: Run, place: Place, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong", encoding="utf-8")
    roster = write_roster(tmp_path, GOOD)
    done = run("issue", roster, "--home", place.home, "--passphrase-file", wrong)
    assert done.status == 2
    assert "[passphrase-wrong]" in done.err
    assert not (tmp_path / "spring-issued").exists()


def test_a_directory_that_cannot_be_written_to_is_told_without_a_bug(
    run: Run, place: Place, tmp_path: Path, secret: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    roster = write_roster(tmp_path, GOOD)
    options = ["--home", place.home, "--passphrase-file", secret]
    done = run("issue", roster, *options, "--out", tmp_path / "file")
    assert done.status == 2
    assert str(tmp_path / "file") in done.err
    assert "bug" not in done.err


# migrate


def test_a_registry_is_migrated_once(run: Run, place: Place) -> None:
    done = run("migrate", "--home", place.home)
    assert done.out == f"The registry is at revision {REVISION} already.\n"
    (place.home / "registry.sqlite").write_bytes(b"")
    refused = run("course", "list", "--home", place.home)
    assert refused.status == 2
    assert "run: signedcert migrate" in refused.err
    done = run("migrate", "--home", place.home)
    assert done.out == f"The registry went from revision none to {REVISION}.\n"
    as_json = run("migrate", "--home", place.home, "--json")
    assert as_json.json == {"before": REVISION, "now": REVISION}
    assert run("course", "list", "--home", place.home).status == 0


def test_the_registry_of_a_newer_release_is_left_alone(run: Run, place: Place) -> None:
    with sqlite3.connect(place.home / "registry.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0009'")
    connection.close()
    done = run("migrate", "--home", place.home)
    assert done.status == 2
    assert "newer release" in done.err
    assert "0009" in done.err


def test_the_home_may_be_named_by_a_variable(
    run: Run, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNEDCERT_HOME", str(place.home))
    assert run("course", "list").status == 0


# the whole way, as a registrar goes it


def test_from_nothing_to_a_verified_certificate_by_command_line_alone(
    tmp_path: Path, secret: Path
) -> None:
    home, root, out = tmp_path / "home", tmp_path / "usb", tmp_path / "out"
    spent = ["--passphrase-file", secret]
    course = write_course(tmp_path, reference_course())
    roster = write_roster(tmp_path, GOOD)
    made = spawn(
        *("init", "--home", home, "--root", root, "--name", NAME, "--url", URL, "--json"),
        *both(secret),
    )
    pin = made.json["pin"]
    shutil.move(root, tmp_path / "locked-away")
    steps: list[list[object]] = [
        ["course", "add", course, "--home", home],
        ["issue", roster, "--home", home, "--out", out, *spent],
        ["trust", "add", home / "manifests", "--pin", pin, "--trust", tmp_path / "trust"],
        ["verify", out, "--trust", tmp_path / "trust"],
    ]
    for step in steps:
        done = spawn(*step)
        assert done.status == 0, (step, done.err)
    assert "Ada Lovelace" in done.out
