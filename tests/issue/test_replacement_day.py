"""A whole list of corrections: in few transactions, with one process or two, whoever is killed."""

import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signedcert.core.code import VerificationCode
from signedcert.institution import Institution
from signedcert.issue import bulk, delivery
from signedcert.issue.corrections import CorrectionRow
from signedcert.issue.results import Counts, IssuedRow
from signedcert.registry.registry import Registry
from signedcert.trust.statuslist import REPLACED
from tests.institution.homes import LATER, NOW, PASSPHRASE, Place
from tests.issue.test_bulk import results
from tests.issue.test_bulk import row as roster_row
from tests.issue.test_graduation import wait_for

MANY = 1200


@pytest.fixture(scope="session")
def graduated(template: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An institution that has issued certificates, and no test writes to."""
    place = template.copy(tmp_path_factory.mktemp("graduated"))
    rows = [roster_row(line, f"Learner {line}") for line in range(MANY)]
    with place.open() as university:
        assert all(isinstance(one, IssuedRow) for one in university.issue_rows(rows, at=NOW))
    return place


@pytest.fixture
def school(graduated: Place, tmp_path: Path) -> Place:
    """The same, of this test's own."""
    return graduated.copy(tmp_path / "school")


def codes_of(place: Place, count: int = MANY, start: int = 0) -> list[VerificationCode]:
    """The codes of some of its certificates."""
    with place.open() as university:
        rows = [roster_row(line, f"Learner {line}") for line in range(start, start + count)]
        outcomes = university.issue_rows(rows, at=NOW)
        return [one.issued.code for one in outcomes if isinstance(one, IssuedRow)]


def renamed(codes: list[VerificationCode]) -> list[CorrectionRow]:
    """A row with another name for each; one in 41 changes nothing, and is refused."""
    return [
        CorrectionRow(line, code, f"Graduate {line}" if line % 41 else None)
        for line, code in enumerate(codes)
    ]


def check_certificates(place: Place, out: Path, codes: list[VerificationCode]) -> None:
    """The lines of replaced.csv have the order of the codes, and each the certificate that its row
    asks for; the registry has these beside the old ones, which are replaced.
    """
    expected = {str(code): line for line, code in enumerate(codes) if line % 41}
    replaced = results(out / "replaced.csv")
    assert [line["old_code"] for line in replaced] == list(expected)
    names = {"replaced.csv", "errors.csv", *(line["file"] for line in replaced)}
    assert {path.name for path in out.iterdir()} == names
    later = max(LATER, datetime.now(UTC))
    with Institution.open(place.home) as university:
        assert university.count() == MANY + len(expected)
        verifier, statuses = university.verifier(), university._registry.statuses.among(codes)
    for line in replaced:
        found = verifier.verify((out / line["file"]).read_bytes(), at=later, code=line["code"])
        assert found.learner == f"Graduate {expected[line['old_code']]}"
    assert {str(code) for code, status in statuses.items() if status == REPLACED} == set(expected)


def test_a_batch_is_one_transaction_and_durable_before_its_first_outcome(
    school: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    replace = Registry.replace

    def count(self: Registry, old: list[VerificationCode], *others: object) -> None:
        sizes.append(len(old))
        replace(self, old, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(Registry, "replace", count)
    monkeypatch.setattr(delivery, "BATCH", bulk.BATCH)
    codes = codes_of(school)
    with school.open() as university:
        outcomes = university.issue_rows(renamed(codes), at=LATER)
        next(outcomes)
        assert university.count() == MANY + sizes[0]
        assert sum(isinstance(one, IssuedRow) for one in outcomes) == sum(sizes)
    assert len(sizes) == -(-MANY // bulk.BATCH)


def test_two_processes_do_what_one_does(
    school: Place, graduated: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 20)
    codes = codes_of(school, 250)
    other = graduated.copy(tmp_path / "other")
    told = []
    for number, place in enumerate((school, other), 1):
        out = tmp_path / str(number)
        with place.open() as university:
            rows = renamed(codes)
            told.append(list(university.replace_rows(rows, out, at=LATER, jobs=number)))
        check_certificates(place, out, codes)
    assert told[0] == told[1]
    assert told[0][-1] == Counts(0, 0, 7, 243)
    errors = (tmp_path / "1" / "errors.csv").read_bytes()
    assert (tmp_path / "2" / "errors.csv").read_bytes() == errors


@pytest.mark.no_cover  # to trace code and memory at once takes up to four times as long
@pytest.mark.parametrize(("jobs", "room"), [(1, 2_000_000), (2, 500_000)])
def test_memory_does_not_grow_with_the_list(
    school: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int, room: int
) -> None:
    """900 documents more that were kept anywhere would add 3 MB, old and new; what is told of
    them 600 KB.
    """
    monkeypatch.setattr(bulk, "BATCH", 50)
    monkeypatch.setattr(delivery, "BATCH", 100)

    def peak(start: int, count: int) -> int:
        codes = codes_of(school, count, start)
        tracemalloc.start()
        with school.open() as university:
            rows = (CorrectionRow(line, code, f"New {line}") for line, code in enumerate(codes))
            for counts in university.replace_rows(rows, tmp_path / f"{start}", at=LATER, jobs=jobs):
                last = counts
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert last == Counts(0, 0, 0, count)
        return most

    peak(0, 60)  # what is loaded once
    few, many = peak(60, 220), peak(280, 920)
    assert many < few + room, (few, many)


# killed, and run again

#: The command, with batches small enough that a short list has many.
PROGRAM = """
import sys
from signedcert.cli import main
from signedcert.issue import bulk
bulk.BATCH = 10
main()
"""


@pytest.fixture
def begin(school: Place, tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts the command in a group of its own, which does not outlive the test."""
    begun: list[subprocess.Popen[str]] = []
    secret = tmp_path / "passphrase"
    secret.write_text(f"{PASSPHRASE}\n", encoding="utf-8")

    def begin(*arguments: object) -> "subprocess.Popen[str]":
        options = ("--home", school.home, "--passphrase-file", secret, "--jobs", 2)
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "replace", *map(str, (*arguments, *options))],
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
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_killed_and_run_again_each_has_one_certificate(
    school: Place, tmp_path: Path, begin: Callable[..., "subprocess.Popen[str]"]
) -> None:
    codes = codes_of(school)
    path, out = tmp_path / "list.csv", tmp_path / "out"
    lines = [f"{row.label},{row.name or ''}" for row in renamed(codes)]
    path.write_text("\n".join(["code,name", *lines]), encoding="utf-8")
    for count in (50, 400):
        process = begin("--from", path, "--out", out)
        wait_for(school.home, MANY + count, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert not (out / "replaced.csv").exists()
    with school.open() as university:
        done = university.count() - MANY
    assert 400 <= done < MANY - 30
    process = begin("--from", path, "--out", out)
    told, error = process.communicate(timeout=300)
    assert (process.returncode, "Traceback" in error) == (1, False)
    total = len([line for line in range(MANY) if line % 41])
    assert told.startswith(f"Replaced: {total - done}. Replaced before: {done}.\n")
    check_certificates(school, out, codes)
