"""JWS and JWK: Wycheproof's files, and the examples of RFC 9964."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signedcert.core.keys import BadSignatureError, PublicKey
from signedcert.custody.private import PrivateKey
from tests.standards.conftest import Publish
from tests.standards.outcomes import (
    Outcome,
    Verdict,
    judge,
    judge_with_keys,
    load,
    read,
    tally,
    verify,
    without,
)

EXAMPLES = Path("mldsa-jose", "examples", "jose", "examples")


def jwks(group: dict[str, Any]) -> list[dict[str, Any]]:
    """A group's keys: public ones, or the shared secret, of which there is no public half."""
    keys: dict[str, Any] = group.get("public", group["private"])
    found: list[dict[str, Any]] = keys.get("keys", [keys])
    return found


def judge_all(
    path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> list[tuple[bool, Verdict]]:
    """Every case of a file, its group's keys changed."""
    return [
        (case["result"] == "valid", judge_with_keys(case["jws"].encode(), map(change, jwks(group))))
        for group, case in load(path)
    ]


@pytest.mark.parametrize("name", ["json_web_signature", "json_web_key"])
def test_wycheproof_agrees(vectors: Path, publish: Publish, name: str) -> None:
    path = vectors / "wycheproof" / f"{name}_test.json"
    publish(name, tally(judge_all(path, dict)))


@pytest.mark.parametrize("name", ["json_web_signature", "json_web_key"])
def test_wycheproof_agrees_with_keys_without_kid(
    vectors: Path, publish: Publish, name: str
) -> None:
    path = vectors / "wycheproof" / f"{name}_test.json"
    results = judge_all(path, lambda jwk: without(jwk, "kid"))
    publish(f"{name}, keys without kid", tally(results))


def test_wycheproof_documents_are_read(vectors: Path, publish: Publish) -> None:
    """Most have keys of types that are not offered, which hides how they are written."""
    results = [
        (case["result"] == "valid", judge(read, case["jws"].encode()))
        for _, case in load(vectors / "wycheproof" / "json_web_signature_test.json")
    ]
    publish("json_web_signature, documents alone", tally(results, part=True))


def test_the_kid_in_a_key_is_all_that_is_wrong_with_it(vectors: Path) -> None:
    """With the thumbprint in its place, the key is read as it is without."""
    seen = 0
    for group, case in load(vectors / "wycheproof" / "json_web_signature_test.json"):
        text, keys = case["jws"].encode(), jwks(group)
        if judge_with_keys(text, keys).reason == "kid-not-thumbprint":
            bare = without(keys[0], "kid")
            required = {name: keys[0][name] for name in ("kty", "crv", "x", "y")}
            own = keys[0] | {"kid": PublicKey.from_jwk(required).thumbprint}
            assert judge_with_keys(text, [own]) == judge_with_keys(text, [bare])
            seen += 1
    assert seen == 40


def public(example: dict[str, Any]) -> dict[str, object]:
    """The public half of an example's JWK, which has both."""
    return without(example["jwk"], "priv")


def test_the_examples_of_rfc9964_are_counted(vectors: Path, publish: Publish) -> None:
    examples = [json.loads(path.read_bytes()) for path in sorted((vectors / EXAMPLES).iterdir())]
    results = [
        (True, judge_with_keys(example["jws"].encode(), [public(example)])) for example in examples
    ]
    publish("mldsa-jose", tally(results))
    private = [judge(PublicKey.from_jwk, example["jwk"]) for example in examples]
    assert private == [(Outcome.MALFORMED, "key-private")] * 3


@pytest.mark.parametrize("name", ["ML_DSA_44", "ML_DSA_65"])
def test_the_examples_of_rfc9964_hold(vectors: Path, name: str) -> None:
    example = json.loads((vectors / EXAMPLES / f"{name}.jose.json").read_bytes())
    key = PublicKey.from_jwk(public(example))
    assert key.thumbprint == example["jwk"]["kid"]
    assert key.raw.hex() == example["raw_public_key"]
    jws, header = read(example["jws"].encode())
    assert header.kid == key.thumbprint
    assert jws.signing_input.hex() == example["raw_to_be_signed"]
    assert verify(example["jws"].encode(), key) == jws.payload
    with pytest.raises(BadSignatureError):
        key.verify(jws.signature, jws.signing_input + b"A")
    assert PrivateKey(key.algorithm, bytes.fromhex(example["priv"])).public_key == key
