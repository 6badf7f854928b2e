"""Where a passphrase comes from, when nobody types it."""

import os
from pathlib import Path

from signedcert.errors import ConfigurationError, MalformedError
from signedcert.files import read_limited

#: Names a file, not the passphrase: an environment is seen by other processes and in crash dumps.
VARIABLE = "SIGNEDCERT_PASSPHRASE_FILE"
_MAX_PASSPHRASE = 4096


def read_passphrase(path: Path) -> str:
    """The first line of a file. Raises ConfigurationError ``passphrase-missing``."""
    try:
        text = read_limited(path, _MAX_PASSPHRASE).decode("utf-8")
    except (MalformedError, UnicodeDecodeError) as error:
        message = "the passphrase file cannot be read"
        raise ConfigurationError("passphrase-missing", message, where=str(path)) from error
    line = text.partition("\n")[0].rstrip("\r")
    if not line:
        message = "the first line of the passphrase file is empty"
        raise ConfigurationError("passphrase-missing", message, where=str(path))
    return line


def passphrase_from_environment() -> str | None:
    """The passphrase in the file that the variable names; None if it is not set."""
    path = os.environ.get(VARIABLE)
    return read_passphrase(Path(path)) if path else None
