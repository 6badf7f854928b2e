"""Commands of a root holder: make keys of one's own, sign a proposal with them."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from signedcert.cli.app import find_passphrase, json_option, passphrase_option, print_json
from signedcert.cli.trust import default_trust, trust_option
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.holders import HOLDER_FILE, Holder, HolderKeys, on_one_medium
from signedcert.custody.keyfile import read_key_file
from signedcert.custody.proposal import PAGE, Proposal, altered_page, write_signature
from signedcert.custody.review import Notes, Reviewed, find_keys, holders_beside, in_office, review
from signedcert.trust.describe import describe
from signedcert.trust.history import Pin
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.store import TrustStore

_NOTES = "signed"
#: Clocks differ; by more than this, something is wrong.
_CLOCKS = timedelta(days=1)
_NOT_COMPARED = (
    "nobody has compared the announced next keys with yours. Give the folder with your "
    "holder.json, before a root rotation the new one, with --key too."
)
_LOG_NOT_COMPARED = (
    "nobody has compared the landmarks with the log that is published; say where it is, an address "
    "or a folder: --log https://…"
)


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--name", help="The holder's name, as the others know it.")
@click.option(
    "--following",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="For a root rotation: your present holder.json. Its next keys become the present ones, "
    "and only new next keys are made.",
)
@passphrase_option(what="these root keys")
@json_option
def holder(
    directory: Path,
    name: str | None,
    following: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Make the keys of one root holder, on the holder's own machine.

    DIRECTORY gets encrypted key files, and holder.json, which is public: give it to the
    institution.

    \b
    Examples:
      signedcert keys holder /media/usb/root --name "Ada Okafor"
      signedcert keys holder /media/usb/root-2 --following /media/usb/root/holder.json
    """
    if (name is None) == (following is None):
        message = "give either --name, for a new holder, or --following, before a root rotation"
        raise click.UsageError(message)
    keys = HolderKeys.generate(name) if name else HolderKeys.follow(Holder.read(_named(following)))
    passphrase = find_passphrase(passphrase_file, "Passphrase for your root keys", confirm=True)
    files = keys.write(directory, passphrase)
    if as_json:
        told = {"name": keys.holder.name, "holder": str(directory / HOLDER_FILE)}
        print_json(told | {"files": [str(path) for path in files]})
        return
    click.echo(f"Root keys of {keys.holder.name}: {directory}")
    click.echo(f"Send {directory / HOLDER_FILE} to the institution; it is public.")
    click.echo(
        "Keep the files offline and locked, the next-* ones in another place than the root-*"
    )
    click.echo("ones: a thief of both can change the root. Keep a copy of each elsewhere.")


def _named(path: Path | None) -> Path:
    return path or Path(HOLDER_FILE)


