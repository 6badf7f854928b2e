"""Rosters as registrars' offices write them, and worse."""

import csv
import io
import tempfile
import tracemalloc
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signedcert.errors import IssueError, SignedCertError
from signedcert.issue import rows as module
from signedcert.issue.roster import BadRow, RosterRow, read_roster
from tests.core.refusal import refused

HEADER = "learner_id,name,course,run,completed"
ADA = "s-1,Ada,memory,2026,2026-06-30"
MAX_ROW = 64 * 1024
#: What ADA is when it is the first row.
ADA_ROW = RosterRow(2, "s-1", "Ada", "memory", "2026", date(2026, 6, 30), None, False)  # noqa: FBT003


def read(path: Path, data: str | bytes) -> list[RosterRow | BadRow]:
    """The rows of a file with this content."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read_roster(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "roster.csv"


def bad(rows: list[RosterRow | BadRow]) -> list[tuple[int, str, str]]:
    """Line, field and reason of the bad ones."""
    return [(row.line, row.field, row.reason) for row in rows if isinstance(row, BadRow)]


def good(rows: list[RosterRow | BadRow]) -> list[tuple[int, str]]:
    """Line and learner of the good ones."""
    return [(row.line, row.learner_id) for row in rows if isinstance(row, RosterRow)]


# forms of the file


@pytest.mark.parametrize(
    "data",
    [
        f"{HEADER}\n{ADA}\n",
        f"{HEADER}\n{ADA}",
        f"{HEADER}\r\n{ADA}\r\n",
        f"{HEADER}\r{ADA}\r",
        f"\ufeff{HEADER}\n{ADA}\n",
        f"{HEADER}\n{ADA}\n".replace(",", ";"),
        f"\ufeff{HEADER}\r\n{ADA}\r\n".replace(",", ";"),
        f"{HEADER}\n{ADA}\n\n,,,,\n  \n",
        f'{HEADER}\n"s-1","Ada","memory","2026","2026-06-30"\n',
        f"{HEADER}\n s-1 , Ada ,memory, 2026,2026-06-30 \n",
        f"{HEADER.replace(',', ' , ')}\n{ADA}\n",
        f'"{HEADER.replace(",", chr(34) + "," + chr(34))}"\n{ADA}\n',
    ],
    ids=[
        "plain",
        "no newline at the end",
        "CRLF",
        "CR",
        "byte-order mark",
        "semicolon",
        "as Excel in Europe",
        "empty lines",
        "quoted",
        "spaces",
        "spaces in the header",
        "quoted header",
    ],
)
def test_the_same_roster_in_another_spelling_is_read_the_same(path: Path, data: str) -> None:
    assert read(path, data) == [ADA_ROW]


def test_columns_stand_in_any_order(path: Path) -> None:
    data = "name_confirmed,completed,run,course,name,started,learner_id\n"
    data += "yes,2026-06-30,2026,memory,Null,2026-05-01,s-1\n"
    confirmed = ADA_ROW._replace(name="Null", started=date(2026, 5, 1), name_confirmed=True)
    assert read(path, data) == [confirmed]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("yes", True), ("YES", True), ("true", True), ("1", True), ("", False), ("no", False)],
)
def test_only_a_plain_yes_confirms_a_name(path: Path, written: str, expected: bool) -> None:  # noqa: FBT001
    data = f"{HEADER},name_confirmed\n{ADA},{written}\n"
    assert read(path, data) == [ADA_ROW._replace(name_confirmed=expected)]


def test_commas_quotes_and_newlines_may_stand_in_quotes(path: Path) -> None:
    data = f'{HEADER}\ns-1,"Lovelace, ""Ada""\nCountess",memory,2026,2026-06-30\n'
    assert read(path, data) == [ADA_ROW._replace(name='Lovelace, "Ada"\nCountess')]


def test_a_semicolon_in_a_name_is_no_separator(path: Path) -> None:
    data = f"{HEADER}\ns-1,Ada;Countess;;;;;,memory,2026,2026-06-30\n"
    assert read(path, data) == [ADA_ROW._replace(name="Ada;Countess;;;;;")]


def test_a_roster_without_rows_has_none(path: Path) -> None:
    assert read(path, f"{HEADER}\n") == []


def test_rows_come_one_at_a_time(path: Path) -> None:
    path.write_text(f"{HEADER}\n{ADA}\n{ADA}\n", encoding="utf-8")
    rows = read_roster(path)
    assert next(rows) == ADA_ROW
    assert next(rows).line == 3


# line numbers


def test_line_numbers_are_those_of_the_file(path: Path) -> None:
    lines = [HEADER, ADA, "", ADA.replace("s-1", "s-2"), '"s-3","A', 'B","memory",2026,2026-06-30']
    lines += [ADA.replace("s-1", "s-4"), "short", ADA.replace("s-1", "s-5")]
    rows = read(path, "\n".join(lines))
    assert good(rows) == [(2, "s-1"), (4, "s-2"), (5, "s-3"), (7, "s-4"), (9, "s-5")]
    assert bad(rows) == [(8, "", "field-count")]


@given(
    cells=st.lists(
        st.sampled_from(["Ada", "A\nda", "A\r\nd\r\na", "A\n\n\n\nda", "x,y"]), max_size=9
    )
)
def test_line_numbers_are_right_after_any_multi_line_cells(cells: list[str]) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(HEADER.split(","))
    lines = []
    for number, cell in enumerate(cells):
        lines.append(file.getvalue().count("\n") + 1)
        writer.writerow([number, cell, "memory", "2026", "2026-06-30"])
    with tempfile.TemporaryDirectory() as directory:
        rows = read(Path(directory) / "roster.csv", file.getvalue())
    assert [row.line for row in rows] == lines
    assert [row.name for row in rows if isinstance(row, RosterRow)] == cells


# the header


@pytest.mark.parametrize("missing", HEADER.split(","))
def test_a_missing_column_is_named_before_any_row_is_read(path: Path, missing: str) -> None:
    header = ",".join(name for name in HEADER.split(",") if name != missing)
    with pytest.raises(IssueError, match=f"column {missing} is missing") as caught:
        read(path, f"{header}\n{ADA}\n")
    assert (caught.value.reason, caught.value.where) == ("column-missing", str(path))


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (f"{HEADER},score", "score"),
        (f"{HEADER},", ""),
        (f"{HEADER},name", "name"),
        (f"{HEADER},e-mail,\u202escore", r"e-mail, \u202escore"),
    ],
    ids=["unknown", "without a name", "twice", "hostile"],
)
def test_an_unknown_or_doubled_column_is_named(path: Path, header: str, named: str) -> None:
    with pytest.raises(IssueError) as caught:
        read(path, f"{header}\n{ADA}\n")
    assert caught.value.reason == "column-unknown"
    assert named in caught.value.message


@pytest.mark.parametrize("data", ["", "\n", f"\n{HEADER}\n{ADA}\n", "<html></html>"])
def test_a_file_without_a_header_is_told_what_the_first_line_has_to_be(
    path: Path, data: str
) -> None:
    with pytest.raises(IssueError, match="the first line names the columns") as caught:
        read(path, data)
    assert caught.value.reason == "column-missing"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_roster_in_another_unicode_encoding_is_told_how_to_be_saved(
    path: Path, encoding: str
) -> None:
    with pytest.raises(IssueError, match="save the roster as UTF-8") as caught:
        read(path, f"{HEADER}\n{ADA}\n".encode(encoding))
    assert (caught.value.reason, caught.value.where) == ("roster-unreadable", str(path))


def test_a_workbook_is_told_how_to_be_saved(path: Path) -> None:
    with pytest.raises(IssueError, match="save the roster as UTF-8") as caught:
        read(path, b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" + bytes(range(256)))
    assert caught.value.reason == "roster-unreadable"


def test_a_roster_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for missing in (tmp_path / "missing.csv", tmp_path):
        with refused("roster-unreadable", str(missing), IssueError):
            list(read_roster(missing))


# bad rows


@pytest.mark.parametrize("field", HEADER.split(","))
def test_a_row_with_an_empty_field_is_bad_and_the_next_is_read(path: Path, field: str) -> None:
    values = dict(zip(HEADER.split(","), ADA.split(","), strict=True)) | {field: "  "}
    rows = read(path, f"{HEADER}\n{','.join(values.values())}\n{ADA}\n")
    assert bad(rows) == [(2, field, "field-missing")]
    assert good(rows) == [(3, "s-1")]


@pytest.mark.parametrize("cells", ["s-1", "s-1,Ada,memory,2026", f"{ADA},x", f"{ADA},"])
def test_a_row_with_another_number_of_fields_is_bad(path: Path, cells: str) -> None:
    rows = read(path, f"{HEADER}\n{cells}\n{ADA}\n")
    assert bad(rows) == [(2, "", "field-count")]
    assert good(rows) == [(3, "s-1")]
    assert isinstance(rows[0], BadRow)
    assert rows[0].label == "s-1"
    assert rows[0].value == str(cells.count(",") + 1)


@pytest.mark.parametrize(
    "written",
    [
        "30.06.2026",
        "2026-6-30",
        "20260630",
        "2026-06-31",
        "2026-W26-2",
        "2026-06-30T00:00:00",
        "٢٠٢٦-٠٦-٣٠",
    ],
)
@pytest.mark.parametrize("field", ["completed", "started"])
def test_a_date_has_one_spelling(path: Path, field: str, written: str) -> None:
    completed, started = (written, "") if field == "completed" else ("2026-06-30", written)
    rows = read(path, f"{HEADER},started\ns-1,Ada,memory,2026,{completed},{started}\n")
    assert bad(rows) == [(2, field, "date-invalid")]
    assert isinstance(rows[0], BadRow)
    assert "2026-06-30" in rows[0].message
    assert rows[0].value == written


def test_a_row_that_is_not_utf8_spoils_only_itself(path: Path) -> None:
    other = "s-2,Zoë,memory,2026,2026-06-30".encode("latin-1")
    rows = read(
        path, b"\n".join([HEADER.encode(), ADA.encode(), other, "s-3,Zoë,m,1,2026-06-30".encode()])
    )
    assert bad(rows) == [(3, "name", "not-utf8")]
    assert good(rows) == [(2, "s-1"), (4, "s-3")]
    assert isinstance(rows[1], BadRow)
    assert rows[1].value == r"Zo\udceb"
    assert "CSV UTF-8" in rows[1].message


def test_a_nul_in_a_cell_is_kept_for_the_issuer_to_refuse(path: Path) -> None:
    rows = read(path, f"{HEADER}\ns-1,A\0da,memory,2026,2026-06-30\n{ADA}\n")
    assert rows == [ADA_ROW._replace(name="A\0da"), ADA_ROW._replace(line=3)]


def test_a_cell_that_is_too_long_is_bad_and_cut_in_the_report(path: Path) -> None:
    rows = read(
        path, f"{HEADER}\n{ADA.replace('Ada', 'A' * 4097)}\n{ADA.replace('Ada', 'A' * 4096)}\n"
    )
    assert bad(rows) == [(2, "name", "too-large")]
    assert good(rows) == [(3, "s-1")]
    assert isinstance(rows[0], BadRow)
    assert len(rows[0].value) < 100


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("over", [-1, 0, 1, 2, MAX_ROW, 2 * MAX_ROW + 1])
def test_a_row_beyond_64_kib_is_bad_and_the_next_is_read(path: Path, end: str, over: int) -> None:
    long = ADA.ljust(MAX_ROW + over - len(end))
    rows = read(path, end.join((HEADER, long, ADA, long, ADA, "")))
    if over > 0:
        assert bad(rows) == [(2, "", "too-large"), (4, "", "too-large")]
        assert good(rows) == [(3, "s-1"), (5, "s-1")]
    else:
        assert good(rows) == [(line, "s-1") for line in (2, 3, 4, 5)]


@pytest.mark.parametrize("end", ["", "\n", "\r"], ids=["no end", "LF", "CR"])
def test_a_last_row_beyond_64_kib_is_bad(path: Path, end: str) -> None:
    rows = read(path, f"{HEADER}\n{ADA}\n{'A' * 200_000}{end}")
    assert bad(rows) == [(3, "", "too-large")]
    assert isinstance(rows[1], BadRow)
    assert rows[1].message == "a row of over 65536 bytes"


@pytest.mark.parametrize("data", [f"{HEADER}{',' * MAX_ROW}\n{ADA}\n", "A" * 200_000])
def test_a_first_line_beyond_64_kib_is_no_header(path: Path, data: str) -> None:
    with refused("roster-unreadable", str(path), IssueError):
        read(path, data)


def test_a_row_of_many_lines_is_bad_with_the_line_that_is_too_much(path: Path) -> None:
    line = "x" * (MAX_ROW // 4 - 1)
    rows = read(path, "\n".join([HEADER, f'"{line[1:]}', line, line, line, "x", ADA, f'"{ADA}"']))
    assert bad(rows) == [(2, "", "too-large"), (8, "", "field-count")]
    assert isinstance(rows[0], BadRow)
    assert rows[0].message.endswith("(it runs on to line 6; is a quotation mark missing?)")
    assert good(rows) == [(7, "s-1")]


@pytest.mark.no_cover  # to trace code and memory at once takes up to four times as long
@pytest.mark.parametrize(
    "piece",
    [b"A" * 1024, b",", b'"\n","', b"\r", b'""', b"\xff", b"\0", f"{ADA}\n".encode(), b"\n"],
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_memory_is_bounded_whatever_a_file_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch, piece: bytes, quote: str
) -> None:
    path.write_bytes(f"{HEADER}\n{quote}".encode() + piece * (2**18 // len(piece)))
    monkeypatch.setattr(module, "_MAX_ROW", 1024)
    monkeypatch.setattr(module, "_BLOCK", 1024)
    tracemalloc.start()
    for _ in read_roster(path):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**17


@pytest.mark.parametrize("block", [1, 2, 3, 7, 100])
def test_rows_do_not_depend_on_where_a_file_is_cut_into_blocks(
    path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    data = f'{HEADER}\r\n{ADA}\r{ADA}\r\r\n\n"s-2","Zo\u00eb\r\n\rX",m,1,2026-06-30\r\n{ADA}\r'
    rows = read(path, data)
    assert good(rows) == [(2, "s-1"), (3, "s-1"), (6, "s-2"), (9, "s-1")]
    monkeypatch.setattr(module, "_BLOCK", block)
    assert read(path, data) == rows
    assert read(path, data.encode("latin-1")) == list(read_roster(path))


def test_a_quote_in_the_wrong_place_spoils_only_its_line(path: Path) -> None:
    rows = read(path, f'{HEADER}\ns-9,"Ada"x,memory,2026,2026-06-30\n{ADA}\n')
    assert bad(rows) == [(2, "", "field-count")]
    assert good(rows) == [(3, "s-1")]


def test_a_quote_that_is_never_closed_is_reported_where_it_begins(path: Path) -> None:
    rows = read(path, f'{HEADER}\n{ADA}\ns-2,"Ada,memory,2026,2026-06-30\n{ADA}\n')
    assert good(rows) == [(2, "s-1")]
    assert bad(rows) == [(3, "", "field-count")]


def test_a_report_shows_what_cannot_be_seen(path: Path) -> None:
    rows = read(path, f"{HEADER}\n\x1b[31ms-1,Ada,memory,2026,\u202e2026\n")
    assert isinstance(rows[0], BadRow)
    assert rows[0].label == r"\u001b[31ms-1"
    assert rows[0].value == r"\u202e2026"
    assert r"\u202e" in rows[0].message


# anything at all

_PIECES = st.sampled_from(
    [HEADER, ADA, HEADER.replace(",", ";"), '"', '""', ",", ";", "\n", "\r\n", "\r", "\0", "\ufeff"]
)
_FILES = st.one_of(
    st.binary(),
    st.lists(st.one_of(_PIECES.map(str.encode), st.binary(max_size=20))).map(b"".join),
    st.lists(st.one_of(_PIECES.map(str.encode), st.binary(max_size=20))).map(
        lambda pieces: f"{HEADER}\n".encode() + b"".join(pieces)
    ),
)


@given(data=_FILES)
def test_any_bytes_are_rows_or_a_refusal(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        refusal = None
        try:
            rows = read(Path(directory) / "roster.csv", data)
        except SignedCertError as error:
            rows, refusal = [], error
    if refusal is not None:
        assert refusal.reason in ("roster-unreadable", "column-missing", "column-unknown")
        assert str(refusal).isprintable()
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    for row in rows:
        assert row.line >= 2
        if isinstance(row, RosterRow):
            assert all((row.learner_id, row.name, row.course, row.run))


@given(rows=st.lists(st.lists(st.text(max_size=30), min_size=5, max_size=5), max_size=5))
def test_whatever_a_spreadsheet_writes_comes_out_as_it_went_in(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(HEADER.split(","))
    written = [[cell.encode("utf-8", "replace").decode() for cell in row] for row in rows]
    for row in written:
        writer.writerow([*row[:4], "2026-06-30"])
    with tempfile.TemporaryDirectory() as directory:
        found = read(Path(directory) / "roster.csv", file.getvalue())
    assert len(found) == len(rows)
    for row, result in zip(written, found, strict=True):
        cells = [cell.strip() for cell in row[:4]]
        if all(cells):
            assert isinstance(result, RosterRow)
            assert list(result[1:5]) == cells
        else:
            assert isinstance(result, BadRow)
            assert result.reason == "field-missing"


def test_a_quotation_mark_that_is_not_closed_says_what_it_takes_along(tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_text(
        "learner_id,name,course,run,completed\n"
        's-1,"Ada,operations,2026,2026-06-30\n'
        "s-2,Grace,operations,2026,2026-06-30\n"
        "s-3,Emmy,operations,2026,2026-06-30\n",
        "utf-8",
    )
    (bad,) = read_roster(path)
    assert isinstance(bad, BadRow)
    assert bad.line == 2
    assert bad.message.endswith("(it runs on to line 4; is a quotation mark missing?)")


def test_a_bad_row_over_several_lines_says_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_text(
        'learner_id,name,course,run,completed\ns-1,"Ada\nLovelace",x\ns-2,G,c,r,2026-06-30\n',
        "utf-8",
    )
    bad, good = read_roster(path)
    assert isinstance(bad, BadRow)
    assert "it runs on to line 3" in bad.message
    assert good.line == 4
