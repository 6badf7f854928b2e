"""Runs parsers on very many inputs: ``python -m fuzz.run [TARGET...] [--inputs N] [--seconds S]``.

With atheris, inputs are chosen by the code that they reach; without, they are mutations of the
corpus. Every input is measured. A find is kept in the corpus and ends the run with status 1.
"""

import argparse
import hashlib
import importlib
import importlib.util
import math
import os
import resource
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NoReturn

from fuzz.extremes import extremes

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

    from fuzz.targets import Target

#: For one input, whatever its size: seconds of this thread, and bytes that the process grows by.
MAX_SECONDS = 0.05
MAX_GROWTH = 64 * 1024 * 1024
#: Machines are busy: an input is slow if it is slow each time.
_ATTEMPTS = 4
#: Code that counts its steps for atheris takes as many times as long as itself.
_INSTRUMENTED = 3
#: Mutated inputs are longer only by chance; what is as long as a parser reads is in ``extremes``.
_MAX_MUTATED = 16 * 1024
_INPUTS = 100_000
_CORPUS = Path(__file__).with_name("corpus")
_LEARNT = Path("build/fuzz")


class FindError(Exception):
    """An input that a parser must not do this with."""


class Meter:
    """Runs one target, and keeps the figures."""

    def __init__(self, name: str, target: "Target", seconds: float) -> None:
        self.name = name
        self.inputs = 0
        self.slowest = 0.0
        self._run = target.run
        self._seconds = seconds
        self._started = time.monotonic()
        self._grown = 0

    def measure(self, data: bytes) -> None:
        """Raises FindError: an exception, a broken promise, or a limit that was passed."""
        self.inputs += 1
        before = _peak()
        seconds = self._time(data)
        if seconds > self._seconds:
            seconds = min(seconds, *(self._time(data) for _ in range(1, _ATTEMPTS)))
        self.slowest = max(self.slowest, seconds)
        grown = _peak() - before  # by the parser: mutations take memory too
        self._grown += grown
        if seconds > self._seconds:
            message = f"{seconds * 1000:.0f} ms"
            raise FindError(message)
        if grown > MAX_GROWTH:
            message = f"{grown / 2**20:.0f} MiB"
            raise FindError(message)

    def _time(self, data: bytes) -> float:
        begun = time.thread_time()
        try:
            self._run(data)
        except Exception as error:
            traceback.print_exc()
            message = f"{type(error).__name__}: {error}"
            raise FindError(message) from error
        return time.thread_time() - begun

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def line(self) -> str:
        """The figures, for people."""
        rate = self.inputs / max(self.seconds, 1e-9)
        slowest, grown = self.slowest * 1000, self._grown / 2**20
        return (
            f"{self.name:<14}{self.inputs:>10,} inputs{rate:>10,.0f} a second"
            f"   slowest {slowest:5.1f} ms   memory +{grown:.0f} MiB"
        )


