"""The log entry of a document."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from signedcert.core.code import VerificationCode
from signedcert.core.entry import log_entry
from signedcert.core.jws import CompactJWS
from tests.core.test_code import DOCUMENT


def test_the_vector_of_the_specification() -> None:
    jws = CompactJWS.parse(DOCUMENT)
    entry = log_entry(jws.signing_input, jws.signature)
    assert entry.hex() == "a53116ea6cf30550f47dbd5e53c4d0f2378fd88da19563822caf0e0e4d711d88"


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_it_is_the_hash_that_the_specification_writes_down(signed: bytes, signature: bytes) -> None:
    tag = hashlib.sha256(b"signedcert/log-entry/v1").digest()
    message = tag + tag
    for part in (signed, signature):
        message += len(part).to_bytes(8, "big") + part
    assert log_entry(signed, signature) == hashlib.sha256(message).digest()


@given(st.binary(min_size=1, max_size=50))
def test_the_place_where_the_parts_meet_counts(data: bytes) -> None:
    entries = {log_entry(data[:i], data[i:]) for i in range(len(data) + 1)}
    assert len(entries) == len(data) + 1


def test_the_log_does_not_give_codes_away() -> None:
    jws = CompactJWS.parse(DOCUMENT)
    code = VerificationCode.derive(jws.signing_input, jws.signature)
    entry = int.from_bytes(log_entry(jws.signing_input, jws.signature)[:10])
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    as_symbols = "".join(digits[entry >> 5 * (15 - i) & 31] for i in range(16))
    assert as_symbols != code.symbols[:16]
