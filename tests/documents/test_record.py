"""The claims of a course record: which results can stand in one, and how numbers are written."""

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signedcert.documents.record import (
    FINAL_SCORE,
    STATUSES,
    CourseRecord,
    CourseResult,
    Status,
    check_results,
    format_decimal,
    parse_decimal,
    split_name,
)
from signedcert.errors import IssueError, Malformed
from tests.core.refusal import refused
from tests.reference import course, results

FINAL = CourseResult(FINAL_SCORE, Decimal(100), value=Decimal("82.5"))
QUIZ = CourseResult("quiz", Decimal(10), "Week 1", Decimal("9.5"))


def with_quiz(**changes: Any) -> tuple[CourseResult, ...]:  # noqa: ANN401 - of any field
    """Two results, of which the second, a quiz, has other fields."""
    return (FINAL, QUIZ._replace(**changes))


# one result


def test_a_result_has_the_name_of_its_kind_and_title() -> None:
    assert QUIZ.name == "quiz: Week 1"
    assert FINAL.name == "final score"


def test_a_result_without_a_status_is_not_shown() -> None:
    assert QUIZ.shown
    assert QUIZ._replace(status="Enrolled", value=None).shown
    assert not QUIZ._replace(status=None).shown


def test_of_a_withheld_result_all_that_could_be_achieved_is_left() -> None:
    whole = QUIZ._replace(status="Failed", achieved=date(2026, 5, 1))
    assert whole.withheld() == CourseResult("quiz", Decimal(10), "Week 1", None, None, None)
    assert whole.withheld().withheld() == whole.withheld()


@pytest.mark.parametrize("one", [*results(), QUIZ, FINAL])
def test_a_name_can_be_split_again(one: CourseResult) -> None:
    assert split_name(one.name) == (one.kind, one.title)


@pytest.mark.parametrize(
    ("name", "kind", "title"),
    [
        ("quiz", "quiz", None),
        ("quiz: a", "quiz", "a"),
        ("quiz: a: b", "quiz", "a: b"),
        ("quiz:a", "quiz:a", None),
        ("quiz: ", "quiz", ""),
        (": a", "", "a"),
        ("", "", None),
    ],
)
def test_a_name_is_split_at_the_first_separator(name: str, kind: str, title: str | None) -> None:
    assert split_name(name) == (kind, title)


def test_the_statuses_are_those_of_open_badges() -> None:
    """Open Badges 3.0, ResultStatusType."""
    assert set(STATUSES) == set(get_args(Status))
    assert sorted(STATUSES) == [
        "Completed",
        "Enrolled",
        "Failed",
        "InProgress",
        "OnHold",
        "Provisional",
        "Withdrew",
    ]


# the results of a record


def test_the_reference_results_are_a_record() -> None:
    assert CourseRecord(results()).results == results()
    assert len(results()) == 15


def test_a_record_is_a_value() -> None:
    record = CourseRecord((FINAL,))
    with pytest.raises(FrozenInstanceError):
        record.results = ()  # type: ignore[misc]
    assert not hasattr(record, "__dict__")
    assert record == CourseRecord((FINAL,))


ALLOWED: list[tuple[CourseResult, ...]] = [
    (FINAL,),
    (FINAL._replace(title="of all"),),
    (QUIZ, FINAL),
    with_quiz(value=None),
    with_quiz(value=None, status="Enrolled"),
    with_quiz(value=Decimal(0)),
    with_quiz(value=Decimal(10)),
    with_quiz(value=Decimal("9.9999")),
    with_quiz(maximum=Decimal("999999999.9999")),
    with_quiz(maximum=Decimal("0.0001"), value=Decimal(0)),
    with_quiz(maximum=Decimal("1E+1")),
    with_quiz(value=Decimal("9.50000000")),
    with_quiz(title="Week: 1"),
    with_quiz(title="a: b"),
    with_quiz(title=None),
    with_quiz(kind="Quiz"),
    with_quiz(kind="Final score"),
    with_quiz(kind="a" * 248),
    (FINAL, *(QUIZ._replace(title=str(number)) for number in range(99))),
]


