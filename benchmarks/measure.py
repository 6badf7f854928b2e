"""Contenders that take turns, and the figures that come of it."""

import random
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

Call = Callable[[], object]
T = TypeVar("T")


class Scale(NamedTuple):
    """How much is measured: ``rounds`` of calls, ``starts`` of programs, ``rows`` of a roster."""

    runs: int
    rounds: int
    block: int
    starts: int
    rows: int


FULL = Scale(runs=3, rounds=100, block=100, starts=25, rows=50_000)
#: To see that everything works. Its figures mean little.
QUICK = Scale(runs=1, rounds=10, block=100, starts=5, rows=2_000)


class Measured(NamedTuple):
    """One contender, a figure a run: the ratio to the yardstick, and seconds a call."""

    ratios: tuple[float, ...]
    seconds: tuple[float, ...]


class Bar(NamedTuple):
    """What a figure is held against, in words, and whether the figure meets it."""

    words: str
    met: bool


class Figure(NamedTuple):
    """A line of a table: one value a run, ``value`` how to write one, ``each`` the time of a call
    in seconds where there is one.
    """

    what: str
    values: tuple[float, ...]
    value: str = "{:.2f}"
    each: float | None = None
    bar: Bar | None = None

    @property
    def lowest(self) -> float:
        """The lowest of the runs."""
        return min(self.values)

    @classmethod
    def of(cls, what: str, measured: Measured, bar: Bar | None = None) -> "Figure":
        """The ratios of a contender, with the time of its quickest run."""
        return cls(what, measured.ratios, each=min(measured.seconds), bar=bar)


class Section(NamedTuple):
    """A table: its title, what the values are, and its lines."""

    title: str
    unit: str
    figures: tuple[Figure, ...]


def measure(
    contenders: Mapping[str, Call], *, runs: int, rounds: int, block: int
) -> dict[str, Measured]:
    """Each contender, once warm: in every round each is called ``block`` times in a row, in an
    order drawn anew. The first contender is the yardstick. The ratio of a run is the median of
    the ratios of its rounds, each to the yardstick of the same round.
    """
    for call in contenders.values():
        call()
    done = [_run(contenders, rounds, block) for _ in range(runs)]
    yardstick = next(iter(contenders))
    return {
        name: Measured(
            tuple(_ratio(times[name], times[yardstick]) for times in done),
            tuple(statistics.median(times[name]) for times in done),
        )
        for name in contenders
    }


def _ratio(times: list[float], yardstick: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(times, yardstick, strict=True))


def _run(contenders: Mapping[str, Call], rounds: int, block: int) -> dict[str, list[float]]:
    """Seconds a call, by contender, one figure a round."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name in shuffled(contenders):
            times[name].append(_time(contenders[name], block))
    return times


def _time(call: Call, block: int) -> float:
    begun = time.perf_counter()
    for _ in range(block):
        call()
    return (time.perf_counter() - begun) / block


def shuffled(items: Iterable[T]) -> list[T]:
    """The items in an order drawn anew."""
    order = list(items)
    random.shuffle(order)
    return order


def at_most(limit: float, values: tuple[float, ...], aim: float | None = None) -> Bar:
    """Met if the lowest value is within the limit."""
    words = f"at most {limit:g}" + (f" (aim {aim:g})" if aim is not None else "")
    return Bar(words, min(values) <= limit)


def at_least(limit: float, values: tuple[float, ...]) -> Bar:
    """Met if every value reaches the limit: the lowest one is reported here too."""
    return Bar(f"at least {limit:,g}", min(values) >= limit)
