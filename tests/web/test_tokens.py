"""Tokens of links appear in no log line, database column or response header."""

import logging
import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.cookies import SimpleCookie
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlencode

import httpx
import pytest

from signedcert.core.encoding import b64url_decode
from signedcert.sharing.tokens import new_token, token_digest
from signedcert.web import app
from tests.cli.running import COMMAND, spawn
from tests.institution.homes import Place
from tests.web.browser import FORM, Browser
from tests.web.html import Page
from tests.web.study import ADA, Clock, Study

COOKIE = "__Host-signedcert"
_PATIENCE = 30
#: A connection for each request: a server may close one after a mistake.
_ONCE = httpx.Limits(max_keepalive_connections=0)
#: As much as a user can make of logging from outside: every logger, every level, on stderr.
_VERBOSE = """
import logging, sys
logging.basicConfig(level=1, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s")
for name in ("sqlalchemy", "uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "fastapi",
             "starlette", "asyncio", "alembic", "jinja2", "concurrent.futures"):
    logging.getLogger(name).setLevel(1)
"""
_ENVIRONMENT = {
    "PYTHONDEVMODE": "1",
    "PYTHONASYNCIODEBUG": "1",
    "PYTHONWARNINGS": "default",
    "PYTHONIOENCODING": "utf-8",
    "PYTHONUNBUFFERED": "1",
    "UVICORN_LOG_LEVEL": "trace",
    "UVICORN_ACCESS_LOG": "1",
    "LOG_LEVEL": "DEBUG",
}


def spellings(token: str) -> list[bytes]:
    """A token in every form in which one could be written down."""
    raw = b64url_decode(token.encode())
    plain = token.replace("-", "+").replace("_", "/")
    texts = [token, plain, raw.hex(), raw.hex().upper(), token.encode().hex(), repr(raw)]
    return list(dict.fromkeys([raw, *(text.encode() for text in texts)]))


def found_in(data: bytes, tokens: dict[str, str]) -> list[str]:
    """The names of the tokens that are in some bytes."""
    return [name for name, token in tokens.items() if any(one in data for one in spellings(token))]


def test_what_is_looked_for_would_be_found() -> None:
    token = new_token()
    raw = b64url_decode(token.encode())
    for data in (token.encode(), raw, raw.hex().encode(), repr(raw).encode(), token.encode().hex()):
        text = data if isinstance(data, bytes) else data.encode()
        assert found_in(b"a" + text + b"b", {"it": token}) == ["it"]
    assert found_in(token_digest(token), {"it": token}) == []


# a life


class Send(Protocol):
    """Sends a request to some pages, and follows no redirect."""

    def __call__(
        self, method: str, path: str, /, *, headers: dict[str, str], content: bytes | None
    ) -> httpx.Response:
        """The response."""
        ...


