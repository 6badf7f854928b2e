"""The command line as a whole: help, errors, exit statuses, passphrases."""

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from signedcert import __version__
from signedcert.cli import app as module
from signedcert.cli.app import COMMANDS, app, cores, exit_status, find_passphrase, main
from signedcert.errors import (
    ConfigurationError,
    IssueError,
    MalformedError,
    RejectedError,
    SignedCertError,
    UndecidedError,
)
from tests.cli.running import COMMAND, Done, spawn
from tests.core.refusal import refused
from tests.institution.homes import PASSPHRASE, Place

Run = Callable[..., Done]
CODE = "NSPQ-8W1B-BCGX-GRPY-7QQP"


def leaves(command: click.Command, *path: str) -> list[tuple[str, ...]]:
    """Every command that can be run, by the words that lead to it."""
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    found = []
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        found += leaves(inner, *path, name)
    return found


ALL = leaves(app)


# help


def test_the_commands_are_those_of_the_design() -> None:
    assert {" ".join(path) for path in ALL} == {
        "init",
        "course add",
        "course list",
        "course show",
        "issue",
        "issue-records",
        "keys status",
        "keys rotate",
        "keys compromise",
        "keys drill",
        "keys propose",
        "keys sign",
        "keys assemble",
        "keys holder",
        "keys passphrase",
        "log monitor",
        "log rebuild",
        "migrate",
        "revoke",
        "suspend",
        "restore",
        "render",
        "replace",
        "publish",
        "serve",
        "verify",
        "code",
        "present",
        "share",
        "shares",
        "reset",
        "sign-in",
        "trust add",
        "trust update",
        "trust list",
        "demo",
    }
    assert {path[0] for path in ALL} == set(COMMANDS)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_the_help_of_every_command_has_an_example_of_it(run: Run, path: tuple[str, ...]) -> None:
    done = run(*path, "--help")
    assert done.status == 0
    assert re.search(rf"Examples?:\n +signedcert {' '.join(path)}\b", done.out), done.out
    assert run(*path, "-h").out == done.out


@pytest.mark.parametrize(
    "path", [path for path in ALL if path[0] not in ("demo", "serve")], ids=" ".join
)
def test_every_command_with_a_result_prints_json_too(run: Run, path: tuple[str, ...]) -> None:
    assert "--json" in run(*path, "--help").out


def test_the_help_lists_every_command_once_with_a_whole_sentence(run: Run) -> None:
    done = run("--help")
    for name in COMMANDS:
        (line,) = re.findall(rf"^  {name} +(.*)$", done.out, re.MULTILINE)
        assert line.endswith("."), line
        assert "..." not in line
    assert "signedcert demo" in done.out


@pytest.mark.parametrize("path", [(), ("course",), ("keys",), ("trust",)])
def test_a_group_without_a_command_shows_its_help_and_is_wrong_use(
    run: Run, path: tuple[str, ...]
) -> None:
    done = run(*path)
    assert done.status == 2
    assert "Usage: signedcert" in done.out


def test_the_version_is_shown(run: Run) -> None:
    assert run("--version").out == f"signedcert {__version__}\n"


def test_python_m_signedcert_is_the_same_program() -> None:
    assert spawn("--version").out == f"signedcert {__version__}\n"


# wrong use


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["frobnicate"], "frobnicate"),
        (["verify"], "FILES"),
        (["verify", "--frobnicate", "x"], "--frobnicate"),
        (["code"], "CODE"),
        (["code", CODE, CODE], CODE),
        (["course", "frobnicate"], "frobnicate"),
        (["init"], "--name"),
        (["init", "--algorithm", "RSA"], "RSA"),
        (["serve", "--port", "65536"], "65536"),
        (["serve", "--port", "http"], "http"),
        (["verify", "x", "--max-trust-age", "-1"], "-1"),
        (["verify", "x", "--max-trust-age", "99999999999999"], "99999999999999"),
        (["course", "show", "x", "--version", "99999999999999999999"], "99999999999999999999"),
        (["course", "show", "x", "--version", "0"], "0"),
    ],
)
def test_wrong_use_exits_2_and_names_what_is_wrong(
    run: Run, arguments: list[str], named: str
) -> None:
    done = run(*arguments)
    assert done.status == 2
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert named in done.err
    assert "--help" in done.err


