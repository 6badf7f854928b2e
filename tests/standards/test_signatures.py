"""Raw signatures: Wycheproof's files for the four algorithms."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey, MLDSA65PublicKey

from signedcert.core.keys import P256_ORDER, Algorithm, PublicKey
from tests.standards.conftest import Publish
from tests.standards.outcomes import Outcome, Verdict, judge, load, tally, without

#: Wycheproof's name of the file, less ``_test.json``.
FILES: list[tuple[Algorithm, str]] = [
    ("ES256", "ecdsa_secp256r1_sha256_p1363"),
    ("Ed25519", "ed25519"),
    ("ML-DSA-44", "mldsa_44_verify"),
    ("ML-DSA-65", "mldsa_65_verify"),
]


def raw_key(algorithm: Algorithm, group: dict[str, Any]) -> bytes:
    """The key of a group of tests, for ``PublicKey``."""
    if algorithm == "ES256":
        return bytes.fromhex(group["publicKey"]["uncompressed"])[1:]
    if algorithm == "Ed25519":
        return bytes.fromhex(group["publicKey"]["pk"])
    return bytes.fromhex(group["publicKey"])


def verify(algorithm: Algorithm, raw: bytes, signature: bytes, message: bytes) -> None:
    """The key is checked when it is made, so it is made here."""
    PublicKey(algorithm, raw).verify(signature, message)


def check(algorithm: Algorithm, group: dict[str, Any], case: dict[str, Any]) -> Verdict:
    """One case; a context is named in the reason, for ``PublicKey`` has none to be given."""
    signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
    verdict = judge(verify, algorithm, raw_key(algorithm, group), signature, message)
    if case.get("ctx") and verdict.outcome is Outcome.SIGNATURE:
        return verdict._replace(reason=f"{verdict.reason} with a context")
    return verdict


@pytest.mark.parametrize(("algorithm", "name"), FILES)
def test_wycheproof_agrees(
    vectors: Path, publish: Publish, algorithm: Algorithm, name: str
) -> None:
    cases = load(vectors / "wycheproof" / f"{name}_test.json")
    results = [(case["result"] == "valid", check(algorithm, group, case)) for group, case in cases]
    publish(name, tally(results))


def test_a_high_s_is_the_only_thing_wrong_with_a_valid_signature_that_is_refused(
    vectors: Path,
) -> None:
    """The twin with low S holds exactly where Wycheproof calls the signature valid."""
    seen = {"valid": 0, "invalid": 0}
    for group, case in load(vectors / "wycheproof" / "ecdsa_secp256r1_sha256_p1363_test.json"):
        verdict = check("ES256", group, case)
        if verdict.reason == "signature-high-s":
            signature = bytes.fromhex(case["sig"])
            s = P256_ORDER - int.from_bytes(signature[32:])
            twin = case | {"sig": (signature[:32] + s.to_bytes(32)).hex()}
            accepted = check("ES256", group, twin).outcome is Outcome.ACCEPTED
            assert accepted == (case["result"] == "valid"), case["tcId"]
            seen[case["result"]] += 1
    assert seen == {"valid": 70, "invalid": 9}


@pytest.mark.parametrize(("kind", "name"), [(MLDSA44PublicKey, "44"), (MLDSA65PublicKey, "65")])
def test_a_context_is_the_only_thing_wrong_with_a_valid_signature_that_is_refused(
    vectors: Path, kind: type[MLDSA44PublicKey | MLDSA65PublicKey], name: str
) -> None:
    seen = 0
    for group, case in load(vectors / "wycheproof" / f"mldsa_{name}_verify_test.json"):
        if case["result"] == "valid" and case.get("ctx"):
            signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            key = kind.from_public_bytes(bytes.fromhex(group["publicKey"]))
            key.verify(signature, message, bytes.fromhex(case["ctx"]))
            seen += 1
    assert seen == 2


@pytest.mark.parametrize(("algorithm", "name", "count"), [(*FILES[0], 103), (*FILES[1], 78)])
def test_wycheproof_keys_are_read_as_jwks(
    vectors: Path, algorithm: Algorithm, name: str, count: int
) -> None:
    groups = {id(group): group for group, _ in load(vectors / "wycheproof" / f"{name}_test.json")}
    jwks = [group for group in groups.values() if "publicKeyJwk" in group]
    assert len(jwks) == count
    for group in jwks:
        key = PublicKey.from_jwk(without(group["publicKeyJwk"], "kid"))
        assert key == PublicKey(algorithm, raw_key(algorithm, group))
        assert judge(PublicKey.from_jwk, group["publicKeyJwk"]) == (
            Outcome.MALFORMED,
            "kid-not-thumbprint",
        )
