"""A whole gradebook: each row its own record, with one process or two, whoever is killed."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signedcert.errors import ConfigurationError, IssueError
from signedcert.institution import Institution
from signedcert.issue import bulk, delivery
from signedcert.issue.gradebook import GradebookRow, read_gradebook
from signedcert.issue.results import Counts, IssuedRow
from signedcert.issue.rows import BadRow
from tests.cli.running import spawn
from tests.core.refusal import refused
from tests.institution.homes import LATER, NOW, PASSPHRASE, Place
from tests.issue.gradebooks import COURSE, FIRST, RUN, cells, gradebook_row, write_gradebook
from tests.issue.test_bulk import results as read_report
from tests.issue.test_bulk import row as roster_row
from tests.issue.test_graduation import wait_for
from tests.reference import results

#: Learners who have certificates: those of the lines from ``FIRST`` on.
CERTIFIED = 1600


@pytest.fixture(scope="session")
def graduated(template: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An institution that has issued certificates, and no test writes to."""
    place = template.copy(tmp_path_factory.mktemp("graduated"))
    rows = [roster_row(line, f"Learner {line}") for line in range(FIRST, FIRST + CERTIFIED)]
    with place.open() as university:
        assert all(isinstance(one, IssuedRow) for one in university.issue_rows(rows, at=NOW))
    return place


@pytest.fixture
def school(graduated: Place, tmp_path: Path) -> Place:
    """The same, of this test's own."""
    return graduated.copy(tmp_path)


def final(line: int) -> str:
    """The final score in a line; of few different ones, since what a cell leads to is kept."""
    return f"{line % 90}.5"


def good(count: int) -> list[list[str]]:
    """Rows of learners who have certificates."""
    return [cells(f"s-{line}", final(line)) for line in range(FIRST, FIRST + count)]


#: Column and value that make a row bad, with the field and the reason that are told.
KINDS = [
    (0, "nobody", "learner_id", "certificate-missing"),
    (1, "alchemy", "learner_id", "certificate-missing"),
    (2, "2020", "learner_id", "certificate-missing"),
    (3, "11", "Week 1", "value-out-of-range"),
    (3, "9 2099-01-01", "Week 1", "date-in-future"),
    (4, "nine", "Week 2", "number-invalid"),
    (4, "9 31.12.2025", "Week 2", "date-invalid"),
    (-1, "", "Final score", "field-missing"),
    (0, "", "learner_id", "field-missing"),
]


def mixed(count: int, every: int = 37) -> tuple[list[list[str]], dict[int, tuple[str, str]]]:
    """Good rows with bad ones of all kinds among them; fields and reasons of those by line."""
    rows, bad = good(count), {}
    for number, place in enumerate(range(3, count, every)):
        column, value, field, reason = KINDS[number % len(KINDS)]
        rows[place][column] = value
        bad[FIRST + place] = (field, reason)
    return rows, bad


def issue(place: Place, gradebook: Path, out: Path, jobs: int) -> list[Counts]:
    """What is told while a gradebook is issued."""
    with place.open() as university:
        return list(university.issue_roster(read_gradebook(gradebook), out, at=NOW, jobs=jobs))


def check_records(place: Place, out: Path, rows: Iterable[list[str]]) -> None:
    """The lines of issued.csv have the order of ``rows``, and each the record that says what its
    row does; the registry has these beside the certificates, and the directory no others.
    """
    scores = {one[0]: one[-1] for one in rows}
    issued = read_report(out / "issued.csv")
    assert [line["learner_id"] for line in issued] == list(scores)
    assert len({line["code"] for line in issued}) == len(scores)
    expected = {"issued.csv", "errors.csv", *(line["file"] for line in issued)}
    assert {path.name for path in out.iterdir()} == expected
    with Institution.open(place.home) as university:
        verifier, count = university.verifier(), university.count()
    assert count == CERTIFIED + len(scores)
    later = max(LATER, datetime.now(UTC))
    for line in issued:
        assert (line["course"], line["run"], line["url"]) == (COURSE, RUN, "")
        data = (out / line["file"]).read_bytes()
        found = verifier.verify_record(data, at=later, code=line["code"])
        assert found.learner == f"Learner {line['learner_id'].removeprefix('s-')}"
        assert str(found.results[-1].value) == scores[line["learner_id"]]
        assert found.results[:-1] == results()[:-1]


# one process and two


