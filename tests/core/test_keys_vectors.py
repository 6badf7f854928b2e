"""Keys and signatures against test cases that others wrote."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from signedcert.core.encoding import b64url_encode
from signedcert.core.jws import CompactJWS
from signedcert.core.keys import P256_ORDER, Algorithm, BadSignatureError, PublicKey
from signedcert.custody.private import PrivateKey
from signedcert.errors import MalformedError
from tests.core.refusal import outcome


@pytest.mark.parametrize("name", ["ML_DSA_44", "ML_DSA_65"])
def test_the_examples_of_rfc9964_hold(vectors: Path, name: str) -> None:
    path = vectors / "mldsa-jose" / "examples" / "jose" / "examples" / f"{name}.jose.json"
    example = json.loads(path.read_bytes())
    public = {member: text for member, text in example["jwk"].items() if member != "priv"}
    key = PublicKey.from_jwk(public)
    assert key.thumbprint == example["jwk"]["kid"]
    assert key.raw.hex() == example["raw_public_key"]
    jws = CompactJWS.parse(example["jws"].encode())
    assert jws.signing_input.hex() == example["raw_to_be_signed"]
    key.verify(jws.signature, jws.signing_input)
    with pytest.raises(BadSignatureError):
        key.verify(jws.signature, jws.signing_input + b"A")
    assert PrivateKey(key.algorithm, bytes.fromhex(example["priv"])).public_key == key


def holds(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether a signature verifies."""
    try:
        key.verify(signature, message)
    except BadSignatureError:
        return False
    return True


def public_key(algorithm: Algorithm, group: dict[str, Any]) -> PublicKey | MalformedError:
    """The key of a group of Wycheproof's tests."""
    if algorithm == "ES256":
        raw = bytes.fromhex(group["publicKey"]["uncompressed"])[1:]
    elif algorithm == "Ed25519":
        raw = bytes.fromhex(group["publicKey"]["pk"])
    else:
        raw = bytes.fromhex(group["publicKey"])
    return outcome(PublicKey, algorithm, raw)


def is_high_s(algorithm: Algorithm, signature: bytes) -> bool:
    """Wycheproof calls these valid; one signature having two spellings is what we refuse."""
    return algorithm == "ES256" and int.from_bytes(signature[32:]) > P256_ORDER // 2


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        ("ES256", "ecdsa_secp256r1_sha256_p1363_test.json"),
        ("Ed25519", "ed25519_test.json"),
        ("ML-DSA-44", "mldsa_44_verify_test.json"),
        ("ML-DSA-65", "mldsa_65_verify_test.json"),
    ],
)
def test_wycheproof_agrees(vectors: Path, algorithm: Algorithm, name: str) -> None:
    tests = json.loads((vectors / "wycheproof" / name).read_bytes())
    count: Counter[bool] = Counter()
    for group in tests["testGroups"]:
        key = public_key(algorithm, group)
        for case in group["tests"]:
            signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            expected = case["result"] == "valid" and not (
                case.get("ctx") or is_high_s(algorithm, signature)
            )
            actual = isinstance(key, PublicKey) and holds(key, signature, message)
            assert actual == expected, (case["tcId"], case["comment"])
            count[actual] += 1
    assert count.total() == tests["numberOfTests"]
    assert min(count[True], count[False]) > 20


def test_wycheproof_ed25519_keys_are_read_as_jwks(vectors: Path) -> None:
    tests = json.loads((vectors / "wycheproof" / "ed25519_test.json").read_bytes())
    for group in tests["testGroups"]:
        members = group["publicKeyJwk"]
        key = PublicKey.from_jwk({name: members[name] for name in ("kty", "crv", "x")})
        assert b64url_encode(bytes.fromhex(group["publicKey"]["pk"])) == members["x"]
        assert key.raw.hex() == group["publicKey"]["pk"]
