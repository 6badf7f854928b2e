"""What tests of the registry are run on, and what a database itself says."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pg8000
import pytest
from sqlalchemy import URL

#: A test that is about SQLite.
ON_SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
#: A test that is about PostgreSQL.
ON_POSTGRESQL = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


def execute(url: URL, statement: str) -> list[tuple[object, ...]]:
    """What the database itself says."""
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database))) as connection, connection:
            return connection.execute(statement).fetchall()
    unix_sock = f"{url.query['host']}/.s.PGSQL.{url.port}"
    with closing(
        pg8000.connect(url.username, database=url.database, unix_sock=unix_sock, ssl_context=False)
    ) as connection:
        connection.autocommit = True
        with closing(connection.cursor()) as cursor:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def add_file(url: URL) -> None:
    """An empty file is a SQLite database. One of PostgreSQL is there."""
    if url.database is not None and url.get_backend_name() == "sqlite":
        Path(url.database).touch(exist_ok=False)
