"""Graduation day: several processes, each row its own certificate, whoever is killed and when."""

import csv
import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signedcert.cli import bulk as command
from signedcert.errors import ConfigurationError
from signedcert.institution import Institution
from signedcert.issue import bulk
from signedcert.issue.results import Counts
from signedcert.issue.roster import REQUIRED, RosterRow, read_roster
from tests.cli.running import call, spawn
from tests.core.refusal import refused
from tests.institution.homes import COMPLETED, LATER, NOW, PASSPHRASE, Place, another_course
from tests.issue.test_bulk import COURSE, results, row

COURSES = (COURSE, another_course().id)
NAMES = ("María-José Nguyễn", "王晓燕", "Øyvind, the 3rd", 'Ann "Bo" Lee', "محمد علي")


def varied(line: int) -> RosterRow:
    """A good row unlike its neighbours: another name, course, run and other dates."""
    completed = COMPLETED - timedelta(line % 97)
    return row(
        line,
        f"{NAMES[line % len(NAMES)]} {line}",
        course=COURSES[line % 2],
        run=f"202{line % 3}",
        completed=completed,
        started=completed - timedelta(line % 50) if line % 5 else None,
    )


def cells(one: RosterRow) -> list[str]:
    """A row as a roster has it."""
    started = one.started.isoformat() if one.started else ""
    return [one.learner_id, one.name, one.course, one.run, one.completed.isoformat(), started]


