"""``verify`` on PDFs: what the page says is compared with what is in it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signedcert import childprocess
from signedcert.carriers import pagereader
from signedcert.carriers.bundle import Bundle
from signedcert.cli.checking import _reader
from tests.carriers.visible import honest_sheet, lines, printed, sheet
from tests.cli.running import Done
from tests.reference import World, credential

Run = Callable[..., Done]
AT = ("--at", "2026-08-01T00:00:00Z")


@pytest.fixture(scope="module")
def ada(world: World) -> Bundle:
    """A certificate of a name that any font has."""
    signed = credential()._replace(learner="Ada Lovelace")
    return Bundle(world.sign(signed.encode()).decode())


@pytest.fixture
def trusted(world: World, tmp_path: Path) -> tuple[object, ...]:
    """Options of somebody who trusts the institution."""
    world.trust.write(tmp_path / "trust")
    return ("--trust", tmp_path / "trust", *AT)


@pytest.fixture
def honest(ada: Bundle, tmp_path: Path) -> Path:
    path = tmp_path / "honest.pdf"
    path.write_bytes(honest_sheet(ada))
    return path


@pytest.fixture
def edited(ada: Bundle, tmp_path: Path) -> Path:
    """Another name on it."""
    path = tmp_path / "edited.pdf"
    path.write_bytes(sheet(ada, lines(printed(ada) | {"learner": "Mallory Forger"})))
    return path


def test_an_honest_page_is_said_to_be_so(
    run: Run, honest: Path, trusted: tuple[object, ...]
) -> None:
    done = run("verify", honest, *trusted)
    assert done.status == 0
    assert "The text of the page is the one that was signed" in done.out


def test_an_edited_page_is_not_authentic_and_what_was_signed_is_shown(
    run: Run, edited: Path, trusted: tuple[object, ...]
) -> None:
    done = run("verify", edited, *trusted)
    assert done.status == 1
    assert done.out.startswith("✗ NOT AUTHENTIC")
    assert "Learner:              Ada Lovelace" in done.out
    assert 'signed is "Ada Lovelace", the page has "Mallory Forger"' in done.out
    assert "step 9, printed-text-differs, page-learner" in done.out


def test_programs_get_the_fields(run: Run, edited: Path, trusted: tuple[object, ...]) -> None:
    result = run("verify", edited, "--json", *trusted).json["results"][0]
    assert (result["reason"], result["printed"]["compared"]) == ("printed-text-differs", False)
    assert result["printed"]["fields"][0]["page"] == "Mallory Forger"


def test_other_carriers_have_no_page(
    run: Run, ada: Bundle, tmp_path: Path, trusted: tuple[object, ...]
) -> None:
    ada.write(tmp_path / "ada.signedcert")
    done = run("verify", tmp_path / "ada.signedcert", *trusted)
    assert done.status == 0
    assert "page" not in done.out


def test_a_folder_survives_what_kills_the_reader(
    run: Run,
    honest: Path,
    edited: Path,
    trusted: tuple[object, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _reader().close()
    dies = [sys.executable, "-c", "import os; os.abort()"]
    monkeypatch.setattr(childprocess, "python", lambda _: dies)
    done = run("verify", honest, edited, *trusted)
    assert done.status == 0
    assert done.out.count("AUTHENTIC") == 2
    assert done.out.count("was not compared (reading the page took too long") == 2


def test_no_file_without_a_genuine_document_gets_as_far_as_native_code(
    run: Run,
    edited: Path,
    tmp_path: Path,
    trusted: tuple[object, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(*_: object) -> None:
        pytest.fail("the page was read")

    monkeypatch.setattr(pagereader.PageReader, "read", read)
    (tmp_path / "none.pdf").write_bytes(b"%PDF-1.7\n%%EOF")
    (tmp_path / "empty").mkdir()
    assert run("verify", tmp_path / "none.pdf", *trusted).status == 5
    assert run("verify", edited, "--trust", tmp_path / "empty", *AT).status == 4


def test_the_output_is_that_of_the_bundle_and_a_line_on_the_page(
    run: Run, ada: Bundle, honest: Path, tmp_path: Path, trusted: tuple[object, ...]
) -> None:
    ada.write(tmp_path / "ada.signedcert")
    plain = run("verify", tmp_path / "ada.signedcert", *trusted).out.splitlines()
    page = [line for line in run("verify", honest, *trusted).out.splitlines() if line not in plain]
    assert [line.partition(" ")[0] for line in page] == ["✓", ""]
    assert page[1].startswith("  The text of the page is")