@click.command()
@click.argument("proposal", type=click.Path(path_type=Path))
@click.option(
    "--key",
    "paths",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file with a root key, or a folder of which those that can sign are taken; several "
    "times for several.",
)
@click.option("--pin", help="The institution's pin, if this machine does not know it yet.")
@click.option(
    "--log",
    "place",
    metavar="SOURCE",
    help="Where the institution publishes its log, an https address or a folder, to compare it "
    "with the landmarks that are to be signed.",
)
@click.option("--yes", is_flag=True, help="Do not ask. For scripts; read the changes first.")
@click.option(
    "--instead",
    is_flag=True,
    help="Sign, though you have signed another manifest of this version, which was given up.",
)
@trust_option
@passphrase_option(what="the root keys")
@json_option
def sign(
    proposal: Path,
    paths: tuple[Path, ...],
    pin: str | None,
    place: str | None,
    yes: bool,
    instead: bool,
    directory: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Sign a proposal as a root holder, on the holder's own machine.

    PROPOSAL is the folder that was made by: signedcert keys propose. It is checked against every
    version of the institution's keys that this machine knows; what changes is worked out again
    from what is signed, shown, and has to be confirmed.

    \b
    Examples:
      signedcert keys sign version-2 --key /media/usb/root
      signedcert keys sign version-2 --key root-es256-1a2b3c4d.key --pin 1:0b5c…
    """
    found = Proposal.read(proposal)
    trust = directory or default_trust()
    store = TrustStore.read(trust) if trust.exists() else TrustStore.empty()
    notes = Notes(trust / _NOTES)
    reviewed = review(found, store, notes, Pin.parse(pin) if pin else None, instead=instead)
    keys = find_keys(paths, reviewed.before, found.manifest)
    page = found.page(reviewed.before)
    warnings = _warnings(proposal, found, page, list(keys))
    warnings += _compare_logs(found, place)
    if reviewed.before and not any(in_office(one, found.manifest) for one in holders_beside(paths)):
        warnings.append(_NOT_COMPARED)
    if not as_json:
        click.echo(page)
    for line in warnings:
        click.echo(f"WARNING: {line}", err=True)
    _confirm(found.manifest, yes=yes)
    passphrase = find_passphrase(passphrase_file, "Passphrase for the root keys")
    private = [read_key_file(path, passphrase) for path in keys]
    _remember(reviewed, trust, notes, found.manifest)
    files = [write_signature(proposal, sign_manifest(found.manifest, [one])) for one in private]
    if as_json:
        _tell_json(found, reviewed, files, warnings)
    else:
        _tell(found.manifest, files)


def _compare_logs(proposal: Proposal, place: str | None) -> list[str]:
    """Whether what is published extends the landmarks; what to be warned of if nobody looked.

    Raises RejectedError ``proof-forked``; what ``PublishedLog`` raises.
    """
    growths = [growth for growth in proposal.growths if growth.landmarks.heads]
    if place is None:
        return [_LOG_NOT_COMPARED] if growths else []
    from signedcert.cli.logsource import PublishedLog  # noqa: PLC0415 - 25 ms
    from signedcert.cli.network import open_source  # noqa: PLC0415

    source, iss = open_source(place), proposal.manifest.iss
    logs = {log.origin: log for log in proposal.manifest.logs}
    for growth in growths:
        published = PublishedLog.open(source, iss, logs[growth.origin])
        growth.check_published(published.head, published.read)
    return []


def _warnings(directory: Path, proposal: Proposal, page: str, keys: list[Path]) -> list[str]:
    lines = []
    if altered_page(directory, page):
        lines.append(
            f"{PAGE} in this folder says something else than what is signed. Go by what is shown "
            "here, and find out who changed it."
        )
    off = abs(proposal.manifest.issued - datetime.now(UTC))
    if off > _CLOCKS:
        lines.append(
            f"it says that it was issued {proposal.manifest.issued:%Y-%m-%d}, {off.days} days from "
            "what this machine's clock says."
        )
    folders = {path.parent.resolve() for path in keys}
    if len(folders) > 1 and on_one_medium(folders):
        lines.append(
            "keys from several folders are on one medium; if they are several holders', whoever "
            "takes it has them all."
        )
    return lines


def _confirm(manifest: KeyManifest, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        message = "nothing was signed; there is no terminal to ask on, so say --yes if you mean it"
        raise click.UsageError(message)
    question = f"Sign version {manifest.version} of the keys of {manifest.name}?"
    if not click.confirm(question, err=True):
        raise click.Abort


def _remember(reviewed: Reviewed, trust: Path, notes: Notes, manifest: KeyManifest) -> None:
    """Before a signature can leave: so a second manifest of this version is noticed."""
    reviewed.store.write(trust)
    notes.add(manifest, reviewed.before)


def _tell(manifest: KeyManifest, files: list[Path]) -> None:
    for file in files:
        click.echo(f"Signed: {file}")
    if manifest.version == 1:
        click.echo(f"Write the pin down, and keep it with your keys:\n  {manifest.pin}")
    click.echo("Give the folder back, or these files: they belong into its folder signatures.")


def _tell_json(
    proposal: Proposal, reviewed: Reviewed, files: list[Path], warnings: list[str]
) -> None:
    manifest = proposal.manifest
    print_json(
        {
            "version": manifest.version,
            "pin": manifest.pin,
            "changes": [one._asdict() for one in describe(reviewed.before, manifest)],
            "settles": proposal.fork and proposal.fork.to_json(),
            "warnings": warnings,
            "signatures": [str(file) for file in files],
        }
    )
