"""Tokens: 144 random bits with one spelling, and a digest for every text."""

import hashlib
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signedcert.core.encoding import b64url_decode, b64url_encode
from signedcert.sharing.tokens import TOKEN_BYTES, new_token, token_digest

#: Half surrogate pairs too: they come out of what a browser can be made to send.
ANY_TEXT = st.text(st.characters(exclude_categories=()))
RAW = bytes(range(240, 240 + 16)) + b"\x00\xff"


def test_a_token_is_24_characters_of_144_random_bits() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    for token in tokens:
        assert re.fullmatch("[A-Za-z0-9_-]{24}", token)
        assert len(b64url_decode(token.encode())) == TOKEN_BYTES == 18
    ones = sum(int.from_bytes(b64url_decode(token.encode())).bit_count() for token in tokens)
    assert abs(ones - 72_000) < 1_200  # six standard deviations


def test_the_digest_is_the_one_of_the_format() -> None:
    tag = hashlib.sha256(b"signedcert/share-token/v1").digest()
    expected = hashlib.sha256(tag + tag + (18).to_bytes(8, "big") + RAW).digest()
    assert token_digest(b64url_encode(RAW)) == expected


@given(st.binary(min_size=18, max_size=18))
def test_every_18_bytes_are_a_token_with_a_digest_of_its_own(raw: bytes) -> None:
    tag = hashlib.sha256(b"signedcert/share-token/v1").digest()
    expected = hashlib.sha256(tag + tag + (18).to_bytes(8, "big") + raw).digest()
    assert token_digest(b64url_encode(raw)) == expected


@given(ANY_TEXT)
@example("")
@example("\ud800")
@example("\udcff" * 8)
@example("\x00" * 24)
@example("=" * 24)
@example("é" * 12)
@example("A" * 100_000)
def test_every_text_has_a_digest(text: str) -> None:
    assert len(token_digest(text)) == 32


@given(ANY_TEXT, ANY_TEXT)
@example("\ud800", "\ud801")
@example("\ud83d\ude00", "\U0001f600")
def test_different_texts_have_different_digests(first: str, second: str) -> None:
    assert (token_digest(first) == token_digest(second)) == (first == second)


TOKEN = b64url_encode(RAW)


@pytest.mark.parametrize(
    "text",
    [
        TOKEN + "=",
        TOKEN + "==",
        TOKEN + " ",
        " " + TOKEN,
        TOKEN + "\n",
        TOKEN[:-1],
        TOKEN[:-1] + "=",
        TOKEN[:12] + "\n" + TOKEN[12:],
        TOKEN.replace("_", "/").replace("-", "+"),
        TOKEN.swapcase(),
        TOKEN[:-1] + "\uff21",
        RAW.hex(),
        RAW.decode("latin-1"),
    ],
)
def test_another_spelling_of_a_token_is_no_token(text: str) -> None:
    assert text != TOKEN
    tag = hashlib.sha256(b"signedcert/share-token/v1").digest()
    assert token_digest(text) != token_digest(TOKEN)
    if len(text) != 24 or not re.fullmatch("[A-Za-z0-9_-]*", text):
        for data in (text.encode(), RAW):
            framed = tag + tag + len(data).to_bytes(8) + data
            assert token_digest(text) != hashlib.sha256(framed).digest()


@pytest.mark.parametrize("raw", [b"", RAW[:-1], RAW[:-3], RAW + b"\x00", RAW * 2])
def test_base64url_of_another_length_is_no_token(raw: bytes) -> None:
    tag = hashlib.sha256(b"signedcert/share-token/v1").digest()
    framed = tag + tag + len(raw).to_bytes(8) + raw
    assert token_digest(b64url_encode(raw)) != hashlib.sha256(framed).digest()
