"""Commands about the keys of a home: what they are and need, and publishing what root signed."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from signedcert.ceremonies.assembling import Assembled
from signedcert.ceremonies.assembling import assemble as assemble_proposal
from signedcert.ceremonies.rotation import due
from signedcert.cli.app import home_option, json_option, print_json
from signedcert.core.encoding import format_time
from signedcert.core.jws import Header
from signedcert.custody.merging import Tally
from signedcert.documents.openbadges import RECORD_TYPE
from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.registry.registry import Registry
from signedcert.registry.uses import count_by_header
from signedcert.trust.entries import KeyEntry, RootGroup
from signedcert.trust.logs import log_number
from signedcert.trust.manifest import KeyManifest


@click.command()
@home_option
@json_option
def status(home: Path, as_json: bool) -> None:
    """Show which keys there are, their state, age and use, and what is due.

    \b
    Example:
      signedcert keys status --home home
    """
    now = datetime.now(UTC)
    with Institution.open(home) as institution:
        manifest, pin = institution.manifest, institution.pin
        issued = institution.count()
    found = Home.read(home)
    uses, logs = _uses(found, manifest), _logs(found, manifest)
    tasks = due(manifest, at=now)
    if as_json:
        told = _status_json(manifest, pin, issued, uses, tasks, now)
        print_json(told | {"logs": [one._asdict() for one in logs]})
        return
    click.echo(f"{manifest.name}, {manifest.iss}")
    click.echo(f"Pin: {pin}")
    click.echo(f"Manifest {manifest.version}, fresh until {manifest.expires:%Y-%m-%d}")
    for group in manifest.root:
        names = ", ".join(f"{key.algorithm} {key.thumbprint}" for key in group.keys)
        click.echo(f"  root     {group.threshold} of {len(group.keys)}: {names}")
    for entry in manifest.keys:
        click.echo(
            f"  {entry.role:8} {entry.key.algorithm} {entry.key.thumbprint}, "
            f"{_state(entry, uses, now)}"
        )
    for one in logs:
        vouched = f"{one.under_landmarks} of them under landmarks"
        click.echo(f"  log      {one.origin}, {one.state}: {one.entries} entries, {vouched}")
    cover = "with" if manifest.post_quantum else "without"
    click.echo(f"{issued} certificates issued. Root keys {cover} post-quantum cover.")
    for task in tasks:
        click.echo(f"Due: {task}")


class _LogLine(NamedTuple):
    """A log, how large it is, and how much of it root holders vouch for."""

    origin: str
    state: str
    entries: int
    under_landmarks: int
    pending: int


def _logs(home: Home, manifest: KeyManifest) -> list[_LogLine]:
    with closing(Registry.open(home.registry_url)) as registry:
        lines = []
        for log in manifest.logs:
            table = registry.log(log_number(manifest.iss, log.origin))
            heads = [head.size for head in table.heads() if head.note is not None]
            vouched = heads[log.landmarks.count - 1] if log.landmarks.count else 0
            waiting = table.pending() if log.state == "active" else 0
            lines.append(_LogLine(log.origin, log.state, table.size(), vouched, waiting))
        return lines


def _uses(home: Home, manifest: KeyManifest) -> dict[str, int]:
    """How many documents each issuing key has signed, by thumbprint."""
    headers = {
        Header(entry.key.algorithm, entry.url, typ).segment(): entry.key.thumbprint
        for entry in manifest.keys
        if entry.role == "issue"
        for typ in ("JWT", RECORD_TYPE)
    }
    uses = dict.fromkeys(headers.values(), 0)
    for header, count in count_by_header(home.registry_url, list(headers)).items():
        uses[headers[header]] += count
    return uses


def _state(entry: KeyEntry, uses: dict[str, int], now: datetime) -> str:
    state = f"{entry.state} since {entry.since:%Y-%m-%d} ({_age(entry, now)} days)"
    if entry.role != "issue":
        return state
    return f"{state}, {uses[entry.key.thumbprint]} signed"


def _age(entry: KeyEntry, now: datetime) -> int:
    return max((now - entry.since).days, 0)


def _status_json(
    manifest: KeyManifest,
    pin: str,
    issued: int,
    uses: dict[str, int],
    tasks: list[str],
    now: datetime,
) -> dict[str, object]:
    return {
        "name": manifest.name,
        "url": manifest.iss,
        "pin": pin,
        "version": manifest.version,
        "issued": format_time(manifest.issued),
        "expires": format_time(manifest.expires),
        "post_quantum": manifest.post_quantum,
        "root": [_root_json(group) for group in manifest.root],
        "keys": [_key_json(entry, uses, now) for entry in manifest.keys],
        "certificates": issued,
        "due": tasks,
    }


def _root_json(group: RootGroup) -> dict[str, object]:
    keys = [f"{key.algorithm} {key.thumbprint}" for key in group.keys]
    return {"threshold": group.threshold, "keys": keys}


def _key_json(entry: KeyEntry, uses: dict[str, int], now: datetime) -> dict[str, object]:
    return {
        "role": entry.role,
        "algorithm": entry.key.algorithm,
        "state": entry.state,
        "since": format_time(entry.since),
        "age_days": _age(entry, now),
        "uses": uses.get(entry.key.thumbprint),
        "thumbprint": entry.key.thumbprint,
        "url": entry.url,
    }


@click.command()
@click.argument("proposal", type=click.Path(path_type=Path))
@home_option
@json_option
def assemble(proposal: Path, home: Path, as_json: bool) -> int:
    """Bring the root holders' signatures together, and publish the manifest.

    Exits 1 while signatures are missing, and says whose would do. Before anything is written, up to
    a thousand of the newest documents are verified under the new manifest. Running it again is
    safe.

    \b
    Example:
      signedcert keys assemble version-2 --home home
    """
    done = assemble_proposal(Home.read(home), proposal, at=datetime.now(UTC))
    if as_json:
        print_json(_assembled_json(done))
    else:
        for line in _assembled(done):
            click.echo(line)
    return 0 if done.published else 1


def _assembled(done: Assembled) -> list[str]:
    lines = [f"Not used: {one.file}: {one.problem}" for one in done.merged.unused]
    lines += [_tally(tally) for tally in done.merged.tallies]
    if done.published is None or done.proved is None:
        return [*lines, "Not published: signatures are missing."]
    lines.append(f"{done.proved.documents} recent documents verify as before.")
    for thumbprint, count in done.proved.given_up.items():
        lines[-1] = f"{done.proved.documents} recent documents were verified."
        lines.append(f"{count} of them do not stand any more: this version gives up {thumbprint}.")
    lines.append(f"Published: version {done.published.version}, pin {done.published.pin}")
    if done.given_up:
        versions = ", ".join(str(one.version) for one in done.given_up)
        lines.append(f"It takes the place of: {versions}. They are kept in manifests/dropped.")
    if done.given_up and done.published.status:
        lines.append("No statuses are published any more: run signedcert publish now.")
    if done.signer:
        lines.append(f"New documents are signed by {done.signer} from now on.")
    if done.unknown_signer:
        lines.append(
            f"SET THE SIGNER: nobody told this home where the key {done.unknown_signer} is; write "
            "its URI into signedcert.toml."
        )
    return [*lines, "Restart what serves or issues, so that it reads this version."]


def _tally(tally: Tally) -> str:
    group = tally.group
    algorithms = "/".join(sorted({key.algorithm for key in group.keys}))
    have = ", ".join(tally.signed) or "nobody"
    line = f"Root group {tally.number}, {algorithms}, {group.threshold} of {len(group.keys)}: "
    line += f"signed by {have}"
    if not tally.lacking:
        return line
    return f"{line}; {tally.lacking} more of: {', '.join(tally.unsigned)}"


def _assembled_json(done: Assembled) -> dict[str, object]:
    return {
        "published": done.published and done.published.version,
        "pin": done.published and done.published.pin,
        "groups": [
            {
                "threshold": tally.group.threshold,
                "signed": list(tally.signed),
                "unsigned": list(tally.unsigned),
                "lacking": tally.lacking,
            }
            for tally in done.merged.tallies
        ],
        "unused": [one._asdict() for one in done.merged.unused],
        "verified": done.proved and done.proved.documents,
        "given_up": done.proved and done.proved.given_up,
        "signer": done.signer,
        "unknown_signer": done.unknown_signer,
        "given_up_versions": [one.version for one in done.given_up],
    }
