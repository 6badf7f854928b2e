"""The sheet: what is printed, and which documents are not."""

import json

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.errors import MalformedError, RenderError
from signedcert.render import Sheet
from tests.core.refusal import refused
from tests.reference import World, course
from tests.render.certificates import bundle_of, taught_by


def test_it_is_what_was_signed_and_what_the_course_says(world: World) -> None:
    bundle = bundle_of(world, taught_by(2))
    sheet = Sheet.of(bundle, {"Karl T. Ulrich": "/ulrich.svg"})
    assert (sheet.learner, sheet.institution) == ("María-José Nguyễn", "Example University")
    assert [one.signature for one in sheet.instructors] == [None, "/ulrich.svg"]
    assert sheet.url + sheet.code == f"https://learn.example.edu/verify/{bundle.code}"


def test_the_template_reads_all_of_it(world: World) -> None:
    sheet = Sheet.of(bundle_of(world))
    read = json.loads(sheet.encode())
    assert set(read) == set(Sheet.__slots__)
    assert read["completed"] == "2026-06-30"
    assert read["hours"] == [5, 7]
    assert read["instructors"][0]["name"] == "Christian Terwiesch"
    assert read["syllabus"][0]["topics"]


def test_there_is_no_score_in_it(world: World) -> None:
    words = {"score", "grade", "result", "mark", "points", "percent"}
    assert not any(word in name for name in Sheet.__slots__ for word in words)
    assert "weight" not in Sheet.of(bundle_of(world)).encode()


def test_a_course_record_is_not_printed(world: World) -> None:
    for document in (world.record().decode(), world.record().decode().partition("~")[0]):
        with refused("typ-unexpected"):
            Sheet.of(Bundle(document, course().text))


def test_without_its_course_document_it_is_refused(world: World) -> None:
    bundle = bundle_of(world)
    with refused("course-missing", kind=RenderError):
        Sheet.of(bundle._replace(course=None))
    with refused("course-digest-mismatch", kind=RenderError):
        Sheet.of(bundle._replace(course=taught_by(2).text))


@pytest.mark.parametrize("document", ["", "a.b", "ey.ey.ey", "x" * 70_000, "\ud800.a.b"])
def test_what_is_no_certificate_is_refused(document: str) -> None:
    with pytest.raises(MalformedError):
        Sheet.of(Bundle(document, course().text))
