"""``verify`` of a folder of any size: one process or many, on the screen or in a report."""

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signedcert import batch as batch_module
from signedcert.cli import checking as module
from signedcert.cli.checking import COLUMNS, Checking, check_all
from signedcert.cli.sources import Source
from signedcert.verify.verifier import Verifier
from tests.cli.running import Done
from tests.reference import AT, make_world

Run = Callable[..., Done]


@pytest.fixture
def trusted(desk: Path) -> tuple[object, ...]:
    """Options of somebody who trusts the institution, in August 2026."""
    return ("--trust", desk / "trust", "--at", AT.isoformat())


@pytest.fixture
def maria(desk: Path) -> Path:
    return desk / "s-1.signedcert"


def rows(report: Path) -> list[dict[str, str]]:
    """A report, as a spreadsheet reads it."""
    with report.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def inbox(tmp_path: Path, maria: Path) -> Path:
    """An authentic certificate, one that was altered, one of nobody, a letter, a pipe."""
    folder = tmp_path / "inbox"
    (folder / "deeper").mkdir(parents=True)
    shutil.copy(maria, folder / "b.signedcert")
    good = maria.read_bytes()
    at = good.index(b"ey") + 300
    changed = b"A" if good[at : at + 1] != b"A" else b"B"
    (folder / "a.signedcert").write_bytes(good[:at] + changed + good[at + 1 :])
    (folder / "deeper" / "=1+1.signedcert").write_bytes(make_world().document())
    (folder / "deeper" / "z.signedcert").write_bytes(b"Dear registrar")
    (folder / "letter.txt").write_text("not looked at", encoding="utf-8")
    os.mkfifo(folder / "p.signedcert")
    return folder


VERDICTS = {
    "a.signedcert": "not authentic",
    "b.signedcert": "authentic",
    "p.signedcert": "unreadable",
    "=1+1.signedcert": "undecided",
    "z.signedcert": "unreadable",
}


def test_a_report_has_a_line_for_each_file(
    run: Run, inbox: Path, tmp_path: Path, trusted: tuple[object, ...]
) -> None:
    report = tmp_path / "report.csv"
    done = run("verify", inbox, "--csv", report, *trusted)
    assert done.status == 1
    counts = "5 files: 1 authentic, 1 undecided, 2 unreadable, 1 not authentic."
    assert done.out == f"{counts} Each has its line in {report}\n"
    lines = rows(report)
    assert [tuple(line) for line in lines] == [COLUMNS] * 5
    assert {Path(line["file"]).name: line["verdict"] for line in lines} == VERDICTS
    assert [Path(line["file"]).name for line in lines] == list(VERDICTS)
    bad, good, pipe, foreign, letter = lines
    assert (good["reason"], good["step"], good["detail"]) == ("", "", "")
    assert good["learner"] == "María-José Nguyễn"
    assert all(good[name] for name in ("code", "course", "completed", "issuer", "kind", "id"))
    signed = ("learner", "course", "completed", "issuer", "kind", "id")
    for line in (bad, pipe, foreign, letter):
        assert not any(line[name] for name in signed)
    assert (pipe["reason"], pipe["detail"]) == ("unreadable-file", "not a regular file")
    assert (foreign["reason"], foreign["step"]) == ("unknown-key", "2")
    assert letter["reason"] == "no-document"


def test_a_file_of_a_folder_that_cannot_be_opened_is_one_result_among_others(
    run: Run, inbox: Path, trusted: tuple[object, ...]
) -> None:
    told = run("verify", inbox, *trusted)
    assert "? UNREADABLE" in told.out
    assert "not a regular file [unreadable-file]" in told.out
    assert "5 files: 1 authentic, 1 undecided, 2 unreadable, 1 not authentic." in told.out
    as_json = run("verify", inbox, "--json", *trusted)
    assert told.status == as_json.status == 1
    results = as_json.json["results"]
    assert [Path(one["file"]).name for one in results] == list(VERDICTS)
    assert [one["verdict"] for one in results] == list(VERDICTS.values())
    assert results[2]["reason"] == "unreadable-file"
    json.dumps(results)


def test_one_file_has_no_summary(run: Run, maria: Path, trusted: tuple[object, ...]) -> None:
    assert "files:" not in run("verify", maria, *trusted).out


def test_nothing_in_a_report_is_taken_for_a_formula(
    run: Run,
    inbox: Path,
    tmp_path: Path,
    trusted: tuple[object, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report = tmp_path / "report.csv"
    monkeypatch.chdir(inbox / "deeper")
    run("verify", "=1+1.signedcert", "--csv", report, *trusted)
    assert rows(report)[0]["file"] == "'=1+1.signedcert"


def test_a_report_appears_whole_or_not_at_all(
    run: Run, inbox: Path, tmp_path: Path, trusted: tuple[object, ...]
) -> None:
    report = tmp_path / "report.csv"
    report.write_text("of the last run", encoding="utf-8")
    done = run("verify", inbox, tmp_path / "missing.signedcert", "--csv", report, *trusted)
    assert done.status == 2
    assert "missing.signedcert: No such file" in done.err
    assert report.read_text("utf-8") == "of the last run"
    assert not list(tmp_path.glob(".report*"))


@pytest.mark.parametrize("other", ["--json", "--verbose"])
def test_a_report_is_one_form_of_the_result(
    run: Run, maria: Path, tmp_path: Path, trusted: tuple[object, ...], other: str
) -> None:
    done = run("verify", maria, "--csv", tmp_path / "report.csv", other, *trusted)
    assert done.status == 2
    assert not (tmp_path / "report.csv").exists()


def test_several_processes_report_as_one_does(
    run: Run,
    inbox: Path,
    tmp_path: Path,
    trusted: tuple[object, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    for jobs in (1, 2):
        run("verify", inbox, "--csv", tmp_path / f"{jobs}.csv", "--jobs", jobs, *trusted)
        for form in ("--json", "--verbose"):
            done = run("verify", inbox, form, "--jobs", jobs, *trusted)
            (tmp_path / f"{jobs}{form}").write_text(done.out, encoding="utf-8")
    for name in (".csv", "--json", "--verbose"):
        assert (tmp_path / f"1{name}").read_bytes() == (tmp_path / f"2{name}").read_bytes()


def test_a_few_files_are_verified_by_this_process(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "process_pool", None)
    checking = Checking(Verifier(make_world().trust), AT, None, "text")
    sources = [Source(str(inbox / "a.signedcert"), found=True)] * module.BATCH
    assert len(list(check_all(checking, sources, 8))) == module.BATCH
    assert len(list(check_all(checking, sources * 2, 1))) == 2 * module.BATCH
    with pytest.raises(TypeError):  # where it would be called
        list(check_all(checking, sources * 2, 2))


def test_without_other_processes_each_result_comes_before_the_next_file_is_asked_for() -> None:
    asked = []

    def sources() -> Iterator[Source]:
        for number in range(3 * module.BATCH):
            asked.append(number)
            yield Source(str(number), b"Dear registrar")

    checking = Checking(Verifier(make_world().trust), AT, None, "csv")
    results = check_all(checking, sources(), 1)
    next(results)
    assert len(asked) <= 2 * module.BATCH
    results.close()
