"""Commands for the day on which a key is stolen, and for the days before."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import click

from signedcert.ceremonies.drill import Drill
from signedcert.ceremonies.drill import drill as rehearse
from signedcert.ceremonies.online import Stolen, assess_log, find_stolen, propose_online
from signedcert.ceremonies.proposing import Wanted, read_public_key
from signedcert.ceremonies.theft import (
    REISSUE_FILE,
    Theft,
    assess,
    fallen,
    propose_theft,
    write_reissue,
)
from signedcert.cli.app import (
    find_passphrase,
    home_option,
    json_option,
    passphrase_option,
    print_json,
)
from signedcert.cli.keys_propose import PROMPT, fresh_option, tell_proposal
from signedcert.home import Home
from signedcert.trust.logs import LogEntry

_TIMES = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M"])


@click.command()
@click.argument("kid")
@click.option(
    "--since-size",
    type=click.IntRange(0),
    metavar="N",
    help="The key was the institution's own while the log had up to N entries.",
)
@click.option(
    "--since",
    type=_TIMES,
    metavar="TIME",
    help="The key was stolen at this time, UTC: 2026-11-03, or 2026-11-03T04:15:00Z.",
)
@click.option(
    "--propose",
    "out_dir",
    type=click.Path(path_type=Path),
    metavar="OUT_DIR",
    help=f"Write the proposal for the root holders, and {REISSUE_FILE} beside it.",
)
@click.option(
    "--add-key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="The issuing key to go on with, as a file with its JWK or the URI of its signer; without "
    "it, and without another one that is active, one is made.",
)
@click.option("--activate", multiple=True, metavar="KID", help="A pre-published key to go on with.")
@home_option
@fresh_option
@passphrase_option(what="the institution's keys")
@json_option
def compromise(
    kid: str,
    since_size: int | None,
    since: datetime | None,
    out_dir: Path | None,
    keys: tuple[str, ...],
    activate: tuple[str, ...],
    home: Path,
    fresh_for: int,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Show what falls with a stolen key; with --propose, have it declared stolen.

    Of an issuing key, documents that were logged before the theft stay valid: the cut-off is the
    last head of the log before it, and everything of this key behind the cut-off falls, whatever
    date it bears. What you issued behind it is listed in reissue.csv, to be issued anew.

    With a key of the log, or a snapshot key, no document falls: say no --since. The log counts up
    to its last head, and another one is begun; another snapshot key is made.

    \b
    Examples:
      signedcert keys compromise 1a2b3c4d --since 2026-11-03T04:15:00Z
      signedcert keys compromise 1a2b3c4d --since-size 16384 --propose stolen
      signedcert issue --reissue reissue.csv --home home        (once it is published)
      signedcert keys compromise 5e6f7a8b --propose stolen      (a key of the log)
    """
    found = Home.read(home)
    stolen = find_stolen(found.history().newest, kid)
    options = timedelta(days=fresh_for), keys, activate, passphrase_file
    if isinstance(stolen, LogEntry) or stolen.role == "snapshot":
        if since_size is not None or since is not None:
            message = "no document falls with this key; leave --since-size and --since away"
            raise click.UsageError(message)
        _compromise_online(found, stolen, out_dir, options, as_json=as_json)
        return
    if (since_size is None) == (since is None):
        message = "say since when, by --since-size or by --since"
        raise click.UsageError(message)
    reissue = None if out_dir is None else out_dir.parent / REISSUE_FILE
    if reissue is not None and reissue.exists():
        raise click.UsageError(f"{reissue} is there already; move it away first")
    moment = since and since.replace(tzinfo=UTC)
    theft = assess(found, kid, since_size=since_size, since=moment)
    if out_dir is None or reissue is None:
        _tell(theft, as_json=as_json)
        return
    wanted, passphrase = _wanted(found, options)
    now = datetime.now(UTC)
    proposal = propose_theft(found, out_dir, theft, wanted, at=now, passphrase=passphrase)
    write_reissue(reissue, fallen(found, theft))
    if as_json:
        told = {"proposal": str(out_dir), "reissue": str(reissue), "pin": proposal.manifest.pin}
        print_json(_to_json(theft) | told)
        return
    _tell(theft, as_json=False)
    click.echo(f"To be issued anew, once it is published: {reissue}\n")
    tell_proposal(proposal, out_dir, as_json=False)


