"""Signing in by one-time links: once, for a while, and by a cookie that nothing else gets."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.cookies import SimpleCookie

import httpx
import pytest

from signedcert.core.encoding import b64url_decode
from signedcert.sharing.tokens import new_token
from signedcert.web import app
from tests.institution.homes import Place
from tests.web.browser import Browser
from tests.web.reading import besides_date, everything, page
from tests.web.study import ADA, GRACE, NAMES, SECRETS, Study

COOKIE = "__Host-signedcert"
OVER = "This sign-in link has ended"
LINK_LIFETIME = timedelta(minutes=15)
SESSION_LIFETIME = timedelta(hours=8)


def sign_in(study: Study, token: str, browser: Browser | None = None) -> httpx.Response:
    """Presses the button behind a link."""
    return (browser or study.browser).send(f"/sign-in/{token}")


def session_of(response: httpx.Response) -> str:
    """The session in the cookie that a response sets."""
    return SimpleCookie(response.headers["set-cookie"])[COOKIE].value


def stranger(study: Study) -> Browser:
    """A browser without cookies, at the same pages."""
    return Browser(app(study.institution, study.clock, sign_in_links=True))


def logins(place: Place) -> list[tuple[str, str]]:
    """Kinds and learners in the table of logins."""
    database = sqlite3.connect(place.home / "registry.sqlite")
    rows = database.execute("SELECT kind, learner_id FROM logins ORDER BY kind").fetchall()
    database.close()
    return rows


# the link


def test_a_link_opens_the_learners_page_and_is_used_up(linked: Study, faculty: Place) -> None:
    token = linked.session()
    response = sign_in(linked, token)
    assert response.status_code == 303
    assert response.headers["location"] == "/learner"
    assert response.headers["cache-control"] == "no-store"
    assert response.content == b""
    assert NAMES[ADA] in page(linked.browser.get("/learner")).text
    assert logins(faculty) == [("session", ADA)]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_only_fetches_the_address_does_not_use_it_up(
    linked: Study, faculty: Place, method: str
) -> None:
    token = linked.session()
    for _ in range(3):
        response = linked.browser.request(method, f"/sign-in/{token}")
        assert response.status_code == 200
        assert "set-cookie" not in response.headers
        shown = everything(response)
        assert [one for one in (*SECRETS, *NAMES.values(), ADA, token) if one in shown] == []
    assert logins(faculty) == [("link", ADA)]
    assert sign_in(linked, token).status_code == 303


def test_the_cover_is_the_same_for_every_address(linked: Study) -> None:
    used = linked.session()
    sign_in(linked, used)
    browser = stranger(linked)
    tokens = [linked.session(GRACE), used, new_token(), "x", "%00"]
    first, *others = (besides_date(browser.get(f"/sign-in/{token}")) for token in tokens)
    assert others == [first] * 4


def test_the_cover_has_one_button(linked: Study) -> None:
    response = linked.browser.get(f"/sign-in/{linked.session()}")
    shown = page(response)
    assert shown.all("form") == [{"method": "post"}]
    assert shown.all("button") == [{"type": "submit"}]
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "strict-origin"
    assert response.headers["x-robots-tag"] == "noindex, nofollow"


@pytest.mark.parametrize("who", ["the same", "another"])
def test_a_second_use_is_refused(linked: Study, faculty: Place, who: str) -> None:
    token = linked.session()
    sign_in(linked, token)
    browser = linked.browser if who == "the same" else stranger(linked)
    response = sign_in(linked, token, browser)
    assert OVER in page(response, 404).text
    assert "set-cookie" not in response.headers
    assert logins(faculty) == [("session", ADA)]


def test_all_links_that_are_over_or_never_were_are_refused_with_the_same_bytes(
    linked: Study,
) -> None:
    used = linked.session()
    session = session_of(sign_in(linked, used))
    shared = linked.share()
    expired = linked.session()
    linked.clock.pass_by(LINK_LIFETIME)
    tokens = [expired, used, session, shared, new_token(), "x", "A" * 24, "%FF", "A" * 5000]
    browser = stranger(linked)
    first, *others = (besides_date(sign_in(linked, token, browser)) for token in tokens)
    assert others == [first] * 8
    assert first[0] == 404
    assert OVER.encode() in first[2]
    assert linked.opened() == 0


def test_a_link_expires_after_a_quarter_of_an_hour(linked: Study) -> None:
    early, late = linked.session(), linked.session()
    linked.clock.pass_by(LINK_LIFETIME - timedelta(seconds=1))
    assert sign_in(linked, early, stranger(linked)).status_code == 303
    linked.clock.pass_by(timedelta(seconds=1))
    assert OVER in page(sign_in(linked, late, stranger(linked)), 404).text


def test_a_link_is_refused_to_another_site_and_not_used_up(linked: Study) -> None:
    token = linked.session()
    response = linked.browser.send(f"/sign-in/{token}", headers={"Sec-Fetch-Site": "cross-site"})
    assert "Not from here" in page(response, 403).text
    assert "set-cookie" not in response.headers
    assert sign_in(linked, token).status_code == 303


def test_of_many_that_use_a_link_at_once_one_is_let_in(linked: Study, faculty: Place) -> None:
    token = linked.session()
    browsers = [stranger(linked) for _ in range(8)]
    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(lambda one: sign_in(linked, token, one), browsers))
    assert sorted(one.status_code for one in answers) == [303] + [404] * 7
    assert sum("set-cookie" in one.headers for one in answers) == 1
    assert logins(faculty) == [("session", ADA)]
    pages = [one.get("/learner").status_code for one in browsers]
    assert pages == [200 if one.status_code == 303 else 401 for one in answers]


@pytest.mark.parametrize("tail", ["/", "//", "/more"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_written_behind_a_link_leads_nowhere_and_is_not_repeated(
    linked: Study, method: str, tail: str
) -> None:
    token = linked.session()
    headers = {"Sec-Fetch-Site": "same-origin"}
    response = linked.browser.request(
        method, f"/sign-in/{token}{tail}", headers=headers, follow_redirects=False
    )
    assert response.status_code == 404
    assert token not in everything(response)
    assert sign_in(linked, token).status_code == 303


# the session


def test_the_cookie_is_for_this_host_over_https_and_out_of_reach_of_scripts(linked: Study) -> None:
    response = sign_in(linked, linked.session())
    (cookie,) = response.headers.get_list("set-cookie")
    name_and_value, *attributes = cookie.split("; ")
    name, _, value = name_and_value.partition("=")
    assert name == COOKIE
    assert len(b64url_decode(value.encode())) == 18
    flags = ["HttpOnly", "Max-Age=28800", "Path=/", "SameSite=lax", "Secure"]
    assert sorted(attributes) == flags  # and no Domain


def test_the_session_is_not_the_link(linked: Study) -> None:
    token = linked.session()
    session = session_of(sign_in(linked, token))
    assert session != token
    browser = stranger(linked)
    browser.cookies.set(COOKIE, token)
    assert browser.get("/learner").status_code == 401


def test_a_session_ends_by_itself_after_eight_hours(linked: Study) -> None:
    sign_in(linked, linked.session())
    linked.clock.pass_by(SESSION_LIFETIME - timedelta(seconds=1))
    session = linked.browser.cookies
    assert linked.browser.get("/learner").status_code == 200
    linked.clock.pass_by(timedelta(seconds=1))
    browser = stranger(linked)
    browser.cookies = session
    assert browser.get("/learner").status_code == 401
    assert browser.send("/learner/end", {"share": "all"}).status_code == 401


def test_signing_out_ends_the_session_in_the_registry_too(linked: Study, faculty: Place) -> None:
    session = session_of(sign_in(linked, linked.session()))
    other = session_of(sign_in(linked, linked.session(GRACE), stranger(linked)))
    shown = page(linked.browser.get("/learner"))
    assert "/sign-out" in shown.values("action")
    response = linked.browser.send("/sign-out")
    assert response.status_code == 303
    assert response.headers["location"] == "/learner"
    cookie = SimpleCookie(response.headers["set-cookie"])[COOKIE]
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", "/")
    assert (cookie["secure"], cookie["httponly"], cookie["domain"]) == (True, True, "")
    assert logins(faculty) == [("session", GRACE)]
    assert linked.browser.get("/learner").status_code == 401
    for value, status in ((session, 401), (other, 200)):
        browser = stranger(linked)
        browser.cookies.set(COOKIE, value)
        assert browser.get("/learner").status_code == status


def test_only_these_pages_sign_somebody_out(linked: Study) -> None:
    sign_in(linked, linked.session())
    response = linked.browser.send("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert "set-cookie" not in response.headers
    assert linked.browser.get("/sign-out").status_code == 405
    assert linked.browser.get("/learner").status_code == 200


def test_who_is_not_signed_in_can_sign_out(linked: Study) -> None:
    assert linked.browser.send("/sign-out").status_code == 303


COOKIES = ["", "x", "A" * 24, "A" * 4000, '"', "a=b", "\xff\xfe", "{token}x", "x{token}", "{link}"]


@pytest.mark.parametrize("value", COOKIES)
def test_a_wrong_cookie_lets_nobody_in(linked: Study, value: str) -> None:
    session = session_of(sign_in(linked, linked.session()))
    spelled = value.format(token=session, link=linked.session())
    cookie = {"Cookie": f"{COOKIE}={spelled}"}
    browser = stranger(linked)
    assert seen(browser, cookie) == 401


@pytest.mark.parametrize(
    "name", ["signedcert", "__host-signedcert", "__Host-Signedcert", "session"]
)
def test_a_cookie_of_another_name_lets_nobody_in(linked: Study, name: str) -> None:
    session = session_of(sign_in(linked, linked.session()))
    browser = stranger(linked)
    assert seen(browser, {"Cookie": f"{name}={session}"}) == 401
    assert seen(browser, {"Cookie": f"{COOKIE}={session}"}) == 200


def seen(browser: Browser, headers: dict[str, str]) -> int:
    """The status of the learner's page for a request with these headers."""
    return browser.request("GET", "/learner", headers=headers).status_code


def test_who_signs_in_as_another_learner_is_that_learner(linked: Study) -> None:
    sign_in(linked, linked.session(ADA))
    sign_in(linked, linked.session(GRACE))
    shown = page(linked.browser.get("/learner"))
    assert NAMES[GRACE] in shown.text
    assert NAMES[ADA] not in shown.text


def test_with_the_hosts_own_login_there_are_no_sessions_beside_it(linked: Study) -> None:
    session = session_of(sign_in(linked, linked.session()))
    pages = app(linked.institution, linked.clock, current_learner=lambda _: None)
    assert seen(Browser(pages), {"Cookie": f"{COOKIE}={session}"}) == 401


def test_under_a_prefix_signing_in_stays_under_it(linked: Study) -> None:
    pages = app(linked.institution, linked.clock, sign_in_links=True)
    browser = Browser(pages, root_path="/certificates")
    response = browser.send(f"/certificates/sign-in/{linked.session()}")
    assert response.headers["location"] == "/certificates/learner"
    assert browser.get("/certificates/learner").status_code == 200
    assert browser.send("/certificates/sign-out").headers["location"] == "/certificates/learner"
