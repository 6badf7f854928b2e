"""Verification codes: derived, printed, typed."""

import hashlib
from itertools import combinations, pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signedcert.core import code as module
from signedcert.core.code import ALPHABET, LENGTH, VerificationCode
from signedcert.core.jws import CompactJWS
from signedcert.errors import Malformed, MalformedError
from tests.core.refusal import outcome, refused

#: The vector of the specification.
DOCUMENT = (
    b"eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoidGVzdCJ9."
    b"eyJpc3MiOiJodHRwczovL2V4YW1wbGUuZWR1Iiwic3ViIjoiQWRhIn0."
    b"gOOgeCLkQrdJSG2bxyd-b1jA69DRNwWkDbnq8Vy6sgTsvlfacgNykvIOthUaAwliGJS9_uVvdeqN9iqC1z_vBQ"
)
CODE = "NSPQ-8W1B-BCGX-GRPY-7QQP"

codes = st.binary(max_size=20).map(lambda data: VerificationCode.derive(data, b""))


# a textbook's field and code, to compare with


def times(a: int, b: int) -> int:
    """Multiplication of polynomials over GF(2), then the remainder by x^5 + x^2 + 1."""
    result = 0
    for bit in range(5):
        if b >> bit & 1:
            result ^= a << bit
    for bit in range(9, 4, -1):
        if result >> bit & 1:
            result ^= 0b100101 << bit - 5
    return result


def power(exponent: int) -> int:
    """The field's ``a`` to a power, one multiplication at a time."""
    result = 1
    for _ in range(exponent):
        result = times(result, 2)
    return result


def value_at(word: list[int], x: int) -> int:
    """The polynomial whose highest coefficient is the first symbol, term by term."""
    total = 0
    for position, coefficient in enumerate(word):
        term = coefficient
        for _ in range(len(word) - 1 - position):
            term = times(term, x)
        total ^= term
    return total


def unmasked(symbols: str) -> list[int]:
    """A code's word, without what is added to its last four symbols."""
    word = [ALPHABET.index(symbol) for symbol in symbols]
    return word[:16] + [a ^ b for a, b in zip(word[16:], (3, 1, 4, 15), strict=True)]


def test_the_field_is_that_of_a_textbook() -> None:
    for a, b in product(range(32), repeat=2):
        assert module._multiply(a, b) == times(a, b)
        if b:
            assert times(module._divide(a, b), b) == a


def test_the_powers_of_a_run_through_the_whole_field() -> None:
    assert [module._EXP[i] for i in range(62)] == [power(i) for i in range(62)]
    assert {power(i) for i in range(31)} == set(range(1, 32))


def test_the_generator_is_the_product_of_its_four_factors() -> None:
    product_so_far = [1]
    for exponent in range(1, 5):
        shifted = [*product_so_far, 0]
        scaled = [0, *(times(power(exponent), coefficient) for coefficient in product_so_far)]
        product_so_far = [a ^ b for a, b in zip(shifted, scaled, strict=True)]
    assert tuple(product_so_far) == module._GENERATOR == (1, 30, 6, 9, 17)


@given(st.lists(st.integers(0, 31), min_size=16, max_size=16))
def test_check_symbols_make_a_word_that_is_zero_at_the_four_roots(data: list[int]) -> None:
    word = unmasked("".join(ALPHABET[i] for i in data + module._check_symbols(data)))
    assert word[:16] == data
    assert [value_at(word, power(exponent)) for exponent in range(1, 5)] == [0, 0, 0, 0]


@given(st.lists(st.integers(0, 31), min_size=20, max_size=20))
def test_syndromes_are_the_word_at_the_four_roots(values: list[int]) -> None:
    word = unmasked("".join(ALPHABET[i] for i in values))
    expected = [value_at(word, power(exponent)) for exponent in range(1, 5)]
    assert module._syndromes(values) == expected


def test_no_word_of_up_to_four_symbols_is_a_code_so_all_such_errors_are_detected() -> None:
    # Any four columns of the check matrix are independent: the distance of the code is five.
    columns = [[power(root * i) for root in range(1, 5)] for i in range(LENGTH)]
    for chosen in combinations(columns, 4):
        rows = [list(column) for column in chosen]
        for i in range(4):
            pivot = next((row for row in rows[i:] if row[i]), None)
            assert pivot is not None, "four columns are dependent"
            rows.remove(pivot)
            rows.insert(i, pivot)
            for row in rows[i + 1 :]:
                # row := pivot[i] row - row[i] pivot
                factor = row[i]
                row[:] = [
                    times(pivot[i], a) ^ times(factor, b) for a, b in zip(row, pivot, strict=True)
                ]


# derived and printed


def test_the_vector_of_the_specification() -> None:
    jws = CompactJWS.parse(DOCUMENT)
    assert str(VerificationCode.derive(jws.signing_input, jws.signature)) == CODE


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_a_code_is_80_bits_of_the_digest_that_the_specification_writes_down(
    signed: bytes, signature: bytes
) -> None:
    tag = hashlib.sha256(b"signedcert/verification-code/v1").digest()
    message = tag + tag
    for part in (signed, signature):
        message += len(part).to_bytes(8, "big") + part
    bits = "".join(f"{byte:08b}" for byte in hashlib.sha256(message).digest())
    expected = "".join(ALPHABET[int(bits[i : i + 5], 2)] for i in range(0, 80, 5))
    assert VerificationCode.derive(signed, signature).symbols[:16] == expected


