"""A PostgreSQL server for the tests of one process, which is gone when that is."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NoReturn, TextIO

import pg8000
import pytest
from sqlalchemy import URL

from signedcert.registry.registry import Registry

#: Where Debian has what others have in the path.
_DEBIAN = "/usr/lib/postgresql"
#: PostgreSQL does not run as root.
_NOBODY = "nobody"
#: Who owns the databases of tests, and may do nothing else.
ROLE = "registrar"
PASSWORD = "keeper of the rolls"
_TEMPLATE = "migrated"
#: Nothing is to be left after a power cut. Who waits for each other is found out at once.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "deadlock_timeout": "100ms",
    "max_connections": "60",
    "shared_buffers": "32MB",
}
#: The server ends when nobody holds the other end of standard input, however that came about.
_UNTIL_CLOSED = """
"$@" &
read -r _
kill -QUIT $!
wait
rm -rf "$PGDATA"
"""
_START = 30.0
_numbers = count(1)


def _lacking() -> NoReturn:
    message = "no PostgreSQL server on this machine; install your system's package postgresql"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs; without it the test is skipped, and under CI it
    fails.
    """
    newest = sorted(Path(_DEBIAN).glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = shutil.which(name) or (str(newest[-1]) if newest else None)
    return found or _lacking()


@dataclass(frozen=True)
class PostgreSQL:
    """A server: where its socket is, and its port, which is open on this machine only. By the
    socket everyone is let in, by the port with a password.
    """

    directory: Path
    port: int

    @contextmanager
    def connected(self, database: str = "postgres") -> Iterator[Any]:
        """A connection of who may do everything, each statement by itself."""
        unix_sock = f"{self.directory}/.s.PGSQL.{self.port}"
        with closing(
            pg8000.connect("postgres", database=database, unix_sock=unix_sock, ssl_context=False)
        ) as connection:
            connection.autocommit = True
            yield connection

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """What the server itself says."""
        with self.connected(database) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def url(self, name: str) -> URL:
        """Of a database, by the socket."""
        query = {"host": str(self.directory)}
        return URL.create("postgresql", ROLE, port=self.port, database=name, query=query)

    def by_port(self, name: str, password: str | None = PASSWORD) -> URL:
        """The same by the port, with a password."""
        return URL.create("postgresql", ROLE, password, "127.0.0.1", self.port, name)

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[URL]:
        """A new database, which is empty or a new registry."""
        name = f"test_{next(_numbers)}"
        like = _TEMPLATE if migrated else "template0"
        self.run(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {like}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def prepare(self) -> None:
        """Makes the role, and the registry that others are copied from."""
        self.run(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
        self.run(f"CREATE DATABASE {_TEMPLATE} OWNER {ROLE}")
        Registry.create(self.url(_TEMPLATE)).close()


@contextmanager
def running(port: int | None = None) -> Iterator[PostgreSQL]:
    """A new server; if its number is given, with a socket by that number, and with no port."""
    user = _NOBODY if os.geteuid() == 0 else None
    postgres, initdb = program("postgres"), program("initdb")
    # Not below a folder that is for this user only.
    data = Path(tempfile.mkdtemp(prefix="signedcert-"))
    if user is not None:
        shutil.chown(data, user)
    _initialise(initdb, data, user)
    server = PostgreSQL(data, port or _free_port())
    settings = _SETTINGS | {
        "listen_addresses": "" if port else "127.0.0.1",
        "port": str(server.port),
        "unix_socket_directories": str(data),
    }
    command = [postgres, *(f"--{name}={value}" for name, value in settings.items())]
    with (
        (data / "log").open("w+", encoding="utf-8") as log,
        subprocess.Popen(
            ["sh", "-c", _UNTIL_CLOSED, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=os.environ | {"PGDATA": str(data)},
            user=user,
            extra_groups=None if user is None else (),
            start_new_session=True,
        ),
    ):
        _await(server, log)
        server.prepare()
        yield server


def _initialise(initdb: str, data: Path, user: str | None) -> None:
    """Letters have an order in which a hyphen counts last: not that of bytes."""
    who = ("--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256")
    letters = ("--encoding=UTF8", "--locale=C", "--locale-provider=icu")
    order = "--icu-locale=en-u-ka-shifted"
    done = subprocess.run(
        [initdb, *who, *letters, order, "--no-sync", "--no-instructions", data],
        check=False,
        capture_output=True,
        encoding="utf-8",
        user=user,
        extra_groups=None if user is None else (),
        cwd="/",
    )
    if done.returncode:
        pytest.fail(f"no PostgreSQL server can be made (is it version 15 or later?): {done.stderr}")


def _await(server: PostgreSQL, log: TextIO) -> None:
    end = time.monotonic() + _START
    while True:
        try:
            server.run("SELECT 1")
        except pg8000.Error:
            if time.monotonic() > end:
                pytest.fail(f"the PostgreSQL server does not answer: {_read(log)}")
            time.sleep(0.02)
        else:
            return


def _read(log: TextIO) -> str:
    log.seek(0)
    return log.read()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    """The server of this process."""
    with running() as server:
        yield server
