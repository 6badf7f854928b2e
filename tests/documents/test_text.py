"""Which texts may stand in a document, and how they are compared and cut."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signedcert.documents.text import (
    _UNSAFE,
    MAX_SUMMARY,
    _check_each,
    check_assigned,
    check_text,
    is_placeholder,
    normalize,
    same_name,
    summarize,
    visible,
)
from signedcert.errors import Malformed, MalformedError
from tests.core.refusal import outcome, refused

NAMES = [
    "Ada Lovelace",
    "Mar\u00eda-Jos\u00e9 Nguy\u1ec5n",
    "O'Brien",
    "\u674e\u5c0f\u9f99",
    "\u0410\u043b\u0435\u043a\u0441\u0430\u043d\u0434\u0440",
    "\u0645\u062d\u0645\u062f",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # ZWNJ, as Persian needs it
    "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # ZWJ, as Sinhala needs it
    "\u200f\u05d3\u05d5\u05d3",  # a right-to-left mark
    '"Ann" \\ %s {x} \u00abid\u00bb \u27e6\u27e7',
    "X",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_script_is_a_text(name: str) -> None:
    assert normalize(name) == name
    assert outcome(check_text, name, 512, "name") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "text-blank"),
        (" ", "text-blank"),
        ("\u00a0\u3000", "text-blank"),
        ("\u200b\u200d\u2060", "text-blank"),
        ("\u3164", "text-blank"),
        ("\u2800", "text-blank"),
        ("\u00ad", "text-blank"),
        ("a\x00", "text-control"),
        ("a\nb", "text-control"),
        ("a\tb", "text-control"),
        ("a\x7f", "text-control"),
        ("\x1b[31ma", "text-control"),
        ("a\x85b", "text-control"),
        ("\u00e9\x9b", "text-control"),
        ("a\u2028b", "text-control"),
        ("a\u2029b", "text-control"),
        ("\ufeffa", "text-control"),
        ("a\ufffd", "text-control"),
        ("a\ufffe", "text-control"),
        ("\u202ea", "text-bidi"),
        ("a\u202a", "text-bidi"),
        ("a\u2066b\u2069", "text-bidi"),
        ("e\u0301", "text-not-nfc"),
        ("\u212b", "text-not-nfc"),  # ANGSTROM SIGN
        ("\u1100\u1161", "text-not-nfc"),  # Hangul in parts
        ("a" * 11, "text-too-long"),
        ("\u00e9" * 6, "text-too-long"),
        (" " * 11, "text-too-long"),
        ("a\ud800", "lone-surrogate"),
        ("\udc80" * 20, "lone-surrogate"),
    ],
)
def test_a_text_is_refused(text: str, reason: Malformed) -> None:
    with refused(reason, "there"):
        check_text(text, 10, "there")


@pytest.mark.parametrize("text", ["a" * 10, "\u00e9" * 5])
def test_the_limit_counts_bytes_and_is_included(text: str) -> None:
    assert outcome(check_text, text, 10, "") is None
    with refused("text-too-long"):
        check_text(text, 9, "")


def test_a_refusal_names_the_character_and_its_position() -> None:
    with pytest.raises(MalformedError, match=r"U\+202E at position 3"):
        check_text("ab\u202e", 10, "")
    with pytest.raises(MalformedError, match=r"U\+000A at position 1"):
        check_text("\nab", 10, "")


@given(st.text(max_size=30))
def test_a_text_that_passes_can_be_shown(text: str) -> None:
    result = outcome(check_text, text, 60, "there")
    if isinstance(result, MalformedError):
        assert result.where == "there"
        assert result.message.isascii()
    else:
        assert 0 < len(text.encode()) <= 60
        assert unicodedata.normalize("NFC", text) == text
        assert text.strip()
        assert not {unicodedata.category(character) for character in text} & {"Cc", "Zl", "Zp"}


@given(st.text(max_size=30))
def test_normal_form_has_no_white_space_around_it_and_is_kept(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once == once.strip()
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-",
        "...",
        "undefined",
        "UNDEFINED",
        "None",
        "null",
        "Null",
        "nil",
        "N/A",
        "n/a",
        "NA",
        "NaN",
        "TBD",
        "test",
        "[name]",
        "<name>",
        "{{name}}",
        "{{ first }} {{ last }}",
        "{name}",
        "${user.name}",
        "%NAME%",
        "%(name)s%",
        "First Name",
        "firstname",
        "Last name",
        "Full Name",
        "no name",
        "#REF!",
        "xx",
        "XXXXX",
        "(anonymous)",
        "Learner",
        "student",
        " Unknown. ",
    ],
)
def test_what_software_prints_without_a_name_is_a_placeholder(name: str) -> None:
    assert is_placeholder(name)


@pytest.mark.parametrize(
    "name",
    [
        *NAMES,
        "Anna Null",
        "Nan Goldin",
        "Test Pilot",
        "X",
        "Xi",
        "Nilsson",
        "Nana",
        "Name Sakura",
        "Jean-None",
        "Students United",
        "A {x}",
    ],
)
def test_a_name_is_no_placeholder(name: str) -> None:
    assert not is_placeholder(name)


def test_looking_for_placeholders_takes_no_time() -> None:
    for name in ("." * 512 + "a", "{" * 256 + "a" * 256, "x" * 511 + "a", "%" * 511 + "a"):
        assert not is_placeholder(name)


# summaries


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 120, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("one two three four", 13, "one two\u2026"),
        ("one two, three four", 14, "one two\u2026"),
        ("a veryveryveryverylongword", 15, "a veryveryve\u2026"),
        ("unbrokenunbroken", 10, "unbroke\u2026"),
        ("\u00e9" * 10, 10, "\u00e9" * 3 + "\u2026"),
        ("abcdefx\u0323yzabc", 11, "abcdef\u2026"),
    ],
)
def test_a_summary_is_cut_between_words_where_it_can_be(
    text: str, limit: int, expected: str
) -> None:
    assert summarize(text, limit) == expected


def test_a_summary_never_separates_a_letter_from_its_marks() -> None:
    assert summarize("abcdefg\u0323\u0323hijk", 10) == "abcdef\u2026"
    assert summarize("abcdefg\u200dhijk", 10) == "abcdef\u2026"


def test_a_summary_of_marks_alone_comes_to_an_end() -> None:
    assert summarize("\u0301" * 100) == "\u2026"
    assert summarize("\u200d" * 100) == "\u2026"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), st.integers(3, 120))
@example("\u0301" * 50, 10)
@example(" " * 50, 10)
@example("a, " * 50, 20)
def test_a_summary_is_the_beginning_of_its_text(text: str, limit: int) -> None:
    summary = summarize(text, limit)
    assert len(summary.encode()) <= limit
    if summary != text:
        assert summary.endswith("\u2026")
        assert text.startswith(summary[:-1])


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).map(normalize))
def test_a_summary_of_a_text_that_passes_passes(text: str) -> None:
    if outcome(check_text, text, 4000, "") is None:
        assert outcome(check_text, summarize(text), MAX_SUMMARY, "") is None


# texts in messages


@pytest.mark.parametrize("text", [*NAMES, "a" * 80])
def test_a_text_that_may_stand_in_a_document_is_shown_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\u000ab"),
        ("\x1b[31m", "\\u001b[31m"),
        ("a\u202eb", "a\\u202eb"),
        ("\u2066", "\\u2066"),
        ("\ud800", "\\ud800"),
        ("a" * 81, "a" * 80 + "\u2026"),
    ],
)
def test_what_cannot_be_seen_is_escaped_and_a_long_end_is_cut(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(max_size=100))
def test_a_text_that_is_shown_stays_on_its_line_and_can_be_written(text: str) -> None:
    shown = visible(text, 50)
    assert shown.encode().decode() == shown
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}


# comparing names


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Ada Lovelace", "ada  LOVELACE"),
        ("Ada Lovelace", "\uff21da\u00a0Lovelace "),
        ("Jos\u00e9", "Jose\u0301"),
        ("Mar\u00eda-Jos\u00e9", "MAR\u00cdA\u2011JOS\u00c9"),
        ("Stra\u00dfe", "STRASSE"),
        (
            "\u039f\u03b4\u03c5\u03c3\u03c3\u03b5\u03cd\u03c2",
            "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u038e\u03a3",
        ),
    ],
)
def test_case_width_spacing_and_dashes_do_not_count(left: str, right: str) -> None:
    assert same_name(left, right)
    assert same_name(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Jos\u00e9", "Jose"),
        ("Nguy\u1ec5n", "Nguyen"),
        ("Ada Lovelace", "AdaLovelace"),
        ("Ada", "Adam"),
        ("Mary-Ann", "Mary Ann"),
        ("Ada", "\u0410da"),  # a Cyrillic A
    ],
)
def test_diacritics_letters_and_spaces_count(left: str, right: str) -> None:
    assert not same_name(left, right)


@given(st.text(max_size=20))
def test_a_name_is_the_same_as_itself_in_any_case(name: str) -> None:
    assert same_name(name, name)
    assert same_name(name, f"  {name}\u3000")
    assert same_name(name, unicodedata.normalize("NFD", name))


def test_a_character_that_unicode_has_not_assigned_is_refused_when_issuing() -> None:
    with pytest.raises(MalformedError, match="U\\+0378 at position 3") as caught:
        check_assigned("ab\u0378", "name")
    assert caught.value.reason == "text-unassigned"
    check_assigned("María \u200d𠮷", "name")


def test_tags_that_nobody_sees_are_refused() -> None:
    with pytest.raises(MalformedError) as caught:
        check_text("Ada\U000e0041", 100, "name")
    assert caught.value.reason == "text-control"


def test_of_what_is_unsafe_only_two_characters_are_printable() -> None:
    unsafe = [chr(code) for code in range(0x110000) if _UNSAFE.search(chr(code))]
    assert [character for character in unsafe if character.isprintable()] == ["\ufffc", "\ufffd"]


@given(st.text(st.characters(), max_size=8))
@example("\u0301a")
@example("\u3164 \u2800")
@example("n\u00f3 n" * 3)
def test_the_short_way_takes_what_each_rule_takes(text: str) -> None:
    short, single = outcome(check_text, text, 16, "name"), outcome(_check_each, text, 16, "name")
    assert str(short) == str(single)
