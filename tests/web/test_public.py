"""No page, JSON, preview or document of a certificate holds a score or a result."""

import re
from base64 import urlsafe_b64encode
from html import unescape
from itertools import product
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from signedcert.core.code import VerificationCode
from signedcert.institution import Institution
from signedcert.issue.requests import CERTIFICATE_KIND
from signedcert.sharing.tokens import new_token
from tests.web.browser import Browser
from tests.web.reading import besides_date, everything, page
from tests.web.study import ADA, GRACE, NAMES, SECRETS, Study
from tests.web.test_app import UNKNOWN, mistyped

#: Where records are, for who holds a token or is signed in. Every other route is walked.
PRIVATE = {
    "/records/{token}",
    "/records/{token}/file",
    "/learner",
    "/learner/share",
    "/learner/end",
    "/learner/{code}.signedcert",
    "/sign-in/{token}",
    "/sign-out",
}
#: What nobody serves.
ABSENT = ["/nothing", "/favicon.ico", "/docs", "/redoc", "/records", "/records/", "/verify/a/b"]
FORBIDDEN_WORDS = {"score", "scores", "grade", "grades", "percent", "points"}
FORBIDDEN_MEMBERS = FORBIDDEN_WORDS | {
    *("result", "results", "resultdescription", "resultdescriptions", "resulttype", "valuemax"),
    *("mark", "marks", "finalscore", "final_score", "final score", "awardeddate", "gradebook"),
}
_PLACE = re.compile(r"\{(\w+)(?::\w+)?\}")
_MEMBER = re.compile(r'"([^"\\]+)\\?"\s*:')


class Walk:
    """Every public address of the pages, and what was wrong with any of them."""

    def __init__(self, study: Study, application: FastAPI | None = None) -> None:
        self._study = study
        self._application = application or study.browser.application
        self._browser = Browser(self._application)
        self.faults: list[str] = []
        self.read: dict[str, str] = {}

    def walk(self) -> "Walk":
        """Asks every address in several ways."""
        for address in self.addresses():
            for method in ("GET", "HEAD", "POST"):
                response = self._browser.request(method, address)
                self._check(f"{method} {address}", response)
        return self

    def addresses(self) -> list[str]:
        """Every route with all that can stand in it, and what is not there."""
        values = self._values()
        typed = [f"/verify?code={quote(code)}" for code in values["code"]]
        outside = [re.sub(_PLACE, new_token(), path) for path in sorted(PRIVATE)]
        outside += [f"/learner/{code}.signedcert" for code in values["code"]]
        return [*self._routes(values), *typed, *ABSENT, *outside]

    def _routes(self, values: dict[str, list[str]]) -> list[str]:
        addresses = []
        for route in self._application.routes:
            assert isinstance(route, Route), f"{route} cannot be walked"
            if route.path in PRIVATE:
                continue
            names = _PLACE.findall(route.path)
            assert set(names) <= set(values), f"{route.path}: what can stand in it?"
            for combination in product(*(values[name] for name in names)):
                filled = zip(names, map(quote, combination), strict=True)
                addresses.append(_PLACE.sub("{\\1}", route.path).format(**dict(filled)))
        return addresses

    def _values(self) -> dict[str, list[str]]:
        institution = self._study.institution
        codes = certificate_codes(institution) + [self._study.code(one) for one in (ADA, GRACE)]
        spelled = [
            text
            for code in codes
            for text in (
                str(code),
                code.symbols.lower(),
                mistyped(code, 3),
                code.symbols[:19] + "?",
            )
        ]
        return {
            "code": [*spelled, UNKNOWN, "nonsense"],
            "course_id": [*(course.id for course in institution.courses()), "alchemy"],
            "version": ["1", "2"],
            "name": ["1", "1.jwt", "2.jwt", "0/000.p/1", "entries/000.p/1"],
            "log": ["log", "log-2", "logs"],
            "count": ["0", "1"],
            "thumbprint": [*(one.key.thumbprint for one in institution.manifest.keys), "x"],
        }

    def _check(self, address: str, response: httpx.Response) -> None:
        text = everything(response)
        self.read[address] = text
        found = [f"says {one}" for one in SECRETS if one in text]
        members = {name.lower() for name in _MEMBER.findall(text)}
        found += [f"has a member {one}" for one in sorted(members & FORBIDDEN_MEMBERS)]
        if "html" in response.headers.get("content-type", "") and response.content:
            shown = unescape(re.sub("<[^>]*>", " ", response.text))
            words = set(re.findall(r"[a-z]+", shown.lower()))
            found += [f"has the word {one}" for one in sorted(words & FORBIDDEN_WORDS)]
        self.faults += [f"{address} {one}" for one in found]


def certificate_codes(institution: Institution) -> list[VerificationCode]:
    """The codes of all certificates, as the registry has them."""
    rows = [
        row
        for learner_id in NAMES
        for row in institution.records.registry.of_learner(CERTIFICATE_KIND, learner_id)
    ]
    assert len(rows) == 2
    return [row.code for row in rows]


