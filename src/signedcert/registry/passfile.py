"""The password file of PostgreSQL, by which its own tools know passwords too."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from signedcert.errors import ConfigurationError, MalformedError
from signedcert.files import read_limited

#: Some hundred lines.
_MAX = 64 * 1024
#: What others than its owner may do with it.
_OTHERS = 0o077
#: A field, in which a colon and a backslash stand behind a backslash.
_FIELD = re.compile(r"((?:\\.|[^\\:])*)(?::|\Z)")


class Server(NamedTuple):
    """What a line of the file is about; ``host`` may have two names."""

    hosts: frozenset[str]
    port: int
    database: str
    user: str


def find_password(server: Server) -> str | None:
    """The password of the first line ``host:port:database:user:password`` that is about this
    server, in the file that PGPASSFILE names, by default ``~/.pgpass``; None without any. A field
    ``*`` is about all.

    Raises ConfigurationError ``setting-invalid``: others may read the file, too, or it cannot be
    read.
    """
    named = os.environ.get("PGPASSFILE")
    path = Path(named) if named else Path.home() / ".pgpass"
    if not path.is_file():
        return None
    if path.stat().st_mode & _OTHERS:
        message = "others may read the passwords; run: chmod 600"
        raise ConfigurationError("setting-invalid", message, where=str(path))
    try:
        text = read_limited(path, _MAX).decode("utf-8")
    except (MalformedError, UnicodeDecodeError) as error:
        raise ConfigurationError("setting-invalid", str(error), where=str(path)) from error
    return next((found for line in text.splitlines() if (found := _match(line, server))), None)


def _match(line: str, server: Server) -> str | None:
    fields = [re.sub(r"\\(.)", r"\1", field) for field in _FIELD.findall(line)]
    if line.startswith("#") or len(fields) < 5:
        return None
    host, port, database, user, password, *_ = fields
    known = (
        host in {*server.hosts, "*"},
        port in {str(server.port), "*"},
        database in {server.database, "*"},
        user in {server.user, "*"},
    )
    return password if all(known) else None
