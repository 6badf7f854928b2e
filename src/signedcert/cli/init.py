"""The command that sets an institution up."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from signedcert.ceremonies.founding import (
    Founding,
    found_with_holders,
    found_with_roots,
    holder_folder,
)
from signedcert.cli.app import (
    find_passphrase,
    find_pin,
    home_option,
    json_option,
    passphrase_option,
    print_json,
)
from signedcert.core.keys import Algorithm
from signedcert.custody.holders import MAX_HOLDERS, Holder, on_one_medium, require_threshold
from signedcert.custody.passphrase import read_passphrase
from signedcert.custody.signer import opened_by
from signedcert.errors import ConfigurationError
from signedcert.home import Home

_HOLDERS = 3


@click.command()
@home_option
@click.option("--name", required=True, help="The institution's name, as people know it.")
@click.option(
    "--url",
    required=True,
    help="The https origin of everything published, such as https://learn.example.edu",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    help="Where root keys are made, a folder for each holder; never inside the home.",
)
@click.option(
    "--holders",
    type=click.IntRange(1, MAX_HOLDERS),
    metavar="NUMBER",
    help=f"With --root, how many root holders there are.  [default: {_HOLDERS}]",
)
@click.option(
    "--holder",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Instead of --root: the holder.json of a root holder, who made the keys elsewhere; once "
    "for each.",
)
@click.option(
    "--threshold",
    type=click.IntRange(1, MAX_HOLDERS),
    metavar="NUMBER",
    help="How many holders have to sign each change.  [default: more than half]",
)
@click.option(
    "--propose",
    "proposal",
    type=click.Path(path_type=Path),
    metavar="OUT_DIR",
    help="With --holder, where the proposal of version 1 goes.  [default: HOME-version-1]",
)
@click.option(
    "--algorithm",
    type=click.Choice(["ES256", "Ed25519"]),
    help="What certificates are signed with. More programs read ES256.  [default: ES256; with "
    "--signer, what its key is for]",
)
@click.option(
    "--signer",
    metavar="URI",
    help="The signer that has the issuing key, such as pkcs11:…; none is made then.",
)
@passphrase_option()
@passphrase_option("--root-passphrase-file", "the root keys, another one than that of the home")
@json_option
def init(
    home: Path,
    name: str,
    url: str,
    root: Path | None,
    holders: int | None,
    files: tuple[Path, ...],
    threshold: int | None,
    proposal: Path | None,
    algorithm: Algorithm | None,
    signer: str | None,
    passphrase_file: Path | None,
    root_passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Set an institution up.

    Root keys sign which keys the institution has, nothing else. By default three people hold them,
    and two of the three have to sign each change. Either make them all here, with --root, and take
    them away at once; or have each holder make their own (signedcert keys holder), and give their
    holder.json files here with --holder: then no root key is ever on this machine.

    The issuing key is made here too, unless it is in a token already, which --signer names. That
    has to sign something before anything is written; its PIN is asked for, or is in the file that
    the URI names with pin-source.

    \b
    Examples:
      signedcert init --home home --root /media/usb/root \\
        --name "Example University" --url https://learn.example.edu
      signedcert init --home home --holder ada.json --holder ben.json --holder cleo.json \\
        --name "Example University" --url https://learn.example.edu
      signedcert init --home home --root /media/usb/root \\
        --signer "pkcs11:token=Registrar;object=issue?module-path=/usr/lib/token.so" \\
        --name "Example University" --url https://learn.example.edu
    """
    _require_one_way(root, holders, files, proposal)
    people = [Holder.read(file) for file in files]
    needed = require_threshold(len(people) or holders or _HOLDERS, threshold)
    passphrase = find_passphrase(passphrase_file, confirm=True)
    pin = "" if signer is None or opened_by(signer) != "PIN" else find_pin()
    now = datetime.now(UTC)
    founding = Founding(name, url.rstrip("/"), passphrase, now, algorithm, signer, pin)
    if root is None:
        directory = proposal or home.with_name(f"{home.name}-version-1")
        made = found_with_holders(home, directory, founding, people, needed)
        _tell_proposal(home, directory, made.manifest.pin, needed, people, as_json=as_json)
        return
    count = holders or _HOLDERS
    root_passphrase = _root_passphrase(root_passphrase_file)
    found_with_roots(home, root, founding, root_passphrase, holders=count, threshold=needed)
    if as_json:
        pin = str(Home.read(home).history().pin)
        told = {"home": str(home), "root": str(root), "pin": pin}
        print_json(told | {"holders": count, "threshold": needed})
        return
    _tell_roots(home, root, count, needed, name)


