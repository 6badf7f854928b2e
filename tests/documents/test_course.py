"""The course document: its bytes, its digest, and what it may say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from signedcert.documents.course import DISCLAIMER, MAX_COURSE, Component, Course
from signedcert.documents.digest import digest_sri
from signedcert.errors import Malformed, MalformedError
from tests.core.refusal import outcome, refused
from tests.reference import course

SOURCE = Path(__file__).parents[1] / "reference" / "course.json"

Edit: TypeAlias = Callable[[dict[str, Any]], object]


def edited(edit: Edit) -> bytes:
    """The reference course with a change."""
    value = json.loads(SOURCE.read_bytes())
    edit(value)
    return json.dumps(value).encode()


def values(**changes: object) -> dict[str, Any]:
    """The fields of the reference course, with changes."""
    return {name: getattr(course(), name) for name in Course.model_fields} | changes


def test_a_course_keeps_the_exact_bytes_that_it_was_read_from() -> None:
    data = SOURCE.read_bytes()
    for read in (Course.parse(data), Course.read(SOURCE), Course.read(str(SOURCE))):
        assert read.text.encode() == data
        assert read.digest == digest_sri(data.decode())


@given(st.text(" \t\r\n", max_size=10))
def test_white_space_is_kept_and_changes_the_digest(space: str) -> None:
    data = SOURCE.read_bytes() + space.encode()
    read = Course.parse(data)
    assert read.text.encode() == data
    assert (read.digest == course().digest) == (space == "")
    assert read.title == course().title


def test_a_course_of_values_is_written_in_one_spelling_and_read_back() -> None:
    made = Course(**values())
    assert made.summary == course().summary
    assert json.loads(made.text) == json.loads(course().text)
    assert '"hours_per_week":{"from":5,"to":7}' in made.text
    again = Course.parse(made.text.encode())
    assert again.model_dump() == made.model_dump() == course().model_dump()
    assert (again.text, again.digest) == (made.text, made.digest)


def test_the_disclaimer_has_a_default() -> None:
    read = Course.parse(edited(lambda value: value.pop("disclaimer")))
    assert read.disclaimer == DISCLAIMER
    assert "disclaimer" not in read.text


def test_summary_and_criteria_fit_the_certificate() -> None:
    assert course().summary.startswith("How do organisations turn inputs")
    assert len(course().summary.encode()) <= 120
    assert course().criteria == "Completed 7 weeks of coursework: quiz; final exam."


def test_one_week_is_no_weeks() -> None:
    read = Course.parse(edited(lambda value: value["workload"].update(weeks=1)))
    assert read.criteria.startswith("Completed 1 week of")


def test_criteria_of_many_kinds_are_cut() -> None:
    parts = [{"kind": f"a kind of work {i}", "count": 1, "weight_percent": 10} for i in range(10)]
    read = Course.parse(edited(lambda value: value.update(format=parts)))
    assert len(read.criteria.encode()) <= 120
    assert read.criteria.endswith("\u2026")


def test_a_course_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        course().title = "Another"
    with pytest.raises(ValidationError, match="frozen"):
        course().workload.weeks = 1
    assert hash(course()) == hash(Course.read(SOURCE))


def part(index: int, **changes: object) -> Edit:
    """Changes a component of the format."""
    return lambda value: value["format"][index].update(changes)


BAD: list[tuple[str, Edit, str]] = [
    ("no member", lambda value: value.pop("title"), "title"),
    ("an extra member", lambda value: value.update(price=1), "price"),
    (
        "an extra member below",
        lambda value: value["workload"].update(days=1),
        "workload.days",
    ),
    ("a slug with a capital", lambda value: value.update(id="Operations"), "id"),
    ("a slug with a space", lambda value: value.update(id="operations management"), "id"),
    ("a slug with a slash", lambda value: value.update(id="../x"), "id"),
    ("a slug with two hyphens", lambda value: value.update(id="a--b"), "id"),
    ("a slug with a hyphen at its end", lambda value: value.update(id="a-"), "id"),
    ("a slug with a line break", lambda value: value.update(id="a\n"), "id"),
    ("an empty slug", lambda value: value.update(id=""), "id"),
    ("a long slug", lambda value: value.update(id="a" * 65), "id"),
    ("version 0", lambda value: value.update(version=0), "version"),
    ("a negative version", lambda value: value.update(version=-1), "version"),
    ("a great version", lambda value: value.update(version=10_001), "version"),
    ("a version in quotes", lambda value: value.update(version="1"), "version"),
    ("a version that is true", lambda value: value.update(version=True), "version"),
    ("an empty title", lambda value: value.update(title=""), "title"),
    ("a blank title", lambda value: value.update(title=" \u200b"), "title"),
    ("a long title", lambda value: value.update(title="a" * 257), "title"),
    ("a title with a line break", lambda value: value.update(title="a\nb"), "title"),
    ("a title that turns round", lambda value: value.update(title="a\u202eb"), "title"),
    ("a title not in NFC", lambda value: value.update(title="e\u0301"), "title"),
    ("a title that is a number", lambda value: value.update(title=1), "title"),
    ("a title that is null", lambda value: value.update(title=None), "title"),
    ("a blank institution", lambda value: value.update(institution=" "), "institution"),
    (
        "a long description",
        lambda value: value.update(description="a" * 4001),
        "description",
    ),
    ("a language with a capital", lambda value: value.update(language="EN"), "language"),
    ("a language of one letter", lambda value: value.update(language="e"), "language"),
    ("a language with a line break", lambda value: value.update(language="en\n"), "language"),
    (
        "an instructor without title",
        lambda value: value["instructors"][0].pop("title"),
        "instructors.0.title",
    ),
    (
        "instructors that are an object",
        lambda value: value.update(instructors={}),
        "instructors",
    ),
    ("an empty syllabus", lambda value: value.update(syllabus=[]), "syllabus"),
    (
        "a long syllabus",
        lambda value: value.update(syllabus=[{"title": "a", "topics": []}] * 201),
        "syllabus",
    ),
    (
        "an empty topic",
        lambda value: value["syllabus"][2]["topics"].append(""),
        "syllabus.2.topics.5",
    ),
    ("no weeks", lambda value: value["workload"].update(weeks=0), "workload.weeks"),
    (
        "more hours from than to",
        lambda value: value["workload"].update(hours_per_week={"from": 8, "to": 7}),
        "workload.hours_per_week",
    ),
    (
        "no from",
        lambda value: value["workload"].update(hours_per_week={"to": 7}),
        "workload.hours_per_week.from",
    ),
    (
        "start in place of from",
        lambda value: value["workload"].update(hours_per_week={"start": 5, "to": 7}),
        "workload.hours_per_week.from",
    ),
    ("no format", lambda value: value.update(format=[]), "format"),
    ("no such work", part(0, count=0), "format.0.count"),
    ("a negative weight", part(2, weight_percent=-1), "format.2.weight_percent"),
    ("a weight over 100", part(2, weight_percent=101), "format.2.weight_percent"),
    ("verified in words", lambda value: value.update(verified_track="yes"), "verified_track"),
    ("verified as a number", lambda value: value.update(verified_track=1), "verified_track"),
    ("a blank disclaimer", lambda value: value.update(disclaimer=""), "disclaimer"),
]


@pytest.mark.parametrize(
    ("edit", "field"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_a_bad_course_is_refused_with_the_name_of_the_field(edit: Edit, field: str) -> None:
    with refused("wrong-value", f"course.json: {field}"):
        Course.parse(edited(edit), "course.json")
    with refused("wrong-value", field):
        Course.parse(edited(edit))


@pytest.mark.parametrize("weight", [0, 59, 61, 100])
def test_weights_add_up_to_100(weight: int) -> None:
    with pytest.raises(MalformedError, match=f"weights of the format add up to {weight + 40}, "):
        Course.parse(edited(part(2, weight_percent=weight)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (edited(lambda value: value.update(version=1.0)), "not-an-integer"),
        (edited(part(2, weight_percent=60.0)), "not-an-integer"),
        (b'{"id":"a","id":"b"}', "duplicate-member"),
        (b"{", "not-json"),
        (b"\xff", "not-utf8"),
        (b"[]", "wrong-value"),
        (b"null", "wrong-value"),
        (b'"text"', "wrong-value"),
        (b" " * (MAX_COURSE + 1), "too-large"),
        (edited(lambda value: value.update(title="\ud800")), "lone-surrogate"),
    ],
)
def test_what_is_no_course_is_refused(data: bytes, reason: Malformed) -> None:
    with refused(reason, "course.json"):
        Course.parse(data, "course.json")


def test_a_hostile_member_name_is_shown_short_and_printable() -> None:
    error = outcome(Course.parse, edited(lambda value: value.update({"\x1b[2J" + "a" * 99: 1})))
    assert isinstance(error, MalformedError)
    assert str(error).isprintable()
    assert len(error.where) <= 40


def test_a_course_that_cannot_be_read_is_refused_with_its_file(tmp_path: Path) -> None:
    missing = tmp_path / "missing.json"
    with refused("unreadable-file", str(missing)):
        Course.read(missing)
    with refused("unreadable-file", str(tmp_path)):
        Course.read(tmp_path)
    broken = tmp_path / "broken.json"
    broken.write_bytes(b"{}")
    with refused("wrong-value", f"{broken}: id"):
        Course.read(broken)


def test_values_are_checked_as_bytes_are() -> None:
    with pytest.raises(ValidationError, match="add up to 50"):
        Course(**values(format=(Component(kind="a", count=1, weight_percent=50),)))


@given(st.data())
def test_a_changed_course_is_refused_or_keeps_its_bytes(data: st.DataObject) -> None:
    changed = bytearray(SOURCE.read_bytes())
    position = data.draw(st.integers(0, len(changed)))
    changed[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    read = outcome(Course.parse, bytes(changed))
    if not isinstance(read, MalformedError):
        assert read.text.encode() == bytes(changed)


def test_an_object_of_very_many_members_is_refused_before_each_is_explained() -> None:
    members = b",".join(b'"%x":0' % i for i in range(20_000))
    with refused("too-large", "here"):
        Course.parse(b"{" + members + b"}", "here")


def test_only_the_first_of_very_many_wrong_elements_is_explained() -> None:
    """All of them took a third of a second and 100 MiB."""
    with pytest.raises(MalformedError) as caught:
        Course.parse(b'{"syllabus":[' + b"0," * 30_000 + b"0]}")
    cause = caught.value.__cause__
    assert isinstance(cause, ValidationError)
    assert cause.error_count() < 20


def test_a_copy_with_other_values_has_another_text_and_digest() -> None:
    copied = course().model_copy(update={"version": 2})
    assert copied.version == 2
    assert Course.parse(copied.text.encode()).version == 2
    assert copied.digest != course().digest


def test_a_copy_with_values_that_do_not_fit_is_refused() -> None:
    with pytest.raises(ValidationError):
        course().model_copy(update={"version": 0})


def test_a_plain_copy_keeps_the_text() -> None:
    assert course().model_copy().text == course().text
