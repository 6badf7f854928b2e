"""What comes out, file by file. docs/spec/stricter says the same of the stricter rules.

``keys without kid``: our rule for ``kid`` refuses almost every key of others, so it is lifted to
see what comes after it. ``documents alone``: parsed, with no key. ``signatures alone``: with keys
without ``alg``, and with no look at the header.
"""

from tests.standards.outcomes import Tally

EXPECTED: dict[str, Tally] = {
    "ecdsa_secp256r1_sha256_p1363": Tally(
        accepted=103,
        by_signature=89,
        stricter={"high-s": 70},
    ),
    "ed25519": Tally(
        accepted=88,
        by_signature=63,
    ),
    "mldsa_44_verify": Tally(
        accepted=75,
        by_signature=99,
        malformed=4,
        stricter={"empty-context": 2},
    ),
    "mldsa_65_verify": Tally(
        accepted=77,
        by_signature=127,
        malformed=4,
        stricter={"empty-context": 2},
    ),
    "json_web_signature": Tally(
        unsupported=316,
        malformed=39,
        stricter={"algorithm-not-offered": 44, "kid-is-thumbprint": 2},
    ),
    "json_web_signature, keys without kid": Tally(
        accepted=1,
        by_signature=28,
        unsupported=317,
        malformed=10,
        stricter={"algorithm-not-offered": 44, "high-s": 1},
    ),
    "json_web_signature, documents alone": Tally(
        accepted=42,
        malformed=37,
        left=318,
        stricter={"base64url": 2, "header-spelling": 2},
    ),
    "json_web_key": Tally(
        unsupported=19,
        malformed=2,
        stricter={"algorithm-not-offered": 5},
    ),
    "json_web_key, keys without kid": Tally(
        unsupported=19,
        malformed=2,
        stricter={"algorithm-not-offered": 5},
    ),
    "mldsa-jose": Tally(
        accepted=2,
        stricter={"algorithm-not-offered": 1},
    ),
    "vc-jose-cose": Tally(
        unsupported=8,
        stricter={"algorithm-not-offered": 1, "algorithm-name": 1, "header-parameter": 1},
    ),
    "vc-jose-cose, documents alone": Tally(
        malformed=8,
        stricter={"header-parameter": 3},
    ),
    "vc-jose-cose, signatures alone": Tally(
        accepted=2,
        by_signature=2,
        malformed=2,
        left=4,
        stricter={"algorithm-not-offered": 1},
    ),
    "validator-ob30": Tally(
        malformed=11,
        stricter={"jws-only": 10, "no-document-type": 3},
    ),
    "validator-ob30, JWTs in images": Tally(
        stricter={"algorithm-not-offered": 2},
    ),
    "validator-ob30, JWTs in images, documents alone": Tally(
        stricter={"header-parameter": 2},
    ),
    "merkle inclusion": Tally(
        accepted=6,
        malformed=92,
    ),
    "merkle consistency": Tally(
        accepted=5,
        malformed=92,
        stricter={"root-length": 1},
    ),
    "merkle subtreeinclusion, from entry 0": Tally(
        accepted=6,
        malformed=87,
    ),
    "merkle subtreeconsistency, from entry 0": Tally(
        accepted=5,
        malformed=85,
        stricter={"root-length": 1},
    ),
}
