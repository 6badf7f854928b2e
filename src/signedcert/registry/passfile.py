"""The password file of PostgreSQL, by which its own tools know passwords too."""

import os
import re
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from signedcert.errors import ConfigurationError, MalformedError
from signedcert.files import read_limited

#: Some hundred lines.
MAX_PASSFILE = 16 * 1024
#: What others than its owner may do with it.
_OTHERS = 0o077
#: A field, in which a colon and a backslash stand behind a backslash. Any line is made of fields:
#: with one that is not, the time would go with the square of its length.
_FIELD = re.compile(r"((?:\\.?|[^\\:])*+)(?::|\Z)", re.DOTALL)


class Server(NamedTuple):
    """What a line of the file is about; ``host`` may have two names."""

    hosts: frozenset[str]
    port: int
    database: str
    user: str


def find_password(server: Server) -> str | None:
    """The password for this server in the file that PGPASSFILE names, by default ``~/.pgpass``;
    None without any.

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
        text = read_limited(path, MAX_PASSFILE).decode("utf-8")
    except (MalformedError, UnicodeDecodeError) as error:
        raise ConfigurationError("setting-invalid", str(error), where=str(path)) from error
    return password_in(text, server)


def password_in(text: str, server: Server) -> str | None:
    """That of the first line ``host:port:database:user:password`` that is about this server; None
    if there is none. A field ``*`` is about all.
    """
    return next((found for line in text.split("\n") if (found := _match(line, server))), None)


def _match(line: str, server: Server) -> str | None:
    if line.startswith("#") or line.count(":") < 4:
        return None
    found = islice(_FIELD.finditer(line.rstrip("\r")), 5)
    fields = [re.sub(r"\\(.)", r"\1", field[1]) for field in found]
    if len(fields) < 5:
        return None
    host, port, database, user, password = fields
    known = (
        host in {*server.hosts, "*"},
        port in {str(server.port), "*"},
        database in {server.database, "*"},
        user in {server.user, "*"},
    )
    return password if all(known) else None
