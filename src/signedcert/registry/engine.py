"""How a database is opened, and what is asked of SQLite."""

from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from signedcert.errors import ConfigurationError

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


def open_engine(url: str | URL) -> Engine:
    """An engine for the database behind a URL. Its errors name no parameters: they would be
    people's data.

    Raises ConfigurationError ``setting-invalid``.
    """
    try:
        engine = create_engine(url, hide_parameters=True)
    except (ArgumentError, ModuleNotFoundError) as error:
        message = f"not the URL of a database that can be used here: {error}"
        raise ConfigurationError("setting-invalid", message, where="registry") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def sqlite_url(path: Path) -> URL:
    """The URL of a SQLite file. Not as a string, in which ``%`` and ``?`` would mean something."""
    return URL.create("sqlite", database=str(path.resolve()))
