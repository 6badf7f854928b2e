"""Credentials of others: the W3C's test suite for VC-JOSE-COSE, and the Open Badges validator's."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from signedcert.carriers.bundle import Bundle
from signedcert.core.encoding import b64url_decode
from signedcert.core.jws import CompactJWS
from signedcert.core.keys import PublicKey
from signedcert.documents.openbadges import explain_credential
from tests.standards.conftest import Publish
from tests.standards.outcomes import (
    Outcome,
    Verdict,
    judge,
    judge_with_keys,
    read,
    tally,
    without,
)

#: What the signature by itself is, whatever the header: the suite's other failures are about the
#: media type, the claims and the enclosed credential, which are for a profile to look at.
SIGNATURES = {
    6: Verdict(Outcome.ACCEPTED),
    7: Verdict(Outcome.UNSUPPORTED, "key-type"),  # P-384
    8: Verdict(Outcome.ACCEPTED),
    9: Verdict(Outcome.SIGNATURE, "signature-length"),  # ES512, and the key is Ed25519
    10: Verdict(Outcome.MALFORMED, "not-three-parts"),  # not signed
    11: Verdict(Outcome.MALFORMED, "not-three-parts"),  # not signed
    12: Verdict(Outcome.SIGNATURE, "signature-mismatch"),
    13: Verdict(Outcome.ACCEPTED),  # media type
    14: Verdict(Outcome.ACCEPTED),  # media type
    15: Verdict(Outcome.ACCEPTED),  # claims vc and vp
    16: Verdict(Outcome.ACCEPTED),  # enclosed credential
}
JWT = re.compile(rb'verify="([^"]*)"')


class Case(NamedTuple):
    """A test of the W3C's suite that verifies a JWS."""

    number: int
    valid: bool
    text: bytes
    jwk: dict[str, Any]


def w3c_cases(vectors: Path) -> list[Case]:
    """Those of the JOSE group. The line feed behind some is the text file's."""
    root = vectors / "vc-jose-cose"
    mapping = json.loads((root / "test-mapping.json").read_bytes())["JOSETestMapping"]
    return [
        Case(
            test["number"],
            test["expected_result"] == "success",
            (root / "input" / test["input_file"]).read_bytes().removesuffix(b"\n"),
            json.loads((root / "input" / test["key_file"]).read_bytes())["publicKeyJwk"],
        )
        for test in mapping.values()
        if test["fn"] == "verify"
    ]


def test_w3c_credentials_are_refused_by_named_rules(vectors: Path, publish: Publish) -> None:
    results = [(case.valid, judge_with_keys(case.text, [case.jwk])) for case in w3c_cases(vectors)]
    publish("vc-jose-cose", tally(results))


def test_w3c_documents_are_refused_by_named_rules(vectors: Path, publish: Publish) -> None:
    results = [(case.valid, judge(read, case.text)) for case in w3c_cases(vectors)]
    publish("vc-jose-cose, documents alone", tally(results))


def test_w3c_signatures_are_what_the_suite_says(vectors: Path, publish: Publish) -> None:
    def verify(case: Case) -> None:
        key = PublicKey.from_jwk(without(case.jwk, "alg"))
        jws = CompactJWS.parse(case.text)
        key.verify(jws.signature, jws.signing_input)

    cases = w3c_cases(vectors)
    found = {case.number: judge(verify, case) for case in cases}
    assert found == SIGNATURES
    results = [(case.valid, found[case.number]) for case in cases]
    publish("vc-jose-cose, signatures alone", tally(results, part=True))


def test_w3c_keys_are_read_where_the_algorithm_is_offered(vectors: Path) -> None:
    found = {}
    for path in sorted((vectors / "vc-jose-cose" / "input").glob("vm-*.json")):
        jwk = json.loads(path.read_bytes())["publicKeyJwk"]
        found[path.stem] = judge(PublicKey.from_jwk, jwk).reason
        if found[path.stem] != "key-type":
            assert PublicKey.from_jwk(without(jwk, "alg")).thumbprint == jwk["kid"]
    assert found == {
        "vm-did-ed25519": "wrong-value of alg",  # EdDSA
        "vm-ed25519": "wrong-value of alg",
        "vm-p256": "",
        "vm-p384": "key-type",
        "vm-p521": "key-type",
    }


def badges(vectors: Path) -> list[Path]:
    """The files of the Open Badges validator; ``err`` in a name says that it is a wrong one."""
    files = (vectors / "openbadges" / "validator-ob30").rglob("*")
    return sorted(path for path in files if path.is_file())


def jwts(vectors: Path) -> dict[str, bytes]:
    """The signed credentials that are baked into images, by the file's name."""
    found = {path.name: JWT.search(path.read_bytes()) for path in badges(vectors)}
    return {name: match.group(1) for name, match in found.items() if match}


def test_badges_that_are_no_jws_are_no_documents(vectors: Path, publish: Publish) -> None:
    files = badges(vectors)
    verdicts = [judge(Bundle.read, path) for path in files]
    refusals = {"no-document", "carrier-unsupported"}
    assert set(verdicts) == {(Outcome.MALFORMED, reason) for reason in refusals}
    for path in files:
        assert judge(read, path.read_bytes()).reason == "not-three-parts"
    valid = ["-err-" not in path.name for path in files]
    publish("validator-ob30", tally(zip(valid, verdicts, strict=True)))


def test_jwts_of_badges_are_refused_by_named_rules(vectors: Path, publish: Publish) -> None:
    """RS256, with the key in the header. The older one has a ``vc`` claim, too."""
    texts = jwts(vectors)
    payloads = {name: json.loads(CompactJWS.parse(text).payload) for name, text in texts.items()}
    assert {name: "vc" in payload for name, payload in payloads.items()} == {
        "simple-jwt.svg": False,
        "simple-jwt_v1.svg": True,
    }
    older = payloads["simple-jwt_v1.svg"]
    assert explain_credential(older).reason == "vc-claim"
    headers = [json.loads(b64url_decode(text.split(b".")[0])) for text in texts.values()]
    assert [header["alg"] for header in headers] == ["RS256", "RS256"]
    results = [
        (True, judge_with_keys(text, [header["jwk"]]))
        for text, header in zip(texts.values(), headers, strict=True)
    ]
    publish("validator-ob30, JWTs in images", tally(results))
    alone = [(True, judge(read, text)) for text in texts.values()]
    publish("validator-ob30, JWTs in images, documents alone", tally(alone))
