"""Many at once: in their order, not too many ahead, and no process is left behind."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import count, islice
from threading import Event, Lock
from typing import ParamSpec, TypeVar

import pytest

from signedcert.batch import in_order, process_pool
from signedcert.errors import ConfigurationError
from tests.core.refusal import refused

P = ParamSpec("P")
T = TypeVar("T")

WORKERS = 4


class Watched(ThreadPoolExecutor):
    """Counts what was submitted; ``untaken`` is set back by whoever takes a result."""

    def __init__(self, workers: int = WORKERS) -> None:
        super().__init__(workers)
        self.submitted = self.untaken = self.most = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As always."""
        self.submitted += 1
        self.untaken += 1
        self.most = max(self.most, self.untaken)
        return super().submit(fn, *args, **kwargs)


def dawdle(item: int) -> int:
    """The same number, a little later."""
    time.sleep(random.Random(item).uniform(0, 0.004))  # noqa: S311 - a delay
    return item


# order, and how far ahead


@pytest.mark.parametrize("ahead", [1, 2, 7, 100])
def test_results_come_in_the_order_of_the_items_and_never_from_too_far_ahead(ahead: int) -> None:
    with Watched() as executor:
        taken = []
        for result in in_order(executor, dawdle, range(60), ahead):
            executor.untaken -= 1
            taken.append(result)
    assert taken == list(range(60))
    assert executor.most == min(ahead, 60)


def test_an_endless_stream_is_read_as_far_as_results_are_taken() -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for item in count():
            assert item < 1000, "read without end"
            read.append(item)
            yield item

    with Watched() as executor, closing(in_order(executor, dawdle, items(), 5)) as results:
        assert read == []
        assert list(islice(results, 20)) == list(range(20))
        assert len(read) <= 20 + 5
    assert executor.submitted <= 20 + 5


def test_nothing_becomes_nothing() -> None:
    with Watched() as executor:
        assert list(in_order(executor, dawdle, [], 3)) == []


@pytest.mark.parametrize("seed", range(10))
def test_what_waits_begins_when_all_before_it_are_done(seed: int) -> None:
    waiting = set(random.Random(seed).sample(range(80), 20))  # noqa: S311 - a choice of cases
    done: set[int] = set()
    together: list[int] = []
    lock = Lock()

    def work(item: int) -> int:
        with lock:
            missing = set(range(item)) - done
        if item in waiting:
            assert not missing
        elif missing:
            together.append(item)
        dawdle(item + 100 * seed)
        with lock:
            done.add(item)
        return item

    with Watched() as executor:
        results = list(in_order(executor, work, range(80), 6, waits=lambda item: item in waiting))
    assert results == list(range(80))
    assert together  # the others did not wait


# what goes wrong


class Gates:
    """Work of which item 5 fails and item 6 is under way until it is let go."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.sixth = Event()
        self.let_go = Event()

    def work(self, item: int) -> int:
        """One item."""
        self.begun.append(item)
        if item == 5:
            message = "the fifth"
            raise ValueError(message)
        if item == 6:
            self.sixth.set()
            assert self.let_go.wait(10)
        return item


def test_an_exception_comes_in_its_place_and_nothing_further_begins() -> None:
    gates = Gates()
    with Watched(1) as executor:
        results = in_order(executor, gates.work, range(100), 4)
        assert list(islice(results, 5)) == [0, 1, 2, 3, 4]
        assert gates.sixth.wait(10)
        with pytest.raises(ValueError, match="the fifth"):
            next(results)
        gates.let_go.set()
    assert gates.begun == [0, 1, 2, 3, 4, 5, 6]
    assert executor.submitted > len(gates.begun)
    assert list(results) == []


def test_what_has_not_begun_when_results_are_closed_never_begins() -> None:
    gates = Gates()
    with Watched(1) as executor:
        results = in_order(executor, gates.work, [0, 6, 1, 2, 3], 4)
        assert next(results) == 0
        assert gates.sixth.wait(10)
        results.close()
        gates.let_go.set()
    assert gates.begun == [0, 6]
    assert executor.submitted == 4


def test_an_exception_of_the_items_ends_it_and_nothing_further_begins() -> None:
    gates = Gates()

    def items() -> Iterator[int]:
        yield from (6, 7, 8)
        assert gates.sixth.wait(10)
        message = "the stream broke"
        raise OSError(message)

    with Watched(1) as executor:
        with pytest.raises(OSError, match="the stream broke"):
            list(in_order(executor, gates.work, items(), 10))
        gates.let_go.set()
    assert gates.begun == [6]


# processes


def own_pid(_: int) -> int:
    """Which process does the work."""
    return os.getpid()


def die_at_7(item: int) -> int:
    """The same number; 7 is the end of the process."""
    if item == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def refuse_7(item: int) -> int:
    """The same number; 7 is refused."""
    if item == 7:
        raise ConfigurationError("key-file", "not this one", where="here")
    return item


def test_the_work_is_done_by_other_processes_and_no_more_than_asked_for() -> None:
    with process_pool(2) as pool:
        pids = set(in_order(pool, own_pid, range(50), 8))
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2


def test_a_worker_that_is_killed_is_told_as_such() -> None:
    results = []
    with process_pool(2) as pool, refused("worker-lost", kind=ConfigurationError):
        for result in in_order(pool, die_at_7, range(99), 4):
            results.append(result)  # noqa: PERF402 - what came before the end
    assert results == list(range(7))[: len(results)]


def test_a_refusal_in_a_worker_arrives_as_what_it_is() -> None:
    results = in_order(pool := process_pool(2), refuse_7, range(99), 4)
    with pool, closing(results):
        assert list(islice(results, 7)) == list(range(7))
        with refused("key-file", "here", ConfigurationError):
            next(results)


#: Works until it is interrupted. Its workers have its standard error too: as long as one of them
#: is there, that is not at its end.
PROGRAM = """
import sys, time
from signedcert.batch import in_order, process_pool
seconds = float(sys.argv[1])
try:
    with process_pool(2) as pool:
        print("begins", flush=True)
        for _ in in_order(pool, time.sleep, [seconds] * 1000, 4):
            print("works", flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


def start(seconds: float, word: str, delay: float) -> subprocess.Popen[str]:
    """The program, in a group of its own, some time after it said the word."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    assert process.stdout is not None
    while process.stdout.readline() != f"{word}\n":
        assert process.poll() is None
    time.sleep(delay)
    return process


@pytest.mark.parametrize("delay", [0, 0.02, 0.05, 0.1, 0.2, 0.4])
def test_when_the_parent_is_killed_its_workers_end(delay: float) -> None:
    process = start(100, "begins", delay)
    process.kill()
    _, said = process.communicate(timeout=20)  # it waits for everybody who could say something
    assert "signedcert" not in said


@pytest.mark.parametrize(
    ("word", "delay"),
    [("begins", delay / 50) for delay in range(15)] + [("works", 0), ("works", 0.1)],
)
def test_an_interruption_at_the_terminal_is_the_parents_alone(word: str, delay: float) -> None:
    process = start(0.2, word, delay)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, "")
