"""Private keys in memory: what they sign, and what they keep to themselves."""

import copy
import hashlib
import pickle
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signedcert.core.encoding import b64url_encode
from signedcert.core.keys import P256_ORDER, SIGNATURE_LENGTH, Algorithm, BadSignatureError
from signedcert.custody.private import PrivateKey
from signedcert.errors import ConfigurationError
from tests.core.refusal import refused

ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)


@every_algorithm
@settings(max_examples=25, deadline=None)
@given(secret=st.binary(min_size=32, max_size=32).filter(any), message=st.binary(max_size=100))
def test_what_is_signed_verifies_and_nothing_else_does(
    algorithm: Algorithm, secret: bytes, message: bytes
) -> None:
    if algorithm == "ES256" and int.from_bytes(secret) >= P256_ORDER:
        secret = b"\x01" * 32
    key = PrivateKey(algorithm, secret)
    signature = key.sign(message)
    assert len(signature) == SIGNATURE_LENGTH[algorithm]
    key.public_key.verify(signature, message)
    with pytest.raises(BadSignatureError):
        key.public_key.verify(signature, message + b"\0")


@every_algorithm
def test_a_generated_key_is_new_and_can_be_opened_again(algorithm: Algorithm) -> None:
    key, other = PrivateKey.generate(algorithm), PrivateKey.generate(algorithm)
    assert key.secret_bytes() != other.secret_bytes()
    assert key.algorithm == key.public_key.algorithm == algorithm
    again = PrivateKey(algorithm, key.secret_bytes())
    assert again.public_key == key.public_key
    again.public_key.verify(key.sign(b"message"), b"message")


def test_es256_is_deterministic_and_low_s_over_200_messages() -> None:
    key = PrivateKey.generate("ES256")
    again = PrivateKey("ES256", key.secret_bytes())
    seen = set()
    for number in range(200):
        message = f"message {number}".encode()
        signature = key.sign(message)
        assert signature == again.sign(message)
        assert 0 < int.from_bytes(signature[32:]) <= P256_ORDER // 2
        key.public_key.verify(signature, message)
        seen.add(signature[:32])
    assert len(seen) == 200, "a nonce was used twice"


@pytest.mark.parametrize(
    ("message", "r", "s"),
    [
        (
            b"sample",
            0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
            0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
        ),
        (
            b"test",
            0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
            0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
        ),
    ],
)
def test_es256_signs_as_rfc6979_a_2_5_says_with_the_lower_s(message: bytes, r: int, s: int) -> None:
    secret = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    signature = PrivateKey("ES256", secret.to_bytes(32)).sign(message)
    assert signature == r.to_bytes(32) + min(s, P256_ORDER - s).to_bytes(32)


def test_ed25519_signs_as_rfc8032_7_1_says() -> None:
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = PrivateKey("Ed25519", secret)
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.public_key.raw.hex() == public
    assert key.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )


@every_algorithm
@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_secret_of_another_length_is_refused(algorithm: Algorithm, length: int) -> None:
    with refused("key-file", kind=ConfigurationError):
        PrivateKey(algorithm, b"\x01" * length)


@pytest.mark.parametrize("scalar", [0, P256_ORDER, P256_ORDER + 1, 2**256 - 1])
def test_an_es256_scalar_out_of_range_is_refused(scalar: int) -> None:
    with refused("key-file", kind=ConfigurationError):
        PrivateKey("ES256", scalar.to_bytes(32))


@pytest.mark.parametrize("scalar", [1, P256_ORDER - 1])
def test_the_first_and_the_last_es256_scalar_are_keys(scalar: int) -> None:
    key = PrivateKey("ES256", scalar.to_bytes(32))
    key.public_key.verify(key.sign(b"message"), b"message")


@every_algorithm
def test_repr_shows_the_thumbprint_and_no_secret(algorithm: Algorithm) -> None:
    key = PrivateKey(algorithm, hashlib.sha256(algorithm.encode()).digest())
    secret = key.secret_bytes()
    assert repr(key) == str(key) == f"<PrivateKey {algorithm} {key.public_key.thumbprint}>"
    number = str(int.from_bytes(secret))
    for spelling in (secret.hex(), b64url_encode(secret), repr(secret), number):
        assert spelling not in f"{key!r} {key} {[key]}"


@every_algorithm
def test_a_private_key_is_neither_pickled_nor_copied(algorithm: Algorithm) -> None:
    key = PrivateKey.generate(algorithm)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="does not travel"):
            pickle.dumps(key, protocol)
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="does not travel"):
            duplicate(key)
    with pytest.raises(TypeError, match="does not travel"):
        pickle.dumps({"keys": [key]})
