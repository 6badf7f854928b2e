"""The present command."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from signedcert.carriers.bundle import SUFFIX, Bundle
from signedcert.cli.app import json_option, print_json
from signedcert.cli.choice import choose, result_option
from signedcert.errors import MalformedError
from signedcert.verify.show import partial_in_words

if TYPE_CHECKING:
    from signedcert.documents.recordbadge import RecordCredential


@click.command()
@click.argument("record", type=click.Path(path_type=Path))
@result_option
@click.option(
    "--with-name/--without-name",
    default=None,
    help="Whether to show the learner's name.  [default: as RECORD does]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The file to write.  [default: the record's name with -part{SUFFIX}]",
)
@json_option
def present(
    record: Path, results: tuple[str, ...], with_name: bool | None, out: Path | None, as_json: bool
) -> None:
    """Make a file that shows a part of a course record.

    RECORD is the .signedcert file of a course record. The part verifies as the whole does, and
    says that it is partial; that there are other results, and what they are called, can be seen.
    Nothing is asked of anybody, and the institution does not learn of it.

    \b
    Example:
      signedcert present record.signedcert --result "final score" --result quiz
    """
    bundle = Bundle.read(record)
    claims = _claims(bundle, record)
    chosen = choose(claims, results)
    with_name = claims.learner is not None if with_name is None else with_name
    part = bundle.present(chosen, with_name=with_name)
    target = out or record.with_name(f"{record.stem}-part{SUFFIX}")
    if target.exists() and target.samefile(record):
        raise click.UsageError("the part would take the place of the record; choose another --out")
    part.write(target)
    said = partial_in_words(part.unverified_record()) or "shows the whole record"
    if as_json:
        print_json({"file": str(target), "results": list(chosen), "with_name": with_name})
    else:
        click.echo(f"{target}: {said}.")


def _claims(bundle: Bundle, record: Path) -> "RecordCredential":
    try:
        return bundle.unverified_record()
    except MalformedError as error:
        message = f"this is no course record: {error.message}"
        raise MalformedError(error.reason, message, where=str(record)) from error
