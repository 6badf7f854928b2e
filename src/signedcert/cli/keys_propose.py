"""Commands that propose the next version of an institution's keys to its root holders."""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import click

from signedcert.ceremonies.proposing import Wanted, read_public_key
from signedcert.ceremonies.proposing import propose as write_proposal
from signedcert.ceremonies.rotation import Plan, plan, words
from signedcert.cli.app import (
    find_passphrase,
    find_pin,
    home_option,
    json_option,
    passphrase_option,
    print_json,
)
from signedcert.core.encoding import format_time
from signedcert.core.jws import MAX_GENERAL
from signedcert.custody.fork import Fork
from signedcert.custody.holders import MAX_HOLDERS, Holder
from signedcert.custody.proposal import PAGE, Proposal
from signedcert.custody.signer import opened_by
from signedcert.files import read_limited
from signedcert.home import Home
from signedcert.trust.describe import describe
from signedcert.trust.entries import LOGGED, Logged
from signedcert.trust.manifest import SignedManifest

_DAYS = click.IntRange(1, 3660)

fresh_option = click.option(
    "--fresh-for",
    type=_DAYS,
    metavar="DAYS",
    default=365,
    show_default=True,
    help="When verifiers should have looked for a newer version.",
)


class Secrets:
    """What opens and encrypts the keys of a command, asked for when it is needed."""

    def __init__(self, passphrase_file: Path | None) -> None:
        self._file = passphrase_file

    @cached_property
    def passphrase(self) -> str:
        """That of the institution's key files, asked for once."""
        return find_passphrase(self._file)

    def of(self, signer: str) -> str:
        """What opens the signer behind a URI."""
        match opened_by(signer):
            case "passphrase":
                return self.passphrase
            case "PIN":
                return find_pin()
        return ""


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
    help="With --rotate-root or --settle: the new holder.json of each holder (keys holder "
    "--following).",
)
@click.option(
    "--threshold",
    type=click.IntRange(1, MAX_HOLDERS),
    metavar="NUMBER",
    help="With --rotate-root or --settle: how many of these holders have to sign.  "
    "[default: as now]",
)
@click.option(
    "--settle",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A second manifest of one of your versions, which turned up: propose one that wins. It "
    "rotates the root, as it was before that version; needs --holder.",
)
@click.option(
    "--logged",
    type=click.Choice(LOGGED),
    help="What new documents have to prove of their place in the log: nothing (expected), a place "
    "(required), or one that root holders vouch for (anchored).",
)
@passphrase_option()
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
    settle: Path | None,
    logged: Logged | None,
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
      signedcert keys propose settled --home home --settle second-2.json \\
        --holder ada/holder.json --holder ben/holder.json --holder cleo/holder.json
    """
    _require_rotation(holders, threshold, rotates=rotate_root or settle is not None)
    found = Home.read(home)
    secrets = Secrets(passphrase_file)
    wanted = Wanted(
        fresh_for=timedelta(days=fresh_for),
        name=name,
        keys=tuple(read_public_key(key, found, secrets.of) for key in keys),
        activate=activate,
        retire=retire,
        void=void,
        snapshot=add_snapshot_key,
        log=add_log,
        status_max_age=None if status_max_age is None else timedelta(days=status_max_age),
        holders=tuple(Holder.read(path) for path in holders),
        threshold=threshold,
        settle=None if settle is None else _read_manifest(settle),
        logged=logged,
    )
    now = datetime.now(UTC)
    passphrase = secrets.passphrase if wanted.makes_keys else ""
    proposal = write_proposal(found, out_dir, wanted, at=now, passphrase=passphrase)
    tell_proposal(proposal, out_dir, as_json=as_json)


def _read_manifest(path: Path) -> SignedManifest:
    return SignedManifest.parse(read_limited(path, MAX_GENERAL), str(path))


def _require_rotation(holders: tuple[Path, ...], threshold: int | None, *, rotates: bool) -> None:
    if rotates and not holders:
        message = (
            "--rotate-root and --settle need the new holder.json of each holder: --holder FILE"
        )
        raise click.UsageError(message)
    if not rotates and (holders or threshold is not None):
        message = "holders and their threshold change with --rotate-root or --settle only"
        raise click.UsageError(message)


def tell_proposal(proposal: Proposal, directory: Path, *, as_json: bool) -> None:
    """What was proposed, and who does what with it next."""
    manifest = proposal.manifest
    changes = describe(proposal.before, manifest)
    if as_json:
        told = {"proposal": str(directory), "version": manifest.version, "pin": manifest.pin}
        settles = {"settles": proposal.fork and proposal.fork.to_json()}
        print_json(told | settles | {"changes": [change._asdict() for change in changes]})
        return
    click.echo(f"Version {manifest.version} of the keys of {manifest.name}, proposed:")
    if proposal.fork is not None:
        click.echo(f"  {_settled(proposal.fork, manifest.version)}")
    for change in changes:
        click.echo(f"  {change.what}")
    click.echo(f"\nWhy each is allowed, and who has to sign: {directory / PAGE}")
    click.echo("Next:")
    click.echo(f"  signedcert keys sign {directory} --key KEYS     (each holder, on their machine)")
    click.echo(f"  signedcert keys assemble {directory}")


def _settled(fork: Fork, version: int) -> str:
    other = f"the version {version} with the pin {fork.other.unverified.pin}"
    own = [str(one.unverified.version) for one in fork.own]
    if not own:
        return f"It wins against {other}."
    return f"It wins against {other}, and takes the place of your own: {', '.join(own)}."


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
@passphrase_option()
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
        passphrase = find_passphrase(passphrase_file) if wanted.makes_keys else ""
        proposal = write_proposal(found, out_dir, wanted, at=now, passphrase=passphrase)
        tell_proposal(proposal, out_dir, as_json=as_json)
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