# the walk


def test_no_page_json_preview_or_document_of_a_certificate_holds_a_score_or_result(
    linked: Study,
) -> None:
    walk = Walk(linked).walk()
    assert walk.faults == []
    code, _ = certificate_codes(linked.institution)
    for address in (f"GET /verify/{code}.signedcert", f"GET /verify/{code}.json"):
        decoded = walk.read[address]
        assert '"credentialSubject":' in decoded, "it has not read the signed document"
        assert NAMES[ADA] in decoded
    assert '"keys":' in walk.read["GET /.well-known/signedcert/keys/1.json"]
    assert len(walk.read) >= 450
    assert linked.opened() == 0


def test_every_private_route_is_there(linked: Study) -> None:
    routes = {one.path for one in linked.browser.application.routes if isinstance(one, Route)}
    assert routes >= PRIVATE


def test_the_walk_knows_what_it_looks_for(linked: Study) -> None:
    """The same records, opened by who may."""
    walk = Walk(linked)
    token = linked.share()
    for tail in ("", "/file"):
        walk._check(tail, linked.browser.post(f"/records/{token}{tail}"))
    assert " says 73.31" in walk.faults
    assert " has the word score" in walk.faults
    assert "/file says 141.83" in walk.faults
    assert "/file says Zebra crossings" in walk.faults
    assert "/file has a member resultdescription" in walk.faults


_SIGNED = urlsafe_b64encode(b'{"credentialSubject":{"note":"Yaks: 8,29"}}').decode()
LEAKS: list[tuple[str, Response, str]] = [
    ("/leak", PlainTextResponse("73.31 of 100"), "says 73.31"),
    ("/courses/{course_id}/best", PlainTextResponse("97.67"), "says 97.67"),
    ("/verify/{code}/preview.png", Response(b"\x89PNG 141.83"), "says 141.83"),
    ("/leak.json", JSONResponse({"a": [{"Score": 1}]}), "has a member score"),
    ("/leak.json", JSONResponse({"a": '{"results":[]}'}), "has a member results"),
    ("/leak.jws", PlainTextResponse(f"eyJhIjoxfQ.{_SIGNED.rstrip('=')}.AA"), "says Yaks"),
    ("/leak.html", HTMLResponse("<p>&#55;3&period;31</p>", headers={"X-A": "b"}), "says 73.31"),
    ("/leak.html", HTMLResponse("<p>Your <b>sco</b> &#115;core"), "has the word score"),
    ("/leak", Response(headers={"X-Result": "Wombats"}), "says Wombats"),
]


@pytest.mark.parametrize(("path", "response", "fault"), LEAKS)
def test_a_new_route_that_leaks_is_found(
    linked: Study, path: str, response: Response, fault: str
) -> None:
    linked.browser.application.add_route(path, lambda _: response, methods=["GET"])
    walk = Walk(linked)
    for address in walk.addresses():
        if "leak" in address or "best" in address or "preview" in address:
            walk._check(address, Browser(linked.browser.application).get(address))
    assert any(one.endswith(fault) for one in walk.faults), walk.faults


def test_a_new_route_of_an_unknown_form_is_not_passed_over(linked: Study) -> None:
    application = linked.browser.application
    application.add_route("/leak/{something}", lambda _: PlainTextResponse("73.31"))
    with pytest.raises(AssertionError, match="what can stand in it"):
        Walk(linked).walk()


def test_another_application_within_is_not_passed_over(linked: Study) -> None:
    linked.browser.application.mount("/leak", FastAPI())
    with pytest.raises(AssertionError, match="cannot be walked"):
        Walk(linked).walk()


# the codes of records


@pytest.mark.parametrize("way", ["/verify/{}", "/VERIFY/{}", "/verify?code={}"])
def test_the_code_of_a_record_leads_to_no_certificate(linked: Study, way: str) -> None:
    unknown = linked.browser.get(way.format(UNKNOWN))
    assert "No certificate with this code" in page(unknown, 404).text
    for learner_id in (ADA, GRACE):
        code = str(linked.code(learner_id))
        response = linked.browser.get(way.format(code))
        assert response.content.decode().replace(code, UNKNOWN) == unknown.text
        assert besides_date(response)[:2] == besides_date(unknown)[:2]


def test_the_code_of_a_record_leads_to_no_data_and_no_file(linked: Study) -> None:
    for tail in (".json", ".signedcert"):
        unknown = linked.browser.get(f"/verify/{UNKNOWN}{tail}")
        response = linked.browser.get(f"/verify/{linked.code()}{tail}")
        assert besides_date(response) == besides_date(unknown)
        assert response.status_code == 404


def test_the_code_of_a_record_is_never_suggested(linked: Study) -> None:
    typed = mistyped(linked.code(), 3)
    shown = page(linked.browser.get(f"/verify/{typed}"), 404)
    assert "Did you mean" not in shown.text
    assert str(linked.code()) not in shown.text
    assert linked.browser.get(f"/verify/{typed}.json").json()["error"]["suggestion"] is None
