"""``verify`` of course records, whole and partial, beside certificates."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from tests.cli.office import LEARNER, Office
from tests.cli.running import Done
from tests.reference import course

Run = Callable[..., Done]
AT = ("--at", "2026-08-01T00:00:00Z")


@pytest.fixture
def office(shared_office: Office) -> Office:
    """Nothing is written to it here."""
    return shared_office


@pytest.fixture
def trusted(office: Office) -> tuple[object, ...]:
    """Options of somebody who trusts the institution, in August 2026."""
    return ("--trust", office.trust, *AT)


@pytest.fixture
def part(run: Run, office: Office, tmp_path: Path) -> Path:
    """Shows a quiz that was not handed in and the final score, and no name."""
    path = tmp_path / "part.signedcert"
    options = ["--result", 4, "--result", "final score", "--without-name", "--out", path]
    assert run("present", office.record, *options).status == 0
    return path


def test_a_whole_record_is_shown_with_every_result(
    run: Run, office: Office, trusted: tuple[object, ...]
) -> None:
    done = run("verify", office.record, *trusted)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"✓ AUTHENTIC  {office.record}\n")
    lines = done.out.splitlines()
    shown = dict(line.strip().split(": ", 1) for line in lines if line.startswith("    "))
    assert shown["Learner"].strip() == LEARNER
    assert shown["Course"].strip() == course().title
    for expected in (
        "Quiz: Week 2:         9.5 of 10, 2026-04-27",
        "Quiz: Week 4:         no value (of 10), not handed in",
        "Practice problems: Set 7: 1 of 5, failed",
        "Final exam:           81.0625 of 100, 2026-06-26",
        "Final score:          82.5 of 100, 2026-06-30",
        f"Verification code:    {Bundle.read(office.record).code}",
    ):
        assert f"    {expected}\n" in done.out
    assert "Partial record" not in done.out
    assert "This course record is authentic" in done.out


def test_a_partial_record_says_so_and_shows_its_part(
    run: Run, part: Path, trusted: tuple[object, ...]
) -> None:
    done = run("verify", part, *trusted)
    assert (done.status, done.err) == (0, "")
    assert (
        "    Partial record:       shows 2 of 15 results and no name. Not shown: "
        "quiz (5 of 6), practice problems (7 of 7), final exam\n"
    ) in done.out
    assert "    Learner:              not shown by the learner\n" in done.out
    assert "    Final score:          82.5 of 100, 2026-06-30\n" in done.out
    assert "    Quiz: Week 2:         not shown by the learner (of 10)\n" in done.out
    for secret in (LEARNER, "81.0625", "7.25"):
        assert secret not in done.out


@pytest.mark.parametrize("what", ["whole", "part"])
def test_all_ten_steps_are_shown_on_request(
    run: Run, office: Office, part: Path, trusted: tuple[object, ...], what: str
) -> None:
    path = office.record if what == "whole" else part
    done = run("verify", path, "-v", *trusted)
    assert done.status == 0
    for step in range(1, 11):
        assert f"\n  {step:2}  " in done.out
    if what == "part":
        assert LEARNER not in done.out


def test_the_report_of_a_record_is_one_json_document(
    run: Run, office: Office, part: Path, trusted: tuple[object, ...]
) -> None:
    done = run("verify", office.record, part, office.certificate, "--json", *trusted)
    assert done.status == 0
    whole, partial, certificate = done.json["results"]
    assert whole["certificate"] is partial["certificate"] is certificate["record"] is None
    assert certificate["certificate"]["learner"] == LEARNER
    assert (whole["record"]["learner"], partial["record"]["learner"]) == (LEARNER, None)
    assert (whole["record"]["partial"], partial["record"]["partial"]) == (False, True)
    assert len(whole["record"]["results"]) == len(partial["record"]["results"]) == 15
    assert whole["code"] == partial["code"] != certificate["code"]
    for one in (whole, partial):
        assert [check["step"] for check in one["checks"]] == list(range(1, 11))


def test_a_folder_may_hold_both_kinds(
    run: Run, office: Office, part: Path, tmp_path: Path, trusted: tuple[object, ...]
) -> None:
    folder, report = tmp_path / "inbox", tmp_path / "report.csv"
    folder.mkdir()
    shutil.copy(office.certificate, folder / "a.signedcert")
    shutil.copy(part, folder / "b.signedcert")
    shutil.copy(office.record, folder / "c.signedcert")
    done = run("verify", folder, "--csv", report, *trusted)
    assert done.out == f"3 files: 3 authentic. Each has its line in {report}\n"
    with report.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["learner"] for line in lines] == [LEARNER, "", LEARNER]
    assert [line["kind"] for line in lines] == ["certificate", "record", "record"]
    assert {line["course"] for line in lines} == {course().id}
    assert lines[0]["code"] != lines[1]["code"] == lines[2]["code"]
    told = run("verify", folder, *trusted)
    assert told.status == 0
    assert told.out.endswith("3 files: 3 authentic.\n")


def test_a_code_on_paper_is_that_of_the_record_whatever_is_shown(
    run: Run, office: Office, part: Path, trusted: tuple[object, ...]
) -> None:
    code = Bundle.read(office.record).code
    assert run("verify", part, "--code", code, *trusted).status == 0
    other = Bundle.read(office.certificate).code
    done = run("verify", part, "--code", other, *trusted)
    assert done.status == 1
    assert "code-mismatch" in done.out


def test_a_name_that_is_asked_for_has_to_be_shown(
    run: Run, office: Office, part: Path, trusted: tuple[object, ...]
) -> None:
    assert run("verify", office.record, "--learner", LEARNER, *trusted).status == 0
    withheld = run("verify", part, "--learner", LEARNER, *trusted)
    assert withheld.status == 4
    assert "learner-withheld" in withheld.out
    assert run("verify", office.record, "--learner", "Mallory", *trusted).status == 1


def test_a_result_that_was_altered_is_not_authentic_and_nothing_is_shown(
    run: Run, office: Office, tmp_path: Path, trusted: tuple[object, ...]
) -> None:
    document = Bundle.read(office.record).document
    *others, last, end = document.split("~")
    for name, altered in {
        "changed": "~".join(
            [*others, f"{last[:-6]}{'AAAA' if last[-6:-2] != 'AAAA' else 'BBBB'}{last[-2:]}", end]
        ),
        "twice": "~".join([*others, last, last, end]),
        "out of order": "~".join([*others[:-1], last, others[-1], end]),
        "of another": "~".join([*others, others[0], end]),
    }.items():
        path = tmp_path / f"{name}.signedcert"
        Bundle(altered).write(path)
        done = run("verify", path, *trusted)
        assert done.status == 1, name
        assert done.out.startswith("✗ NOT AUTHENTIC"), name
        assert "82.5" not in done.out
        assert run("verify", path, "--json", *trusted).json["results"][0].get("record") is None


def test_the_certificate_of_a_record_is_named(
    run: Run, office: Office, trusted: tuple[object, ...]
) -> None:
    as_json = run("verify", office.certificate, "--json", *trusted)
    (result,) = as_json.json["results"]
    named = result["certificate"]["id"]
    assert f"    Of the certificate:   {named}\n" in run("verify", office.record, *trusted).out
