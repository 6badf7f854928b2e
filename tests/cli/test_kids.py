"""Key ids that begin with a hyphen, as arguments."""

import click
import pytest
from click.testing import CliRunner

from signedcert.cli.kids import TakesKids
from tests.cli.registrar import Registrar

WHOLE = "-dWfU6CysJJrjFrLPew9kKDuyxdniCDne-7eIGu2fJg"
TWICE = "--hfU6CysJJrjFrLPew9kKDuyxdniCDne-7eIGu2fJg"


@click.command(cls=TakesKids, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("kids", nargs=-1)
@click.option("--activate", multiple=True)
@click.option("--whole-home", is_flag=True)
def command(kids: tuple[str, ...], activate: tuple[str, ...], *, whole_home: bool) -> None:
    """Tells what it was given."""
    click.echo(f"{','.join(kids)} {','.join(activate)} {whole_home}")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((WHOLE,), f"{WHOLE}  False"),
        ((TWICE, "--whole-home", WHOLE[:8]), f"{TWICE},{WHOLE[:8]}  True"),
        (("--whole-home", WHOLE), f"{WHOLE}  True"),
        (("--activate", TWICE, WHOLE), f"{WHOLE} {TWICE} False"),
        (("--activate", WHOLE, "1a2b3c4d"), f"1a2b3c4d {WHOLE} False"),
        (("--", "--whole-home", WHOLE), f"--whole-home,{WHOLE}  False"),
    ],
)
def test_is_no_option(arguments: tuple[str, ...], told: str) -> None:
    assert CliRunner().invoke(command, arguments).output == f"{told}\n"


@pytest.mark.parametrize("mistyped", ["--whole-hom", "-x", WHOLE[:7], TWICE[:40]])
def test_what_is_none_is_an_option(mistyped: str) -> None:
    done = CliRunner().invoke(command, [mistyped])
    assert (done.exit_code, "No such option" in done.output) == (2, True)


def test_help_is_shown() -> None:
    assert "Tells what it was given." in CliRunner().invoke(command, ["-h"]).output


def test_a_key_that_nobody_has(registrar: Registrar) -> None:
    done = registrar.run("keys", "compromise", WHOLE, "--since", "2026-11-03", "--json")
    assert done.json["error"]["reason"] == "manifest-key-missing"
