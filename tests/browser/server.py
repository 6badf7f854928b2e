"""``signedcert serve`` in a process of its own, as its users run it."""

import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.cli.running import COMMAND

_ADDRESS = re.compile(r"http://127\.0\.0\.1:[0-9]+")
_PATIENCE = 30


class Server(NamedTuple):
    """A server that answers at ``origin``, and the file of what it says."""

    origin: str
    log: Path

    def said(self) -> str:
        """What it has said so far."""
        return self.log.read_text("utf-8")


@contextmanager
def serving(
    home: Path, log: Path, *arguments: object, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """A server of ``home`` on a port of its own. ``arguments`` go to ``serve`` as they are.

    It has to stop when it is interrupted, without a traceback.
    """
    command = [*COMMAND, "serve", "--home", str(home), "--port", "0", *map(str, arguments)]
    settings = os.environ | {"PYTHONIOENCODING": "utf-8"} | (environment or {})
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output, env=settings) as process,
    ):
        try:
            server = Server(_origin(process, log), log)
            with urllib.request.urlopen(server.origin, timeout=_PATIENCE):  # noqa: S310 - our own
                pass  # it answers now, and so it can be interrupted
            yield server
            process.send_signal(signal.SIGINT)
            assert process.wait(_PATIENCE) == 0
        finally:
            process.kill()
    assert "Traceback" not in log.read_text("utf-8")


def _origin(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address that it tells as soon as it listens."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if found := _ADDRESS.search(log.read_text("utf-8")):
            return found.group()
        time.sleep(0.02)
    message = f"the server tells no address; it says: {log.read_text('utf-8')!r}"
    raise AssertionError(message)
