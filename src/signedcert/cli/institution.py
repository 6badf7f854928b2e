"""Commands of an institution: init, course, keys, migrate."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from signedcert.cli.app import (
    find_passphrase,
    home_option,
    json_option,
    passphrase_option,
    print_json,
)
from signedcert.core.encoding import format_time
from signedcert.core.keys import Algorithm
from signedcert.custody.passphrase import read_passphrase
from signedcert.documents.course import Course
from signedcert.errors import ConfigurationError
from signedcert.institution import Institution


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
    required=True,
    type=click.Path(path_type=Path),
    help="Where the root keys go: a medium that is taken offline, never inside the home.",
)
@click.option(
    "--algorithm",
    type=click.Choice(["ES256", "Ed25519"]),
    default="ES256",
    show_default=True,
    help="What certificates are signed with. More programs read ES256.",
)
@passphrase_option()
@passphrase_option("--root-passphrase-file", "the root keys, which is not that of the issuing key")
@json_option
def init(
    home: Path,
    name: str,
    url: str,
    root: Path,
    algorithm: Algorithm,
    passphrase_file: Path | None,
    root_passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Set an institution up.

    \b
    Example:
      signedcert init --home home --root /media/usb/root \\
        --name "Example University" --url https://learn.example.edu
    """
    passphrase = find_passphrase(passphrase_file, "Passphrase for the issuing key", confirm=True)
    root_passphrase = _root_passphrase(root_passphrase_file)
    with Institution.create(
        home,
        name=name,
        url=url.rstrip("/"),
        root=root,
        passphrase=passphrase,
        root_passphrase=root_passphrase,
        algorithm=algorithm,
        at=datetime.now(UTC),
    ) as institution:
        if as_json:
            print_json({"home": str(home), "root": str(root), "pin": institution.pin})
            return
        click.echo(f"{institution.name} is set up in {home}.")
        click.echo(f"\nIts pin, for verifiers to compare:\n  {institution.pin}")
        click.echo(
            f"\nRoot keys are in {root}. Take them offline now: move the two root-* files and"
        )
        click.echo("the two next-* files to two different places that you can lock.")
        click.echo("\nNext:")
        click.echo(f"  signedcert course add COURSE.json --home {home}")
        click.echo(f"  signedcert issue ROSTER.csv --home {home}")


def _root_passphrase(file: Path | None) -> str:
    """Never the issuing key's by default: who learns that one would open root too."""
    if file is not None:
        return read_passphrase(file)
    if not sys.stdin.isatty():
        message = "the root keys need a passphrase of their own; use --root-passphrase-file"
        raise ConfigurationError("passphrase-missing", message)
    typed: str = click.prompt(
        "Passphrase for the root keys", hide_input=True, confirmation_prompt=True, err=True
    )
    return typed


@click.group()
def course() -> None:
    """Publish and show courses."""


@course.command("add")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@home_option
@json_option
def course_add(files: tuple[Path, ...], home: Path, as_json: bool) -> None:
    """Publish course documents. Their bytes are fixed from then on.

    A change is a new version: count "version" up in the file and add it again.

    \b
    Example:
      signedcert course add operations.json --home home
    """
    courses = [Course.read(file) for file in files]
    with Institution.open(home) as institution:
        for one in courses:
            institution.add_course(one, at=datetime.now(UTC))
    if as_json:
        print_json([_course_line(one) for one in courses])
        return
    for one in courses:
        click.echo(f"{one.id}, version {one.version}: {one.title}")


@course.command("list")
@home_option
@json_option
def course_list(home: Path, as_json: bool) -> None:
    """List the catalogue: the newest version of each course.

    \b
    Example:
      signedcert course list --home home
    """
    with Institution.open(home) as institution:
        courses = institution.courses()
    if as_json:
        print_json([_course_line(one) for one in courses])
        return
    if not courses:
        click.echo(f"No courses yet. Add one: signedcert course add COURSE.json --home {home}")
    for one in courses:
        track = "" if one.verified_track else "  (no verified certificate)"
        click.echo(f"{one.id:32}  v{one.version:<3} {one.title}{track}")


