"""The group of all commands, and what becomes of errors."""

import gc
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import click

from signedcert.errors import (
    ConfigurationError,
    SignedCertError,
    UndecidedError,
)

#: Module and attribute of each command; a module is imported when its command is run.
COMMANDS = {
    "init": ("init", "init"),
    "course": ("institution", "course"),
    "issue": ("issue", "issue"),
    "issue-records": ("issue", "issue_records"),
    "render": ("render", "render"),
    "keys": ("keys", "keys"),
    "log": ("log", "log"),
    "revoke": ("status", "revoke"),
    "suspend": ("status", "suspend"),
    "restore": ("status", "restore"),
    "replace": ("replace", "replace"),
    "publish": ("status", "publish"),
    "migrate": ("institution", "migrate"),
    "serve": ("serve", "serve"),
    "verify": ("verify", "verify"),
    "code": ("verify", "code"),
    "present": ("present", "present"),
    "share": ("records", "share"),
    "shares": ("records", "shares"),
    "reset": ("records", "reset"),
    "sign-in": ("records", "sign_in"),
    "trust": ("trust", "trust"),
    "demo": ("demo", "demo"),
}
_SECTIONS = {
    "For the institution": (
        *("init", "course", "issue", "issue-records", "render", "serve", "migrate"),
    ),
    "For registrars": ("revoke", "suspend", "restore", "replace", "publish"),
    "For security staff": ("keys", "log"),
    "For anyone": ("verify", "code", "trust"),
    "For learners, and those who help them": ("present", "share", "shares", "reset", "sign-in"),
    "For newcomers": ("demo",),
}
_EXTRAS = {
    "sqlalchemy": "issue",
    "alembic": "issue",
    "deflate": "issue",
    "fastapi": "web",
    "uvicorn": "web",
    "jinja2": "web",
    "typst": "render",
    "zxingcpp": "render",
}
_Command = TypeVar("_Command", bound=Callable[..., object])

_USAGE = 2
_BUG = 70
_INTERRUPTED = 130
_CLOSED_PIPE = 141


def load_command(name: str, module: str, attribute: str) -> click.Command:
    """A command, its module imported. Raises ConfigurationError ``extra-missing``."""
    try:
        command: click.Command = getattr(import_module(f"signedcert.cli.{module}"), attribute)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(error.name or "")
        if extra is None:
            raise
        message = f"{name} needs more packages: pip install 'signedcert[{extra}]'"
        raise ConfigurationError("extra-missing", message) from error
    return command


class Commands(click.Group):
    """Finds a command by name and loads its module only then."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All names, in the order of the help page."""
        return [name for names in _SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, imported."""
        if cmd_name not in COMMANDS:
            return None
        command = load_command(cmd_name, *COMMANDS[cmd_name])
        gc.freeze()
        gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, by who uses them; one whose packages are missing says so."""
        for title, names in _SECTIONS.items():
            rows = [(name, self._summary(ctx, name)) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)

    def _summary(self, ctx: click.Context, name: str) -> str:
        try:
            command = self.get_command(ctx, name)
        except ConfigurationError as error:
            return error.message
        return "" if command is None else command.get_short_help_str(limit=90)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
)
@click.version_option(package_name="signedcert", message="%(prog)s %(version)s")
def app() -> None:
    """Course certificates that anyone can check, on the web or with no network at all.

    \b
    Try it:             signedcert demo
    Verify a file:      signedcert verify maria.signedcert
    Start issuing:      signedcert init --help
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command, and exits. Errors are a line each; a traceback is never shown."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that has no such letter
    try:
        status = _run(arguments, as_json="--json" in arguments)
    # Nobody reads what follows, nor what is still buffered. Click exits by itself for that alone.
    except (BrokenPipeError, SystemExit):
        for stream in (sys.stdout, sys.stderr):
            with suppress(BrokenPipeError):
                stream.close()
        status = _CLOSED_PIPE
    sys.exit(status)


def _run(arguments: list[str], *, as_json: bool) -> int:
    try:
        status = app.main(arguments, prog_name="signedcert", standalone_mode=False)
    except SignedCertError as error:
        _fail(error.reason, error.message, error.where, as_json=as_json)
        status = exit_status(error)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        status = _USAGE
    except click.ClickException as error:
        _fail("usage", error.format_message().rstrip(".") + _hint(error), "", as_json=as_json)
        status = _USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        status = _INTERRUPTED
    except OSError as error:  # a directory that may not be written to, a full disk
        _fail("file", error.strerror or str(error), str(error.filename or ""), as_json=as_json)
        status = _USAGE
    except Exception as error:  # noqa: BLE001 - the last resort, so that no traceback is shown
        message = f"this is a bug in signedcert, please report it: {type(error).__name__}: {error}"
        _fail("bug", message, "", as_json=as_json)
        status = _BUG
    return status if isinstance(status, int) else 0


def exit_status(error: SignedCertError) -> int:
    """2 for what the caller can set right, 4 for undecided, 1 for everything refused."""
    if isinstance(error, ConfigurationError) or error.reason == "unreadable-file":
        return _USAGE
    return 4 if isinstance(error, UndecidedError) else 1


def _hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"; see: {context.command_path} --help" if context else ""


def _fail(reason: str, message: str, where: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"error": {"reason": reason, "message": message, "where": where}})
        return
    place = f"{where}: " if where else ""
    click.echo(f"error: {place}{message} [{reason}]", err=True)


def cores() -> int:
    """How many processes may be kept busy at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for programs to read."
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="NUMBER",
    help="How many processes share the work.  [default: one per core]",
)
home_option = click.option(
    "--home",
    envvar="SIGNEDCERT_HOME",
    type=click.Path(path_type=Path),
    default=Path("signedcert-home"),
    show_default=True,
    show_envvar=True,
    help="The institution's home directory.",
)


def passphrase_option(
    name: str = "--passphrase-file", what: str = "the institution's keys"
) -> Callable[[_Command], _Command]:
    """An option for the file that holds a passphrase."""
    return click.option(
        name,
        type=click.Path(path_type=Path),
        help=f"A file whose first line is the passphrase of {what}.",
    )


def find_passphrase(
    file: Path | None,
    prompt: str = "Passphrase of the institution's keys",
    *,
    confirm: bool = False,
) -> str:
    """From the file, from the file that SIGNEDCERT_PASSPHRASE_FILE names, or typed.

    Raises ConfigurationError ``passphrase-missing`` where nobody can type.
    """
    from signedcert.custody.passphrase import (  # noqa: PLC0415 - below the line
        VARIABLE,
        passphrase_from_environment,
        read_passphrase,
    )

    found = read_passphrase(file) if file else passphrase_from_environment()
    if found is not None:
        return found
    if not sys.stdin.isatty():
        message = f"no terminal to ask for the passphrase; use --passphrase-file, or {VARIABLE}"
        raise ConfigurationError("passphrase-missing", message)
    typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return typed


def find_pin() -> str:
    """Typed. Raises ConfigurationError ``passphrase-missing`` where nobody can type."""
    if not sys.stdin.isatty():
        message = (
            "no terminal to ask for the PIN of the token; say in the URI of the signer which file "
            "has it: pin-source=file:/…"
        )
        raise ConfigurationError("passphrase-missing", message, where="signer")
    typed: str = click.prompt("PIN of the token", hide_input=True, err=True)
    return typed
