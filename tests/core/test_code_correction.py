"""What a mistyped code was probably meant to be."""

import random
from functools import cache
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signedcert.core import code as module
from signedcert.core.code import ALPHABET, LENGTH, Suggestion, VerificationCode, suggest
from signedcert.errors import MalformedError
from tests.core.refusal import outcome, refused
from tests.core.test_code import CODE, codes

SYMBOLS = CODE.replace("-", "")
VALUES = [ALPHABET.index(symbol) for symbol in SYMBOLS]


def changed(symbols: str, places: dict[int, int], unreadable: tuple[int, ...] = ()) -> str:
    """A code with values added to some symbols, and others made unreadable."""
    word = [ALPHABET[ALPHABET.index(s) ^ places.get(i, 0)] for i, s in enumerate(symbols)]
    for i in unreadable:
        word[i] = "?"
    return "".join(word)


def meant(typed: str) -> tuple[str, tuple[int, ...]] | None:
    """The suggestion for a typed code, as plain values."""
    found = suggest(typed)
    return None if found is None else (found.code.symbols, found.positions)


def random_errors(generator: random.Random, size: int) -> dict[int, int]:
    """That many wrong symbols."""
    places = generator.sample(range(LENGTH), size)
    return {place: generator.randrange(1, 32) for place in places}


# one and two wrong symbols, all of them


@cache
def error_syndromes() -> dict[tuple[int, int], tuple[int, ...]]:
    """The syndromes of the vector with one symbol changed, by position and difference."""
    found = {}
    for position, difference in product(range(LENGTH), range(1, 32)):
        word = list(VALUES)
        word[position] ^= difference
        found[position, difference] = tuple(module._syndromes(word))
    return found


def test_every_single_error_is_corrected() -> None:
    for position, difference in product(range(LENGTH), range(1, 32)):
        typed = changed(SYMBOLS, {position: difference})
        assert meant(typed) == (SYMBOLS, (position + 1,))


@pytest.mark.no_cover  # very many cases that take one way
@pytest.mark.parametrize("left", range(LENGTH - 1))
def test_every_pair_of_errors_is_corrected(left: int) -> None:
    single = error_syndromes()
    for right in range(left + 1, LENGTH):
        for a, b in product(range(1, 32), repeat=2):
            # test_syndromes_of_several_errors_are_the_sum_of_each
            both = [x ^ y for x, y in zip(single[left, a], single[right, b], strict=True)]
            expected = {LENGTH - 1 - left: a, LENGTH - 1 - right: b}
            assert module._correct(both, []) == expected


def test_syndromes_of_several_errors_are_the_sum_of_each() -> None:
    single = error_syndromes()
    generator = random.Random(1)  # noqa: S311 - a sample, the same in every run
    for number in range(2000):
        word, total = list(VALUES), [0, 0, 0, 0]
        for error in random_errors(generator, number % 4 + 1).items():
            word[error[0]] ^= error[1]
            total = [x ^ y for x, y in zip(total, single[error], strict=True)]
        assert module._syndromes(word) == total


@given(codes, st.data())
def test_up_to_two_errors_in_any_code_are_corrected(
    code: VerificationCode, data: st.DataObject
) -> None:
    errors = data.draw(
        st.dictionaries(st.integers(0, 19), st.integers(1, 31), min_size=1, max_size=2)
    )
    positions = tuple(sorted(i + 1 for i in errors))
    assert meant(changed(code.symbols, errors)) == (code.symbols, positions)


def test_several_hundred_random_pairs_are_corrected_as_typed() -> None:
    generator = random.Random(2)  # noqa: S311 - a sample, the same in every run
    for number in range(500):
        code = VerificationCode.derive(b"document", number.to_bytes(8))
        errors = random_errors(generator, 2)
        typed = VerificationCode.symbols_of(changed(code.symbols, errors)).lower()
        assert meant(typed) == (code.symbols, tuple(sorted(i + 1 for i in errors)))


# unreadable symbols


@pytest.mark.no_cover  # very many cases that take one way
def test_every_four_unreadable_symbols_are_restored() -> None:
    count = 0
    for places in combinations(range(LENGTH), 4):
        typed = changed(SYMBOLS, {}, places)
        assert meant(typed) == (SYMBOLS, tuple(i + 1 for i in places))
        count += 1
    assert count == 4845


@pytest.mark.parametrize("number", [1, 2, 3])
def test_fewer_unreadable_symbols_are_restored(number: int) -> None:
    for places in combinations(range(LENGTH), number):
        assert meant(changed(SYMBOLS, {}, places)) == (SYMBOLS, tuple(i + 1 for i in places))


def test_a_covered_group_hides_nothing() -> None:
    groups = CODE.split("-")
    for i in range(5):
        covered = "-".join([*groups[:i], "????", *groups[i + 1 :]])
        assert meant(covered) == (SYMBOLS, tuple(range(4 * i + 1, 4 * i + 5)))