def write_roster(path: Path, rows: Iterable[list[str]]) -> Path:
    """A roster; its second line is the first row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[*REQUIRED, "started"], *rows])
    return path


def mixed(count: int) -> list[list[str]]:
    """Good rows, and bad ones of several kinds among them."""
    rows = [cells(varied(line)) for line in range(2, count + 2)]
    kinds = [
        (1, ""),
        (1, "N/A"),
        (2, "alchemy"),
        (4, "30.6."),
        (4, "2099-01-01"),
        (5, "2026-07-31"),
    ]
    for start, (column, value) in enumerate(kinds):
        for cell in rows[start * 3 :: 41]:
            cell[column] = value
    rows[7].append("one too many")
    return rows


def graduate(place: Place, roster: Path, out: Path, jobs: int) -> list[Counts]:
    """What is told while a roster is issued."""
    with place.open() as university:
        return list(university.issue_roster(read_roster(roster), out, at=NOW, jobs=jobs))


def check_certificates(place: Place, out: Path, rows: dict[str, list[str]]) -> None:
    """The lines of issued.csv have the order of ``rows``, and each the certificate that says what
    its row does; the registry has these and no others, and so has the directory.
    """
    issued = results(out / "issued.csv")
    assert [line["learner_id"] for line in issued] == list(rows)
    assert len({line["code"] for line in issued}) == len(rows)
    expected = {"issued.csv", "errors.csv", *(line["file"] for line in issued)}
    assert {path.name for path in out.iterdir()} == expected
    with Institution.open(place.home) as university:
        verifier, count = university.verifier(), university.count()
    assert count == len(rows)
    later = max(LATER, datetime.now(UTC))
    for line in issued:
        found = verifier.verify((out / line["file"]).read_bytes(), at=later, code=line["code"])
        started = found.started.isoformat() if found.started else ""
        signed = [found.learner, found.course.id, found.completed.isoformat(), started]
        learner_id, name, course, run, completed, begun = rows[line["learner_id"]]
        assert signed == [name, course, completed, begun]
        assert [line["learner_id"], line["course"], line["run"]] == [learner_id, course, run]


# two processes are as one


def test_two_processes_do_what_one_does(
    template: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 20)
    rows = mixed(250)
    roster = write_roster(tmp_path / "roster.csv", rows)
    one, two = (template.copy(tmp_path / name) for name in ("one", "two"))
    alone = graduate(one, roster, tmp_path / "1", jobs=1)
    assert graduate(two, roster, tmp_path / "2", jobs=2) == alone
    assert len(alone) == len(rows)
    assert alone[-1].bad > 30
    errors = (tmp_path / "1" / "errors.csv").read_bytes()
    assert (tmp_path / "2" / "errors.csv").read_bytes() == errors
    bad = {line["line"] for line in results(tmp_path / "1" / "errors.csv")}
    assert len(bad) == alone[-1].bad
    good = {one[0]: one for line, one in enumerate(rows, 2) if str(line) not in bad}
    check_certificates(one, tmp_path / "1", good)
    check_certificates(two, tmp_path / "2", good)


def test_the_parent_does_not_take_the_time_to_open_a_key_file(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 20)
    roster = write_roster(tmp_path / "roster.csv", [cells(varied(line)) for line in range(2, 52)])
    with place.open() as university:
        told = university.issue_roster(read_roster(roster), tmp_path / "out", at=NOW, jobs=2)
        assert list(told)[-1] == Counts(50, 0, 0)
        assert "_issuer" not in vars(university)


@pytest.mark.parametrize(("batch", "seed"), [(1, 1), (1, 2), (3, 3), (7, 4)])
def test_of_rows_with_one_learner_course_and_run_the_first_one_counts(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int, seed: int
) -> None:
    monkeypatch.setattr(bulk, "BATCH", batch)
    chance = random.Random(seed)  # noqa: S311 - a choice of cases
    rows: list[list[str]] = []
    for line in range(2, 202):
        fresh = cells(varied(line))
        if rows and chance.random() < 0.4:
            other = chance.choice(rows[-4 * batch :])
            fresh = other if chance.random() < 0.2 else [other[0], fresh[1], *other[2:]]
        elif chance.random() < 0.2:
            fresh[5] = "2099-01-01"  # a row that is refused takes nobody's place
        rows.append(fresh)
    firsts: dict[str, list[str]] = {}
    for one in rows:
        if one[5] != "2099-01-01":
            firsts.setdefault(one[0], one)
    out = tmp_path / "out"
    counts = graduate(place, write_roster(tmp_path / "roster.csv", rows), out, jobs=2)[-1]
    same = [one for one in rows if firsts.get(one[0]) == one]
    assert counts == Counts(len(firsts), len(same) - len(firsts), len(rows) - len(same))
    issued = results(out / "issued.csv")
    assert [line["learner_id"] for line in issued] == [one[0] for one in same]
    codes = {line["learner_id"]: line["code"] for line in issued}
    assert [line["code"] for line in issued] == [codes[one[0]] for one in same]
    with place.open() as university:
        verifier = university.verifier()
        assert university.count() == len(firsts)
    for one_issued in issued:
        data, code = (out / one_issued["file"]).read_bytes(), one_issued["code"]
        found = verifier.verify(data, at=LATER, code=code)
        assert found.learner == firsts[one_issued["learner_id"]][1]


# when no process is begun


@pytest.fixture
def no_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins a process fails."""
    monkeypatch.setattr(bulk, "process_pool", lambda _: pytest.fail("began processes"))
    monkeypatch.setattr(multiprocessing.Process, "start", lambda _: pytest.fail("began a process"))


