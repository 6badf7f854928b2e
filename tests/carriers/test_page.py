"""Pages: what is read of them, what is refused, and what a hostile file costs."""

import json
import sys
from pathlib import Path

import pytest

from signedcert import childprocess
from signedcert.carriers import glyphs, pagereader, sight
from signedcert.carriers.carrier import MAX_CARRIER
from signedcert.carriers.glyphs import Char
from signedcert.carriers.page import MAX_PAGES, Box, Page, Sight
from signedcert.carriers.pagereader import PageReader, page_from_json, page_to_json, read_page
from signedcert.carriers.sight import _Seen, _spread, agrees
from tests.carriers.drawing import (
    COVER,
    ISSUER,
    LEARNER,
    NAME_AT,
    NAME_SIZE,
    Pdf,
    box,
    certificate,
    pdf,
    show,
    stream,
)
from tests.carriers.edits import EDITS, HONEST

PLAIN = HONEST["plain"]


def said(page: Page) -> list[str]:
    """Line by line."""
    return ["".join(run.text for run in line) for line in page.lines()]


def test_a_page_is_what_it_says_with_places_and_sizes() -> None:
    page = read_page(PLAIN)
    assert page.unread is None
    assert said(page)[:3] == [ISSUER, "This is to certify that", LEARNER]
    name = page.runs[2]
    assert (name.size, name.font, name.page, name.sight) == (NAME_SIZE, "Helvetica", 1, Sight.SEEN)
    assert name.box.left == pytest.approx(NAME_AT[0], abs=5)
    assert name.box.bottom == pytest.approx(NAME_AT[1], abs=10)


def test_lines_are_counted_through_all_pages() -> None:
    page = read_page(Pdf((certificate(), show("more", 100, 500, 12))).encode())
    assert [run.line for run in page.runs] == list(range(len(page.runs)))
    assert (page.runs[-1].text, page.runs[-1].page) == ("more", 2)


def test_a_size_is_that_on_the_page() -> None:
    page = read_page(pdf(f"q 2 0 0 2 0 0 cm {show('big', 50, 50, 10)} Q"))
    assert page.runs[0].size == 20


def test_a_letter_that_is_covered_is_a_run_of_its_own() -> None:
    page = read_page(EDITS["white box over one letter"].data)
    hidden = [run.text for run in page.runs if run.sight is Sight.HIDDEN]
    assert [text.strip() for text in hidden] == ["a"]


@pytest.mark.parametrize("share", [0.3, 0.55, 1.0])
def test_half_of_a_letter_may_be_covered(share: float) -> None:
    """From below; the upper half of a name can be read, the lower one cannot."""
    left, bottom, width, _ = COVER
    cover = box(left, bottom + 12 - 0.5, width, 24.5 * share)
    page = read_page(pdf(certificate(learner="HHHHHH") + cover))
    sights = {run.sight for run in page.runs if "H" in run.text}
    assert sights == ({Sight.SEEN} if share < 0.5 else {Sight.HIDDEN})


@pytest.mark.parametrize(
    ("claimed", "drawn", "answer"),
    [
        ("Maria", "Maria", True),
        ("Maria", "airaM", True),
        ("ﬁn", "fin", True),
        ("Maria", "MARIA", True),
        ("Ana\u00admaria", "Anamaria", True),
        ("Maria", "Mario", False),
        ("Maria", "Maria Eva", False),
        ("Maria", "", False),
        ("สุ", "สุวุ", True),
        ("ว", "วุ", True),
        ("สุ", "วุ", False),
        ("Zoë", "Zoëxy", False),
    ],
)
def test_replacement_text_has_to_agree_with_the_glyphs(
    claimed: str, drawn: str, *, answer: bool
) -> None:
    assert agrees(claimed, drawn) is answer


def test_a_glyph_that_stands_for_many_letters_is_looked_at_as_a_whole() -> None:
    """Two strokes, and nothing between them: letters that it is cut into have no ink."""
    table = "beginbfchar <22> <" + "abcdefgh".encode("utf-16-be").hex() + "> endbfchar"
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 21 0 R>>"
    page = read_page(
        pdf(
            show('i"', 100, 100, 40, font="F2"),
            fonts="/F2 20 0 R",
            objects=(font, stream(f"1 begincodespacerange <00> <ff> endcodespacerange 1 {table}")),
        )
    )
    assert said(page) == ["iabcdefgh"]
    assert {run.sight for run in page.runs} == {Sight.SEEN}