def _require_one_way(
    root: Path | None, holders: int | None, files: tuple[Path, ...], proposal: Path | None
) -> None:
    if (root is None) == (not files):
        message = "give either --root, to make the root keys here, or --holder, once for each"
        raise click.UsageError(message)
    if files and holders is not None:
        message = "--holders is for --root; with --holder, there are as many as files"
        raise click.UsageError(message)
    if root is not None and proposal is not None:
        message = "--propose is for --holder; with --root, version 1 is signed at once"
        raise click.UsageError(message)


def _root_passphrase(file: Path | None) -> str:
    """Never that of the home by default: who learns that one would open root too."""
    if file is not None:
        return read_passphrase(file)
    if not sys.stdin.isatty():
        message = "the root keys need a passphrase of their own; use --root-passphrase-file"
        raise ConfigurationError("passphrase-missing", message)
    typed: str = click.prompt(
        "Passphrase for the root keys", hide_input=True, confirmation_prompt=True, err=True
    )
    return typed


def _tell_roots(home: Path, root: Path, count: int, needed: int, name: str) -> None:
    click.echo(f"{name} is set up in {home}.")
    click.echo(f"\nIts pin, for verifiers to compare:\n  {Home.read(home).history().pin}")
    if count == 1:
        click.echo(f"\nThe root keys are in {holder_folder(root, 1)}. Take them offline now. There")
    else:
        click.echo(f"\nRoot keys for {count} holders are in {root}, of whom {needed} have to sign.")
        click.echo("Take them offline now: each holder-* folder to a person and place of its own.")
    for line in _given_up(count, needed, root):
        click.echo(line)
    click.echo("Keep the next-* files in another place than the root-* files: a thief of both can")
    click.echo("change the root.")
    click.echo("\nNext:")
    click.echo(f"  signedcert course add COURSE.json --home {home}")
    click.echo(f"  signedcert issue ROSTER.csv --home {home}")


def _given_up(count: int, needed: int, root: Path) -> list[str]:
    if count == 1:
        return [
            "is one holder only, so one medium that is stolen and opened is enough to take the",
            "institution over, and one that is lost ends it: no key can be changed any more. Keep",
            "copies in two places.",
        ]
    lines = []
    if on_one_medium(holder_folder(root, number) for number in range(1, count + 1)):
        lines = [
            "They all lie on ONE MEDIUM, under one passphrase: until they are apart, whoever takes",
            "it has the root, as if there were one holder.",
        ]
    if needed == 1:
        lines.append("One signature is enough: a single holder can change every key.")
    if needed == count:
        lines.append("All have to sign: if one holder's keys are lost, no key can be changed.")
    return lines


def _tell_proposal(
    home: Path, directory: Path, pin: str, needed: int, people: list[Holder], *, as_json: bool
) -> None:
    if as_json:
        told = {"home": str(home), "proposal": str(directory), "pin": pin}
        print_json(told | {"holders": len(people), "threshold": needed})
        return
    names = ", ".join(person.name for person in people)
    click.echo(f"The home {home} is made. It can issue once version 1 of its keys is signed.")
    click.echo(f"\nIts pin, for the holders to compare and to write down:\n  {pin}")
    click.echo(f"\nTo be signed by {needed} of {len(people)} ({names}): {directory}")
    if len(people) == 1:
        click.echo("There is one holder only: one medium stolen, or lost, is the whole root.")
    click.echo("\nNext:")
    click.echo(f"  signedcert keys sign {directory} --key KEYS     (each holder, on their machine)")
    click.echo(f"  signedcert keys assemble {directory} --home {home}")
