"""The pages: what they show, what they hide, and that they are well made."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from signedcert.carriers.bundle import MEDIA_TYPE, Bundle
from signedcert.core.code import ALPHABET, VerificationCode
from signedcert.core.encoding import dump_json, parse_json
from signedcert.core.keys import PublicKey
from signedcert.documents.certificate import Certificate
from signedcert.documents.course import Course
from signedcert.documents.digest import digest_sri
from signedcert.institution import Institution
from signedcert.issue.issuer import Issued
from signedcert.trust.manifest import SignedManifest
from signedcert.trust.store import TrustStore
from signedcert.verify.show import signed_fields
from signedcert.verify.verifier import Verifier
from signedcert.web import app
from tests.institution.homes import (
    BEGUN,
    COMPLETED,
    LATER,
    NAME,
    NOW,
    URL,
    Place,
    another_course,
    certificate,
    declare,
    entry,
    issue_one,
    newer,
    publish,
)
from tests.reference import course as reference_course
from tests.web.browser import Browser
from tests.web.html import Page

UNKNOWN = "NSPQ-8W1B-BCGX-GRPY-7QQP"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% if %}",
    "&lt;b&gt; & </bdi></dd>",
    "javascript:alert(1)",
    "Robert'); DROP TABLE documents;--",
    "%3Cscript%3E",
]


@pytest.fixture
def issued(university: Institution) -> Issued:
    return issue_one(university)


def page(response: httpx.Response, status: int = 200) -> Page:
    """The page in a response, checked for its form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)


def mistyped(code: VerificationCode, *places: int) -> str:
    """The code with other symbols in some places, counted from 1."""
    symbols = list(code.symbols)
    for place in places:
        symbols[place - 1] = ALPHABET[(ALPHABET.index(symbols[place - 1]) + 1) % 32]
    return "".join(symbols)


# a certificate


def test_the_page_of_a_certificate_shows_all_that_was_signed(
    client: Browser, university: Institution, issued: Issued
) -> None:
    shown = page(client.get(f"/verify/{issued.code}"))
    report = university.verifier().report(issued.bundle, at=LATER, code=str(issued.code))
    fields = signed_fields(report)
    assert len(fields) >= 13
    for label, value in fields:
        assert label in shown.text
        assert " ".join(value.split()) in shown.text, label
    assert "This course certificate is authentic" in shown.text
    assert "María-José Nguyễn" in shown.text
    assert "2026-06-30" in shown.text
    assert "00:00:00" not in shown.text.replace("T10:30:00Z", "")


def test_the_page_of_a_certificate_has_syllabus_workload_disclaimer_and_help(
    client: Browser, university: Institution, issued: Issued
) -> None:
    shown = page(client.get(f"/verify/{issued.code}"))
    course = reference_course()
    for unit in course.syllabus:
        assert unit.title in shown.text
        assert all(topic in shown.text for topic in unit.topics)
    hours = course.workload.hours_per_week
    workload = f"{course.workload.weeks} weeks, {hours.start} to {hours.to} hours a week"
    assert workload in shown.text
    assert course.disclaimer in shown.text
    for part in course.format:
        assert part.kind in shown.text
    for instructor in course.instructors:
        assert instructor.name in shown.text
    assert f"signedcert trust add {URL} --pin {university.pin}" in shown.text
    assert f"signedcert verify {issued.code}.signedcert --code {issued.code}" in shown.text
    assert f"/verify/{issued.code}.signedcert" in shown.values("href")
    assert f"/verify/{issued.code}.json" in shown.values("href")


@pytest.mark.parametrize(
    "spelling",
    [
        "/verify/{}",
        "/VERIFY/{}",
        "/verify/{lower}",
        "/VERIFY/{bare}",
        "/verify/{bare_lower}",
        "/verify/{spaced}",
    ],
)
def test_every_spelling_of_the_url_leads_to_the_certificate(
    client: Browser, issued: Issued, spelling: str
) -> None:
    code = str(issued.code)
    bare = issued.code.symbols
    spellings = {"bare": bare, "bare_lower": bare.lower(), "spaced": bare[:4] + " " + bare[4:]}
    path = spelling.format(code, lower=code.lower(), **spellings)
    for slash in ("", "/"):
        response = client.get(path + slash, follow_redirects=False)
        assert "María-José Nguyễn" in page(response).text
    json_response = client.get(path + ".json")
    assert json_response.json()["verdict"] == "authentic"
    assert client.get(path + ".signedcert").status_code == 200


