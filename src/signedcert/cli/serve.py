"""The serve command."""

import os
import socket
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
import uvicorn

from signedcert.cli.app import home_option
from signedcert.errors import ConfigurationError
from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.web import app as web_app

if TYPE_CHECKING:
    from signedcert.render.renderer import Renderer


@click.command()
@home_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
def serve(home: Path, host: str, port: int) -> None:
    """Serve the verify pages, courses, keys and shared records.

    With the extra render, certificates can be downloaded as PDF and PNG, in the look of the home:
    see signedcert render --help.

    It needs no passphrase: no private key is opened. In front of it, put a web server that speaks
    https under the institution's address, and that does not log addresses under /records/ and
    /sign-in/. Learners come in by links: see signedcert sign-in --help.

    \b
    Example:
      signedcert serve --home home --port 8000
    """
    with (
        suppress(KeyboardInterrupt),  # the way to stop it
        Institution.open(home) as institution,
        _renderer(home) as renderer,
        _listen(host, port) as listener,
    ):
        shown = f"[{host}]" if listener.family is socket.AF_INET6 else host
        address = f"http://{shown}:{listener.getsockname()[1]}/verify"
        click.echo(f"{institution.name}: {address}  (stop with Ctrl+C)", err=True)
        settings = uvicorn.Config(
            web_app(institution, sign_in_links=True, renderer=renderer),
            lifespan="off",
            log_level="warning",
            access_log=False,  # the addresses of records and sign-in links are secrets
            server_header=False,
        )
        uvicorn.Server(settings).run(sockets=[listener])


def _renderer(home: Path) -> AbstractContextManager["Renderer | None"]:
    """What makes certificates into pictures, with the extra render."""
    if find_spec("typst") is None:
        return nullcontext()
    return Home.read(home).renderer(explain=True)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        number = error.errno or 0
        problem = os.strerror(number) if number > 0 else error.strerror
        message = f"cannot listen here ({problem}); choose another --port or --host"
        raise ConfigurationError("network", message, where=f"{host}:{port}") from error
