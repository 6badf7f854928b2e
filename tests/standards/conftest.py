"""Counts each file of vectors, and prints the counts when all tests are through."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from tests.standards.expected import EXPECTED
from tests.standards.outcomes import Tally

Publish: TypeAlias = Callable[[str, Tally], None]

_PROPERTY = "vectors"
_PRINTED = pytest.StashKey[bool]()
_COLUMNS = ("vectors", "accepted", "by signature", "unsupported", "malformed", "left", "stricter")


@pytest.fixture
def publish(record_property: Callable[[str, object], None]) -> Publish:
    """Prints the counts of a file at the end, and compares them with the expected ones."""

    def compare(name: str, counts: Tally) -> None:
        rules = ", ".join(f"{rule} {number}" for rule, number in sorted(counts.stricter.items()))
        record_property(_PROPERTY, [name, *map(str, (counts.total(), *counts[:5])), rules or "-"])
        assert counts == EXPECTED[name]

    return compare


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each file: what was accepted, and what was refused in which way."""
    stash = terminalreporter.config.stash
    rows = sorted(_rows(terminalreporter))
    if not rows or stash.get(_PRINTED, False):
        return
    stash[_PRINTED] = True
    table = [("", *_COLUMNS), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    terminalreporter.section("vectors of other people")
    for name, *cells in table:
        texts = [text.rjust(width) for text, width in zip(cells[:-1], widths[1:], strict=False)]
        terminalreporter.write_line("  ".join([name.ljust(widths[0]), *texts, cells[-1]]))


def _rows(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[str, ...]]:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            if getattr(report, "when", "") == "call":
                yield from (
                    tuple(value) for name, value in report.user_properties if name == _PROPERTY
                )
