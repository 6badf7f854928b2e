"""The targets for what comes from browsers: whole requests, and the tokens of private links."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.parse import unquote

from tests.institution.homes import LATER, issue_one, make_place
from tests.web.study import ADA, NAMES, SECRETS, issue_records

from fuzz import mutate
from fuzz.register import hold, target
from signedcert.core.encoding import b64url_decode, b64url_encode
from signedcert.errors import MalformedError
from signedcert.institution import Institution
from signedcert.sharing.tokens import token_digest
from signedcert.web import app
from signedcert.web.site import HEADERS

_MAX_REQUEST = 20 * 1024
_MAX_PATH = 4096
_NAMES = frozenset(b"abcdefghijklmnopqrstuvwxyz-")
#: What no server passes on, or passes on decoded.
_NOT_IN_PATH = frozenset(range(0x21)) | {0x23} | frozenset(range(0x7F, 0x100))
_NOT_IN_HEADER = frozenset(b"\0\r\n")
_BREAKS = (b"%00", b"%0a", b"%ff", b"%ed%a0%80", b"%2f", b"%252f", b"..", b"//", b";", b"%", b"+")
_FIELDS = (b"record", b"result", b"name", b"label", b"days", b"share", b"code")


def http(data: bytes, rng: Random) -> bytes:
    """A request with another path, query, header or field of its form; sometimes the bytes."""
    head, _, body = data.partition(b"\n\n")
    lines = head.split(b"\n")
    match rng.randrange(8):
        case 0:
            return mutate.raw(data, rng)
        case 1:
            place = rng.randrange(len(lines))
            lines[place] = mutate.raw(lines[place], rng)
        case 2 | 3:
            fields = body.split(b"&")
            place = rng.randrange(len(fields))
            fields[place] = rng.choice(_FIELDS) + b"=" + rng.choice((*_BREAKS, b"1", b"all", b"30"))
            fields *= rng.choice((1, 1, 1, 1, 2, 70))
            body = b"&".join(fields)
        case 4:
            body = mutate.raw(body, rng)
        case _:
            method, _, path = lines[0].partition(b" ")
            place = rng.randrange(len(path) + 1)
            middle = rng.choice((*_BREAKS, *_FIELDS)) * rng.choice((1, 1, 30))
            lines[0] = method + b" " + path[:place] + middle + path[place + rng.randrange(3) :]
    return b"\n".join(lines) + b"\n\n" + body


def _long() -> Iterator[bytes]:
    """A path, a header, a query and a form as long as servers let pass."""
    for piece in (b"A", b"%00", b"../", b"%E2%80%AE", b"?", b"1"):
        long = piece * (_MAX_PATH // len(piece) - 40)
        for path in (b"/verify/", b"/verify?code=", b"/courses/", b"/records/", b"/.well-known/"):
            yield b"GET " + path + long + b"\n\n"
        yield b"GET /learner\ncookie: __Host-signedcert=" + long + b"\n\n"
    for piece in (b"result=1&", b"a&", b"=", b"%ff", b"label=x", b"&"):
        yield _SHARE + piece * (_MAX_REQUEST // len(piece))
    for name in (b"result", b"days", b"share", b"label"):
        yield _SHARE + b"record=$record&label=x&days=30&" + name + b"=" + b"1" * 5000


_SHARE = b"POST /learner/share\nsec-fetch-site: same-origin\ncookie: __Host-signedcert=$session\n\n"


@target("request", http, _MAX_REQUEST, _long)
def ask(data: bytes) -> None:
    """Every request has an answer that is no mistake of ours, with all headers, and no page shows
    a score to who has not asked for a record with a button.
    """
    request = _Request.parse(_study().fill(data))
    if request is None:
        return
    status, headers, body = _answer(request)
    if b"$token" in data or request.method == b"POST":
        _study().forget()
    hold(200 <= status < 500, f"status {status}")
    for name, value in HEADERS.items():
        if name != "Referrer-Policy":  # stricter on some pages
            hold(headers.get(name.lower()) == value, f"another {name}")
    if request.method == b"GET" and not request.path.startswith(b"/learner"):
        hold(not any(secret.encode() in body for secret in SECRETS), "a score is shown")


class _Request(NamedTuple):
    method: bytes
    path: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @classmethod
    def parse(cls, data: bytes) -> "_Request | None":
        """None for what no server would pass on to the application."""
        head, _, body = data.partition(b"\n\n")
        first, *lines = head.split(b"\n")
        method, _, path = first.partition(b" ")
        pairs = [line.partition(b": ")[::2] for line in lines]
        if method not in (b"GET", b"HEAD", b"POST") or not path.startswith(b"/"):
            return None
        if _NOT_IN_PATH.intersection(path) or len(path) > _MAX_PATH:
            return None
        if any(not name or set(name) - _NAMES or _NOT_IN_HEADER & set(v) for name, v in pairs):
            return None
        return cls(method, path, [(name, value) for name, value in pairs], body)

    def scope(self) -> dict[str, object]:
        """As a server tells it to an application."""
        path, _, query = self.path.partition(b"?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method.decode(),
            "scheme": "https",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(b"host", b"learn.example.edu"), *self.headers],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
        }


def _answer(request: _Request) -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - as ASGI has it
        sent.append(message)

    _loop().run_until_complete(_study().application(request.scope(), receive, send))
    start = sent[0]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return start["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


class _Study:
    """An institution of the run with two records, and what leads to one of them."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="fuzz-")
        place = make_place(Path(self._folder.name))
        issue_records(place)
        with place.open() as institution:
            certificate = issue_one(institution, NAMES[ADA], ADA).code
        self._registry = place.home / "registry.sqlite"
        self._institution = Institution.open(place.home)
        self._records = self._institution.records
        self._record = self._records.of(ADA)[0]
        published = self._institution.published.path / "status"
        published.mkdir(parents=True)
        (published / "1.jwt").write_bytes(b"a status list; no page looks into it")
        self._session = ""
        self._texts = {
            b"$record": str(self._record.code),
            b"$certificate": str(certificate),
            b"$kid": self._institution.manifest.keys[0].key.thumbprint,
        }
        self.application: Any = app(self._institution, lambda: LATER, sign_in_links=True)

    def fill(self, data: bytes) -> bytes:
        """A request with this run's codes and tokens for placeholders."""
        if b"$token" in data:
            share = self._records.share(self._record, ADA, label="Acme", at=LATER)
            data = data.replace(b"$token", share.token.encode())
        if b"$session" in data:
            data = data.replace(b"$session", self._signed_in().encode())
        if b"$link" in data:
            link = self._records.links.sign_in_link(ADA, LATER)
            data = data.replace(b"$link", link.encode())
        for placeholder, text in self._texts.items():
            data = data.replace(placeholder, text.encode())
        return data

    def _signed_in(self) -> str:
        links = self._records.links
        if links.learner_of(self._session, LATER) is None:
            signed_in = links.sign_in(links.sign_in_link(ADA, LATER), LATER)
            self._session = signed_in.session if signed_in else ""
        return self._session

    def forget(self) -> None:
        """Takes away all links, or pages that list them would be longer each time."""
        with closing(sqlite3.connect(self._registry)) as connection:
            connection.execute("DELETE FROM openings")
            connection.execute("DELETE FROM shares")
            connection.commit()


@cache
def _study() -> _Study:
    return _Study()


@target("share-token", mutate.raw, 4096)
def digest_token(data: bytes) -> None:
    """Any text has a digest; of texts that are no token, none has that of a token."""
    text = data.decode("utf-8", "surrogateescape")
    digest = token_digest(text)
    hold(len(digest) == 32, "a digest of another length")
    hold(token_digest(f"{text}A") != digest, "two texts of one digest")
    try:
        token = b64url_encode(b64url_decode(text.encode("utf-8", "surrogateescape")))
    except MalformedError:
        return
    hold(token == text, "a token in two spellings")