@pytest.mark.parametrize("allowed", ALLOWED)
def test_results_that_can_stand_in_a_record(allowed: tuple[CourseResult, ...]) -> None:
    check_results(allowed)
    CourseRecord(allowed)
    check_results(tuple(one.withheld() for one in allowed))


REFUSED: list[tuple[str, tuple[CourseResult, ...], Malformed, str]] = [
    ("none", (), "final-score-count", "results"),
    ("no final score", (QUIZ,), "final-score-count", "results"),
    ("two final scores", (FINAL, FINAL._replace(title="b")), "final-score-count", "results"),
    ("a name twice", (FINAL, QUIZ, QUIZ._replace(value=None)), "result-twice", "results[3]"),
    ("a final score twice", (FINAL, FINAL), "result-twice", "results[2]"),
    (
        "the same name, and a title in it",
        (FINAL, QUIZ._replace(title=None), QUIZ._replace(title=None)),
        "result-twice",
        "results[3]",
    ),
    (
        "101",
        (FINAL, *(QUIZ._replace(title=str(number)) for number in range(100))),
        "too-large",
        "results",
    ),
    ("a blank kind", with_quiz(kind=" "), "text-blank", "results[2].kind"),
    ("no kind", with_quiz(kind=""), "text-blank", "results[2].kind"),
    ("neither kind nor title", with_quiz(kind="", title=None), "text-blank", "results[2]"),
    ("a blank title", with_quiz(title="  "), "text-blank", "results[2].title"),
    ("an empty title", with_quiz(title=""), "text-blank", "results[2].title"),
    ("an invisible kind", with_quiz(kind="\u200b"), "text-blank", "results[2].kind"),
    ("an invisible title", with_quiz(title="\u2060"), "text-blank", "results[2].title"),
    ("a separator in the kind", with_quiz(kind="a: b"), "wrong-value", "results[2].kind"),
    ("a separator, no title", with_quiz(kind="a: ", title=None), "wrong-value", "results[2].kind"),
    ("a long name", with_quiz(kind="a" * 249), "text-too-long", "results[2]"),
    ("a line break", with_quiz(title="a\nb"), "text-control", "results[2]"),
    ("a title not in NFC", with_quiz(title="e\u0301"), "text-not-nfc", "results[2]"),
    ("a kind with an override", with_quiz(kind="a\u202e"), "text-bidi", "results[2]"),
    ("half a surrogate pair", with_quiz(title="\ud800"), "lone-surrogate", "results[2]"),
    (
        "more than the maximum",
        with_quiz(value=Decimal("10.0001")),
        "value-out-of-range",
        "results[2].value",
    ),
    (
        "a maximum of 0",
        with_quiz(maximum=Decimal(0), value=None),
        "value-out-of-range",
        "results[2].maximum",
    ),
    (
        "0 of 0",
        with_quiz(maximum=Decimal("0.00"), value=Decimal(0)),
        "value-out-of-range",
        "results[2].maximum",
    ),
    (
        "a final score without a value",
        (FINAL._replace(value=None),),
        "member-missing",
        "results[1].value",
    ),
]
NO_NUMBERS = [
    Decimal("NaN"),
    Decimal("-NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("-Infinity"),
    Decimal(-1),
    Decimal("-0"),
    Decimal("-0.0"),
    Decimal("-0.00001"),
    Decimal("1.00001"),
    Decimal("1E-5"),
    Decimal(1000000000),
    Decimal("1E+9"),
    Decimal("1E+5000"),
    Decimal("1E+999999999999"),  # which would take a terabyte
    Decimal("1E-999999999999"),
]
REFUSED += [
    (f"{field} {number}", with_quiz(**{field: number}), "wrong-value", f"results[2].{field}")
    for number in NO_NUMBERS
    for field in ("value", "maximum")
]


@pytest.mark.parametrize(
    ("wrong", "reason", "where"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_results_that_cannot_stand_in_a_record(
    wrong: tuple[CourseResult, ...], reason: Malformed, where: str
) -> None:
    with refused(reason, where):
        check_results(wrong)
    with refused(reason, where):
        CourseRecord(wrong)


def test_a_final_score_may_be_withheld_but_is_there() -> None:
    check_results((FINAL.withheld(), QUIZ))
    with refused("final-score-count"):
        check_results((QUIZ.withheld(),))


@pytest.mark.parametrize(
    ("wrong", "reason", "where"),
    [
        ((FINAL, QUIZ.withheld()), "member-missing", "results[2].status"),
        ((FINAL.withheld(),), "member-missing", "results[1].status"),
        (with_quiz(title="\u0378"), "text-unassigned", "results[2]"),
        (
            with_quiz(achieved=datetime(2026, 5, 1, tzinfo=UTC)),
            "wrong-type",
            "results[2].achieved",
        ),
    ],
)
def test_what_may_be_read_but_not_issued(
    wrong: tuple[CourseResult, ...], reason: Malformed, where: str
) -> None:
    check_results(wrong)
    with refused(reason, where):
        CourseRecord(wrong)


# the format of a course


def of_kind(kind: str, count: int) -> tuple[CourseResult, ...]:
    """A final score, and so many of another kind."""
    return (FINAL, *(QUIZ._replace(kind=kind, title=str(number)) for number in range(count)))


@pytest.mark.parametrize(
    "allowed",
    [
        results(),
        (FINAL,),
        of_kind("quiz", 6),
        of_kind("practice problems", 24),
        of_kind("final exam", 1),
    ],
)
def test_results_for_which_the_format_has_room(allowed: tuple[CourseResult, ...]) -> None:
    CourseRecord(allowed).check_format(course())


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (of_kind("quiz", 7), "quiz: 6"),
        (of_kind("final exam", 2), "final exam: 1"),
        (of_kind("essay", 1), "essay: 0"),
        (of_kind("Quiz", 1), "Quiz: 0"),
        (of_kind("quiz ", 1), "quiz : 0"),
    ],
)
def test_results_for_which_the_format_has_no_room(
    wrong: tuple[CourseResult, ...], where: str
) -> None:
    with refused("kind-unknown", where, kind=IssueError):
        CourseRecord(wrong).check_format(course())


def test_whoever_asks_for_too_much_is_told_what_there_is() -> None:
    with pytest.raises(IssueError) as caught:
        CourseRecord(of_kind("essay", 1)).check_format(course())
    assert caught.value.message == (
        "the format of operations-management, version 1, has: 58 video lectures, 24 practice "
        "problems, 6 quiz, 1 final exam"
    )


# numbers


@settings(deadline=None)
@given(st.decimals(0, Decimal("999999999.9999"), places=4))
@example(Decimal(0))
@example(Decimal("0.1000"))
@example(Decimal(100))
def test_a_number_survives_the_way_to_its_text_and_back(number: Decimal) -> None:
    text = format_decimal(number)
    found = parse_decimal(text)
    assert found == number
    assert format_decimal(found) == text
    assert "E" not in text
    assert "." not in text or text[-1] not in "0."


@settings(deadline=None)
@given(st.text("0123456789.-+eE", max_size=12) | st.decimals().map(str) | st.text(max_size=5))
def test_a_text_is_the_spelling_of_its_number_or_of_none(text: str) -> None:
    found = parse_decimal(text)
    if found is not None:
        assert format_decimal(found) == text
        assert 0 <= found < 10**9
        assert found == found.quantize(Decimal("0.0001"))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal(0), "0"),
        (Decimal("0.0"), "0"),
        (Decimal("0E+3"), "0"),
        (Decimal("0E-10"), "0"),
        (Decimal(100), "100"),
        (Decimal("1E+5"), "100000"),
        (Decimal("1E-4"), "0.0001"),
        (Decimal("8.50"), "8.5"),
        (Decimal("10.000"), "10"),
        (Decimal("123456789.1234"), "123456789.1234"),
    ],
)
def test_a_number_has_one_spelling(number: Decimal, text: str) -> None:
    assert format_decimal(number) == text
    assert parse_decimal(text) == number


@pytest.mark.parametrize("number", NO_NUMBERS)
def test_what_is_no_such_number_has_no_spelling(number: Decimal) -> None:
    assert parse_decimal(format_decimal(number)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1\n",
        "01",
        "1.",
        ".1",
        "1.0",
        "1,5",
        "1e1",
        "1E+5",
        "-0",
        "+1",
        "NaN",
        "1_0",
        "٣",
    ],
)
def test_another_spelling_is_of_no_number(text: str) -> None:
    assert parse_decimal(text) is None
