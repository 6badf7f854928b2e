"""Public keys: one spelling each, one algorithm each, nothing weak."""

import copy
import hashlib
import itertools
import pickle
from contextlib import suppress
from typing import Any, get_args

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from signedcert.core.encoding import b64url_decode, b64url_encode, dump_json
from signedcert.core.keys import (
    P256_ORDER,
    POST_QUANTUM,
    RAW_LENGTH,
    SIGNATURE_LENGTH,
    Algorithm,
    BadSignatureError,
    PublicKey,
)
from signedcert.custody.private import PrivateKey
from signedcert.errors import Malformed, MalformedError
from tests.core import ed25519_group as group
from tests.core.refusal import refused

ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
MESSAGE = b"header.payload"
P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1

every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)
#: Made once: what is tested does not depend on which key it is.
KEYS = {algorithm: PrivateKey.generate(algorithm) for algorithm in ALGORITHMS}


def jwk(algorithm: Algorithm = "ES256", **changes: object) -> dict[str, object]:
    """A key's JWK, with members changed or added; None takes one away."""
    members: dict[str, object] = {**KEYS[algorithm].public_key.to_jwk(), **changes}
    return {name: value for name, value in members.items() if value is not None}


def detail_of_refusal(key: PublicKey, signature: bytes, message: bytes = MESSAGE) -> str:
    """In which way a signature does not hold."""
    with pytest.raises(BadSignatureError) as caught:
        key.verify(signature, message)
    return caught.value.detail


def of_nobody(point: group.Point) -> bytes:
    """R is a point and S is zero: that holds where R is minus a multiple of the key's point."""
    return group.encode(point) + bytes(32)


# JWK


@every_algorithm
def test_a_key_survives_the_way_to_a_jwk_and_back(algorithm: Algorithm) -> None:
    key = KEYS[algorithm].public_key
    read = PublicKey.from_jwk(key.to_jwk())
    assert read == key
    assert hash(read) == hash(key)
    assert (read.algorithm, read.raw, read.thumbprint) == (algorithm, key.raw, key.thumbprint)


@every_algorithm
@pytest.mark.parametrize("left_out", [("use",), ("kid",), ("use", "kid")])
def test_members_that_only_repeat_may_be_left_out(
    algorithm: Algorithm, left_out: tuple[str, ...]
) -> None:
    assert (
        PublicKey.from_jwk(jwk(algorithm, **dict.fromkeys(left_out))) == KEYS[algorithm].public_key
    )


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_alg_may_be_left_out_where_the_curve_says_it(algorithm: Algorithm) -> None:
    assert PublicKey.from_jwk(jwk(algorithm, alg=None)) == KEYS[algorithm].public_key


@pytest.mark.parametrize("algorithm", ["ML-DSA-44", "ML-DSA-65"])
def test_alg_is_required_where_it_is_the_kind(algorithm: Algorithm) -> None:
    with refused("member-missing", "key"):
        PublicKey.from_jwk(jwk(algorithm, alg=None), "key")


@pytest.mark.parametrize(
    ("algorithm", "names"),
    [
        ("ES256", "kty crv x y alg use kid"),
        ("Ed25519", "kty crv x alg use kid"),
        ("ML-DSA-44", "kty alg pub use kid"),
        ("ML-DSA-65", "kty alg pub use kid"),
    ],
)
def test_a_jwk_has_its_members_in_one_order(algorithm: Algorithm, names: str) -> None:
    assert " ".join(KEYS[algorithm].public_key.to_jwk()) == names


@every_algorithm
def test_a_key_is_pickled_and_copied_by_its_value(algorithm: Algorithm) -> None:
    key = KEYS[algorithm].public_key
    for twin in (pickle.loads(pickle.dumps(key)), copy.deepcopy(key)):  # noqa: S301 - our own
        assert twin == key
        twin.verify(KEYS[algorithm].sign(MESSAGE), MESSAGE)


def test_repr_is_short_and_names_the_thumbprint() -> None:
    key = KEYS["ML-DSA-65"].public_key
    assert key.thumbprint in repr(key)
    assert len(repr(key)) < 120


# thumbprints that others published