# what is refused


@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.7\n", b"x" * 5000, PLAIN[: len(PLAIN) // 3], b"%PDF-1.7\n%%EOF", b"\x00" * 100],
)
def test_what_is_no_pdf_says_so(data: bytes) -> None:
    assert read_page(data) == Page(unread="page-broken")


def test_an_encrypted_page_says_so() -> None:
    entries = "/Filter/Standard/V 1/R 2/P -4/O(" + "x" * 32 + ")/U(" + "y" * 32 + ")"
    broken = PLAIN.replace(b"/Root 1 0 R", f"/Root 1 0 R/ID[(a)(a)]/Encrypt<<{entries}>>".encode())
    assert read_page(broken) == Page(unread="page-encrypted")


def test_a_page_without_text_says_so() -> None:
    assert read_page(pdf(box(0, 0, 100, 100))) == Page(unread="page-without-text")


def test_no_more_than_so_many_pages_are_read() -> None:
    assert read_page(Pdf((certificate(),) * MAX_PAGES).encode()).unread is None
    assert read_page(Pdf((certificate(),) * (MAX_PAGES + 1)).encode()).unread == "page-too-large"


def test_a_large_file_is_not_looked_at() -> None:
    data = PLAIN + b" " * MAX_CARRIER
    assert read_page(data).unread == "page-too-large"
    assert PageReader().read(data).unread == "page-too-large"


@pytest.mark.parametrize(
    ("module", "name", "limit"),
    [
        (glyphs, "MAX_OBJECTS", 5),
        (glyphs, "MAX_CHARACTERS", 50),
        (glyphs, "_MAX_ACTUAL", 10),
        (sight, "MAX_LINES", 5),
    ],
)
def test_each_limit_is_kept(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, limit: int
) -> None:
    data = HONEST["replacement text"]
    assert read_page(data).unread is None
    monkeypatch.setattr(module, name, limit)
    assert read_page(data).unread == "page-too-large"


def test_forms_in_forms_have_an_end() -> None:
    forms = tuple(
        stream(
            f"/X{number + 1} Do" if number < 12 else show("deep", 100, 100, 12),
            "/Type/XObject/Subtype/Form/BBox[0 0 842 595]/Resources<</Font<</F1 3 0 R>>"
            f"/XObject<</X{number + 1} {21 + number} 0 R>>>>",
        )
        for number in range(13)
    )
    data = pdf("/X0 Do", resources="/XObject<</X0 20 0 R>>", objects=forms)
    assert read_page(data).unread == "page-too-large"


def test_what_would_take_too_long_to_look_at_is_unclear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.carriers.ink.MAX_LAYERS", 1)
    page = read_page(pdf(certificate() + show("over it", *NAME_AT, NAME_SIZE)))
    assert Sight.UNCLEAR in {run.sight for run in page.runs}


def test_without_the_extra_a_page_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "signedcert.carriers.sight", None)
    assert read_page(PLAIN) == Page(unread="extractor-missing")


# in a process of its own


def test_the_process_reads_what_is_read_here() -> None:
    with PageReader() as reader:
        for data in (PLAIN, b"broken", EDITS["white box"].data):
            assert reader.read(data) == read_page(data)


def test_a_reader_is_started_when_it_is_needed_and_again_when_it_has_died() -> None:
    with PageReader() as reader:
        first = reader.running()
        assert reader.read(PLAIN).unread is None
        first.kill()
        first.wait()
        assert reader.read(PLAIN).unread == "page-reader-failed"
        assert reader.read(PLAIN).unread is None
        second = reader.running()
        assert second is not first
    assert second.poll() is not None


_STAND_IN = "import sys, time, os; sys.stdin.buffer.read(8); "