@pytest.mark.usefixtures("no_pool")
def test_one_job_is_done_here(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    roster = write_roster(tmp_path / "roster.csv", [cells(varied(line)) for line in range(2, 9)])
    assert graduate(place, roster, tmp_path / "out", jobs=1)[-1] == Counts(7, 0, 0)


@pytest.mark.usefixtures("no_pool")
@pytest.mark.parametrize("count", [0, 1, 7])
def test_what_is_one_batch_is_done_here(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 7)
    rows = [cells(varied(line)) for line in range(2, 2 + count)]
    roster = write_roster(tmp_path / "roster.csv", rows)
    assert len(graduate(place, roster, tmp_path / "out", jobs=8)) == count
    assert len(results(tmp_path / "out" / "issued.csv")) == count


# what is refused leaves nothing


def test_a_wrong_passphrase_is_told_by_a_worker_as_well(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    roster = write_roster(tmp_path / "roster.csv", [cells(varied(line)) for line in range(2, 30)])
    out = tmp_path / "out"
    with Institution.open(place.home, "wrong") as stranger:
        told = stranger.issue_roster(read_roster(roster), out, at=NOW, jobs=2)
        with refused("passphrase-wrong", kind=ConfigurationError):
            list(told)
        assert stranger.count() == 0
    assert not out.exists()


@pytest.fixture
def options(place: Place, tmp_path: Path) -> list[object]:
    """What the command needs besides a roster."""
    secret = tmp_path / "passphrase"
    secret.write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    return ["--home", place.home, "--passphrase-file", secret, "--jobs", 2]


@pytest.mark.parametrize("name", ["missing.csv", ".", f"{'long' * 100}.csv"])
def test_a_roster_that_cannot_be_read_leaves_no_directory(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[object], name: str
) -> None:
    out = tmp_path / "out"
    done = call(capsys, "issue", tmp_path / name, *options, "--out", out)
    assert done.status == 1
    assert "[roster-unreadable]" in done.err
    assert not out.exists()


def test_a_worker_that_is_lost_is_one_line_and_nothing_is_lost_with_it(
    capsys: pytest.CaptureFixture[str],
    place: Place,
    tmp_path: Path,
    options: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 10)
    rows = {one[0]: one for one in (cells(varied(line)) for line in range(2, 302))}
    roster, out = write_roster(tmp_path / "roster.csv", rows.values()), tmp_path / "out"

    def kill(counts: Iterator[Counts], *_: object) -> Iterator[Counts]:
        yield next(counts)
        workers = multiprocessing.active_children()
        assert len(workers) == 2
        os.kill(workers[0].pid or 0, signal.SIGKILL)
        yield from counts

    with monkeypatch.context() as patch:
        patch.setattr(command, "with_progress", kill)
        done = call(capsys, "issue", roster, *options, "--out", out)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: a worker process was ended")
    assert done.err.endswith("[worker-lost]\n")
    assert done.err.count("\n") == 1
    assert not (out / "issued.csv").exists()
    assert call(capsys, "issue", roster, *options, "--out", out).status == 0
    check_certificates(place, out, rows)


def test_the_end_of_all_workers_before_they_began_is_told_alike(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    options: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stillborn(jobs: int) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(jobs, context, initializer=os._exit, initargs=(9,))

    monkeypatch.setattr(bulk, "BATCH", 2)
    monkeypatch.setattr(bulk, "process_pool", stillborn)
    roster = write_roster(tmp_path / "roster.csv", [cells(varied(line)) for line in range(2, 30)])
    done = call(capsys, "issue", roster, *options, "--out", tmp_path / "out", "--json")
    assert (done.status, done.json["error"]["reason"]) == (2, "worker-lost")
    assert not (tmp_path / "out").exists()


# two runs, and what a run that was killed left

#: The command, with batches small enough that a short roster has many.
PROGRAM = """
import sys
from signedcert.cli import main
from signedcert.issue import bulk
bulk.BATCH = int(sys.argv.pop(1))
main()
"""


def begin(batch: int, *arguments: object) -> "subprocess.Popen[str]":
    """The command, in a group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(batch), "issue", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[str]") -> None:
    """Its good end; how far it is may have been told."""
    _, error = process.communicate(timeout=100)
    assert process.returncode == 0, error
    assert "Traceback" not in error


def test_two_runs_at_once_over_one_roster_come_to_the_same_certificates(
    place: Place, tmp_path: Path, options: list[object]
) -> None:
    rows = {one[0]: one for one in (cells(varied(line)) for line in range(2, 602))}
    roster = write_roster(tmp_path / "roster.csv", rows.values())
    outs = [tmp_path / "first", tmp_path / "second"]
    runs = [begin(10, roster, *options, "--out", out) for out in outs]
    for run in runs:
        finish(run)
    for out in outs:
        check_certificates(place, out, rows)
    first, second = ((out / "issued.csv").read_bytes() for out in outs)
    assert first == second


def test_of_two_runs_into_one_directory_the_second_is_refused(
    place: Place, tmp_path: Path, options: list[object]
) -> None:
    rows = {one[0]: one for one in (cells(varied(line)) for line in range(2, 202))}
    roster, out = write_roster(tmp_path / "roster.csv", rows.values()), tmp_path / "out"
    slow = tmp_path / "slow.csv"
    os.mkfifo(slow)
    first = begin(50, slow, *options, "--out", out)
    with slow.open("wb") as pipe:  # once the first run reads it, the directory is taken
        second = spawn("issue", roster, *options, "--out", out)
        assert second.status == 1
        assert second.err.endswith("[results-in-use]\n")
        assert f"error: {out}: " in second.err
        pipe.write(roster.read_bytes())
    finish(first)
    check_certificates(place, out, rows)
    assert spawn("issue", roster, *options, "--out", out).status == 0


def test_what_a_run_that_was_killed_left_is_taken_away_and_nothing_else(
    place: Place, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in (".4711.part", ".1.part", ".issued.csv.part", ".errors.csv.part"):
        (out / name).write_bytes(b"half of")
    others = {".hidden", "notes.txt", "1.part", ".download.part"}
    for name in others:
        (out / name).write_bytes(b"somebody's")
    roster = write_roster(tmp_path / "roster.csv", [cells(varied(2))])
    assert graduate(place, roster, out, jobs=2)[-1] == Counts(1, 0, 0)
    (line,) = results(out / "issued.csv")
    expected = {"issued.csv", "errors.csv", line["file"], *others}
    assert {path.name for path in out.iterdir()} == expected


def test_a_certificate_whose_file_is_missing_or_not_whole_is_written_again(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 5)
    rows = {one[0]: one for one in (cells(varied(line)) for line in range(2, 42))}
    roster, out = write_roster(tmp_path / "roster.csv", rows.values()), tmp_path / "out"
    assert graduate(place, roster, out, jobs=1)[-1] == Counts(40, 0, 0)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    missing, empty, half, *_ = sorted(out.glob("*.signedcert"))
    missing.unlink()
    empty.write_bytes(b"")
    half.write_bytes(half.read_bytes()[:1000])
    (out / "issued.csv").unlink()
    assert graduate(place, roster, out, jobs=2)[-1] == Counts(0, 40, 0)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    check_certificates(place, out, rows)


def test_what_its_last_worker_takes_away_meanwhile_is_not_missed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker outlives its parent by a moment, and ends what it is writing."""
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(Path, "glob", lambda *_: iter([out / ".4711.part"]))
    rows = [row(2)]
    with place.open() as university:
        assert list(university.issue_roster(rows, out, at=NOW)) == [Counts(1, 0, 0)]


def wait_for(home: Path, count: int, process: "subprocess.Popen[str]") -> None:
    """Until so many certificates are in the registry, or the process has ended."""
    connection = sqlite3.connect(home / "registry.sqlite", timeout=30)
    query = "SELECT coalesce(max(number), 0) FROM documents"
    while process.poll() is None and connection.execute(query).fetchone()[0] < count:
        time.sleep(0.01)
    connection.close()


def test_killed_at_random_moments_it_ends_with_every_certificate_once(
    place: Place, tmp_path: Path, options: list[object]
) -> None:
    """The next run begins beside workers of the one before that have not noticed yet."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - shown if this fails
    chance = random.Random(seed)  # noqa: S311 - moments
    rows = {one[0]: one for one in (cells(varied(line)) for line in range(2, 3002))}
    roster, out = write_roster(tmp_path / "roster.csv", rows.values()), tmp_path / "out"
    killed = []
    for count in [0, *sorted(chance.randrange(1, 3000) for _ in range(4))]:
        process = begin(200, roster, *options, "--out", out)
        wait_for(place.home, count, process)
        time.sleep(chance.uniform(0, 0.2 if count else 1))
        if chance.random() < 0.5:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        killed.append(process)
    finish(begin(200, roster, *options, "--out", out))
    for process in killed:
        process.communicate(timeout=20)  # nobody is left
    assert any(process.returncode == -signal.SIGKILL for process in killed)
    check_certificates(place, out, rows)
    assert results(out / "errors.csv") == []