def test_hashed_members_are_spelled_as_in_rfc7638_3_1() -> None:
    # An RSA key, so only the spelling and the hash of it are ours.
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJEC"
        "PebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Qvz"
        "qY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZ"
        "u0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    digest = hashlib.sha256(dump_json({"e": "AQAB", "kty": "RSA", "n": modulus})).digest()
    assert b64url_encode(digest) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_thumbprint_of_the_key_in_rfc8037_a_3() -> None:
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    key = PublicKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": x})
    assert key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_signature_of_rfc8037_a_4_holds() -> None:
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    signature = b64url_decode(
        b"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    key = PublicKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": x})
    key.verify(signature, signed)
    assert detail_of_refusal(key, signature, signed + b"A") == "signature-mismatch"


def test_thumbprint_of_the_key_in_rfc9449_6_1() -> None:
    key = PublicKey.from_jwk(
        {
            "kty": "EC",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
            "crv": "P-256",
        }
    )
    assert key.thumbprint == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


@pytest.mark.parametrize("algorithm", sorted(POST_QUANTUM))
def test_a_post_quantum_thumbprint_is_over_alg_kty_and_pub(algorithm: Algorithm) -> None:
    key = KEYS[algorithm].public_key
    hashed = f'{{"alg":"{algorithm}","kty":"AKP","pub":"{b64url_encode(key.raw)}"}}'  # RFC 9964
    assert key.thumbprint == b64url_encode(hashlib.sha256(hashed.encode()).digest())


# JWKs that are refused


@every_algorithm
@pytest.mark.parametrize("name", ["d", "priv"])
def test_a_private_jwk_is_refused(algorithm: Algorithm, name: str) -> None:
    secret = b64url_encode(KEYS[algorithm].secret_bytes())
    with refused("key-private", f"key.{name}"):
        PublicKey.from_jwk(jwk(algorithm, **{name: secret}), "key")


@every_algorithm
@pytest.mark.parametrize(
    ("changes", "reason", "where"),
    [
        ({"kty": "RSA"}, "key-type", "key"),
        ({"kty": "oct"}, "key-type", "key"),
        ({"kty": "ec"}, "key-type", "key"),
        ({"kty": 1}, "wrong-type", "key.kty"),
        ({"kty": None}, "member-missing", "key"),
        ({"use": "enc"}, "wrong-value", "key.use"),
        ({"use": ["sig"]}, "wrong-type", "key.use"),
        ({"kid": "1"}, "kid-not-thumbprint", "key"),
        ({"kid": 1}, "wrong-type", "key.kid"),
        ({"key_ops": ["verify"]}, "member-unknown", "key"),
        ({"x5c": []}, "member-unknown", "key"),
        ({"alg": 5}, "wrong-type", "key.alg"),
    ],
)
def test_a_jwk_is_refused(
    algorithm: Algorithm, changes: dict[str, object], reason: Malformed, where: str
) -> None:
    with refused(reason, where):
        PublicKey.from_jwk(jwk(algorithm, **changes), "key")


@pytest.mark.parametrize("value", [None, "key", [], 1])
def test_a_jwk_that_is_no_object_is_refused(value: object) -> None:
    with refused("wrong-type", "key"):
        PublicKey.from_jwk(value, "key")
    with refused("wrong-type", ""):
        PublicKey.from_jwk(value)


@pytest.mark.parametrize(
    ("algorithm", "changes"),
    [
        ("ES256", {"crv": "P-384"}),
        ("Ed25519", {"crv": "X25519"}),
        ("ML-DSA-65", {"alg": "ML-DSA-87"}),
    ],
)
def test_a_kind_of_key_that_is_not_read_is_refused_where_it_stands(
    algorithm: Algorithm, changes: dict[str, object]
) -> None:
    with refused("key-type", "key"):
        PublicKey.from_jwk(jwk(algorithm, **changes), "key")


