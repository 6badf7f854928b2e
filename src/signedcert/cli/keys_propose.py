"""Commands that propose the next version of an institution's keys to its root holders."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from signedcert.ceremonies.proposing import Wanted, read_public_key
from signedcert.ceremonies.proposing import propose as write_proposal
from signedcert.ceremonies.rotation import Plan, plan, words
from signedcert.cli.app import (
    find_passphrase,
    home_option,
    json_option,
    passphrase_option,
    print_json,
)
from signedcert.core.encoding import format_time
from signedcert.custody.holders import MAX_HOLDERS, Holder
from signedcert.custody.proposal import PAGE, Proposal
from signedcert.home import Home
from signedcert.trust.describe import describe

_DAYS = click.IntRange(1, 3660)
_PROMPT = "Passphrase for the institution's keys"

fresh_option = click.option(
    "--fresh-for",
    type=_DAYS,
    metavar="DAYS",
    default=365,
    show_default=True,
    help="When verifiers should have looked for a newer version.",
)


@click.command()
@click.argument("out_dir", type=click.Path(path_type=Path))
@home_option
@fresh_option
@click.option("--name", help="Another name of the institution.")
@click.option(
    "--add-key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="An issuing key to pre-publish: a file with its JWK, or the URI of its signer, such as "
    "pkcs11:…",
)
@click.option("--activate", multiple=True, metavar="KID", help="A pre-published key that may sign.")
@click.option("--retire", multiple=True, metavar="KID", help="A key that signs nothing more.")
@click.option(
    "--void", multiple=True, metavar="KID", help="A key of which nothing counts any more."
)
@click.option(
    "--add-snapshot-key",
    is_flag=True,
    help="Make an online key in the home, which signs status lists and snapshots.",
)
@click.option(
    "--add-log",
    is_flag=True,
    help="Begin a log of what is issued, the first one or another; its keys are made in the home.",
)
@click.option(
    "--status-max-age",
    type=_DAYS,
    metavar="DAYS",
    help="Publish status lists, and how old a verifier's copy may be.",
)
@click.option(
    "--rotate-root",
    is_flag=True,
    help="Change the root into the keys that were announced as next; needs --holder.",
)
@click.option(
    "--holder",
    "holders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --rotate-root: the new holder.json of each holder (keys holder --following).",
)
@click.option(
    "--threshold",
    type=click.IntRange(1, MAX_HOLDERS),
    metavar="NUMBER",
    help="With --rotate-root: how many of these holders have to sign.  [default: as now]",
)
@passphrase_option(what="the institution's keys")
@json_option
def propose(
    out_dir: Path,
    home: Path,
    fresh_for: int,
    name: str | None,
    keys: tuple[str, ...],
    activate: tuple[str, ...],
    retire: tuple[str, ...],
    void: tuple[str, ...],
    add_snapshot_key: bool,
    add_log: bool,
    status_max_age: int | None,
    rotate_root: bool,
    holders: tuple[Path, ...],
    threshold: int | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Write the next version of the institution's keys, for its root holders to sign.

    OUT_DIR is a folder to give to them, by any way: what it holds is public, and checked by each
    of them. A KID is a thumbprint, or its first eight characters; see: signedcert keys status

    \b
    Examples:
      signedcert keys propose version-2 --home home
      signedcert keys propose version-2 --home home --name "Example University of Technology"
      signedcert keys propose version-3 --home home --activate 1a2b3c4d --retire 5e6f7a8b
      signedcert keys propose version-4 --home home --rotate-root \\
        --holder ada/holder.json --holder ben/holder.json --holder cleo/holder.json
    """
    _require_rotation(rotate_root, holders, threshold)
    found = Home.read(home)
    needs = add_snapshot_key or add_log or any(not Path(key).is_file() for key in keys)
    passphrase = find_passphrase(passphrase_file, _PROMPT) if needs else ""
    wanted = Wanted(
        fresh_for=timedelta(days=fresh_for),
        name=name,
        keys=tuple(read_public_key(key, found, passphrase) for key in keys),
        activate=activate,
        retire=retire,
        void=void,
        snapshot=add_snapshot_key,
        log=add_log,
        status_max_age=None if status_max_age is None else timedelta(days=status_max_age),
        holders=tuple(Holder.read(path) for path in holders),
        threshold=threshold,
    )
    now = datetime.now(UTC)
    proposal = write_proposal(found, out_dir, wanted, at=now, passphrase=passphrase)
    _tell(proposal, out_dir, as_json=as_json)


def _require_rotation(
    rotate_root: bool,
    holders: tuple[Path, ...],
    threshold: int | None,
) -> None:
    if rotate_root and not holders:
        message = "--rotate-root needs the new holder.json of each holder: --holder FILE"
        raise click.UsageError(message)
    if not rotate_root and (holders or threshold is not None):
        message = "holders and their threshold change with --rotate-root only"
        raise click.UsageError(message)


def _tell(proposal: Proposal, directory: Path, *, as_json: bool) -> None:
    manifest = proposal.manifest
    changes = describe(proposal.before, manifest)
    if as_json:
        told = {"proposal": str(directory), "version": manifest.version, "pin": manifest.pin}
        print_json(told | {"changes": [change._asdict() for change in changes]})
        return
    click.echo(f"Version {manifest.version} of the keys of {manifest.name}, proposed:")
    for change in changes:
        click.echo(f"  {change.what}")
    click.echo(f"\nWhy each is allowed, and who has to sign: {directory / PAGE}")
    click.echo("Next:")
    click.echo(f"  signedcert keys sign {directory} --key KEYS     (each holder, on their machine)")
    click.echo(f"  signedcert keys assemble {directory}")


@click.command()
@home_option
@click.option(
    "--wait",
    type=click.IntRange(0, 3660),
    metavar="DAYS",
    default=30,
    show_default=True,
    help="How long a new key is announced before it signs.",
)
@click.option(
    "--propose",
    "out_dir",
    type=click.Path(path_type=Path),
    metavar="OUT_DIR",
    help="Do the next step: make what keys it needs, and write the proposal.",
)
@fresh_option
@passphrase_option(what="the institution's keys")
@json_option
def rotate(
    home: Path,
    wait: int,
    out_dir: Path | None,
    fresh_for: int,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Show the plan for a new issuing key; with --propose, do its next step.

    A rotation has two steps, each a new version: a new key is announced; after --wait days it may
    sign, and the old one is retired. What the old one signed stays valid.

    \b
    Examples:
      signedcert keys rotate --home home
      signedcert keys rotate --home home --propose version-2
    """
    now = datetime.now(UTC)
    found = Home.read(home)
    manifest = found.history().newest
    step = plan(manifest, at=now, wait=timedelta(days=wait))
    if out_dir is not None:
        wanted = step.wanted(timedelta(days=fresh_for))
        passphrase = find_passphrase(passphrase_file, _PROMPT) if wanted.makes_keys else ""
        proposal = write_proposal(found, out_dir, wanted, at=now, passphrase=passphrase)
        _tell(proposal, out_dir, as_json=as_json)
        return
    if as_json:
        print_json(_plan_json(step))
        return
    for line in words(manifest, step):
        click.echo(line)
    if step.step != "wait":
        version = manifest.version + 1
        click.echo(f"\nTo do it: signedcert keys rotate --home {home} --propose version-{version}")


def _plan_json(step: Plan) -> dict[str, object]:
    return {
        "step": step.step,
        "algorithm": step.algorithm,
        "active": [entry.key.thumbprint for entry in step.retiring],
        "successor": step.successor and step.successor.key.thumbprint,
        "due": step.due and format_time(step.due),
    }
