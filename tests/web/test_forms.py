"""Forms: from these pages only, and within limits, whatever their bytes are."""

import asyncio
from collections.abc import Iterator, MutableMapping
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from tests.institution.homes import Place
from tests.web.browser import FORM, FROM_HERE, ORIGIN
from tests.web.reading import page
from tests.web.study import ADA, Study, studying

#: Every address that takes a form of these pages, where learners sign in by links.
FORMS = ["/learner/share", "/learner/end", "/sign-out", "/sign-in/x"]
#: What each of them answers to a form that it takes, from somebody who is not signed in.
TAKEN = {"/learner/share": 401, "/learner/end": 401, "/sign-out": 303, "/sign-in/x": 404}
LIMIT = 16 * 1024

FOREIGN: dict[str, dict[str, str]] = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a sibling": {"Sec-Fetch-Site": "same-site"},
    "nobody": {"Sec-Fetch-Site": "none"},
    "no word": {"Sec-Fetch-Site": ""},
    "a word of its own": {"Sec-Fetch-Site": "same-origin, cross-site"},
    "two minds": {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
    "another origin": {"Origin": "https://elsewhere.example"},
    "a host within": {"Origin": "https://evil.learn.example.edu"},
    "a longer host": {"Origin": "https://learn.example.edu.evil.example"},
    "another port": {"Origin": "https://learn.example.edu:8443"},
    "a user": {"Origin": "https://learn.example.edu@evil.example"},
    "null": {"Origin": "null"},
    "empty": {"Origin": ""},
    "missing": {},
    "missing on both sides": {"Host": ""},
    "null without a host": {"Origin": "null", "Host": ""},
    "broken": {"Origin": "https://["},
    "broken otherwise": {"Origin": "https://[::1"},
    "a referrer only": {"Referer": ORIGIN + "/learner"},
}


@pytest.fixture
def ada(study: Study) -> Study:
    """A study at which Ada is signed in, with a link."""
    study.signed_in.append(ADA)
    study.share()
    return study


def ended(study: Study) -> bool:
    """Whether the link is over."""
    return study.logs()[-1].share.ended is not None


# where it is from


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_form_from_elsewhere_is_refused(ada: Study, origin: str) -> None:
    for path in ("/learner/end", "/learner/share"):
        response = ada.browser.send(path, {"share": "all"}, headers=FOREIGN[origin])
        assert "Not from here" in page(response, 403).text
        assert "set-cookie" not in response.headers
    assert not ended(ada)


@pytest.mark.parametrize(
    "headers", [FROM_HERE, {"Sec-Fetch-Site": "same-origin"}, {"Origin": ORIGIN}]
)
def test_a_form_from_here_is_taken(ada: Study, headers: dict[str, str]) -> None:
    assert ada.browser.send("/learner/end", {"share": "all"}, headers=headers).status_code == 303
    assert ended(ada)


@pytest.mark.parametrize("path", FORMS)
def test_every_form_asks_where_it_is_from(linked: Study, path: str) -> None:
    assert linked.browser.send(path).status_code == TAKEN[path]
    assert linked.browser.send(path, headers={"Origin": "null"}).status_code == 403


def test_these_are_all_forms_but_those_of_strangers(linked: Study) -> None:
    """Who opens a record may come from anywhere, and changes nothing by it."""
    routes = linked.browser.application.routes
    taking = {
        one.path for one in routes if isinstance(one, Route) and "POST" in (one.methods or ())
    }
    strangers = {"/records/{token}", "/records/{token}/file"}
    assert {path.replace("/x", "/{token}") for path in FORMS} == taking - strangers


@pytest.mark.parametrize("path", FORMS)
def test_what_takes_forms_only_cannot_be_read(linked: Study, path: str) -> None:
    if path == "/sign-in/x":  # its cover can
        return
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        response = linked.browser.request(method, path)
        assert response.status_code == 405
        assert response.headers["allow"] == "POST"


# limits


def test_a_form_over_16_kib_is_refused(ada: Study) -> None:
    fields = b"share=all&more="
    at_limit = fields + b"x" * (LIMIT - len(fields))
    for size in (at_limit + b"x", fields + b"x" * 17 * 1024, fields + b"x" * 1024 * 1024):
        assert "Too much" in page(ada.browser.send("/learner/end", size), 413).text
        assert not ended(ada)
    assert ada.browser.send("/learner/end", at_limit).status_code == 303
    assert ended(ada)


@pytest.mark.parametrize("path", FORMS)
def test_every_form_has_the_limits(linked: Study, path: str) -> None:
    assert linked.browser.send(path, b"x" * 17 * 1024).status_code == 413
    assert linked.browser.send(path, b"&".join([b"x=1"] * 201)).status_code == 413
    assert linked.browser.send(path, b"&".join([b"x=1"] * 200)).status_code == TAKEN[path]