def test_wrong_use_is_told_in_json_where_json_was_asked_for(run: Run) -> None:
    done = run("verify", "--json")
    assert (done.status, done.err) == (2, "")
    assert done.json["error"]["reason"] == "usage"
    assert "FILES" in done.json["error"]["message"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigurationError("home-missing", "x"), 2),
        (UndecidedError("unknown-issuer", "x"), 4),
        (RejectedError("bad-signature", "x"), 1),
        (MalformedError("not-json", "x"), 1),
        (IssueError("course-exists", "x"), 1),
    ],
)
def test_each_family_of_errors_has_its_exit_status(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: SignedCertError, status: int
) -> None:
    assert exit_status(error) == status

    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr("signedcert.cli.verify.VerificationCode.parse", fail)
    if isinstance(error, MalformedError):
        return
    done = run("code", CODE)
    assert (done.status, done.err) == (status, f"error: x [{error.reason}]\n")


def test_the_place_of_an_error_is_told(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    plain, as_json = (
        run("course", "list", "--home", missing, *extra) for extra in ([], ["--json"])
    )
    assert plain.status == as_json.status == 2
    assert plain.err.startswith(f"error: {missing}: ")
    assert plain.err.endswith("[home-missing]\n")
    assert as_json.json["error"]["where"] == str(missing)
    assert as_json.json["error"]["reason"] == "home-missing"


# what nobody foresaw


def bug(*_: object) -> None:
    """Stands for any mistake of ours."""
    message = "the flux capacitor is empty"
    raise RuntimeError(message)


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_a_bug_exits_70_and_shows_no_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch, extra: list[str]
) -> None:
    monkeypatch.setattr("signedcert.cli.verify.VerificationCode.parse", bug)
    done = run("code", CODE, *extra)
    assert done.status == 70
    told = done.json["error"]["message"] if extra else done.err
    assert "this is a bug in signedcert" in told
    assert "RuntimeError: the flux capacitor is empty" in told


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_what_the_operating_system_refuses_is_no_bug(
    run: Run, monkeypatch: pytest.MonkeyPatch, extra: list[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "registry.sqlite")

    monkeypatch.setattr("signedcert.cli.verify.VerificationCode.parse", full)
    done = run("code", CODE, *extra)
    assert done.status == 2
    if extra:
        expected = {
            "reason": "file",
            "message": "No space left on device",
            "where": "registry.sqlite",
        }
        assert done.json["error"] == expected
    else:
        assert done.err == "error: registry.sqlite: No space left on device [file]\n"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, EOFError, click.Abort])
def test_an_interruption_exits_130_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    def interrupt(_: object) -> None:
        raise interruption

    monkeypatch.setattr("signedcert.cli.verify.VerificationCode.parse", interrupt)
    done = run("code", CODE)
    assert (done.status, done.err.strip()) == (130, "interrupted")


@pytest.mark.parametrize(
    ("arguments", "closed", "status"),
    [
        (["--help"], "stdout", 141),
        (["code", CODE], "stdout", 141),
        (["code", "--json"], "stdout", 141),
        (["verify", "--json", "/nonexistent"], "stdout", 141),
        (["verify", "/nonexistent"], "stderr", 141),
        (["code", CODE], "stderr", 0),
    ],
)
def test_a_reader_that_went_away_is_no_reason_for_a_traceback(
    arguments: list[str], closed: str, status: int
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {closed: writing}
    done = subprocess.run([*COMMAND, *arguments], check=False, timeout=60, **streams)  # type: ignore[call-overload]
    os.close(writing)
    assert done.returncode == status
    if closed == "stdout":
        assert done.stderr == b""
    else:
        assert b"Traceback" not in done.stdout


def test_streams_without_a_reader_are_closed_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

        def close(self) -> None:
            closed.append(self)
            raise BrokenPipeError

    closed: list[io.StringIO] = []
    out, err = Broken(), Broken()
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", out)
        patch.setattr("sys.stderr", err)
        with pytest.raises(SystemExit) as stopped:
            main(["verify", "--json"])
    assert stopped.value.code == 141
    assert closed == [out, err]


def test_letters_that_a_terminal_does_not_have_are_escaped(desk: Path) -> None:
    done = spawn(
        "verify",
        desk / "s-2.signedcert",
        "--trust",
        desk / "trust",
        "--at",
        "2026-08-01",
        environment={"PYTHONIOENCODING": "cp1252"},
    )
    assert done.status == 0
    assert r"\u674e\u5c0f\u9f8d" in done.out
    assert done.err == ""


# missing packages


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [("issue", "sqlalchemy", "issue"), ("serve", "uvicorn", "web"), ("demo", "alembic", "issue")],
)
def test_a_command_whose_packages_are_missing_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str, package: str, extra: str
) -> None:
    def missing(_: str) -> object:
        raise ModuleNotFoundError(name=package)

    monkeypatch.setattr(module, "import_module", missing)
    done = run(command, "--help")
    assert done.status == 2
    assert f"{command} needs more packages: pip install 'signedcert[{extra}]'" in done.err
    assert "[extra-missing]" in done.err
    assert f"pip install 'signedcert[{extra}]'" in run("--help").out


