"""The command line, thin: parse, call, print."""

import gc
import os
import sys
from contextlib import suppress


def main() -> None:
    """What the command ``signedcert`` runs, and nobody else: it ends the process.

    Of what starting makes nothing is garbage, and to take it apart in the end would take longer
    than to verify a certificate.
    """
    gc.disable()  # until the command is loaded
    from signedcert.cli import app  # noqa: PLC0415 - with the line above in force

    try:
        app.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads any more, or it is closed
            stream.flush()
    os._exit(status)
