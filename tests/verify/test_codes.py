"""Step 9: the code on the paper beside the document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signedcert.core.code import ALPHABET, LENGTH
from signedcert.verify.report import Check, Outcome, Verdict
from signedcert.verify.verifier import Verifier
from tests.reference import AT, World, credential
from tests.verify.test_steps import code_of


@pytest.fixture(scope="module")
def document(world: World) -> bytes:
    return world.document()


def check(world: World, document: bytes, code: str) -> Check:
    report = Verifier(world.trust).report(document, at=AT, code=code)
    assert (report.checks[8].outcome is Outcome.PASSED) == bool(report)
    assert report.checks[8].step == 9
    return report.checks[8]


def covered(code: str, positions: tuple[int, ...]) -> str:
    symbols = code.replace("-", "")
    return "".join("?" if i in positions else symbol for i, symbol in enumerate(symbols))


def test_a_code_may_be_typed_in_any_way(world: World, document: bytes) -> None:
    code = code_of(document)
    spellings = (
        code,
        code.lower(),
        code.replace("-", ""),
        code.replace("-", " "),
        code.replace("-", "\u2013"),
        code.replace("0", "O").replace("1", "l"),
    )
    for spelling in spellings:
        assert check(world, document, spelling).outcome is Outcome.PASSED


@given(st.sets(st.integers(0, LENGTH - 1), max_size=4))
def test_up_to_four_unreadable_symbols_are_accepted_anywhere(
    world: World, document: bytes, positions: set[int]
) -> None:
    code = covered(code_of(document), tuple(positions))
    assert check(world, document, code).outcome is Outcome.PASSED


@given(st.sets(st.integers(0, LENGTH - 1), min_size=5))
def test_five_or_more_unreadable_symbols_are_refused(
    world: World, document: bytes, positions: set[int]
) -> None:
    found = check(world, document, covered(code_of(document), tuple(positions)))
    assert (found.outcome, found.reason) == (Outcome.FAILED, "code-mismatch")
    assert found.detail == "code-unreadable"


@given(
    position=st.integers(0, LENGTH - 1),
    symbol=st.sampled_from(ALPHABET),
    hidden=st.sets(st.integers(0, LENGTH - 1), max_size=4),
)
def test_one_wrong_symbol_is_refused_whatever_is_unreadable(
    world: World, document: bytes, position: int, symbol: str, hidden: set[int]
) -> None:
    right = code_of(document).replace("-", "")
    wrong = right[:position] + symbol + right[position + 1 :]
    found = check(world, document, covered(wrong, tuple(hidden - {position})))
    if symbol == right[position]:
        assert found.outcome is Outcome.PASSED
    else:
        assert (found.reason, found.detail) == ("code-mismatch", "code-check")
        assert found.technical.endswith(f"it differs at symbol {position + 1}")


def test_each_symbol_counts(world: World, document: bytes) -> None:
    """The check symbols too: a code that leads elsewhere is never half right."""
    right = code_of(document).replace("-", "")
    for i, symbol in enumerate(right):
        other = ALPHABET[(ALPHABET.index(symbol) + 1) % len(ALPHABET)]
        wrong = right[:i] + other + right[i + 1 :]
        assert check(world, document, wrong).reason == "code-mismatch"


def test_every_group_may_be_covered(world: World, document: bytes) -> None:
    for group in range(5):
        positions = tuple(range(4 * group, 4 * group + 4))
        assert check(world, document, covered(code_of(document), positions)).reason is None


def test_a_code_of_question_marks_says_nothing(world: World, document: bytes) -> None:
    found = check(world, document, "?" * LENGTH)
    assert found.detail == "code-unreadable"
    assert found.technical == f"the code of this document is {code_of(document)}"


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("", "code-length"),
        ("NSPQ", "code-length"),
        ("U" * LENGTH, "code-symbol"),
        ("*" * LENGTH, "code-symbol"),
        ("é" * LENGTH, "code-symbol"),
        ("\ud800" * LENGTH, "code-symbol"),
    ],
)
def test_what_is_no_code_is_refused_and_not_corrected(
    code: str, detail: str, world: World, document: bytes
) -> None:
    found = check(world, document, code)
    assert (found.reason, found.detail) == ("code-mismatch", detail)
    assert found.verdict is Verdict.NOT_AUTHENTIC


def test_where_much_differs_the_positions_are_not_listed(world: World, document: bytes) -> None:
    right = code_of(document).replace("-", "")
    five = "".join(
        ALPHABET[(ALPHABET.index(symbol) + 1) % 32] if i < 5 else symbol
        for i, symbol in enumerate(right)
    )
    assert "differs" not in check(world, document, five).technical
    assert code_of(document) in check(world, document, five).technical


def test_up_to_four_positions_are_listed_beside_the_right_code(
    world: World, document: bytes
) -> None:
    right = code_of(document).replace("-", "")
    four = "".join(
        ALPHABET[(ALPHABET.index(symbol) + 1) % 32] if i < 4 else symbol
        for i, symbol in enumerate(right)
    )
    assert check(world, document, four).technical == (
        f"the code of this document is {code_of(document)}; it differs at symbol 1, 2, 3, 4"
    )


def test_a_code_does_not_make_up_for_a_signature(world: World, ed25519_world: World) -> None:
    """Whoever makes a document makes its code."""
    forged = ed25519_world.sign(credential().encode(), world.header())
    report = Verifier(world.trust).report(forged, at=AT, code=code_of(forged))
    assert report.checks[8].outcome is Outcome.PASSED
    assert report.reason == "bad-signature"
