"""The command line, timed as a whole: from the start of the process to its end."""

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.ground import COMMAND, Ground, run
from benchmarks.measure import Figure, Scale, Section, at_least, at_most, measure, shuffled
from benchmarks.memory import Memory, can_watch

_PROCESSES = {1: "one process", 2: "two processes"}
_RATE = "{:,.0f}"
_CERTIFICATES = "certificates a second"
_RECORDS = "records a second"
_PDFS = "PDFs a second"
_PYTHON = "python -c pass"


def roster(scale: Scale, ground: Ground) -> Section:
    """``signedcert issue`` on one process and on two, registry included."""
    title = f"`signedcert issue`, a roster of {ground.rows:,} rows"
    command = Command(ground.issue, ground.rows, _CERTIFICATES)
    return _throughput(title, scale, command, least=5_500)


def folder(scale: Scale, ground: Ground) -> Section:
    """``signedcert verify`` on one process and on two, with a report."""
    if not ground.folder.exists():
        ground.issue(2)
    title = f"`signedcert verify`, a folder of {ground.rows:,} certificates"
    return _throughput(title, scale, Command(ground.verify, ground.rows, _CERTIFICATES))


def gradebook(scale: Scale, ground: Ground) -> Section:
    """``signedcert issue-records`` on one process and on two, registry included."""
    ground.certify()
    title = f"`signedcert issue-records`, a gradebook of {ground.learners:,} rows of 15 results"
    return _throughput(title, scale, Command(ground.record, ground.learners, _RECORDS))


def pictures(scale: Scale, ground: Ground) -> Section:
    """``signedcert render`` on one process and on two, with the memory of the latter."""
    for jobs in _PROCESSES:
        ground.choose(jobs)
    seen: list[Memory] = []

    def print_(jobs: int) -> float:
        memory = Memory() if jobs > 1 and can_watch() else None
        seconds = ground.print(jobs, memory)
        if memory is not None:
            memory.end()
            seen.append(memory)
        return seconds

    few, many = (ground.printed(jobs) for jobs in _PROCESSES)
    title = f"`signedcert render`, a folder of {many:,} certificates; one process, of {few:,}"
    section = _throughput(title, scale, Command(print_, many, _PDFS, few), least=120)
    return section._replace(figures=section.figures + _memory(seen))


def _memory(seen: Sequence[Memory]) -> tuple[Figure, ...]:
    """Of the runs on two processes: memory does not grow with the number of certificates."""
    if not seen:
        return ()
    growth = tuple(memory.growth for memory in seen)
    return (
        Figure("memory of the parent at its peak, MiB", tuple(one.parent for one in seen), _RATE),
        Figure("memory of a worker at its peak, MiB", tuple(one.worker for one in seen), _RATE),
        Figure("memory of all, last quarter to second quarter", growth, bar=at_most(1.1, growth)),
    )


class Command(NamedTuple):
    """What takes some seconds with so many processes, for so many rows; with one process, for
    ``few``, where that is told.
    """

    run: Callable[[int], float]
    rows: int
    unit: str
    few: int | None = None


def _throughput(title: str, scale: Scale, command: Command, least: float | None = None) -> Section:
    """One process and two take turns, in an order drawn anew for each run."""
    seconds: dict[int, list[float]] = {jobs: [] for jobs in _PROCESSES}
    for _ in range(scale.runs):
        for jobs in shuffled(_PROCESSES):
            seconds[jobs].append(command.run(jobs))
    rows = dict.fromkeys(_PROCESSES, command.rows) | ({1: command.few} if command.few else {})
    one, two = (tuple(rows[jobs] / taken for taken in seconds[jobs]) for jobs in _PROCESSES)
    ratios = tuple(b / a for a, b in zip(one, two, strict=True))
    figures = (
        Figure(_PROCESSES[1], one, _RATE),
        Figure(_PROCESSES[2], two, _RATE, bar=None if least is None else at_least(least, two)),
        Figure("ratio, two processes to one", ratios, bar=at_least(1.8, ratios)),
    )
    return Section(title, command.unit, figures)


def start(scale: Scale, ground: Ground) -> Section:
    """``signedcert verify`` of one file against an interpreter that does nothing."""
    verify: dict[str, Sequence[object]] = {
        f"signedcert verify, {what}": [COMMAND, "verify", file, "--trust", ground.trust]
        for what, file in (("bundle", ground.bundle), ("JWS", ground.jws))
    }
    commands: dict[str, Sequence[object]] = {_PYTHON: [sys.executable, "-c", "pass"], **verify}
    contenders = {name: _runner(command) for name, command in commands.items()}
    measured = measure(contenders, runs=scale.runs, rounds=scale.starts, block=1)
    figures = (
        Figure.of(f"{_PYTHON} (the yardstick)", measured[_PYTHON]),
        *(Figure.of(name, measured[name], at_most(8, measured[name].ratios)) for name in verify),
    )
    return Section("Start of the command line", "ratio to the yardstick", figures)


def _runner(command: Sequence[object]) -> Callable[[], None]:
    return lambda: run(*command)