def test_a_form_of_over_200_fields_is_refused(ada: Study) -> None:
    fields = b"share=all" + b"&a=1" * 199
    assert "Too much" in page(ada.browser.send("/learner/end", fields + b"&a=1"), 413).text
    assert not ended(ada)
    assert ada.browser.send("/learner/end", fields).status_code == 303
    assert ended(ada)


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/json",
        "",
        "application/x-www-form-urlencoded2",
    ],
)
def test_what_is_not_urlencoded_is_an_empty_form(ada: Study, kind: str) -> None:
    headers = FROM_HERE | {"Content-Type": kind}
    assert ada.browser.send("/learner/end", b"share=all", headers=headers).status_code == 303
    assert not ended(ada)


@pytest.mark.parametrize(
    "kind", [FORM, FORM + "; charset=UTF-8", FORM + ";charset=utf-8", FORM.upper()]
)
def test_what_is_urlencoded_may_say_so_in_other_ways(ada: Study, kind: str) -> None:
    headers = FROM_HERE | {"Content-Type": kind}
    ada.browser.send("/learner/end", b"share=all", headers=headers)
    assert ended(ada)


# bytes

BROKEN = {
    "broken UTF-8": b"label=\xff\xfe",
    "broken UTF-8, escaped": b"label=%FF%FE",
    "half a surrogate pair": b"label=%ED%A0%80",
    "broken escapes": b"label=%",
    "broken escapes of letters": b"label=%zz%4",
    "a zero byte": b"label=a%00b",
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_label_of_broken_bytes_is_refused_or_taken_as_it_is(ada: Study, what: str) -> None:
    before = len(ada.logs())
    others = f"&record={ada.code()}&result=1&days=30".encode()
    response = ada.browser.send("/learner/share", BROKEN[what] + others)
    labels = {"broken escapes": "%", "broken escapes of letters": "%zz%4"}
    if what in labels:
        assert labels[what] in page(response).text
        assert ada.logs()[0].share.label == labels[what]
    else:
        assert "The link was not made. What the link is for: " in page(response, 422).text
        assert len(ada.logs()) == before


def test_a_form_may_come_in_pieces(ada: Study) -> None:
    """As servers hand it on."""
    sent: list[dict[str, object]] = [
        {"type": "http.request", "body": part, "more_body": part != b"all"}
        for part in (b"sh", b"", b"are=", b"all")
    ]
    statuses = ask_in_pieces(ada, sent)
    assert statuses == [303]
    assert ended(ada)


def test_a_form_that_grows_over_the_limit_in_pieces_is_refused(ada: Study) -> None:
    part: dict[str, object] = {
        "type": "http.request",
        "body": b"share=all&" * 100,
        "more_body": True,
    }
    sent: list[dict[str, object]] = [part] * 1000
    assert ask_in_pieces(ada, sent) == [413]
    assert len(sent) >= 980, "it has read on"
    assert not ended(ada)


def ask_in_pieces(study: Study, sent: list[dict[str, object]]) -> list[int]:
    """The status of the answer to a form that ends the pieces in ``sent``."""
    statuses: list[int] = []

    async def receive() -> dict[str, object]:
        return sent.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = {"host": "learn.example.edu", "origin": ORIGIN, "content-type": FORM}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/learner/end",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(study.browser.application(scope, receive, send))
    return statuses


@pytest.fixture(scope="module")
def hall(archive: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """A study for many requests, at which Ada is signed in."""
    with studying(archive.copy(tmp_path_factory.mktemp("hall"))) as study:
        study.signed_in.append(ADA)
        yield study


_NAMES = st.sampled_from(["record", "label", "result", "days", "name", "share", "", "x"])
_VALUES = st.one_of(
    st.sampled_from(["{code}", "1", "2", "0", "30", "never", "all", "yes", "-1", "1e3", "\u0663"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
_FIELDS = st.lists(st.tuples(_NAMES, _VALUES), max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    path=st.sampled_from(["/learner/share", "/learner/end", "/records/x", "/records/x/file"]),
    body=st.one_of(st.binary(max_size=400), _FIELDS),
)
def test_no_form_breaks_the_pages(
    hall: Study, path: str, body: bytes | list[tuple[str, str]]
) -> None:
    if not isinstance(body, bytes):
        code = str(hall.code())
        spelled = [(name, code if value == "{code}" else value) for name, value in body]
        body = urlencode(spelled).encode()
    response = hall.browser.send(path, body)
    assert response.status_code in (200, 303, 404, 422)


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from(["Origin", "Sec-Fetch-Site", "Host", "Content-Type", "Cookie"]),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
)
def test_no_header_breaks_the_pages(hall: Study, name: str, value: str) -> None:
    for path, headers in (("/learner/end", FROM_HERE), ("/learner/end", {}), ("/records/x", {})):
        response = hall.browser.send(path, b"share=7", headers={**headers, name: value})
        assert response.status_code in (303, 403, 404)
