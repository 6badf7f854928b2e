"""The server of the tests: it ends with them, however they end."""

import subprocess
import sys
import time
from pathlib import Path

from tests.postgres import program

#: Says where the server is, and is killed.
PROGRAM = """
import os, signal
from tests.postgres import running
with running() as server:
    print(server.directory, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
PATIENCE = 20.0


def test_no_server_outlives_tests_that_are_killed() -> None:
    program("postgres")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=False, stdout=subprocess.PIPE, encoding="utf-8"
    )
    directory = Path(done.stdout.strip())
    assert directory.name.startswith("signedcert-")
    end = time.monotonic() + PATIENCE
    while directory.exists() and time.monotonic() < end:  # it goes when the server has ended
        time.sleep(0.05)
    assert not directory.exists()
