"""The command line, run with the network taken away."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click

from signedcert.errors import ConfigurationError

#: Where the kernel cannot take the network away, Python refuses every connection instead.
_NO_SOCKETS = """
import sys
def refuse(event, arguments):
    if event.startswith("socket.") and event != "socket.__new__":
        raise PermissionError("the network was taken away")
sys.addaudithook(refuse)
from signedcert.cli.app import main
main()
"""


def verify_offline(directory: Path, *arguments: str) -> list[dict[str, Any]]:
    """Verifies in a process of its own, against ``directory``/trust, and says what came of it.

    Raises ConfigurationError ``demo-directory`` if the verifier does not answer.
    """
    prefix, how = _without_network()
    command = [*prefix, "verify", *arguments, "--trust", str(directory / "trust"), "--json"]
    begun = time.monotonic()
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")  # noqa: S603
    seconds = time.monotonic() - begun
    try:
        results: list[dict[str, Any]] = json.loads(done.stdout)["results"]
    except (ValueError, KeyError) as error:
        message = f"the verifier did not answer: {done.stderr or done.stdout}"
        raise ConfigurationError("demo-directory", message) from error
    click.echo(f"  {how}: signedcert verify {' '.join(arguments)}")
    verdicts = [result["verdict"] for result in results]
    for verdict in sorted(set(verdicts)):
        click.echo(f"  {verdicts.count(verdict)} {verdict}, in {seconds:.1f} s")
    for result in results:
        if result["verdict"] != "authentic":
            click.echo(f"  {result['title']}. {result['text']} [{result['reason']}]")
    return results


def _without_network() -> tuple[list[str], str]:
    """The command, and in words how the network is taken from it."""
    for options in (["--net"], ["--net", "--map-root-user"]):
        unshare = shutil.which("unshare")
        if unshare and _succeeds([unshare, *options, "true"]):
            command = [unshare, *options, sys.executable, "-m", "signedcert"]
            return command, "In a network namespace without a network"
    return [sys.executable, "-c", _NO_SOCKETS], "With every connection refused"


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603
