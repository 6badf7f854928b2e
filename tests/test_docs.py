"""Every example in the documentation runs, document by document, as a reader would run it.

A ``sh`` block has to succeed. In a ``console`` block each line after ``$`` is a command, whose
output is compared with what stands below it (``...`` is anything). A block that begins with
``signedcert serve`` goes on running until its document is through. Python blocks find the paths
that the documents speak of: ``home``, ``usb_stick``, ``course_file``, ``file``. Blocks in any other
language are not run.
"""

import doctest
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click
import pytest
from sybil import Document, Example, Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

import signedcert
from signedcert import errors
from signedcert.cli.app import app
from tests.postgres import program, running

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
]
RUN = re.compile("^```(sh|console|python)$", re.MULTILINE)
DOCUMENTS = [
    ROOT / "src" / "signedcert" / "__init__.py",
    *(page for page in PAGES if RUN.search(page.read_text(encoding="utf-8"))),
]

FLAGS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
OUTPUT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
#: What the documents write where a reader has the port free; a test takes any that is.
PORT = "8000"
#: Where the documents have the socket of a PostgreSQL server, and its number.
SOCKETS, NUMBER = "/var/run/postgresql", 5432
#: Variables that a block sets are there in the next one, as in a reader's terminal.
PRELUDE = """
set -eu -o pipefail -o allexport
if [ -e "$STATE" ]; then . "$STATE"; fi
trap 'export -p > "$STATE"' EXIT
"""
START = 60.0