@given(codes, st.permutations(range(20)), st.integers(1, 31), st.integers(1, 2))
def test_one_error_beside_up_to_two_unreadable_symbols_is_corrected(
    code: VerificationCode, order: list[int], difference: int, unreadable: int
) -> None:
    erased = tuple(order[1 : 1 + unreadable])
    typed = changed(code.symbols, {order[0]: difference}, erased)
    positions = tuple(sorted(i + 1 for i in (order[0], *erased)))
    assert meant(typed) == (code.symbols, positions)


def test_every_place_of_one_error_and_two_unreadable_symbols_is_corrected() -> None:
    for erased in combinations(range(LENGTH), 2):
        for place in set(range(LENGTH)) - set(erased):
            typed = changed(SYMBOLS, {place: 1 + place}, erased)
            positions = tuple(sorted(i + 1 for i in (place, *erased)))
            assert meant(typed) == (SYMBOLS, positions)


def test_five_unreadable_symbols_are_too_many() -> None:
    assert suggest("?????" + SYMBOLS[5:]) is None
    assert suggest("?" * 20) is None


def test_an_error_beside_three_unreadable_symbols_is_not_guessed() -> None:
    assert suggest(changed(SYMBOLS, {10: 7}, (0, 1, 2))) is None


# what is not corrected


def test_a_right_code_has_no_suggestion() -> None:
    assert suggest(CODE) is None
    assert suggest(CODE.lower()) is None


def test_what_is_no_code_at_all_is_refused() -> None:
    with refused("code-length"):
        suggest(CODE[1:])
    with refused("code-symbol"):
        suggest("U" * 20)


@pytest.mark.no_cover  # very many cases that take one way
def test_200_000_times_up_to_four_wrong_symbols_are_noticed() -> None:
    single = error_syndromes()
    generator = random.Random(3)  # noqa: S311 - a sample, the same in every run
    noticed = 0
    for number in range(200_000):
        total = [0, 0, 0, 0]
        for error in random_errors(generator, number % 4 + 1).items():
            total = [x ^ y for x, y in zip(total, single[error], strict=True)]
        noticed += any(total)
    assert noticed == 200_000


def test_a_typed_code_with_up_to_four_wrong_symbols_is_never_accepted() -> None:
    generator = random.Random(4)  # noqa: S311 - a sample, the same in every run
    for number in range(4000):
        typed = changed(SYMBOLS, random_errors(generator, number % 4 + 1))
        error = outcome(VerificationCode.parse, typed)
        assert isinstance(error, MalformedError)
        assert error.reason == "code-check"


def test_beyond_two_errors_a_suggestion_is_a_code_near_to_what_was_typed() -> None:
    generator = random.Random(5)  # noqa: S311 - a sample, the same in every run
    outcomes = set()
    for number in range(3000):
        unreadable = tuple(range(number % 4))
        typed = changed(SYMBOLS, random_errors(generator, 3 + number % 5), unreadable)
        found = suggest(typed)
        outcomes.add(found is None)
        if found is not None:
            differing = [
                i
                for i, (a, b) in enumerate(zip(typed, found.code.symbols, strict=True), 1)
                if a != b
            ]
            assert found.positions == tuple(differing)
            wrong = len(differing) - typed.count("?")
            assert 2 * wrong + typed.count("?") <= 4
            assert VerificationCode.parse(str(found.code)) == found.code
    assert outcomes == {True, False}


@given(st.text(st.sampled_from(ALPHABET + "?"), min_size=20, max_size=20))
def test_no_typed_code_breaks_the_correction(typed: str) -> None:
    found = suggest(typed)
    assert found is None or VerificationCode.parse(str(found.code)) == found.code


# shown


@pytest.mark.parametrize(
    ("positions", "marks"),
    [
        ((1,), "^"),
        ((4, 5), "   ^ ^"),
        ((20,), "                       ^"),
        ((1, 8, 17), "^       ^           ^"),
        ((5, 6, 7, 8), "     ^^^^"),
    ],
)
def test_marks_stand_below_the_symbols_that_differ(positions: tuple[int, ...], marks: str) -> None:
    assert Suggestion(VerificationCode.parse(CODE), positions).marks() == marks


@given(st.sets(st.integers(1, 20), min_size=1))
def test_each_mark_is_below_its_symbol_of_the_printed_code(positions: set[int]) -> None:
    suggestion = Suggestion(VerificationCode.parse(CODE), tuple(sorted(positions)))
    marks = suggestion.marks().ljust(len(CODE))
    below = [mark for mark, symbol in zip(marks, CODE, strict=True) if symbol != "-"]
    assert {i for i, mark in enumerate(below, 1) if mark == "^"} == positions
    assert set(marks) <= {"^", " "}