_Options: TypeAlias = tuple[timedelta, tuple[str, ...], tuple[str, ...], Path | None]


def _wanted(home: Home, options: _Options) -> tuple[Wanted, str]:
    """What else is to change, and the passphrase."""
    fresh_for, keys, activate, passphrase_file = options
    passphrase = find_passphrase(passphrase_file, PROMPT)
    public = tuple(read_public_key(key, home, passphrase) for key in keys)
    return Wanted(fresh_for=fresh_for, keys=public, activate=activate), passphrase


def _compromise_online(
    home: Home, stolen: Stolen, out_dir: Path | None, options: _Options, *, as_json: bool
) -> None:
    told: dict[str, object]
    words: tuple[str, ...]
    if isinstance(stolen, LogEntry):
        theft = assess_log(home, stolen)
        told = {"log": stolen.origin, "size": theft.size, "moving": theft.moving}
        words = (
            f"This is a key of the log {stolen.origin}. It counts up to its last head,",
            f"{theft.size:,} entries, and nothing that is signed with its keys from now on does.",
            f"  stay proven by it: {theft.size:,}",
            f"  go into another log, once that is published: {theft.moving:,}",
        )
    else:
        told = {"key": stolen.key.thumbprint}
        words = (
            f"This is the snapshot key {stolen.key.thumbprint}. No document falls with it. Status",
            "lists have to be published anew, with another one: signedcert publish",
        )
    if not as_json:
        click.echo("\n".join(words))
    if out_dir is not None:
        wanted, passphrase = _wanted(home, options)
        now = datetime.now(UTC)
        proposal = propose_online(home, out_dir, stolen, wanted, at=now, passphrase=passphrase)
        told |= {"proposal": str(out_dir), "pin": proposal.manifest.pin}
        if not as_json:
            click.echo("")
            tell_proposal(proposal, out_dir, as_json=False)
    if as_json:
        print_json(told)


def _to_json(theft: Theft) -> dict[str, object]:
    return {
        "key": theft.entry.key.thumbprint,
        "cutoff": theft.cutoff.to_json(),
        "stays": theft.stays,
        "falls": theft.falls,
    }


def _tell(theft: Theft, *, as_json: bool) -> None:
    if as_json:
        print_json(_to_json(theft))
        return
    cutoff = theft.cutoff
    click.echo(f"Key {theft.entry.key.thumbprint} has signed {theft.total:,} documents of yours.")
    click.echo(f"Cut-off: {cutoff.size:,} entries of {cutoff.origin}")
    click.echo(f"  stay valid: {theft.stays:,}, logged before it; each with its proof")
    click.echo(f"  fall:       {theft.falls:,}, logged behind it or not at all; issue them anew")
    click.echo(
        "What a thief has made is not counted, since nobody knows it. None of it stays valid."
    )


@click.command()
@home_option
@click.option(
    "--since-size",
    type=click.IntRange(0),
    metavar="N",
    help="Rehearse a theft since the log had N entries.  [default: those of the head before the "
    "newest]",
)
@json_option
def drill(home: Path, since_size: int | None, as_json: bool) -> None:
    """Rehearse the theft of the issuing key, on a copy of the home.

    Goes from "stolen" to the proposal and to the list of what has to be issued anew, and says how
    long it took; the copy is deleted. No key is needed, and nothing of the home is changed.

    \b
    Example:
      signedcert keys drill --home home
    """
    done = rehearse(Home.read(home), at=datetime.now(UTC), since_size=since_size)
    if as_json:
        steps = [{"what": step.what, "seconds": round(step.seconds, 3)} for step in done.steps]
        print_json(_to_json(done.theft) | {"reissue": done.to_reissue, "steps": steps})
        return
    _tell(done.theft, as_json=False)
    _tell_drill(done)


def _tell_drill(done: Drill) -> None:
    click.echo("")
    for step in done.steps:
        click.echo(f"  {step.seconds:6.1f} s  {step.what}")
    click.echo(f"From stolen to proposal and list, {done.to_reissue:,} rows: {done.seconds:.1f} s.")
    click.echo(
        "What takes longer is what a drill by machine cannot time: to notice it, and to have"
    )
    click.echo("the root holders sign. Rehearse that with them once a year.")
