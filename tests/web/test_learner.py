"""The learner's page: their own records and links only, and what they chose."""

from datetime import timedelta
from typing import Any

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.registry.shares import ShareRow
from signedcert.sharing.records import CourseRecords
from signedcert.web import app
from tests.institution.homes import URL
from tests.reference import course as reference_course
from tests.web.browser import Browser
from tests.web.html import Page
from tests.web.reading import everything, page
from tests.web.study import ADA, ALL, GRACE, NAMES, RESULTS, SECRETS, Study

NOT_MADE = "The link was not made."


@pytest.fixture
def ada(study: Study) -> Study:
    """A study at which Ada is signed in."""
    study.signed_in.append(ADA)
    return study


def chosen(study: Study, *results: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - fields
    """A form that shares results; a change to None leaves a field out."""
    fields: dict[str, Any] = {
        "record": str(study.code()),
        "label": "Acme",
        "name": "yes",
        "result": [str(number) for number in results],
        "days": "30",
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def link_of(shown: Page) -> str:
    """The path of the link that a page shows."""
    assert [one["id"] for one in shown.all("textarea")] == ["link"]
    (link,) = [text for text in shown.texts if text.startswith(f"{URL}/records/")]
    return link.removeprefix(URL)


# who sees it


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("HEAD", ""), ("POST", "/share"), ("POST", "/end")]
)
def test_who_is_not_signed_in_is_told_nothing(study: Study, method: str, path: str) -> None:
    study.share()
    fields = b"share=all&record=" + str(study.code()).encode()
    content = fields if method == "POST" else None
    headers = {"Sec-Fetch-Site": "same-origin"}
    response = study.browser.request(
        method, "/learner" + path, content=content, headers=headers, follow_redirects=False
    )
    assert response.status_code == 401
    shown = everything(response)
    about = (*SECRETS, *NAMES.values(), "Acme", reference_course().title, str(study.code()))
    assert [one for one in about if one in shown] == []
    assert response.headers["cache-control"] == "no-store"
    (log,) = study.logs()
    assert log.share.ended is None


def test_who_is_not_signed_in_is_told_of_sign_in_links_only_where_there_are_some(
    study: Study, linked: Study
) -> None:
    assert (
        "ask Example University for a sign-in link"
        in page(linked.browser.get("/learner"), 401).text
    )
    assert "sign-in link" not in page(study.browser.get("/learner"), 401).text


def test_who_is_not_signed_in_gets_no_record(study: Study) -> None:
    response = study.browser.get(f"/learner/{study.code()}.signedcert")
    assert "Nothing here" in page(response, 404).text


def test_the_host_says_who_is_signed_in(study: Study) -> None:
    for learner_id, other_id in ((ADA, GRACE), (GRACE, ADA)):
        study.signed_in[:] = [learner_id]
        shown = page(study.browser.get("/learner"))
        assert NAMES[learner_id] in shown.text
        assert NAMES[other_id] not in shown.text
        for result in RESULTS[learner_id]:
            if result.value is not None:
                assert f"{result.value} of {result.maximum}" in shown.text
        for result in RESULTS[other_id]:
            assert f"{result.value} of" not in shown.text
        assert "/sign-out" not in shown.values("action")
    assert study.browser.send("/sign-out").status_code == 404


def test_a_learner_without_records_is_told_so(study: Study) -> None:
    study.signed_in.append("s-99")
    shown = page(study.browser.get("/learner"))
    assert "There is no course record of yours yet." in shown.text
    assert shown.all("form") == []


def test_the_learners_page_is_kept_by_nobody(ada: Study) -> None:
    response = ada.browser.get("/learner")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "strict-origin"
    assert response.headers["x-robots-tag"] == "noindex, nofollow"
    assert "form-action 'self'" in response.headers["content-security-policy"]


def test_every_result_and_the_name_are_offered_and_checked(ada: Study) -> None:
    shown = page(ada.browser.get("/learner"))
    boxes = [one for one in shown.fields if one.get("type") == "checkbox"]
    assert [(one["name"], one["value"]) for one in boxes] == [
        ("name", "yes"),
        *(("result", str(number)) for number in ALL),
    ]
    assert all("checked" in one for one in boxes)
    assert [one["value"] for one in shown.all("option")] == ["30", "7", "90", "365", "never"]