def test_a_missing_module_that_no_extra_brings_is_a_bug(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> object:
        raise ModuleNotFoundError(name="signedcert.frobnication")

    monkeypatch.setattr(module, "import_module", missing)
    assert run("issue", "--help").status == 70


# passphrases


def test_a_passphrase_is_the_first_line_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_bytes("hörse \r\nsecond line\n".encode())
    assert find_passphrase(file, "Passphrase") == "hörse "


def test_the_file_of_the_option_counts_before_that_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("option", "variable"):
        (tmp_path / name).write_text(f"from the {name}\n", encoding="utf-8")
    monkeypatch.setenv("SIGNEDCERT_PASSPHRASE_FILE", str(tmp_path / "variable"))
    assert find_passphrase(None, "Passphrase") == "from the variable"
    assert find_passphrase(tmp_path / "option", "Passphrase") == "from the option"


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.prompt", lambda *_, **__: pytest.fail("asked"))
    with refused("passphrase-missing", kind=ConfigurationError):
        find_passphrase(None, "Passphrase")


class Terminal(io.StringIO):
    """A standard input at which somebody sits."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.mark.parametrize("confirm", [True, False])
def test_at_a_terminal_the_passphrase_is_typed_unseen(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    confirm: bool,  # noqa: FBT001
) -> None:
    asked: list[str] = []

    def typed(prompt: str) -> str:
        asked.append(prompt)
        return PASSPHRASE

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.termui.hidden_prompt_func", typed)
    assert find_passphrase(None, "Passphrase for X", confirm=confirm) == PASSPHRASE
    assert len(asked) == (2 if confirm else 1)
    captured = capsys.readouterr()
    assert PASSPHRASE not in captured.out + captured.err
    assert captured.out == ""


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\nx", b"\xff\xfe", b"x" * 5000])
def test_a_file_without_a_passphrase_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "passphrase"
    file.write_bytes(content)
    with refused("passphrase-missing", str(file), ConfigurationError):
        find_passphrase(file, "Passphrase")


def test_without_a_passphrase_issuing_ends_at_once(place: Place, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("learner_id,name,course,run,completed\n", encoding="utf-8")
    begun = time.monotonic()
    done = spawn("issue", roster, "--home", place.home)
    assert done.status == 2
    assert "SIGNEDCERT_PASSPHRASE_FILE" in done.err
    assert "[passphrase-missing]" in done.err
    assert time.monotonic() - begun < 20


def test_the_variable_names_a_file_and_is_no_passphrase(place: Place, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("learner_id,name,course,run,completed\n", encoding="utf-8")
    wrong = spawn(
        "issue",
        roster,
        "--home",
        place.home,
        environment={"SIGNEDCERT_PASSPHRASE_FILE": PASSPHRASE},
    )
    assert wrong.status == 2
    assert "[passphrase-missing]" in wrong.err
    (tmp_path / "passphrase").write_text(PASSPHRASE, encoding="utf-8")
    right = spawn(
        "issue",
        roster,
        "--home",
        place.home,
        "--json",
        environment={"SIGNEDCERT_PASSPHRASE_FILE": str(tmp_path / "passphrase")},
    )
    assert right.status == 0, right.err
    assert json.loads(right.out)["issued"] == 0


def test_arguments_come_from_the_command_line_where_none_are_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["signedcert", "--version"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    assert __version__ in capsys.readouterr().out


# how many processes


def test_there_is_a_core() -> None:
    assert cores() >= 1


def test_where_a_process_cannot_be_bound_to_cores_all_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert cores() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1