@pytest.mark.parametrize(
    ("algorithm", "changes", "reason"),
    [
        ("ES256", {"alg": "ES384"}, "wrong-value"),
        ("ES256", {"alg": "none"}, "wrong-value"),
        ("ES256", {"alg": "HS256"}, "wrong-value"),
        ("ES256", {"crv": "P-384"}, "key-type"),
        ("ES256", {"crv": "secp256k1"}, "key-type"),
        ("ES256", {"crv": None}, "member-missing"),
        ("ES256", {"kty": "OKP"}, "key-type"),
        ("ES256", {"pub": "AA"}, "member-unknown"),
        ("ES256", {"y": None}, "member-missing"),
        ("Ed25519", {"alg": "EdDSA"}, "wrong-value"),
        ("Ed25519", {"crv": "X25519"}, "key-type"),
        ("Ed25519", {"crv": "Ed448"}, "key-type"),
        ("Ed25519", {"y": "AA"}, "member-unknown"),
        ("Ed25519", {"kty": "EC"}, "key-type"),
        ("Ed25519", {"x": 1}, "wrong-type"),
        ("ML-DSA-44", {"alg": "ML-DSA-87"}, "key-type"),
        ("ML-DSA-44", {"alg": "ML-DSA-65"}, "key-invalid"),
        ("ML-DSA-65", {"alg": "ML-DSA-44"}, "key-invalid"),
        ("ML-DSA-65", {"alg": "SLH-DSA-SHA2-128s"}, "key-type"),
        ("ML-DSA-65", {"crv": "Ed25519"}, "member-unknown"),
        ("ML-DSA-65", {"pub": None}, "member-missing"),
    ],
)
def test_a_jwk_of_this_kind_is_refused(
    algorithm: Algorithm, changes: dict[str, object], reason: Malformed
) -> None:
    with refused(reason):
        PublicKey.from_jwk(jwk(algorithm, **changes))


COORDINATES = [("ES256", "x"), ("ES256", "y"), ("Ed25519", "x"), ("ML-DSA-44", "pub")]


@pytest.mark.parametrize(("algorithm", "name"), COORDINATES)
@pytest.mark.parametrize("change", [-1, 1])
def test_a_coordinate_of_another_length_is_refused(
    algorithm: Algorithm, name: str, change: int
) -> None:
    data = b64url_decode(str(jwk(algorithm)[name]).encode())
    changed = data[:-1] if change < 0 else b"\0" + data
    with refused("key-invalid", f"key.{name}"):
        PublicKey.from_jwk(jwk(algorithm, **{name: b64url_encode(changed)}), "key")


@pytest.mark.parametrize(("algorithm", "name"), COORDINATES)
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("AA==", "base64-padding"),
        ("A\u00e9", "base64-alphabet"),
        ("+/+/", "base64-alphabet"),
        ("AB", "base64-tail-bits"),
    ],
)
def test_a_coordinate_in_another_spelling_is_refused(
    algorithm: Algorithm, name: str, text: str, reason: Malformed
) -> None:
    with refused(reason, f"key.{name}"):
        PublicKey.from_jwk(jwk(algorithm, **{name: text}), "key")


def test_an_invalid_point_in_a_jwk_is_refused_where_it_stands() -> None:
    with refused("key-invalid", "key"):
        PublicKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(bytes(32))}, "key")


# raw keys that are refused


@every_algorithm
@pytest.mark.parametrize("change", [-1, 1, 32])
def test_a_raw_key_of_another_length_is_refused(algorithm: Algorithm, change: int) -> None:
    with refused("key-invalid"):
        PublicKey(algorithm, b"\x01" * (RAW_LENGTH[algorithm] + change))
    with refused("key-invalid"):
        PublicKey(algorithm, b"")


def test_p256_coordinates_up_to_the_prime_are_read() -> None:
    x = 0x9E78D4EF60D05F750F6636209092BC43CBDD6B47E11A9DE20A9FEB2A50BB96C  # of a point with y = 1
    for y in (1, P256_PRIME - 1):
        raw = x.to_bytes(32) + y.to_bytes(32)
        assert PublicKey("ES256", raw).raw == raw


def test_p256_points_off_the_curve_are_refused() -> None:
    raw = KEYS["ES256"].public_key.raw
    x, y = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    for wrong_x, wrong_y in [(0, 0), (x, 0), (x, y ^ 1), (y, x), (x, P256_PRIME - y - 1)]:
        with refused("key-invalid"):
            PublicKey("ES256", wrong_x.to_bytes(32) + wrong_y.to_bytes(32))


