"""PostgreSQL by its URL, which means here what it means to its own tools, psql and pg_dump."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL
from sqlalchemy.engine import ExceptionContext

from signedcert.errors import ConfigurationError, MalformedError
from signedcert.registry.errors import ConflictError
from signedcert.registry.passfile import Server, find_password

if TYPE_CHECKING:
    import ssl

#: Its licence is as permissive as ours.
_DRIVER = "postgresql+pg8000"
NAMES = ("postgresql", _DRIVER)
_PORT = 5432
#: Whatever the database says: what is committed is on disk, and each statement sees all of it.
_SETTINGS = {
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
}
#: What may follow the question mark.
_PARAMETERS = ("host", "sslmode", "sslrootcert")

# PostgreSQL, Appendix A: beginnings of SQLSTATE.
#: A constraint; a deadlock, or what could not be serialized.
_CONFLICTS = ("23", "40")
#: Too long, too large, or with a character of zero.
_NO_PLACE = ("22001", "22003", "22021")
#: No connection, no login, no such database, no room; shut down; read only, no right to.
_REFUSALS = ("08", "28", "3D", "53", "57P", "25006", "42501")


def plain(url: URL) -> URL:
    """The URL for SQLAlchemy: with the driver, and without what ``connect_arguments`` has."""
    return url.set(drivername=_DRIVER, query={}, username=_user(url))


def connect_arguments(url: URL) -> dict[str, object]:
    """What the driver is told beside the URL.

    ``host`` is the directory of the server's socket. ``sslmode`` is ``disable``, or
    ``verify-full``: TLS, with the server's certificate checked, by the authorities of the system or
    those in the file ``sslrootcert``. Without it, TLS is used if the server offers it, and its
    certificate is not looked at. A password that is not in the URL comes from ``find_password``.

    Raises ConfigurationError ``setting-invalid``.
    """
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    if len(query) < len(url.query) or not set(query) <= set(_PARAMETERS):
        raise _invalid(f"after ? come {', '.join(_PARAMETERS)}, once each, and nothing else")
    found: dict[str, object] = {"startup_params": _SETTINGS}
    directory = query.get("host")
    if directory is not None:
        if url.host or not Path(directory).is_absolute():
            raise _invalid("host after ? is the directory of a socket, with no host before it")
        found["unix_sock"] = f"{directory}/.s.PGSQL.{url.port or _PORT}"
    if "sslmode" in query:
        found["ssl_context"] = _tls(query["sslmode"], query.get("sslrootcert"))
    elif directory is not None:
        found["ssl_context"] = False  # no server offers it there
    if url.password is None:
        hosts = {directory, "localhost"} if directory else {url.host or "localhost"}
        user = _user(url)
        server = Server(frozenset(hosts), url.port or _PORT, url.database or user, user)
        found["password"] = find_password(server) or ""  # else the driver would stumble
    return found


def _user(url: URL) -> str:
    if url.username:
        return url.username
    from pwd import getpwuid  # noqa: PLC0415 - not on every system

    return getpwuid(os.geteuid()).pw_name


def _tls(mode: str, authorities: str | None) -> "ssl.SSLContext | bool":
    if mode == "disable":
        return False
    if mode != "verify-full":
        raise _invalid("sslmode is verify-full or disable")
    import ssl  # noqa: PLC0415 - for those who need it

    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:
        raise _invalid(f"the certificates in sslrootcert cannot be read: {error}") from error


def _invalid(why: str) -> ConfigurationError:
    message = f"not the URL of a PostgreSQL database: {why}"
    return ConfigurationError("setting-invalid", message, where="registry")


def translate(context: ExceptionContext) -> None:
    """Raises, for what means that, ConflictError, ConfigurationError ``registry-unreachable``, or
    MalformedError ``wrong-value``.
    """
    error = context.original_exception
    told = _told(error)
    told.pop("D", None)  # the row, which is people's data
    state = told.get("C", "")
    if isinstance(error, OSError):  # the driver lets some pass
        context.is_disconnect = True
    if context.is_pre_ping:
        return  # a new connection is made
    if state.startswith(_CONFLICTS):
        raise ConflictError(told.get("M", ""))
    if state.startswith(_NO_PLACE):
        raise MalformedError("wrong-value", f"the registry has no place for it: {told.get('M')}")
    if context.is_disconnect or context.connection is None or state.startswith(_REFUSALS):
        raise unreachable(told.get("M") or f"{error}{_cause(error)}")


def unreachable(why: str) -> ConfigurationError:
    """Of a server that is not reached, or that refuses."""
    message = f"the database cannot be used: {why}"
    return ConfigurationError("registry-unreachable", message, where="registry")


def _cause(error: BaseException) -> str:
    return f": {error.__cause__}" if error.__cause__ else ""


def _told(error: BaseException) -> dict[str, Any]:
    """What the server says: C is its SQLSTATE, M are words, D is the row."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, dict) else {}
