"""The serve command."""

import ipaddress
from pathlib import Path

import click
import uvicorn

from signedcert.cli.app import home_option
from signedcert.institution import Institution
from signedcert.web.app import app as web_app


@click.command()
@home_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
def serve(home: Path, host: str, port: int) -> None:
    """Serve the verify pages, the courses and the published keys.

    It needs no passphrase: no private key is opened. Behind it, put a web server that speaks
    https under the institution's address.

    \b
    Example:
      signedcert serve --home home --port 8000
    """
    with Institution.open(home) as institution:
        shown = f"[{host}]" if _is_ipv6(host) else host
        click.echo(
            f"{institution.name}: http://{shown}:{port}/verify  (stop with Ctrl+C)", err=True
        )
        uvicorn.run(
            web_app(institution),
            host=host,
            port=port,
            log_level="warning",
            server_header=False,
        )


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False
