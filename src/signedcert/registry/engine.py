"""How a database is opened, what is asked of it, and what its errors mean."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from signedcert.errors import ConfigurationError, IssueError
from signedcert.registry import postgresql
from signedcert.registry.errors import ConflictError

#: Readers beside one writer; a commit that returned survives a power cut. Three documents a page;
#: a checkpoint every 128 MiB, and 32 MiB of pages in memory: the indexes are over random values.
_PRAGMAS = (
    "page_size = 8192",
    "journal_mode = WAL",
    "synchronous = FULL",
    "busy_timeout = 30000",
    "wal_autocheckpoint = 16000",
    "cache_size = -32000",
    "foreign_keys = ON",
)
#: That a lost connection cannot be closed is no news. Who sets up logging reads it all the same.
_UNHEARD = logging.NullHandler()
_SQLITE = ("sqlite", "sqlite+pysqlite")
_ATTEMPTS = 20

_Result = TypeVar("_Result")


def open_engine(url: str | URL) -> Engine:
    """An engine for the database behind a URL: SQLite, or PostgreSQL by the driver pg8000. Its
    errors name no parameters: they would be people's data. It raises ConflictError where another
    process was first, also where each of the two waited for the other, and ConfigurationError
    ``registry-unreachable`` where a server is not reached or refuses.

    Raises ConfigurationError ``setting-invalid``.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _no_database(str(error)) from error
    if parsed.drivername in _SQLITE:
        return _open_sqlite(parsed)
    if parsed.drivername in postgresql.NAMES:
        return _open_postgresql(parsed)
    raise _no_database(f"{parsed.drivername} is not; sqlite and postgresql are")


def _open_sqlite(url: URL) -> Engine:
    try:
        engine = create_engine(url, hide_parameters=True)
    except ArgumentError as error:
        raise _no_database(str(error)) from error
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "handle_error", _translate_sqlite)
    return engine


def _open_postgresql(url: URL) -> Engine:
    try:
        engine = create_engine(
            postgresql.plain(url),
            connect_args=postgresql.connect_arguments(url),
            hide_parameters=True,
            pool_pre_ping=True,  # the server may have been restarted
        )
    except ModuleNotFoundError as error:
        message = "PostgreSQL needs one more package: pip install 'signedcert[postgres]'"
        raise ConfigurationError("setting-invalid", message, where="registry") from error
    logging.getLogger("sqlalchemy.pool").addHandler(_UNHEARD)
    engine.dialect.use_insertmanyvalues_wo_returning = True  # else each row is a round trip
    event.listen(engine, "handle_error", postgresql.translate)
    return engine


def _no_database(why: str) -> ConfigurationError:
    message = f"not the URL of a database that can be used here: {why}"
    return ConfigurationError("setting-invalid", message, where="registry")


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _translate_sqlite(context: ExceptionContext) -> None:
    if isinstance(context.sqlalchemy_exception, IntegrityError):
        raise ConflictError(str(context.original_exception))


def sqlite_url(path: Path) -> URL:
    """The URL of a SQLite file. Not as a string, in which ``%`` and ``?`` would mean something."""
    return URL.create("sqlite", database=str(path.resolve()))


def in_transaction(engine: Engine, work: Callable[[Connection], _Result]) -> _Result:
    """What ``work`` returns, in one transaction, which is on disk then. It is done again if another
    process was first.

    Raises IssueError ``registry-busy``.
    """
    for _ in range(_ATTEMPTS):
        try:
            with engine.begin() as connection:
                return work(connection)
        except ConflictError:
            continue
    message = f"the registry was busy {_ATTEMPTS} times in a row; try again"
    raise IssueError("registry-busy", message)
