"""How far long work is: on one line of a terminal, otherwise in a plain line now and then."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

_Item = TypeVar("_Item")

#: Seconds between two looks at it.
_ON_TERMINAL = 0.2
_ELSEWHERE = 10.0
_MINUTE = 60


def with_progress(items: Iterable[_Item], what: str, total: int | None = None) -> Iterator[_Item]:
    """The same items. While they pass, says on standard error how many there were, how many a
    second and, with about ``total`` to come, how long it will take.
    """
    terminal = sys.stderr.isatty()
    every = _ON_TERMINAL if terminal else _ELSEWHERE
    begun = shown = time.monotonic()
    width = 0
    try:
        for done, item in enumerate(items, 1):
            now = time.monotonic()
            if now - shown >= every:
                shown = now
                line = _line(done, what, total, now - begun)
                click.echo(f"\r{line:{width}}" if terminal else line, nl=not terminal, err=True)
                width = len(line)
            yield item
    finally:
        if terminal and width:
            click.echo(f"\r{'':{width}}\r", nl=False, err=True)


def _line(done: int, what: str, total: int | None, seconds: float) -> str:
    rate = done / seconds
    said = f"{done:,} {what}" if total is None else f"{done:,} of about {total:,} {what}"
    said += f", {rate:,.0f} a second"
    if total is not None and total > done:
        left = round((total - done) / rate)
        minutes, rest = divmod(left, _MINUTE)
        said += f", {minutes} min {rest:02} s left" if minutes else f", {rest} s left"
    return said