def test_the_data_of_a_certificate_is_the_report_with_the_bundle(
    client: Browser, issued: Issued
) -> None:
    response = client.get(f"/verify/{issued.code}.json")
    assert response.headers["content-type"] == "application/json"
    data = response.json()
    assert (data["verdict"], data["reason"]) == ("authentic", None)
    assert data["certificate"]["learner"] == "María-José Nguyễn"
    assert data["certificate"]["issuer"]["name"] == NAME
    assert [check["step"] for check in data["checks"]] == list(range(1, 11))
    assert Bundle.parse(dump_json(data["bundle"])) == issued.bundle


def test_the_file_of_a_certificate_verifies_offline_with_what_is_published(
    client: Browser, university: Institution, issued: Issued
) -> None:
    response = client.get(f"/verify/{issued.code}.signedcert")
    assert response.headers["content-type"] == MEDIA_TYPE
    disposition = f'attachment; filename="{issued.code}.signedcert"'
    assert response.headers["content-disposition"] == disposition
    keys = client.get("/.well-known/signedcert/keys.json").content
    trust = TrustStore.empty().add([keys], university.pin)
    verified = Verifier(trust).verify(
        Bundle.parse(response.content), at=LATER, code=str(issued.code)
    )
    assert verified.learner == "María-José Nguyễn"
    assert verified.course.text == reference_course().text


def test_every_link_of_a_certificates_page_works(client: Browser, issued: Issued) -> None:
    shown = page(client.get(f"/verify/{issued.code}"))
    links = set(shown.values("href"))
    assert len(links) >= 6
    for link in links:
        assert client.get(link).status_code == 200, link


def test_an_expired_certificate_is_shown_as_not_standing(university: Institution) -> None:
    claims = certificate(valid_until=datetime(2026, 7, 15, tzinfo=UTC))
    issued = university.issue(claims, learner_id="s-1", run="2026", at=NOW)
    shown = page(Browser(app(university, lambda: LATER)).get(f"/verify/{issued.code}"))
    assert "Expired" in shown.text
    assert "María-José Nguyễn" in shown.text
    assert "not-standing" in " ".join(shown.values("class"))


def test_without_a_clock_it_is_now(university: Institution, issued: Issued) -> None:
    data = Browser(app(university)).get(f"/verify/{issued.code}.json").json()
    expected = "authentic" if datetime.now(UTC) >= NOW else "not standing"
    assert data["verdict"] == expected


def test_the_schema_describes_what_programs_read(client: Browser) -> None:
    schema = client.get("/openapi.json").json()
    assert "/verify/{code}.json" in schema["paths"]
    assert "/.well-known/jwks.json" in schema["paths"]
    assert "/verify/{code}" not in schema["paths"]
    operations = [one for path in schema["paths"].values() for one in path.items()]
    assert {method for method, _ in operations} == {"get"}
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)


# what must not be shown


def test_a_certificate_whose_key_was_stolen_is_undecided_and_its_content_hidden(
    place: Place,
) -> None:
    with place.open() as institution:
        issued = issue_one(institution, "Ada Lovelace")
        manifest = institution.manifest
    declare(place, manifest, "compromised")
    with Institution.open(place.home) as institution:
        client = Browser(app(institution, lambda: LATER))
        response = client.get(f"/verify/{issued.code}")
        shown = page(response)
        assert "More proof is needed" in shown.text
        assert "undecided" in shown.all("div")[0]["class"]
        data = client.get(f"/verify/{issued.code}.json").json()
    for hidden in ("Ada Lovelace", reference_course().title, "2026-06-30", "All that was signed"):
        assert hidden not in response.text
    assert (data["verdict"], data["certificate"]) == ("undecided", None)


