"""The trust command: which institutions this computer believes."""

import sys
from pathlib import Path

import click

from signedcert.cli.app import json_option, print_json
from signedcert.core.encoding import format_time
from signedcert.core.jws import MAX_GENERAL
from signedcert.errors import ConfigurationError
from signedcert.files import read_limited
from signedcert.trust.history import History, Pin
from signedcert.trust.manifest import SignedManifest
from signedcert.trust.store import TrustStore


def default_trust() -> Path:
    """Where a person's trust store is, if nothing else is said."""
    return Path(click.get_app_dir("signedcert")) / "trust"


trust_option = click.option(
    "--trust",
    "directory",
    envvar="SIGNEDCERT_TRUST",
    type=click.Path(path_type=Path),
    show_envvar=True,
    help=f"The trust store.  [default: {default_trust()}]",
)


def read_trust(directory: Path | None) -> TrustStore:
    """The named trust store; the person's own, which may not exist yet, if none is named."""
    if directory is None and not default_trust().exists():
        return TrustStore.empty()
    return TrustStore.read(directory or default_trust())


@click.group()
def trust() -> None:
    """Say which institutions to believe, by their published keys."""


@trust.command("add")
@click.argument("sources", nargs=-1, required=True)
@click.option("--pin", help="The pin that the institution told you: VERSION:DIGEST.")
@trust_option
@json_option
def add(sources: tuple[str, ...], pin: str | None, directory: Path | None, as_json: bool) -> None:
    """Add an institution, or bring its keys up to date.

    SOURCES are its manifests (keys.json, 1.json, 2.json …), a folder of them, or its https
    address. The pin is how you know that the keys are the institution's: get it by another way,
    from its printed handbook, by phone, from a person you know.

    \b
    Examples:
      signedcert trust add https://learn.example.edu --pin 1:0b5c…
      signedcert trust add keys.json --pin 1:0b5c…
    """
    manifests = [data for source in sources for data in _load(source)]
    if not manifests:
        message = f"no key manifest here: {', '.join(sources)}"
        raise click.UsageError(message)
    store = read_trust(directory) if (directory or default_trust()).exists() else TrustStore.empty()
    store = store.add(manifests, _pin(pin, manifests, store))
    store.write(directory or default_trust())
    iss = SignedManifest.parse(manifests[0]).unverified.iss
    history = store.institutions[iss]
    if as_json:
        print_json(_line(history))
        return
    newest = history.newest
    click.echo(f"{newest.name} ({iss}) is trusted, by its keys of version {newest.version}.")
    if not history.post_quantum:
        click.echo("Its root keys are classical: a quantum computer could forge them one day.")


def _pin(given: str | None, manifests: list[bytes], store: TrustStore) -> Pin:
    """The pin that was given, or, of an institution that is trusted already, its own."""
    if given is not None:
        return Pin.parse(given)
    first = min(
        (SignedManifest.parse(data).unverified for data in manifests),
        key=lambda manifest: manifest.version,
    )
    if first.iss in store.institutions:
        return store.institutions[first.iss].pin
    click.echo(f"These keys say that they are those of {first.name} ({first.iss}).", err=True)
    click.echo(f"Their pin is\n  {first.pin}", err=True)
    if sys.stdin.isatty() and click.confirm(
        "Did the institution tell you this very pin?", err=True
    ):
        return Pin.parse(first.pin)
    message = "nothing was added; compare this pin with the institution's, then give it: --pin PIN"
    raise ConfigurationError("trust-missing", message)


def _load(source: str) -> list[bytes]:
    """Every manifest that a source holds."""
    if "://" in source:
        from signedcert.cli.network import download  # noqa: PLC0415 - 25 ms, for this alone

        return download(source.rstrip("/"))
    path = Path(source)
    if path.is_dir():
        found = [read_limited(file, MAX_GENERAL) for file in sorted(path.glob("*.json"))]
        return [data for data in found if b'"signatures"' in data]
    return [read_limited(path, MAX_GENERAL)]


@trust.command("list")
@trust_option
@json_option
def list_(directory: Path | None, as_json: bool) -> None:
    """List the institutions that this computer believes.

    \b
    Example:
      signedcert trust list
    """
    histories = read_trust(directory).institutions.values()
    if as_json:
        print_json([_line(history) for history in histories])
        return
    if not histories:
        click.echo("None yet. Add one: signedcert trust add https://INSTITUTION --pin PIN")
    for history in histories:
        newest = history.newest
        click.echo(f"{newest.name} ({newest.iss})")
        click.echo(f"  pin {history.pin}")
        click.echo(
            f"  keys of version {newest.version}, {newest.issued:%Y-%m-%d}, "
            f"fresh until {newest.expires:%Y-%m-%d}"
            + ("" if history.post_quantum else "; classical root keys")
            + ("; CONTRADICTORY KEYS, ask the institution" if history.forked else "")
        )


def _line(history: History) -> dict[str, object]:
    newest = history.newest
    return {
        "iss": newest.iss,
        "name": newest.name,
        "pin": str(history.pin),
        "version": newest.version,
        "issued": format_time(newest.issued),
        "expires": format_time(newest.expires),
        "post_quantum": history.post_quantum,
        "forked": history.forked,
    }