def test_p256_coordinates_that_are_not_reduced_are_refused() -> None:
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    # A point whose x is so small that x + p fits 32 bytes as well: it would have two spellings.
    x = next(
        x for x in range(1, 100) if pow(x**3 - 3 * x + b, (P256_PRIME - 1) // 2, P256_PRIME) == 1
    )
    y = pow(x**3 - 3 * x + b, (P256_PRIME + 1) // 4, P256_PRIME)
    assert PublicKey("ES256", x.to_bytes(32) + y.to_bytes(32)).algorithm == "ES256"
    wrong = [(x + P256_PRIME, y), (P256_PRIME, y), (x, P256_PRIME), (x, 2**256 - 1)]
    for wrong_x, wrong_y in wrong:
        with pytest.raises(MalformedError, match="not reduced") as caught:
            PublicKey("ES256", wrong_x.to_bytes(32) + wrong_y.to_bytes(32))
        assert caught.value.reason == "key-invalid"


def test_the_low_order_points_are_eight() -> None:
    points = group.low_order_points()
    assert len(set(points)) == 8
    for point in points:
        assert group.on_curve(point)
        assert group.multiply(8, point) == (0, 1)


@pytest.mark.parametrize("point", group.low_order_points())
def test_a_low_order_ed25519_point_is_refused(point: group.Point) -> None:
    with refused("key-invalid"):
        PublicKey("Ed25519", group.encode(point))


@pytest.mark.parametrize("y", range(19))
@pytest.mark.parametrize("sign", [0, 1])
def test_an_ed25519_point_with_y_not_reduced_is_refused(y: int, sign: int) -> None:
    with pytest.raises(MalformedError, match="y is not reduced") as caught:
        PublicKey("Ed25519", (y + group.P | sign << 255).to_bytes(32, "little"))
    assert caught.value.reason == "key-invalid"


@pytest.mark.parametrize("y", [1, group.P - 1])
def test_an_ed25519_point_with_x_zero_and_its_sign_set_is_refused(y: int) -> None:
    with pytest.raises(MalformedError, match="x is zero and its sign is set") as caught:
        PublicKey("Ed25519", (y | 1 << 255).to_bytes(32, "little"))
    assert caught.value.reason == "key-invalid"


@given(st.binary(min_size=32, max_size=32))
def test_32_bytes_are_a_key_unless_they_are_no_spelling_or_a_point_of_low_order(raw: bytes) -> None:
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    x = group.x_of(y)
    if y >= group.P or (x is not None and group.multiply(8, (x, y)) == (0, 1)):
        with refused("key-invalid"):
            PublicKey("Ed25519", raw)
    else:
        assert PublicKey("Ed25519", raw).raw == raw


@given(
    y=st.integers(2, group.P - 2).filter(lambda y: group.x_of(y) is None), sign=st.integers(0, 1)
)
def test_under_a_point_off_the_curve_no_signature_holds(y: int, sign: int) -> None:
    key = PublicKey("Ed25519", (y | sign << 255).to_bytes(32, "little"))
    for signature in (KEYS["Ed25519"].sign(MESSAGE), *map(of_nobody, group.low_order_points())):
        assert detail_of_refusal(key, signature) == "signature-mismatch"


@pytest.mark.parametrize("point", group.low_order_points())
def test_such_signatures_hold_under_a_point_of_low_order(point: group.Point) -> None:
    weak = ed25519.Ed25519PublicKey.from_public_bytes(group.encode(point))
    held = 0
    for forged, number in itertools.product(map(of_nobody, group.low_order_points()), range(16)):
        with suppress(InvalidSignature):
            weak.verify(forged, MESSAGE + bytes([number]))
            held += 1
    assert held


@settings(max_examples=10, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_ed25519_arithmetic_agrees_with_the_library_that_makes_keys(seed: bytes) -> None:
    digest = bytearray(hashlib.sha512(seed).digest()[:32])  # RFC 8032, 5.1.5
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    point = group.multiply(int.from_bytes(digest, "little"), group.base_point())
    key = PrivateKey("Ed25519", seed).public_key
    assert key.raw == group.encode(point)
    assert PublicKey("Ed25519", group.encode(point)) == key


# signatures


@every_algorithm
def test_a_signature_holds_for_its_key_and_message_only(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    signature = key.sign(MESSAGE)
    assert len(signature) == SIGNATURE_LENGTH[algorithm]
    key.public_key.verify(signature, MESSAGE)
    other = PrivateKey.generate(algorithm).public_key
    assert detail_of_refusal(other, signature) == "signature-mismatch"
    for message in (b"", MESSAGE + b"\0", MESSAGE[:-1], MESSAGE.swapcase()):
        assert detail_of_refusal(key.public_key, signature, message) == "signature-mismatch"


@every_algorithm
def test_a_signature_of_another_length_is_refused(algorithm: Algorithm) -> None:
    signature = KEYS[algorithm].sign(MESSAGE)
    for wrong in (b"", signature[:-1], signature + b"\0", b"\0" + signature, signature * 2):
        assert detail_of_refusal(KEYS[algorithm].public_key, wrong) == "signature-length"


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_every_bit_of_a_signature_counts(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    signature = int.from_bytes(key.sign(MESSAGE))
    for bit in range(8 * SIGNATURE_LENGTH[algorithm]):
        changed = (signature ^ 1 << bit).to_bytes(SIGNATURE_LENGTH[algorithm])
        assert detail_of_refusal(key.public_key, changed).startswith("signature-")


@pytest.mark.parametrize("algorithm", sorted(POST_QUANTUM))
def test_every_byte_of_a_post_quantum_signature_counts(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    signature = bytearray(key.sign(MESSAGE))
    for position in range(len(signature)):
        signature[position] ^= 1 << position % 8
        assert detail_of_refusal(key.public_key, bytes(signature)) == "signature-mismatch"
        signature[position] ^= 1 << position % 8
    key.public_key.verify(bytes(signature), MESSAGE)


def test_the_high_s_twin_of_a_good_es256_signature_is_refused() -> None:
    signature = KEYS["ES256"].sign(MESSAGE)
    s = int.from_bytes(signature[32:])
    twin = signature[:32] + (P256_ORDER - s).to_bytes(32)
    assert detail_of_refusal(KEYS["ES256"].public_key, twin) == "signature-high-s"


@pytest.mark.parametrize("number", [0, P256_ORDER, P256_ORDER + 1, 2**256 - 1])
@pytest.mark.parametrize("half", ["r", "s"])
def test_an_es256_number_out_of_range_is_refused(number: int, half: str) -> None:
    signature = KEYS["ES256"].sign(MESSAGE)
    wrong = number.to_bytes(32)
    changed = wrong + signature[32:] if half == "r" else signature[:32] + wrong
    assert detail_of_refusal(KEYS["ES256"].public_key, changed) == "signature-out-of-range"


def test_es256_numbers_begin_at_one_and_end_below_the_order() -> None:
    signature = KEYS["ES256"].sign(MESSAGE)
    r, s, one = signature[:32], signature[32:], (1).to_bytes(32)
    for good in (one + s, r + one, (P256_ORDER - 1).to_bytes(32) + s):
        assert detail_of_refusal(KEYS["ES256"].public_key, good) == "signature-mismatch"


def test_the_order_is_that_of_the_group() -> None:
    assert ec.SECP256R1().group_order == P256_ORDER


def test_low_s_ends_at_half_the_order() -> None:
    r = KEYS["ES256"].sign(MESSAGE)[:32]
    half = P256_ORDER // 2
    key = KEYS["ES256"].public_key
    assert detail_of_refusal(key, r + half.to_bytes(32)) == "signature-mismatch"
    assert detail_of_refusal(key, r + (half + 1).to_bytes(32)) == "signature-high-s"


def test_an_ed25519_signature_has_no_second_s() -> None:
    signature = KEYS["Ed25519"].sign(MESSAGE)
    s = int.from_bytes(signature[32:], "little")
    for multiple in (1, 2, 14):
        twin = signature[:32] + (s + multiple * group.ORDER).to_bytes(32, "little")
        assert detail_of_refusal(KEYS["Ed25519"].public_key, twin) == "signature-mismatch"


@every_algorithm
@given(data=st.data())
def test_random_bytes_are_no_signature(algorithm: Algorithm, data: st.DataObject) -> None:
    length = SIGNATURE_LENGTH[algorithm]
    signature = data.draw(st.binary(max_size=80) | st.binary(min_size=length, max_size=length))
    assert detail_of_refusal(KEYS[algorithm].public_key, signature).startswith("signature-")


def test_post_quantum_is_exactly_the_ml_dsa_algorithms() -> None:
    expected: set[Any] = {name for name in ALGORITHMS if name.startswith("ML-DSA")}
    assert expected == POST_QUANTUM


def test_signatures_hold_whatever_their_integers_begin_with() -> None:
    """In DER an integer has no leading zeros, and one zero before a first bit that is set."""
    key = PrivateKey.generate("ES256")
    wanted = {(part, short, high) for part in "rs" for short in (0, 1) for high in (0, 1)}
    wanted -= {("s", 0, 1)}  # low S
    for number in range(100_000):
        message = number.to_bytes(4)
        signature = key.sign(message)
        stripped = {"r": signature[:32].lstrip(b"\0"), "s": signature[32:].lstrip(b"\0")}
        shapes = {(part, int(len(i) < 32), i[0] >> 7) for part, i in stripped.items()}
        if shapes & wanted:
            key.public_key.verify(signature, message)
            wanted -= shapes
        if not wanted:
            return
    raise AssertionError(wanted)
