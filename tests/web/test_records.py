"""Shared records: what a link shows to whom, and that one which is over tells nothing."""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from signedcert.carriers.bundle import MEDIA_TYPE, Bundle
from signedcert.core.encoding import dump_json, parse_json
from signedcert.documents.certificate import Certificate
from signedcert.documents.course import Course
from signedcert.documents.record import FINAL_SCORE, CourseRecord, CourseResult
from signedcert.institution import Institution
from signedcert.sharing.tokens import new_token
from signedcert.web import app
from tests.institution.homes import BEGUN, COMPLETED, LATER, NOW, Place
from tests.reference import course as reference_course
from tests.web.browser import Browser
from tests.web.reading import besides_date, everything, page
from tests.web.study import ADA, ALL, GRACE, NAMES, RESULTS, SECRETS, TELLS, Study, studying

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
#: How a link is asked for something.
ASKED = [("GET", ""), ("HEAD", ""), ("POST", ""), ("POST", "/file")]
AUTHENTIC = "This course record is authentic"
ENDED = "This link has ended"
PARTS = [(1,), (2, 4), (5,), (1, 3, 6), (2, 3, 4, 5, 6)]


def ask(study: Study, token: str, method: str = "POST", tail: str = "") -> tuple[int, str]:
    """The status, and all that is in the response."""
    response = study.browser.request(method, f"/records/{token}{tail}")
    return response.status_code, everything(response)


# the cover


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_only_fetches_the_address_sees_nothing_of_the_record_and_opens_nothing(
    study: Study, method: str
) -> None:
    response = study.browser.request(method, f"/records/{study.share()}")
    assert response.status_code == 200
    shown = everything(response)
    about = (*SECRETS, NAMES[ADA], ADA, "Acme", reference_course().title, str(study.code()))
    assert [one for one in (*about, "Final score", "2026") if one in shown] == []
    assert study.opened() == 0


def test_the_cover_has_one_button_and_is_the_same_for_every_live_link(study: Study) -> None:
    tokens = [study.share(), study.share([1], learner_id=GRACE, with_name=False)]
    covers = [study.browser.get(f"/records/{token}") for token in tokens]
    assert besides_date(covers[0]) == besides_date(covers[1])
    shown = page(covers[0])
    assert shown.all("form") == [{"method": "post"}]
    assert shown.all("button") == [{"type": "submit"}]
    assert "Open the record" in shown.text


def test_who_asks_with_the_button_sees_the_record_and_the_learner_sees_that(study: Study) -> None:
    token = study.share()
    study.browser.get(f"/records/{token}")
    shown = page(study.browser.post(f"/records/{token}"))
    assert AUTHENTIC in shown.text
    assert study.opened() == 1
    study.browser.post(f"/records/{token}/file")
    study.clock.pass_by(timedelta(minutes=1))
    study.browser.post(f"/records/{token}")
    (log,) = study.logs()
    assert [tuple(one) for one in log.openings] == [
        ("2026-08-01T00:01:00Z", 1),
        ("2026-08-01T00:00:00Z", 2),
    ]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("tail", ["", "/file"])
def test_a_link_takes_no_other_kind_of_request(study: Study, method: str, tail: str) -> None:
    response = study.browser.request(method, f"/records/{study.share()}{tail}")
    assert "Not offered" in page(response, 405).text
    assert study.opened() == 0


def test_the_file_is_for_who_asks_with_the_button_only(study: Study) -> None:
    response = study.browser.get(f"/records/{study.share()}/file")
    assert "Not offered" in page(response, 405).text
    assert response.headers["allow"] == "POST"
    assert study.opened() == 0


# links that lead to nothing

MALFORMED = ["x", "A" * 23, "A" * 25, "A" * 23 + "=", "A" * 23 + "é", "%00", "%FF%FE", "A" * 5000]


def over(study: Study) -> dict[str, str]:
    """Tokens that let nobody see anything, each for its own reason."""
    live, ended = study.share(), study.share()
    ended_number = study.logs()[0].share.number
    assert study.institution.records.links.reset(ADA, ended_number, at=study.clock.now) == 1
    expired = study.share(expires=study.clock.now + timedelta(minutes=1))
    study.clock.pass_by(timedelta(minutes=1))
    swapped = live.swapcase()
    assert swapped != live
    malformed = {f"malformed {number}": token for number, token in enumerate(MALFORMED)}
    signing = {"to sign in": study.session(), "a live one in another case": swapped}
    return {"unknown": new_token(), "ended": ended, "expired": expired} | malformed | signing


