"""Lists of corrections, as they are written by hand and by programs."""

from datetime import date
from pathlib import Path

import pytest

from signedcert.core.code import VerificationCode
from signedcert.errors import IssueError
from signedcert.issue.corrections import CorrectionRow, read_corrections
from signedcert.issue.rows import BadRow
from signedcert.trust.reasons import WHY, Why
from signedcert.trust.statuslist import REPLACED
from tests.core.refusal import refused

CODE = VerificationCode.derive(b"a certificate", b"")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "corrections.csv"


def read(path: Path, text: str, reason: Why = "corrected") -> list[CorrectionRow | BadRow]:
    """The rows of a list with this content."""
    path.write_text(text, encoding="utf-8")
    return list(read_corrections(path, reason))


def read_one(path: Path, header: str, cells: str) -> CorrectionRow | BadRow:
    """The only row of a list."""
    (row,) = read(path, f"{header}\n{cells}\n")
    return row


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_each_column_is_read(path: Path, separator: str, mark: str) -> None:
    header = "name_confirmed,reason,started,completed,name,code".replace(",", separator)
    cells = f"yes,renamed,2026-05-01,2026-06-30,Ada Lovelace,{CODE}".replace(",", separator)
    assert read_one(path, f"{mark}{header}", cells) == CorrectionRow(
        2,
        CODE,
        name="Ada Lovelace",
        completed=date(2026, 6, 30),
        started=date(2026, 5, 1),
        reason="renamed",
        name_confirmed=True,
    )


def test_an_empty_cell_or_no_column_leaves_it_as_it_was(path: Path) -> None:
    nothing = CorrectionRow(2, CODE)
    header = "code,name,completed,started,reason,name_confirmed"
    assert read_one(path, header, f"{CODE},,,,,") == nothing
    assert read_one(path, "code", str(CODE)) == nothing
    assert nothing[2:] == (None, None, None, "corrected", False)


def test_a_code_may_be_spelled_as_people_do(path: Path) -> None:
    row = read_one(path, "code", str(CODE).lower().replace("-", " "))
    assert row == CorrectionRow(2, CODE)
    assert (row.label, row.line) == (str(CODE), 2)


def test_the_usual_reason_is_for_rows_that_give_none(path: Path) -> None:
    rows = read(path, f"code,reason\n{CODE},\n{CODE},renamed\n", "other")
    assert [row.reason for row in rows] == ["other", "renamed"]


@pytest.mark.parametrize("reason", WHY[REPLACED])
def test_every_reason_of_a_replacement_is_taken(path: Path, reason: Why) -> None:
    assert read_one(path, "code,reason", f"{CODE},{reason}") == CorrectionRow(
        2, CODE, reason=reason
    )


@pytest.mark.parametrize(
    ("cells", "field", "reason"),
    [
        (",Ada,,", "code", "field-missing"),
        ("NSPQ,Ada,,", "code", "code-length"),
        (f"{str(CODE)[:-1]}{'0' if str(CODE)[-1] != '0' else '1'},Ada,,", "code", "code-check"),
        (f"{CODE},,30.6.2026,", "completed", "date-invalid"),
        (f"{CODE},,,issued-in-error", "reason", "reason-unknown"),
        (f"{CODE},,,Renamed", "reason", "reason-unknown"),
        (f"{CODE},Ada", "", "field-count"),
    ],
)
def test_a_bad_row_is_named_by_its_code(path: Path, cells: str, field: str, reason: str) -> None:
    row, good = read(path, f"code,name,completed,reason\n{cells}\n{CODE},Ada,,\n")
    assert isinstance(row, BadRow)
    assert (row.line, row.label) == (2, cells.partition(",")[0])
    assert (row.field, row.reason) == (field, reason)
    assert good == CorrectionRow(3, CODE, "Ada")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("name", "column-missing"),
        ("code,learner_id", "column-unknown"),
        ("code,code", "column-unknown"),
        ("", "column-missing"),
    ],
)
def test_other_columns_are_refused_before_the_first_row(
    path: Path, header: str, reason: str
) -> None:
    with refused(reason, str(path), IssueError):  # type: ignore[arg-type]
        read(path, f"{header}\n{CODE}\n")