@given(codes)
def test_what_is_printed_is_parsed_back(code: VerificationCode) -> None:
    parsed = VerificationCode.parse(str(code))
    assert parsed == code
    assert hash(parsed) == hash(code)
    assert VerificationCode(code.symbols) == code
    assert str(parsed) == str(code)


@given(codes)
def test_a_code_is_printed_in_five_groups_of_four(code: VerificationCode) -> None:
    groups = str(code).split("-")
    assert [len(group) for group in groups] == [4] * 5
    assert "".join(groups) == code.symbols
    assert set(code.symbols) <= set(ALPHABET)


def test_a_run_of_equal_symbols_is_no_code() -> None:
    for symbol in ALPHABET:
        with refused("code-check"):
            VerificationCode.parse(symbol * LENGTH)


# typed


@pytest.mark.parametrize(
    "typed",
    [
        "nspq-8w1b-bcgx-grpy-7qqp",
        "NSPQ8W1BBCGXGRPY7QQP",
        "NSPQ 8WIB BCGX GRPY 7QQP",
        "nspq 8wlb bcgx grpy 7qqp",
        "NSPQ-8WiB-BCGX-GRPY-7QQP",
        "NSPQ-8WLB-BCGX-GRPY-7QQP",
        "  N.S.P.Q/8W1B_BCGX\tGRPY\r\n7QQP ",
        "NSPQ\u20118W1B\u2013BCGX\u2014GRPY\u00a07QQP",
        "NSPQ\u20108W1B\u2012BCGXGRPY7QQP",
        "NSPQ\u00ad8W1B\u2212BCGX\u2009GRPY\u202f7QQP\u2007",
    ],
)
def test_a_code_may_be_typed_in_many_ways(typed: str) -> None:
    assert str(VerificationCode.parse(typed)) == CODE
    assert VerificationCode(typed) == VerificationCode.parse(CODE)
    assert VerificationCode.symbols_of(typed) == CODE.replace("-", "")


@given(codes, st.data())
def test_letters_like_digits_and_separators_anywhere_are_understood(
    code: VerificationCode, data: st.DataObject
) -> None:
    looks = {"1": "1IiLl", "0": "0Oo"}
    typed = "".join(
        data.draw(st.sampled_from(looks.get(symbol, symbol + symbol.lower())))
        + data.draw(st.sampled_from(["", "", "-", " ", "\u2013"]))
        for symbol in code.symbols
    )
    assert VerificationCode.parse(typed) == code


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "code-length"),
        ("----", "code-length"),
        (CODE[:-1], "code-length"),
        (CODE + "P", "code-length"),
        ("?" * 21, "code-length"),
        ("NSPU-8W1B-BCGX-GRPY-7QQP", "code-symbol"),
        ("NSPu-8W1B-BCGX-GRPY-7QQP", "code-symbol"),
        ("NSPQ-8W1B-BCGX-GRPY-7QQ*", "code-symbol"),
        ("NSPQ-8W1B-BCGX-GRPY-7QQ\uff30", "code-symbol"),  # full-width P
        ("\u0405SPQ-8W1B-BCGX-GRPY-7QQP", "code-symbol"),
        ("?SPU-8W1B-BCGX-GRPY-7QQP", "code-symbol"),
        ("?SPQ-8W1B-BCGX-GRPY-7QQP", "code-unreadable"),
        ("?" * 20, "code-unreadable"),
        ("NSPQ-8W1B-BCGX-GRPY-7QQQ", "code-check"),
        ("SNPQ-8W1B-BCGX-GRPY-7QQP", "code-check"),
        ("0" * 20, "code-check"),
    ],
)
def test_a_typed_code_is_refused(typed: str, reason: Malformed) -> None:
    with refused(reason):
        VerificationCode.parse(typed)
    with refused(reason):
        VerificationCode(typed)


def test_a_refusal_names_the_positions_without_separators() -> None:
    with pytest.raises(MalformedError, match="unreadable at position 2, 5"):
        VerificationCode.parse("N?PQ-?W1B-BCGX-GRPY-7QQP")
    with pytest.raises(MalformedError, match=r"U at position 6 "):
        VerificationCode.parse("NSPQ-8U1B-BCGX-GRPY-7QQP")


def test_a_code_that_is_too_short_is_told_of_the_question_mark() -> None:
    with pytest.raises(MalformedError, match=r"19 symbols.*type \?"):
        VerificationCode.parse(CODE[1:])
    with pytest.raises(MalformedError, match=r"21 symbols; [^?]*$"):
        VerificationCode.parse("0" + CODE)


def test_symbols_are_cleaned_without_looking_whether_they_are_a_code() -> None:
    assert VerificationCode.symbols_of("oooo-iiii-llll-????-zzzz") == "000011111111????ZZZZ"
    with refused("code-symbol"):
        VerificationCode.symbols_of("U" * 20)
    with refused("code-length"):
        VerificationCode.symbols_of("?")


@given(st.text(max_size=30) | st.text(st.sampled_from(ALPHABET), min_size=20, max_size=20))
def test_any_text_is_a_code_or_refused(typed: str) -> None:
    code = outcome(VerificationCode.parse, typed)
    if isinstance(code, MalformedError):
        assert code.reason.startswith("code-")
        assert code.message.isascii()
        assert code.message.isprintable()
    else:
        assert VerificationCode.parse(str(code)) == code


def test_two_neighbours_are_never_swapped_unnoticed() -> None:
    symbols = CODE.replace("-", "")
    for i, (left, right) in enumerate(pairwise(symbols)):
        if left != right:
            with refused("code-check"):
                VerificationCode.parse(symbols[:i] + right + left + symbols[i + 2 :])