class Life:
    """Everything that is done with tokens, by a client of some pages, and what it brought."""

    def __init__(self, send: Send, place: Place) -> None:
        self._send = send
        self._place = place
        self.tokens: dict[str, str] = {}
        self.sessions: dict[str, str] = {}
        self.statuses: set[int] = set()
        self.responses: list[httpx.Response] = []

    def ask(self, method: str, path: str, **form: object) -> httpx.Response:
        """Sends a request, as who is signed in."""
        session = list(self.sessions.values())[-1:]
        headers = {"Cookie": f"{COOKIE}={session[0]}"} if session else {}
        headers |= {"Sec-Fetch-Site": "same-origin", "Content-Type": FORM}
        content = urlencode(form, doseq=True).encode() if method == "POST" else None
        response = self._send(method, path, headers=headers, content=content)
        self.responses.append(response)
        self.statuses.add(response.status_code)
        return response

    def live(self, code: str) -> None:
        """All of it."""
        self._sign_in()
        self._share(code)
        self._open()
        self._break()
        self._end()

    def _sign_in(self) -> None:
        for name in ("sign-in", "second sign-in"):
            token = self.tokens[name]
            self.ask("GET", f"/sign-in/{token}")
            self.ask("HEAD", f"/sign-in/{token}/")
            response = self.ask("POST", f"/sign-in/{token}")
            assert response.status_code == 303
            cookie = SimpleCookie(response.headers["set-cookie"])
            self.sessions[name] = cookie[COOKIE].value
            self.ask("POST", f"/sign-in/{token}")

    def _share(self, code: str) -> None:
        for name in ("share", "second share"):
            shown = self.ask(
                "POST", "/learner/share", record=code, label="Acme", result=[1, 2], days=30
            )
            assert shown.status_code == 200
            (link,) = [one for one in Page(shown.text).texts if "/records/" in one]
            self.tokens[name] = link.rpartition("/")[2]

    def _open(self) -> None:
        for name in ("share", "sign-in", "unused", "unknown"):
            token = self.tokens[name]
            for tail in ("", "/", "/file", "/file/", "/more", "?a=b"):
                for method in ("GET", "HEAD", "POST", "PUT"):
                    self.ask(method, f"/records/{token}{tail}")
                self.ask("GET", f"/sign-in/{token}{tail}")
            for path in (f"/verify/{token}", f"/verify/{token}/", f"/verify?code={token}"):
                self.ask("GET", path)
            self.ask("GET", f"/courses/{token}/")
            self.ask("POST", "/learner/end", share=token)
            self.ask("POST", "/learner/share", record=token, label="x", result=[1], days=30)
        assert self.ask("POST", f"/records/{self.tokens['share']}").status_code == 200

    def _break(self) -> None:
        """Mistakes of ours, which are logged with all that is known of them."""
        for table, method, path in (
            ("openings", "POST", f"/records/{self.tokens['share']}"),
            ("shares", "GET", f"/records/{self.tokens['share']}"),
            ("shares", "POST", f"/records/{self.tokens['share']}/file"),
            ("logins", "POST", f"/sign-in/{self.tokens['unused']}"),
            ("logins", "GET", "/learner"),
            ("documents", "POST", f"/records/{self.tokens['second share']}"),
        ):
            with lost(self._place, table):
                assert self.ask(method, path).status_code == 500, path

    def _end(self) -> None:
        for number in (1, "all"):
            assert self.ask("POST", "/learner/end", share=number).status_code == 303
            for name in ("share", "second share"):
                self.ask("GET", f"/records/{self.tokens[name]}")
                self.ask("POST", f"/records/{self.tokens[name]}")
        self.ask("GET", "/learner")
        assert self.ask("POST", "/sign-out").status_code == 303
        assert self.ask("GET", "/learner").status_code == 401

    def check_headers(self) -> None:
        """No header has a token; but the one that gives a session has that."""
        assert self.statuses >= {200, 303, 401, 404, 405, 422, 500}
        secrets = self.tokens | {f"session of {name}": one for name, one in self.sessions.items()}
        given = []
        for response in self.responses:
            headers = response.headers.multi_items()
            told = "\n".join(f"{name}: {value}" for name, value in headers if name != "set-cookie")
            assert found_in(told.encode(), secrets) == [], response.request.url
            cookies = "\n".join(response.headers.get_list("set-cookie")).encode()
            given += found_in(cookies, secrets)
        assert given == ["session of sign-in", "session of second sign-in"]


@contextmanager
def lost(place: Place, table: str) -> Iterator[None]:
    """A registry in which a table is not to be found."""
    for before, after in ((table, "lost"), ("lost", table)):
        database = sqlite3.connect(place.home / "registry.sqlite", timeout=_PATIENCE)
        database.execute("PRAGMA legacy_alter_table = ON")  # what refers to it still does
        with database:
            database.execute(f"ALTER TABLE {before} RENAME TO {after}")
        database.close()
        if after == "lost":
            yield


def columns(place: Place) -> dict[str, list[bytes]]:
    """Every value in the database, by table and column."""
    database = sqlite3.connect(place.home / "registry.sqlite")
    found: dict[str, list[bytes]] = {}
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    for (table,) in database.execute(query).fetchall():
        cursor = database.execute(f"SELECT * FROM {table}")  # noqa: S608 - its own names
        names = [name for name, *_ in cursor.description]
        for row in cursor:
            for name, value in zip(names, row, strict=True):
                data = value if isinstance(value, bytes) else str(value).encode()
                found.setdefault(f"{table}.{name}", []).append(data)
    database.close()
    return found


def check_database(place: Place, secrets: dict[str, str]) -> None:
    """No column has a token, and no file of the home."""
    values = columns(place)
    assert {"shares.token", "shares.label", "logins.token", "openings.minute"} <= set(values)
    assert token_digest(secrets["share"]) in values["shares.token"]
    for name, column in values.items():
        assert found_in(b"\n".join(column), secrets) == [], name
    files = [path for path in place.home.rglob("*") if path.is_file()]
    assert len(files) >= 3
    for path in files:
        assert found_in(path.read_bytes(), secrets) == [], path
    raw = b"".join(path.read_bytes() for path in place.home.glob("registry.sqlite*"))
    assert token_digest(secrets["share"]) in raw


# the server


class Serving(NamedTuple):
    """A server, what it says, and where it is."""

    port: int
    log: Path

    def said(self) -> bytes:
        """All of it."""
        return self.log.read_bytes()


