"""Codes that would embarrass are known."""

import random
import re

import pytest

from signedcert.core.code import ALPHABET
from signedcert.issue.words import _WORDS, is_offensive

PLAIN = "NSPQ8W1BBCGXGRPY7QQP"


def test_the_code_of_the_specification_is_printed() -> None:
    assert not is_offensive(PLAIN)


@pytest.mark.parametrize("word", ["FACK", "DAMN", "SEX", "KKK", "666", "RAPE", "HEKK"])
@pytest.mark.parametrize("place", [0, 7, 14, 16, 17])
def test_a_word_is_found_wherever_it_stands(word: str, place: int) -> None:
    known = word not in ("FACK", "HEKK")
    code = (PLAIN[:place] + word + PLAIN[place:])[:20]
    whole = place + len(word) <= 20
    assert is_offensive(code) == (known and whole)


@pytest.mark.parametrize("word", ["FVCK", "SH17", "D1CK", "H0RE", "5EX", "P155", "R4PE", "FVK"])
def test_digits_and_v_read_as_letters(word: str) -> None:
    assert is_offensive(PLAIN[:8] + word + PLAIN[8 + len(word) :])


def test_words_do_not_cost_many_codes() -> None:
    generator = random.Random(1)  # noqa: S311 - the same codes in every run
    codes = ["".join(generator.choices(ALPHABET, k=20)) for _ in range(20_000)]
    refused = sum(map(is_offensive, codes))
    assert 0 < refused < len(codes) * 0.02


def test_every_word_on_the_list_can_be_spelled_with_the_symbols_of_a_code() -> None:
    look = str.maketrans("OIEASTBU", "0134578V")
    for word in _WORDS.split():
        spelled = word.translate(look) if re.search("[ILOU]", word) else word
        readable = set(spelled.replace("L", "1")) <= set(ALPHABET)
        assert readable, word
