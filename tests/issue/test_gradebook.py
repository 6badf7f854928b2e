"""Gradebooks as learning platforms and offices write them, and worse."""

import csv
import io
import tempfile
import tracemalloc
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signedcert.documents.record import (
    FINAL_SCORE,
    STATUSES,
    CourseRecord,
    CourseResult,
    Status,
    format_decimal,
)
from signedcert.documents.text import visible
from signedcert.errors import IssueError, Reason, SignedCertError
from signedcert.issue import rows as module
from signedcert.issue.gradebook import GradebookRow, read_gradebook
from signedcert.issue.rows import BadRow
from tests.core.refusal import refused

HEADER = "learner_id,course,run,Overall,Quiz 1,Final exam"
KINDS = "#kind,,,final score,quiz,final exam"
MAXIMA = "#maximum,,,100,10,100"
DATES = "#date,,,2026-06-30,2026-05-20,"
HEAD = f"{HEADER}\n{KINDS}\n{MAXIMA}\n{DATES}\n"
ADA = "s-1,operations,2026,88.5,9,91"
FINAL_DAY, QUIZ_DAY = date(2026, 6, 30), date(2026, 5, 20)
ADA_ROW = GradebookRow(
    5,
    "s-1",
    "operations",
    "2026",
    CourseRecord(
        (
            CourseResult(FINAL_SCORE, Decimal(100), None, Decimal("88.5"), "Completed", FINAL_DAY),
            CourseResult("quiz", Decimal(10), "Quiz 1", Decimal(9), "Completed", QUIZ_DAY),
            CourseResult("final exam", Decimal(100), None, Decimal(91)),
        )
    ),
)