def test_the_whole_record_can_be_downloaded_by_its_learner(ada: Study) -> None:
    shown = page(ada.browser.get("/learner"))
    path = f"/learner/{ada.code()}.signedcert"
    assert path in shown.values("href")
    response = ada.browser.get(path)
    verified = ada.institution.verifier().verify_record(
        Bundle.parse(response.content), at=ada.clock.now
    )
    assert verified.results == RESULTS[ADA]
    assert verified.learner == NAMES[ADA]
    assert response.headers["cache-control"] == "no-store"
    name = f'attachment; filename="record-{ada.code()}.signedcert"'
    assert response.headers["content-disposition"] == name


@pytest.mark.parametrize("code", ["{grace}", "{bare}", "{lower}", "nonsense", "%00", "A" * 300])
def test_no_other_record_can_be_downloaded(ada: Study, code: str) -> None:
    spelled = code.format(
        grace=ada.code(GRACE), bare=ada.code().symbols, lower=str(ada.code()).lower()
    )
    response = ada.browser.get(f"/learner/{spelled}.signedcert")
    assert response.status_code == 404
    assert "97.67" not in everything(response)


# sharing


def shared(study: Study) -> ShareRow:
    """The newest share."""
    return study.logs()[0].share


@pytest.mark.parametrize("numbers", [ALL, (2, 4), (1,)])
def test_what_was_chosen_is_shared_and_shown_to_a_stranger(
    ada: Study, numbers: tuple[int, ...]
) -> None:
    response = ada.browser.send("/learner/share", chosen(ada, *numbers, label="  Acme & Söhne "))
    shown = page(response)
    path = link_of(shown)
    assert path in shown.values("href")
    row = shared(ada)
    assert (row.results, row.with_name, row.label) == (numbers, True, "Acme & Söhne")
    assert row.document == ada.code()
    assert row.learner_id == ADA
    assert "Acme & Söhne" in shown.text
    assert f"{len(numbers)} of 6 results" in shown.text
    opened = page(ada.browser.post(path))
    for number, result in enumerate(RESULTS[ADA], 1):
        if result.value is not None:
            assert (f"{result.value} of" in opened.text) is (number in numbers)


def test_a_link_is_shown_this_once(ada: Study) -> None:
    token = link_of(page(ada.browser.send("/learner/share", chosen(ada, 1)))).rpartition("/")[2]
    response = ada.browser.get("/learner")
    assert token not in everything(response)
    assert "Acme" in page(response).text


def test_without_the_box_of_the_name_it_is_withheld(ada: Study) -> None:
    shown = page(ada.browser.send("/learner/share", chosen(ada, 1, name=None)))
    assert shared(ada).with_name is False
    assert "without your name" in shown.text
    assert "Lovelace" not in ada.browser.post(link_of(shown)).text


@pytest.mark.parametrize(
    ("days", "end"),
    [("7", "2026-08-08"), ("30", "2026-08-31"), ("90", "2026-10-30"), ("365", "2027-08-01")],
)
def test_a_link_ends_by_itself_when_the_learner_said(ada: Study, days: str, end: str) -> None:
    shown = page(ada.browser.send("/learner/share", chosen(ada, 1, days=days)))
    assert f"ends {end}" in shown.text
    assert shared(ada).expires == f"{end}T00:00:00Z"
    ada.clock.pass_by(timedelta(days=int(days)))
    assert ada.browser.get(link_of(shown)).status_code == 404