def test_a_certificate_signed_with_a_void_key_is_not_authentic_and_hidden(place: Place) -> None:
    with place.open() as institution:
        issued = issue_one(institution, "Ada Lovelace")
        manifest = institution.manifest
    declare(place, manifest, "void")
    with Institution.open(place.home) as institution:
        response = Browser(app(institution, lambda: LATER)).get(f"/verify/{issued.code}")
    assert "Ada Lovelace" not in response.text
    assert "Signed with a key that never counted" in page(response).text


def test_the_issuers_name_is_that_of_the_trust_store(place: Place) -> None:
    with place.open() as institution:
        issued = issue_one(institution)
        manifest = institution.manifest
    publish(place, replace(manifest, name="Example University of Arts"))
    with Institution.open(place.home) as institution:
        client = Browser(app(institution, lambda: LATER))
        shown = page(client.get(f"/verify/{issued.code}"))
        data = client.get(f"/verify/{issued.code}.json").json()
    assert f"Example University of Arts ({URL})" in shown.text
    assert "Example University of Arts, 2026-06-30" in shown.text
    assert data["certificate"]["issuer"]["name"] == "Example University of Arts"
    assert data["certificate"]["issuer"]["name_in_document"] == NAME


def test_a_certificate_without_its_course_document_still_has_a_disclaimer(
    client: Browser, university: Institution, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Bundle(issued.bundle.document)
    monkeypatch.setattr(Institution, "find", lambda *_: bare)
    shown = page(client.get(f"/verify/{issued.code}"))
    assert "gives no credit towards a degree" in shown.text
    assert "Syllabus" not in shown.text
    assert university.name in shown.text


def test_a_course_document_that_is_not_the_signed_one_is_not_shown(
    client: Browser, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Bundle(issued.bundle.document, course=another_course().text)
    monkeypatch.setattr(Institution, "find", lambda *_: other)
    shown = page(client.get(f"/verify/{issued.code}"))
    assert "The course description is another one" in shown.text
    assert another_course().title not in shown.text


def members(value: object) -> Iterator[str]:
    """Every member name in a JSON value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)


def every_path(institution: Institution, issued: Issued) -> list[str]:
    """A path for each thing that is served."""
    thumbprint = institution.manifest.keys[0].key.thumbprint
    course = reference_course().id
    return [
        "/",
        "/static/style.css",
        "/verify",
        "/VERIFY",
        f"/verify/{issued.code}",
        f"/VERIFY/{issued.code}",
        f"/verify/{issued.code}.json",
        f"/verify/{issued.code}.signedcert",
        "/courses",
        f"/courses/{course}",
        f"/courses/{course}/1.json",
        "/.well-known/jwks.json",
        f"/.well-known/keys/{thumbprint}",
        "/.well-known/signedcert/keys.json",
        "/.well-known/signedcert/keys/1.json",
        "/openapi.json",
    ]


ABSENT = [
    f"/verify/{UNKNOWN}",
    f"/verify/{UNKNOWN}.json",
    f"/verify/{UNKNOWN}.signedcert",
    "/verify/nonsense",
    "/verify?code=nonsense",
    "/records/TOKEN",
    "/courses/alchemy",
    "/courses/alchemy/1.json",
    "/.well-known/keys/unheard-of",
    "/.well-known/signedcert/keys/2.json",
    "/favicon.ico",
]


def test_no_page_and_no_data_has_a_score(
    client: Browser, university: Institution, issued: Issued
) -> None:
    forbidden = {"score", "grade", "result", "results", "mark", "marks", "finalScore"}
    checked = 0
    for path in [*every_path(university, issued), *ABSENT]:
        response = client.get(path)
        kind = response.headers["content-type"]
        if "json" in kind:
            checked += 1
            assert not forbidden & set(members(response.json())), path
        elif "html" in kind:
            checked += 1
            words = set(Page(response.text).text.lower().replace(":", " ").split())
            assert not {"score", "scores", "grade", "grades"} & words, path
    assert checked >= 20


def test_no_page_loads_anything_from_elsewhere(
    client: Browser, university: Institution, issued: Issued
) -> None:
    pages = 0
    for path in [*every_path(university, issued), *ABSENT]:
        response = client.get(path)
        if "html" not in response.headers["content-type"]:
            continue
        pages += 1
        shown = Page(response.text)
        for name in ("src", "href", "action", "srcset", "data"):
            for value in shown.values(name):
                assert value.startswith("/"), (path, value)
                assert not value.startswith("//"), (path, value)
    assert pages >= 12
    style = client.get("/static/style.css").text
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_security_headers_are_on_every_response(
    client: Browser, university: Institution, issued: Issued, method: str
) -> None:
    for path in [*every_path(university, issued), *ABSENT]:
        headers = client.request(method, path, follow_redirects=False).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert headers["x-robots-tag"] == "noindex, nofollow", path
        policy = headers["content-security-policy"]
        for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
            assert rule in policy, path
        assert "unsafe" not in policy
        assert "script-src" not in policy


def test_what_is_served_is_served_to_head_too(
    client: Browser, university: Institution, issued: Issued
) -> None:
    for path in every_path(university, issued):
        if path == "/openapi.json":
            continue
        got, head = client.get(path), client.head(path)
        assert (got.status_code, head.status_code) == (200, 200), path
        assert head.headers["content-type"] == got.headers["content-type"]
        assert head.content == b""


def test_nothing_is_written_over_the_web(
    client: Browser, university: Institution, issued: Issued
) -> None:
    for path in every_path(university, issued):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            response = client.request(method, path)
            assert response.status_code == 405, path
            assert "GET" in response.headers["allow"], path
    shown = page(client.post("/verify"), 405)
    assert "This address does not take that kind of request." in shown.text
    assert university.count() == 1


def test_a_mistake_of_ours_is_a_page_in_words_with_all_headers(
    university: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        message = "the flux capacitor is empty"
        raise RuntimeError(message)

    client = Browser(app(university), raises=False)
    monkeypatch.setattr(Institution, "courses", fail)
    response = client.get("/courses")
    assert "Something went wrong" in page(response, 500).text
    assert "flux" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in response.headers["content-security-policy"]


# codes that lead nowhere


def test_a_well_formed_code_of_no_certificate_is_not_found(reader: Browser) -> None:
    shown = page(reader.get(f"/verify/{UNKNOWN}"), 404)
    assert "No certificate with this code" in shown.text
    assert "well-formed, but it leads to no certificate" in shown.text
    assert "Did you mean" not in shown.text
    data = reader.get(f"/verify/{UNKNOWN}.json")
    assert data.status_code == 404
    expected = {"reason": "unknown-code", "suggestion": None, "positions": None}
    assert data.json() == {"error": expected}
    assert reader.get(f"/verify/{UNKNOWN}.signedcert").status_code == 404


@pytest.mark.parametrize("places", [(7,), (1, 20), (17, 18)])
def test_a_mistyped_code_gets_the_suggestion_with_its_positions(
    client: Browser, issued: Issued, places: tuple[int, ...]
) -> None:
    typed = mistyped(issued.code, *places)
    response = client.get(f"/verify/{typed}")
    shown = page(response, 404)
    assert "Did you mean this one?" in shown.text
    assert f"at symbol {', '.join(map(str, places))}, counted without" in shown.text
    assert f"/verify/{issued.code}" in shown.values("href")
    assert len(shown.all("mark")) == len(places)
    marked = [part[0] for part in response.text.split("<mark>")[1:]]
    assert marked == [issued.code.symbols[place - 1] for place in places]
    assert "María" not in response.text
    error = client.get(f"/verify/{typed}.json").json()["error"]
    assert (error["suggestion"], error["positions"]) == (str(issued.code), list(places))
    assert client.get(f"/verify/{typed}.signedcert").status_code == 404


def test_unreadable_symbols_are_filled_in(client: Browser, issued: Issued) -> None:
    typed = issued.code.symbols[:16] + "????"
    shown = page(client.get("/verify", params={"code": typed}), 404)
    assert f"/verify/{issued.code}" in shown.values("href")
    assert "at symbol 17, 18, 19, 20" in shown.text


def test_a_suggestion_that_leads_to_no_document_is_not_made(reader: Browser) -> None:
    typed = mistyped(VerificationCode.parse(UNKNOWN), 7)
    shown = page(reader.get(f"/verify/{typed}"), 404)
    assert "Did you mean" not in shown.text
    assert UNKNOWN not in shown.text
    assert "one or more symbols of this code are wrong" in shown.text
    error = reader.get(f"/verify/{typed}.json").json()["error"]
    assert (error["suggestion"], error["positions"]) == (None, None)


NONSENSE = [
    "nonsense",
    "x" * 5000,
    "%00",
    "%F0%9F%92%A9",
    "%ff%fe",
    "..%2f..%2fetc%2fpasswd",
    "' OR 1=1 --",
    "NSPQ-8W1B-BCGX-GRPY-7QQU",
    "?" * 20,
    "-" * 79,
    "<script>alert(1)</script>",
]


@pytest.mark.parametrize("typed", NONSENSE)
def test_nonsense_is_not_found_and_shown_harmlessly(reader: Browser, typed: str) -> None:
    for path in (f"/verify/{typed}", f"/verify/{typed}.json", f"/verify/{typed}.signedcert"):
        response = reader.get(path.replace("?", "%3F"))
        assert response.status_code == 404, path
        assert len(response.content) < 10_000
        if "html" in response.headers["content-type"]:
            Page(response.text)


@pytest.mark.parametrize("typed", [*NONSENSE, *HOSTILE, ""])
def test_nonsense_in_the_form_is_not_found_and_shown_harmlessly(
    reader: Browser, typed: str
) -> None:
    response = reader.get("/verify", params={"code": typed})
    shown = page(response, 404)
    assert "No certificate with this code" in shown.text
    assert len(response.content) < 10_000
    assert "<script>alert" not in response.text
    assert "<img" not in response.text


@pytest.mark.parametrize("tail", [" " * 80 + "X", "-" * 60 + "0"])
def test_what_begins_with_a_code_and_goes_on_is_no_code(
    client: Browser, issued: Issued, tail: str
) -> None:
    typed = f"{issued.code}{tail}"
    for response in (client.get(f"/verify/{typed}"), client.get("/verify", params={"code": typed})):
        assert "María" not in response.text
        page(response, 404)
    assert client.get(f"/verify/{typed}.signedcert").status_code == 404


def test_the_form_leads_to_the_page_of_the_code(client: Browser, issued: Issued) -> None:
    shown = page(client.get("/verify"))
    (form,) = shown.all("form")
    assert (form["action"], form["method"]) == ("/verify", "get")
    (field,) = shown.all("input")
    assert field["name"] == "code"
    typed = issued.code.symbols.lower().replace("0", "o").replace("1", "l")
    response = client.get("/verify", params={"code": typed}, follow_redirects=False)
    assert response.status_code == 303
    assert response.headers["location"] == f"/verify/{issued.code}"


# hostile content


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_or_course_is_shown_as_text(university: Institution, text: str) -> None:
    values: dict[str, Any] = parse_json(reference_course().text.encode(), 10**6)
    values |= {
        "id": "hostile",
        "title": text,
        "institution": text,
        "description": text,
        "disclaimer": text,
        "instructors": [{"name": text, "title": text}],
        "syllabus": [{"title": text, "topics": [text]}],
        "format": [{"kind": text, "count": 1, "weight_percent": 100}],
    }
    course = university.add_course(Course.parse(dump_json(values)), at=BEGUN)
    claims = Certificate(learner=text, course=course, completed=COMPLETED)
    issued = university.issue(claims, learner_id=text, run=text, at=NOW, name_confirmed=True)
    client = Browser(app(university, lambda: LATER))
    plain = page(client.get("/courses"))
    for path in (f"/verify/{issued.code}", "/courses", "/courses/hostile"):
        shown = page(client.get(path))
        assert text in shown.text.replace("  ", " "), path
        allowed = {"html", "head", "meta", "title", "link", "body", "header", "p", "a", "nav"}
        allowed |= {"main", "footer", "span", "div", "h1", "h2", "h3", "section", "bdi", "time"}
        allowed |= {"dl", "dt", "dd", "strong", "ol", "ul", "li", "table", "thead", "tbody", "tr"}
        allowed |= {"th", "td", "code", "details", "summary", "br", "article"}
        assert {tag for tag, _ in shown.elements} <= allowed
    assert plain.all("script") == []
    assert client.get(f"/verify/{issued.code}.json").json()["certificate"]["learner"] == text


@pytest.mark.parametrize("name", ["محمد بن سلمان", "שרה לוי", "علی‌رضا نیک‌پور"])
def test_a_name_written_from_right_to_left_does_not_turn_the_page_around(
    university: Institution, name: str
) -> None:
    issued = issue_one(university, name)
    html = Browser(app(university, lambda: LATER)).get(f"/verify/{issued.code}").text
    assert html.count(f"<bdi>{name}</bdi>") == html.count(name) == 2


def test_an_institution_with_a_hostile_name_is_shown_as_text(place: Place) -> None:
    with Institution.open(place.home) as institution:
        publish(place, replace(institution.manifest, name="<b>A&B</b>"))
    with Institution.open(place.home) as institution:
        client = Browser(app(institution))
        for path in ("/", "/verify", "/courses", "/nothing"):
            shown = Page(client.get(path).text)
            assert "<b>A&B</b>" in shown.text
            assert shown.all("b") == []


# courses


def test_the_catalogue_and_each_course_have_a_page(reader: Browser) -> None:
    catalogue = page(reader.get("/courses"))
    for course in (reference_course(), another_course()):
        assert course.title in catalogue.text
        assert f"/courses/{course.id}" in catalogue.values("href")
        shown = page(reader.get(f"/courses/{course.id}"))
        assert course.digest in shown.text
        assert course.disclaimer in shown.text
        assert ("verified certificate" in shown.text) is course.verified_track
        assert f"/courses/{course.id}/1.json" in shown.values("href")
    assert "2 courses in the catalogue" in page(reader.get("/")).text


SLASHED = ["/verify", "/VERIFY", "/courses", "/courses/operations-management"]


@pytest.mark.parametrize("path", SLASHED)
def test_a_slash_behind_an_address_changes_nothing(reader: Browser, path: str) -> None:
    page(reader.get(path))
    response = reader.get(path + "/", follow_redirects=False)
    assert response.content == reader.get(path).content
    params = {"code": "nonsense"}
    expected = reader.get(path, params=params)
    assert reader.get(path + "/", params=params).content == expected.content


def test_an_institution_without_courses_says_so(tmp_path: Path, template: Place) -> None:
    own = template.copy(tmp_path)
    (own.home / "registry.sqlite").write_bytes(b"")
    Institution.migrate(own.home)
    with Institution.open(own.home) as institution:
        client = Browser(app(institution))
        assert "No courses are published yet." in page(client.get("/courses")).text
        assert "0 courses in the catalogue" in page(client.get("/")).text


def test_the_course_document_is_served_in_exactly_its_bytes(
    client: Browser, university: Institution
) -> None:
    text = reference_course().text.replace("\n", "\r\n") + "  \n"
    values = parse_json(reference_course().text.encode(), 10**6)
    spelled = json.dumps(values | {"version": 2}, indent=7, ensure_ascii=True) + "\n\n"
    university.add_course(Course.parse(spelled.encode()), at=NOW)
    first = client.get(f"/courses/{reference_course().id}/1.json")
    second = client.get(f"/courses/{reference_course().id}/2.json")
    assert first.content == reference_course().text.encode() != text.encode()
    assert second.content == spelled.encode()
    assert first.headers["content-type"] == "application/json"
    issued = issue_one(university)
    url = json.loads(issued.bundle.course or "")["id"]
    verified = university.verifier().verify(issued.bundle, at=LATER)
    fetched = client.get(verified.course.url.removeprefix(URL))
    assert url == verified.course.id
    assert digest_sri(fetched.text) == verified.course.digest


def test_the_page_of_a_course_is_that_of_its_newest_version(
    client: Browser, university: Institution
) -> None:
    university.add_course(newer(reference_course(), title="Operations, Revised"), at=NOW)
    shown = page(client.get(f"/courses/{reference_course().id}"))
    assert "Operations, Revised" in shown.text
    assert "Version 2" in shown.text


def test_a_course_of_one_week_and_no_instructors_reads_well(
    client: Browser, university: Institution
) -> None:
    hours = {"from": 1, "to": 2}
    changes = {"workload": {"weeks": 1, "hours_per_week": hours}, "instructors": []}
    course = university.add_course(newer(reference_course(), **changes), at=NOW)
    shown = page(client.get(f"/courses/{course.id}"))
    assert "1 week, 1 to 2 hours a week" in shown.text
    assert "Instructors" not in shown.text


@pytest.mark.parametrize(
    "version", ["0", "01", "+1", "1.0", "٢", "", "-1", "9" * 10, "9" * 400, "x"]
)
@pytest.mark.parametrize(
    "path", ["/courses/operations-management/{}.json", "/.well-known/signedcert/keys/{}.json"]
)
def test_a_version_has_one_spelling(reader: Browser, path: str, version: str) -> None:
    assert reader.get(path.format(version)).status_code == 404
    assert reader.get(path.format("1")).status_code == 200


# keys


@pytest.fixture
def rotated(place: Place) -> Iterator[Institution]:
    """An institution with an issuing key in every state, and keys of other roles."""
    states = ("pre-published", "active", "retired", "compromised", "void")
    added = [entry(state) for state in states]  # type: ignore[arg-type]
    added += [entry("active", "snapshot"), entry("active", "log"), entry("void", "snapshot")]
    with Institution.open(place.home) as institution:
        publish(place, replace(institution.manifest, keys=(*institution.manifest.keys, *added)))
    with Institution.open(place.home) as institution:
        yield institution


def test_the_jwk_set_has_the_active_and_retired_issuing_keys_only(rotated: Institution) -> None:
    response = Browser(app(rotated)).get("/.well-known/jwks.json")
    assert response.headers["content-type"] == "application/jwk-set+json"
    expected = [
        one.url
        for one in rotated.manifest.keys
        if one.role == "issue" and one.state in ("active", "retired")
    ]
    assert [key["kid"] for key in response.json()["keys"]] == expected
    assert len(expected) == 3
    assert not {"d", "priv"} & set(members(response.json()))


def test_each_kid_serves_its_one_key_and_a_withdrawn_one_is_gone(rotated: Institution) -> None:
    client = Browser(app(rotated))
    statuses = {}
    for one in rotated.manifest.keys:
        response = client.get(one.url.removeprefix(URL))
        statuses[one.role, one.state] = response.status_code
        if response.status_code == 200:
            assert response.headers["content-type"] == "application/jwk+json"
            jwk = response.json()
            assert jwk["kid"] == one.url
            assert PublicKey.from_jwk(jwk | {"kid": one.key.thumbprint}, "jwk") == one.key
        elif response.status_code == 410:
            assert "Withdrawn" in page(response, 410).text
    assert statuses == {
        ("issue", "active"): 200,
        ("issue", "retired"): 200,
        ("issue", "pre-published"): 404,
        ("issue", "compromised"): 410,
        ("issue", "void"): 410,
        ("snapshot", "active"): 404,
        ("snapshot", "void"): 410,
        ("log", "active"): 404,
    }


@pytest.mark.parametrize("thumbprint", ["x", "A" * 43, "..%2fkeys", "%00"])
def test_an_unknown_key_is_not_found(reader: Browser, thumbprint: str) -> None:
    assert reader.get(f"/.well-known/keys/{thumbprint}").status_code == 404


def test_every_manifest_stays_published_byte_for_byte(rotated: Institution, place: Place) -> None:
    client = Browser(app(rotated))
    for version in (1, 2):
        response = client.get(f"/.well-known/signedcert/keys/{version}.json")
        assert response.content == (place.home / "manifests" / f"{version}.json").read_bytes()
        assert response.headers["content-type"] == "application/jose+json"
    newest = client.get("/.well-known/signedcert/keys.json")
    assert newest.content == client.get("/.well-known/signedcert/keys/2.json").content
    assert SignedManifest.parse(newest.content).unverified == rotated.manifest
    assert client.get("/.well-known/signedcert/keys/3.json").status_code == 404


def test_the_kid_of_a_certificate_leads_to_its_key(client: Browser, issued: Issued) -> None:
    from signedcert.core.jws import CompactJWS, Header  # noqa: PLC0415

    jws = CompactJWS.parse(issued.bundle.document.encode())
    kid = Header.parse(jws.header_segment).kid
    assert kid is not None
    jwk = client.get(kid.removeprefix(URL)).json()
    key = PublicKey.from_jwk(jwk | {"kid": kid.rpartition("/")[2]}, "jwk")
    key.verify(jws.signature, jws.signing_input)
    with pytest.raises(Exception, match="signature"):
        key.verify(jws.signature, jws.signing_input + b"x")


# mounted elsewhere


@pytest.mark.parametrize("way", ["mount", "root_path"])
def test_under_a_prefix_every_link_stays_under_it(
    university: Institution, issued: Issued, way: str
) -> None:
    pages = app(university, lambda: LATER)
    if way == "mount":
        outer = FastAPI()
        outer.mount("/certificates", pages)
        client = Browser(outer)
    else:
        client = Browser(pages, root_path="/certificates")
    for path in (
        "/",
        "/verify",
        "/courses",
        f"/verify/{issued.code}",
        "/nothing",
        f"/verify/{UNKNOWN}",
    ):
        response = client.get(f"/certificates{path}")
        shown = Page(response.text)
        targets = shown.values("href") + shown.values("action")
        assert len(targets) >= 4
        for target in targets:
            assert target.startswith("/certificates/"), target
            assert client.get(target).status_code == 200, target
    typed = {"code": issued.code.symbols}
    response = client.get("/certificates/verify", params=typed, follow_redirects=False)
    assert response.headers["location"] == f"/certificates/verify/{issued.code}"


# form


def test_every_page_is_well_formed_and_fits_a_phone(
    client: Browser, university: Institution, issued: Issued
) -> None:
    for path in [*every_path(university, issued), *ABSENT, f"/verify/{mistyped(issued.code, 3)}"]:
        response = client.get(path)
        if "html" not in response.headers["content-type"]:
            continue
        shown = Page(response.text)
        named = {meta.get("name"): meta.get("content", "") for meta in shown.all("meta")}
        assert "width=device-width" in named["viewport"]
        assert shown.all("meta")[0] == {"charset": "utf-8"}
        assert NAME in shown.text
        assert len(response.content) < 40_000


def test_what_may_change_is_not_kept_and_what_may_not_is_kept_shortly(
    client: Browser, issued: Issued
) -> None:
    for path in (f"/verify/{issued.code}", f"/verify/{issued.code}.json", "/", "/nothing"):
        assert client.get(path).headers["cache-control"] == "no-cache", path
    for path in ("/.well-known/jwks.json", "/static/style.css"):
        assert client.get(path).headers["cache-control"] == "public, max-age=300", path


def test_dates_are_shown_as_dates(university: Institution) -> None:
    claims = certificate(started=date(2026, 5, 1))
    issued = university.issue(claims, learner_id="s-1", run="2026", at=NOW)
    shown = page(Browser(app(university, lambda: LATER)).get(f"/verify/{issued.code}"))
    assert "Started 2026-05-01" in shown.text
    assert {"datetime": "2026-06-30"} in shown.all("time")
