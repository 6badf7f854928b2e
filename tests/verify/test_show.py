"""A report as people and programs see it: the same content, and nothing of a forgery."""

import json
from datetime import date, timedelta

from signedcert.verify.messages import message_for, outcome_title, step_title
from signedcert.verify.report import Outcome, Verdict
from signedcert.verify.show import report_to_json, signed_fields
from signedcert.verify.verifier import Verifier
from tests.reference import AT, ISSUED, ISSUER, NAME, World, credential
from tests.verify.test_steps import code_of, forked

FULL = credential()._replace(
    started=date(2026, 5, 11), valid_until=ISSUED + timedelta(days=60), issuer_name="Old Name"
)


def test_every_signed_field_is_shown_with_a_label(world: World) -> None:
    document = world.sign(FULL.encode())
    shown = dict(signed_fields(Verifier(world.trust).report(document, at=AT)))
    texts = " ".join(shown.values())
    for value in FULL:
        text = value.strftime("%Y-%m-%d") if isinstance(value, date) else str(value)
        assert text in texts
    assert shown["Institution"] == f"{NAME} ({ISSUER})"
    assert shown["Named in the document"] == "Old Name"
    assert shown["Verification code"] == code_of(document)
    assert shown["Issued"] == "2026-07-01 10:30:00 UTC"
    assert shown["Valid until"] == "2026-08-30 10:30:00 UTC"


def test_what_is_shown_is_in_the_order_in_which_people_ask(world: World) -> None:
    document = world.sign(FULL.encode())
    assert signed_fields(Verifier(world.trust).report(document, at=AT)) == [
        ("Learner", FULL.learner),
        ("Course", FULL.title),
        ("About the course", FULL.description),
        ("What was done", FULL.narrative),
        ("Started", "2026-05-11"),
        ("Completed", "2026-06-30"),
        ("Institution", f"{NAME} ({ISSUER})"),
        ("Named in the document", "Old Name"),
        ("Issued", "2026-07-01 10:30:00 UTC"),
        ("Valid until", "2026-08-30 10:30:00 UTC"),
        ("Verification code", code_of(document)),
        ("Certificate id", f"urn:uuid:{FULL.id}"),
        ("Subject id", f"urn:uuid:{FULL.subject}"),
        ("Course document", FULL.course_url),
        ("Course digest", FULL.digest),
        ("Status entry", "list 1, index 77123"),
    ]


def test_what_is_not_signed_has_no_label(world: World) -> None:
    shown = dict(signed_fields(Verifier(world.trust).report(world.document(), at=AT)))
    assert not {"Started", "Valid until", "Named in the document"} & set(shown)


def test_nothing_is_shown_of_what_was_not_found_genuine(world: World, ed25519_world: World) -> None:
    forged = ed25519_world.sign(FULL.encode(), world.header())
    for trust, document in (
        (world.trust, forged),
        (world.trust, b"%PDF"),
        (world.with_state("void"), world.document()),
        (forked(world), world.document()),
    ):
        report = Verifier(trust).report(document, at=AT)
        assert signed_fields(report) == []
        found = report_to_json(report)
        assert found["certificate"] is None
        assert FULL.learner not in json.dumps(found, ensure_ascii=False)


def test_programs_get_verdict_reason_words_and_ten_checks(world: World) -> None:
    report = Verifier(world.trust).report(world.document(), at=AT, code="nonsense")
    found = json.loads(json.dumps(report_to_json(report)))
    assert (found["verdict"], found["reason"]) == ("not authentic", "code-mismatch")
    assert found["title"]
    assert found["text"]
    assert found["advice"]
    assert found["code"] == code_of(world.document())
    assert [check["step"] for check in found["checks"]] == list(range(1, 11))
    assert found["checks"][8]["detail"] == "code-length"
    assert found["checks"][0]["reason"] is None
    assert report_to_json(Verifier(world.trust).report(b"", at=AT))["code"] is None


def test_programs_get_what_was_signed(world: World) -> None:
    report = Verifier(world.trust).report(world.sign(FULL.encode()), at=AT)
    assert report.verdict is Verdict.AUTHENTIC
    text = json.dumps(report_to_json(report)["certificate"], ensure_ascii=False)
    for value in (FULL.learner, FULL.title, FULL.id, FULL.subject, FULL.digest, NAME, "2026-05-11"):
        assert value in text


def test_programs_find_every_signed_field_under_the_name_of_the_specification(
    world: World,
) -> None:
    report = Verifier(world.trust).report(world.sign(FULL.encode()), at=AT)
    assert report_to_json(report)["certificate"] == {
        "id": f"urn:uuid:{FULL.id}",
        "subject": f"urn:uuid:{FULL.subject}",
        "learner": FULL.learner,
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
        "status": {"list": 1, "index": 77123},
    }


def test_programs_get_null_for_what_is_not_signed(world: World) -> None:
    found = report_to_json(Verifier(world.trust).report(world.document(), at=AT))
    certificate = json.loads(json.dumps(found["certificate"]))
    assert {name for name, value in certificate.items() if value is None} == {
        "started",
        "valid_until",
    }


def test_programs_get_each_check_in_full(world: World) -> None:
    report = Verifier(world.trust).report(world.document(), at=AT, code="nonsense")
    found = json.loads(json.dumps(report_to_json(report)))
    names = ["verdict", "reason", "title", "text", "advice", "code", "checks"]
    assert list(found) == [*names, "certificate", "record", "status", "printed"]
    assert (found["record"], found["status"]) == (None, None)
    assert (found["title"], found["text"], found["advice"]) == message_for("code-mismatch")
    assert found["checks"][8] == {
        "step": 9,
        "title": step_title(9),
        "outcome": "failed",
        "in_words": outcome_title(Outcome.FAILED),
        "reason": "code-mismatch",
        "detail": "code-length",
        "technical": report.checks[8].technical,
    }
    assert found["checks"][2] == {
        "step": 3,
        "title": step_title(3),
        "outcome": "passed",
        "in_words": outcome_title(Outcome.PASSED),
        "reason": None,
        "detail": None,
        "technical": None,
    }