def test_two_processes_do_what_one_does(
    school: Place, graduated: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 20)
    rows, bad = mixed(250, every=7)
    gradebook = write_gradebook(tmp_path / "grades.csv", rows)
    other = graduated.copy(tmp_path / "other")
    alone = issue(school, gradebook, tmp_path / "1", jobs=1)
    assert issue(other, gradebook, tmp_path / "2", jobs=2) == alone
    assert alone[-1] == Counts(len(rows) - len(bad), 0, len(bad))
    errors = (tmp_path / "1" / "errors.csv").read_bytes()
    assert (tmp_path / "2" / "errors.csv").read_bytes() == errors
    told = {
        int(one["line"]): (one["field"], one["reason"])
        for one in read_report(tmp_path / "1" / "errors.csv")
    }
    assert told == bad
    left = [row for line, row in enumerate(rows, FIRST) if line not in bad]
    check_records(school, tmp_path / "1", left)
    check_records(other, tmp_path / "2", left)


def test_running_again_gives_the_same_records(
    school: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 10)
    gradebook, out = write_gradebook(tmp_path / "grades.csv", good(45)), tmp_path / "out"
    assert issue(school, gradebook, out, jobs=1)[-1] == Counts(45, 0, 0)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    missing, half, *_ = sorted(out.glob("*.signedcert"))
    missing.unlink()
    half.write_bytes(half.read_bytes()[:1000])
    assert issue(school, gradebook, out, jobs=2)[-1] == Counts(0, 45, 0)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_other_results_of_a_row_are_refused_and_the_record_stands(
    school: Place, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    issue(school, write_gradebook(tmp_path / "grades.csv", good(3)), out, jobs=1)
    corrected = [cells(f"s-{FIRST}", "99"), *good(3)[1:]]
    again = write_gradebook(tmp_path / "corrected.csv", corrected)
    assert issue(school, again, tmp_path / "again", jobs=1)[-1] == Counts(0, 2, 1)
    (error,) = read_report(tmp_path / "again" / "errors.csv")
    (first, *_) = read_report(out / "issued.csv")
    assert (error["field"], error["reason"]) == ("learner_id", "already-issued")
    assert first["code"] in error["message"]
    assert "record" in error["message"]


@pytest.mark.parametrize("batch", [1, 3])
def test_of_rows_with_one_learner_course_and_run_the_first_one_counts(
    school: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(bulk, "BATCH", batch)
    rows = [row for one in good(20) for row in (one, [*one[:-1], "100"], one)]
    gradebook, out = write_gradebook(tmp_path / "grades.csv", rows), tmp_path / "out"
    assert issue(school, gradebook, out, jobs=2)[-1] == Counts(20, 20, 20)
    codes = [line["code"] for line in read_report(out / "issued.csv")]
    assert codes[::2] == codes[1::2]
    assert len(set(codes)) == 20


def test_issue_rows_has_an_outcome_for_each_row_in_its_place(school: Place) -> None:
    bad = BadRow(FIRST + 1, f"s-{FIRST + 1}", "Week 1", "number-invalid", "x", "no number")
    rows: list[GradebookRow | BadRow] = [
        gradebook_row(FIRST),
        bad,
        gradebook_row(1),
        gradebook_row(FIRST + 2),
    ]
    with school.open() as university:
        outcomes = list(university.issue_rows(rows, at=NOW))
        first, same, uncertified, last = outcomes
        assert same is bad
        assert isinstance(uncertified, BadRow)
        assert uncertified.reason == "certificate-missing"
        for outcome, row in ((first, rows[0]), (last, rows[3])):
            assert isinstance(outcome, IssuedRow)
            assert outcome.row == row
            assert outcome.issued.url is None
        assert university.count() == CERTIFIED + 2


def test_a_wrong_passphrase_is_told_by_a_worker_as_well(
    school: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    gradebook = write_gradebook(tmp_path / "grades.csv", good(20))
    with Institution.open(school.home, "wrong") as stranger:
        told = stranger.issue_roster(read_gradebook(gradebook), tmp_path / "out", at=NOW, jobs=2)
        with refused("passphrase-wrong", kind=ConfigurationError):
            list(told)
        assert stranger.count() == CERTIFIED
    assert not (tmp_path / "out").exists()


def test_a_gradebook_that_is_refused_as_a_whole_writes_nothing(
    school: Place, tmp_path: Path
) -> None:
    gradebook = tmp_path / "grades.csv"
    gradebook.write_text("learner_id,course,run,Overall\ns-1,x,y,1\n", encoding="utf-8")
    with school.open() as university:
        told = university.issue_roster(read_gradebook(gradebook), tmp_path / "out", at=NOW)
        with refused("column-missing", kind=IssueError):
            list(told)
    assert not (tmp_path / "out").exists()


# memory


@pytest.mark.no_cover  # to trace code and memory at once takes up to four times as long
@pytest.mark.parametrize(("jobs", "room"), [(1, 3_000_000), (2, 500_000)])
def test_memory_does_not_grow_with_the_gradebook(
    school: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int, room: int
) -> None:
    """Some 1,500 rows, bad ones among them. What this process holds of Python's is no more for
    four times the rows: 900 documents that were kept anywhere would add 9 MB, and
    what is told of them 600 KB.
    """
    monkeypatch.setattr(bulk, "BATCH", 50)
    monkeypatch.setattr(delivery, "BATCH", 100)

    def peak(start: int, count: int) -> int:
        rows, bad = mixed(CERTIFIED)
        path = write_gradebook(tmp_path / "grades.csv", rows[start : start + count])
        expected = sum(start <= line - FIRST < start + count for line in bad)
        tracemalloc.start()
        with school.open() as university:
            told = university.issue_roster(
                read_gradebook(path), tmp_path / f"{start}", at=NOW, jobs=jobs
            )
            for counts in told:
                last = counts
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert last == Counts(count - expected, 0, expected)
        return most

    peak(0, 60)  # what is loaded once
    few, many = peak(60, 300), peak(360, 1200)
    assert many < few + room, (few, many)


# two runs, and the end of one

#: The command, with batches small enough that a short gradebook has many.
PROGRAM = """
import sys
from signedcert.cli import main
from signedcert.issue import bulk
bulk.BATCH = int(sys.argv.pop(1))
main()
"""


@pytest.fixture
def options(school: Place, tmp_path: Path) -> list[object]:
    """What the command needs besides a gradebook."""
    secret = tmp_path / "passphrase"
    secret.write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    return ["--home", school.home, "--passphrase-file", secret, "--jobs", 2]


@pytest.fixture
def begin() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts the command in a group of its own, which does not outlive the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(batch: int, *arguments: object) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(batch), "issue-records", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


def finish(process: "subprocess.Popen[str]") -> None:
    """Its good end."""
    _, error = process.communicate(timeout=100)
    assert process.returncode == 0, error
    assert "Traceback" not in error


def test_killed_and_run_again_it_ends_with_every_record_once(
    school: Place,
    tmp_path: Path,
    options: list[object],
    begin: Callable[..., "subprocess.Popen[str]"],
) -> None:
    """The next run begins beside workers of the one before that have not noticed yet."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - shown if this fails
    chance = random.Random(seed)  # noqa: S311 - moments
    rows = good(800)
    gradebook, out = write_gradebook(tmp_path / "grades.csv", rows), tmp_path / "out"
    killed = []
    for count in sorted(chance.randrange(1, 700) for _ in range(3)):
        process = begin(50, gradebook, *options, "--out", out)
        wait_for(school.home, CERTIFIED + count, process)
        time.sleep(chance.uniform(0, 0.1))
        if chance.random() < 0.5:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        killed.append(process)
    finish(begin(50, gradebook, *options, "--out", out))
    for process in killed:
        process.communicate(timeout=20)  # nobody is left
    assert any(process.returncode == -signal.SIGKILL for process in killed)
    check_records(school, out, rows)
    assert read_report(out / "errors.csv") == []


def test_of_two_runs_into_one_directory_the_second_is_refused(
    school: Place,
    tmp_path: Path,
    options: list[object],
    begin: Callable[..., "subprocess.Popen[str]"],
) -> None:
    rows = good(30)
    gradebook, out = write_gradebook(tmp_path / "grades.csv", rows), tmp_path / "out"
    slow = tmp_path / "slow.csv"
    os.mkfifo(slow)
    first = begin(10, slow, *options, "--out", out)
    with slow.open("wb") as pipe:  # once the first run reads it, the directory is taken
        second = spawn("issue-records", gradebook, *options, "--out", out)
        assert second.status == 1
        assert second.err.endswith("[results-in-use]\n")
        assert f"error: {out}: " in second.err
        pipe.write(gradebook.read_bytes())
    finish(first)
    check_records(school, out, rows)


def test_a_worker_that_is_lost_is_told_and_nothing_is_lost_with_it(
    school: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 10)
    rows = good(200)
    gradebook, out = write_gradebook(tmp_path / "grades.csv", rows), tmp_path / "out"
    with school.open() as university:
        told = university.issue_roster(read_gradebook(gradebook), out, at=NOW, jobs=2)
        next(told)
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)
        with refused("worker-lost", kind=ConfigurationError):
            list(told)
    assert not (out / "issued.csv").exists()
    assert issue(school, gradebook, out, jobs=1)[-1].bad == 0
    check_records(school, out, rows)
