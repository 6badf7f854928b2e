"""The trust command: which institutions this computer believes, and what it knows of them."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click

from signedcert.cli.app import json_option, print_json
from signedcert.core.encoding import format_time
from signedcert.errors import ConfigurationError, SignedCertError
from signedcert.trust.entries import StatusPolicy
from signedcert.trust.history import Pin
from signedcert.trust.manifest import KeyManifest, SignedManifest
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
    """Add an institution, with what it says of its documents' statuses.

    SOURCES are its manifests (keys.json, 1.json, 2.json …), a folder of them, or its https
    address. The pin is how you know that the keys are the institution's: get it by another way,
    from its printed handbook, by phone, from a person you know.

    \b
    Examples:
      signedcert trust add https://learn.example.edu --pin 1:0b5c…
      signedcert trust add keys.json --pin 1:0b5c…
    """
    from signedcert.cli.network import (  # noqa: PLC0415 - 25 ms
        open_source,
        require_landmarks,
        take_landmarks,
        take_statuses,
    )

    opened = [(place, open_source(place)) for place in sources]
    manifests = [data for _, source in opened for data in source.manifests(())]
    if not manifests:
        message = f"no key manifest here: {', '.join(sources)}"
        raise click.UsageError(message)
    store = read_trust(directory) if (directory or default_trust()).exists() else TrustStore.empty()
    store = store.add(manifests, _pin(pin, manifests, store))
    iss = SignedManifest.parse(manifests[0]).unverified.iss
    errors = []
    for place, source in opened:
        try:
            store = take_landmarks(store, iss, source)
            store = take_statuses(store, iss, source, datetime.now(UTC))
        except SignedCertError as error:
            errors.append((place, error))
    try:
        require_landmarks(store, iss)
    except SignedCertError as error:
        errors.append((iss, error))
    for place, problem in errors:
        _tell(place, problem)
    store.write(directory or default_trust())
    if as_json:
        print_json(_line(store, iss))
    else:
        history = store.institutions[iss]
        newest = history.newest
        click.echo(f"{newest.name} ({iss}) is trusted, by its keys of version {newest.version}.")
        if not history.post_quantum:
            click.echo("Its root keys are classical: a quantum computer could forge them one day.")
    if errors:
        raise click.exceptions.Exit(1)


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


def _tell(place: str, error: SignedCertError) -> None:
    click.echo(f"error: {place}: {error}", err=True)


class _Outcome(NamedTuple):
    """What came of one source."""

    place: str
    iss: str
    versions: tuple[int, ...] = ()
    given_up: tuple[int, ...] = ()
    statuses: bool = False
    error: SignedCertError | None = None


@trust.command("update")
@click.argument("institutions", metavar="[ISS]...", nargs=-1)
@click.option(
    "--from",
    "places",
    metavar="SOURCE",
    multiple=True,
    help="A mirror's https address, a folder or a file; may be given several times.",
)
@trust_option
@json_option
def update(
    institutions: tuple[str, ...], places: tuple[str, ...], directory: Path | None, as_json: bool
) -> None:
    """Get what is new: keys, and which documents were revoked.

    It comes from the institutions' own addresses, or from copies of what they publish: no source
    has to be trusted, since all of it is signed. Whatever goes back, leaves something out, or
    breaks a rule is refused, with the reason, and what was known stays.

    ISS are the https addresses of the institutions, all of the trust store if none is named.

    \b
    Examples:
      signedcert trust update
      signedcert trust update https://learn.example.edu --from usb-stick/mirror
    """
    store = read_trust(directory)
    named = _named(store, institutions)
    outcomes = []
    for place, iss in _jobs(named, places) if named else ():
        store, outcome = _update(store, place, iss, named)
        outcomes.append(outcome)
        if not as_json:
            _say(store, outcome)
    store.write(directory or default_trust())
    if as_json:
        print_json([_outcome_to_json(store, one) for one in outcomes])
    if not outcomes:
        click.echo("No institution is trusted yet; see: signedcert trust add --help", err=True)
    if any(one.error for one in outcomes):
        raise click.exceptions.Exit(1)


def _named(store: TrustStore, institutions: tuple[str, ...]) -> list[str]:
    for iss in institutions:
        if iss not in store.institutions:
            message = "this institution is not trusted here; see: signedcert trust add --help"
            raise ConfigurationError("trust-missing", message, where=iss)
    return list(institutions or store.institutions)


def _jobs(named: list[str], places: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
    """Each source, with the institution that it has to be of; a mirror says whose it is."""
    if not places:
        yield from ((iss, iss) for iss in named)
    yield from ((place, None) for place in places)


def _update(
    store: TrustStore, place: str, iss: str | None, named: list[str]
) -> tuple[TrustStore, _Outcome]:
    """The store with what is new in one source. Of a source that fails, what was good is kept:
    keys that root has signed do not wait for the statuses.
    """
    from signedcert.cli.network import (  # noqa: PLC0415 - 25 ms
        open_source,
        require_whole,
        take_landmarks,
        take_manifests,
        take_statuses,
    )

    outcome = _Outcome(place, iss or "")
    try:
        source = open_source(place)
        iss, updated = take_manifests(store, source, [iss] if iss else named)
        before, after = (one.institutions[iss].versions for one in (store, updated))
        new, given_up = _beside(after, before), _beside(before, after)
        outcome = outcome._replace(iss=iss, versions=new, given_up=given_up)
        store, known = updated, store.statuses.get(iss)
        store = take_landmarks(store, iss, source)
        store = take_statuses(store, iss, source, datetime.now(UTC))
        outcome = outcome._replace(statuses=store.statuses.get(iss) not in (None, known))
        require_whole(store, iss)
    except SignedCertError as error:
        outcome = outcome._replace(error=error)
    return store, outcome


def _beside(some: tuple[KeyManifest, ...], others: tuple[KeyManifest, ...]) -> tuple[int, ...]:
    """The versions of those that are not among the others."""
    return tuple(one.version for one in some if one not in others)


def _say(store: TrustStore, outcome: _Outcome) -> None:
    """What is new, how old the knowledge is, and when it runs out."""
    if outcome.error is not None:
        _tell(outcome.place, outcome.error)
    if not outcome.iss:
        return
    new = [f"keys of version {version}" for version in outcome.versions]
    new += ["statuses"] if outcome.statuses else []
    name = store.institutions[outcome.iss].newest.name
    click.echo(f"{name} ({outcome.iss}): {', '.join(new) or 'nothing'} new")
    if outcome.given_up:
        versions = ", ".join(map(str, outcome.given_up))
        click.echo(f"  in the place of what was known as: {versions}, which lost a fork")
    _say_ages(store, outcome.iss)


def _outcome_to_json(store: TrustStore, outcome: _Outcome) -> dict[str, object]:
    error = outcome.error
    return {
        "source": outcome.place,
        "new_versions": list(outcome.versions),
        "given_up_versions": list(outcome.given_up),
        "new_statuses": outcome.statuses,
        "error": error and {"reason": error.reason, "message": error.message, "where": error.where},
        "institution": _line(store, outcome.iss) if outcome.iss else None,
    }


@trust.command("list")
@trust_option
@json_option
def list_(directory: Path | None, as_json: bool) -> None:
    """List the institutions that this computer believes.

    \b
    Example:
      signedcert trust list
    """
    store = read_trust(directory)
    if as_json:
        print_json([_line(store, iss) for iss in store.institutions])
        return
    if not store.institutions:
        click.echo("None yet. Add one: signedcert trust add https://INSTITUTION --pin PIN")
    for iss, history in store.institutions.items():
        click.echo(f"{history.newest.name} ({iss})")
        click.echo(f"  pin {history.pin}")
        _say_ages(store, iss)


def _say_ages(store: TrustStore, iss: str) -> None:
    """How old keys and statuses are, and when they run out."""
    history, status = store.institutions[iss], store.statuses.get(iss)
    newest, at = history.newest, datetime.now(UTC)
    click.echo(
        f"  keys of version {newest.version}, {_age(newest.issued, at)}, "
        f"fresh until {newest.expires:%Y-%m-%d}"
        + ("" if history.post_quantum else "; classical root keys")
        + ("; CONTRADICTORY KEYS, ask the institution" if history.forked else "")
    )
    if status is not None:
        until = _until(status.snapshot.issued, newest.status)
        ends = f", good until {until:%Y-%m-%d %H:%M} UTC" if until else ""
        click.echo(f"  statuses of {_age(status.snapshot.issued, at)}{ends}")
        if status.snapshot.announces_newer(newest):
            click.echo(f"  keys of version {status.snapshot.manifest.version} are to be had")
    elif newest.status is not None:
        click.echo("  statuses not known; get them with: signedcert trust update")


def _age(issued: datetime, at: datetime) -> str:
    days = max((at - issued).days, 0)
    return f"{issued:%Y-%m-%d} ({days} {'day' if days == 1 else 'days'} old)"


def _until(issued: datetime, policy: StatusPolicy | None) -> datetime | None:
    """When a document whose status is known is one no more; None if that is beyond all dates."""
    if policy is None:
        return None
    try:
        return issued + timedelta(seconds=policy.max_age)
    except OverflowError:
        return None


def _line(store: TrustStore, iss: str) -> dict[str, object]:
    history = store.institutions[iss]
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
        "status": _status_to_json(store, iss),
    }


def _status_to_json(store: TrustStore, iss: str) -> dict[str, object] | None:
    status, newest = store.statuses.get(iss), store.institutions[iss].newest
    if status is None:
        return None
    until = _until(status.snapshot.issued, newest.status)
    return {
        "as_of": format_time(status.snapshot.issued),
        "good_until": until and format_time(until),
        "lists": len(status.lists),
        "announced_version": status.snapshot.manifest.version,
    }
