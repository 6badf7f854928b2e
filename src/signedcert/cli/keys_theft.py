"""Commands for the day on which a key is stolen, and for the days before."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import click

from signedcert.ceremonies.drill import Drill
from signedcert.ceremonies.drill import drill as rehearse
from signedcert.ceremonies.online import Stolen, assess_log, find_stolen, propose_online
from signedcert.ceremonies.proposing import Wanted, propose, read_public_key
from signedcert.ceremonies.theft import (
    REISSUE_FILE,
    Theft,
    assess,
    declare,
    fallen,
    issuing_keys_inside,
    replace_online_keys,
    write_reissue,
)
from signedcert.cli.app import (
    home_option,
    json_option,
    passphrase_option,
    print_json,
)
from signedcert.cli.keys_propose import Secrets, fresh_option, tell_proposal
from signedcert.cli.kids import TakesKids
from signedcert.core.encoding import format_time
from signedcert.home import Home
from signedcert.trust.logs import LogEntry

_TIMES = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M"])


@click.command(cls=TakesKids)
@click.argument("kids", nargs=-1, metavar="[KID]...")
@click.option(
    "--since-size",
    type=click.IntRange(0),
    metavar="N",
    help="The key was the institution's own while the newest log had up to N entries.",
)
@click.option(
    "--since",
    type=_TIMES,
    metavar="TIME",
    help="The key was stolen at this time, UTC: 2026-11-03, or 2026-11-03T04:15:00Z.",
)
@click.option(
    "--whole-home",
    is_flag=True,
    help="Instead of a KID: every issuing key of which the home has a file. With --propose, "
    "another log is begun, and a snapshot key is replaced, since their keys are in the home too.",
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
@passphrase_option()
@json_option
def compromise(
    kids: tuple[str, ...],
    since_size: int | None,
    since: datetime | None,
    whole_home: bool,
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
      signedcert keys compromise --whole-home --since 2026-11-03 --propose stolen
      signedcert issue --reissue reissue.csv --home home        (once it is published)
      signedcert keys compromise 5e6f7a8b --propose stolen      (a key of the log)
    """
    found = Home.read(home)
    options = timedelta(days=fresh_for), keys, activate, Secrets(passphrase_file)
    online = [] if whole_home else _online(found, kids)
    if online:
        if since_size is not None or since is not None:
            message = "no document falls with this key; leave --since-size and --since away"
            raise click.UsageError(message)
        _compromise_online(found, online[0], out_dir, options, as_json=as_json)
        return
    _require_one_way(kids, since_size, since, whole_home=whole_home)
    reissue = None if out_dir is None else out_dir.parent / REISSUE_FILE
    if reissue is not None and reissue.exists():
        raise click.UsageError(f"{reissue} is there already; move it away first")
    moment = since and since.replace(tzinfo=UTC)
    thefts = [
        assess(found, kid, since_size=since_size, since=moment)
        for kid in (issuing_keys_inside(found) if whole_home else kids)
    ]
    if out_dir is None or reissue is None:
        _tell(thefts, as_json=as_json)
        return
    _propose(found, thefts, options, (out_dir, reissue), whole_home=whole_home, as_json=as_json)


def _online(home: Home, kids: tuple[str, ...]) -> list[Stolen]:
    """The one key that was named, if it is a log's or the snapshot key."""
    if len(kids) != 1:
        return []
    stolen = find_stolen(home.history().newest, kids[0])
    return [stolen] if isinstance(stolen, LogEntry) or stolen.role == "snapshot" else []


def _require_one_way(
    kids: tuple[str, ...], since_size: int | None, since: datetime | None, *, whole_home: bool
) -> None:
    if (since_size is None) == (since is None):
        message = "say since when, by --since-size or by --since"
        raise click.UsageError(message)
    if bool(kids) == whole_home:
        message = "say which key was stolen, by its KID, or that all of the home were: --whole-home"
        raise click.UsageError(message)


_Options: TypeAlias = tuple[timedelta, tuple[str, ...], tuple[str, ...], Secrets]


def _wanted(home: Home, options: _Options) -> Wanted:
    """What else is to change."""
    fresh_for, keys, activate, secrets = options
    public = tuple(read_public_key(key, home, secrets.of) for key in keys)
    return Wanted(fresh_for=fresh_for, keys=public, activate=activate)


def _propose(
    home: Home,
    thefts: Sequence[Theft],
    options: _Options,
    out: tuple[Path, Path],
    *,
    whole_home: bool,
    as_json: bool,
) -> None:
    """The proposal and the list of what falls, into these two places."""
    out_dir, reissue = out
    wanted = _wanted(home, options)
    wanted = declare(home, thefts, replace_online_keys(home, wanted) if whole_home else wanted)
    passphrase = options[-1].passphrase if wanted.makes_keys else ""
    proposal = propose(home, out_dir, wanted, at=datetime.now(UTC), passphrase=passphrase)
    write_reissue(reissue, chain.from_iterable(fallen(home, theft) for theft in thefts))
    if as_json:
        told = {"proposal": str(out_dir), "reissue": str(reissue), "pin": proposal.manifest.pin}
        print_json(_to_json(thefts) | told)
        return
    _tell(thefts, as_json=False)
    click.echo(f"To be issued anew, once it is published: {reissue}\n")
    tell_proposal(proposal, out_dir, as_json=False)


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
        wanted, passphrase = _wanted(home, options), options[-1].passphrase
        now = datetime.now(UTC)
        proposal = propose_online(home, out_dir, stolen, wanted, at=now, passphrase=passphrase)
        told |= {"proposal": str(out_dir), "pin": proposal.manifest.pin}
        if not as_json:
            click.echo("")
            tell_proposal(proposal, out_dir, as_json=False)
    if as_json:
        print_json(told)


def _to_json(thefts: Sequence[Theft]) -> dict[str, object]:
    return {
        "cutoffs": [cutoff.to_json() for cutoff in thefts[0].cutoffs],
        "at": format_time(thefts[0].at),
        "keys": [
            {"key": one.entry.key.thumbprint, "stays": one.stays, "falls": one.falls}
            for one in thefts
        ],
    }


def _tell(thefts: Sequence[Theft], *, as_json: bool) -> None:
    if as_json:
        print_json(_to_json(thefts))
        return
    for cutoff in thefts[0].cutoffs:
        click.echo(f"Cut-off: {cutoff.size:,} entries of {cutoff.origin}")
    click.echo(f"  the last head before the theft, of {thefts[0].at:%Y-%m-%d %H:%M:%S} UTC")
    for one in thefts:
        click.echo(f"Key {one.entry.key.thumbprint} has signed {one.total:,} documents of yours.")
        click.echo(f"  stay valid: {one.stays:,}, logged before the cut-off; each with its proof")
        click.echo(f"  fall:       {one.falls:,}, logged behind it or not at all; issue them anew")
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
        print_json(_to_json([done.theft]) | {"reissue": done.to_reissue, "steps": steps})
        return
    _tell([done.theft], as_json=False)
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
