"""The command keys passphrase."""

import sys
from pathlib import Path

import click

from signedcert.cli.app import find_passphrase, json_option, passphrase_option, print_json
from signedcert.custody.keyfile import Change
from signedcert.custody.passphrase import read_passphrase
from signedcert.errors import ConfigurationError


@click.command("passphrase")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@passphrase_option(what="the key files, as it is now")
@click.option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path),
    help="A file whose first line is the new passphrase.",
)
@json_option
def passphrase(
    files: tuple[Path, ...],
    passphrase_file: Path | None,
    new_passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Change the passphrase of key files. The keys in them stay the same.

    All files are opened with the old passphrase before the first is written. Killed meanwhile,
    each has the old one or the new one: the command can be run again with those that have the
    old. A backup of an old file is opened by the old passphrase still.

    \b
    Example:
      signedcert keys passphrase home/keys/issue-es256-3F9kQ2xW.key
    """
    old = find_passphrase(passphrase_file, "Passphrase of the key files, as it is now")
    new = _new_passphrase(new_passphrase_file)
    changes = [Change.prepare(path, old, new) for path in dict.fromkeys(files)]
    for change in changes:
        change.write()
        if not as_json:  # at once, for whoever is interrupted
            click.echo(f"{change.path} has the new passphrase.")
    if as_json:
        print_json([_line(change) for change in changes])


def _new_passphrase(file: Path | None) -> str:
    """Never from the variable, which names the old one."""
    if file is not None:
        return read_passphrase(file)
    if not sys.stdin.isatty():
        message = "no terminal to ask for the new passphrase; use --new-passphrase-file"
        raise ConfigurationError("passphrase-missing", message)
    typed: str = click.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)
    return typed


def _line(change: Change) -> dict[str, str]:
    key = change.public_key
    return {"file": str(change.path), "algorithm": key.algorithm, "thumbprint": key.thumbprint}