class Terminal:
    """Runs the shell blocks of one document, in one directory."""

    def __init__(self, directory: Path, sockets: Path | None = None) -> None:
        self._port = _free_port()
        self._sockets = str(sockets or SOCKETS)
        self._servers: list[subprocess.Popen[bytes]] = []
        self._directory = directory / "work"
        self._directory.mkdir()
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SIGNEDCERT_", "XDG_", "COV_"))
        }
        self._environment = kept | {
            "HOME": str(directory),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONUTF8": "1",
            "STATE": str(directory / "state"),
        }
        if sockets is not None:
            self._environment |= {"PGHOST": str(sockets), "PGUSER": "postgres"}
            self._environment["PATH"] += os.pathsep + str(Path(program("createdb")).parent)

    def script(self, example: Example) -> str | None:
        """A ``sh`` block; the failure, if it fails."""
        source = self._with_port(example.parsed)
        if source.startswith("signedcert serve"):
            return self._serve(source)
        done = self._run(source)
        return None if done.returncode == 0 else f"exit status {done.returncode}\n{done.stdout}"

    def session(self, example: Example) -> str | None:
        """A ``console`` block; the first command whose output is another."""
        for command, wanted in _commands(self._with_port(example.parsed)):
            done = self._run(command)
            if done.returncode:
                return f"$ {command}\nexit status {done.returncode}\n{done.stdout}"
            if not doctest.OutputChecker().check_output(wanted, done.stdout, OUTPUT):
                return f"$ {command}\nexpected:\n{wanted}\ngot:\n{done.stdout}"
        return None

    def close(self) -> None:
        """Stops the servers."""
        for server in self._servers:
            server.terminate()
            server.wait()

    def _with_port(self, source: object) -> str:
        return str(source).replace(PORT, str(self._port)).replace(SOCKETS, self._sockets)

    def _run(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", PRELUDE + script],
            check=False,
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def _serve(self, command: str) -> str | None:
        server = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._servers.append(server)
        end = time.monotonic() + START
        while server.poll() is None and time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return None
            time.sleep(0.1)
        return f"{command}\ndoes not answer"


class Docstrings(PythonDocStringDocument):
    """A module's docstrings. What the examples are given goes before what the module has: a room of
    the package may be called as a path is.
    """

    def import_document(self, example: Example) -> None:
        """Imports the module, at the first example."""
        given = dict(self.namespace)
        try:
            super().import_document(example)
        finally:
            self.namespace.update(given)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _commands(session: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block, with the output that is shown below it."""
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        size = next(i for i, line in enumerate(lines, 1) if not line.endswith("\\\n"))
        yield "".join(lines[:size]).rstrip("\n"), "".join(lines[size:])


def _parse(path: Path, terminal: Terminal) -> Document:
    if path.suffix == ".py":
        parsers = [DocTestParser(FLAGS)]
        return Sybil(parsers, document_types={".py": Docstrings}).parse(path)
    return Sybil(
        [
            PythonCodeBlockParser(doctest_optionflags=FLAGS),
            CodeBlockParser("sh", terminal.script),
            CodeBlockParser("console", terminal.session),
        ]
    ).parse(path)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.skipif(shutil.which("bash") is None, reason="the examples are for a POSIX shell")
@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_examples_run(path: Path, tmp_path: Path) -> None:
    with _server(path) as sockets:
        _run_examples(path, tmp_path, Terminal(tmp_path, sockets))


@contextmanager
def _server(path: Path) -> Iterator[Path | None]:
    """Where a document that speaks of a PostgreSQL server has the socket of one."""
    if SOCKETS not in path.read_text(encoding="utf-8"):
        yield None
        return
    with running(NUMBER) as server:
        yield server.directory


def _run_examples(path: Path, tmp_path: Path, terminal: Terminal) -> None:
    document = _parse(path, terminal)
    document.namespace.update(
        home=tmp_path / "home",
        usb_stick=tmp_path / "usb-stick",
        course_file=ROOT / "tests" / "reference" / "course.json",
        file=tmp_path / "maria.signedcert",
    )
    try:
        for example in document.examples():
            example.evaluate()
    finally:
        terminal.close()
        for value in document.namespace.values():
            if isinstance(value, signedcert.Institution):
                value.close()


def test_a_wrong_example_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ echo one\ntwo\n```\n\n```sh\nfalse\n```\n\n```python\n>>> 1\n2\n```\n"
    )
    examples = list(_parse(page, Terminal(tmp_path)).examples())
    assert len(examples) == 3
    for example in examples:
        with pytest.raises(AssertionError):
            example.evaluate()


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    text = re.sub(
        "^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text):
        assert (path.parent / target).exists(), target


def _find(pattern: str, page: str) -> list[str]:
    """What a pattern finds at the beginnings of the lines of a page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(f"^{pattern}", text, flags=re.MULTILINE)


def test_every_reason_is_explained_once() -> None:
    families = (
        *(errors.Malformed, errors.Verdicts, errors.Issuing, errors.Rendering),
        errors.Configuration,
    )
    reasons = [slug for family in families for slug in get_args(family)]
    explained = _find(r"\| `([^`]+)` \|", "reference/errors.md")
    assert sorted(explained) == sorted(set(reasons))


def _options(command: click.Command, name: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        for part in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), part)
            assert inner is not None
            yield from _options(inner, f"{name} {part}".strip())
        return
    yield name
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield f"{name} {parameter.opts[-1]}"


def test_every_command_and_option_is_explained_once() -> None:
    text = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    described: list[str] = []
    for section in text.split("\n## `signedcert ")[1:]:
        name = section.partition("`")[0]
        described.append(name)
        options = re.findall(r"^\| `(?:-\w`, `)?(--[a-z-]+)", section, flags=re.MULTILINE)
        described += [f"{name} {option}" for option in options]
    assert sorted(described) == sorted(_options(app, ""))


def test_every_public_name_is_described() -> None:
    kinds = "class|exception|function"
    described = _find(rf"\.\. auto(?:{kinds}):: signedcert\.(\w+)(?:\(\))?$", "reference/python.md")
    assert sorted(described) == sorted(signedcert.__all__)


def test_every_decision_is_listed() -> None:
    pages = (ROOT / "docs" / "decisions").glob("0*.md")
    assert _find(r"\d{4}-[a-z0-9-]+$", "decisions/index.md") == sorted(page.stem for page in pages)