@course.command("show")
@click.argument("course_id")
@click.option(
    "--version",
    type=click.IntRange(1, 10_000),
    metavar="NUMBER",
    help="An older version than the newest.",
)
@home_option
@json_option
def course_show(course_id: str, version: int | None, home: Path, as_json: bool) -> None:
    """Show one course: syllabus, workload, format.

    \b
    Example:
      signedcert course show operations-management --home home
    """
    with Institution.open(home) as institution:
        found = institution.course(course_id, version)
    if found is None:
        message = f"no course {course_id!r} in the catalogue; see: signedcert course list"
        raise click.UsageError(message)
    if as_json:
        click.echo(found.text, nl=False)
        return
    hours = found.workload.hours_per_week
    click.echo(f"{found.title} ({found.id}, version {found.version})")
    click.echo(f"{found.institution}\n\n{found.description}\n")
    click.echo(f"{found.workload.weeks} weeks of {hours.start} to {hours.to} hours")
    for unit in found.syllabus:
        click.echo(f"  {': '.join(filter(None, (unit.title, ', '.join(unit.topics))))}")
    for part in found.format:
        click.echo(f"  {part.count} x {part.kind}, {part.weight_percent} % of the result")
    click.echo(f"\n{found.digest}")


def _course_line(course: Course) -> dict[str, object]:
    return {
        "id": course.id,
        "version": course.version,
        "title": course.title,
        "verified_track": course.verified_track,
        "digest": course.digest,
    }


@click.group()
def keys() -> None:
    """See the institution's keys."""


@keys.command("status")
@home_option
@json_option
def keys_status(home: Path, as_json: bool) -> None:
    """Show which keys there are, in which state, and until when the manifest is fresh.

    \b
    Example:
      signedcert keys status --home home
    """
    with Institution.open(home) as institution:
        manifest, pin = institution.manifest, institution.pin
        issued = institution.count()
    lines = [
        {
            "role": entry.role,
            "algorithm": entry.key.algorithm,
            "state": entry.state,
            "since": format_time(entry.since),
            "thumbprint": entry.key.thumbprint,
            "url": entry.url,
        }
        for entry in manifest.keys
    ]
    roots = [
        {
            "threshold": group.threshold,
            "keys": [_root(key.algorithm, key.thumbprint) for key in group.keys],
        }
        for group in manifest.root
    ]
    if as_json:
        print_json(
            {
                "name": manifest.name,
                "url": manifest.iss,
                "pin": pin,
                "version": manifest.version,
                "issued": format_time(manifest.issued),
                "expires": format_time(manifest.expires),
                "post_quantum": manifest.post_quantum,
                "root": roots,
                "keys": lines,
                "certificates": issued,
            }
        )
        return
    click.echo(f"{manifest.name}, {manifest.iss}")
    click.echo(f"Pin: {pin}")
    click.echo(f"Manifest {manifest.version}, fresh until {manifest.expires:%Y-%m-%d}")
    for group in manifest.root:
        names = ", ".join(_root(key.algorithm, key.thumbprint) for key in group.keys)
        click.echo(f"  root     {group.threshold} of {len(group.keys)}: {names}")
    for entry in manifest.keys:
        since = f"{entry.state} since {entry.since:%Y-%m-%d}"
        click.echo(f"  {entry.role:8} {entry.key.algorithm} {entry.key.thumbprint}, {since}")
    cover = "with" if manifest.post_quantum else "without"
    click.echo(f"{issued} certificates issued. Root keys {cover} post-quantum cover.")


def _root(algorithm: str, thumbprint: str) -> str:
    return f"{algorithm} {thumbprint}"


@click.command()
@home_option
@json_option
def migrate(home: Path, as_json: bool) -> None:
    """Bring the registry to this release. Make a backup of the home first.

    \b
    Example:
      signedcert migrate --home home
    """
    before, now = Institution.migrate(home)
    if as_json:
        print_json({"before": before, "now": now})
    elif before == now:
        click.echo(f"The registry is at revision {now} already.")
    else:
        click.echo(f"The registry went from revision {before or 'none'} to {now}.")
