"""A report on a record as people and programs see it: all that is shown, and nothing else."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from signedcert.documents.record import STATUSES, CourseResult
from signedcert.documents.recordbadge import RecordCredential, present
from signedcert.verify.messages import message_for
from signedcert.verify.report import Report, Verdict
from signedcert.verify.show import (
    WITHHELD,
    capital,
    partial_in_words,
    report_to_json,
    result_fields,
    result_in_words,
    signed_fields,
    status_in_words,
)
from signedcert.verify.verifier import Verifier
from tests.reference import AT, ISSUED, ISSUER, NAME, World, credential, record
from tests.verify.test_steps import code_of, forked

FULL = record()._replace(
    started=date(2026, 5, 11), valid_until=ISSUED + timedelta(days=60), issuer_name="Old Name"
)
LEARNER = "María-José Nguyễn"
PRACTICE = "practice problems (7 of 7)"
ALL = f"quiz (6 of 6), {PRACTICE}, final exam, final score"
QUIZ = CourseResult("quiz", Decimal(10), "Week 1", Decimal("9.5"))


def report(world: World, *numbers: int, with_name: bool = True) -> Report:
    """The report on a part of the record."""
    whole = world.record(FULL).decode()
    found = Verifier(world.trust).report(
        present(whole, numbers, with_name=with_name).encode(), at=AT
    )
    assert found.verdict is Verdict.AUTHENTIC
    return found


def whole(world: World) -> Report:
    """The report on all of it."""
    return report(world, *range(1, 16))


def claims(found: Report) -> RecordCredential:
    """What the record says that was found genuine."""
    assert isinstance(found.credential, RecordCredential)
    return found.credential


# for people


def in_words(value: object) -> list[str]:
    """How a field stands in a line, or in several."""
    if isinstance(value, datetime):
        return [f"{value:%Y-%m-%d %H:%M:%S} UTC"]
    if isinstance(value, date):
        return [value.isoformat()]
    if isinstance(value, tuple):
        return [result_in_words(one) for one in value]
    return [str(value)]


@pytest.mark.parametrize("field", [name for name in RecordCredential._fields if name != "digests"])
def test_every_signed_field_is_shown_with_a_label(field: str, world: World) -> None:
    """All but the digests, which say nothing beside what they are of."""
    texts = " ".join(text for _, text in signed_fields(whole(world)))
    for text in in_words(getattr(FULL, field)):
        assert text in texts


def test_what_is_shown_is_in_the_order_in_which_people_ask(world: World) -> None:
    found = whole(world)
    assert signed_fields(found) == [
        ("Learner", LEARNER),
        ("Course", FULL.title),
        ("About the course", FULL.description),
        ("What was done", FULL.narrative),
        ("Started", "2026-05-11"),
        ("Completed", "2026-06-30"),
        ("Quiz: Week 1", "10 of 10, 2026-04-20"),
        ("Quiz: Week 2", "9.5 of 10, 2026-04-27"),
        ("Quiz: Week 3", "7.25 of 10, 2026-05-04"),
        ("Quiz: Week 4", "no value (of 10), not handed in"),
        ("Quiz: Week 5", "8 of 10, 2026-05-18"),
        ("Quiz: Week 6", "6.5 of 10, 2026-05-25"),
        ("Practice problems: Set 1", "1 of 5"),
        ("Practice problems: Set 2", "2 of 5"),
        ("Practice problems: Set 3", "3 of 5"),
        ("Practice problems: Set 4", "4 of 5"),
        ("Practice problems: Set 5", "5 of 5"),
        ("Practice problems: Set 6", "0 of 5"),
        ("Practice problems: Set 7", "1 of 5, failed"),
        ("Final exam", "81.0625 of 100, 2026-06-26"),
        ("Final score", "82.5 of 100, 2026-06-30"),
        ("Institution", f"{NAME} ({ISSUER})"),
        ("Named in the document", "Old Name"),
        ("Issued", "2026-07-01 10:30:00 UTC"),
        ("Valid until", "2026-08-30 10:30:00 UTC"),
        ("Verification code", str(found.code)),
        ("Record id", f"urn:uuid:{FULL.id}"),
        ("Of the certificate", f"urn:uuid:{credential().id}"),
        ("Certificate digest", FULL.certificate_digest),
        ("Subject id", f"urn:uuid:{FULL.subject}"),
        ("Course document", FULL.course_url),
        ("Course digest", FULL.digest),
        ("Status entry", "list 1, index 900210"),
    ]


def test_a_partial_record_says_so_first(world: World) -> None:
    shown = signed_fields(report(world, 2, 15, with_name=False))
    assert shown[:3] == [
        (
            "Partial record",
            f"shows 2 of 15 results and no name. Not shown: quiz (5 of 6), {PRACTICE}, final exam",
        ),
        ("Learner", WITHHELD),
        ("Course", FULL.title),
    ]
    labels = [label for label, _ in shown]
    values = dict(shown)
    assert labels.index("Institution") == 7 + len(FULL.results)
    assert values["Quiz: Week 1"].startswith(WITHHELD)
    assert not values["Quiz: Week 2"].startswith(WITHHELD)
    assert LEARNER not in str(shown)


def test_of_a_withheld_result_neither_value_nor_day_is_shown(world: World) -> None:
    found = report(world, 15)
    for text in (str(signed_fields(found)), json.dumps(report_to_json(found))):
        for secret in ("81.0625", "2026-06-26", "7.25", "2026-05-04"):
            assert secret not in text


def test_a_certificate_is_not_called_partial(world: World) -> None:
    found = Verifier(world.trust).report(world.document(), at=AT)
    labels = dict(signed_fields(found))
    assert "Certificate id" in labels
    assert not {"Partial record", "Of the certificate", "Certificate digest"} & set(labels)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (QUIZ, "9.5 of 10"),
        (QUIZ._replace(achieved=date(2026, 5, 1)), "9.5 of 10, 2026-05-01"),
        (QUIZ._replace(status="Failed"), "9.5 of 10, failed"),
        (
            QUIZ._replace(status="Failed", achieved=date(2026, 5, 1)),
            "9.5 of 10, failed, 2026-05-01",
        ),
        (QUIZ._replace(value=Decimal(0)), "0 of 10"),
        (QUIZ._replace(value=None), "no value (of 10)"),
        (QUIZ._replace(value=None, status="Enrolled"), "no value (of 10), not handed in"),
        (QUIZ._replace(value=None, status="InProgress"), "no value (of 10), in progress"),
        (QUIZ._replace(maximum=Decimal("1E+2")), "9.5 of 100"),
        (QUIZ.withheld(), f"not shown by the learner (of {QUIZ.maximum})"),
    ],
)
def test_a_result_is_told_in_words(result: CourseResult, words: str) -> None:
    assert result_in_words(result) == words


def test_every_status_has_words_of_its_own() -> None:
    words = {status_in_words(QUIZ._replace(status=status)) for status in STATUSES}
    assert len(words) == len(STATUSES)
    assert words == {
        "completed",
        "not handed in",
        "failed",
        "in progress",
        "on hold",
        "provisional",
        "withdrawn",
    }


def hide(*numbers: int, name: bool = False) -> RecordCredential:
    """The record without these results, or without the name."""
    return FULL._replace(
        learner=None if name else LEARNER,
        results=tuple(
            one.withheld() if number in numbers else one
            for number, one in enumerate(FULL.results, 1)
        ),
    )


@pytest.mark.parametrize(
    ("partial", "words"),
    [
        (hide(), ""),
        (hide(name=True), "shows 15 of 15 results and no name"),
        (hide(14), "shows 14 of 15 results. Not shown: final exam"),
        (hide(1, 2), "shows 13 of 15 results. Not shown: quiz (2 of 6)"),
        (
            hide(1, 15, name=True),
            "shows 13 of 15 results and no name. Not shown: quiz (1 of 6), final score",
        ),
        (
            hide(*range(1, 16), name=True),
            f"shows 0 of 15 results and no name. Not shown: {ALL}",
        ),
    ],
)
def test_how_much_is_missing_is_told_in_words(partial: RecordCredential, words: str) -> None:
    assert partial_in_words(partial) == words


def test_results_have_their_names_as_labels_and_withheld_ones_say_so() -> None:
    first, *others, last = result_fields(hide(*range(2, 15)))
    assert first == ("Quiz: Week 1", "10 of 10, 2026-04-20")
    assert last == ("Final score", "82.5 of 100, 2026-06-30")
    assert [label.casefold() for label, _ in others] == [
        result.name.casefold() for result in FULL.results[1:-1]
    ]
    assert {words.partition(" (of ")[0] for _, words in others} == {WITHHELD}


@pytest.mark.parametrize(
    ("text", "begun"), [("quiz", "Quiz"), ("MIT quiz", "MIT quiz"), ("élan", "Élan"), ("", "")]
)
def test_a_line_begins_with_a_capital_and_nothing_else_changes(text: str, begun: str) -> None:
    assert capital(text) == begun


# for programs


def as_json(found: Report) -> Any:  # noqa: ANN401 - JSON is any
    """What a program reads."""
    return json.loads(json.dumps(report_to_json(found)))


def test_programs_find_every_signed_field_under_the_name_of_the_specification(
    world: World,
) -> None:
    found = as_json(whole(world))
    assert found["certificate"] is None
    results = found["record"].pop("results")
    assert found["record"] == {
        "id": f"urn:uuid:{FULL.id}",
        "subject": f"urn:uuid:{FULL.subject}",
        "learner": LEARNER,
        "course": {
            "id": FULL.course,
            "version": FULL.version,
            "title": FULL.title,
            "description": FULL.description,
            "criteria": FULL.narrative,
            "url": f"{ISSUER}/courses/{FULL.course}/{FULL.version}.json",
            "digest": FULL.digest,
        },
        "started": "2026-05-11",
        "completed": "2026-06-30",
        "issuer": {"id": ISSUER, "name": NAME, "name_in_document": "Old Name"},
        "issued": "2026-07-01T10:30:00Z",
        "valid_until": "2026-08-30T10:30:00Z",
        "status": {"list": 1, "index": 900210},
        "certificate": {
            "id": f"urn:uuid:{credential().id}",
            "digest": FULL.certificate_digest,
        },
        "partial": False,
    }
    assert len(results) == 15
    assert results[2] == {
        "number": 3,
        "kind": "quiz",
        "title": "Week 3",
        "maximum": "10",
        "shown": True,
        "status": "Completed",
        "value": "7.25",
        "achieved": "2026-05-04",
    }
    assert results[3] == {
        "number": 4,
        "kind": "quiz",
        "title": "Week 4",
        "maximum": "10",
        "shown": True,
        "status": "Enrolled",
        "value": None,
        "achieved": None,
    }


def test_programs_get_each_result_as_it_was_signed(world: World) -> None:
    for number, (one, found) in enumerate(
        zip(FULL.results, as_json(whole(world))["record"]["results"], strict=True), 1
    ):
        assert found["number"] == number
        assert (found["kind"], found["title"], found["status"]) == (one.kind, one.title, one.status)
        assert Decimal(found["maximum"]) == one.maximum
        assert found["value"] == (None if one.value is None else f"{one.value:f}")
        assert found["achieved"] == (None if one.achieved is None else one.achieved.isoformat())


def test_programs_are_told_what_is_withheld(world: World) -> None:
    found = as_json(report(world, 15, with_name=False))["record"]
    assert found["partial"] is True
    assert found["learner"] is None
    assert [one["shown"] for one in found["results"]] == [False] * 14 + [True]
    assert found["results"][13] == {
        "number": 14,
        "kind": "final exam",
        "title": None,
        "maximum": "100",
        "shown": False,
        "status": None,
        "value": None,
        "achieved": None,
    }


def test_programs_get_what_is_shown_of_a_nameless_record(world: World) -> None:
    found = as_json(report(world, *range(1, 16), with_name=False))["record"]
    assert (found["partial"], found["learner"]) == (True, None)


def test_nothing_is_shown_of_what_was_not_found_genuine(world: World, ed25519_world: World) -> None:
    document = world.record(FULL)
    forged = ed25519_world.record(FULL).partition(b"~")
    forged_here = world.sign(b"{}").rpartition(b".")[0] + b"." + forged[0].rpartition(b".")[2]
    for trust, wrong in (
        (ed25519_world.trust, document),
        (world.trust, forged_here + b"~"),
        (world.trust, document + b"x"),
        (world.with_state("void"), document),
        (forked(world), document),
    ):
        found = Verifier(trust).report(wrong, at=AT)
        assert not found
        assert signed_fields(found) == []
        shown = report_to_json(found)
        assert shown["record"] is shown["certificate"] is None
        assert LEARNER not in json.dumps(shown, ensure_ascii=False)


def test_a_broken_signature_shows_nothing(world: World) -> None:
    jwt, _, rest = world.record(FULL).partition(b"~")
    other = b"A" if jwt[-9:-8] != b"A" else b"B"
    found = Verifier(world.trust).report(jwt[:-9] + other + jwt[-8:] + b"~" + rest, at=AT)
    assert found.reason == "bad-signature"
    assert signed_fields(found) == []
    assert report_to_json(found)["record"] is None


def test_words_of_a_report_are_about_a_record(world: World) -> None:
    found = as_json(whole(world))
    assert found["title"] == "This course record is authentic"
    assert (found["title"], found["text"], found["advice"]) == message_for("authentic", "record")
    assert found["code"] == code_of(world.record(FULL).partition(b"~")[0])
