"""The command render."""

from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signedcert.carriers.bundle import SUFFIX
from signedcert.cli.app import cores, jobs_option, json_option, print_json
from signedcert.cli.progress import with_progress
from signedcert.cli.sources import Sources
from signedcert.errors import ConfigurationError

if find_spec("typst") is None:  # told at once, though it is loaded later
    raise ModuleNotFoundError(name="typst")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signedcert.home import Paper
    from signedcert.render.many import Counts, Task
    from signedcert.render.press import Format
    from signedcert.render.renderer import Renderer


@click.command()
@click.argument("files", nargs=-1)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Directory for the pictures and errors.csv."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["pdf", "png", "svg"]),
    default="pdf",
    show_default=True,
    help="PDF for printing and mailing, PNG and SVG for web pages. All carry the certificate.",
)
@click.option("--paper", type=click.Choice(["a4", "letter"]), help="Paper size.  [default: a4]")
@click.option("--explain", is_flag=True, help="Add a page: how to check it, and the syllabus.")
@click.option(
    "--fonts",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A folder with more fonts; several times for several.",
)
@click.option(
    "--template",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A folder with a template of your own, instead of the one that comes along.",
)
@click.option(
    "--home",
    envvar="SIGNEDCERT_HOME",
    type=click.Path(path_type=Path),
    show_envvar=True,
    help="An institution's home, for its logo, colours, signatures, fonts and template.",
)
@click.option(
    "--ppi",
    type=click.IntRange(36, 600),
    default=150,
    show_default=True,
    help="Pixels per inch, for PNG.",
)
@click.option("--again", is_flag=True, help="Make pictures anew that are there already.")
@click.option(
    "--copy-template",
    "copy",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Put a copy of our template here, to change it; and do nothing else.",
)
@jobs_option
@json_option
def render(
    files: tuple[str, ...],
    out: Path | None,
    form: "Format",
    paper: "Paper | None",
    explain: bool,
    fonts: tuple[Path, ...],
    template: Path | None,
    home: Path | None,
    ppi: int,
    again: bool,
    copy: Path | None,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Make certificates into PDF, PNG or SVG.

    FILES are .signedcert files, or folders of them, such as issue writes. Each picture carries its
    certificate, so that it can be verified without anything else, and has the verify URL as a QR
    code. Nothing is verified here: render what you have issued.

    Running it again is safe, also after it was interrupted or killed: a picture that is there, and
    newer than its certificate, stays. What cannot be made has a line with the reason in errors.csv,
    and does not hold up the others; exits 1 then.

    Names are printed in Latin, Greek and Cyrillic letters with the font that comes along. For
    other scripts, name a folder of fonts with --fonts: Noto has all of them. A certificate with a
    character that no font has is refused.

    \b
    Examples:
      signedcert render maria.signedcert --out .
      signedcert render spring-issued --home home --out spring-pdf
      signedcert render spring-issued --out spring-pdf --fonts /usr/share/fonts/truetype/noto
      signedcert render --copy-template our-template
      signedcert render maria.signedcert --template our-template --format png --out .
    """
    if copy is not None:
        _copy(copy, alone=not (files or out))
        return
    if not files or out is None:
        message = "name FILES, or a folder of them, and with --out the directory for the pictures"
        raise click.UsageError(message)
    total = Sources(files, (SUFFIX,)).count()
    from signedcert.render.many import Counts, Printing, print_many  # noqa: PLC0415 - after usage

    counts = Counts(0, 0, 0)
    with _renderer(home, template, fonts, paper, explain=explain) as renderer:
        printing = Printing(renderer.plan, form, out, ppi, again)
        with closing(print_many(printing, _tasks(files, form), jobs or cores())) as done:
            for counts in with_progress(done, "files", total):  # noqa: B007 - the last one counts
                pass
    _tell(counts, form, out, as_json=as_json)


def _copy(directory: Path, *, alone: bool) -> None:
    from signedcert.render.workshop import TEMPLATE, copy_template  # noqa: PLC0415 - likewise

    if not alone:
        message = "--copy-template does nothing else: leave out FILES and --out"
        raise click.UsageError(message)
    if directory.exists() and any(directory.iterdir()):
        message = f"{directory} is in use; choose a new directory"
        raise click.UsageError(message)
    directory.mkdir(parents=True, exist_ok=True)
    copy_template(TEMPLATE, directory)
    click.echo(f"Change {directory / 'certificate.typ'}, and render with: --template {directory}")


def _renderer(
    home: Path | None,
    template: Path | None,
    fonts: tuple[Path, ...],
    paper: "Paper | None",
    *,
    explain: bool,
) -> "Renderer":
    if home is None:
        from signedcert.render.renderer import Renderer  # noqa: PLC0415 - likewise

        return Renderer(template, fonts, paper=paper or "a4", explain=explain)
    try:
        from signedcert.home import Home  # noqa: PLC0415 - likewise
    except ModuleNotFoundError as error:
        message = "--home needs more packages: pip install 'signedcert[issue]'"
        raise ConfigurationError("extra-missing", message) from error
    look = Home.read(home)
    return look.renderer(template=template, fonts=fonts, paper=paper, explain=explain)


def _tasks(names: tuple[str, ...], form: "Format") -> "Iterator[Task]":
    """A picture for each file, in a folder where there was one. Raises UsageError for two that
    would have the same name.
    """
    from signedcert.render.many import Task  # noqa: PLC0415 - likewise

    taken: set[Path] = set()
    for name in names:
        for source in Sources((name,), (SUFFIX,)):
            path = Path(source.name)
            place = (path.relative_to(name) if source.found else Path(path.name)).with_suffix(
                f".{form}"
            )
            if len(names) > 1:
                if place in taken:
                    message = f"two of these files would become {place}; render them one by one"
                    raise click.UsageError(message)
                taken.add(place)
            yield Task(path, str(place))


def _tell(counts: "Counts", form: str, out: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({**counts._asdict(), "directory": str(out)})
    else:
        click.echo(f"Made: {counts.made} {form.upper()}. There before: {counts.kept}.")
        if counts.bad:
            click.echo(f"Not made: {counts.bad}; why, is in {out / 'errors.csv'}")
    if counts.bad:
        raise click.exceptions.Exit(1)