def test_a_link_may_have_no_end(ada: Study) -> None:
    shown = page(ada.browser.send("/learner/share", chosen(ada, 1, days="never")))
    assert shared(ada).expires is None
    assert "no end" in shown.text
    ada.clock.pass_by(timedelta(days=365_000))
    assert ada.browser.get(link_of(shown)).status_code == 200


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no result": ({"result": None}, "choose at least one result"),
    "an unknown result": ({"result": ["7"]}, "no result 7"),
    "one of them unknown": ({"result": ["1", "99"]}, "no result 99"),
    "the number of the name": ({"result": ["0", "1"]}, "no result 0"),
    "a negative number": ({"result": ["-1"]}, "choose results by their numbers"),
    "no number": ({"result": ["quiz"]}, "choose results by their numbers"),
    "digits of others": ({"result": ["\N{ARABIC-INDIC DIGIT ONE}"]}, "by their numbers"),
    "a large number": ({"result": ["1" * 4000]}, "choose results by their numbers"),
    "no label": ({"label": None}, "What the link is for: "),
    "an empty label": ({"label": ""}, "What the link is for: "),
    "a blank label": ({"label": " \t\n\N{NO-BREAK SPACE}"}, "What the link is for: "),
    "an invisible label": ({"label": "\N{ZERO WIDTH SPACE}"}, "What the link is for: "),
    "a long label": ({"label": "x" * 201}, "at most 200 are allowed"),
    "a label of long letters": ({"label": "€" * 67}, "at most 200 are allowed"),
    "a label that turns around": ({"label": "a\N{RIGHT-TO-LEFT OVERRIDE}b"}, "bidirectional"),
    "a label of two lines": ({"label": "a\nb"}, "control character"),
    "half a letter": ({"label": "a\N{COMBINING ACUTE ACCENT}"}, "normal form C"),
    "no days": ({"days": None}, "choose when the link ends"),
    "zero days": ({"days": "0"}, "choose when the link ends"),
    "other days": ({"days": "31"}, "choose when the link ends"),
    "many days": ({"days": "9" * 5000}, "choose when the link ends"),
    "days in words": ({"days": "soon"}, "choose when the link ends"),
    "days with a sign": ({"days": "+30"}, "choose when the link ends"),
    "days with a zero": ({"days": "030"}, "choose when the link ends"),
    "no record": ({"record": None}, "choose one of your records"),
    "an unknown record": ({"record": "NSPQ-8W1B-BCGX-GRPY-7QQP"}, "choose one of your records"),
    "a record in lower case": ({"record": "{lower}"}, "choose one of your records"),
    "another learner's record": ({"record": "{grace}"}, "choose one of your records"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_shared_is_refused_with_a_way_out(ada: Study, what: str) -> None:
    changes, words = REFUSED[what]
    fields = chosen(ada, 1, **changes)
    codes = {"lower": str(ada.code()).lower(), "grace": ada.code(GRACE)}
    if "record" in fields:
        fields["record"] = fields["record"].format(**codes)
    response = ada.browser.send("/learner/share", fields)
    shown = page(response, 422)
    assert NOT_MADE in shown.text
    assert words in shown.text
    assert {"class": "verdict not-authentic", "role": "alert"} in shown.all("div")
    assert "/records/" not in response.text
    assert "97.67" not in response.text
    assert ada.logs() == ada.logs(GRACE) == []


def test_a_result_named_twice_is_shared_once(ada: Study) -> None:
    page(ada.browser.send("/learner/share", chosen(ada, 2, 2, 1)))
    assert shared(ada).results == (1, 2)


def test_a_label_of_200_bytes_is_taken(ada: Study) -> None:
    label = "€" * 66 + "xx"
    assert label in page(ada.browser.send("/learner/share", chosen(ada, 1, label=label))).text
    assert shared(ada).label == label


# ending


def end(study: Study, number: object) -> Page:
    """Ends a link by the form, and shows the page to which that leads."""
    response = study.browser.send("/learner/end", {"share": str(number)})
    assert response.status_code == 303
    assert response.headers["location"] == "/learner"
    assert response.headers["cache-control"] == "no-store"
    return page(study.browser.get("/learner"))


def live(study: Study, learner_id: str = ADA) -> list[int]:
    """The numbers of the links that have not been ended."""
    return sorted(log.share.number for log in study.logs(learner_id) if log.share.ended is None)


def test_one_link_is_ended_by_its_button(ada: Study) -> None:
    tokens = [ada.share(label=label) for label in ("Acme", "Initech", "Umbrella")]
    number = ada.logs()[1].share.number
    listed = page(ada.browser.get("/learner"))
    hidden = [one["value"] for one in listed.all("input") if one.get("name") == "share"]
    assert hidden == [str(log.share.number) for log in ada.logs()] + ["all"]
    shown = end(ada, number)
    assert [ada.browser.get(f"/records/{token}").status_code for token in tokens] == [200, 404, 200]
    assert "1 that has ended" in shown.text
    assert shown.text.index("Initech") > shown.text.index("1 that has ended")
    assert "ended 2026-08-01" in shown.text


def test_all_links_are_ended_by_one_button(ada: Study) -> None:
    tokens = [ada.share() for _ in range(3)]
    others = ada.share(learner_id=GRACE)
    shown = end(ada, "all")
    assert {ada.browser.get(f"/records/{token}").status_code for token in tokens} == {404}
    assert ada.browser.get(f"/records/{others}").status_code == 200
    assert "None of them is live." in shown.text
    assert "3 that have ended" in shown.text
    assert "/learner/end" not in shown.values("action")


def test_what_has_ended_stays_as_it_is(ada: Study) -> None:
    ada.share()
    number = ada.logs()[0].share.number
    end(ada, number)
    before = ada.logs()
    ada.clock.pass_by(timedelta(days=1))
    end(ada, number)
    end(ada, "all")
    assert ada.logs() == before
    assert before[0].share.ended == "2026-08-01T00:00:00Z"


@pytest.mark.parametrize(
    "number",
    ["", "0", "-1", "99", "1 OR 1=1", "ALL", "9" * 9, "9" * 30, "\N{SUPERSCRIPT ONE}", "1.0"],
)
def test_a_number_that_is_none_ends_nothing(ada: Study, number: str) -> None:
    ada.share()
    end(ada, number)
    assert len(live(ada)) == 1


def test_nobody_ends_the_links_of_another_learner(ada: Study) -> None:
    token = ada.share(learner_id=GRACE)
    end(ada, ada.logs(GRACE)[0].share.number)
    end(ada, "all")
    assert len(live(ada, GRACE)) == 1
    assert ada.browser.get(f"/records/{token}").status_code == 200


# what is listed


def test_the_openings_are_listed_minute_by_minute(ada: Study) -> None:
    token = ada.share()
    assert "Not opened yet" in page(ada.browser.get("/learner")).text
    ada.browser.get(f"/records/{token}")
    assert "Not opened yet" in page(ada.browser.get("/learner")).text
    ada.browser.post(f"/records/{token}")
    assert (
        "Opened or downloaded 1 time 2026-08-01 00:00 UTC" in page(ada.browser.get("/learner")).text
    )
    ada.browser.post(f"/records/{token}/file")
    ada.clock.pass_by(timedelta(hours=13, minutes=7))
    ada.browser.post(f"/records/{token}")
    shown = page(ada.browser.get("/learner"))
    listed = "Opened or downloaded 3 times 2026-08-01 13:07 UTC 2026-08-01 00:00 UTC , 2 times"
    assert listed in shown.text
    assert {"datetime": "2026-08-01T13:07:00Z"} in shown.all("time")


def test_the_openings_of_a_link_that_has_ended_stay_listed(ada: Study) -> None:
    token = ada.share()
    ada.browser.post(f"/records/{token}")
    assert "Opened or downloaded 1 time 2026-08-01 00:00 UTC" in end(ada, "all").text
    ada.browser.post(f"/records/{token}")
    assert "Opened or downloaded 1 time" in page(ada.browser.get("/learner")).text


def test_a_link_that_has_expired_is_listed_as_ended(ada: Study) -> None:
    ada.share(label="Umbrella", expires=ada.clock.now + timedelta(days=7))
    ada.clock.pass_by(timedelta(days=7) - timedelta(seconds=1))
    before = page(ada.browser.get("/learner"))
    assert "ends 2026-08-08" in before.text
    assert "ended" not in before.text
    ada.clock.pass_by(timedelta(seconds=1))
    shown = page(ada.browser.get("/learner"))
    assert "1 that has ended" in shown.text
    assert "ended 2026-08-08" in shown.text
    assert "None of them is live." in shown.text


def test_the_links_of_others_are_not_listed(ada: Study) -> None:
    ada.share(learner_id=GRACE, label="Umbrella")
    shown = page(ada.browser.get("/learner"))
    assert "Umbrella" not in shown.text
    assert "Links that you made" not in shown.text


def test_two_records_have_a_form_each(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [study.record(ADA), study.record(GRACE)]
    study.signed_in.append(ADA)
    monkeypatch.setattr(CourseRecords, "of", lambda *_: records)
    shown = page(study.browser.get("/learner"))
    hidden = [one["value"] for one in shown.all("input") if one.get("name") == "record"]
    assert hidden == [str(record.code) for record in records]
    assert shown.values("action").count("/learner/share") == 2


def test_under_a_prefix_the_learner_stays_under_it(ada: Study) -> None:
    pages = app(ada.institution, ada.clock, current_learner=lambda _: ADA)
    browser = Browser(pages, root_path="/certificates")
    shown = page(browser.send("/certificates/learner/share", chosen(ada, 1)))
    targets = shown.values("href") + shown.values("action")
    assert all(target.startswith("/certificates/") for target in targets)
    for target in shown.values("href"):
        assert browser.get(target).status_code == 200, target
    response = browser.send("/certificates/learner/end", {"share": "all"})
    assert response.headers["location"] == "/certificates/learner"
