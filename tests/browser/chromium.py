"""The system's Chromium, driven by playwright, which is in the dependency group browser only."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_AXE = Path(__file__).parents[1] / "peers" / "node_modules" / "axe-core" / "axe.min.js"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
#: Nothing is asked of anybody but the server under test.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _lacking(message: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def _program() -> str:
    for name in _PROGRAMS:
        if found := shutil.which(name):
            return found
    _lacking("no Chromium on this machine; install your system's package chromium")


def axe_source() -> str:
    """The program of npm's axe-core, or the end of the test if it is not installed."""
    if not _AXE.is_file():
        _lacking("npm's axe-core is not installed; run: npm install --prefix tests/peers")
    return _AXE.read_text("utf-8")


@contextmanager
def launched(*flags: str, windows: bool = False) -> Iterator["Browser"]:
    """A Chromium; with ``windows`` also what is around a page, on a screen that nobody sees. While
    it runs, no other event loop can run on this thread.
    """
    if find_spec("playwright") is None:
        _lacking("playwright is not installed; run: .venv/bin/pip install --group browser")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may be absent

    program = _program()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program,
            headless=not windows,  # else playwright turns the viewer of PDFs off
            args=[*_FLAGS, *flags],
        )
        yield chromium
        chromium.close()