@pytest.mark.parametrize(("method", "tail"), ASKED)
def test_all_links_that_are_over_or_never_were_are_answered_with_the_same_bytes(
    study: Study, method: str, tail: str
) -> None:
    answers = {
        name: besides_date(study.browser.request(method, f"/records/{token}{tail}"))
        for name, token in over(study).items()
    }
    assert len(answers) == 5 + len(MALFORMED)
    for name, answer in answers.items():
        assert answer == answers["unknown"], name
    assert answers["unknown"][0] == 404
    assert (b"" if method == "HEAD" else ENDED.encode()) in answers["unknown"][2]
    assert study.opened() == 0


def test_the_words_of_a_link_that_is_over_are_the_same_for_whoever_asks_how(study: Study) -> None:
    token = new_token()
    asked = [("GET", ""), ("POST", ""), ("POST", "/file")]
    first, *others = (
        study.browser.request(method, f"/records/{token}{tail}") for method, tail in asked
    )
    assert ENDED in page(first, 404).text
    assert [besides_date(other) for other in others] == [besides_date(first)] * 2


def test_a_link_is_over_at_the_second_at_which_it_expires(study: Study) -> None:
    token = study.share(expires=study.clock.now + timedelta(days=7))
    study.clock.pass_by(timedelta(days=7) - timedelta(seconds=1))
    assert study.browser.get(f"/records/{token}").status_code == 200
    assert study.browser.post(f"/records/{token}").status_code == 200
    study.clock.pass_by(timedelta(seconds=1))
    for method, tail in ASKED:
        assert study.browser.request(method, f"/records/{token}{tail}").status_code == 404


def test_a_link_that_is_ended_while_a_stranger_looks_is_over_for_the_stranger(study: Study) -> None:
    token = study.share()
    assert study.browser.post(f"/records/{token}").status_code == 200
    study.institution.records.links.reset(ADA, at=study.clock.now)
    assert ENDED in page(study.browser.post(f"/records/{token}"), 404).text
    assert ENDED in page(study.browser.post(f"/records/{token}/file"), 404).text
    assert study.opened() == 1


