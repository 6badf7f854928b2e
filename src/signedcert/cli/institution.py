"""Commands of an institution: course, migrate."""

from datetime import UTC, datetime
from pathlib import Path

import click

from signedcert.cli.app import home_option, json_option, print_json
from signedcert.documents.course import Course
from signedcert.institution import Institution


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