def read(path: Path, data: str | bytes) -> list[GradebookRow | BadRow]:
    """The rows of a file with this content."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read_gradebook(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gradebook.csv"


def bad(rows: list[GradebookRow | BadRow]) -> list[tuple[int, str, str]]:
    """Line, field and reason of the bad ones."""
    return [(row.line, row.field, row.reason) for row in rows if isinstance(row, BadRow)]


def good(rows: list[GradebookRow | BadRow]) -> list[tuple[int, str]]:
    """Line and learner of the good ones."""
    return [(row.line, row.learner_id) for row in rows if isinstance(row, GradebookRow)]


def harmless(message: str) -> bool:
    """Whether nothing in it moves the rest of a line about."""
    return visible(message, limit=len(message)) == message


def refusal(path: Path, data: str | bytes) -> tuple[Reason, str]:
    """Reason and words of the refusal of the whole file."""
    with pytest.raises(IssueError) as caught:
        read(path, data)
    assert caught.value.where == str(path)
    assert harmless(caught.value.message)
    return caught.value.reason, caught.value.message


# forms of the file

PLAIN = f"{HEAD}{ADA}\n"


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        PLAIN.removesuffix("\n"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        f"\ufeff{PLAIN}",
        PLAIN.replace(",", ";"),
        f"\ufeff{PLAIN}".replace(",", ";").replace("88.5", "88,5"),
        PLAIN.replace(",", " , "),
        PLAIN.replace("Quiz 1", '"Quiz 1"'),
        f"{HEADER}\n{DATES}\n{KINDS}\n{MAXIMA}\n{ADA}\n",
        PLAIN.replace("#kind", "#Kind").replace("#maximum", "#MAXIMUM"),
        PLAIN.replace("final score", "Final Score"),
        PLAIN.replace("Final exam", "FINAL EXAM"),
        f"{PLAIN}\n,,,,,\n",
    ],
    ids=[
        "plain",
        "no newline at the end",
        "CRLF",
        "CR",
        "byte-order mark",
        "semicolon",
        "as Excel in Europe",
        "spaces",
        "quoted",
        "dates first",
        "upper-case marks",
        "upper-case final score",
        "upper-case title that is the kind",
        "empty lines at the end",
    ],
)
def test_the_same_gradebook_in_another_spelling_is_read_the_same(path: Path, data: str) -> None:
    assert read(path, data) == [ADA_ROW]


def test_columns_stand_in_any_order(path: Path) -> None:
    lines = [line.split(",") for line in PLAIN.splitlines()]
    turned = "\n".join(",".join([*line[3:], *reversed(line[:3])]) for line in lines)
    assert read(path, turned) == [ADA_ROW]


def test_without_dates_no_result_has_one(path: Path) -> None:
    (row,) = read(path, f"{HEADER}\n{KINDS}\n{MAXIMA}\n{ADA}\n")
    assert isinstance(row, GradebookRow)
    assert [one.achieved for one in row.record.results] == [None, None, None]


def test_blank_lines_among_the_head_are_passed_over(path: Path) -> None:
    assert good(read(path, f"{HEADER}\n\n{KINDS}\n,,,,,\n{MAXIMA}\n{ADA}\n")) == [(6, "s-1")]


@pytest.mark.parametrize(
    ("title", "delimiter"), [('"a;b;c;d;e;f;g"', ","), ('"a,b,c,d,e,f,g"', ";"), ("a,b,c,d,e", ";")]
)
def test_a_title_may_hold_the_other_delimiter(path: Path, title: str, delimiter: str) -> None:
    data = HEAD.replace(",", delimiter).replace("Quiz 1", title) + ADA.replace(",", delimiter)
    (row,) = read(path, data)
    assert isinstance(row, GradebookRow)
    assert row.record.results[1].title == title.strip('"')


def test_a_title_is_put_in_normal_form(path: Path) -> None:
    (row,) = read(path, HEAD.replace("Quiz 1", "Cafe\u0301") + ADA)
    assert isinstance(row, GradebookRow)
    assert row.record.results[1].title == "Caf\u00e9"


def test_a_gradebook_without_rows_has_none(path: Path) -> None:
    assert read(path, HEAD) == []


def test_a_learner_may_begin_with_the_mark_of_the_head(path: Path) -> None:
    assert good(read(path, HEAD + ADA.replace("s-1", "#1"))) == [(5, "#1")]


# cells

DAY = date(2026, 5, 28)


def result(
    value: str | None, status: Status = "Completed", achieved: date | None = QUIZ_DAY
) -> CourseResult:
    number = None if value is None else Decimal(value)
    return CourseResult("quiz", Decimal(10), "Quiz 1", number, status, achieved)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("8.5", result("8.5")),
        ("0", result("0")),
        ("10", result("10")),
        ("8,5", result("8.5")),
        ("8,125", result("8.125")),
        ("8.1250", result("8.125")),
        ("09", result("9")),
        ("8.50", result("8.5")),
        ("00.00", result("0")),
        ("0010.00000", result("10")),
        ("0.0001", result("0.0001")),
        ("8.5 2026-05-28", result("8.5", achieved=DAY)),
        ("7 provisional", result("7", "Provisional")),
        ("8.5 2026-05-28 failed", result("8.5", "Failed", DAY)),
        ("8.5 failed 2026-05-28", result("8.5", "Failed", DAY)),
        ("8,5  2026-05-28   FAILED", result("8.5", "Failed", DAY)),
        ("8.5\u00a0failed", result("8.5", "Failed")),
        ("8.5 completed", result("8.5")),
        ("withdrew", result(None, "Withdrew", None)),
        ("Withdrew", result(None, "Withdrew", None)),
        ("2026-05-28 withdrew", result(None, "Withdrew", DAY)),
        ("completed", result(None, "Completed", None)),
        ("enrolled", result(None, "Enrolled", None)),
        ("in-progress", result(None, "InProgress", None)),
        ("on-hold", result(None, "OnHold", None)),
        ("", result(None, "Enrolled", None)),
        (f"{'0' * 63}9", result("9")),
    ],
)
def test_a_cell_leads_to_a_result(path: Path, cell: str, expected: CourseResult) -> None:
    (row,) = read(path, f'{HEAD}s-1,operations,2026,88,"{cell}",91\n')
    assert isinstance(row, GradebookRow), row
    found = row.record.results[1]
    assert found == expected
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize(
    ("cell", "reason", "value"),
    [
        ("8.", "number-invalid", "8."),
        (".5", "number-invalid", ".5"),
        ("1e3", "number-invalid", "1e3"),
        ("+1", "number-invalid", "+1"),
        ("-1", "number-invalid", "-1"),
        ("NaN", "number-invalid", "NaN"),
        ("Infinity", "number-invalid", "Infinity"),
        ("1_0", "number-invalid", "1_0"),
        ("٨", "number-invalid", "٨"),
        ("8²", "number-invalid", "8²"),
        ("1,2,3", "number-invalid", "1,2,3"),
        ("85%", "number-invalid", "85%"),
        ("85 %", "number-invalid", "85%"),
        ("8.12345", "number-invalid", "8.12345"),
        ("1234567890", "number-invalid", "1234567890"),
        ("passed", "number-invalid", "passed"),
        ("9 passed", "number-invalid", "passed"),
        ("in progress", "number-invalid", "progress"),
        ("9 failed failed", "number-invalid", "failed"),
        ("failed 9", "number-invalid", "9"),
        ("2026-05-28", "number-invalid", "2026-05-28"),
        ("10.0001", "value-out-of-range", "10.0001"),
        ("999999999", "value-out-of-range", "999999999"),
        ("9 28.05.2026", "date-invalid", "28.05.2026"),
        ("9 2026-5-28", "date-invalid", "2026-5-28"),
        ("9 2026-02-29", "date-invalid", "2026-02-29"),
        ("9 2026-W22-4", "date-invalid", "2026-W22-4"),
        ("9 2026-05-28 2026-05-29", "date-invalid", "2026-05-28"),
        ("1 000", "number-invalid", "000"),
        (f"{'0' * 64}9", "too-large", f"{'0' * 64}9"),
        ("8" * 4097, "too-large", "8" * 80 + "…"),
        ("\u202e9", "number-invalid", r"\u202e9"),
    ],
)
def test_a_cell_is_refused_with_its_column(path: Path, cell: str, reason: str, value: str) -> None:
    rows = read(path, f'{HEAD}s-1,operations,2026,88,"{cell}",91\n{ADA}\n')
    assert bad(rows) == [(5, "Quiz 1", reason)]
    assert good(rows) == [(6, "s-1")]
    assert isinstance(rows[0], BadRow)
    assert (rows[0].label, rows[0].value) == ("s-1", value)
    assert harmless(rows[0].message)


def test_a_cell_that_is_refused_says_what_to_write(path: Path) -> None:
    cells = ("85%", "28.05.2026", "8 28.05.2026", "passed", "11", "2026-05-28")
    rows = read(path, HEAD + "".join(f"s-1,operations,2026,88,{cell},91\n" for cell in cells))
    words = [row.message for row in rows if isinstance(row, BadRow)]
    assert words[0] == "write 85% without the percent sign; its #maximum is 100 then"
    assert words[1].endswith("write it as 8.5, with up to 9 digits and 4 decimals")
    assert "'28.05.2026' cannot stand here; a cell holds a value, behind it a date" in words[2]
    assert "in-progress, on-hold" in words[3]
    assert words[4] == "11 is more than the maximum, 10"
    assert words[5] == "a date, and neither a value nor a status"


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1,250", None), ("1.250", "1.25"), ("1,25", "1.25"), ("0,250", "0.25"), ("2,500", "2.5")],
)
def test_a_comma_that_may_part_thousands_is_not_guessed_at(
    path: Path, cell: str, value: str | None
) -> None:
    data = HEAD.replace(",100,10,100", ",100,2000,100")
    (row,) = read(path, f'{data}s-1,operations,2026,88,"{cell}",91\n')
    if value is None:
        assert isinstance(row, BadRow)
        assert (row.field, row.reason) == ("Quiz 1", "number-invalid")
        assert row.message == "1,250 may be 1250 or 1.25; write which it is"
    else:
        assert isinstance(row, GradebookRow)
        assert row.record.results[1].value == Decimal(value)


@pytest.mark.parametrize("cell", ["", "withdrew", "2026-06-30 failed", "2026-06-30"])
def test_a_final_score_has_a_value(path: Path, cell: str) -> None:
    rows = read(path, f"{HEAD}s-1,operations,2026,{cell},9,91\n{ADA}\n")
    assert bad(rows) == [(5, "Overall", "field-missing")]
    assert good(rows) == [(6, "s-1")]


# the head


@pytest.mark.parametrize("missing", ["learner_id", "course", "run"])
def test_a_missing_column_is_named(path: Path, missing: str) -> None:
    reason, message = refusal(path, PLAIN.replace(missing, "else", 1))
    assert reason == "column-missing"
    assert message.startswith(f"column {missing} is missing; the first line names the columns")
    assert message.endswith("as in: learner_id,course,run,Overall,Quiz 1")


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        ("learner_id,course,run\n#kind,,\n", "column-missing", "line 1: no column of results"),
        (
            f"{HEADER}\n{MAXIMA}\n{ADA}\n",
            "column-missing",
            "directly below line 1 is no #kind, as in: #kind,,,final score,quiz",
        ),
        (
            f"{HEADER}\n{KINDS}\n{ADA}\n{MAXIMA}\n",
            "column-missing",
            "directly below line 1 is no #maximum, as in: #maximum,,,100,10",
        ),
        (f"{HEADER}\n{ADA}\n", "column-missing", "is no #kind and no #maximum, as in"),
        (f"{HEADER}\n", "column-missing", "is no #kind and no #maximum, as in"),
        (
            PLAIN.replace("Final exam", "Quiz 1"),
            "column-unknown",
            "line 1: column Quiz 1 stands twice",
        ),
        (PLAIN.replace("Quiz 1", "run"), "column-unknown", "line 1: column run stands twice"),
        (PLAIN.replace("Quiz 1", " "), "column-unknown", "line 1: column 5 has no name"),
        (
            PLAIN.replace("#date", "#dates"),
            "column-unknown",
            "line 4, column learner_id: #dates is unknown; there are #kind, #maximum, #date",
        ),
        (
            f"{HEADER}\n{KINDS}\n{KINDS}\n{MAXIMA}\n",
            "kind-unknown",
            "line 3, column learner_id: #kind stands twice",
        ),
        (
            f"{HEADER}\n{KINDS}\n{MAXIMA}\n{MAXIMA}\n",
            "number-invalid",
            "line 4, column learner_id: #maximum stands twice",
        ),
        (f"{HEAD}{DATES}\n", "date-invalid", "line 5, column learner_id: #date stands twice"),
        (
            PLAIN.replace("#maximum,,", "#maximum,,100"),
            "number-invalid",
            "line 3, column run: leave it empty in the line #maximum",
        ),
        (PLAIN.replace("#kind,", "#kind,x"), "kind-unknown", "line 2, column course: leave it"),
        (
            PLAIN.replace(",quiz,", ",,"),
            "kind-unknown",
            "line 2, column Quiz 1: no kind; write what it is",
        ),
        (
            PLAIN.replace("final score", "score"),
            "kind-unknown",
            "line 2: the kind 'final score' stands 0 times",
        ),
        (
            PLAIN.replace(",quiz,", ",Final Score,"),
            "kind-unknown",
            "line 2, column Overall, Quiz 1: the kind 'final score' stands 2 times",
        ),
        (PLAIN.replace(",quiz", ""), "field-count", "line 2: 5 fields, and the first line names 6"),
        (f"{HEADER}\n{KINDS},x\n", "field-count", "line 2: 7 fields, and the first line names 6"),
        (PLAIN.replace(",quiz,", ',"quiz"s,'), "field-count", "line 2: not CSV"),
        (
            PLAIN.replace(",quiz,", ',"quiz,'),
            "field-count",
            "line 2: not CSV: unexpected end of data (it runs on to line 5; is a quotation mark",
        ),
        (
            f"{HEADER}\n{KINDS}\n{MAXIMA}\n{DATES.replace(',,', ',,' + chr(34), 1)}\n{ADA}\n",
            "field-count",
            "line 4: not CSV",
        ),
        (
            PLAIN.replace("quiz", "q" * 4097),
            "too-large",
            "line 2, column Quiz 1: over 4096 characters",
        ),
        (f"{HEADER}\n{'#' * 70_000}\n", "too-large", "line 2: a row of over 65536 bytes"),
        (
            PLAIN.replace("2026-05-20", "20.5.2026"),
            "date-invalid",
            "line 4, column Quiz 1: '20.5.2026' is no date; write it as 2026-06-30",
        ),
        (
            PLAIN.replace("quiz", "a: quiz"),
            "wrong-value",
            "lines 1 and 2, column Quiz 1: ': ' ends the kind",
        ),
        (
            "learner_id,course,run,O,QUIZ,Quiz\n#kind,,,final score,quiz,quiz\n#maximum,,,1,1,1\n",
            "result-twice",
            "lines 1 and 2, column Quiz: 'quiz' stands twice",
        ),
        (
            PLAIN.replace("Quiz 1", "Quiz \u202e1"),
            "text-bidi",
            r"line 1, column Quiz \u202e1: bidirectional control U+202E at position 6",
        ),
        (PLAIN.replace("Overall", "O\0"), "roster-unreadable", "save the gradebook as UTF-8"),
        (PLAIN.replace("Overall", "O\x07"), "text-control", "line 1, column O"),
        (PLAIN.replace("Quiz 1", "Q" * 257), "text-too-long", "line 1, column QQ"),
        (PLAIN.replace("Quiz 1", "Q" * 252), "text-too-long", "lines 1 and 2, column QQ"),
        (PLAIN.replace("quiz", "q\u202e"), "text-bidi", "line 2, column Quiz 1: "),
        (PLAIN.replace("Quiz 1", "\u200d"), "text-blank", "line 1, column"),
        (
            PLAIN.replace("Quiz 1", "Q\U000e0fff"),
            "text-unassigned",
            "lines 1 and 2, column Q",
        ),
        (
            PLAIN.encode().replace(b"Quiz 1", b"Ex\xe9"),
            "not-utf8",
            r"line 1, column Ex\udce9: not UTF-8; save the gradebook as UTF-8",
        ),
        (
            PLAIN.encode().replace(b"quiz", b"ex\xe9"),
            "not-utf8",
            "line 2, column Quiz 1: not UTF-8; save the gradebook as UTF-8",
        ),
        (
            PLAIN.replace("Quiz 1", '"Quiz\n1"'),
            "roster-unreadable",
            "the first line is not CSV: unexpected end of data",
        ),
        (PLAIN.encode("utf-16"), "roster-unreadable", "save the gradebook as UTF-8"),
        ("A" * 200_000, "roster-unreadable", "no header is so long"),
        ("", "column-missing", "column learner_id, course, run is missing"),
    ],
)
def test_a_head_with_a_fault_is_refused_with_line_and_column(
    path: Path, data: str | bytes, reason: str, words: str
) -> None:
    found, message = refusal(path, data)
    assert found == reason, message
    assert words in message


@pytest.mark.parametrize(
    ("maximum", "words"),
    [
        ("", "'' is no number; write it as 8.5"),
        ("0", "0 is no maximum"),
        ("0.0", "0 is no maximum"),
        ("-5", "'-5' is no number"),
        ("ten", "'ten' is no number"),
        ("10%", "write 10% without the percent sign"),
        ("10 %", "write 10 % without the percent sign"),
        ("1234567890", "'1234567890' is no number"),
        ("10 points", "'10 points' is no number"),
        ('"1,000"', "1,000 may be 1000 or 1; write which it is"),
    ],
)
def test_a_maximum_is_a_number(path: Path, maximum: str, words: str) -> None:
    reason, message = refusal(path, PLAIN.replace(",100,10,", f",100,{maximum},"))
    assert reason == "number-invalid"
    assert message.startswith(f"line 3, column Quiz 1: {words}")


@pytest.mark.parametrize("maximum", ["10", "010", "10.0", '"10,00"'])
def test_a_maximum_has_the_spellings_of_a_value(path: Path, maximum: str) -> None:
    (row,) = read(path, PLAIN.replace(",100,10,", f",100,{maximum},"))
    assert row == ADA_ROW


def test_a_hundred_results_are_read_and_one_more_is_refused(path: Path) -> None:
    def made(count: int) -> str:
        titles = ",".join(f"Q{number}" for number in range(count - 1))
        head = f"learner_id,course,run,Overall,{titles}\n#kind,,,final score{',quiz' * (count - 1)}"
        return f"{head}\n#maximum,,{',10' * count}\ns-1,operations,2026{',9' * count}\n"

    (row,) = read(path, made(100))
    assert isinstance(row, GradebookRow)
    assert len(row.record.results) == 100
    reason, message = refusal(path, made(101))
    assert reason == "too-large"
    assert message == "line 1: 101 columns of results, and at most 100 are allowed"


def test_a_gradebook_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for missing in (tmp_path / "missing.csv", tmp_path):
        with refused("roster-unreadable", str(missing), IssueError):
            list(read_gradebook(missing))


# bad rows


@pytest.mark.parametrize("field", ["learner_id", "course", "run"])
def test_a_row_with_an_empty_field_is_bad(path: Path, field: str) -> None:
    values = dict(zip(HEADER.split(","), ADA.split(","), strict=True)) | {field: " "}
    rows = read(path, f"{HEAD}{','.join(values.values())}\n{ADA}\n")
    assert bad(rows) == [(5, field, "field-missing")]
    assert good(rows) == [(6, "s-1")]


def test_rows_with_faults_are_named_by_line_and_column(path: Path) -> None:
    lines = [ADA, f"{ADA},x", "s-2", ADA.replace("91", "101"), ADA.replace("88.5", ""), ADA]
    data = (HEAD + "\n".join(lines)).encode() + b"\ns-3,operations,2026,\xe9,9,9\n"
    rows = read(path, data)
    assert bad(rows) == [
        (6, "", "field-count"),
        (7, "", "field-count"),
        (8, "Final exam", "value-out-of-range"),
        (9, "Overall", "field-missing"),
        (11, "Overall", "not-utf8"),
    ]
    assert good(rows) == [(5, "s-1"), (10, "s-1")]
    assert isinstance(rows[-1], BadRow)
    assert "save the gradebook as UTF-8" in rows[-1].message


def test_a_line_of_the_head_among_the_rows_is_bad(path: Path) -> None:
    rows = read(path, f"{HEADER}\n{KINDS}\n{MAXIMA}\n{ADA}\n{DATES}\n{ADA}\n")
    assert bad(rows) == [(5, "course", "field-missing")]
    assert isinstance(rows[1], BadRow)
    assert rows[1].label == "#date"


def test_a_quotation_mark_that_is_not_closed_says_what_it_takes_along(path: Path) -> None:
    rows = read(path, f'{HEAD}s-1,operations,2026,88,"9,91\n{ADA}\n{ADA}\n')
    assert bad(rows) == [(5, "", "field-count")]
    assert isinstance(rows[0], BadRow)
    assert rows[0].message.endswith("(it runs on to line 7; is a quotation mark missing?)")


def test_a_row_that_is_too_long_is_bad_and_the_next_is_read(path: Path) -> None:
    rows = read(path, f"{HEAD}{ADA}{'1' * 70_000}\n{ADA}\n")
    assert bad(rows) == [(5, "", "too-large")]
    assert good(rows) == [(6, "s-1")]


# any size


def test_one_bad_row_among_many_is_found_and_memory_is_bounded(path: Path) -> None:
    count, wrong = 3000, 1234
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for number in range(count):
            value = "10.5" if number == wrong else f"{number % 1001 / 100}"
            file.write(f"s-{number},operations,2026,{number / 100},{value},91\n")
    tracemalloc.start()
    read_gradebook(path)
    faults = [row for row in read_gradebook(path) if isinstance(row, BadRow)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(row.line, row.label, row.field, row.reason) for row in faults] == [
        (5 + wrong, f"s-{wrong}", "Quiz 1", "value-out-of-range")
    ]
    assert peak < 4 * 2**20


def test_results_that_are_kept_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.issue.gradebook._KEPT", 30)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for number in range(5000):
            file.write(f"s-1,operations,2026,{number / 100},{number % 1001 / 100},{number / 50}\n")
    tracemalloc.start()
    assert sum(isinstance(row, GradebookRow) for row in read_gradebook(path)) == 5000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**19


HASHES = b"#" * 63 + b"\n"


@pytest.mark.no_cover  # to trace code and memory at once takes up to four times as long
@pytest.mark.parametrize("piece", [b"A" * 1024, b",", b'"\n","', b"\r", b'""', b"\xff", HASHES])
@pytest.mark.parametrize("before", ["", HEADER + "\n", HEAD, f'{HEAD}"'])
def test_memory_is_bounded_whatever_a_file_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch, before: str, piece: bytes
) -> None:
    path.write_bytes(before.encode() + piece * (2**18 // len(piece)))
    monkeypatch.setattr(module, "_MAX_ROW", 1024)
    monkeypatch.setattr(module, "_BLOCK", 1024)
    tracemalloc.start()
    try:
        for _ in read_gradebook(path):
            pass
    except IssueError:
        assert before != HEAD or piece == HASHES
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**17


# anything at all

_PIECES = st.sampled_from(
    (
        HEADER,
        HEAD,
        KINDS,
        MAXIMA,
        DATES,
        ADA,
        HEAD.replace(",", ";"),
        '"',
        ",",
        ";",
        "\n",
        "\r",
        "#kind",
        "8,5",
        "8.5 2026-05-28 failed",
        "%",
        "\0",
        "\ufeff",
        "\u0301",
        "quiz",
        ": ",
    )
)
_BYTES = st.lists(st.one_of(_PIECES.map(str.encode), st.binary(max_size=20))).map(b"".join)
_FILES = st.one_of(st.binary(), _BYTES, *(_BYTES.map(one.encode().__add__) for one in (HEAD, ADA)))


@settings(deadline=None)
@given(data=_FILES)
def test_any_bytes_are_rows_or_a_refusal(data: bytes) -> None:
    refused: SignedCertError | None = None
    rows: list[GradebookRow | BadRow] = []
    with tempfile.TemporaryDirectory() as directory:
        try:
            rows = read(Path(directory) / "gradebook.csv", data)
        except SignedCertError as error:
            refused = error
    if refused is not None:
        assert type(refused) is IssueError
        assert harmless(str(refused))
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    for row in rows:
        assert row.line >= 4
        if isinstance(row, GradebookRow):
            assert all((row.learner_id, row.course, row.run))
        else:
            assert harmless("".join(row[1:]))


_DECIMALS = st.decimals(0, 999_999_999, places=4).map(format_decimal).map(Decimal)
_TEXTS = st.sampled_from(["Quiz 1", "Essay, on queues", '"Signs"', "Übung; zwei", "a: b", "考试"])
_DAYS = st.none() | st.dates()


@st.composite
def _columns(draw: st.DrawFn) -> list[CourseResult]:
    kinds = st.sampled_from(["quiz", "final exam", "Klausur"])
    titles = draw(st.lists(_TEXTS | st.none(), unique=True, max_size=5))
    made = [
        CourseResult(draw(kinds), draw(_DECIMALS.filter(bool)), title, achieved=draw(_DAYS))
        for title in titles
    ]
    final = CourseResult(FINAL_SCORE, draw(_DECIMALS.filter(bool)), achieved=draw(_DAYS))
    made.insert(draw(st.integers(0, len(made))), final)
    return made


@st.composite
def _records(draw: st.DrawFn, columns: list[CourseResult]) -> CourseRecord:
    results = []
    for column in columns:
        unit = column.maximum * draw(st.integers(0, 4)) / 4
        value = Decimal(format_decimal(unit.quantize(Decimal("0.0001"), "ROUND_DOWN")))
        status = draw(st.sampled_from(STATUSES))
        if column.kind != FINAL_SCORE and draw(st.booleans()):
            results.append(column._replace(value=None, status=status, achieved=draw(_DAYS)))
        else:
            day = draw(st.dates()) if column.achieved is None or draw(st.booleans()) else None
            achieved = day or column.achieved
            results.append(column._replace(value=value, status=status, achieved=achieved))
    return CourseRecord(tuple(results))


def spelled(one: CourseResult) -> str:
    """The cell for a result, with all that may stand in it."""
    words = [] if one.value is None else [format_decimal(one.value)]
    words += [one.achieved.isoformat()] if one.achieved else []
    names = {"InProgress": "in-progress", "OnHold": "on-hold"}
    return " ".join([*words, names.get(one.status or "", (one.status or "").lower())])


def written(columns: list[CourseResult], records: list[CourseRecord], delimiter: str) -> str:
    """A gradebook with a row for each record."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    titles = [one.title or ("Overall" if one.kind == FINAL_SCORE else one.kind) for one in columns]
    days = [one.achieved.isoformat() if one.achieved else "" for one in columns]
    writer.writerow(["learner_id", "course", *titles, "run"])
    writer.writerow(["#kind", "", *(one.kind for one in columns), ""])
    writer.writerow(["#maximum", "", *(format_decimal(one.maximum) for one in columns), ""])
    writer.writerow(["#date", "", *days, ""])
    for record in records:
        writer.writerow(["s-1", "operations", *map(spelled, record.results), "2026"])
    return file.getvalue()


@settings(max_examples=60, deadline=None)
@given(data=st.data(), delimiter=st.sampled_from(",;"))
def test_what_is_written_from_results_reads_back_as_the_same(
    data: st.DataObject, delimiter: str
) -> None:
    columns = data.draw(_columns())
    records = data.draw(st.lists(_records(columns), max_size=3))
    with tempfile.TemporaryDirectory() as directory:
        rows = read(Path(directory) / "gradebook.csv", written(columns, records, delimiter))
    assert [row.record for row in rows if isinstance(row, GradebookRow)] == records
    assert [row.line for row in rows] == list(range(5, 5 + len(records)))