@pytest.mark.parametrize("tail", ["/", "//", "/file/", "/more", "/file/more", "/more/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_written_behind_a_link_leads_nowhere_and_is_not_repeated(
    study: Study, method: str, tail: str
) -> None:
    token = study.share()
    response = study.browser.request(method, f"/records/{token}{tail}", follow_redirects=False)
    assert response.status_code == 404
    assert token not in everything(response)
    assert study.opened() == 0


# how much it shows


def test_a_whole_record_shows_every_result_and_the_name(study: Study) -> None:
    response = study.browser.post(f"/records/{study.share()}")
    shown = page(response)
    for result in RESULTS[ADA]:
        assert (result.title or result.kind).lower() in shown.text.lower()
        if result.value is not None:
            assert f"{result.value} of {result.maximum}" in shown.text
    for expected in ("Ada Lovelace", "2026-06-30", "not handed in", "provisional", "failed"):
        assert expected in shown.text
    assert "part of the record" not in shown.text
    assert "not shown" not in shown.text.partition("Check it yourself")[0]
    drawn = [one["width"] for one in shown.all("rect") if one["class"] == "fill"]
    assert drawn == ["73.31", "55.45", "61.70", "82.90", "70.92"]


@pytest.mark.parametrize("tail", ["", "/file"])
@pytest.mark.parametrize("chosen", PARTS)
def test_a_part_of_a_record_shows_what_was_chosen_and_no_value_of_the_others(
    study: Study, chosen: tuple[int, ...], tail: str
) -> None:
    status, shown = ask(study, study.share(chosen), tail=tail)
    assert status == 200
    for number, (told, *others) in TELLS.items():
        wanted = "Enrolled" if tail and number == 5 else told
        assert (wanted in shown) is (number in chosen), number
        if number not in chosen:
            assert [one for one in others if one in shown] == []
    assert [one for one in ("97.67", "8.43", "Vultures", "Grace", "Acme") if one in shown] == []
    assert "Ada Lovelace" in shown


@pytest.mark.parametrize("chosen", PARTS)
def test_a_part_of_a_record_says_of_how_much_it_is_a_part(
    study: Study, chosen: tuple[int, ...]
) -> None:
    shown = page(study.browser.post(f"/records/{study.share(chosen)}"))
    assert f"shows {len(chosen)} of 6 results" in shown.text
    assert "This is a part of the record." in shown.text
    withheld = [RESULTS[ADA][number - 1] for number in ALL if number not in chosen]
    assert all(result.kind in shown.text for result in withheld)
    assert shown.text.count("not shown") + shown.text.count("Not shown:") >= len(withheld)


@pytest.mark.parametrize("tail", ["", "/file"])
@pytest.mark.parametrize("chosen", [ALL, (1,)])
def test_a_name_that_is_withheld_is_nowhere(
    study: Study, chosen: tuple[int, ...], tail: str
) -> None:
    status, shown = ask(study, study.share(chosen, with_name=False), tail=tail)
    assert status == 200
    assert "Ada" not in shown
    assert "Lovelace" not in shown
    assert ADA not in shown
    assert "73.31" in shown
    if not tail:
        assert "A learner whose name is not shown" in shown
        assert "and no name" in shown


def test_the_page_has_the_verdict_and_the_ten_steps(study: Study) -> None:
    shown = page(study.browser.post(f"/records/{study.share((1, 2))}"))
    assert shown.all("h1") == [{}]
    assert "authentic" in shown.all("div")[0]["class"].split()
    steps = [one["class"] for tag, one in shown.elements if tag == "li" and "class" in one]
    assert len(steps) == 10
    assert set(steps) == {"passed", "not-published", "not-asked"}
    report = study.institution.verifier().report(study.record().bundle, at=study.clock.now)
    assert steps == [one.outcome.name.lower().replace("_", "-") for one in report.checks]
    assert study.institution.pin in shown.text
    assert f"signedcert verify record-{study.code()}.signedcert" in shown.text


def test_a_record_that_is_replaced_later_stays_what_was_shared(
    faculty: Place, study: Study
) -> None:
    token = study.share()
    with sqlite3.connect(faculty.home / "registry.sqlite") as database:
        database.execute("UPDATE documents SET current = 0 WHERE kind = 'record'")
    database.close()
    assert "73.31 of 100" in page(study.browser.post(f"/records/{token}")).text


# a document that somebody has altered

_ALTERED: dict[str, Callable[[str], str]] = {
    "signature": lambda text: _flip(text, text.index("~") - 10),
    "payload": lambda text: _flip(text, text.index(".") + 300),
    "header": lambda text: _flip(text, 10),
    "disclosure": lambda text: _flip(text, text.index("~") + 40),
    "last disclosure": lambda text: _flip(text, len(text) - 10),
    "a disclosure twice": lambda text: text + text.split("~")[1] + "~",
    "cut": lambda text: text[: len(text) // 2],
    "a certificate": lambda text: text.partition("~")[0],
    "nothing": lambda _: "",
    "nonsense": lambda _: "73.31 of 100",
}


def _flip(text: str, place: int) -> str:
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def alter(place: Place, change: Callable[[str], str]) -> None:
    """Changes Ada's record behind the institution's back."""
    database = sqlite3.connect(place.home / "registry.sqlite")
    with database:
        where = "WHERE kind = 'record' AND learner_id = 's-1'"
        ((text,),) = database.execute(f"SELECT document FROM documents {where}")  # noqa: S608
        changed = change(text)
        assert changed != text
        database.execute(f"UPDATE documents SET document = ? {where}", [changed])  # noqa: S608
    database.close()


@pytest.mark.parametrize("how", _ALTERED)
def test_a_record_that_was_altered_is_not_authentic_and_shows_no_value(
    faculty: Place, study: Study, how: str
) -> None:
    token = study.share()
    alter(faculty, _ALTERED[how])
    response = study.browser.post(f"/records/{token}")
    shown = page(response)
    verdict = shown.all("div")[0]["class"].split()
    assert verdict in (["verdict", "not-authentic"], ["verdict", "unreadable"])
    assert AUTHENTIC not in shown.text
    text = everything(response)
    tells = [one for told in TELLS.values() for one in told if one != "failed"]
    assert [one for one in (*SECRETS, *tells, "Ada", "Lovelace") if one in text] == []
    file = study.browser.post(f"/records/{token}/file")
    assert page(file).text.replace("/file", "") == shown.text
    assert "content-disposition" not in file.headers


def test_a_link_to_a_record_of_another_learner_in_its_place_is_not_authentic(
    faculty: Place, study: Study
) -> None:
    token = study.share((1, 2))
    other = study.record(GRACE).bundle.document
    alter(faculty, lambda _: other)
    for tail in ("", "/file"):
        response = study.browser.post(f"/records/{token}{tail}")
        assert "verdict not-authentic" in page(response).values("class")
        assert [one for one in (*SECRETS, "Grace") if one in everything(response)] == []


# the file


@pytest.mark.parametrize("with_name", [True, False])
@pytest.mark.parametrize("chosen", [ALL, *PARTS])
def test_the_file_verifies_and_shows_no_more_than_the_page(
    study: Study, chosen: tuple[int, ...], *, with_name: bool
) -> None:
    token = study.share(chosen, with_name=with_name)
    response = study.browser.post(f"/records/{token}/file")
    assert response.status_code == 200
    assert response.headers["content-type"] == MEDIA_TYPE
    name = f'attachment; filename="record-{study.code()}.signedcert"'
    assert response.headers["content-disposition"] == name
    bundle = Bundle.parse(response.content)
    verified = study.institution.verifier().verify_record(
        bundle, at=study.clock.now, code=str(study.code())
    )
    assert verified.learner == (NAMES[ADA] if with_name else None)
    numbered = dict(enumerate(RESULTS[ADA], 1))
    expected = [one if n in chosen else one.withheld() for n, one in numbered.items()]
    assert list(verified.results) == expected
    assert bundle.document.count("~") == 1 + len(chosen) + with_name
    assert bundle.course == reference_course().text


def test_the_button_of_the_page_leads_to_the_file(study: Study) -> None:
    token = study.share((1,))
    shown = page(study.browser.post(f"/records/{token}"))
    (form,) = shown.all("form")
    assert form["method"] == "post"
    assert form["action"] == f"{token}/file"  # beside the address of the page


@pytest.mark.parametrize("host", ["elsewhere.example", "a?b", "a/b", "[", "a#b", ""])
def test_the_page_is_the_same_whatever_host_it_is_asked_for(study: Study, host: str) -> None:
    token = study.share((1,))
    expected = study.browser.post(f"/records/{token}")
    response = study.browser.request("POST", f"/records/{token}", headers={"Host": host})
    assert besides_date(response) == besides_date(expected)


# headers


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize(("method", "tail"), ASKED)
def test_nothing_of_a_link_is_kept_indexed_or_told_to_others(
    study: Study, method: str, tail: str, *, live: bool
) -> None:
    token = study.share() if live else new_token()
    response = study.browser.request(method, f"/records/{token}{tail}")
    assert response.status_code == (200 if live else 404)
    assert response.headers.get_list("cache-control") == ["no-store"]
    assert response.headers.get_list("referrer-policy") == ["no-referrer"]
    assert response.headers.get_list("x-robots-tag") == ["noindex, nofollow"]
    assert response.headers.get_list("content-security-policy") == [POLICY]
    assert response.headers.get_list("x-content-type-options") == ["nosniff"]
    assert "set-cookie" not in response.headers
    assert token not in str(response.headers.multi_items())


def test_robots_are_told_what_not_to_ask_for(study: Study) -> None:
    response = study.browser.get("/robots.txt")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    lines = response.text.splitlines()
    assert lines[0] == "User-agent: *"
    assert set(lines[1:]) == {
        f"Disallow: {path}" for path in ("/records/", "/learner", "/sign-in/")
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_offers_nothing_to_what_makes_previews(study: Study, method: str) -> None:
    response = study.browser.request(method, f"/records/{study.share()}")
    shown = page(response)
    named = {one.get("name") for one in shown.all("meta")}
    assert named == {None, "viewport", "color-scheme"}
    assert shown.values("property") == []
    assert sorted(one["rel"] for one in shown.all("link")) == ["icon", "stylesheet"]
    assert not {"itemprop", "itemscope", "typeof", "vocab"} & {
        name for _, attributes in shown.elements for name in attributes
    }
    assert "oembed" not in response.text
    assert "link" not in response.headers
    if method == "GET":
        assert "A course record" in response.text.partition("</title>")[0]


# texts that are hard to show

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% if %}",
    "&lt;b&gt; & </bdi></dd></table>",
    "אבג 1 < 2 דהו",
    "Donaudampfschifffahrtsgesellschaft" * 3,
]


def issue_hostile(place: Place, text: str) -> None:
    """Issues a record in which everything that is a text is this one."""
    values = parse_json(reference_course().text.encode(), 10**6)
    values |= {"id": "hostile", "title": text, "institution": text, "description": text}
    values |= {"format": [{"kind": text, "count": 2, "weight_percent": 100}]}
    results = (
        CourseResult(FINAL_SCORE, Decimal(100), value=Decimal("73.31")),
        CourseResult(text, Decimal(10), text, Decimal("6.17")),
        CourseResult(text, Decimal(10), "Yaks", Decimal("8.29")),
    )
    with place.open() as institution:
        course = institution.add_course(Course.parse(dump_json(values)), at=BEGUN)
        claims = Certificate(learner=text, course=course, completed=COMPLETED)
        institution.issue(claims, learner_id=text, run=text, at=NOW, name_confirmed=True)
        institution.issue_record(
            CourseRecord(results), learner_id=text, course="hostile", run=text, at=NOW
        )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_shown_as_text(faculty: Place, text: str) -> None:
    issue_hostile(faculty, text)
    with studying(faculty) as study:
        token = study.share((1, 2), learner_id=text, label=text)
        study.signed_in.append(text)
        cover = study.browser.get(f"/records/{token}")
        opened = study.browser.post(f"/records/{token}")
        learner = study.browser.get("/learner")
    assert text not in cover.text
    assert page(cover).all("img") == []
    for response in (opened, learner):
        shown = page(response)
        assert text in " ".join("".join(shown.texts).split())
        known = {"img", "script", "b", "object"} & {tag for tag, _ in shown.elements}
        assert known == set()
    assert "8.29" not in opened.text
    assert study.institution.name in opened.text


def test_what_is_written_from_right_to_left_is_set_apart(faculty: Place) -> None:
    text = "سجل المقرر"
    issue_hostile(faculty, text)
    with studying(faculty) as study:
        token = study.share((1, 2), learner_id=text, label=text)
        study.signed_in.append(text)
        opened = study.browser.post(f"/records/{token}").text
        learner = study.browser.get("/learner").text
    record = opened.partition('<section aria-labelledby="course"')[0]
    for shown in (record, learner):
        assert shown.count(text) >= 5
        assert text not in re.sub("<bdi>[^<]*</bdi>", "", shown)


# mounted elsewhere


@pytest.mark.parametrize("way", ["mount", "root_path"])
def test_under_a_prefix_a_link_can_be_opened_and_downloaded(study: Study, way: str) -> None:
    pages = app(study.institution, study.clock)
    outer = FastAPI()
    outer.mount("/certificates", pages)
    browser = Browser(outer) if way == "mount" else Browser(pages, root_path="/certificates")
    path = f"/certificates/records/{study.share((1,))}"
    shown = page(browser.get(path))
    assert shown.all("form") == [{"method": "post"}]
    opened = page(browser.post(path))
    assert "73.31 of 100" in opened.text
    for target in opened.values("href"):
        assert target.startswith("/certificates/"), target
        assert browser.get(target).status_code == 200, target
    (action,) = opened.values("action")
    file = browser.post(f"/certificates/records/{action}")
    assert Bundle.parse(file.content).code == study.code()
    assert study.opened() == 2


# whatever is asked


@pytest.fixture(scope="module")
def hall(archive: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """A study for many requests that change nothing."""
    place = archive.copy(tmp_path_factory.mktemp("hall"))
    with studying(place, links=True) as study:
        yield study
    shutil.rmtree(place.home)


_PATH = st.one_of(
    st.binary(max_size=60).map(quote),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map(quote),
    st.text("ABab09-_=./%~ ", max_size=30).map(lambda text: quote(text, safe="/")),
)


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT"]),
    first=st.sampled_from(["/records/", "/records//", "/records/x/", "/sign-in/", "/learner/"]),
    path=_PATH,
    tail=st.sampled_from(["", "/", "/file", "/file/", "?a=b", ".signedcert"]),
)
def test_no_path_breaks_the_pages(
    hall: Study, method: str, first: str, path: str, tail: str
) -> None:
    headers = {"Sec-Fetch-Site": "same-origin"}
    response = hall.browser.request(
        method, first + path + tail, headers=headers, follow_redirects=False
    )
    assert response.status_code in (200, 401, 404, 405)
    assert "location" not in response.headers
    assert hall.opened() == 0


def test_without_a_way_to_know_learners_links_still_open(archive: Place, tmp_path: Path) -> None:
    place = archive.copy(tmp_path)
    with studying(place) as study:
        token = study.share((1,))
    with Institution.open(place.home) as institution:
        browser = Browser(app(institution, lambda: LATER))
        assert "73.31 of 100" in page(browser.post(f"/records/{token}")).text
        for path in ("/learner", "/learner/share", "/learner/end", "/sign-in/x", "/sign-out"):
            assert browser.get(path).status_code == 404, path
            assert browser.send(path).status_code == 404, path
        assert "/learner" not in browser.get("/").text