@contextmanager
def serving(place: Place, directory: Path) -> Iterator[Serving]:
    """``signedcert serve``, as talkative as it can be made."""
    (directory / "sitecustomize.py").write_text(_VERBOSE)
    log = directory / "log"
    command = [*COMMAND, "serve", "--home", str(place.home), "--port", "0"]
    path = os.pathsep.join([str(directory), os.environ.get("PYTHONPATH", "")])
    settings = os.environ | _ENVIRONMENT | {"PYTHONPATH": path}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output, env=settings) as process,
    ):
        try:
            yield Serving(_port(process, log), log)
            process.terminate()
            process.wait(_PATIENCE)
        finally:
            process.kill()


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        _, found, rest = log.read_text("utf-8").partition("http://127.0.0.1:")
        if found and "/" in rest:
            return int(rest.partition("/")[0])
        time.sleep(0.02)
    raise AssertionError(log.read_text("utf-8"))


def garbage(token: str) -> list[bytes]:
    """Requests that no browser sends, with a token in them."""
    path = f"/records/{token}"
    return [
        f"GET {path} HTTP/9.9\r\n\r\n".encode(),
        f"GET {path}\r\n\r\n".encode(),
        f"{path} {path} {path}\r\n\r\n".encode(),
        f"GET {path} HTTP/1.1\r\nHost: x\r\n{path}\r\n\r\n".encode(),
        f"POST /sign-in/{token} HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\n"
        f"Content-Length: 99\r\n\r\nshare={token}".encode(),
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode(),
    ]


def shout(port: int, data: bytes) -> bytes:
    """What comes back for some bytes, from a connection that is broken off."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(data)
        connection.settimeout(0.3)
        try:
            return connection.recv(65536)
        except TimeoutError:
            return b""


def test_tokens_are_in_no_log_line_database_column_or_header_of_the_server(
    faculty: Place, tmp_path: Path
) -> None:
    home = ("--home", faculty.home, "--json")
    share = spawn("share", ADA, "--course", "operations-management", "--label", "Initech", *home)
    links = [spawn("sign-in", ADA, *home).json["url"].rpartition("/")[2] for _ in range(3)]
    with (
        serving(faculty, tmp_path) as server,
        httpx.Client(
            base_url=f"http://127.0.0.1:{server.port}", timeout=_PATIENCE, limits=_ONCE
        ) as client,
    ):
        life = Life(client.request, faculty)
        life.tokens = dict(zip(("sign-in", "second sign-in", "unused"), links, strict=True))
        life.tokens |= {"of the command": share.json["url"].rpartition("/")[2]}
        life.tokens |= {"unknown": new_token(), "another": new_token()}
        life.live(_record_code(faculty))
        secrets = life.tokens | life.sessions
        for data in garbage(life.tokens["share"]) + garbage(life.tokens["unused"]):
            assert found_in(shout(server.port, data).partition(b"\r\n\r\n")[0], secrets) == []
        check_database(faculty, secrets)
    said = server.said()
    for word in (b"sqlalchemy", b"INSERT INTO", b"asyncio", b"Traceback", b"no such table"):
        assert word in said, "it was not talkative"
    assert found_in(said, secrets) == []
    life.check_headers()
    check_database(faculty, secrets)


def _record_code(place: Place) -> str:
    database = sqlite3.connect(place.home / "registry.sqlite")
    query = "SELECT code FROM documents WHERE kind = 'record' AND learner_id = ?"
    ((symbols,),) = database.execute(query, [ADA])
    database.close()
    return "-".join(symbols[place : place + 4] for place in range(0, 20, 4))


# in one process


def test_tokens_are_in_no_log_record_of_the_library_itself(
    linked: Study, caplog: pytest.LogCaptureFixture, faculty: Place
) -> None:
    for name in ("", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "uvicorn", "fastapi"):
        caplog.set_level(1, logger=name or None)
    pages = app(linked.institution, Clock(), sign_in_links=True)
    browser = Browser(pages, raises=False)
    life = Life(partial(browser.request, follow_redirects=False), faculty)
    life.tokens = {name: linked.session() for name in ("sign-in", "second sign-in", "unused")}
    life.tokens["unknown"] = new_token()
    life.live(str(linked.code()))
    life.check_headers()
    records = [one for one in caplog.records if one.name.partition(".")[0] != "httpx"]
    assert {one.name.partition(".")[0] for one in records} >= {"sqlalchemy", "asyncio"}
    format_ = logging.Formatter("%(name)s %(message)s").format
    said = "\n".join(f"{format_(one)} {one.__dict__}" for one in records).encode()
    assert b"INSERT INTO shares" in said
    assert found_in(said, life.tokens | life.sessions) == []