@pytest.mark.parametrize(
    "does",
    [
        "time.sleep(60)",
        "os.abort()",
        "sys.exit(3)",
        "sys.stdout.buffer.write(b'abc')",
        "sys.stdout.buffer.write(bytes([255]) * 8)",
        "sys.stdout.buffer.write((2).to_bytes(8) + b'[]')",
        "sys.stdout.buffer.write((4).to_bytes(8) + b'null')",
        "sys.stdout.buffer.write((1).to_bytes(8) + b'[')",
        "sys.stdout.buffer.write((200000).to_bytes(8) + b'[' * 200000)",
    ],
)
def test_a_process_that_hangs_dies_or_lies_costs_one_answer(
    monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    monkeypatch.setattr(childprocess, "python", lambda _: [sys.executable, "-c", _STAND_IN + does])
    monkeypatch.setattr(pagereader, "TIME_LIMIT", 2.0)
    with PageReader() as reader:
        process = reader.running()
        assert reader.read(PLAIN) == Page(unread="page-reader-failed")
        assert process.poll() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_process_has_so_much_memory_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagereader, "MEMORY_LIMIT", 32 * 1024 * 1024)
    with PageReader() as reader:
        assert reader.read(PLAIN).unread in ("page-reader-failed", "extractor-missing")


def test_nothing_is_imported_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(7)", "utf-8")
    (tmp_path / "signedcert.py").write_text("raise SystemExit(7)", "utf-8")
    monkeypatch.chdir(tmp_path)
    with PageReader() as reader:
        assert reader.read(PLAIN).unread is None


def test_a_page_goes_from_one_process_to_another() -> None:
    page = read_page(EDITS["white box"].data)
    assert page_from_json(json.loads(json.dumps(page_to_json(page)))) == page
    assert page_from_json(page_to_json(Page(unread="page-broken"))).unread == "page-broken"


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"runs": []},
        {"runs": [], "unread": "something"},
        {"runs": [["a"]], "unread": None},
        {"runs": [["a", [0, 0, 1], 1, "F", 1, 0, "seen"]], "unread": None},
        {"runs": [["a", [0, 0, 1, 1], 1, "F", 1, 0, "no"]], "unread": None},
        {"runs": [["a", [0, 0, 1, 1], 1, "F", float("inf"), 0, "seen"]], "unread": None},
        {"runs": [["a", [0, 0, 1, "x"], 1, "F", 1, 0, "seen"]], "unread": None},
    ],
)
def test_anything_else_from_there_is_refused(value: object) -> None:
    with pytest.raises(pagereader.NOT_A_PAGE):
        page_from_json(value)


def test_boxes_share_and_touch() -> None:
    one, other = Box(0, 0, 10, 10), Box(5, 0, 15, 10)
    assert one.share(other) == one.share(Box(5, 0, 10, 10)) / 2 == 0.5
    assert one.share(Box(20, 0, 30, 10)) == one.share(Box(3, 3, 3, 3)) == 0
    assert one.touches(other)
    assert not one.touches(Box(10.5, 0, 20, 10))
    assert one.touches(Box(10.5, 0, 20, 10), 1)
    assert one.around(Box(20, -5, 30, 5)) == Box(0, -5, 30, 10)


INKED, EMPTY = Box(0, 0, 10, 10), Box(12, 5, 12, 5)


@pytest.mark.parametrize(
    ("claimed", "glyphs", "sight"),
    [
        ("\u09b0\u09cd\u09ae\u09bf", [(INKED, Sight.SEEN), (EMPTY, Sight.HIDDEN)], Sight.SEEN),
        ("\u09b0\u09cd\u09ae\u09bf", [(INKED, Sight.HIDDEN), (INKED, Sight.SEEN)], Sight.HIDDEN),
        ("\u09b0\u09cd\u09ae\u09bf", [(EMPTY, Sight.HIDDEN)], Sight.HIDDEN),
        ("aa", [(INKED, Sight.SEEN), (EMPTY, Sight.HIDDEN)], Sight.HIDDEN),
    ],
)
def test_a_glyph_without_extent_hides_nothing_that_others_say(
    claimed: str, glyphs: list[tuple[Box, Sight]], sight: Sight
) -> None:
    """Type-setters map each glyph of a syllable to the whole of it; one letter is one letter."""
    text = claimed if len(set(claimed)) > 1 else claimed[0]
    group = [_Seen(Char(char, box, 50, "F", 1), seen) for box, seen in glyphs for char in text]
    assert {one.sight for one in _spread(claimed, group)} == {sight}
