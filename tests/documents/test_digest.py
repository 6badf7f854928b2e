"""The digest by which a certificate refers to its course document."""

import base64
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from signedcert.documents.digest import digest_sri


def test_the_digest_of_nothing_is_the_known_one() -> None:
    assert digest_sri("") == "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_it_is_base64_of_sha256_over_utf8(text: str) -> None:
    algorithm, _, value = digest_sri(text).partition("-")
    assert algorithm == "sha256"
    assert base64.b64decode(value, validate=True) == hashlib.sha256(text.encode()).digest()


def test_a_text_that_is_no_unicode_has_a_digest_of_its_own() -> None:
    assert digest_sri("\ud800") not in {digest_sri("\ufffd"), digest_sri("?"), digest_sri("")}
