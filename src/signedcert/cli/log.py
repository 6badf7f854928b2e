"""Commands about the institution's log."""

from contextlib import closing
from pathlib import Path

import click

from signedcert.ceremonies.monitoring import Finding, Monitor
from signedcert.cli.app import home_option, json_option, print_json
from signedcert.cli.logsource import PublishedLog
from signedcert.cli.network import open_source
from signedcert.core.checkpoint import Checkpoint
from signedcert.errors import ConfigurationError, SignedCertError
from signedcert.files import read_limited, write_atomic
from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.log.folder import LogFolder
from signedcert.registry.registry import Registry
from signedcert.trust.logs import LogEntry
from signedcert.trust.manifest import KeyManifest

_MAX_SEEN = 4096
#: So many findings are told one by one.
_TOLD = 20
_UNDECIDED = 4


@click.group()
def log() -> None:
    """Watch over the log of what was issued, and mend its files."""


@log.command()
@home_option
@click.option(
    "--from",
    "place",
    metavar="SOURCE",
    help="The institution's https address, a mirror's, or a folder.  [default: the institution's]",
)
@click.option(
    "--saved",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the newest head that was seen is kept, on another machine or medium than the home. "
    "Without it, nobody notices a log that is taken back, or exchanged.",
)
@json_option
def monitor(home: Path, place: str | None, saved: Path | None, as_json: bool) -> None:
    """Compare the log that is published with the registry, and with what was seen before.

    Exits 0 if all is well, 1 if something is wrong, 4 if it could not be compared. Run it each hour
    or each day, and have somebody called when it does not exit 0.

    \b
    Examples:
      signedcert log monitor --home home --saved /media/usb/head
      signedcert log monitor --home home --from https://mirror.example.org --saved head --json
    """
    found = Home.read(home)
    manifest = found.history().newest
    entry = _active(manifest)
    try:
        source = open_source(place or manifest.iss)
        published = PublishedLog.open(source, manifest.iss, entry)
        seen = _read_seen(saved)
        with closing(Registry.open(found.registry_url)) as registry:
            watch = Monitor(manifest, entry, registry, published.head, published.read, seen)
            findings = list(watch.findings())
    except SignedCertError as error:
        _tell_failure(error, as_json=as_json)
        raise click.exceptions.Exit(_UNDECIDED) from error
    if saved is not None and not findings:
        write_atomic(saved, published.head.text().encode())
    _tell(entry, published.head, seen, findings, as_json=as_json)
    if findings:
        raise click.exceptions.Exit(1)


@log.command()
@home_option
@json_option
def rebuild(home: Path, as_json: bool) -> None:
    """Make the published files of the log again, from the registry.

    It is for files that are missing or damaged. No key is opened and nothing is signed: the files
    lead to the newest head that is signed already, or nothing is written.

    \b
    Example:
      signedcert log rebuild --home home
    """
    with Institution.open(home) as institution:
        entry, found = _active(institution.manifest), institution.log
        size = 0 if found is None else found.rebuild()
        folder = LogFolder.of(institution.published.path, institution.url, entry.origin)
    if as_json:
        print_json({"directory": str(folder.path), "size": size})
    else:
        click.echo(f"{folder.path}: the files of {size} entries, made again.")


def _active(manifest: KeyManifest) -> LogEntry:
    if manifest.active_log is not None:
        return manifest.active_log
    message = "this institution has no log; see: signedcert keys propose --add-log"
    raise ConfigurationError("setting-invalid", message, where="logs")


def _read_seen(path: Path | None) -> Checkpoint | None:
    """The head that was kept. It is this machine's own file, so nobody has to sign it."""
    if path is None or not path.exists():
        return None
    return Checkpoint.parse(read_limited(path, _MAX_SEEN).decode("utf-8", "replace"))


def _tell_failure(error: SignedCertError, *, as_json: bool) -> None:
    if as_json:
        problem = {"reason": error.reason, "message": error.message, "where": error.where}
        print_json({"compared": False, "error": problem, "findings": []})
    else:
        click.echo(f"error: the log could not be compared: {error}", err=True)


def _tell(
    entry: LogEntry,
    head: Checkpoint,
    seen: Checkpoint | None,
    findings: list[Finding],
    *,
    as_json: bool,
) -> None:
    if as_json:
        members = {"compared": True, "log": entry.origin, "size": head.size}
        print_json(members | {"findings": [one._asdict() for one in findings]})
        return
    since = f", {head.size - seen.size} of them new" if seen else ""
    click.echo(f"{entry.origin}: {head.size} entries{since}")
    for one in findings[:_TOLD]:
        place = "" if one.entry is None else f"entry {one.entry}: "
        click.echo(f"  WRONG: {place}{one.message} [{one.kind}]", err=True)
    if len(findings) > _TOLD:
        click.echo(f"  and {len(findings) - _TOLD} more", err=True)
    if findings:
        click.echo("Treat the keys as stolen until you know better (docs: operations).", err=True)
    else:
        click.echo("It is the registry's, and extends what was seen before.")