def _peak() -> int:
    """Bytes that this process had at most; macOS counts in bytes, others in KiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class Run:
    """One target, until it has had enough inputs or time, or there is a find."""

    def __init__(self, name: str, arguments: argparse.Namespace, *, guided: bool) -> None:
        if guided:
            with importlib.import_module("atheris").instrument_imports(include=["signedcert"]):
                targets = importlib.import_module("fuzz.targets")
        else:
            targets = importlib.import_module("fuzz.targets")
        self._target: Target = targets.TARGETS[name]
        self._folder: Path = targets.CORPUS / name
        self._arguments = arguments
        self._corpus = [path.read_bytes() for path in sorted(self._folder.iterdir())]
        for data in self._corpus:  # whatever is made once is made before the clock runs
            with suppress(Exception):  # a find; it is an input too
                self._target.run(data)
        limit = MAX_SECONDS * (_INSTRUMENTED if guided else 1)
        self._meter = Meter(name, self._target, math.inf if arguments.untimed else limit)

    def file(self, path: Path) -> int:
        """One input; the exit status."""
        self._one(path.read_bytes())
        print(self._meter.line())
        return 0

    def plain(self) -> int:
        """Mutations of the corpus, always the same ones for one seed."""
        rng = Random(self._arguments.seed)
        for data in (*self._corpus, *extremes(self._target.limit), *self._target.large()):
            self._one(data)
        while not self._over():
            data = rng.choice(self._corpus)
            for _ in range(rng.choice((1, 1, 2, 3))):
                data = self._target.mutate(data, rng)
            self._one(data[: self._target.limit + 1])
        print(self._meter.line(), flush=True)
        return 0

    def guided(self) -> NoReturn:
        """Inputs that libFuzzer chooses; what it learns is kept in build/fuzz."""
        atheris = importlib.import_module("atheris")
        learnt = _LEARNT / self._meter.name
        learnt.mkdir(parents=True, exist_ok=True)

        def one(data: bytes) -> None:
            self._one(data)
            if self._over():
                print(self._meter.line(), flush=True)
                os._exit(0)  # libFuzzer does not return

        def mutate(data: bytes, limit: int, seed: int) -> bytes:
            if seed % 2:
                return bytes(atheris.Mutate(data, limit))
            return self._target.mutate(data, Random(seed))[:limit]

        options = [f"-max_len={_MAX_MUTATED}", "-verbosity=0", "-rss_limit_mb=0", "-len_control=0"]
        options += [f"-seed={self._arguments.seed}"] if self._arguments.seed else []
        folders = [str(learnt), str(self._folder)]
        atheris.Setup([sys.argv[0], *options, *folders], one, custom_mutator=mutate)
        atheris.Fuzz()
        raise AssertionError

    def _over(self) -> bool:
        inputs, seconds = self._arguments.inputs, self._arguments.seconds
        return bool(
            (inputs and self._meter.inputs >= inputs)
            or (seconds and self._meter.seconds >= seconds)
        )

    def _one(self, data: bytes) -> None:
        try:
            self._meter.measure(data)
        except FindError as find:
            name = self._meter.name
            small = len(data) <= _MAX_MUTATED  # the others are made again by each run
            file = (self._folder if small else _LEARNT) / hashlib.sha256(data).hexdigest()[:16]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            shown = os.path.relpath(file)
            print(f"{name}: {find}\nagain: python -m fuzz.run {name} --file {shown}", flush=True)
            print(self._meter.line(), flush=True)
            os._exit(1)  # not an exception: libFuzzer would print its own report of it


def main() -> int:
    """Each target in a process of its own, as many at once as there are cores."""
    arguments = _arguments()
    guided = not arguments.plain and importlib.util.find_spec("atheris") is not None
    if len(arguments.targets) > 1:
        return _commands(arguments) if guided else _forks(arguments)
    one = Run(arguments.targets[0], arguments, guided=guided and arguments.file is None)
    if arguments.file is not None:
        return one.file(arguments.file)
    return one.guided() if guided else one.plain()


def _forks(arguments: argparse.Namespace) -> int:
    """Runs targets, plainly. To import all of them takes longer than a short run, so that a server
    does it once for all processes. One thread starts and awaits them all: in two, the one that
    starts a process takes the exit status of another from the thread that waits for it.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["fuzz.targets"])
    targets = iter(arguments.targets)
    running: list[ForkServerProcess] = []
    status = 0
    while True:
        for name in islice(targets, arguments.jobs - len(running)):
            running.append(context.Process(target=_plain, args=(name, arguments)))
            running[-1].start()
        if not running:
            return status
        ended = wait([process.sentinel for process in running])
        over = [process for process in running if process.sentinel in ended]
        status = max(status, *(abs(process.exitcode or 0) for process in over))
        running = [process for process in running if process not in over]


def _plain(name: str, arguments: argparse.Namespace) -> None:
    Run(name, arguments, guided=False).plain()


def _commands(arguments: argparse.Namespace) -> int:
    """Runs targets by commands of their own: atheris looks at the code while it is imported."""
    options = [f"--{name}={getattr(arguments, name)}" for name in ("inputs", "seconds", "seed")]
    options += ["--untimed"] * arguments.untimed

    def run(name: str) -> int:
        command = [sys.executable, "-m", "fuzz.run", name, *options]
        return abs(subprocess.run(command, check=False).returncode)  # noqa: S603 - ourselves

    with ThreadPoolExecutor(arguments.jobs) as pool:
        return max(pool.map(run, arguments.targets))


def _arguments() -> argparse.Namespace:
    known = sorted(path.name for path in _CORPUS.iterdir())
    parser = argparse.ArgumentParser("python -m fuzz.run", description="Fuzzes the parsers.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(known))
    parser.add_argument("--inputs", type=int, default=0, help="how many for each target")
    parser.add_argument("--seconds", type=float, default=0, help="how long for each target")
    parser.add_argument("--seed", type=int, default=0, help="of the random choices")
    parser.add_argument("--plain", action="store_true", help="without atheris")
    parser.add_argument("--untimed", action="store_true", help="times are shown, not judged")
    parser.add_argument("--file", type=Path, help="one input, for one target")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets at a time")
    arguments = parser.parse_args()
    arguments.targets = arguments.targets or known
    if unknown := set(arguments.targets) - set(known):
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if arguments.file and len(arguments.targets) > 1:
        parser.error("--file needs one TARGET")
    if not (arguments.inputs or arguments.seconds):
        arguments.inputs = _INPUTS
    return arguments


if __name__ == "__main__":
    sys.exit(main())
