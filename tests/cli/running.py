"""The command line, called in this process or run in one of its own."""

import json
import os
import subprocess
import sys
from typing import Any, NamedTuple

import pytest

from signedcert.cli.app import main


class Done(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON is any
        """Standard output as one JSON document."""
        return json.loads(self.out)


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> Done:
    """Runs a command in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    assert isinstance(stopped.value.code, int)
    captured = capsys.readouterr()
    done = Done(stopped.value.code, captured.out, captured.err)
    assert "Traceback" not in done.out + done.err
    return done


COMMAND = [sys.executable, "-m", "signedcert"]


def spawn(
    *arguments: object,
    stdin: bytes = b"",
    prefix: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
) -> Done:
    """Runs a command as its users do."""
    done = subprocess.run(
        [*prefix, *COMMAND, *map(str, arguments)],
        check=False,
        capture_output=True,
        input=stdin,
        timeout=120,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | (environment or {}),
    )
    result = Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode())
    assert "Traceback" not in result.out + result.err
    return result
