"""How far long work is, is said on standard error: in one place, or in lines."""

from itertools import count
from types import SimpleNamespace

import pytest

from signedcert.cli import progress as module
from signedcert.cli.progress import with_progress


def told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    total: int | None,
    *,
    terminal: bool,
    step: float = 1,
) -> str:
    """What is said of 25 items, one every ``step`` seconds."""
    ticks = count(0, step)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    assert list(with_progress(range(25), "rows", total)) == list(range(25))
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def test_elsewhere_it_is_a_plain_line_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(monkeypatch, capsys, 40, terminal=False).splitlines() == [
        "10 of about 40 rows, 1 a second, 30 s left",
        "20 of about 40 rows, 1 a second, 20 s left",
    ]


def test_on_a_terminal_it_is_one_line_that_is_gone_in_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(monkeypatch, capsys, 25, terminal=True)
    assert "\n" not in said
    shown = said.split("\r")[1:]
    assert len(shown) == 25 + 2
    assert shown[0] == "1 of about 25 rows, 1 a second, 24 s left"
    assert shown[24].rstrip() == "25 of about 25 rows, 1 a second"
    assert len(shown[24]) == len(shown[23])  # covers what was there
    assert (shown[25].strip(), shown[26]) == ("", "")


def test_minutes_are_minutes_and_an_unknown_end_is_not_guessed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long = told(monkeypatch, capsys, 1_000, terminal=False)
    assert long.startswith("10 of about 1,000 rows, 1 a second, 16 min 30 s left\n")
    unknown = told(monkeypatch, capsys, None, terminal=False)
    assert unknown.splitlines()[0] == "10 rows, 1 a second"
    more = told(monkeypatch, capsys, 5, terminal=False)
    assert more.splitlines()[0] == "10 of about 5 rows, 1 a second"


def test_short_work_is_not_talked_about(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(monkeypatch, capsys, 40, terminal=False, step=0.1) == ""
    assert told(monkeypatch, capsys, 40, terminal=True, step=0.001) == ""
