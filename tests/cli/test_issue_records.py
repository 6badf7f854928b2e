"""``issue-records``: a gradebook in, records and reports out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.institution import Institution
from signedcert.trust.statuslist import REPLACED
from tests.cli.office import COURSE, LEARNER, Office
from tests.cli.registrar import NEXT
from tests.cli.running import Done, spawn
from tests.institution.homes import PASSPHRASE
from tests.issue.gradebooks import cells, write_gradebook
from tests.issue.test_bulk import results as read_report
from tests.reference import results

Run = Callable[..., Done]


@pytest.fixture
def options(office: Office, tmp_path: Path) -> list[object]:
    """What the command needs besides a gradebook."""
    secret = tmp_path / "passphrase"
    secret.write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    return ["--home", office.home, "--passphrase-file", secret]


@pytest.fixture
def gradebook(tmp_path: Path) -> Path:
    """Of s-3, who has no record yet, of s-1 as it was issued, and of two that are refused."""
    rows = [cells("s-3", "91"), cells("s-1"), cells("nobody"), cells("s-2", "101")]
    return write_gradebook(tmp_path / "spring.csv", rows)


def test_records_and_reports_are_written_beside_the_gradebook(
    run: Run, office: Office, options: list[object], gradebook: Path
) -> None:
    done = run("issue-records", gradebook, *options)
    out = gradebook.with_name("spring-records")
    assert done.status == 1
    assert done.out == (
        "Issued: 1. Issued before: 1.\n"
        f"Not issued: 2; why, is in {out / 'errors.csv'}\n"
        f"Codes and file names: {out / 'issued.csv'}\n"
    )
    grace, maria = read_report(out / "issued.csv")
    assert [grace["learner_id"], maria["learner_id"]] == ["s-3", "s-1"]
    assert grace["url"] == maria["url"] == ""
    again = Bundle.read(out / maria["file"])._replace(proof=None)
    assert again == Bundle.read(office.record)._replace(proof=None)
    record = Bundle.read(out / grace["file"]).unverified_record()
    assert record.learner == "Grace Hopper"
    assert [str(one.value) for one in record.results[-1:]] == ["91"]
    assert record.results[:-1] == results()[:-1]
    nobody, too_much = read_report(out / "errors.csv")
    assert (nobody["line"], nobody["reason"]) == ("7", "certificate-missing")
    assert (too_much["line"], too_much["field"], too_much["reason"]) == (
        "8",
        "Final score",
        "value-out-of-range",
    )


def test_the_counts_are_told_in_json_as_well(
    run: Run, options: list[object], gradebook: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = run("issue-records", gradebook, *options, "--out", out, "--json")
    assert (done.status, done.err) == (1, "")
    assert done.json == {"issued": 1, "again": 1, "bad": 2, "directory": str(out)}


def test_without_bad_rows_it_exits_0(run: Run, options: list[object], tmp_path: Path) -> None:
    gradebook = write_gradebook(tmp_path / "spring.csv", [cells("s-3")])
    for said in ("Issued: 1. Issued before: 0.\n", "Issued: 0. Issued before: 1.\n"):
        done = run("issue-records", gradebook, *options)
        assert done.status == 0
        assert done.out.startswith(said)


def test_records_are_replaced_when_that_is_said(
    run: Run, office: Office, options: list[object], tmp_path: Path
) -> None:
    rows = [cells("s-1", "91"), cells("s-3")]
    gradebook, out = write_gradebook(tmp_path / "spring.csv", rows), tmp_path / "spring-records"
    done = run("issue-records", gradebook, *options)
    assert (done.status, done.out.splitlines()[0]) == (1, "Issued: 1. Issued before: 0.")
    (error,) = read_report(out / "errors.csv")
    assert (error["reason"], error["learner_id"]) == ("already-issued", "s-1")
    assert "signedcert issue-records GRADEBOOK --replace" in error["message"]
    done = run("issue-records", gradebook, *options, "--replace")
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        "Issued: 0. Replaced: 1. Issued before: 1.\n"
        f"Codes and file names: {out / 'issued.csv'}\n{NEXT}"
    )
    old = Bundle.read(office.record)
    with Institution.open(office.home) as institution:
        status = institution.status_of(old.code)
        assert (status.status, status.reason) == (REPLACED, "corrected")
        assert str(institution.records.one_of("s-1", COURSE).signed.results[-1].value) == "91"
    done = run("issue-records", gradebook, *options, "--replace", "--json")
    members = {"issued": 0, "replaced": 0, "again": 2, "bad": 0, "directory": str(out)}
    assert (done.status, done.json) == (0, members)


def test_it_runs_as_its_users_run_it(options: list[object], gradebook: Path) -> None:
    done = spawn("issue-records", gradebook, *options, "--jobs", 2)
    assert done.status == 1
    assert done.out.startswith("Issued: 1. Issued before: 1.\n")


@pytest.mark.parametrize(
    "refusal",
    [
        (None, "roster-unreadable", "No such file"),
        ("learner_id,course,run,name,completed\n", "column-missing", "#kind"),
        ("learner_id,course\n", "column-missing", "run"),
        ("learner_id,course,run,Quiz\n#kind,,,quiz\n#maximum,,,10\n", "kind-unknown", "final"),
        ("learner_id,course,run,All\n#kind,,,final score\n#maximum,,,0\n", "number-invalid", "All"),
    ],
)
def test_a_gradebook_that_is_refused_as_a_whole_writes_nothing(
    run: Run, options: list[object], gradebook: Path, refusal: tuple[str | None, str, str]
) -> None:
    text, reason, named = refusal
    gradebook.unlink()
    if text is not None:
        gradebook.write_text(text, encoding="utf-8")
    done = run("issue-records", gradebook, *options)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: {gradebook}: ")
    assert named in done.err
    assert done.err.endswith(f"[{reason}]\n")
    assert not gradebook.with_name("spring-records").exists()


def test_a_roster_given_to_the_wrong_command_is_told_what_is_missing(
    run: Run, options: list[object], tmp_path: Path
) -> None:
    roster = tmp_path / "spring.csv"
    roster.write_text(
        f"learner_id,name,course,run,completed\ns-3,Grace,{COURSE},2026,2026-06-30\n",
        encoding="utf-8",
    )
    done = run("issue-records", roster, *options)
    assert done.status == 1
    assert "directly below line 1 is no #kind and no #maximum, as in: #kind,,," in done.err


@pytest.mark.parametrize("reason", ["home-missing", "passphrase-wrong", "registry-version"])
def test_what_is_wrong_with_the_home_is_told(
    run: Run, office: Office, options: list[object], gradebook: Path, reason: str
) -> None:
    if reason == "home-missing":
        office.home.rename(office.directory / "elsewhere")
    elif reason == "passphrase-wrong":
        gradebook.with_name("passphrase").write_text("wrong\n", encoding="utf-8")
    else:
        office.age()
    done = run("issue-records", gradebook, *options)
    assert (done.status, done.out) == (2, "")
    assert done.err.endswith(f"[{reason}]\n")
    assert not gradebook.with_name("spring-records").exists()


def test_a_directory_that_cannot_be_made_is_told(
    run: Run, options: list[object], gradebook: Path
) -> None:
    done = run("issue-records", gradebook, *options, "--out", gradebook / "out")
    assert (done.status, done.out) == (2, "")
    assert done.err.endswith("[file]\n")


def test_a_record_that_was_issued_can_be_shared(
    run: Run, office: Office, options: list[object], tmp_path: Path
) -> None:
    run("issue-records", write_gradebook(tmp_path / "spring.csv", [cells("s-3")]), *options)
    home = ["--home", office.home]
    done = run("share", "s-3", "--course", COURSE, "--label", "Acme", *home)
    assert done.status == 0
    with Institution.open(office.home) as institution:
        (record,) = institution.records.of("s-3")
        assert record.signed.learner == "Grace Hopper"
        (mine,) = institution.records.of("s-1")
        assert mine.signed.learner == LEARNER
