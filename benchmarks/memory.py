"""How much memory a command and the processes that it begins have, while it runs."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import NamedTuple

_PROC = Path("/proc")
_PAUSE = 0.5
#: Resident memory now, and at its highest so far.
_NOW, _PEAK = "VmRSS", "VmHWM"
_MIB = 1024


class Look(NamedTuple):
    """One look, by process, in KiB: what each has, and the most that it ever had."""

    at: float
    now: dict[int, int]
    peak: dict[int, int]


class Memory:
    """What is seen of a command with looks twice a second. The system itself keeps the peaks, so
    that none is missed in between. It sees nothing where there is no /proc.
    """

    def __init__(self) -> None:
        self._pid = 0
        self._looks: list[Look] = []
        self._thread = Thread()

    def watch(self, pid: int) -> None:
        """Begins to look, until the process has ended."""
        self._pid = pid
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Waits for the last look."""
        self._thread.join()

    @property
    def parent(self) -> float:
        """The peak of the command's own process, in MiB."""
        return max(look.peak.get(self._pid, 0) for look in self._looks) / _MIB

    @property
    def worker(self) -> float:
        """The peak of the largest of the others, in MiB."""
        others = [
            size for look in self._looks for pid, size in look.peak.items() if pid != self._pid
        ]
        return max(others, default=0) / _MIB

    @property
    def growth(self) -> float:
        """All processes together in the last quarter of the time, to the second quarter: in the
        first one they start.
        """
        begun, ended = self._looks[0].at, self._looks[-1].at
        part = (ended - begun) / 4
        return self._most(ended - part, ended) / self._most(begun + part, begun + 2 * part)

    def _most(self, begun: float, ended: float) -> int:
        found = [sum(look.now.values()) for look in self._looks if begun <= look.at <= ended]
        return max(found, default=1)

    def _look(self) -> None:
        while peaks := {pid: size for pid in _tree(self._pid) if (size := _size(pid, _PEAK))}:
            now = {pid: _size(pid, _NOW) for pid in peaks}
            self._looks.append(Look(time.monotonic(), now, peaks))
            time.sleep(_PAUSE)


def can_watch() -> bool:
    """Whether this system tells."""
    return _size(os.getpid(), _PEAK) > 0


def _tree(pid: int) -> Iterator[int]:
    """A process and all that it has begun."""
    yield pid
    for children in (_PROC / str(pid) / "task").glob("*/children"):
        for child in _read(children).split():
            yield from _tree(int(child))


def _size(pid: int, name: str) -> int:
    """In KiB; 0 of a process that has ended."""
    lines = _read(_PROC / str(pid) / "status").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
